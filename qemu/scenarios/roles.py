"""Readers look, strangers and the revoked do nothing, certificates change at once, the audit tells."""

from __future__ import annotations

import base64
import itertools
import json
import re
import shlex
import shutil
import socket
import ssl
from dataclasses import dataclass
from pathlib import Path

from harness import local_osctl, pki, roleless
from harness.lab import FACTORY, Lab, agent_config
from harness.machine import BOOT_SECONDS, Machine, Options, patient
from harness.node import DONE, UNREACHABLE, Json, Node
from harness.shell import Answer
from harness.verdict import expect, expect_equal

_LOOKING = (
    ("status",),
    ("health",),
    ("schedule", "list"),
    ("history",),
    ("rollback", "history"),
)
_SOMEBODY = 4242  # a user that the machine does not know by name
_MATIC, _READERS = 120, 121  # groups (agent/systemd/matic.sysusers)
_SERVER = ("--role", "server", "--name", "device", "--host", "127.0.0.1")


def run(lab: Lab) -> None:
    # An authority of its own: what it revokes, no other scenario may miss.
    lab.pki = pki.prepare(lab.folder / "pki")
    _revoke(lab, "harness-operator")
    disk = lab.disk(config=agent_config(api={"pki_check_seconds": 1}))
    machine, admin = lab.boot_and_wait(disk, ("slot-a", "1.0"), Options(shell=True))
    agent = _agent(machine)

    _who_comes_over_the_network(lab, machine)
    _who_is_on_the_machine(lab, machine)
    lab.expect_slots(disk, slot_a=FACTORY)
    _revoked_while_the_agent_runs(lab, machine)
    _renewed_while_the_agent_runs(lab, machine, admin)
    expect_equal(_agent(machine), agent, "the agent's process")

    boot = admin.status()["boot_id"]
    admin.call("reboot", "--reason", "roles")
    admin.wait_until_up(BOOT_SECONDS, but_not_boot=boot)
    _expect_audit(lab, machine)


def _who_comes_over_the_network(lab: Lab, machine: Machine) -> None:
    reader = lab.node(machine, lab.pki.client("reader"))
    for look in _LOOKING:
        expect_equal(reader.run(*look).code, DONE, f"a reader's {' '.join(look)}")
    _expect_refused(reader, "it takes the role operator")
    lab.say("a reader reads, and changes nothing")

    operator = lab.node(machine, lab.pki.client("operator"))
    _expect_refused(operator, "was revoked at")
    expect_equal(operator.run("status").code, UNREACHABLE, "a revoked operator's status")
    lab.say("an operator whose certificate was revoked before the machine started does nothing")

    # Of the right authority, and yet nobody's: what is not allowed is denied.
    nobody = lab.node(
        machine, roleless.issue(lab.pki.folder / "ca", "roleless", lab.folder / "roleless")
    )
    expect_equal(nobody.run("status").code, UNREACHABLE, "status without a role")
    lab.say("a certificate without a role does not even look")


def _who_is_on_the_machine(lab: Lab, machine: Machine) -> None:
    here = _Local(machine)
    modes = machine.shell.run("stat -c '%n %a %G' /run/matic/*.sock").splitlines()
    expect_equal(
        modes,
        ["/run/matic/agent.sock 660 matic", "/run/matic/reader.sock 660 matic-readers"],
        "the sockets",
    )
    for name in ("agent", "reader"):
        expect_equal(here.osctl(name, None, "status").code, UNREACHABLE, f"anybody's {name} socket")
    for name in ("agent", "reader"):  # osctl takes the readers' socket where it may not the agent's
        looked = here.osctl(name, _READERS, "status")
        expect_equal(looked.code, DONE, f"a reader's {name} socket: {looked.output}")
        refused = here.osctl(name, _READERS, "reboot")
        expect_equal(refused.code, UNREACHABLE, f"a reader's reboot by the {name} socket")
        expect("takes the role operator" in refused.output, f"unclear refusal: {refused.output}")
    changed = here.osctl("agent", _MATIC, "schedule cancel sched-20990101-001")
    expect("sched-20990101-001" in changed.output, f"not of the schedule: {changed.output}")
    expect(changed.code not in (DONE, UNREACHABLE), f"exit code {changed.code}: {changed.output}")
    lab.say("sockets are for their groups, and the readers' one is for looking")


def _revoked_while_the_agent_runs(lab: Lab, machine: Machine) -> None:
    reader = lab.node(machine, lab.pki.client("reader"))
    _revoke(lab, "harness-reader")
    _put(machine, lab.pki.device / "crl.pem")
    reader.poll(
        lambda: "was revoked at" in reader.run("status").stderr or None,
        patient(30),
        "the revocation",
    )
    lab.say("a reader is revoked, and refused without a restart")


def _renewed_while_the_agent_runs(lab: Lab, machine: Machine, admin: Node) -> None:
    before = admin.poll(lambda: _served(machine), patient(30), "a certificate")
    new = lab.folder / "new-certificate"
    local_osctl.run("pki", "issue", "--dir", lab.pki.folder / "ca", *_SERVER, "--out", new)
    # The key's file and the certificate's cannot change at once: the pair is taken when it fits.
    for name in ("server.key", "server.pem"):
        _put(machine, new / name)
    wanted = ssl.PEM_cert_to_DER_cert((new / "server.pem").read_text())
    expect(before != wanted, "the new certificate is the old one")
    admin.poll(lambda: _served(machine) == wanted or None, patient(30), "the new certificate")
    admin.wait_until_up(patient(30))
    lab.say("a new certificate of the machine's is used without a restart")


def _expect_audit(lab: Lab, machine: Machine) -> None:
    lines = machine.shell.run("cat /var/lib/matic/audit.jsonl").splitlines()
    calls: list[Json] = [json.loads(line) for line in lines]
    unix = f"unix socket, uid {_SOMEBODY}, pid "
    expected = [
        ("harness-reader", "Reboot", "permission", "10.0.2.2"),
        ("harness-operator", "Reboot", "permission", "10.0.2.2"),
        ("harness-operator", "GetStatus", "permission", "10.0.2.2"),
        ("roleless", "GetStatus", "permission", "10.0.2.2"),
        ("user", "Reboot", "permission", unix),
        ("user", "CancelSchedule", "not-found", unix),
        ("harness-reader", "GetStatus", "permission", "10.0.2.2"),
        ("harness-admin", "Reboot", "done", "10.0.2.2"),
    ]
    found = [
        (call["who"], call["method"], call["result"], re.sub(r"pid \d+$", "pid ", call["from"]))
        for call in calls
    ]
    # The same thing twice in a row: asked again until it was refused.
    expect_equal([call for call, _ in itertools.groupby(found)], expected, "the audit log")
    expect_equal(calls[-1]["request"], 'reason: "roles"', "what the admin asked for")
    journal = machine.shell.run(
        "journalctl --quiet --output=json MATIC_EVENT=audit MATIC_WHO=harness-admin"
    )
    entry = json.loads(journal.splitlines()[-1])
    expect_equal(
        (entry["MATIC_METHOD"], entry["MATIC_ROLE"], entry["MATIC_RESULT"]),
        ("Reboot", "admin", "done"),
        "the audit in the journal",
    )
    lab.say("the audit log has every one of these calls, and so has the journal")


@dataclass(frozen=True)
class _Local:
    machine: Machine

    def osctl(self, socket_name: str, group: int | None, arguments: str) -> Answer:
        """As somebody who is in that group at most."""
        groups = f"--groups={group}" if group else "--clear-groups"
        return self.machine.shell.ask(
            f"setpriv --reuid={_SOMEBODY} --regid={_SOMEBODY} {groups} --"
            f" osctl --socket /run/matic/{socket_name}.sock {arguments}"
        )


def _expect_refused(node: Node, why: str) -> None:
    refused = node.run("reboot")
    expect_equal(refused.code, UNREACHABLE, "reboot")
    expect(why in refused.stderr, f"the refusal does not say '{why}': {refused.stderr}")


def _agent(machine: Machine) -> str:
    return machine.shell.run("systemctl show --property=MainPID matic-agent.service")


def _revoke(lab: Lab, name: str) -> None:
    authority = lab.pki.folder / "ca"
    local_osctl.run("pki", "revoke", "--dir", authority, "--name", name)
    shutil.copy(authority / "crl.pem", lab.pki.device / "crl.pem")


def _put(machine: Machine, file: Path) -> None:
    """Into the machine's folder of certificates, whole or not at all."""
    content = base64.b64encode(file.read_bytes()).decode()
    target = shlex.quote(f"/var/lib/matic/pki/{file.name}")
    machine.shell.run(f"base64 -d <<<{content} >{target}.new && mv {target}.new {target}")


def _served(machine: Machine) -> bytes | None:
    """The certificate that the agent shows, to whomever; None while its port changes hands."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.set_alpn_protocols(["h2"])
    try:
        with (
            socket.create_connection(("127.0.0.1", machine.api_port), timeout=20) as raw,
            context.wrap_socket(raw) as connection,
        ):
            return connection.getpeercert(binary_form=True)
    except OSError:
        return None
