"""The host's own reading of a disk: its GPT, from the bytes.

Written from the UEFI specification (chapter 5) and docs/formats.md, and independent of every
program under test, so that it can judge them. Also damages disks, as a failing drive would.
"""

from __future__ import annotations

import struct
import subprocess
import uuid
import zlib
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from harness.verdict import Failed

SECTOR = 512
_HEADER = struct.Struct("<8sIIIIQQQQ16sQIII")
_ENTRY = struct.Struct("<16s16sQQQ72s")
_SLOT_PREFIX = "slot-"


class Copy(Enum):
    PRIMARY = "primary"
    BACKUP = "backup"


class GptError(Failed):
    """A copy of the table is not valid, and why."""


@dataclass(frozen=True)
class SlotState:
    """What the boot selector decides by: bits 48-56 of a slot's attributes."""

    priority: int
    tries: int
    successful: bool

    @property
    def bootable(self) -> bool:
        return self.priority > 0 and (self.successful or self.tries > 0)

    def __str__(self) -> str:
        word = "successful" if self.successful else "not successful"
        return f"priority {self.priority}, tries {self.tries}, {word}"


@dataclass(frozen=True)
class Partition:
    number: int
    type: uuid.UUID
    guid: uuid.UUID
    first_lba: int
    last_lba: int
    attributes: int
    name: str

    @property
    def offset(self) -> int:
        return self.first_lba * SECTOR

    @property
    def size(self) -> int:
        return (self.last_lba - self.first_lba + 1) * SECTOR

    @property
    def slot_state(self) -> SlotState:
        return SlotState(
            priority=self.attributes >> 48 & 0xF,
            tries=self.attributes >> 52 & 0xF,
            successful=bool(self.attributes >> 56 & 1),
        )


@dataclass(frozen=True)
class Table:
    disk_guid: uuid.UUID
    first_usable_lba: int
    last_usable_lba: int
    partitions: tuple[Partition, ...]

    def partition(self, name: str) -> Partition:
        found = [p for p in self.partitions if p.name == name]
        if len(found) != 1:
            raise GptError(f"{len(found)} partitions named {name}, expected one")
        return found[0]


def _parse_entries(raw: bytes, entry_size: int) -> tuple[Partition, ...]:
    partitions = []
    for index in range(len(raw) // entry_size):
        fields = _ENTRY.unpack_from(raw, index * entry_size)
        if fields[0] == bytes(16):
            continue
        partitions.append(
            Partition(
                number=index + 1,
                type=uuid.UUID(bytes_le=fields[0]),
                guid=uuid.UUID(bytes_le=fields[1]),
                first_lba=fields[2],
                last_lba=fields[3],
                attributes=fields[4],
                name=fields[5].decode("utf-16-le").split("\0")[0],
            )
        )
    return tuple(partitions)


class Disk:
    """A raw disk image. May be read while a machine runs on it; written only when none does."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @property
    def sectors(self) -> int:
        return self.path.stat().st_size // SECTOR

    def read(self, offset: int, length: int) -> bytes:
        with self.path.open("rb") as file:
            file.seek(offset)
            data = file.read(length)
        if len(data) != length:
            raise Failed(f"{self.path}: {length} bytes at {offset} lie outside the disk")
        return data

    def write(self, offset: int, data: bytes) -> None:
        with self.path.open("r+b") as file:
            file.seek(offset)
            file.write(data)

    def copy_to(self, path: Path) -> Disk:
        subprocess.run(["cp", "--sparse=always", "--reflink=auto", self.path, path], check=True)
        return Disk(path)

    def read_copy(self, copy: Copy) -> Table:
        """Raises GptError when that copy is not valid in itself."""
        lba = 1 if copy is Copy.PRIMARY else self.sectors - 1
        raw = self.read(lba * SECTOR, SECTOR)
        (
            signature,
            revision,
            header_size,
            crc,
            _,
            my_lba,
            alternate,
            first_usable,
            last_usable,
            disk_guid,
            entries_lba,
            count,
            entry_size,
            entries_crc,
        ) = _HEADER.unpack_from(raw)

        def require(condition: bool, why: str) -> None:
            if not condition:
                raise GptError(f"{copy.value} GPT copy at LBA {lba}: {why}")

        require(signature == b"EFI PART", "no signature")
        require(revision == 0x10000 and _HEADER.size <= header_size <= SECTOR, "bad header")
        header = bytearray(raw[:header_size])
        header[16:20] = bytes(4)
        require(zlib.crc32(header) == crc, "header checksum does not match")
        require(my_lba == lba, f"says that it is at LBA {my_lba}")
        expected_other = self.sectors - 1 if copy is Copy.PRIMARY else 1
        require(alternate == expected_other, f"says that the other copy is at LBA {alternate}")
        require(entry_size >= _ENTRY.size and 0 < count <= 1024, "bad entry size or count")
        entries = self.read(entries_lba * SECTOR, count * entry_size)
        require(zlib.crc32(entries) == entries_crc, "entries' checksum does not match")
        return Table(
            uuid.UUID(bytes_le=disk_guid),
            first_usable,
            last_usable,
            _parse_entries(entries, entry_size),
        )

    def table(self) -> Table:
        """The one table of a disk at rest. GptError unless both copies are valid and equal."""
        primary, backup = self.read_copy(Copy.PRIMARY), self.read_copy(Copy.BACKUP)
        if primary != backup:
            raise GptError(f"{self.path}: the two GPT copies differ: {primary} and {backup}")
        return primary

    def is_whole(self) -> bool:
        """Both copies of the table are valid and equal."""
        try:
            self.table()
        except GptError:
            return False
        return True

    def current_table(self) -> Table:
        """What firmware would go by: the primary when valid, else the backup.

        The copies may lawfully differ by the try that the selector took (docs/formats.md).
        """
        try:
            return self.read_copy(Copy.PRIMARY)
        except GptError:
            return self.read_copy(Copy.BACKUP)

    def slot_state(self, slot: str) -> SlotState:
        return self.current_table().partition(slot).slot_state

    def slot_states(self) -> dict[str, SlotState]:
        return {
            p.name: p.slot_state
            for p in self.current_table().partitions
            if p.name.startswith(_SLOT_PREFIX)
        }

    def read_partition(self, name: str, offset: int, length: int) -> bytes:
        partition = self.current_table().partition(name)
        if offset + length > partition.size:
            raise Failed(f"{name}: {length} bytes at {offset} lie outside the partition")
        return self.read(partition.offset + offset, length)


def overwrite_gpt_copy(disk: Disk, copy: Copy) -> None:
    """Writes noise over a copy's header and entries, as a foreign tool would."""
    noise = b"\xa5not a partition table" * 800
    span = 33 * SECTOR  # one header sector and 32 of entries
    start = SECTOR if copy is Copy.PRIMARY else (disk.sectors - 33) * SECTOR
    disk.write(start, noise[:span])


def wipe_partition(disk: Disk, name: str) -> None:
    """Leaves nothing of a partition's content but zeros."""
    partition = disk.current_table().partition(name)
    zeros = bytes(1 << 20)
    done = 0
    while done < partition.size:
        step = min(len(zeros), partition.size - done)
        disk.write(partition.offset + done, zeros[:step])
        done += step


def flip_bytes(disk: Disk, name: str, offset: int, length: int) -> None:
    """Inverts bytes inside a partition, so that they certainly change."""
    start = disk.current_table().partition(name).offset + offset
    disk.write(start, bytes(byte ^ 0xFF for byte in disk.read(start, length)))
