"""Two images, an older and a newer: of two trees, of two files, or of Debian before and after an update."""

from __future__ import annotations

import os
import shutil
import subprocess
import uuid
from dataclasses import dataclass
from pathlib import Path

from benching.command import CannotMeasure
from harness import local_osctl
from harness.images import Image, locked

_TREES = Path(__file__).with_name("debian-trees")
_UNITS = ("matic-agent.service", "matic-deadline.service")


@dataclass(frozen=True)
class Pair:
    old: Image
    new: Image
    about: str


@dataclass(frozen=True)
class Trees:
    old: Path
    new: Path
    upgraded: tuple[str, ...]  # packages


def debian_trees(folder: Path, release: str = "") -> Trees:
    """Kept in `folder` from run to run; `release`: of a major upgrade."""
    trees = folder / f"debian-{release or 'security'}"
    with locked(folder / "lock"):
        if not (trees / "upgraded").exists():
            shutil.rmtree(trees, ignore_errors=True)
            new = trees.with_suffix(".new")
            with (folder / f"{trees.name}.log").open("wb") as log:
                made = subprocess.run([_TREES, new, *([release] if release else [])], stdin=subprocess.DEVNULL,
                                      stdout=log, stderr=log, check=False)
            if made.returncode != 0:
                raise CannotMeasure(f"{_TREES.name} failed: {folder / trees.name}.log tells why")
            new.rename(trees)
    upgraded = tuple(line.split()[0] for line in (trees / "upgraded").read_text().splitlines())
    return Trees(trees / "old", trees / "new", upgraded)


def of_any(folder: Path, old: Path, new: Path) -> Pair:
    """Of images, which are taken as they are, or root trees, which are packed."""
    return Pair(_image(folder, old, "1.0"), _image(folder, new, "2.0"), f"{old} to {new}")


def pack(folder: Path, tree: Path, version: str, name: str = "") -> Image:
    """Of a copy of the tree, which becomes what an image of Matic has to be; no kernel worth the name in it."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name or version}.squashfs"
    root = folder / f"{name or version}.root"
    shutil.rmtree(root, ignore_errors=True)
    subprocess.run(["cp", "-a", tree, root], check=True)
    dress(root, version)
    kernel = folder / "kernel"
    kernel.write_bytes(b"stands for a kernel\n" * 500)
    local_osctl.run("image", "pack", "--rootfs", root, "--kernel", kernel, "--initrd", kernel,
                    "--cmdline", "panic=10", "--out", path)
    shutil.rmtree(root)
    return Image.of(path, version)


def dress(root: Path, version: str) -> None:
    """What `osctl image pack` asks of a root."""
    release = root / "usr/lib/os-release"
    release.parent.mkdir(parents=True, exist_ok=True)
    text = release.read_text() if release.is_file() else "ID=bench\n"
    kept = [line for line in text.splitlines() if not line.startswith(("IMAGE_ID=", "IMAGE_VERSION="))]
    release.write_text("\n".join([*kept, "IMAGE_ID=bench", f"IMAGE_VERSION={version}", ""]))
    _place(root / "usr/bin/matic-agent", "stands for the agent\n")
    wanted = root / "etc/systemd/system/multi-user.target.wants"
    wanted.mkdir(parents=True, exist_ok=True)
    for unit in _UNITS:
        _place(root / "usr/lib/systemd/system" / unit, "[Service]\nExecStart=/bin/true\n")
        if not (wanted / unit).is_symlink():
            (wanted / unit).symlink_to(f"/usr/lib/systemd/system/{unit}")


def ext4(tree: Path, file: Path) -> Path:
    """As two builds of one recipe have it: the same ids, and times that do not say when."""
    file.unlink(missing_ok=True)
    same = str(uuid.UUID(int=1))
    mib = sum(path.lstat().st_size for path in tree.rglob("*") if not path.is_dir()) * 3 // 2 >> 20
    made = subprocess.run(
        ["mke2fs", "-q", "-t", "ext4", "-b", "4096", "-d", tree, "-U", same, "-E",
         f"hash_seed={same},lazy_itable_init=0", file, f"{mib + 32}M"],
        capture_output=True, text=True, env={**os.environ, "E2FSPROGS_FAKE_TIME": "1"}, check=False)
    if made.returncode != 0:
        raise CannotMeasure(f"mke2fs: {made.stderr.strip()}")
    return file


def with_one_file_changed(tree: Path, copy: Path) -> None:
    """A line more in a file of a few kilobytes."""
    _copy(tree, copy)
    changed = next(path for path in (copy / "etc/services", copy / "etc/protocols", copy / "usr/lib/os-release",
                                     copy / "etc/passwd") if path.is_file() and not path.is_symlink())
    changed.write_text(changed.read_text() + "# one line more\n")


def with_one_package_upgraded(trees: Trees, copy: Path) -> str:
    """The files of the upgraded package that is in the middle by size; returns its name."""
    _copy(trees.old, copy)
    files = {package: _files(trees.new, package) for package in trees.upgraded}
    by_size = sorted(files, key=lambda package: sum(path.stat().st_size for path in files[package]))
    if not by_size:
        raise CannotMeasure("no package was upgraded: the mirror has no security update now")
    chosen = by_size[len(by_size) // 2]
    for file in files[chosen]:
        target = copy / file.relative_to(trees.new)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.unlink(missing_ok=True)
        shutil.copy2(file, target)
    return chosen


def _files(tree: Path, package: str) -> list[Path]:
    lists = [*tree.glob(f"var/lib/dpkg/info/{package}.list"), *tree.glob(f"var/lib/dpkg/info/{package}:*.list")]
    named = [tree / line.lstrip("/") for listed in lists for line in listed.read_text().splitlines()]
    return [path for path in named if path.is_file() and not path.is_symlink()]


def _image(folder: Path, source: Path, version: str) -> Image:
    if source.is_dir():
        return pack(folder, source, version, f"given-{version}")
    if not source.is_file():
        raise CannotMeasure(f"{source} is neither an image nor a root tree")
    return Image.of(source, version)


def _copy(tree: Path, copy: Path) -> None:
    shutil.rmtree(copy, ignore_errors=True)
    copy.parent.mkdir(parents=True, exist_ok=True)
    subprocess.run(["cp", "-a", tree, copy], check=True)


def _place(file: Path, text: str) -> None:
    """Unless there is one."""
    if not file.exists():
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
