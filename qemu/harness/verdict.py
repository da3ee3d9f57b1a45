"""How a scenario fails, and what must be there before one can be judged at all."""

from __future__ import annotations

import shutil
from pathlib import Path

from harness import paths


class Failed(Exception):
    """The system under test did not do what the scenario expects of it."""


class Unusable(Exception):
    """Something the harness itself needs is missing: nothing was judged."""


def expect(condition: bool, message: str) -> None:
    if not condition:
        raise Failed(message)


def expect_equal(actual: object, expected: object, what: str) -> None:
    expect(actual == expected, f"{what}: expected {expected!r}, is {actual!r}")


_COMMANDS = {
    "qemu-system-x86_64": "Debian package qemu-system-x86",
    "setpriv": "Debian package util-linux",
    "cp": "Debian package coreutils",
    "openssl": "Debian package openssl",
}
_FILES = {
    paths.FIRMWARE_CODE: "Debian package ovmf",
    paths.FIRMWARE_VARIABLES: "Debian package ovmf",
    paths.OSCTL: "tools/build makes it",
    paths.AGENT: "tools/build makes it",
    paths.BOOTSIM: "tools/build makes it",
    paths.SELECTOR: "tools/build makes it",
    paths.IMAGE_RECIPE: "part of the repository",
}


def missing_requirements() -> list[str]:
    """One line for each tool or file that a run needs and that is not there."""
    lines = [
        f"{name}: not installed ({origin})"
        for name, origin in _COMMANDS.items()
        if shutil.which(name) is None
    ]
    lines += [
        f"{path}: not there ({origin})"
        for path, origin in _FILES.items()
        if not Path(path).exists()
    ]
    return lines
