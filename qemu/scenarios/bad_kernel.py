"""The kernel is damaged after it was verified: the selector refuses it, and the old slot starts."""

from __future__ import annotations

from harness import image_layout
from harness.disk import SlotState, flip_bytes
from harness.images import NEW
from harness.lab import FACTORY, UNBOOTABLE, Lab
from harness.machine import BOOT_SECONDS, Options, patient
from harness.verdict import expect


def run(lab: Lab) -> None:
    disk = lab.disk()
    machine, node = lab.boot_and_wait(disk, ("slot-a", "1.0"), Options(stop_at_reboot=True))
    image = lab.images.get(NEW)
    schedule = node.update_to(image, lab.publish(image))
    machine.wait_until_off(BOOT_SECONDS)
    lab.expect_slots(disk, slot_a=FACTORY, slot_b=SlotState(2, 3, False))

    uki = image_layout.sections(image_layout.reader_of(image.path))["uki"]
    flip_bytes(disk, "slot-b", uki.offset + uki.length // 2, 1)
    lab.say("one byte in the middle of slot-b's kernel is flipped")

    machine = lab.boot(disk)
    refused = machine.console.wait_for(r"matic-boot: slot-b refused: (.*)", patient(60))
    lab.say(f"the selector refuses slot-b: {refused[1]}")
    machine.console.wait_for(r"matic-boot: starting slot-a \(priority 1, successful\)", patient(30))
    node = lab.node(machine)
    ended = node.wait_for_state(schedule, ["ROLLED_BACK"], BOOT_SECONDS)
    lab.say(f"reason: {ended.reason}")
    expect("selector refused" in ended.reason, f"unclear reason: {ended.reason}")
    lab.expect_running(node, "slot-a", "1.0")
    lab.expect_slots(disk, slot_a=FACTORY, slot_b=UNBOOTABLE)
