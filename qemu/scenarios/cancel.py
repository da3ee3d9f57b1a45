"""An update is cancelled in the middle of flashing: nothing remains, and the next one may start."""

from __future__ import annotations

from harness.https_server import Behaviour
from harness.images import NEW
from harness.lab import FACTORY, UNBOOTABLE, Lab
from harness.machine import BOOT_SECONDS, patient
from harness.node import REFUSED
from harness.verdict import expect, expect_equal


def run(lab: Lab) -> None:
    disk = lab.disk()
    _, node = lab.boot_and_wait(disk, ("slot-a", "1.0"))
    image = lab.images.get(NEW)
    slow = lab.publish(image, Behaviour(bytes_per_second=image.size // 60), "/slow")
    schedule = node.update_to(image, slow)
    node.wait_for(
        schedule, "a fifth of the image", lambda now: now.bytes_done > image.size // 5, patient(120)
    )

    second = node.run("schedule", "update", "--source", slow, "--sha256", image.sha256)
    expect_equal(second.code, REFUSED, "exit code for a second update while one runs")

    node.call("schedule", "cancel", schedule)
    ended = node.wait_for_state(schedule, ["CANCELLED"], patient(30))
    lab.say(f"reason: {ended.reason}")
    lab.expect_running(node, "slot-a", "1.0")
    lab.expect_slots(disk, slot_a=FACTORY, slot_b=UNBOOTABLE)
    expect(
        disk.read_partition("slot-b", 0, 4096) == bytes(4096), "slot-b's first block was written"
    )
    node.call("schedule", "cancel", schedule)
    lab.say("cancelled; asking again changes nothing")

    node.wait_for_state(node.update_to(image, lab.publish(image)), ["COMPLETED"], 2 * BOOT_SECONDS)
    lab.expect_running(node, "slot-b", "2.0")
