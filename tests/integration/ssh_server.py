"""A real sshd on a port of this machine, and the ssh that osctl finds: keys of their own for both."""

from __future__ import annotations

import getpass
import os
import signal
import socket
import subprocess
from pathlib import Path

from device import HERE
from harness.verdict import Failed
from harness.waiting import wait_until

_SSHD = "/usr/sbin/sshd"  # it wants its whole path
_PATIENCE = 20


class SshServer:
    """Lets this user in with the key of its folder. Use as a context manager."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.user = getpass.getuser()
        with socket.create_server((HERE, 0)) as free:
            self.port: int = free.getsockname()[1]
        for key in ("host_key", "user_key", "other_key"):
            subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", folder / key], check=True)
        (folder / "sshd_config").write_text(
            f"ListenAddress {HERE}:{self.port}\nHostKey {folder}/host_key\n"
            f"AuthorizedKeysFile {folder}/user_key.pub\nPidFile none\nStrictModes no\nUsePAM no\n"
            "PasswordAuthentication no\nKbdInteractiveAuthentication no\nPermitRootLogin yes\n")
        self._server: subprocess.Popen[bytes] | None = None
        self.trust("host_key")
        self.log_in_with("user_key")

    def address(self, socket_path: Path) -> str:
        return f"ssh://{self.user}@{HERE}:{self.port}{socket_path}"

    def trust(self, *keys: str) -> None:
        """What ssh takes for the server's keys; none: it has never been there."""
        lines = [f"[{HERE}]:{self.port} {(self.folder / f'{key}.pub').read_text()}" for key in keys]
        (self.folder / "known_hosts").write_text("".join(lines))

    def log_in_with(self, key: str) -> None:
        (self.folder / "ssh_config").write_text(
            f"IdentityFile {self.folder}/{key}\nIdentitiesOnly yes\nIdentityAgent none\n"
            f"UserKnownHostsFile {self.folder}/known_hosts\nGlobalKnownHostsFile /dev/null\n")

    def search_path(self) -> str:
        """A $PATH whose ssh has this folder's configuration instead of the user's."""
        programs = self.folder / "bin"
        programs.mkdir(exist_ok=True)
        (programs / "ssh").write_text(f'#!/bin/sh\necho >> {self.folder}/calls\n'
                                      f'exec /usr/bin/ssh -F {self.folder}/ssh_config "$@"\n')
        (programs / "ssh").chmod(0o755)
        return f"{programs}:{os.environ['PATH']}"

    def start(self) -> None:
        if os.geteuid() == 0:
            Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)  # its unit would make it
        with (self.folder / "sshd.log").open("ab") as log:
            self._server = subprocess.Popen(
                ["setpriv", "--pdeathsig", "KILL", "--", _SSHD, "-D", "-e", "-f", self.folder / "sshd_config"],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True)
        wait_until("sshd answers", self._is_up, _PATIENCE)

    def _is_up(self) -> bool:
        if self._server.poll() is not None:
            raise Failed(f"sshd: {(self.folder / 'sshd.log').read_text()}")
        return self._answers()

    def calls(self) -> int:
        """How often osctl has called the ssh of search_path()."""
        calls = self.folder / "calls"
        return len(calls.read_text()) if calls.exists() else 0

    def kill(self) -> None:
        """With all connections, as when the machine loses its power, but that its port refuses."""
        if self._server is not None:
            for pid in self._sessions():
                os.kill(pid, signal.SIGKILL)
            self._server.kill()
            self._server.wait()
            self._server = None

    def connections(self) -> int:
        return len(self._sessions())

    def _sessions(self) -> list[int]:
        if self._server is None:
            return []
        return _descendants(self._server.pid)

    def _answers(self) -> bool:
        try:
            with socket.create_connection((HERE, self.port), 1) as connection:
                return connection.recv(4) == b"SSH-"
        except OSError:
            return False

    def __enter__(self) -> SshServer:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()


def _descendants(pid: int) -> list[int]:
    try:
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except FileNotFoundError:
        return []
    return [each for child in children for each in (*_descendants(int(child)), int(child))]
