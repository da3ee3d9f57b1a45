"""Forty updates in a row on a plain-file disk: the slots take turns, priorities never saturate."""

from __future__ import annotations

from harness.disk import SlotState
from harness.file_backed import FileBackedMachine, pack_tiny_image
from harness.lab import Lab
from harness.verdict import expect_equal

CORE = True

_UPDATES = 40


def run(lab: Lab) -> None:
    disk = lab.disk(slot_a=pack_tiny_image(lab.folder, "0"), size="256M")
    machine = FileBackedMachine(disk, lab.folder)
    try:
        expect_equal(machine.power_on(), "slot-a", "the first slot")
        for number in range(1, _UPDATES + 1):
            _update(lab, machine, number)
        expect_equal(machine.node.rollback_history(), [], "rollback history")
    finally:
        machine.power_off()


def _update(lab: Lab, machine: FileBackedMachine, number: int) -> None:
    old, new = ("slot-a", "slot-b") if number % 2 else ("slot-b", "slot-a")
    image = pack_tiny_image(lab.folder, str(number))
    schedule = machine.node.update_to(image, f"file://{image.path}")
    machine.wait_until_it_reboots()
    image.path.unlink()

    states = machine.disk.slot_states()
    expect_equal(
        (states[old], states[new]),
        (SlotState(1, 0, True), SlotState(2, 3, False)),
        f"slots when update {number} is activated",
    )
    expect_equal(machine.power_on(), new, f"the slot that update {number} starts")
    machine.node.wait_for_state(schedule, ["COMPLETED"], 30)
    lab.expect_running(machine.node, new, str(number))
    states = machine.disk.slot_states()
    expect_equal(
        (states[old], states[new]),
        (SlotState(1, 0, True), SlotState(2, 0, True)),
        f"slots when update {number} is confirmed",
    )
    machine.disk.table()
