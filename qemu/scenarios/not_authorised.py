"""No certificate, a stranger's, or too small a role: refused, and nothing changes."""

from __future__ import annotations

import socket
import ssl
from pathlib import Path

from harness.images import NEW
from harness.lab import FACTORY, Lab
from harness.node import DONE, UNREACHABLE
from harness.verdict import Failed, expect, expect_equal

CORE = True


def run(lab: Lab) -> None:
    disk = lab.disk()
    machine, node = lab.boot_and_wait(disk, ("slot-a", "1.0"))
    image = lab.images.get(NEW)
    update = ("schedule", "update", "--source", lab.publish(image), "--sha256", image.sha256)

    _expect_tls_refusal(machine.api_port, None)
    lab.say("without a certificate: the agent ends the connection")
    _expect_tls_refusal(machine.api_port, lab.pki.stranger)
    lab.say("with a stranger's certificate: the agent ends the connection")

    stranger = lab.node(machine, lab.pki.stranger)
    expect_equal(stranger.run("status").code, UNREACHABLE, "a stranger's status")
    expect_equal(stranger.run(*update).code, UNREACHABLE, "a stranger's update")
    reader = lab.node(machine, lab.pki.client("reader"))
    expect_equal(reader.run("status").code, DONE, "a reader's status")
    for change in (update, ("reboot",), ("rollback", "trigger", "--reason", "mine")):
        refused = reader.run(*change)
        expect_equal(refused.code, UNREACHABLE, f"a reader's {change[0]}")
        expect("reader" in refused.stderr, f"the refusal names no role: {refused.stderr}")
    lab.say("a reader reads, and changes nothing")

    expect_equal(node.call("schedule", "list")["schedules"], [], "schedules")
    lab.expect_running(node, "slot-a", "1.0")
    lab.expect_slots(disk, slot_a=FACTORY)


def _expect_tls_refusal(port: int, pki: Path | None) -> None:
    """By a client that does not verify the agent: only the agent can be the one that refuses."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.set_alpn_protocols(["h2"])
    if pki is not None:
        context.load_cert_chain(pki / "client.pem", pki / "client.key")
    with socket.create_connection(("127.0.0.1", port), timeout=20) as raw:
        try:
            with context.wrap_socket(raw) as connection:
                # In TLS 1.3 the client learns of a refusal with the first bytes it reads.
                connection.sendall(
                    b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes(3) + b"\x04" + bytes(5)
                )
                answer = connection.recv(1)
        except ssl.SSLError:
            return
        except ConnectionError:
            return
    if answer:
        raise Failed("the agent talks to a client without a certificate of its authority")
