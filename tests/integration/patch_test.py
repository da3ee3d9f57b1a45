"""osctl image patch, and what manifest create makes of it."""

import hashlib
import json
import shutil
import struct
import zlib
from pathlib import Path

import pytest
from image_test import FAILED, make_root, osctl, pack_arguments, refused, with_option
from signer import make_image

USAGE = 2


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Two versions of an image, which differ in a program and its version."""
    folder = tmp_path_factory.mktemp("pair")
    (folder / "kernel").write_bytes(hashlib.shake_128(b"kernel").digest(1 << 20))
    (folder / "initrd").write_bytes(hashlib.shake_128(b"initrd").digest(333_333))
    program = bytearray(hashlib.shake_128(b"program").digest(150_000).hex().encode())
    for version in ("1.0", "1.1"):
        root = make_root(folder / f"root-{version}", version)
        (root / "usr/bin/program").write_bytes(program)
        arguments = pack_arguments(folder, folder / f"os-{version}.squashfs")
        osctl(*with_option(arguments, "--rootfs", root))
        program[1000:1010] = b"0123456789ab"
    return folder / "os-1.0.squashfs", folder / "os-1.1.squashfs"


def test_a_patch_is_smaller_than_what_changed(pair: tuple[Path, Path], tmp_path: Path) -> None:
    old, new = pair
    told = osctl("image", "patch", "--from", old, new, "--out", tmp_path / "x.patch")
    file = (tmp_path / "x.patch").read_bytes()
    assert told["size_bytes"] == len(file)
    assert told["from_sha256"] == hashlib.sha256(old.read_bytes()).hexdigest()
    assert told["image_sha256"] == hashlib.sha256(new.read_bytes()).hexdigest()
    assert told["compressor"] == "zstd" and told["compressor_level"] == 15
    assert len(file) < told["makes_bytes"] / 10

    # The header, as docs/formats.md has it.
    version, length = struct.unpack_from("<II", file, 8)
    assert file[:8] == b"MATICPAT" and version == 1
    assert struct.unpack_from("<I", file, length - 4)[0] == zlib.crc32(file[:length - 4])
    assert struct.unpack_from("<Q32s", file, 16) == (
        old.stat().st_size, hashlib.sha256(old.read_bytes()).digest())
    assert struct.unpack_from("<Q32s", file, 56) == (
        new.stat().st_size, hashlib.sha256(new.read_bytes()).digest())


def test_it_is_named_after_both_images(pair: tuple[Path, Path], tmp_path: Path) -> None:
    old, new = pair
    shutil.copy(new, tmp_path / "new")
    told = osctl("image", "patch", "--from", old, tmp_path / "new")
    name = f"new.from-{hashlib.sha256(old.read_bytes()).hexdigest()}.patch"
    assert told["path"] == str(tmp_path / name)
    assert (tmp_path / name).stat().st_mode & 0o777 == 0o644


def test_what_cannot_be_is_told(pair: tuple[Path, Path], tmp_path: Path) -> None:
    old, new = pair
    out = tmp_path / "x"
    assert "every chunk" in refused(USAGE, "image", "patch", "--from", new, new, "--out", out)
    assert "missing" in refused(FAILED, "image", "patch", "--from", tmp_path / "missing", new,
                                "--out", out)
    damaged = bytearray(old.read_bytes())
    damaged[64:72] = struct.pack("<Q", 1 << 40)
    (tmp_path / "damaged").write_bytes(damaged)
    message = refused(FAILED, "image", "patch", "--from", tmp_path / "damaged", new, "--out", out)
    assert "damaged" in message and "inode table" in message
    assert not out.exists()


def create(image: Path, *more: object) -> list[object]:
    return ["manifest", "create", "--image", image, "--product", "maticos", "--expires", "90d",
            *more]


def test_a_manifest_takes_patches_beside_its_image(tmp_path: Path) -> None:
    image = make_image(tmp_path)
    for i in range(2):
        (tmp_path / f"old-{i}").write_bytes(b"old" * (i + 1))
        osctl("image", "patch", "--from", tmp_path / f"old-{i}", image)
    (tmp_path / f"{image.name}.from-somewhere.patch").write_bytes(b"of another kind")
    osctl(*create(image, "--out", tmp_path / "m.json"))
    patches = json.loads((tmp_path / "m.json").read_text())["patches"]
    digests = sorted(hashlib.sha256(b"old" * (i + 1)).hexdigest() for i in range(2))
    assert [patch["from"] for patch in patches] == digests
    assert [patch["url"] for patch in patches] == [f"{image.name}.from-{digest}.patch"
                                                   for digest in digests]


def test_a_manifest_refuses_a_patch_of_another_image(tmp_path: Path) -> None:
    image = make_image(tmp_path)
    for name in ("old", "other"):
        (tmp_path / name).write_bytes(name.encode() * 1000)
    digest = hashlib.sha256((tmp_path / "old").read_bytes()).hexdigest()
    patch = tmp_path / f"{image.name}.from-{digest}.patch"
    osctl("image", "patch", "--from", tmp_path / "old", tmp_path / "other", "--out", patch)
    assert "is a patch from" in refused(USAGE, *create(image))
    patch.write_bytes(b"damaged")
    assert "MATICPAT" in refused(FAILED, *create(image))
