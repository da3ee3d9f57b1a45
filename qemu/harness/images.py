"""Builds the images that scenarios share, and keeps them while nothing they are made of changes."""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import subprocess
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from harness import paths
from harness.pki import Pki
from harness.verdict import Unusable

# What the recipe and `cmake --install` take from the repository, beside the programs.
_SOURCES = (
    "image",
    "agent/systemd",
    "agent/config",
    "agent/deadline",
    "agent/CMakeLists.txt",
    "osctl/CMakeLists.txt",
    "cmake",
)
_PROGRAMS = (
    paths.AGENT,
    paths.PROGRAMS / "matic-deadline",
    paths.PROGRAMS / "matic-verity",
    paths.OSCTL,
)


@dataclass(frozen=True)
class Recipe:
    """An image by what is special about it. Bad ones differ from good ones by the break alone."""

    version: str
    broken: str | None = None  # as image/debian/build --break takes it
    kernel: str = "cloud"

    @property
    def name(self) -> str:
        return "-".join(
            [
                self.version,
                *([self.broken] if self.broken else []),
                *([self.kernel] if self.kernel != "cloud" else []),
            ]
        )

    @property
    def arguments(self) -> list[str]:
        arguments = ["--version", self.version]
        if self.broken:
            arguments += ["--break", self.broken]
        if self.kernel != "cloud":
            arguments += ["--kernel", self.kernel]
        return arguments


OLD = Recipe("1.0")
NEW = Recipe("2.0")
BAD_SERVICE = Recipe("3.0", "service")
BAD_PANIC = Recipe("3.0", "panic")
BAD_HANG = Recipe("3.0", "hang")
BAD_AGENT_CRASH = Recipe("3.0", "agent-crash")
BAD_KERNEL_HANG = Recipe("3.0", "kernel-hang", "generic")


@dataclass(frozen=True)
class Image:
    path: Path
    version: str
    sha256: str

    @staticmethod
    def of(path: Path, version: str) -> Image:
        return Image(path, version, digest_of(path))

    @property
    def size(self) -> int:
        return self.path.stat().st_size


def digest_of(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


class Images:
    def __init__(self, pki: Pki, say: Callable[[str], None], folder: Path = paths.IMAGES) -> None:
        self._pki = pki
        self._say = say
        self._folder = folder
        self._inputs: str | None = None

    def get(self, recipe: Recipe) -> Image:
        """The image, built first where there is none from today's inputs. Takes a minute or two."""
        with locked(self._folder / "lock"):
            return self._get_locked(recipe)

    def _get_locked(self, recipe: Recipe) -> Image:
        path = self._folder / f"{recipe.name}.squashfs"
        key_file = path.with_suffix(".key")
        key = hashlib.sha256(f"{self._digest_of_inputs()} {recipe.arguments}".encode()).hexdigest()
        if path.exists() and key_file.exists():
            kept_key, digest = key_file.read_text().split()
            if kept_key == key:
                return Image(path, recipe.version, digest)
        self._say(f"building image {recipe.name}")
        key_file.unlink(missing_ok=True)
        self._build(recipe, path)
        digest = digest_of(path)
        key_file.write_text(f"{key} {digest}\n")
        return Image(path, recipe.version, digest)

    def _build(self, recipe: Recipe, path: Path) -> None:
        log = path.with_suffix(".log")
        with log.open("wb") as output:
            code = subprocess.run(
                [
                    paths.IMAGE_RECIPE,
                    *recipe.arguments,
                    "--overlay",
                    self._overlay(),
                    "--out",
                    path,
                ],
                stdout=output,
                stderr=subprocess.STDOUT,
                stdin=subprocess.DEVNULL,
                check=False,
            ).returncode
        if code != 0:
            tail = "\n".join(log.read_text(errors="replace").splitlines()[-15:])
            raise Unusable(f"image {recipe.name} could not be built ({log}):\n{tail}")

    def _overlay(self) -> Path:
        """What a device's maker adds: a factory certificate, whom its downloads trust, and units."""
        overlay = self._folder / "overlay"
        shutil.rmtree(overlay, ignore_errors=True)
        shutil.copytree(paths.GUEST, overlay)
        certificates = overlay / "etc/matic/pki"
        trusted = overlay / "etc/ssl/certs"
        certificates.mkdir(parents=True)
        trusted.mkdir(parents=True)
        for file in sorted(self._pki.factory.iterdir()):
            shutil.copyfile(file, certificates / file.name)
            os.chmod(certificates / file.name, 0o600 if file.suffix == ".key" else 0o644)
        shutil.copyfile(self._pki.download / "ca.pem", trusted / "ca-certificates.crt")
        return overlay

    def _digest_of_inputs(self) -> str:
        if self._inputs is None:
            files: list[Path] = [*_PROGRAMS, *files_under(self._overlay())]
            for source in _SOURCES:
                files += files_under(paths.REPOSITORY / source)
            whole = hashlib.sha256()
            for file in files:
                whole.update(f"{file.name} {file.stat().st_mode:o} {digest_of(file)}\n".encode())
            self._inputs = whole.hexdigest()
        return self._inputs


def files_under(path: Path) -> Iterable[Path]:
    if path.is_file():
        return [path]
    return sorted(p for p in path.rglob("*") if p.is_file() and "__pycache__" not in p.parts)


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Makes the folder, too."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
