"""Times that a serial console shows."""

from __future__ import annotations

import re
from dataclasses import dataclass

from harness.console import Console

_FIRMWARE = re.compile(r"BdsDxe: starting")
_SELECTOR = re.compile(r"matic-boot: starting (\S+)")
_STUB = re.compile(r"EFI stub:|Linux version")


@dataclass(frozen=True)
class Start:
    """Of a slot; seconds since the firmware called the selector."""

    slot: str
    called: float  # on the console's own clock
    chose: float
    kernel_spoke: float


def starts(console: Console) -> list[Start]:
    """Those that came as far as a kernel that speaks."""
    found = []
    called = chose = 0.0
    slot = ""
    for line in console.lines():
        if _FIRMWARE.search(line.text):
            called, slot = line.seconds, ""
        elif match := _SELECTOR.search(line.text):
            chose, slot = line.seconds, match[1]
        elif slot and _STUB.search(line.text):
            found.append(Start(slot, called, chose - called, line.seconds - called))
            slot = ""
    return found


def boot_times(console: Console) -> list[str]:
    """A line for each start: from the firmware's call of the selector to its choice and beyond."""
    return [
        f"{start.slot}: the selector chose after {start.chose:.2f} s, its kernel spoke "
        f"after {start.kernel_spoke:.2f} s"
        for start in starts(console)
    ]
