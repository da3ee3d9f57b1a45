"""Sectors that cannot be written or read, and a broken disk beside ours: said so, and survived."""

from __future__ import annotations

import struct

from harness.disk import SECTOR, Disk, SlotState
from harness.images import NEW, Image
from harness.lab import UNBOOTABLE, Lab
from harness.machine import BOOT_SECONDS, BadSector, Options, patient
from harness.node import Node
from harness.verdict import expect, expect_equal

_EIO = "Input/output error"


def run(lab: Lab) -> None:
    disk = lab.disk()
    image = lab.images.get(NEW)
    beside = disk.copy_to(lab.folder / "beside.img").path
    start = disk.table().partition("slot-b").offset // SECTOR
    middle = start + image.size // 2 // SECTOR
    kernel = start + _kernel_offset(image) // SECTOR + 64

    lab.say("a sector of slot-b cannot be written")
    machine, node = lab.boot_and_wait(
        disk,
        ("slot-a", "1.0"),
        Options(bad_sectors=(BadSector("write", middle),), broken_beside=beside),
    )
    _expect_update_fails(lab, node, image)
    machine.cut_power()
    lab.expect_slots(disk, slot_a=SlotState(1, 0, True), slot_b=UNBOOTABLE)

    lab.say("a sector of slot-b can be written, and not read back")
    machine, node = lab.boot_and_wait(
        disk,
        ("slot-a", "1.0"),
        Options(bad_sectors=(BadSector("read", middle),), broken_beside=beside),
    )
    _expect_update_fails(lab, node, image)
    machine.cut_power()
    lab.expect_slots(disk, slot_a=SlotState(1, 0, True), slot_b=UNBOOTABLE)

    lab.say("the disk is well, 2.0 is staged and activated; at its first start its kernel is gone")
    machine, node = lab.boot_and_wait(
        disk, ("slot-a", "1.0"), Options(stop_at_reboot=True, broken_beside=beside)
    )
    schedule = node.update_to(image, lab.publish(image))
    machine.wait_until_off(2 * BOOT_SECONDS)
    _expect_falls_back(lab, disk, schedule, kernel)

    lab.say("the sector was replaced: the next update goes all the way")
    machine, node = lab.boot_and_wait(disk, ("slot-a", "1.0"), Options(broken_beside=beside))
    schedule = node.update_to(image, lab.publish(image), "--force", "quarantine")
    node.wait_for_state(schedule, ["COMPLETED"], 2 * BOOT_SECONDS)
    lab.expect_running(node, "slot-b", "2.0")
    lab.expect_slots(disk, slot_a=SlotState(1, 0, True), slot_b=SlotState(2, 0, True))


def _expect_update_fails(lab: Lab, node: Node, image: Image) -> None:
    schedule = node.update_to(image, lab.publish(image))
    ended = node.wait_for_state(schedule, ["FAILED"], patient(300))
    lab.say(f"reason: {ended.reason}")
    expect(ended.reason.startswith("stage slot-b: "), "the reason does not say where")
    expect(_EIO in ended.reason, "the reason does not say what")
    lab.expect_running(node, "slot-a", "1.0")


def _expect_falls_back(lab: Lab, disk: Disk, schedule: str, kernel: int) -> None:
    machine, node = lab.boot_and_wait(
        disk, ("slot-a", "1.0"), Options(bad_sectors=(BadSector("read", kernel),))
    )
    machine.console.wait_for(r"matic-boot: slot-b refused", 1)
    ended = node.wait_for_state(schedule, ["ROLLED_BACK"], BOOT_SECONDS)
    lab.say(f"reason: {ended.reason}")
    expect("the boot selector refused slot-b" in ended.reason, "the reason is another")
    record = node.rollback_history()[0]
    expect_equal(record["cause"], "not-started", "the cause of the rollback")
    machine.cut_power()


def _kernel_offset(image: Image) -> int:
    """Of the section `uki` (docs/formats.md, "An image")."""
    with image.path.open("rb") as file:
        (squashfs,) = struct.unpack_from("<Q", file.read(96), 40)
        file.seek(-(-squashfs // 4096) * 4096)
        table = file.read(4096)
    (count,) = struct.unpack_from("<I", table, 12)
    for number in range(count):
        name, offset, _ = struct.unpack_from("<8sQQ", table, 24 + 64 * number)
        if name.rstrip(b"\0") == b"uki":
            return int(offset)
    raise AssertionError(f"{image.path} has no kernel")
