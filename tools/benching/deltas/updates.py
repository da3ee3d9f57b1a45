"""One pair of images, published for Matic in each way, and updates between them by a real agent."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from benching import process
from benching.command import CannotMeasure
from benching.deltas import chunk_index
from benching.deltas.chunk_index import Difference
from benching.matic import BenchMachine, Staged
from benching.network.web_server import Served, WebServer
from benching.peers.pipeline import checked
from harness import paths
from harness.images import Image

WAYS = ("index", "patch")  # what is beside the image: its index; that, and a patch for the old image


@dataclass(frozen=True)
class Fetched:
    staged: Staged
    served: Served


def offers(command: str) -> bool:
    """Whether this osctl has `image COMMAND`."""
    listed = subprocess.run([paths.OSCTL, "image", "--help"], capture_output=True, text=True, check=False).stdout
    return any(line.split()[:1] == [command] for line in listed.splitlines())


@dataclass(frozen=True)
class Published:
    image: Path
    index: Path
    index_seconds: float  # to make it
    patch: Path | None
    patch_seconds: float


def publish(new: Image, old: Image | None, folder: Path) -> Published:
    """The image, its index, and with an old image a patch, as a plain file server has them."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "new.squashfs"
    path.unlink(missing_ok=True)
    path.hardlink_to(new.path)
    index_seconds = _osctl("image", "index", path)
    patch_seconds = 0.0 if old is None else _osctl("image", "patch", "--from", old.path, path)
    return Published(path, Path(f"{path}.idx"), index_seconds, None if old is None else _patch_of(folder),
                     patch_seconds)


def difference(old: Path, new: Path, folder: Path) -> Difference:
    """What the index of `new` finds nowhere in `old`; any two files."""
    indexes = []
    for file in (old, new):
        index = folder / f"{file.name}.idx"
        _osctl("image", "index", file, "--out", index)
        indexes.append(chunk_index.parse(index.read_bytes()))
    return chunk_index.difference(*indexes)


def update(machine: BenchMachine, web: WebServer, url: str, new: Image, stale: Path | None = None) -> Fetched:
    """From a machine as it left the factory, `stale` in its other slot."""
    machine.restore(stale)
    web.count()
    staged = machine.stage(url, new.sha256)
    served = web.count()
    machine.expect_slot_holds(new.path)
    return Fetched(staged, served)


def _patch_of(folder: Path) -> Path:
    found = sorted(folder.glob("new.squashfs.from-*.patch"))
    if len(found) != 1:
        raise CannotMeasure(f"{len(found)} patches in {folder}, expected one")
    return found[0]


def slot_mib(images: Sequence[Image]) -> int:
    """A slot for each of them, and room to grow."""
    return (max(image.size for image in images) >> 20) + 16


def _osctl(*arguments: str | Path) -> float:
    """How long it took."""
    return checked(f"osctl {' '.join(map(str, arguments))}", process.run_tree([paths.OSCTL, *arguments])).seconds
