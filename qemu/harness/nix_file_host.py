"""A NixOS host of files (tests/fixtures/nix-system): no root, no virtual machine, no network."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from harness import paths
from harness.verdict import Unusable, expect

_MAKE_HOST = paths.REPOSITORY / "tests/fixtures/nix-system/make-host"
_AS_AUTHOR = ("git", "-c", "user.name=Author", "-c", "user.email=author@example.org")
BUILT = ".#nixosConfigurations.lab.config.system.build.toplevel"


class FileHost:
    def __init__(self, root: Path) -> None:
        self.root = root
        home = root.parent / "home"
        home.mkdir()
        # What Nix and git are told here, and nowhere else on the machine that the tests run on.
        self.environment = {
            "HOME": str(home),
            "NIX_STORE_DIR": f"{root}/nix/store",
            "NIX_STATE_DIR": f"{root}/nix/var/nix",
            "NIX_LOG_DIR": f"{root}/nix/var/log",
            "NIX_CONF_DIR": f"{root}/nix/etc",
            "NIX_LOCALSTATE_DIR": f"{root}/nix/var",
            "NIX_CONFIG": "build-users-group =\nsandbox = false\nsubstitute = false\n"
            "experimental-features = nix-command flakes\nflake-registry =\n",
        }
        self.profile = root / "nix/var/nix/profiles/system"
        self.tree = root / "etc/nixos"
        made = self.run(_MAKE_HOST, root)
        if made.returncode != 0:
            raise Unusable(f"{_MAKE_HOST}: {made.stderr}")

    def run(
        self, *command: str | Path, folder: Path | None = None
    ) -> subprocess.CompletedProcess[str]:
        """In the configuration's tree, where nothing else is said."""
        folder = folder or self.tree
        return subprocess.run(
            command,
            env={**os.environ, **self.environment},
            cwd=folder if folder.exists() else None,
            capture_output=True,
            text=True,
            check=False,
        )

    def do(self, *command: str | Path, folder: Path | None = None) -> str:
        """One that must succeed; what it printed."""
        done = self.run(*command, folder=folder)
        expect(done.returncode == 0, f"{command}: {done.stderr}")
        return done.stdout.strip()

    # The configuration.

    def set(self, **settings: str | None) -> None:
        """In the machine's own tree, and not committed. None removes a setting."""
        write_settings(self.tree, settings)
        self.run("git", "add", "--all")

    def build(self) -> Path:
        self.do("nix", "build", "--out-link", self.root / "built", BUILT)
        return (self.root / "built").resolve()

    def make_generation(self, profile: str = "system") -> Path:
        system = self.build()
        self.do("nix-env", "--profile", self.profile.parent / profile, "--set", system)
        return system

    def switch(self, system: Path, action: str) -> subprocess.CompletedProcess[str]:
        return self.run(system / "bin/switch-to-configuration", action)

    # Somebody else's, in the remote that the machine pulls from.

    def commit(self, **settings: str | None) -> str:
        """Returns the commit."""
        author = self.author()
        self.do("git", "pull", "--quiet", "--ff-only", folder=author)
        write_settings(author, settings)
        self.do("git", "add", "--all", folder=author)
        self.do(*_AS_AUTHOR, "commit", "--quiet", "--message", str(settings), folder=author)
        self.do("git", "push", "--quiet", "origin", "main", folder=author)
        return self.do("git", "rev-parse", "HEAD", folder=author)

    def author(self) -> Path:
        """A tree of their own."""
        author = self.root / "srv/author"
        if not author.exists():
            self.do("git", "clone", "--quiet", f"file://{self.root}/srv/config.git", author)
        return author

    def pushed(self) -> str:
        """What the remote's branch is at."""
        return self.do("git", "rev-parse", "main", folder=self.root / "srv/config.git")

    # What runs, and what is started next.

    def link(self, name: str) -> Path:
        return (self.root / "run" / name).resolve()

    def entries(self) -> list[str]:
        return sorted(path.name for path in (self.root / "boot/loader/entries").iterdir())

    def default_entry(self) -> str:
        lines = (self.root / "boot/loader/loader.conf").read_text().splitlines()
        return next(line.split()[1] for line in lines if line.startswith("default "))

    def generations(self) -> dict[int, Path]:
        """Of the system profile, by number."""
        links = self.profile.parent.glob("system-*-link")
        return {int(link.name.split("-")[1]): link.readlink() for link in links}

    def started_by(self, entry: str) -> Path:
        """The system that an entry of the boot loader starts."""
        options = self._options(entry).split()
        return Path(next(word for word in options if word.startswith("init="))[5:]).parent

    def panics(self, entry: str) -> bool:
        init = self.started_by(entry) / "init"
        return "rdinit=/missing" in self._options(entry) or "nothing to start" in init.read_text()

    def default(self) -> Path:
        """The system that the boot loader starts by itself."""
        return self.started_by(self.default_entry())

    def activations(self) -> list[tuple[str, str]]:
        """What ended of switch-to-configuration, the oldest first: action and version."""
        lines = (self.root / "var/log/activations").read_text().splitlines()
        ended = [line.split() for line in lines if line.startswith("end ")]
        return [(action, version_of(system)) for _, action, system, _ in ended]

    def _options(self, entry: str) -> str:
        text = (self.root / "boot/loader/entries" / entry).read_text()
        return next(line for line in text.splitlines() if line.startswith("options "))


def version_of(system: str | Path) -> str:
    """ "24.05.2" of …-nixos-system-lab-24.05.2."""
    return str(system).rpartition("-")[2]


def write_settings(tree: Path, settings: dict[str, str | None]) -> None:
    for name, value in settings.items():
        path = tree / "settings" / name.replace("_", "-")
        if value is None:
            path.unlink(missing_ok=True)
        else:
            path.write_text(f"{value}\n")
