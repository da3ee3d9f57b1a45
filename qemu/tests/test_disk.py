"""The host's reading of a disk agrees with sgdisk's writing of it."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from harness.disk import (
    SECTOR,
    Copy,
    Disk,
    GptError,
    SlotState,
    flip_bytes,
    overwrite_gpt_copy,
    wipe_partition,
)
from harness.verdict import Failed

ROOT_X86 = "4f68bce3-e8cd-4db1-96e7-fbcaf984b709"


@pytest.fixture
def disk(tmp_path: Path) -> Disk:
    path = tmp_path / "disk.img"
    with path.open("wb") as file:
        file.truncate(64 << 20)
    subprocess.run(
        [
            "sgdisk",
            "--new=1:2048:+4M",
            "--typecode=1:ef00",
            "--change-name=1:esp",
            "--new=2:0:+16M",
            f"--typecode=2:{ROOT_X86}",
            "--change-name=2:slot-a",
            "--attributes=2:set:48",
            "--attributes=2:set:56",
            "--attributes=2:set:60",
            "--new=3:0:+16M",
            f"--typecode=3:{ROOT_X86}",
            "--change-name=3:slot-b",
            "--attributes=3:set:49",
            "--attributes=3:set:52",
            "--attributes=3:set:53",
            "--new=4:0:0",
            "--change-name=4:state",
            path,
        ],
        check=True,
        stdout=subprocess.DEVNULL,
    )
    return Disk(path)


def test_reads_partitions_and_slot_states(disk: Disk) -> None:
    table = disk.table()
    assert [p.name for p in table.partitions] == ["esp", "slot-a", "slot-b", "state"]
    assert str(table.partition("slot-a").type) == ROOT_X86
    assert table.partition("esp").offset == 2048 * SECTOR
    assert table.partition("slot-b").size == 16 << 20
    assert disk.slot_states() == {"slot-a": SlotState(1, 0, True), "slot-b": SlotState(2, 3, False)}


def test_a_slot_is_bootable_by_priority_and_success_or_tries() -> None:
    assert SlotState(1, 0, True).bootable
    assert SlotState(2, 1, False).bootable
    assert not SlotState(2, 0, False).bootable
    assert not SlotState(0, 3, True).bootable


@pytest.mark.parametrize(
    "damaged, left", [(Copy.PRIMARY, Copy.BACKUP), (Copy.BACKUP, Copy.PRIMARY)]
)
def test_an_overwritten_copy_is_invalid_and_the_other_still_read(
    disk: Disk, damaged: Copy, left: Copy
) -> None:
    before = disk.table()
    overwrite_gpt_copy(disk, damaged)
    with pytest.raises(GptError, match=damaged.value):
        disk.read_copy(damaged)
    with pytest.raises(GptError):
        disk.table()
    assert disk.read_copy(left) == before
    assert disk.current_table() == before


def test_copies_that_differ_are_not_one_table(disk: Disk) -> None:
    old_backup = disk.read((disk.sectors - 33) * SECTOR, 33 * SECTOR)
    subprocess.run(
        ["sgdisk", "--attributes=3:clear:52", disk.path], check=True, stdout=subprocess.DEVNULL
    )
    disk.write((disk.sectors - 33) * SECTOR, old_backup)
    with pytest.raises(GptError, match="differ"):
        disk.table()
    assert disk.slot_state("slot-b") == SlotState(2, 2, False)


def test_a_flipped_attribute_bit_breaks_the_checksum(disk: Disk) -> None:
    entry = disk.read(2 * SECTOR + 128, 128)
    disk.write(2 * SECTOR + 128 + 54, bytes([entry[54] ^ 0x20]))
    with pytest.raises(GptError, match="entries' checksum"):
        disk.read_copy(Copy.PRIMARY)


def test_damage_stays_inside_its_partition(disk: Disk) -> None:
    before = disk.table()
    disk.write(before.partition("slot-a").offset, b"a" * 4096)
    disk.write(before.partition("state").offset, b"s" * 4096)
    wipe_partition(disk, "state")
    flip_bytes(disk, "slot-a", 10, 5)
    assert disk.table() == before
    assert disk.read_partition("state", 0, 4096) == bytes(4096)
    assert disk.read_partition("slot-a", 0, 20) == b"a" * 10 + b"\x9e" * 5 + b"a" * 5
    with pytest.raises(Failed, match="outside"):
        disk.read_partition("slot-a", (16 << 20) - 1, 2)


def test_a_copy_is_the_same_disk_elsewhere(disk: Disk, tmp_path: Path) -> None:
    copy = disk.copy_to(tmp_path / "copy.img")
    assert copy.table() == disk.table()
    overwrite_gpt_copy(copy, Copy.PRIMARY)
    disk.table()
