"""The new kernel panics on every start: the selector falls back when its tries are used up."""

from __future__ import annotations

from harness.images import BAD_PANIC
from harness.lab import FACTORY, Lab
from harness.machine import BOOT_SECONDS, patient
from harness.verdict import expect, expect_equal

CORE = True


def run(lab: Lab) -> None:
    disk = lab.disk()
    machine, node = lab.boot_and_wait(disk, ("slot-a", "1.0"))
    image = lab.images.get(BAD_PANIC)
    schedule = node.update_to(image, lab.publish(image))

    mark = machine.console.mark()
    for tries_left in (2, 1, 0):
        lab.expect_trial_boot(machine, "slot-b", tries_left, BOOT_SECONDS, mark)
        machine.console.wait_for(r"Kernel panic", patient(120), mark)
        mark = machine.console.mark()
    machine.console.wait_for(
        r"matic-boot: starting slot-a \(priority 1, successful\)", patient(120), mark
    )
    lab.say("the selector falls back to slot-a without any userspace of slot-b")

    node.wait_for_state(schedule, ["ROLLED_BACK"], BOOT_SECONDS)
    lab.expect_running(node, "slot-a", "1.0")
    lab.expect_slots(disk, slot_a=FACTORY)
    expect(not disk.slot_state("slot-b").bootable, "the bad slot may still be started")
    record = node.rollback_history()[0]
    lab.say(f"reason: {record['reason']}")
    expect_equal(record["kind"], "ROLLBACK_KIND_AUTOMATIC", "kind of rollback")
    expect("attempts used up" in record["reason"], f"unclear reason: {record['reason']}")
