"""The command line of tools/check."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from pathlib import Path

from checks import layers, links, names, programs
from checks.tree import Problem, Tree

ROOT = Path(__file__).resolve().parents[2]
CHECKS: dict[str, Callable[[Tree], list[Problem]]] = {
    "format": programs.check_format,
    "scripts": programs.check_scripts,
    "layers": layers.check,
    "names": names.check,
    "links": links.check,
}


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(
        prog="tools/check", description="Checks formatting, shell scripts, layers, names and links.")
    parser.add_argument("checks", nargs="*", metavar="CHECK", help=", ".join(CHECKS))
    parser.add_argument("--tidy", action="store_true", help="clang-tidy as well (minutes)")
    parser.add_argument("--fix", action="store_true", help="format what is not formatted")
    options = parser.parse_args(arguments)
    if unknown := [name for name in options.checks if name not in CHECKS]:
        parser.error(f"no check is named {', '.join(unknown)}")

    tree = Tree(ROOT)
    if options.fix:
        programs.mend_format(tree)
    chosen = {name: CHECKS[name] for name in options.checks or CHECKS}
    if options.tidy:
        chosen["tidy"] = programs.check_tidy
    failed = 0
    for name, check in chosen.items():
        problems = check(tree)
        failed += bool(problems)
        print(f"{'FAIL' if problems else 'ok  '} {name}")
        for problem in problems:
            print(f"     {problem}")
    print(f"{len(chosen) - failed} passed, {failed} failed, 0 skipped")
    return 1 if failed else 0
