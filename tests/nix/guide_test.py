"""The examples of Nix in the documents are Nix, and the modules take what is in them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from nix import REPOSITORY, Nix

EXAMPLES = [pytest.param(text, id=f"{page.name}:{page.read_text()[:found.start()].count(chr(10)) + 1}")
            for page in sorted((REPOSITORY / "docs").glob("**/*.md"))
            for found in re.finditer(r"^```nix\n(.*?)^```$", page.read_text(), re.MULTILINE | re.DOTALL)
            for text in [found[1]]]
IS_MODULE = "services.matic"


@pytest.mark.parametrize("text", EXAMPLES)
def test_an_example_is_nix(nix: Nix, text: str, tmp_path: Path) -> None:
    file = tmp_path / "example.nix"
    file.write_text(text)
    nix.run("nix-instantiate", "--parse", file)


@pytest.mark.parametrize("text", [one for one in EXAMPLES if IS_MODULE in one.values[0]])
def test_the_modules_take_an_example(nix: Nix, text: str, tmp_path: Path) -> None:
    file = tmp_path / "example.nix"
    file.write_text(text)
    # What it says beside that is of NixOS, of which there is not enough here.
    services = (f"let example = import {file}; in "
                "builtins.intersectAttrs { matic-agent = 1; matic-fleet = 1; } "
                "(if builtins.isFunction example then example { pkgs = { }; } else example).services")
    assert nix.evaluate(f"({services})", "agent")["backend"] == "nixos"
    assert nix.evaluate(f"({services})", "refused") == []


def test_there_are_examples() -> None:
    assert len([one for one in EXAMPLES if IS_MODULE in one.values[0]]) > 5
