"""An image's sections are found behind its squashfs, and a damaged table is not believed."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path

import pytest

from harness import image_layout
from harness.verdict import Failed

USED = 5000


def image(magic: bytes = b"MATICIMG") -> bytes:
    superblock = bytearray(96)
    superblock[:4] = b"hsqs"
    struct.pack_into("<Q", superblock, 40, USED)
    table = bytearray(4096)
    struct.pack_into("<8sIIQ", table, 0, magic, 1, 1, USED)
    struct.pack_into("<8sQQ32s8s", table, 24, b"uki", 12288, 777, b"\x11" * 32, b"")
    struct.pack_into("<I", table, 4092, zlib.crc32(table[:-4]))
    return bytes(superblock).ljust(8192, b"s") + bytes(table) + b"u" * 777


def test_finds_the_kernel(tmp_path: Path) -> None:
    path = tmp_path / "image"
    path.write_bytes(image())
    read = image_layout.reader_of(path)
    assert image_layout.squashfs_bytes(read) == USED
    assert image_layout.sections(read) == {
        "uki": image_layout.Section("uki", 12288, 777, b"\x11" * 32)
    }


@pytest.mark.parametrize("content", [image(b"MATICIMX"), bytes(20000), image()[:9000]])
def test_refuses_what_is_no_image(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "image"
    path.write_bytes(content)
    with pytest.raises(Failed):
        image_layout.sections(image_layout.reader_of(path))
