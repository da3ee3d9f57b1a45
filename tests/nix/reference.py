#!/usr/bin/env python3
"""The tables of docs/reference/nixos-module.md, made from the modules' options.

Run by hand it writes them anew; modules_test.py says when that is due.
"""

from __future__ import annotations

import json
import re
import tempfile
from pathlib import Path
from typing import Any

from nix import REPOSITORY, Nix

PAGE = REPOSITORY / "docs" / "reference" / "nixos-module.md"
_TABLE = re.compile(r"(<!-- options: (?P<prefix>\S+) -->\n).*?(<!-- end -->)", re.DOTALL)


def with_tables(page: str, options: list[dict[str, Any]]) -> str:
    return _TABLE.sub(lambda found: f"{found[1]}{_table(found['prefix'], options)}{found[3]}", page)


def _table(prefix: str, options: list[dict[str, Any]]) -> str:
    rows = [_row(option, prefix) for option in sorted(options, key=lambda one: one["name"])
            if option["name"].startswith(prefix + ".")]
    return "\n".join(["| option | type | default | meaning |", "| --- | --- | --- | --- |", *rows, ""])


def _row(option: dict[str, Any], prefix: str) -> str:
    name = option["name"].removeprefix(prefix + ".")
    default = "" if option["default"] is None else f"`{_in_nix(option['default'])}`"
    meaning = _line(option["description"])
    if option["example"] is not None:
        meaning += f" Example: `{_in_nix(option['example'])}`"
    cells = [f"`{name}`", _line(option["type"]), default, meaning]
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def _in_nix(text: str) -> str:
    """A value is given as JSON, an expression as it is."""
    try:
        return _expression(json.loads(text))
    except json.JSONDecodeError:
        return _line(text)


def _expression(value: Any) -> str:
    if isinstance(value, dict):
        pairs = [f"{key} = {_expression(one)};" for key, one in value.items()]
        return " ".join(["{", *pairs, "}"])
    if isinstance(value, list):
        return " ".join(["[", *map(_expression, value), "]"])
    return json.dumps(value)


def _line(text: str) -> str:
    return " ".join(text.split())


def options_of(nix: Nix) -> list[dict[str, Any]]:
    return nix.evaluate("{ }", "options")


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        PAGE.write_text(with_tables(PAGE.read_text(), options_of(Nix(Path(folder)))))
