"""How two indexes differ, from bytes laid out as docs/formats.md has them."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Sequence

import pytest

from benching.deltas.chunk_index import Difference, difference, parse


def index(chunks: Sequence[tuple[str, int]], stated: int | None = None) -> bytes:
    """Of chunks, each with a letter for a hash and a length."""
    total = sum(length for _, length in chunks)
    body = struct.pack("<8sIIQ32s", b"MATICIDX", 1, len(chunks), total if stated is None else stated, bytes(32))
    body += b"".join(struct.pack("<I32s", length, name.encode() * 32) for name, length in chunks)
    return body + struct.pack("<I", zlib.crc32(body))


def test_what_is_there_already_is_no_difference_wherever_it_lies() -> None:
    old = parse(index([("a", 100_000), ("b", 50_000)]))
    new = parse(index([("b", 50_000), ("a", 100_000)]))
    assert difference(old, new) == Difference(0, 0, 0, 0)


def test_neighbours_are_one_run_and_small_gaps_are_fetched_along() -> None:
    old = parse(index([("a", 32_768), ("b", 32_769)]))
    new = parse(index([("x", 10), ("y", 20), ("a", 32_768), ("z", 40), ("b", 32_769), ("w", 80)]))
    assert difference(old, new) == Difference(bytes=150, runs=3, merged_bytes=150 + 32_768, merged_runs=2)


def test_chunks_lie_one_behind_the_other() -> None:
    assert [chunk.offset for chunk in parse(index([("a", 7), ("b", 8), ("c", 9)]))] == [0, 7, 15]


@pytest.mark.parametrize("broken", [
    b"", index([("a", 1)])[:-1], index([("a", 1)]).replace(b"MATICIDX", b"MATICIDY"), index([("a", 1)], stated=2)])
def test_what_is_no_index_is_refused(broken: bytes) -> None:
    with pytest.raises(ValueError):
        parse(broken)
