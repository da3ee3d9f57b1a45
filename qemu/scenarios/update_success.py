"""An image is downloaded over HTTPS, flashed, tried, found healthy and confirmed."""

from __future__ import annotations

from harness import measurements
from harness.disk import SlotState
from harness.images import NEW
from harness.lab import Lab
from harness.machine import BOOT_SECONDS, Options
from harness.node import DONE
from harness.verdict import expect, expect_equal

CORE = True


def run(lab: Lab) -> None:
    disk = lab.disk()
    machine, node = lab.boot_and_wait(disk, ("slot-a", "1.0"), Options(shell=True))
    lab.expect_well(machine)
    machine.console.wait_for(r"matic-boot: starting slot-a \(priority 1, successful\)", 1)
    image = lab.images.get(NEW)

    lab.say("update to 2.0, and watch until it has ended")
    watched = node.run(
        "schedule",
        "update",
        "--source",
        lab.publish(image),
        "--sha256",
        image.sha256,
        "--enable-auto-rollback",
        "--watch",
        timeout=3 * BOOT_SECONDS,
    )
    expect_equal(watched.code, DONE, "exit code of osctl --watch")
    expect("SCHEDULE_STATE_COMPLETED" in watched.stdout, "the watch did not end COMPLETED")

    lab.expect_trial_boot(machine, "slot-b", tries_left=2, timeout=1)
    lab.expect_running(node, "slot-b", "2.0")
    lab.expect_well(machine)
    lab.expect_slots(disk, slot_a=SlotState(1, 0, True), slot_b=SlotState(2, 0, True))
    disk.table()
    expect_equal(
        disk.read_partition("slot-b", 0, image.size), image.path.read_bytes(), "slot-b's content"
    )
    expect_equal(node.rollback_history(), [], "rollback history")
    health = node.health()
    expect(
        health["state"] in ("HEALTH_STATE_HEALTHY", "HEALTH_STATE_DEGRADED"),
        f"health after the update: {health}",
    )

    for text in measurements.boot_times(machine.console):
        lab.say(text)
