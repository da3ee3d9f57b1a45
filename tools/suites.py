"""The test suites, one after another, and their sum. tools/test is the command."""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
import time
import xml.etree.ElementTree as xml
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
COUNTS = re.compile(r"(\d+) passed, (\d+) failed, (\d+) skipped")


@dataclass(frozen=True)
class Tally:
    passed: int = 0
    failed: int = 0
    skipped: int = 0

    def __add__(self, other: Tally) -> Tally:
        return Tally(self.passed + other.passed, self.failed + other.failed,
                     self.skipped + other.skipped)

    def __str__(self) -> str:
        return f"{self.passed} passed, {self.failed} failed, {self.skipped} skipped"


@dataclass(frozen=True)
class Suite:
    name: str
    run: Callable[[], Tally]


def read_junit(report: Path) -> Tally:
    """Counts the cases of a JUnit file, as ctest and pytest write them."""
    passed = failed = skipped = 0
    for case in xml.parse(report).iter("testcase"):
        if case.find("failure") is not None or case.find("error") is not None:
            failed += 1
        elif case.find("skipped") is not None or case.get("status") in ("notrun", "disabled"):
            skipped += 1
        else:
            passed += 1
    return Tally(passed, failed, skipped)


def believed(tally: Tally, exit_code: int) -> Tally:
    """A suite that says it went wrong, or that ran nothing, has not passed, whatever it counted."""
    if tally.failed == 0 and (exit_code != 0 or tally.passed + tally.skipped == 0):
        return tally + Tally(failed=1)
    return tally


def run_with_junit(arguments: Sequence[str | Path], report: Path) -> Tally:
    report.parent.mkdir(parents=True, exist_ok=True)
    report.unlink(missing_ok=True)
    code = run(arguments)
    try:
        return believed(read_junit(report), code)
    except (OSError, xml.ParseError) as error:
        print(f"tools/test: no report of {arguments[0]}: {error}")
        return Tally(failed=1)


def run_with_counts(arguments: Sequence[str | Path]) -> Tally:
    """Shows the output as it comes, and takes the counts from its last line."""
    last = ""
    try:
        with subprocess.Popen(arguments, cwd=ROOT, stdout=subprocess.PIPE, text=True,
                              errors="replace") as process:
            assert process.stdout is not None
            for line in process.stdout:
                print(line, end="", flush=True)
                last = line.strip() or last
    except OSError as error:
        print(f"tools/test: {error}")
        return Tally(failed=1)
    counts = COUNTS.fullmatch(last)
    tally = Tally(*map(int, counts.groups())) if counts else Tally()
    return believed(tally, process.returncode)


def run(arguments: Sequence[str | Path]) -> int:
    sys.stdout.flush()
    try:
        return subprocess.run(arguments, cwd=ROOT, check=False).returncode
    except OSError as error:
        print(f"tools/test: {error}")
        return 127


def suites_of(preset: str, quick: bool) -> list[Suite]:
    build = ROOT / "build" / preset
    jobs = str(os.cpu_count() or 1)

    def ctest(name: str, *labels: str) -> Callable[[], Tally]:
        report = build / f"{name}.xml"
        return lambda: run_with_junit(
            ["ctest", "--test-dir", build, "-j", jobs, "--output-on-failure", "--progress",
             "--no-tests=error", "--output-junit", report, *labels], report)

    suites = [
        Suite("checks", lambda: run_with_counts([ROOT / "tools" / "check"])),
        Suite("unit", ctest("unit", "-LE", "integration|packages")),
        Suite("integration", ctest("integration", "-L", "integration")),
        Suite("python", lambda: run_with_junit(
            [sys.executable, "-m", "pytest", "-q", "tests/tools", "qemu/tests",
             f"--junitxml={build / 'pytest.xml'}"], build / "pytest.xml")),
    ]
    if not quick:
        suites.append(Suite("machines", lambda: run_with_counts([ROOT / "qemu" / "run", "--core"])))
    return suites


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="tools/test", description="Builds and runs every test.")
    parser.add_argument("--quick", action="store_true", help="without virtual machines")
    parser.add_argument("--preset", default="release", choices=["dev", "release", "asan", "tsan"],
                        help="the build that unit and integration tests run in")
    options = parser.parse_args(arguments)

    presets = [options.preset]
    if not options.quick and options.preset != "release":
        presets.append("release")  # images are made of release programs
    for preset in presets:
        if run([ROOT / "tools" / "build", preset]) != 0:
            print(f"tools/test: the {preset} build failed\n{Tally(failed=1)}")
            return 1

    total = Tally()
    summary = []
    for suite in suites_of(options.preset, options.quick):
        print(f"\n== {suite.name}", flush=True)
        began = time.monotonic()
        tally = suite.run()
        total += tally
        summary.append(f"{suite.name:12} {time.monotonic() - began:7.1f} s  {tally}")
    print("\n" + "\n".join(summary))
    print(total)
    return 1 if total.failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
