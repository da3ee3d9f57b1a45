"""Disks that are not what they should be: the agent says so, touches nothing, and outlives it."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from device import Device, Factory, first_difference
from faulty_disk import FaultyDisk
from harness import paths
from harness.disk import Copy, overwrite_gpt_copy
from harness.node import REFUSED

NO_SLOT = "slot-b: no partition of that type and name"
NO_TABLE = "the disk has no GUID partition table"


def rename_slot_b(device: Device, name: str) -> None:
    subprocess.run(
        ["sfdisk", "--quiet", "--part-label", device.disk.path, "3", name],
        check=True,
        capture_output=True,
    )


def expect_says(device: Device, what: str) -> None:
    """Every way to change something is refused with what is wrong with which disk."""
    what = f"{device.disk.path}: {what}"
    assert what in device.node.status()["problems"]
    update = device.factory.update
    for command in (
        ["schedule", "update", "--source", f"file://{update.path}", "--sha256", update.sha256],
        ["rollback", "trigger"],
    ):
        assert device.refusal(REFUSED, *command) == f"this machine cannot be updated: {what}"
    assert device.node.call("health")["state"] != "HEALTH_STATE_UNSPECIFIED"


@pytest.mark.parametrize("agent", ["while the agent runs", "before it starts"])
def test_a_slot_is_missing(device: Device, tmp_path: Path, agent: str) -> None:
    rename_slot_b(device, "data")
    found = device.disk.copy_to(tmp_path / "found.img")
    if agent == "before it starts":
        device.restart()
    expect_says(device, NO_SLOT)
    assert device.starts().stdout == "slot-a\n"
    assert first_difference(device.disk.path, found.path) is None

    rename_slot_b(device, "slot-b")
    device.restart()
    device.expect_takes_an_update()


@pytest.mark.parametrize("agent", ["while the agent runs", "before it starts"])
def test_the_partition_table_is_gone(device: Device, tmp_path: Path, agent: str) -> None:
    for copy in Copy:
        overwrite_gpt_copy(device.disk, copy)
    found = device.disk.copy_to(tmp_path / "found.img")
    if agent == "before it starts":
        device.restart()
    expect_says(device, NO_TABLE)
    assert device.starts().returncode == 1
    assert "no valid partition table" in device.starts().stderr
    assert first_difference(device.disk.path, found.path) is None

    # Whoever puts the table back has everything back.
    for offset in (0, (device.disk.sectors - 33) * 512):
        device.disk.write(offset, device.factory.disk.read(offset, 33 * 512))
    device.disk.write(33 * 512, device.factory.disk.read(33 * 512, 512))
    device.restart()
    device.expect_untouched()
    device.expect_takes_an_update()


def spoil(device: Device, copy: Copy, part: str) -> None:
    """One byte of the header, or of the entries behind it."""
    end = device.disk.sectors * 512
    offset = {
        (Copy.PRIMARY, "header"): 512 + 16,
        (Copy.PRIMARY, "entries"): 1024 + 8,
        (Copy.BACKUP, "header"): end - 512 + 16,
        (Copy.BACKUP, "entries"): end - 33 * 512 + 8,
    }[copy, part]
    byte = device.disk.read(offset, 1)[0]
    device.disk.write(offset, bytes([byte ^ 0xFF]))


@pytest.mark.parametrize("of_primary", ["header", "entries"])
@pytest.mark.parametrize("of_backup", ["header", "entries"])
def test_a_part_of_each_copy_is_damaged(device: Device, of_primary: str, of_backup: str) -> None:
    """Neither is made up from what is left of the other: nothing is written."""
    for copy, part in ((Copy.PRIMARY, of_primary), (Copy.BACKUP, of_backup)):
        spoil(device, copy, part)
    found = device.disk.copy_to(device.folder / "found.img")
    of = {"header": "header's", "entries": "entries'"}
    what = (
        "neither copy of the partition table is valid; "
        f"primary: its {of[of_primary]} checksum does not match; "
        f"backup: its {of[of_backup]} checksum does not match"
    )
    expect_says(device, what)
    device.restart()
    expect_says(device, what)
    assert device.starts().returncode == 1
    assert first_difference(device.disk.path, found.path) is None

    for copy, part in ((Copy.PRIMARY, of_primary), (Copy.BACKUP, of_backup)):
        spoil(device, copy, part)
    device.restart()
    device.expect_untouched()
    device.expect_takes_an_update()


@pytest.mark.parametrize("copy", list(Copy))
@pytest.mark.parametrize("part", ["header", "entries"])
def test_a_part_of_one_copy_is_damaged(device: Device, copy: Copy, part: str) -> None:
    spoil(device, copy, part)
    assert device.starts().stdout == "slot-a\n"
    device.restart()
    device.expect_untouched()  # it was mended from the other
    device.expect_takes_an_update()


def test_the_disk_has_grown(device: Device) -> None:
    """The image of a small disk on a larger one: the backup is in the middle of nowhere."""
    device.machine.power_off()
    with device.disk.path.open("r+b") as file:
        file.truncate(device.disk.sectors * 512 + (64 << 20))
    assert device.starts().stdout == "slot-a\n"
    device.machine.start_agent()
    device.node.wait_until_up(20)
    assert device.node.status()["problems"] == []
    device.expect_takes_an_update()
    assert device.disk.read_copy(Copy.BACKUP) == device.disk.read_copy(Copy.PRIMARY)


def test_the_partition_of_the_boot_selector_is_gone(device: Device) -> None:
    """Only firmware reads it: an agent neither needs nor mends it, and does its work."""
    esp = device.disk.table().partition("esp")
    device.disk.write(esp.offset, b"\xff" * esp.size)
    device.restart()
    assert device.node.status()["problems"] == []
    device.expect_takes_an_update()
    assert device.disk.read(esp.offset, esp.size) == b"\xff" * esp.size


def test_nor_does_it_matter_that_it_cannot_be_read(disk: FaultyDisk) -> None:
    esp = disk.device.disk.table().partition("esp")
    disk.set(disk.in_slot("read", "esp", 0, esp.size), disk.in_slot("write", "esp", 0, esp.size))
    disk.device.restart()
    assert disk.device.node.status()["problems"] == []
    disk.device.expect_takes_an_update()


def test_the_disk_is_not_there(factory: Factory, tmp_path: Path) -> None:
    device = Device(factory, tmp_path)
    device.disk.path.unlink()
    done = subprocess.run(
        [paths.AGENT, "--config", tmp_path / "agent.yaml"],
        capture_output=True,
        text=True,
        check=False,
        timeout=20,
    )
    assert done.returncode == 1
    assert f"open {device.disk.path}: No such file or directory" in done.stderr
    assert not device.disk.path.exists()


def test_an_agent_that_is_told_the_wrong_slot(device: Device) -> None:
    """Facts of the boot that cannot be: nothing may be written on their word."""
    facts = device.folder / "boot-facts.json"
    facts.write_text('{"boot_id": "b", "slot": "slot-c"}')
    device.restart()
    update = device.factory.update
    message = device.refusal(
        REFUSED,
        *("schedule", "update", "--source", f"file://{update.path}", "--sha256", update.sha256),
    )
    assert str(facts) in message
    assert first_difference(device.disk.path, device.factory.disk.path) is None
