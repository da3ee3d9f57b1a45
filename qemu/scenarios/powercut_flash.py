"""The power fails in the middle of flashing: the old system boots, and the update goes on."""

from __future__ import annotations

from pathlib import Path

from harness.disk import SlotState
from harness.https_server import Behaviour
from harness.images import NEW
from harness.lab import FACTORY, UNBOOTABLE, Lab
from harness.machine import BOOT_SECONDS, patient
from harness.verdict import expect, expect_equal

CORE = True


def run(lab: Lab) -> None:
    disk = lab.disk()
    machine, node = lab.boot_and_wait(disk, ("slot-a", "1.0"))
    image = lab.images.get(NEW)
    slow = lab.publish(image, Behaviour(bytes_per_second=image.size // 60), "/slow")
    cut = node.update_to(image, slow)
    reached = node.wait_for(
        cut, "a third of the image", lambda now: now.bytes_done > image.size // 3, patient(120)
    )
    expect_equal(reached.phase, "FETCHING", "phase while it downloads")
    machine.cut_power()
    lab.say(f"power cut with {reached.bytes_done} of {image.size} bytes written")

    lab.expect_slots(disk, slot_a=FACTORY, slot_b=UNBOOTABLE)
    disk.table()
    expect(
        disk.read_partition("slot-b", 0, 4096) == bytes(4096),
        "slot-b's first block is there although nothing was verified",
    )
    expect(
        disk.read_partition("slot-b", 4096, 1 << 20) == _start_of(image.path)[4096:],
        "nothing had reached slot-b: the cut came too early to prove anything",
    )

    lab.publish(image, Behaviour(), "/slow")  # and not so any more
    machine, node = lab.boot_and_wait(disk, ("slot-a", "1.0"))
    lab.say("the update goes on by itself")
    node.wait_for_state(cut, ["COMPLETED"], 2 * BOOT_SECONDS)
    lab.expect_running(node, "slot-b", "2.0")
    lab.expect_slots(disk, slot_a=SlotState(1, 0, True), slot_b=SlotState(2, 0, True))


def _start_of(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(4096 + (1 << 20))
