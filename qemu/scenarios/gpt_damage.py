"""Each copy of the partition table is overwritten in turn: it boots, and they become equal."""

from __future__ import annotations

from harness.disk import Copy, overwrite_gpt_copy
from harness.lab import FACTORY, Lab
from harness.machine import patient
from harness.verdict import Failed


def run(lab: Lab) -> None:
    disk = lab.disk()
    before = disk.table()
    for copy in (Copy.BACKUP, Copy.PRIMARY):
        overwrite_gpt_copy(disk, copy)
        lab.say(f"the {copy.value} copy is overwritten")
        machine, node = lab.boot_and_wait(disk, ("slot-a", "1.0"))
        node.poll(lambda: disk.is_whole() or None, patient(30), "both copies to be valid and equal")
        machine.cut_power()
        if disk.table() != before:
            raise Failed(f"the mended table is another one: {disk.table()}, was {before}")
        lab.expect_slots(disk, slot_a=FACTORY)
