"""Waiting for what takes its time, with an end to the patience."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

from harness.verdict import Failed

_T = TypeVar("_T")


def wait_until(
    what: str, reached: Callable[[], _T], timeout: float = 30, pause: float = 0.05
) -> _T:
    """The first thing that `reached` returns and that counts as true; `what` says what it is."""
    deadline = time.monotonic() + timeout
    while True:
        found = reached()
        if found:
            return found
        if time.monotonic() > deadline:
            raise Failed(f"waited {timeout:.0f} s until {what}")
        time.sleep(pause)
