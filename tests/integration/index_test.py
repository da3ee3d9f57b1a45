"""osctl image index, and what image pack and manifest create make of it, read by others than osctl."""

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
def parts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("parts")
    make_root(folder / "root")
    (folder / "kernel").write_bytes(hashlib.shake_128(b"kernel").digest(1 << 20))
    (folder / "initrd").write_bytes(hashlib.shake_128(b"initrd").digest(333_333))
    return folder


@pytest.fixture(scope="module")
def image(parts: Path) -> Path:
    osctl(*pack_arguments(parts, parts / "os-1.0.squashfs"))
    return parts / "os-1.0.squashfs"


def read_index(path: Path) -> tuple[bytes, list[tuple[int, bytes]]]:
    """The image's digest and the chunks, as docs/formats.md has them."""
    file = path.read_bytes()
    assert file[:8] == b"MATICIDX"
    version, count, image_bytes = struct.unpack_from("<IIQ", file, 8)
    assert version == 1 and len(file) == 56 + 36 * count + 4
    assert struct.unpack_from("<I", file, len(file) - 4)[0] == zlib.crc32(file[:-4])
    chunks = [struct.unpack_from("<I32s", file, 56 + 36 * i) for i in range(count)]
    assert sum(length for length, _ in chunks) == image_bytes
    return file[24:56], chunks


def test_an_index_names_every_chunk_of_its_image(image: Path) -> None:
    digest, chunks = read_index(Path(f"{image}.idx"))
    content = image.read_bytes()
    assert digest == hashlib.sha256(content).digest()
    assert len(chunks) > 10
    at = 0
    for length, chunk in chunks:
        assert 0 < length <= 1 << 20
        assert chunk == hashlib.sha256(content[at:at + length]).digest()
        at += length
    assert at == len(content)


def test_pack_and_index_write_the_same(parts: Path, image: Path, tmp_path: Path) -> None:
    told = osctl("image", "index", image, "--out", tmp_path / "x.idx")
    assert (tmp_path / "x.idx").read_bytes() == Path(f"{image}.idx").read_bytes()
    assert (tmp_path / "x.idx").stat().st_mode & 0o777 == 0o644
    assert told["path"] == str(tmp_path / "x.idx")
    assert told["size_bytes"] == (tmp_path / "x.idx").stat().st_size
    assert told["image_bytes"] == image.stat().st_size
    assert told["image_sha256"] == hashlib.sha256(image.read_bytes()).hexdigest()
    assert told["chunks"] == len(read_index(tmp_path / "x.idx")[1])

    packed = osctl(*pack_arguments(parts, tmp_path / "with"))
    assert packed["index"]["path"] == str(tmp_path / "with.idx")
    assert "index" not in osctl(*pack_arguments(parts, tmp_path / "without"), "--no-index")
    assert (tmp_path / "with.idx").exists() and not (tmp_path / "without.idx").exists()
    # One of an image that was there before is not left beside it.
    osctl(*pack_arguments(parts, tmp_path / "with"), "--no-index")
    assert not (tmp_path / "with.idx").exists()


def test_versions_share_chunks(parts: Path, image: Path, tmp_path: Path) -> None:
    make_root(tmp_path / "root", "1.1")
    (tmp_path / "root/usr/bin/matic-agent").write_bytes(b"changed" * 60_000)
    osctl(*with_option(pack_arguments(parts, tmp_path / "next"), "--rootfs", tmp_path / "root"))
    before = set(read_index(Path(f"{image}.idx"))[1])
    after = read_index(tmp_path / "next.idx")[1]
    fetched = sum(length for length, digest in after if (length, digest) not in before)
    # The kernel and the initrd are most of it, and stay.
    assert 0 < fetched < (tmp_path / "next").stat().st_size // 4


def test_any_file_has_an_index(tmp_path: Path) -> None:
    (tmp_path / "disk.raw").write_bytes(hashlib.shake_128(b"x").digest(2_000_000))
    osctl("image", "index", tmp_path / "disk.raw")
    assert sum(length for length, _ in read_index(tmp_path / "disk.raw.idx")[1]) == 2_000_000


def test_a_damaged_squashfs_is_told_and_nothing_written(image: Path, tmp_path: Path) -> None:
    content = bytearray(image.read_bytes())
    content[64:72] = struct.pack("<Q", 1 << 40)  # where its inodes are
    (tmp_path / "x").write_bytes(content)
    message = refused(FAILED, "image", "index", tmp_path / "x")
    assert str(tmp_path / "x") in message and "inode table" in message
    assert refused(FAILED, "image", "index", tmp_path / "missing")
    assert [path.name for path in tmp_path.iterdir()] == ["x"]


def create(image: Path, *more: object) -> list[object]:
    return ["manifest", "create", "--image", image, "--product", "maticos", "--expires", "90d",
            "--architecture", "x86-64", *more]


def test_a_manifest_takes_the_index_beside_its_image(tmp_path: Path, kernel_image: Path) -> None:
    out = tmp_path / "os.squashfs"
    shutil.copy(kernel_image, out)
    manifest = tmp_path / "m.json"
    osctl(*create(out, "--out", manifest))
    assert "delta_index" not in json.loads(manifest.read_text())
    osctl("image", "index", out)
    osctl(*create(out, "--out", manifest, "--force", "--url", "2.0/os.squashfs"))
    index = Path(f"{out}.idx").read_bytes()
    assert json.loads(manifest.read_text())["delta_index"] == {
        "url": "2.0/os.squashfs.idx", "size": len(index),
        "sha256": hashlib.sha256(index).hexdigest()}


def test_a_manifest_refuses_an_index_of_another_image(tmp_path: Path, kernel_image: Path) -> None:
    out = tmp_path / "os.squashfs"
    shutil.copy(kernel_image, out)
    (tmp_path / "other").write_bytes(b"other")
    osctl("image", "index", tmp_path / "other", "--out", f"{out}.idx")
    assert "index of another image" in refused(USAGE, *create(out))
    Path(f"{out}.idx").write_bytes(b"damaged")
    assert "MATICIDX" in refused(FAILED, *create(out))
    assert not Path(f"{out}.manifest.json").exists()


@pytest.fixture(scope="module")
def kernel_image(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """With a kernel section that a manifest can describe."""
    made = make_image(tmp_path_factory.mktemp("kernel"))
    Path(f"{made}.idx").unlink(missing_ok=True)
    return made
