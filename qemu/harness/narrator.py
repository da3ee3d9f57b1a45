"""How the demo speaks: headings, commands as typed, what they print, and the machine's console."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path

from harness import local_osctl, paths
from harness.console import Line

_BOLD, _DIM, _GREEN, _RED, _PLAIN = "\x1b[1m", "\x1b[2m", "\x1b[32m", "\x1b[31m", "\x1b[0m"

# What tells the story of a boot; the rest is in the log.
_TELLING = re.compile(
    r"matic|BdsDxe: starting|Linux version|Welcome to|Kernel panic|login:|reboot: ", re.IGNORECASE
)


class Narrator:
    """Prints whole lines only, since the console speaks on a thread of its own."""

    def __init__(self, whole_console: bool) -> None:
        self._whole_console = whole_console
        self._colours = sys.stdout.isatty() and "NO_COLOR" not in os.environ
        self._began = time.monotonic()
        self._lock = threading.Lock()

    @property
    def seconds(self) -> float:
        return time.monotonic() - self._began

    def heading(self, text: str) -> None:
        self._print(f"\n{self._paint(_BOLD, text)}")

    def say(self, text: str) -> None:
        self._print(f"  {text}")

    def good(self, text: str) -> None:
        self._print(f"  {self._paint(_GREEN, text)}")

    def bad(self, text: str) -> None:
        self._print(f"  {self._paint(_RED, text)}")

    def console(self, line: Line) -> None:
        if self._whole_console or _TELLING.search(line.text):
            self._print(self._paint(_DIM, f"  | {line.text}"))

    def osctl(self, *arguments: str | Path) -> int:
        """Runs it before everybody's eyes; returns its exit code."""
        self._print(f"  {self._paint(_BOLD, '$ ' + local_osctl.as_typed(*arguments))}")
        return self._run([paths.OSCTL, *arguments])

    def tool(self, name: str, *arguments: str) -> int:
        """The same for a command of this repository: tools/build."""
        self._print(f"  {self._paint(_BOLD, '$ ' + shlex.join([name, *arguments]))}")
        return self._run([paths.REPOSITORY / name, *arguments])

    def _run(self, arguments: Sequence[str | Path]) -> int:
        with subprocess.Popen(
            arguments,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
        ) as process:
            assert process.stdout is not None
            for line in process.stdout:
                self._print(f"    {line.rstrip()}")
        return process.returncode

    def _paint(self, colour: str, text: str) -> str:
        return f"{colour}{text}{_PLAIN}" if self._colours else text

    def _print(self, text: str) -> None:
        with self._lock:
            print(text, flush=True)
