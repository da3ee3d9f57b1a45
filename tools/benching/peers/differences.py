"""Updaters that fetch the difference, each as its manual has it: what they publish, and how a machine applies it.

Each is made for an old and a new image, publishes files into a server's folder, and applies from a URL. It
may read the old image as a file in the page cache.
"""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from benching import process
from benching.command import CannotMeasure
from benching.peers.pipeline import checked


@dataclass(frozen=True)
class Files:
    old: Path
    new: Path
    www: Path  # what the server serves
    work: Path


class Casync:
    """Chunks of a size on average; the index and the store are plain files, and the old image is the seed."""

    def __init__(self, chunk_kib: int) -> None:
        self.name = f"casync{chunk_kib}"
        self.meaning = f"casync, chunks of {chunk_kib} KiB on average, seed: the old image"
        self._kib = chunk_kib

    needs = ("casync",)

    def publish(self, files: Files) -> None:
        _run(["casync", "make", f"--chunk-size={self._kib * 1024}", f"--store={files.www}/{self.name}.castr",
              files.www / f"{self.name}.caibx", files.new])

    def apply(self, files: Files, url: str, device: Path) -> process.Cost:
        return checked(self.name, process.run_tree(
            ["casync", "extract", f"--seed={files.old}", f"--store={url}/{self.name}.castr",
             f"{url}/{self.name}.caibx", device]))


class Zsync:
    """Blocks of the size that zsyncmake chooses; it makes a file, which is written to the device then."""

    name = "zsync"
    meaning = "zsync, and dd of the file that it makes"
    needs = ("zsync",)

    def publish(self, files: Files) -> None:
        shutil.copyfile(files.new, files.www / "zsync.img")
        _run(["zsyncmake", "-u", "zsync.img", "-o", files.www / "zsync.zsync", files.www / "zsync.img"])

    def apply(self, files: Files, url: str, device: Path) -> process.Cost:
        made = files.work / "zsync-made"
        made.unlink(missing_ok=True)
        return _script(self.name, 'cd "$2" && zsync -q -i "$1" -o "$2/zsync-made" "$3/zsync.zsync" && '
                       f'{_DD % "$2/zsync-made"}', files, url, device)


class Zchunk:
    """Content-defined chunks; the old image is kept as a zchunk file, and what is made is unpacked to the device."""

    name = "zchunk"
    meaning = "zchunk: zckdl, and unzck to dd"
    needs = ("zck",)

    def publish(self, files: Files) -> None:
        _run(["zck", "-o", files.work / "old.zck", files.old])
        _run(["zck", "-o", files.www / "zchunk.zck", files.new])

    def apply(self, files: Files, url: str, device: Path) -> process.Cost:
        (files.work / "zchunk.zck").unlink(missing_ok=True)
        return _script(self.name, 'cd "$2" && zckdl -s "$2/old.zck" "$3/zchunk.zck" && '
                       'unzck --stdout "$2/zchunk.zck" | dd of="$4" bs=1M iflag=fullblock oflag=direct conv=fsync '
                       'status=none', files, url, device)


class Xdelta:
    """A patch for this very pair of files, applied as it arrives."""

    name = "xdelta3"
    meaning = "xdelta3 -9 between the two images; takes this exact pair"
    needs = ("xdelta3", "curl")

    def publish(self, files: Files) -> None:
        xdelta(files.old, files.new, files.www / "xdelta3.patch")

    def apply(self, files: Files, url: str, device: Path) -> process.Cost:
        window = _window(files.old)
        return _script(self.name, f'curl --silent --fail "$3/xdelta3.patch" | xdelta3 -d -c -B {window} -s "$1" | '
                       'dd of="$4" bs=1M iflag=fullblock oflag=direct conv=fsync status=none', files, url, device)


class Bsdiff:
    """Of the images as they are."""

    name = "bsdiff"
    meaning = "bsdiff between the two images; takes this exact pair"
    needs = ("bsdiff", "curl")

    def publish(self, files: Files) -> None:
        _run(["bsdiff", files.old, files.new, files.www / "bsdiff.patch"])

    def apply(self, files: Files, url: str, device: Path) -> process.Cost:
        return _script(self.name, 'curl --silent --fail "$3/bsdiff.patch" -o "$2/bsdiff.patch" && '
                       f'bspatch "$1" "$2/bsdiff-made" "$2/bsdiff.patch" && {_DD % "$2/bsdiff-made"}',
                       files, url, device)


_DD = 'dd if="%s" of="$4" bs=1M oflag=direct conv=fsync status=none'
PEERS: Sequence[Casync | Zsync | Zchunk | Xdelta] = (Casync(64), Casync(16), Zsync(), Zchunk(), Xdelta())


def xdelta(old: Path, new: Path, patch: Path) -> int:
    """Its size."""
    _run(["xdelta3", "-e", "-9", "-f", "-B", str(_window(old)), "-s", old, new, patch])
    return patch.stat().st_size


def bsdiff(old: Path, new: Path, patch: Path) -> int:
    _run(["bsdiff", old, new, patch])
    return patch.stat().st_size


def uncompressed(image: Path, folder: Path, name: str) -> Path:
    """A squashfs of the same tree with nothing in it compressed."""
    tree, made = folder / f"{name}.tree", folder / f"{name}.uncompressed"
    shutil.rmtree(tree, ignore_errors=True)
    made.unlink(missing_ok=True)
    _run(["unsquashfs", "-no-progress", "-d", tree, image])
    _run(["mksquashfs", tree, made, "-noI", "-noD", "-noF", "-noX", "-no-progress", "-all-time", "0", "-mkfs-time", "0",
          "-reproducible"])
    shutil.rmtree(tree)
    return made


def _window(old: Path) -> int:
    """All of the old file, so that nothing in it is out of sight; a multiple of a MiB."""
    return max(1 << 26, (old.stat().st_size + (1 << 20)) >> 20 << 20)


def _script(name: str, script: str, files: Files, url: str, device: Path) -> process.Cost:
    return checked(name, process.run_tree(["bash", "-c", "set -eo pipefail; " + script, "bash", files.old, files.work,
                                           url, device]))


def _run(command: Sequence[object]) -> None:
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise CannotMeasure(f"{command[0]}: {done.stderr.strip()[-2000:]}")
