"""The disk of a Nix host: an ESP with systemd-boot, a root with a Nix store, and the agent's state.

The first two are made once of what is in qemu/nix-host and of the programs, in generation 1 of
tests/fixtures/nix-system; the state is each scenario's own.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

from harness import paths
from harness.debian import tree as debian_tree
from harness.disk import Disk
from harness.images import digest_of, files_under, locked
from harness.verdict import Unusable

_FOLDER = paths.WORK / "nix-host"
_RECIPE = paths.REPOSITORY / "qemu" / "nix-host"
_MADE_OF = (
    _RECIPE,
    paths.REPOSITORY / "tests/fixtures/nix-system",
    paths.REPOSITORY / "image/debian/files",
    paths.REPOSITORY / "agent/systemd",
    paths.GUEST,
)
_TREE_MADE_OF = (_RECIPE / "tree", _RECIPE / "packages.list", _RECIPE / "initrd")
_PROGRAMS = (paths.AGENT, paths.PROGRAMS / "matic-deadline", paths.OSCTL)


def make(out: Path, state: Path, say: Callable[[str], None]) -> Disk:
    """A machine as it is delivered. `state`: what it has in /var/lib/matic.

    Takes minutes where nothing is there from today's inputs.
    """
    with locked(_FOLDER / "lock"):
        base = _kept("disk.img", _key(*_MADE_OF, *_PROGRAMS), _make_base, say)
        disk = Disk(base).copy_to(out)
    partition = disk.table().partition("state")
    image = out.with_suffix(".state")
    with image.open("wb") as file:
        file.truncate(partition.size)
    _run("mkfs.ext4", "-q", "-F", "-L", "state", "-d", state, image)
    _run(
        *("dd", f"if={image}", f"of={disk.path}", "bs=1M", f"seek={partition.offset >> 20}"),
        *("conv=notrunc,sparse", "status=none"),
    )
    image.unlink()
    return disk


def _make_base(out: Path, say: Callable[[str], None]) -> None:
    debian = debian_tree()
    tree = _kept("tree", _key(*_TREE_MADE_OF) + debian.name, _tree_of(debian), say)
    programs = out.with_name("programs")
    shutil.rmtree(programs, ignore_errors=True)
    _run(
        *("cmake", "--install", paths.PROGRAMS.parent, "--prefix", "/usr", "--strip"),
        environment={"DESTDIR": str(programs)},
    )
    _run(_RECIPE / "disk", tree, programs, out)
    shutil.rmtree(programs)


def _tree_of(debian: Path) -> Callable[[Path, Callable[[str], None]], None]:
    return lambda out, say: _run(_RECIPE / "tree", debian, out)


def _kept(
    name: str, key: str, make_it: Callable[[Path, Callable[[str], None]], None],
    say: Callable[[str], None],
) -> Path:
    """What was made under that name with that key; made anew, whole or not at all, otherwise."""
    path = _FOLDER / name
    key_file = _FOLDER / f"{name}.key"
    if path.exists() and key_file.exists() and key_file.read_text() == key:
        return path
    say(f"making the Nix host's {name}")
    key_file.unlink(missing_ok=True)
    for old in (path, _FOLDER / f"{name}.new"):
        _run("rm", "-rf", "--one-file-system", old)
    make_it(_FOLDER / f"{name}.new", say)
    (_FOLDER / f"{name}.new").rename(path)
    key_file.write_text(key)
    return path


def _key(*made_of: Path) -> str:
    whole = hashlib.sha256()
    for source in made_of:
        for file in files_under(source):
            whole.update(f"{file} {file.stat().st_mode:o} {digest_of(file)}\n".encode())
    return whole.hexdigest()


def _run(*command: str | Path, environment: dict[str, str] | None = None) -> None:
    done = subprocess.run(
        command,
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        env={**os.environ, **(environment or {})},
        check=False,
    )
    if done.returncode != 0:
        words = " ".join(str(word) for word in command)
        tail = "\n".join(done.stderr.strip().splitlines()[-15:])
        raise Unusable(f"{words}: exit code {done.returncode}:\n{tail}")
