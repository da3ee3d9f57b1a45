"""The state partition is empty: the system boots, says so, and can still be updated."""

from __future__ import annotations

from harness.disk import SlotState, wipe_partition
from harness.images import NEW
from harness.lab import Lab
from harness.machine import BOOT_SECONDS, patient
from harness.verdict import expect


def run(lab: Lab) -> None:
    disk = lab.disk()
    wipe_partition(disk, "state")
    machine, node = lab.boot_and_wait(disk, ("slot-a", "1.0"))
    said = machine.console.wait_for(r"(?i)matic.*state", 1)
    lab.say(f"the console says: {said.string.strip()}")
    problems = node.status()["problems"]
    lab.say(f"the agent says: {problems}")
    expect(any("state" in problem for problem in problems), f"no word of the state: {problems}")

    lab.say("update to 2.0")
    image = lab.images.get(NEW)
    mark = machine.console.mark()
    before = node.status()["boot_id"]
    node.update_to(image, lab.publish(image))
    lab.expect_trial_boot(machine, "slot-b", 2, BOOT_SECONDS, mark)
    node.wait_until_up(BOOT_SECONDS, but_not_boot=before)
    lab.expect_running(node, "slot-b", "2.0")
    # Nothing remembers the schedule; the unconfirmed system is adopted as a trial and judged.
    node.poll(
        lambda: disk.slot_state("slot-b").successful or None, patient(180), "slot-b to be confirmed"
    )
    lab.expect_slots(disk, slot_a=SlotState(1, 0, True), slot_b=SlotState(2, 0, True))
    expect(
        disk.read_partition("state", 0, 1 << 20) == bytes(1 << 20),
        "something was written to the lost state partition",
    )
