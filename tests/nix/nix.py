"""What a host with the modules of nix/ is made of, evaluated and built by the real Nix."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

REPOSITORY = Path(__file__).resolve().parents[2]
MODULES = REPOSITORY / "nix"
HOST = Path(__file__).resolve().parent / "host.nix"
# Tests of another build name its folder, as ctest does.
PROGRAMS = Path(os.environ.get("MATIC_BIN") or REPOSITORY / "build" / "release" / "bin").parent


class Refused(Exception):
    """Nix ended with an error, which is the text."""


class Nix:
    def __init__(self, folder: Path) -> None:
        self._environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(folder),
            "NIX_STORE_DIR": str(folder / "store"),
            "NIX_STATE_DIR": str(folder / "var"),
            "NIX_LOG_DIR": str(folder / "log"),
            "NIX_CONF_DIR": str(folder / "etc"),
            "NIX_CONFIG": "build-users-group =\nsandbox = false\nsubstitute = false\n"
                          "experimental-features = nix-command flakes\n",
        }

    def run(self, *arguments: str | Path) -> str:
        done = subprocess.run(arguments, env=self._environment, capture_output=True, text=True,
                              timeout=240, check=False)
        if done.returncode != 0:
            raise Refused(done.stderr)
        return done.stdout

    def evaluate(self, services: str, wanted: str, machine: str = "{ }") -> Any:
        """`wanted` of a host with these `services`, both as Nix expressions."""
        return json.loads(self.run("nix-instantiate", "--eval", "--strict", "--json", "--expr",
                                   f"({_host(services, machine)}).{wanted}"))

    def build(self, services: str, wanted: str) -> Path:
        printed = self.run("nix-build", "--no-out-link", "--expr", f"({_host(services)}).{wanted}")
        return Path(printed.strip())


def _host(services: str, machine: str = "{ }") -> str:
    return (f'import {HOST} {{ programs = "{PROGRAMS}"; services = {services}; '
            f"machine = {machine}; }}")
