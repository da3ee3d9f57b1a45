"""nix/flake.nix and its files, as far as that goes without nixpkgs."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest
from nix import MODULES, Nix

NIXPKGS = Path(__file__).resolve().parent / "nixpkgs"
FILES = sorted(str(path.relative_to(MODULES)) for path in MODULES.glob("**/*.nix"))


@pytest.mark.parametrize("file", FILES)
def test_every_file_is_nix(nix: Nix, file: str) -> None:
    nix.run("nix-instantiate", "--parse", MODULES / file)


@pytest.fixture(scope="module")
def flake(tmp_path_factory: pytest.TempPathFactory) -> str:
    """As people name it: a folder of a git repository."""
    repository = tmp_path_factory.mktemp("repository")
    shutil.copytree(MODULES, repository / "nix")
    for command in (["init", "--quiet"], ["add", "nix"],
                    ["-c", "user.name=a", "-c", "user.email=a@b", "commit", "--quiet", "-m", "nix"]):
        subprocess.run(["git", *command], cwd=repository, check=True)
    return f"git+file://{repository}?dir=nix"


def apply(nix: Nix, output: str, function: str) -> object:
    return json.loads(nix.run("nix", "eval", "--json", "--no-write-lock-file", "--override-input",
                              "nixpkgs", f"path:{NIXPKGS}", output, "--apply", function))


def test_it_has_packages_modules_an_overlay_and_checks(nix: Nix, flake: str) -> None:
    systems = ["aarch64-linux", "x86_64-linux"]
    names = "builtins.attrNames"
    assert apply(nix, f"{flake}#packages", names) == systems
    assert apply(nix, f"{flake}#packages.x86_64-linux", names) == ["default", "matic"]
    assert apply(nix, f"{flake}#nixosModules", names) == ["default", "matic-agent", "matic-fleet"]
    assert apply(nix, f"{flake}#checks", names) == systems
    checks = apply(nix, f"{flake}#checks.x86_64-linux", names)
    assert checks == ["agent-defaults", "agent-everything", "agent-units", "fleet", "package"]
    assert apply(nix, f"{flake}#overlays.default",
                 "overlay: builtins.attrNames (overlay { } { })") == ["matic"]


def test_its_modules_bring_the_package_along(nix: Nix, flake: str) -> None:
    for name in ("matic-agent", "matic-fleet"):
        overlays = apply(nix, f"{flake}#nixosModules.{name}",
                         "module: builtins.length module.nixpkgs.overlays")
        assert overlays == 1


def test_the_package_is_built_of_what_is_there() -> None:
    package = (MODULES / "package.nix").read_text()
    listed = package.split("sources = [")[1].split("]")[0].split()
    folders = [name.strip('"') for name in listed]
    assert "agent" in folders
    assert [name for name in folders if not (MODULES.parent / name).exists()] == []
