"""What must be installed before something can be measured, and how it is installed."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable
from pathlib import Path

from benching.command import CannotMeasure

# Commands of others, by the Debian package that has them.
PACKAGES = {
    "bsdiff": "bsdiff",
    "casync": "casync",
    "cpio": "cpio",
    "curl": "curl",
    "dbus-daemon": "dbus",
    "debootstrap": "debootstrap",
    "losetup": "mount",
    "mke2fs": "e2fsprogs",
    "mksquashfs": "squashfs-tools",
    "nginx": "nginx-light",
    "openssl": "openssl",
    "rauc": "rauc",
    "swupdate": "swupdate",
    "unsquashfs": "squashfs-tools",
    "xdelta3": "xdelta3",
    "zck": "zchunk",
    "zsync": "zsync",
}
_FOLDERS = os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin", "/sbin"])


def command(name: str) -> str | None:
    """Its path; programs of administrators are found whoever looks."""
    return shutil.which(name, path=_FOLDERS)


def missing_packages(commands: Iterable[str]) -> list[str]:
    return sorted({PACKAGES[name] for name in commands if command(name) is None})


def need(commands: Iterable[str] = (), programs: Iterable[Path] = (), root: bool = False) -> None:
    """CannotMeasure names all of Debian's packages that are missing at once."""
    if root and os.geteuid() != 0:
        raise CannotMeasure("run it as root: it takes loop devices with direct I/O")
    if missing := missing_packages(commands):
        raise CannotMeasure(f"not installed: apt-get install --no-install-recommends {' '.join(missing)}")
    for program in programs:
        if not program.exists():
            raise CannotMeasure(f"{program} is missing: tools/build makes it")
