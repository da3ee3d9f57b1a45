"""The host's own reading of an image: a squashfs, and behind it sections (docs/formats.md)."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from harness.verdict import Failed

BLOCK = 4096
_HEAD = struct.Struct("<8sIIQ")
_SECTION = struct.Struct("<8sQQ32s8s")

Read = Callable[[int, int], bytes]  # (offset, length) -> exactly that many bytes


@dataclass(frozen=True)
class Section:
    type: str
    offset: int
    length: int
    sha256: bytes


def squashfs_bytes(read: Read) -> int:
    superblock = read(0, 96)
    if superblock[:4] != b"hsqs":
        raise Failed("no squashfs at the start of the image")
    return int(struct.unpack_from("<Q", superblock, 40)[0])


def sections(read: Read) -> dict[str, Section]:
    used = squashfs_bytes(read)
    table = read(-(-used // BLOCK) * BLOCK, BLOCK)
    magic, version, count, stated = _HEAD.unpack_from(table)
    if magic != b"MATICIMG" or version != 1 or stated != used:
        raise Failed("no section table behind the squashfs")
    if zlib.crc32(table[:-4]) != struct.unpack_from("<I", table, BLOCK - 4)[0]:
        raise Failed("the section table's checksum does not match")
    found = {}
    for index in range(count):
        kind, offset, length, digest, _ = _SECTION.unpack_from(table, _HEAD.size + index * 64)
        name = kind.rstrip(b"\0").decode("ascii")
        found[name] = Section(name, offset, length, digest)
    return found


def reader_of(path: Path) -> Read:
    def read(offset: int, length: int) -> bytes:
        with path.open("rb") as file:
            file.seek(offset)
            data = file.read(length)
        if len(data) != length:
            raise Failed(f"{path}: ends before {offset + length}")
        return data

    return read
