"""docs/reference/nixos-module.md has every option of the modules, as the modules have it."""

from __future__ import annotations

from nix import Nix
from reference import PAGE, options_of, with_tables


def test_the_reference_is_what_the_modules_say(nix: Nix) -> None:
    page = PAGE.read_text()
    assert with_tables(page, options_of(nix)) == page, "run tests/nix/reference.py"


def test_every_option_says_what_it_is_for(nix: Nix) -> None:
    options = options_of(nix)
    assert len(options) > 50
    assert [option["name"] for option in options if len(option["description"]) < 20] == []
    assert [option["name"] for option in options
            if f"| `{option['name'].split('.', 2)[2]}` |" not in PAGE.read_text()] == []
