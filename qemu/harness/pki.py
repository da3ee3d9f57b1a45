"""The certificates that scenarios use, made once with `osctl pki` under build/qemu/pki."""

from __future__ import annotations

import shutil
import time
from dataclasses import dataclass
from pathlib import Path

from harness import local_osctl, paths
from harness.https_server import GUEST_VIEW_OF_HOST

_RENEW_AFTER_SECONDS = 30 * 24 * 3600


@dataclass(frozen=True)
class Pki:
    """Each is a folder with ca.pem and a certificate with its key."""

    folder: Path

    @property
    def device(self) -> Path:
        """The certificate that a device keeps on its state partition."""
        return self.folder / "device"

    @property
    def factory(self) -> Path:
        """The one that every image brings along."""
        return self.folder / "factory"

    @property
    def download(self) -> Path:
        """The HTTPS server's."""
        return self.folder / "download"

    @property
    def stranger(self) -> Path:
        """An admin's of another authority."""
        return self.folder / "stranger"

    def client(self, role: str) -> Path:
        return self.folder / role


def prepare(folder: Path = paths.PKI) -> Pki:
    """Makes what is not there yet, or is a month old, as a whole."""
    done = folder / "done"
    if done.exists() and time.time() - done.stat().st_mtime < _RENEW_AFTER_SECONDS:
        return Pki(folder)
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    local_osctl.run("pki", "init", "--dir", folder / "ca")
    for name in ("device", "factory"):
        _issue(folder / "ca", "server", name, folder / name, ["127.0.0.1"])
    _issue(
        folder / "ca", "server", "download", folder / "download", [GUEST_VIEW_OF_HOST, "127.0.0.1"]
    )
    for role in ("admin", "operator", "reader"):
        _issue(folder / "ca", role, f"harness-{role}", folder / role)
    local_osctl.run("pki", "init", "--dir", folder / "other-ca")
    _issue(folder / "other-ca", "admin", "stranger", folder / "stranger")
    done.touch()
    return Pki(folder)


def _issue(
    authority: Path, role: str, name: str, out: Path, hosts: list[str] | None = None
) -> None:
    local_osctl.run(
        *("pki", "issue", "--dir", authority, "--role", role, "--name", name, "--out", out),
        *(argument for host in hosts or [] for argument in ("--host", host)),
    )
