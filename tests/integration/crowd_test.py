"""More connections and larger messages than one caller needs: everybody else is served."""

from __future__ import annotations

import contextlib
import os
import resource
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from device import HERE, Device, Factory
from harness.machine import free_port
from harness.node import DONE, Node

NOBODY = 65534

as_root = pytest.mark.skipif(os.getuid() != 0, reason="only root can be another user")


@pytest.fixture
def served(factory: Factory, tmp_path: Path) -> Iterator[tuple[Device, int]]:
    """A device with everything open, and its port."""
    port = free_port()
    api = {"socket": str(tmp_path / "agent.sock"), "socket_group": "", "reader_socket_group": "",
           "listen": f"{HERE}:{port}", "pki_dirs": [str(factory.server)]}
    device = Device(factory, tmp_path, {"api": api})
    device.machine.power_on()
    yield device, port
    device.machine.power_off()


def crowd(address: str | tuple[str, int], count: int, first: bytes) -> list[socket.socket]:
    """Connections that say `first`, and nothing more."""
    members = []
    for _ in range(count):
        member = socket.socket(socket.AF_UNIX if isinstance(address, str) else socket.AF_INET)
        try:
            # With a timeout it would give up at once where others wait for their turn.
            member.connect(address)
            member.settimeout(2)
            member.sendall(first)
        except OSError:
            member.close()
            continue
        members.append(member)
    return members


PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\x00\x00\x00\x04\x00\x00\x00\x00\x00"


@pytest.mark.parametrize("first", [b"", PREFACE, b"GET / HTTP/1.1\r\n\r\n", b"\x16\x03\x01"])
def test_a_crowd_keeps_nobody_from_the_agent(served: tuple[Device, int], first: bytes) -> None:
    device, port = served
    resource.setrlimit(resource.RLIMIT_NOFILE,
                       (4096, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))
    members = crowd(str(device.folder / "reader.sock"), 400, first)
    members += crowd((HERE, port), 1200, first)
    try:
        descriptors = len(os.listdir(f"/proc/{device.machine.agent_pid}/fd"))
        assert descriptors < 256 + 1200 + 100
        assert device.node.run("status").code == DONE
        device.expect_takes_an_update()
    finally:
        for member in members:
            member.close()


def connect_as(user: int, count: int) -> list[socket.socket]:
    """From the folder of the socket: those above it are root's alone."""
    os.seteuid(user)
    try:
        return crowd("reader.sock", count, PREFACE)
    finally:
        os.seteuid(0)


def count_answered(members: list[socket.socket]) -> int:
    answered = 0
    for member in members:
        with contextlib.suppress(ConnectionResetError):
            answered += member.recv(1) != b""
    return answered


@as_root
def test_one_user_keeps_no_other_from_the_agent(
    off: Device, monkeypatch: pytest.MonkeyPatch
) -> None:
    off.folder.chmod(0o711)
    monkeypatch.chdir(off.folder)
    off.machine.configure({"api": {"reader_socket_mode": "0666"}})
    off.machine.power_on()
    members = connect_as(NOBODY, 100)
    others = connect_as(NOBODY - 1, 1)
    try:
        assert count_answered(members) == 64
        assert count_answered(others) == 1
    finally:
        for member in members + others:
            member.close()
        off.machine.power_off()


def test_who_hangs_up_makes_room(served: tuple[Device, int]) -> None:
    device, _ = served
    reader = Node(["--socket", str(device.folder / "reader.sock")], device.folder / "osctl.log")
    for _ in range(3):
        for member in crowd(str(device.folder / "reader.sock"), 300, PREFACE):
            member.close()
    device.node.poll(lambda: reader.run("status").code == DONE or None, 20, "room")


# Too large, and no message at all. Debian's Python has gRPC, whichever runs this.
ABSURD = r"""
import grpc, sys
with grpc.insecure_channel("unix:" + sys.argv[1]) as channel:
    call = channel.unary_unary("/matic.v1.Node/ScheduleUpdate")
    for request in (b"\x0a\x80\x80\x80\x02" + b"x" * (4 << 20), b"\xff" * 1000):
        try:
            call(request, timeout=20)
        except grpc.RpcError as error:
            print(error.code().name)
"""


def test_a_message_that_is_too_large_is_refused(device: Device) -> None:
    called = subprocess.run(
        ["/usr/bin/python3", "-c", ABSURD, device.folder / "agent.sock"],
        capture_output=True, text=True, check=True, timeout=60,
    )
    assert called.stdout.split() == ["RESOURCE_EXHAUSTED", "INTERNAL"]
    device.expect_untouched()
