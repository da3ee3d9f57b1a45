"""The bench's own reading of an image's index (docs/formats.md), and how two of them differ."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterable
from dataclasses import dataclass

_HEAD = struct.Struct("<8sIIQ32s")
_CHUNK = struct.Struct("<I32s")
_GAP = 32 * 1024  # what lies between two pieces that are fetched is fetched along, where it is no more


@dataclass(frozen=True)
class Chunk:
    offset: int
    length: int
    sha256: bytes


@dataclass(frozen=True)
class Difference:
    """What an image has and another has not."""

    bytes: int
    runs: int
    merged_bytes: int  # with small gaps
    merged_runs: int


def parse(file: bytes) -> list[Chunk]:
    """ValueError where it is no index."""
    if len(file) < _HEAD.size + 4 or zlib.crc32(file[:-4]) != struct.unpack("<I", file[-4:])[0]:
        raise ValueError("the index's checksum does not match")
    magic, version, count, image_bytes, _ = _HEAD.unpack_from(file)
    if magic != b"MATICIDX" or version != 1 or len(file) != _HEAD.size + count * _CHUNK.size + 4:
        raise ValueError("no index of version 1")
    chunks, offset = [], 0
    for length, sha256 in _CHUNK.iter_unpack(file[_HEAD.size:-4]):
        chunks.append(Chunk(offset, length, sha256))
        offset += length
    if offset != image_bytes:
        raise ValueError(f"chunks of {offset} bytes in an image of {image_bytes}")
    return chunks


def difference(old: Iterable[Chunk], new: Iterable[Chunk]) -> Difference:
    known = {chunk.sha256 for chunk in old}
    missing = [(chunk.offset, chunk.offset + chunk.length) for chunk in new if chunk.sha256 not in known]
    runs, merged = _joined(missing, 0), _joined(missing, _GAP)
    return Difference(_length(runs), len(runs), _length(merged), len(merged))


def _joined(pieces: Iterable[tuple[int, int]], gap: int) -> list[tuple[int, int]]:
    runs: list[tuple[int, int]] = []
    for begin, end in pieces:
        if runs and begin - runs[-1][1] <= gap:
            runs[-1] = (runs[-1][0], end)
        else:
            runs.append((begin, end))
    return runs


def _length(runs: Iterable[tuple[int, int]]) -> int:
    return sum(end - begin for begin, end in runs)
