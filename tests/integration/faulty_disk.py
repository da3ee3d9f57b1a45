"""A device whose disk has faults to order (faulty_machine.cc)."""

from __future__ import annotations

import os
from pathlib import Path

from device import Device

PRELOADED = Path(os.environ["MATIC_BIN"]).parent / "tests" / "faulty_machine.so"


class FaultyDisk:
    def __init__(self, device: Device) -> None:
        self.device = device
        self._faults = device.folder / "faults"
        self._faults.touch()
        device.machine.environment = {
            "LD_PRELOAD": str(PRELOADED),
            "FAULTY_FILE": str(device.disk.path),
            "FAULTS": str(self._faults),
        }

    def set(self, *faults: str) -> None:
        new = self._faults.with_suffix(".new")
        new.write_text("".join(f"{fault}\n" for fault in faults))
        new.rename(self._faults)

    def in_slot(self, verb: str, slot: str, offset: int, length: int = 512) -> str:
        partition = self.device.disk.table().partition(slot)
        return f"{verb} {partition.offset + offset} {length}"

    def tables(self, verb: str, *copies: str) -> list[str]:
        """Headers and entries of these copies."""
        end = self.device.disk.sectors * 512
        places = {"primary": (512, 33 * 512), "backup": (end - 33 * 512, 33 * 512)}
        return [f"{verb} {places[copy][0]} {places[copy][1]}" for copy in copies]
