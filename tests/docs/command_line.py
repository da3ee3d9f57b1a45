"""What osctl itself says that it understands."""

from __future__ import annotations

import functools
import re
import subprocess
from collections.abc import Iterator

from harness import paths

_SUBCOMMAND = re.compile(r"^  ([a-z]+)\s", re.MULTILINE)
_OPTION = re.compile(r"(?<![\w-])(--[a-z][a-z0-9-]*)")


@functools.cache
def help_of(path: tuple[str, ...]) -> str:
    done = subprocess.run([paths.OSCTL, *path, "--help"], capture_output=True, text=True, check=True)
    return done.stdout


def subcommands(path: tuple[str, ...]) -> set[str]:
    _, _, rest = help_of(path).partition("\nSubcommands:\n")
    return set(_SUBCOMMAND.findall(rest.partition("\n\n")[0] + " "))


def options(path: tuple[str, ...]) -> set[str]:
    """Of the command itself and of those around it."""
    found = set()
    for depth in range(len(path) + 1):
        _, _, rest = help_of(path[:depth]).partition("\nOptions:\n")
        found |= set(_OPTION.findall(rest.partition("\n\n")[0]))
    return found


def every_command(path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Those that do something, not those that only hold others."""
    inner = sorted(subcommands(path))
    if not inner:
        yield path
    for name in inner:
        yield from every_command((*path, name))
