"""A critical health check fails in the new system: it goes back by itself, and says why."""

from __future__ import annotations

from harness.images import BAD_SERVICE
from harness.disk import SlotState
from harness.lab import UNBOOTABLE, Lab
from harness.machine import BOOT_SECONDS
from harness.node import REFUSED, ROLLED_BACK
from harness.verdict import expect, expect_equal

CORE = True


def run(lab: Lab) -> None:
    disk = lab.disk()
    machine, node = lab.boot_and_wait(disk, ("slot-a", "1.0"))
    image = lab.images.get(BAD_SERVICE)
    url = lab.publish(image)

    lab.say("update to an image whose service check fails")
    watched = node.run(
        "schedule",
        "update",
        "--source",
        url,
        "--sha256",
        image.sha256,
        "--enable-auto-rollback",
        "--watch",
        timeout=4 * BOOT_SECONDS,
    )
    expect_equal(watched.code, ROLLED_BACK, "exit code of osctl --watch")
    lab.expect_trial_boot(machine, "slot-b", tries_left=2, timeout=1)
    lab.expect_running(node, "slot-a", "1.0")
    gone_back_to = SlotState(priority=2, tries=0, successful=True)
    lab.expect_slots(disk, slot_a=gone_back_to, slot_b=UNBOOTABLE)

    records = node.rollback_history()
    expect_equal(len(records), 1, "number of rollbacks")
    record = records[0]
    lab.say(f"reason: {record['reason']}")
    expect_equal(
        (record["kind"], record["from"], record["to"]),
        ("ROLLBACK_KIND_AUTOMATIC", "slot-b", "slot-a"),
        "the rollback's record",
    )
    expect("service" in record["reason"], f"the reason names no check: {record['reason']}")

    lab.say("the same image again is refused: it is quarantined")
    again = node.run("schedule", "update", "--source", url, "--sha256", image.sha256)
    expect_equal(again.code, REFUSED, "exit code for a quarantined image")
    expect(image.sha256 in node.status()["quarantined"], "its digest is not listed as quarantined")
