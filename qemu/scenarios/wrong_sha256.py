"""The download does not match its SHA-256: Failed, a clear reason, nothing bootable changed."""

from __future__ import annotations

from harness.images import NEW
from harness.lab import FACTORY, UNBOOTABLE, Lab
from harness.machine import patient
from harness.node import UPDATE_FAILED
from harness.verdict import expect, expect_equal

CORE = True


def run(lab: Lab) -> None:
    disk = lab.disk()
    _, node = lab.boot_and_wait(disk, ("slot-a", "1.0"))
    image = lab.images.get(NEW)
    wrong = "0" * 63 + "1"
    boot = node.status()["boot_id"]
    watched = node.run(
        "schedule",
        "update",
        "--source",
        lab.publish(image),
        "--sha256",
        wrong,
        "--enable-auto-rollback",
        "--watch",
        timeout=patient(240),
    )
    expect_equal(watched.code, UPDATE_FAILED, "exit code of osctl --watch")
    last = node.call("schedule", "list")["schedules"][0]
    lab.say(f"reason: {last['reason']}")
    expect_equal(last["state"], "SCHEDULE_STATE_FAILED", "the schedule's state")
    expect(
        image.sha256 in last["reason"] and wrong in last["reason"],
        f"the reason does not name both digests: {last['reason']}",
    )
    lab.expect_running(node, "slot-a", "1.0")
    expect_equal(node.status()["boot_id"], boot, "boot id")
    lab.expect_slots(disk, slot_a=FACTORY, slot_b=UNBOOTABLE)
    expect(
        disk.read_partition("slot-b", 0, 4096) == bytes(4096), "slot-b's first block was written"
    )
