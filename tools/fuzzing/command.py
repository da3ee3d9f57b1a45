"""tools/fuzz: builds a target in the fuzz preset, runs it, tells what came of it, and adds it up."""

from __future__ import annotations

import argparse
import json
import os
import re
import resource
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
SOURCES = ROOT / "tests" / "fuzz"
BUILD = ROOT / "build" / "fuzz"
WORK = ROOT / "build" / "fuzz-corpus"
# Of a target's inputs in the tree, so that replaying them stays a matter of a moment.
TREE_BYTES = 64 * 1024
LARGEST_KEPT = 4096

DECLARED = re.compile(r"^matic_fuzz\((\w+)", re.MULTILINE)
EXECUTED = re.compile(r"^stat::number_of_executed_units:\s*(\d+)", re.MULTILINE)
COVERED = re.compile(r"\bcov: (\d+) ft: (\d+)")
FOUND = re.compile(r"Test unit written to (\S+)")


@dataclass
class Total:
    """Of all runs of a target in this working copy."""
    cpu_seconds: float = 0
    executions: int = 0
    coverage: int = 0  # edges, of the latest run
    features: int = 0
    findings: int = 0


def declared_targets(declaration: str) -> list[str]:
    return DECLARED.findall(re.sub(r"#.*", "", declaration))


def targets() -> list[str]:
    return declared_targets((SOURCES / "CMakeLists.txt").read_text())


def read_totals(file: Path) -> dict[str, Total]:
    if not file.exists():
        return {}
    known = {field.name for field in fields(Total)}
    return {name: Total(**{key: value for key, value in total.items() if key in known})
            for name, total in json.loads(file.read_text()).items()}


def write_totals(file: Path, totals: dict[str, Total]) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    new = file.with_suffix(".new")
    new.write_text(json.dumps({name: asdict(total) for name, total in totals.items()}, indent=1))
    new.replace(file)


def read_log(log: str) -> tuple[int, int, int, str | None]:
    """Executions, coverage, features, and the file of a finding."""
    executed = EXECUTED.search(log)
    covered = COVERED.findall(log)
    found = FOUND.search(log)
    coverage, features = map(int, covered[-1]) if covered else (0, 0)
    return int(executed.group(1)) if executed else 0, coverage, features, \
        found.group(1) if found else None


def table(totals: dict[str, Total]) -> str:
    rows = ["| target | CPU minutes | executions | edges | findings |",
            "| --- | ---: | ---: | ---: | ---: |"]
    rows += [f"| {name} | {total.cpu_seconds / 60:.1f} | {total.executions:,} | "
             f"{total.coverage:,} | {total.findings} |" for name, total in totals.items()]
    return "\n".join(rows)


def build(target: str) -> bool:
    if not (BUILD / "build.ninja").exists() and subprocess.run(
            ["cmake", "--preset", "fuzz", "--log-level=WARNING"], cwd=ROOT, check=False).returncode:
        return False
    quiet = subprocess.run(["ninja", "-C", BUILD, f"fuzz_{target}"], cwd=ROOT, check=False,
                           stdout=subprocess.PIPE, text=True)
    if quiet.returncode:
        print(quiet.stdout)
    return quiet.returncode == 0


def options_of(target: str) -> list[str]:
    dictionary = SOURCES / "dictionaries" / f"{target}.dict"
    return ["-rss_limit_mb=3072", "-timeout=20", "-print_final_stats=1",
            *([f"-dict={dictionary}"] if dictionary.exists() else [])]


def environment() -> dict[str, str]:
    known = ROOT / "tests" / "sanitizers" / "lsan.supp"
    return {**os.environ, "LSAN_OPTIONS": f"suppressions={known}:print_suppressions=0",
            "UBSAN_OPTIONS": "print_stacktrace=1"}


def fuzz(target: str, seconds: int) -> bool:
    """One run. False where something was found, or it could not be run."""
    if not build(target):
        return False
    work, findings = WORK / target, WORK / "findings" / target
    for folder in (work, findings):
        folder.mkdir(parents=True, exist_ok=True)
    had = len(list(work.iterdir()))
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    log_file = WORK / f"{target}.log"
    with log_file.open("w") as log:
        code = subprocess.run(
            [BUILD / "tests" / f"fuzz_{target}", f"-max_total_time={seconds}",
             f"-artifact_prefix={findings}/", *options_of(target), work,
             SOURCES / "corpus" / target],
            cwd=ROOT, check=False, env=environment(), stdout=log, stderr=log).returncode
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    log_text = log_file.read_text(errors="replace")
    executions, coverage, features, found = read_log(log_text)
    note(target, Total(cpu, executions, coverage, features, int(found is not None)))
    print(f"{target}: {executions:,} executions in {cpu:.0f} s of CPU, {coverage:,} edges, "
          f"{len(list(work.iterdir())) - had} new inputs", flush=True)
    if code == 0:
        return True
    print("\n".join(log_text.splitlines()[-60:]))
    print(f"{target}: found {found}" if found else f"{target}: ended with {code}; see {log_file}")
    return False


def note(target: str, run: Total) -> None:
    file = WORK / "totals.json"
    totals = read_totals(file)
    total = totals.setdefault(target, Total())
    total.cpu_seconds += run.cpu_seconds
    total.executions += run.executions
    total.findings += run.findings
    if run.coverage:
        total.coverage, total.features = run.coverage, run.features
    write_totals(file, totals)


def minimise(target: str) -> bool:
    """Takes what reaches more than the inputs in the tree do, the smallest first, while there is
    room."""
    if not build(target):
        return False
    tree = SOURCES / "corpus" / target
    with tempfile.TemporaryDirectory(dir=WORK) as merged:
        for file in tree.iterdir():
            shutil.copy(file, merged)
        code = subprocess.run(
            [BUILD / "tests" / f"fuzz_{target}", "-merge=1", f"-max_len={LARGEST_KEPT}", merged,
             WORK / target],
            cwd=ROOT, check=False, env=environment(), stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL).returncode
        if code != 0:
            print(f"{target}: merging ended with {code}")
            return False
        room = TREE_BYTES - sum(file.stat().st_size for file in tree.iterdir())
        more = sorted((file for file in Path(merged).iterdir() if not (tree / file.name).exists()),
                      key=lambda file: file.stat().st_size)
        taken = 0
        for file in more:
            room -= file.stat().st_size
            if room < 0:
                break
            shutil.copy(file, tree / f"found-{file.name[:12]}")
            taken += 1
    print(f"{target}: {taken} of {len(more)} new inputs are in the tree now")
    return True


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="tools/fuzz", description="Fuzzes what reads input from "
                                     "outside, one target after the other.")
    parser.add_argument("target", nargs="*", help="names as --list has them; \"all\" is all of them")
    parser.add_argument("--list", action="store_true", help="the targets")
    parser.add_argument("--table", action="store_true", help="what all runs so far add up to")
    parser.add_argument("--seconds", type=int, default=60, help="for each target; 60 by default")
    parser.add_argument("--minimise", action="store_true",
                        help="instead: copy new inputs that reach more, and are small, to the tree")
    options = parser.parse_args(arguments)

    known = targets()
    if options.list:
        print("\n".join(known))
        return 0
    if options.table:
        print(table(read_totals(WORK / "totals.json")))
        return 0
    chosen = known if options.target == ["all"] else options.target
    unknown = [name for name in chosen if name not in known]
    if unknown or not chosen or options.seconds < 1:
        print(f"tools/fuzz: {'no such target: ' + ', '.join(unknown) if unknown else 'name a target'}"
              "; tools/fuzz --list names them", file=sys.stderr)
        return 2
    good = True
    for target in chosen:
        good = (minimise(target) if options.minimise else fuzz(target, options.seconds)) and good
    return 0 if good else 1
