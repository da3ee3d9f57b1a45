"""The power fails while health checks run: the update completes, the cut is not its failure."""

from __future__ import annotations

from harness.disk import SlotState
from harness.images import NEW
from harness.lab import Lab, agent_config
from harness.machine import BOOT_SECONDS, patient
from harness.verdict import expect_equal

# The boot check passes only so long after the start: time enough to see the checks run, and cut.
_MIN_UPTIME_SECONDS = 90


def run(lab: Lab) -> None:
    checks = {"boot": {"min_uptime_seconds": _MIN_UPTIME_SECONDS}}
    disk = lab.disk(
        config=agent_config(
            trial_deadline_seconds=400,
            health={"timeout_seconds": 240, "retries": 100, "checks": checks},
        )
    )
    machine, node = lab.boot_and_wait(disk, ("slot-a", "1.0"))
    # Checks that fail already before the update would not count in its trial.
    node.poll(
        lambda: int(node.status()["uptime_seconds"]) > _MIN_UPTIME_SECONDS or None,
        patient(240),
        "the boot check to pass",
    )
    image = lab.images.get(NEW)
    schedule = node.update_to(image, lab.publish(image))
    lab.expect_trial_boot(machine, "slot-b", 2, BOOT_SECONDS)
    node.wait_for(schedule, "health checks", lambda now: now.phase == "ON_TRIAL", BOOT_SECONDS)
    machine.cut_power()
    lab.say("power cut while health checks run")
    lab.expect_slots(disk, slot_a=SlotState(1, 0, True), slot_b=SlotState(2, 2, False))

    machine = lab.boot(disk)
    lab.expect_trial_boot(machine, "slot-b", 1, patient(60))
    node = lab.node(machine)
    node.wait_for_state(schedule, ["COMPLETED"], 2 * BOOT_SECONDS)
    lab.expect_running(node, "slot-b", "2.0")
    lab.expect_slots(disk, slot_a=SlotState(1, 0, True), slot_b=SlotState(2, 0, True))
    expect_equal(node.rollback_history(), [], "rollback history")
    expect_equal(node.status()["quarantined"], [], "quarantined images")
