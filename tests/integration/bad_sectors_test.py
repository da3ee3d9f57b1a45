"""Sectors that cannot be read or written: the update fails and says where, what runs is not touched."""

from __future__ import annotations

import pytest
from device import SLOT_SIZE, Device
from faulty_disk import FaultyDisk
from harness.disk import SlotState
from harness.node import ENDED, UPDATE_FAILED, Schedule

EIO = "Input/output error"
UNBOOTABLE = SlotState(0, 0, False)


def failure(device: Device) -> str:
    image = device.factory.update
    outcome = device.node.run(
        *("schedule", "update", "--source", f"file://{image.path}", "--sha256", image.sha256),
        "--watch",
    )
    assert outcome.code == UPDATE_FAILED, outcome
    return Schedule.parse(outcome.objects[-1]["schedule"]).reason


def expect_slot_a_as_it_was(device: Device) -> None:
    partition = device.factory.disk.table().partition("slot-a")
    was = device.factory.disk.read(partition.offset, SLOT_SIZE)
    assert device.disk.read(partition.offset, SLOT_SIZE) == was
    assert device.starts().stdout == "slot-a\n"
    assert device.node.running()["name"] == "slot-a"


@pytest.mark.parametrize("verb", ["write", "read"])
@pytest.mark.parametrize("place", ["first block", "middle", "section table"])
def test_in_the_slot_that_is_written(disk: FaultyDisk, verb: str, place: str) -> None:
    size = disk.device.factory.update.size
    offset = {"first block": 0, "middle": size // 2 // 512 * 512, "section table": size - 512}[place]
    disk.set(disk.in_slot(verb, "slot-b", offset))
    reason = failure(disk.device)
    assert reason.startswith("stage slot-b: "), reason
    assert EIO in reason
    assert verb in reason
    assert disk.device.disk.slot_state("slot-b") == UNBOOTABLE
    expect_slot_a_as_it_was(disk.device)

    # Sectors that a disk has replaced by spare ones.
    disk.set()
    disk.device.expect_takes_an_update()


@pytest.mark.parametrize("verb", ["write", "read"])
def test_in_both_copies_of_the_table(disk: FaultyDisk, verb: str) -> None:
    disk.set(*disk.tables(verb, "primary", "backup"))
    image = disk.device.factory.update
    outcome = disk.device.node.run(
        *("schedule", "update", "--source", f"file://{image.path}", "--sha256", image.sha256),
        "--watch",
    )
    assert outcome.code != 0
    says = EIO if verb == "write" else "primary: it cannot be read; backup: it cannot be read"
    assert says in outcome.stdout + outcome.stderr, outcome
    disk.set()
    expect_slot_a_as_it_was(disk.device)
    disk.device.expect_takes_an_update()


@pytest.mark.parametrize("copy", ["primary", "backup"])
def test_in_one_copy_of_the_table_that_cannot_be_written(disk: FaultyDisk, copy: str) -> None:
    """What is said depends on the copy; what the firmware starts does not."""
    device = disk.device
    disk.set(*disk.tables("write", copy))
    image = device.factory.update
    outcome = device.node.run(
        *("schedule", "update", "--source", f"file://{image.path}", "--sha256", image.sha256),
        "--watch",
    )
    assert outcome.code == UPDATE_FAILED, outcome
    assert EIO in Schedule.parse(outcome.objects[-1]["schedule"]).reason
    expect_slot_a_as_it_was(device)
    disk.set()
    device.restart()
    expect_slot_a_as_it_was(device)
    assert device.disk.table().partition("slot-a"), "both copies are the same again"
    device.expect_takes_an_update()


@pytest.mark.parametrize("copy", ["primary", "backup"])
def test_in_one_copy_of_the_table_that_cannot_be_read(disk: FaultyDisk, copy: str) -> None:
    device = disk.device
    disk.set(*disk.tables("read", copy))
    assert device.starts().stdout == "slot-a\n"
    status = device.node.run("status")
    assert status.code == 0, status
    image = device.factory.update
    outcome = device.node.run(
        *("schedule", "update", "--source", f"file://{image.path}", "--sha256", image.sha256),
        "--stop-after-staging",
        "--watch",
    )
    assert outcome.code == UPDATE_FAILED, outcome
    reason = Schedule.parse(outcome.objects[-1]["schedule"]).reason
    what = f"the {copy} partition table was written and is still not good (it cannot be read)"
    assert reason == f"stage slot-b: {device.disk.path}: {what}"
    expect_slot_a_as_it_was(device)
    disk.set()
    for schedule in device.node.call("schedule", "list").get("schedules", []):
        if schedule["state"].removeprefix("SCHEDULE_STATE_") not in ENDED:
            device.node.call("schedule", "cancel", schedule["id"])
    device.restart()
    device.expect_takes_an_update()


def test_a_confirmation_that_is_not_taken_is_made_up_for(disk: FaultyDisk) -> None:
    device = disk.device
    image = device.factory.update
    schedule = device.node.update_to(image, f"file://{image.path}")
    device.machine.wait_until_it_reboots()
    disk.set(*disk.tables("write", "primary", "backup"))
    assert device.machine.power_on() == "slot-b"
    device.node.poll(
        lambda: [p for p in device.node.status()["problems"] if "confirm the running" in p] or None,
        30,
        "a problem that tells of it",
    )
    assert not device.disk.slot_state("slot-b").successful
    assert device.node.schedule(schedule).state == "IN_PROGRESS"
    disk.set()
    device.node.wait_for_state(schedule, ["COMPLETED"], 40)
    assert device.disk.slot_state("slot-b").successful


def test_a_disk_that_is_slow(disk: FaultyDisk) -> None:
    disk.set("slow 20")
    device = disk.device
    image = device.factory.update
    schedule = device.node.update_to(image, f"file://{image.path}")
    device.machine.wait_until_it_reboots(120)
    assert device.machine.power_on(120) == "slot-b"
    device.node.wait_for_state(schedule, ["COMPLETED"], 120)
