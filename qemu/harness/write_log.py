"""What a machine wrote to its disk and when it flushed, and the disks a power cut could leave of it.

Killing QEMU loses no write, since the host's cache keeps them all. So its blklogwrites driver notes
each write and flush, in the format of Linux' dm-log-writes (Documentation/admin-guide/
device-mapper/log-writes.rst, drivers/md/dm-log-writes.c).
"""

from __future__ import annotations

import random
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from harness.disk import SECTOR, Disk
from harness.verdict import Failed

_MAGIC = 0x6A736677736872
_VERSION = 1
_SUPER = struct.Struct("<QQQI")  # magic, version, entries, sector size
_ENTRY = struct.Struct("<QQQQ")  # sector, sectors, flags, length of data
_FLUSH, _FUA, _DISCARD = 1, 2, 4
_TORN_AT = (512, 4096)


@dataclass(frozen=True)
class Write:
    offset: int  # on the disk
    length: int
    at: int  # where its data is in the log; a write of zeros, where it has none
    has_data: bool
    forced: bool  # it was on the medium when it was reported to be done (FUA)


class WriteLog:
    """Read once the machine is off. Its last entry may be cut off, as QEMU was killed."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._size = path.stat().st_size

    def epochs(self) -> Iterator[list[Write]]:
        """Writes between flushes, in the order in which they came. The last list was not flushed."""
        epoch: list[Write] = []
        for flags, write in self._entries():
            if write is not None:
                epoch.append(write)
            if flags & _FLUSH:
                yield epoch
                epoch = []
        yield epoch

    def data(self, write: Write) -> bytes:
        if not write.has_data:
            return bytes(write.length)
        with self._path.open("rb") as log:
            log.seek(write.at)
            return log.read(write.length)

    def _entries(self) -> Iterator[tuple[int, Write | None]]:
        with self._path.open("rb") as log:
            raw = log.read(_SUPER.size)
            if len(raw) < _SUPER.size:
                return  # killed before the first write
            magic, version, _, sector_size = _SUPER.unpack(raw)
            if not any(raw):
                # It is written at the first flush, and some firmware never flushes.
                sector_size = SECTOR
            elif (magic, version) != (_MAGIC, _VERSION):
                raise Failed(f"{self._path} is no log of writes")
            # How many there are is noted at flushes only; behind the last one are zeros.
            at = sector_size
            while True:
                log.seek(at)
                header = log.read(_ENTRY.size)
                if len(header) < _ENTRY.size or not any(header):
                    return
                sector, count, flags, _ = _ENTRY.unpack(header)
                length = count * sector_size
                has_data = not flags & _DISCARD
                end = at + sector_size + (length if has_data else 0)
                if end > self._size:
                    return
                write = (
                    Write(
                        sector * sector_size, length, at + sector_size, has_data, bool(flags & _FUA)
                    )
                    if length
                    else None
                )
                yield flags, write
                at = end


@dataclass
class Loss:
    """What became of the writes that were not flushed when the power failed."""

    flushed: int = 0
    kept: int = 0
    dropped: int = 0
    torn: int = 0

    def __str__(self) -> str:
        return (
            f"{self.flushed} writes flushed; of the others {self.kept} kept, {self.dropped} lost, "
            f"{self.torn} torn"
        )


def lose_power(disk: Disk, log: WriteLog, dice: random.Random) -> Loss:
    """Turns `disk`, as it was when the machine was powered on, into what a power cut leaves.

    Everything up to the last flush is there. Of the rest each write is kept, lost, or torn between
    two sectors. That is what reordering comes to as well: a drive keeps the newer of two writes to
    one place, or has not come to it.
    """
    loss = Loss()
    with disk.path.open("r+b") as file:

        def put(write: Write, first: int, last: int) -> None:
            file.seek(write.offset + first)
            file.write(log.data(write)[first:last])

        for epoch, is_last in _with_last(log.epochs()):
            # All of it gone, all of it there, and everything between.
            share = dice.choice((0.0, 1.0, dice.random())) if is_last else 1.0
            for write in epoch:
                if not is_last or write.forced:
                    put(write, 0, write.length)
                    loss.flushed += 1
                elif dice.random() >= share:
                    loss.dropped += 1
                elif write.length > SECTOR and dice.random() < 0.3:
                    unit = dice.choice([unit for unit in _TORN_AT if unit < write.length])
                    edge = dice.randrange(1, -(-write.length // unit)) * unit
                    put(write, *((0, edge) if dice.random() < 0.5 else (edge, write.length)))
                    loss.torn += 1
                else:
                    put(write, 0, write.length)
                    loss.kept += 1
    return loss


def _with_last(epochs: Iterator[list[Write]]) -> Iterator[tuple[list[Write], bool]]:
    held = next(epochs)
    for epoch in epochs:
        yield held, False
        held = epoch
    yield held, True
