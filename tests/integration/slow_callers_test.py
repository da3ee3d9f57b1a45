"""Callers who ask and never take the answer: nobody else is kept from the agent."""

from __future__ import annotations

import socket
import ssl
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from device import HERE, Device, Factory
from harness import local_osctl
from harness.machine import free_port
from harness.node import DONE, Node

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
DATA, HEADERS, SETTINGS, PING, WINDOW_UPDATE = 0, 1, 4, 6, 8
ACKNOWLEDGED, END_OF_STREAM, END_OF_HEADERS = 1, 1, 4
CALLS = 32  # as many as a connection takes
PATIENCE = 30


def frame(kind: int, flags: int, stream: int, payload: bytes = b"") -> bytes:
    return struct.pack(">I", len(payload))[1:] + bytes([kind, flags]) + struct.pack(">I", stream) + payload


def call(number: int, method: str) -> bytes:
    """The frames of a call without a request's fields; the header's are literals."""
    fields = {":method": "POST", ":scheme": "http", ":path": f"/matic.v1.Node/{method}",
              ":authority": "x", "content-type": "application/grpc", "te": "trailers"}
    header = b"".join(b"\0" + bytes([len(name)]) + name.encode() + bytes([len(value)]) + value.encode()
                      for name, value in fields.items())
    stream = 1 + 2 * number
    return (frame(HEADERS, END_OF_HEADERS, stream, header)
            + frame(DATA, END_OF_STREAM, stream, b"\0\0\0\0\0"))


class SlowCaller:
    """Makes calls, leaves no room for their answers, and proves that it is alive."""

    def __init__(self, connection: socket.socket, method: str) -> None:
        self._connection = connection
        no_window = frame(SETTINGS, 0, 0, struct.pack(">HI", 4, 0))
        connection.sendall(PREFACE + no_window + frame(SETTINGS, ACKNOWLEDGED, 0))
        connection.sendall(b"".join(call(number, method) for number in range(CALLS)))
        self._thread = threading.Thread(target=self._live)
        self._thread.start()

    def _live(self) -> None:
        received = b""
        try:
            while more := self._connection.recv(65536):
                received += more
                while len(received) >= 9 and len(received) >= 9 + (size := int.from_bytes(received[:3])):
                    kind, flags, payload = received[3], received[4], received[9 : 9 + size]
                    if kind == PING and not flags & ACKNOWLEDGED:
                        self._connection.sendall(frame(PING, ACKNOWLEDGED, 0, payload))
                    received = received[9 + size :]
        except OSError:
            pass  # hung up, by either side

    def close(self) -> None:
        try:
            self._connection.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self._thread.join()
        self._connection.close()


@contextmanager
def slow_callers(connect: Callable[[], socket.socket], method: str = "GetStatus") -> Iterator[None]:
    callers = [SlowCaller(connect(), method) for _ in range(3)]
    try:
        yield
    finally:
        for caller in callers:
            caller.close()


@pytest.fixture
def port() -> int:
    return free_port()


@pytest.fixture
def device(factory: Factory, tmp_path: Path, port: int) -> Iterator[Device]:
    api = {"socket": str(tmp_path / "agent.sock"), "socket_group": "", "reader_socket_group": "",
           "listen": f"{HERE}:{port}", "pki_dirs": [str(factory.server)]}
    device = Device(factory, tmp_path, {"api": api})
    device.machine.power_on()
    yield device
    device.machine.power_off()


def over_tls(port: int, pki: Path) -> Callable[[], socket.socket]:
    def connect() -> socket.socket:
        context = ssl.create_default_context(cafile=str(pki / "ca.pem"))
        context.load_cert_chain(str(pki / "client.pem"), str(pki / "client.key"))
        context.set_alpn_protocols(["h2"])
        return context.wrap_socket(socket.create_connection((HERE, port)), server_hostname=HERE)

    return connect


def over_socket(path: Path) -> Callable[[], socket.socket]:
    def connect() -> socket.socket:
        connection = socket.socket(socket.AF_UNIX)
        connection.connect(str(path))
        return connection

    return connect


def answers(node: Node, *command: str) -> bool:
    return node.run(*(command or ("status",))).code == DONE


@pytest.mark.parametrize("method", ["GetStatus", "GetHealth"])
def test_a_reader_keeps_no_operator_out(
    device: Device, factory: Factory, port: int, tmp_path: Path, method: str
) -> None:
    command = {"GetStatus": "status", "GetHealth": "health"}[method]
    slow = factory.issue_client("reader", tmp_path / "slow")
    other = tmp_path / "other"
    local_osctl.run("pki", "issue", "--dir", factory.authority, "--role", "reader", "--name", "other",
                    "--out", other)
    operator = factory.issue_client("operator", tmp_path / "operator")
    log = device.folder / "osctl.log"
    with slow_callers(over_tls(port, slow), method):
        for pki in (operator, other):
            outcome = Node.remote(port, pki, log).run(command)
            assert outcome.objects, outcome
        refused = Node.remote(port, slow, log).run(command)
        assert "of reader are under way already; ask again in a moment" in refused.stderr, refused


def test_who_does_not_take_an_answer_loses_the_call(device: Device) -> None:
    reader = Node(["--socket", str(device.folder / "reader.sock")], device.folder / "osctl.log")
    with slow_callers(over_socket(device.folder / "reader.sock")):
        assert not answers(reader)
        device.node.poll(lambda: answers(reader) or None, PATIENCE + 15, "an answer")


def test_who_reads_nothing_at_all_is_hung_up_on(device: Device) -> None:
    """What the kernel keeps for a reader is full then, and not even a refusal gets away."""
    path, log = device.folder / "reader.sock", device.folder / "agent.log"
    window = struct.pack(">I", 0x7FFF0000)
    wide = frame(SETTINGS, 0, 0, struct.pack(">H", 4) + window) + frame(WINDOW_UPDATE, 0, 0, window)
    with over_socket(path)() as connection:
        connection.sendall(PREFACE + wide + frame(SETTINGS, ACKNOWLEDGED, 0))
        connection.settimeout(1)
        numbers = iter(range(1, 1 << 20))

        def ask() -> bool | None:
            """Not more than a connection may have at a time, which is closed for that."""
            try:
                for _ in range(CALLS // 4):
                    connection.sendall(call(next(numbers), "GetStatus"))
            except TimeoutError:
                return None
            except OSError:
                return True
            answers(device.node)
            return None

        device.node.poll(ask, PATIENCE + 25, "its end")
    assert "does not read its answers; its connection is closed" in log.read_text()
    reader = Node(["--socket", str(path)], device.folder / "osctl.log")
    device.node.poll(lambda: answers(reader) or None, 10, "an answer")
