"""Redirects from another machine onto this one."""

from __future__ import annotations

import ctypes
import os
import subprocess
import threading
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from device import HERE, Device, Factory
from faulty_server import FaultyServer


@dataclass
class Internet:
    """Addresses that are nobody's (RFC 5737): ours, and that of a machine at the other end of a cable."""

    ours: str
    other: str
    namespace: str

    def server(self) -> FaultyServer:
        """At the other machine: a socket stays in the namespace that it was made in."""
        made = []

        def make() -> None:
            with open(f"/run/netns/{self.namespace}") as there:
                assert ctypes.CDLL(None, use_errno=True).setns(there.fileno(), 0) == 0
            made.append(FaultyServer(None, host=self.other))

        thread = threading.Thread(target=make)
        thread.start()
        thread.join()
        return made[0]


@pytest.fixture
def internet() -> Iterator[Internet]:
    name = f"matic{os.getpid()}"
    place = os.getpid() % 60 * 4
    net = Internet(f"203.0.113.{place + 1}", f"203.0.113.{place + 2}", name)

    def ip(*arguments: str) -> None:
        subprocess.run(["ip", *arguments], check=True)

    ip("netns", "add", name)
    try:
        ip("link", "add", name, "type", "veth", "peer", "name", "there", "netns", name)
        ip("address", "add", f"{net.ours}/30", "dev", name)
        ip("link", "set", name, "up")
        ip("-n", name, "address", "add", f"{net.other}/30", "dev", "there")
        ip("-n", name, "link", "set", "there", "up")
        yield net
    finally:
        ip("netns", "delete", name)  # and its end of the cable, and so ours


@pytest.mark.skipif(os.getuid() != 0, reason="only root can lay a cable")
@pytest.mark.parametrize("inwards", ["loopback", "public address"])
def test_a_redirect_does_not_lead_inwards(
    device: Device, factory: Factory, internet: Internet, inwards: str
) -> None:
    """From a network onto the machine; the other way round, and where it is allowed."""
    here = {"loopback": HERE, "public address": internet.ours}[inwards]
    image = factory.update
    content = image.path.read_bytes()
    with internet.server() as outer, FaultyServer(None, host=here) as inner:
        target = inner.publish("/os", lambda exchange: exchange.whole(content))
        url = outer.publish("/os", lambda exchange: exchange.head(
            "302 Found", f"Location: {target}", "Content-Length: 0"))
        reason = device.update_failure(url, image.sha256)
        assert reason.startswith(f"stage slot-b: {target}: a redirect from ")
        assert reason.endswith(
            f" to {here}, which is this machine, refused (download.local_redirects)")
        assert inner.exchanges("/os") == []
        device.expect_untouched()

        outer.publish("/os", lambda exchange: exchange.whole(content))
        outwards = inner.publish("/out", lambda exchange: exchange.head(
            "302 Found", f"Location: {outer.base}/os", "Content-Length: 0"))
        assert "sha256 mismatch" in device.update_failure(outwards, "0" * 64)

        device.machine.configure({"download": {"local_redirects": True}})
        device.restart()
        outer.publish("/in", lambda exchange: exchange.head(
            "302 Found", f"Location: {target}", "Content-Length: 0"))
        assert "sha256 mismatch" in device.update_failure(f"{outer.base}/in", "0" * 64)
