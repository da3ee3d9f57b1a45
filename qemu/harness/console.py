"""Follows a serial console: every line with the time it came, kept in a log file and in memory."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from harness.verdict import Failed

# Cursor movement, colours and modes, as firmware and systemd send them.
_ESCAPES = re.compile(
    r"\x1b\[[0-9;?=]*[A-Za-z]"
    r"|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)"
    r"|\x1b[()][A-Z0-9]"
    r"|\x1b[=>78cMPX^_\\]"
)


@dataclass(frozen=True)
class Line:
    seconds: float  # since the console was opened
    text: str


class Console:
    """Reads `stream` to its end on a thread of its own.

    Waiting looks at every line from a mark on, and at the unfinished last one: a prompt ends
    without a newline.
    """

    def __init__(
        self, stream: IO[bytes], log: Path, on_line: Callable[[Line], None] | None = None
    ) -> None:
        self._stream = stream
        self._log = log.open("w", encoding="utf-8")
        self._on_line = on_line
        self._start = time.monotonic()
        self._lines: list[Line] = []
        self._unfinished = ""
        self._closed = False
        self._changed = threading.Condition()
        self._thread = threading.Thread(target=self._follow, name="console", daemon=True)
        self._thread.start()

    def mark(self) -> int:
        """A place to wait from: behind everything that was printed so far."""
        with self._changed:
            return len(self._lines)

    def lines(self, since: int = 0) -> list[Line]:
        with self._changed:
            return self._lines[since:]

    def matches(self, pattern: str, since: int = 0) -> list[re.Match[str]]:
        regex = re.compile(pattern)
        return [found for line in self.lines(since) if (found := regex.search(line.text))]

    def wait_for(self, pattern: str, timeout: float, since: int = 0) -> re.Match[str]:
        """The first match from line `since` on. Fails when the time or the console ends first."""
        regex = re.compile(pattern)
        deadline = time.monotonic() + timeout
        seen = since
        with self._changed:
            while True:
                for line in self._lines[seen:]:
                    if found := regex.search(line.text):
                        return found
                seen = max(seen, len(self._lines))
                if found := regex.search(self._unfinished):
                    return found
                if self._closed:
                    raise Failed(f"the console ended before it printed /{pattern}/")
                left = deadline - time.monotonic()
                if left <= 0:
                    raise Failed(f"the console did not print /{pattern}/ within {timeout:.0f} s")
                self._changed.wait(left)

    def join(self, timeout: float = 10) -> None:
        self._thread.join(timeout)

    def tail(self, count: int) -> list[str]:
        with self._changed:
            return [line.text for line in self._lines[-count:]]

    def _follow(self) -> None:
        pending = b""
        with self._log:
            while chunk := self._stream.read1(65536):  # type: ignore[attr-defined]
                *complete, pending = (pending + chunk).split(b"\n")
                for raw in complete:
                    self._add(_clean(raw))
                with self._changed:
                    self._unfinished = _clean(pending)
                    self._changed.notify_all()
            if pending:
                self._add(_clean(pending))
            with self._changed:
                self._closed = True
                self._unfinished = ""
                self._changed.notify_all()

    def _add(self, text: str) -> None:
        line = Line(time.monotonic() - self._start, text)
        self._log.write(f"{line.seconds:9.3f} {line.text}\n")
        self._log.flush()
        with self._changed:
            self._lines.append(line)
            self._changed.notify_all()
        if self._on_line and text.strip():
            self._on_line(line)


def _clean(raw: bytes) -> str:
    text = _ESCAPES.sub("", raw.decode("utf-8", "replace"))
    return "".join(char for char in text if char.isprintable() or char == "\t").rstrip()
