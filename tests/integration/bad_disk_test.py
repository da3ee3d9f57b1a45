"""Disks that are not what they should be: the agent says so, touches nothing, and outlives it."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from device import Device, Factory, first_difference
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
