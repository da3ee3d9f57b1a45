"""osctl's commands that need no node: certificates, images, disks. And how commands are shown."""

from __future__ import annotations

import os
import shlex
import subprocess
from pathlib import Path

from harness import paths
from harness.verdict import Unusable


def as_typed(*arguments: str | Path) -> str:
    """The command as a person in the repository would type it."""
    prefix = f"{paths.REPOSITORY}{os.sep}"
    return shlex.join(["osctl", *(str(argument).removeprefix(prefix) for argument in arguments)])


def run(*arguments: str | Path) -> None:
    """Raises Unusable with what osctl says when it fails."""
    result = subprocess.run([paths.OSCTL, *arguments], capture_output=True, text=True, check=False)
    if result.returncode != 0:
        raise Unusable(f"{as_typed(*arguments)}: {result.stderr.strip()}")
