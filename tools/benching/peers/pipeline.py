"""curl | tee >(openssl dgst -sha256) | dd: what a script would do."""

from __future__ import annotations

from pathlib import Path

from benching import process
from benching.command import CannotMeasure

# A named pipe in place of bash's >(…), whose end bash does not wait for.
_SCRIPT = """
set -eo pipefail
mkfifo "$2/hashed"
openssl dgst -sha256 <"$2/hashed" >"$2/sha256" &
curl --silent --fail "$1" | tee "$2/hashed" |
  dd of="$3" bs=1M iflag=fullblock oflag=direct conv=fsync,notrunc status=none
wait $!
rm "$2/hashed"
grep -q "$4" "$2/sha256"
"""

NEEDS = ("curl", "openssl")


def install(url: str, sha256: str, device: Path, folder: Path) -> process.Cost:
    """Writes, makes durable, hashes on the way. `folder` is for its pipe."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "hashed").unlink(missing_ok=True)
    return checked("curl | dd", process.run_tree(["bash", "-c", _SCRIPT, "bash", url, folder, device, sha256]))


def checked(what: str, cost: process.Cost) -> process.Cost:
    if cost.code != 0:
        raise CannotMeasure(f"{what} ended with {cost.code}: {cost.stderr.strip()[-2000:]} {cost.stdout[-2000:]}")
    return cost
