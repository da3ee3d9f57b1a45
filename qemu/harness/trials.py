"""Stories that more than one scenario tells."""

from __future__ import annotations

from harness.images import Recipe
from harness.lab import FACTORY, Lab, agent_config
from harness.machine import BOOT_SECONDS, patient
from harness.verdict import expect, expect_equal

# As short as an emulated machine allows: the agent wants a minute between the end of the health
# checks and the deadline, and a system must have time to start.
_DEADLINE_SECONDS = 90


def deadline_brings_back(lab: Lab, recipe: Recipe) -> None:
    """A new system without a working agent is ended by matic-deadline, and counts as one strike."""
    disk = lab.disk(
        config=agent_config(
            tries=1,
            trial_deadline_seconds=_DEADLINE_SECONDS,
            health={"timeout_seconds": 30, "interval_seconds": 2, "retries": 5},
        )
    )
    machine, node = lab.boot_and_wait(disk, ("slot-a", "1.0"))
    image = lab.images.get(recipe)
    schedule = node.update_to(image, lab.publish(image), "--health-check-timeout", "30")

    mark = machine.console.mark()
    lab.expect_trial_boot(machine, "slot-b", 0, BOOT_SECONDS, mark)
    machine.console.wait_for(r"matic-deadline", patient(_DEADLINE_SECONDS + 120), mark)
    machine.console.wait_for(
        r"matic-boot: starting slot-a \(priority 1, successful\)",
        patient(_DEADLINE_SECONDS + 120),
        mark,
    )
    lab.say("the deadline passed, and the selector falls back to slot-a")

    ended = node.wait_for_state(schedule, ["ROLLED_BACK"], BOOT_SECONDS)
    lab.say(f"reason: {ended.reason}")
    lab.expect_running(node, "slot-a", "1.0")
    lab.expect_slots(disk, slot_a=FACTORY)
    expect(not disk.slot_state("slot-b").bootable, "the bad slot may still be started")
    record = node.rollback_history()[0]
    expect_equal(record["kind"], "ROLLBACK_KIND_AUTOMATIC", "kind of rollback")
    expect("attempts used up" in record["reason"], f"unclear reason: {record['reason']}")
    expect(
        image.sha256 not in node.status()["quarantined"],
        "one strike without a verdict quarantined the image",
    )
