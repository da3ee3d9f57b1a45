"""Real firmware starts on an empty disk, shows itself on the console, and can be cut off."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.disk import Disk
from harness.machine import Machine, patient


@pytest.fixture
def empty_disk(tmp_path: Path) -> Disk:
    path = tmp_path / "empty.img"
    with path.open("wb") as file:
        file.truncate(8 << 20)
    return Disk(path)


def test_firmware_finds_nothing_to_start_on_an_empty_disk(empty_disk: Disk, tmp_path: Path) -> None:
    machine = Machine(empty_disk, tmp_path / "1")
    try:
        machine.console.wait_for(
            r"BdsDxe: failed to load|UEFI Interactive Shell|No bootable", patient(60)
        )
        assert machine.running
    finally:
        machine.cut_power()
    assert not machine.running
    assert (tmp_path / "empty.vars").exists()
