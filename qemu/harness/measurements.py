"""Times that a serial console shows."""

from __future__ import annotations

import re

from harness.console import Console

_FIRMWARE = re.compile(r"BdsDxe: starting")
_SELECTOR = re.compile(r"matic-boot: starting (\S+)")
_STUB = re.compile(r"EFI stub:|Linux version")


def boot_times(console: Console) -> list[str]:
    """A line for each start: from the firmware's call of the selector to its choice and beyond."""
    lines = []
    began = chose = 0.0
    slot = ""
    for line in console.lines():
        if _FIRMWARE.search(line.text):
            began, slot = line.seconds, ""
        elif found := _SELECTOR.search(line.text):
            chose, slot = line.seconds, found[1]
        elif slot and _STUB.search(line.text):
            lines.append(
                f"{slot}: the selector chose after {chose - began:.2f} s, its kernel spoke "
                f"after {line.seconds - began:.2f} s"
            )
            slot = ""
    return lines
