"""Commands inside a machine, over a port that has nothing to do with the programs under test.

In the guest it is served by qemu/guest/usr/lib/lab/shell, which systemd starts where the machine has
the port (Options.shell).
"""

from __future__ import annotations

import base64
import binascii
import socket
import time
from dataclasses import dataclass
from pathlib import Path

from harness.verdict import Failed

PORT = "lab.shell"
_CONNECT_SECONDS = 20


@dataclass(frozen=True)
class Answer:
    code: int
    output: str  # both streams, without the last newlines


class Shell:
    """A command waits until the guest's end is there, so it may be given while the machine starts.

    One that ends the machine is never answered: give those to `send`.
    """

    def __init__(self, path: Path) -> None:
        """`path`: the unix socket that QEMU listens on, or soon will."""
        self._path = path
        self._socket: socket.socket | None = None
        self._pending = b""
        self._number = 0

    def run(self, command: str, timeout: float = 60) -> str:
        """What it printed. Fails when its exit code is not 0."""
        answer = self.ask(command, timeout)
        if answer.code != 0:
            raise Failed(f"in the machine: {command}: exit code {answer.code}: {answer.output}")
        return answer.output

    def ask(self, command: str, timeout: float = 60) -> Answer:
        """Whatever comes of it."""
        deadline = time.monotonic() + timeout
        number = self.send(command)
        while True:
            line = self._line(deadline, command)
            answer = parse(line)
            # Of a command before, whose time was over.
            if answer is not None and answer[0] == number:
                return answer[1]

    def send(self, command: str) -> int:
        """Without waiting for anything; returns the command's number."""
        self._number += 1
        encoded = base64.b64encode(command.encode()).decode()
        self._connected().sendall(f"{self._number} {encoded}\n".encode())
        return self._number

    def close(self) -> None:
        if self._socket is not None:
            self._socket.close()

    def _line(self, deadline: float, command: str) -> str:
        connection = self._connected()
        while b"\n" not in self._pending:
            left = deadline - time.monotonic()
            if left <= 0:
                raise Failed(f"in the machine: {command}: no answer in time")
            connection.settimeout(left)
            try:
                chunk = connection.recv(65536)
            except TimeoutError:
                continue
            if not chunk:
                raise Failed(f"in the machine: {command}: the machine is off")
            self._pending += chunk
        line, _, self._pending = self._pending.partition(b"\n")
        return line.decode(errors="replace")

    def _connected(self) -> socket.socket:
        if self._socket is None:
            self._socket = _connect(self._path)
        return self._socket


def parse(line: str) -> tuple[int, Answer] | None:
    """"NUMBER EXIT-CODE OUTPUT", or None: a shell that was cut off leaves pieces of lines behind."""
    words = line.split()
    if not 2 <= len(words) <= 3:
        return None
    try:
        output = base64.b64decode(words[2], validate=True) if len(words) == 3 else b""
        return int(words[0]), Answer(int(words[1]), output.decode(errors="replace").rstrip("\n"))
    except (ValueError, binascii.Error):
        return None


def _connect(path: Path) -> socket.socket:
    deadline = time.monotonic() + _CONNECT_SECONDS
    while True:
        connection = socket.socket(socket.AF_UNIX)
        try:
            connection.connect(str(path))
            return connection
        except OSError as error:
            connection.close()
            if time.monotonic() > deadline:
                raise Failed(f"{path}: QEMU does not listen: {error}") from error
            time.sleep(0.1)
