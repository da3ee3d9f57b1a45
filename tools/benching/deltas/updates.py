"""One pair of images, published for Matic in each way, and updates between them by a real agent."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from benching.command import CannotMeasure
from benching.matic import BenchMachine, Staged
from benching.network.web_server import Served, WebServer
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


def publish(new: Image, old: Image | None, folder: Path) -> Path:
    """The image, its index, and with an old image a patch, as a plain file server has them; returns the image's."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "new.squashfs"
    path.unlink(missing_ok=True)
    path.hardlink_to(new.path)
    _osctl("image", "index", path)
    if old is not None:
        _osctl("image", "patch", "--from", old.path, path)
    return path


def update(machine: BenchMachine, web: WebServer, url: str, new: Image, stale: Path | None = None) -> Fetched:
    """From a machine as it left the factory, `stale` in its other slot."""
    machine.restore(stale)
    web.count()
    staged = machine.stage(url, new.sha256)
    served = web.count()
    machine.expect_slot_holds(new.path)
    return Fetched(staged, served)


def patch_of(folder: Path) -> Path:
    found = sorted(folder.glob("new.squashfs.from-*.patch"))
    if len(found) != 1:
        raise CannotMeasure(f"{len(found)} patches in {folder}, expected one")
    return found[0]


def slot_mib(images: Sequence[Image]) -> int:
    """A slot for each of them, and room to grow."""
    return (max(image.size for image in images) >> 20) + 16


def _osctl(*arguments: str | Path) -> None:
    done = subprocess.run([paths.OSCTL, *arguments], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise CannotMeasure(f"osctl {' '.join(map(str, arguments))}: {done.stderr.strip()}")
