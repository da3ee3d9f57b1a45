"""Images that nothing can make smaller, of any size: what a full update is measured with."""

from __future__ import annotations

from pathlib import Path

import os

from harness.file_backed import pack_tiny_image
from harness.images import Image, locked


def image(folder: Path, mib: int, version: str) -> Image:
    """A valid image, `mib` MiB and a few kilobytes large, kept in `folder` from run to run."""
    folder.mkdir(parents=True, exist_ok=True)
    work = folder / f"{mib}-{version}"
    path = work / f"tiny-{version}.squashfs"
    with locked(folder / "lock"):
        if path.exists():
            return Image.of(path, version)
        work.mkdir(exist_ok=True)
        made = pack_tiny_image(work, version, os.urandom(mib << 20))
        (work / "tiny-root/usr/lib/ballast").unlink()
        return made
