"""Plain files as block devices, past the page cache, as a machine's own disk would be written."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from benching.command import CannotMeasure

class LoopDevice:
    """Of a file or a part of it. Use as a context manager."""

    def __init__(self, file: Path, offset: int = 0, size: int = 0) -> None:
        limit = ["--sizelimit", str(size)] if size else []
        made = subprocess.run(["losetup", "--find", "--show", "--direct-io=on", "--offset", str(offset), *limit,
                               str(file)], capture_output=True, text=True, check=False)
        if made.returncode != 0:
            raise CannotMeasure(f"losetup of {file}: {made.stderr.strip()}")
        self.path = Path(made.stdout.strip())

    def __enter__(self) -> LoopDevice:
        return self

    def __exit__(self, *_: object) -> None:
        subprocess.run(["losetup", "--detach", str(self.path)], check=False)


def forget(path: Path) -> None:
    """Nothing of a device or a file stays in the page cache; what was written is on the disk."""
    descriptor = os.open(path, os.O_RDWR)
    try:
        os.fsync(descriptor)
        os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
    finally:
        os.close(descriptor)


def full_file(path: Path, size: int) -> Path:
    """Of `size` bytes that have their place on the disk, so that the first write into it is like any other."""
    with path.open("wb") as file:
        file.truncate(size)
    overwrite(path)
    return path


def overwrite(path: Path) -> None:
    """A file or device, with what nobody can make anything of: some updaters use what a target holds already."""
    block = os.urandom(1 << 20)
    with path.open("r+b") as target:
        size = target.seek(0, os.SEEK_END)
        target.seek(0)
        for done in range(0, size, len(block)):
            target.write(block[:size - done])
    forget(path)
