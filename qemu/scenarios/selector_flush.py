"""The try that a start takes is on the medium before the start, apart from what the firmware mended."""

from __future__ import annotations

import subprocess

from harness.disk import SECTOR, Copy, Disk, overwrite_gpt_copy
from harness.lab import Lab
from harness.machine import BOOT_SECONDS, BUSES, Options
from harness.verdict import Failed, expect, expect_equal
from harness.write_log import Write, WriteLog

CORE = True

_TABLE = 34 * SECTOR  # what a copy and the protective MBR take at either end of the disk
_ON_TRIAL = "GUID:49,52,53"  # priority 2, tries 3, not successful


def run(lab: Lab) -> None:
    for bus in BUSES:
        disk = lab.disk(name=bus)
        subprocess.run(
            ["sfdisk", "--quiet", "--part-attrs", disk.path, str(_slot_a(disk)), _ON_TRIAL],
            check=True,
        )
        # A firmware that mends it does so in this very start, and flushes nothing.
        overwrite_gpt_copy(disk, Copy.BACKUP)
        lab.say(f"the backup copy is overwritten, and slot-a on trial ({bus})")
        log = disk.path.with_suffix(".writes")
        machine = lab.boot(disk, Options(bus=bus, write_log=log))
        started = machine.console.wait_for(
            r"matic-boot: starting slot-a \(.*tries left (\d).*on trial", BOOT_SECONDS
        )
        machine.cut_power()
        expect_equal(started.group(1), "2", f"tries left in what {bus} starts")
        _judge(disk, list(WriteLog(log).epochs()), bus)


def _slot_a(disk: Disk) -> int:
    return disk.table().partition("slot-a").number


def _judge(disk: Disk, epochs: list[list[Write]], bus: str) -> None:
    end = disk.path.stat().st_size - _TABLE
    written: list[set[Copy]] = []
    for epoch in epochs:
        primary = {Copy.PRIMARY for write in epoch if write.offset < _TABLE}
        backup = {Copy.BACKUP for write in epoch if write.offset + write.length > end}
        written.append(primary | backup)
    expect_equal(written[-1], set(), f"what {bus} may lose of the table at the start")
    expect(all(len(copies) <= 1 for copies in written), f"{bus} may lose both copies: {written}")
    for copy in Copy:
        if not any(copy in copies for copies in written):
            raise Failed(f"nothing was written to the {copy.value} copy: {written}")
