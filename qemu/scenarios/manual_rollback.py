"""A person goes back by hand: the old system runs, the reason is kept, no image quarantined."""

from __future__ import annotations

from harness.images import NEW
from harness.lab import Lab
from harness.machine import BOOT_SECONDS
from harness.verdict import expect, expect_equal


def run(lab: Lab) -> None:
    disk = lab.disk()
    machine, node = lab.boot_and_wait(disk, ("slot-a", "1.0"))
    image = lab.images.get(NEW)
    node.wait_for_state(node.update_to(image, lab.publish(image)), ["COMPLETED"], 2 * BOOT_SECONDS)
    lab.expect_running(node, "slot-b", "2.0")

    lab.say("osctl rollback trigger")
    mark = machine.console.mark()
    boot = node.status()["boot_id"]
    answer = node.call("rollback", "trigger", "--reason", "the new menu is ugly")
    expect_equal((answer["from"], answer["to"]), ("slot-b", "slot-a"), "from and to")
    machine.console.wait_for(
        r"matic-boot: starting slot-a \(priority \d+, successful\)", BOOT_SECONDS, mark
    )
    node.wait_until_up(BOOT_SECONDS, but_not_boot=boot)
    lab.expect_running(node, "slot-a", "1.0")
    expect(disk.slot_state("slot-a").successful, "slot-a is no longer successful")

    record = node.rollback_history()[0]
    expect_equal(
        (record["kind"], record["from"], record["to"]),
        ("ROLLBACK_KIND_MANUAL", "slot-b", "slot-a"),
        "the rollback's record",
    )
    expect("the new menu is ugly" in record["reason"], f"reason: {record['reason']}")
    expect("harness-admin" in record["requested_by"], f"requested by: {record['requested_by']}")
    expect_equal(node.status()["quarantined"], [], "quarantined images")
    lab.say("the same image again is accepted")
    node.wait_for_state(node.update_to(image, lab.publish(image)), ["COMPLETED"], 2 * BOOT_SECONDS)
    lab.expect_running(node, "slot-b", "2.0")
