"""tools/bench: benchmarks by name, their figures as a table and as JSON.

A benchmark is a file of tools/benchmarks: its first line of text says what it measures,
add_options(parser) takes its own options, and measure(options, report) fills the report. Its figures
are called NAME.something. What it left in docs/benchmarks.md before, --page replaces.
"""

from __future__ import annotations

import argparse
import importlib.util
import shlex
import signal
import sys
from pathlib import Path
from types import ModuleType

from benching import results_page
from benching.report import ROOT, Report
from harness.verdict import Failed, Unusable

FOLDER = ROOT / "tools" / "benchmarks"
PAGE = ROOT / "docs" / "benchmarks.md"


class CannotMeasure(Exception):
    """Something that the benchmark takes is missing, and what to do."""


def names(folder: Path) -> list[str]:
    return sorted(file.stem for file in folder.glob("*.py"))


def load(folder: Path, name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"benchmark_{name}", folder / f"{name}.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def main(arguments: list[str], folder: Path = FOLDER, page: Path = PAGE) -> int:
    known = names(folder)
    parser = argparse.ArgumentParser(
        prog="bench", description="Measures, and prints figures side by side.", add_help=False)
    parser.add_argument("names", nargs="*", choices=[*known, []], metavar="NAME",
                        help="benchmarks: " + ", ".join(known))
    parser.add_argument("--list", action="store_true", help="say what there is")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there, too")
    parser.add_argument("--page", action="store_true", help="write the results into docs/benchmarks.md, too")
    parser.add_argument("--repeat", type=int, default=3, metavar="N",
                        help="times that what is quick is measured; the figure is the median [3]")
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
    if options.repeat < 1:
        parser.error("--repeat is 1 or more")
    if options.page:
        results_page.check(page, list(modules))
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # what was started is ended then, too
    report = Report()
    try:
        for name, module in modules.items():
            report.begin(name)
            module.measure(options, report)
    except (CannotMeasure, Failed, Unusable) as error:
        print(f"bench: {error}", file=sys.stderr)
        return 1
    print(report.table())
    if options.json:
        report.write(options.json)
    if options.page:
        results_page.write(page, report, list(modules), shlex.join(["tools/bench", *arguments]))
    return 0
