"""tools/bench: benchmarks by name, their figures as a table and as JSON.

A benchmark is a file of tools/benchmarks: its first line of text says what it measures,
add_options(parser) takes its own options, and measure(options, report) fills the report. Its figures
are called NAME.something.
"""

from __future__ import annotations

import argparse
import importlib.util
import sys
from pathlib import Path
from types import ModuleType

from benching.report import Report

FOLDER = Path(__file__).resolve().parents[1] / "benchmarks"


class CannotMeasure(Exception):
    """Something that the benchmark takes is missing, and what to do."""


def names(folder: Path) -> list[str]:
    return sorted(file.stem for file in folder.glob("*.py"))


def load(folder: Path, name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"benchmark_{name}", folder / f"{name}.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def main(arguments: list[str], folder: Path = FOLDER) -> int:
    known = names(folder)
    parser = argparse.ArgumentParser(
        prog="bench", description="Measures, and prints figures side by side.", add_help=False)
    parser.add_argument("names", nargs="*", choices=[*known, []], metavar="NAME",
                        help="benchmarks: " + ", ".join(known))
    parser.add_argument("--list", action="store_true", help="say what there is")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there, too")
    parser.add_argument("--help", "-h", action="store_true", help="say this; with NAME, its options too")
    wanted = parser.parse_known_args(arguments)[0]
    modules = {name: load(folder, name) for name in (known if wanted.list else wanted.names)}
    for name, module in modules.items():
        if not wanted.list:
            module.add_options(parser.add_argument_group(name))
    options = parser.parse_args(arguments)
    if options.list:
        for name, module in modules.items():
            print(f"{name:12} {module.__doc__.strip().splitlines()[0]}")
        return 0
    if options.help or not modules:
        parser.print_help()
        return 0 if options.help else 2
    return _measure(modules, options)


def _measure(modules: dict[str, ModuleType], options: argparse.Namespace) -> int:
    report = Report()
    try:
        for module in modules.values():
            module.measure(options, report)
    except CannotMeasure as error:
        print(f"bench: {error}", file=sys.stderr)
        return 1
    print(report.table())
    if options.json:
        report.write(options.json)
    return 0
