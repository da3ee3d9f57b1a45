"""Images with a hash tree or a signature, made of the lab's by packing them again.

The key is the one whose certificate the firmware's own test variables hold (package ovmf).
"""

from __future__ import annotations

import hashlib
import struct
import subprocess
import zlib
from dataclasses import dataclass
from pathlib import Path

from harness import image_layout
from harness.disk import Disk
from harness.images import Image
from harness.lab import Lab
from harness.verdict import Failed, Unusable

_SNAKEOIL = Path("/usr/share/ovmf")
_SNAKEOIL_PASSPHRASE = "snakeoil"
_ADDED_WORDS = ("matic.head=", "matic.verity=")


@dataclass(frozen=True)
class BootKey:
    key: Path
    certificate: Path

    @property
    def options(self) -> list[str | Path]:
        """For osctl image pack and osctl image disk."""
        return ["--sign-key", self.key, "--sign-cert", self.certificate]


def enrolled_key(folder: Path) -> BootKey:
    """The key that the firmware of Options.secure_boot believes, without its passphrase."""
    key = folder / "boot.key"
    key.touch(0o600)
    _run(
        *("openssl", "pkey", "-in", _SNAKEOIL / "PkKek-1-snakeoil.key"),
        *("-passin", f"pass:{_SNAKEOIL_PASSPHRASE}", "-out", key),
    )
    return BootKey(key, _SNAKEOIL / "PkKek-1-snakeoil.pem")


def repack(
    lab: Lab, name: str, image: Image, *options: str | Path, root: Path | None = None
) -> Image:
    """The image's root (or another), kernel, initrd and command line, packed with `options`."""
    read = image_layout.reader_of(image.path)
    uki = lab.folder / f"{name}.uki"
    section = image_layout.sections(read)["uki"]
    uki.write_bytes(read(section.offset, section.length))
    parts = {part: lab.folder / f"{name}.{part}" for part in ("linux", "initrd", "cmdline")}
    for part, path in parts.items():
        _run("objcopy", "-O", "binary", f"--only-section=.{part}", uki, path)
    words = parts["cmdline"].read_text().rstrip("\0\n").split()
    packed = lab.repack(
        name,
        *("--rootfs", root or image.path, "--kernel", parts["linux"], "--initrd", parts["initrd"]),
        *("--cmdline", " ".join(word for word in words if not word.startswith(_ADDED_WORDS))),
        *options,
    )
    for path in (uki, *parts.values()):
        path.unlink()
    return Image(packed.path, image.version, packed.sha256)


def with_bit_flipped_in_kernel(lab: Lab, name: str, image: Image) -> Image:
    """One bit of the kernel's code is another, and the section table says that this is right."""
    content = bytearray(image.path.read_bytes())
    section = image_layout.sections(image_layout.reader_of(image.path))["uki"]
    content[section.offset + section.length // 2] ^= 0x10
    kernel = content[section.offset : section.offset + section.length]
    table_at = -(-image_layout.squashfs_bytes(image_layout.reader_of(image.path)) // 4096) * 4096
    table = content[table_at : table_at + image_layout.BLOCK]
    table = table.replace(section.sha256, hashlib.sha256(kernel).digest())
    table[-4:] = struct.pack("<I", zlib.crc32(table[:-4]))
    content[table_at : table_at + image_layout.BLOCK] = table
    path = lab.folder / f"{name}.squashfs"
    path.write_bytes(content)
    return Image.of(path, image.version)


def replace_selector(disk: Disk, selector: Path) -> None:
    """Puts another program where the firmware looks for one."""
    esp = disk.table().partition("esp")
    _run(
        *("mcopy", "-o", "-i", f"{disk.path}@@{esp.offset}", selector),
        "::/EFI/BOOT/BOOTX64.EFI",
    )


def root_with_file(lab: Lab, image: Image, name: str, content: bytes) -> Path:
    """The image's root with one file more, /NAME, which no start reads."""
    root = lab.folder / f"{name}.squashfs"
    read = image_layout.reader_of(image.path)
    root.write_bytes(read(0, image_layout.squashfs_bytes(read)))
    (lab.folder / name).write_bytes(content)
    # By itself it makes the root folder one that everybody may change.
    _run("mksquashfs", lab.folder / name, root, "-quiet", "-no-progress", "-root-mode", "0755")
    return root


def root_inode_offset(image: Image) -> int:
    """Where the compressed block with the root folder's inode is: read by every mount."""
    read = image_layout.reader_of(image.path)
    superblock = read(0, 96)
    root_inode, _, _, _, inode_table = struct.unpack_from("<QQQQQ", superblock, 32)
    return int(inode_table + (root_inode >> 16))


def find(image: Image, content: bytes) -> int:
    """Where these bytes are in the image: they are random, so squashfs keeps them as they are."""
    at = image.path.read_bytes().find(content)
    if at < 0:
        raise Failed("the file's bytes are not in the image")
    return at


def _run(*command: str | Path) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        words = " ".join(str(word) for word in command)
        raise Unusable(f"{words}: exit code {done.returncode}: {done.stderr.strip()}")
