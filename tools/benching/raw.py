"""What the machine itself can do with a file: the limits of every update."""

from __future__ import annotations

from pathlib import Path

from benching import process
from benching.peers.pipeline import checked


def fetch(url: str) -> process.Cost:
    return checked("curl", process.run_tree(["curl", "--silent", "--fail", "--output", "/dev/null", url]))


def sha256(file: Path) -> process.Cost:
    """On one processor."""
    return checked("openssl", process.run_tree(["openssl", "dgst", "-sha256", file]))


def write(file: Path, device: Path, offset: int = 0) -> process.Cost:
    return checked("dd", process.run_tree(["dd", f"if={file}", f"of={device}", "bs=1M", "oflag=direct,seek_bytes",
                                           f"seek={offset}", "conv=fsync,notrunc", "status=none"]))


def read(device: Path, offset: int, size: int) -> process.Cost:
    """Past the page cache."""
    mib = 1 << 20
    return checked("dd", process.run_tree(["dd", f"if={device}", "of=/dev/null", "bs=1M", "iflag=direct,skip_bytes",
                                           f"skip={offset}", f"count={-(-size // mib)}", "status=none"]))


def warm(file: Path) -> None:
    """In the page cache from here on."""
    with file.open("rb") as content:
        while content.read(1 << 20):
            pass
