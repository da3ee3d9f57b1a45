"""Commands reach the guest's end of the port, and their answers come back, pieces of others or not."""

from __future__ import annotations

import os
import pty
import subprocess
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from harness import paths
from harness.shell import Answer, Shell, parse
from harness.verdict import Failed


class Guest:
    """Answers as the guest's program does, by what it is told to say."""

    def __init__(self, path: Path) -> None:
        self._server = socket.socket(socket.AF_UNIX)
        self._server.bind(str(path))
        self._server.listen()
        self.says: list[bytes] = []
        self.heard: list[bytes] = []
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self) -> None:
        connection, _ = self._server.accept()
        with connection, connection.makefile("rb") as lines:
            for line in lines:
                self.heard.append(line)
                if not self.says:
                    return
                connection.sendall(self.says.pop(0))

    def close(self) -> None:
        self._server.close()


@pytest.fixture
def guest(tmp_path: Path) -> Iterator[Guest]:
    guest = Guest(tmp_path / "port")
    yield guest
    guest.close()


@pytest.fixture
def shell(tmp_path: Path) -> Iterator[Shell]:
    shell = Shell(tmp_path / "port")
    yield shell
    shell.close()


def test_a_command_is_answered(guest: Guest, shell: Shell) -> None:
    guest.says = [b"1 0 cnVubmluZwo=\n"]
    assert shell.run("systemctl is-system-running") == "running"
    assert guest.heard == [b"1 c3lzdGVtY3RsIGlzLXN5c3RlbS1ydW5uaW5n\n"]


def test_what_a_restart_cut_off_is_passed_by(guest: Guest, shell: Shell) -> None:
    guest.says = [b"7 0 bGF0ZQ==\n1 0\n1 x y z\n", b"cnVu\n2 3 bm8=\n"]
    assert shell.ask("first") == Answer(0, "")
    assert shell.ask("second") == Answer(3, "no")


def test_a_failing_command_says_what_it_was(guest: Guest, shell: Shell) -> None:
    guest.says = [b"1 4 bm8=\n"]
    with pytest.raises(Failed, match="in the machine: false: exit code 4: no"):
        shell.run("false")


def test_a_machine_that_ends_or_hangs_is_told(guest: Guest, shell: Shell) -> None:
    guest.says = [b"0 0\n"]
    with pytest.raises(Failed, match="no answer in time"):
        shell.run("sleep 100", timeout=0.1)
    with pytest.raises(Failed, match="the machine is off"):
        shell.run("poweroff")


@pytest.mark.parametrize("line", ["", "1", "x 0", "1 x", "1 0 !!", "1 0 a b"])
def test_pieces_are_no_answers(line: str) -> None:
    assert parse(line) is None


def test_the_guests_program_does_what_the_harness_expects(tmp_path: Path) -> None:
    """On a terminal without echo instead of the port: both are read and written at one descriptor."""
    ours, theirs = pty.openpty()
    subprocess.run(["stty", "-F", os.ttyname(theirs), "raw", "-echo"], check=True)
    program = (paths.GUEST / "usr/lib/lab/shell").read_text()
    script = tmp_path / "shell"
    script.write_text(program.replace("/dev/virtio-ports/lab.shell", os.ttyname(theirs)))
    with subprocess.Popen(["bash", script], stdin=subprocess.DEVNULL) as guest:
        try:
            os.write(ours, b"5 ZWNobyBvbmU7IGVjaG8gdHdvID4mMjsgZXhpdCAz\n")  # echo one; …; exit 3
            answer = b""
            while not answer.endswith(b"\n"):
                answer += os.read(ours, 100)
        finally:
            guest.kill()
    assert parse(answer.decode()) == (5, Answer(3, "one\ntwo"))
