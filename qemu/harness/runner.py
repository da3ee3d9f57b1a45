"""The command line of qemu/run: finds scenarios, runs them one after another, counts."""

from __future__ import annotations

import argparse
import importlib
import pkgutil
import signal
import sys
import time
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import scenarios
from harness import pki, verdict
from harness.console import Line
from harness.images import Images
from harness.lab import Lab


@dataclass(frozen=True)
class Scenario:
    name: str
    summary: str
    core: bool
    run: Callable[[Lab], None]


def find_scenarios() -> list[Scenario]:
    """By name. A file that is not a scenario is an error."""
    found = []
    for info in pkgutil.iter_modules(scenarios.__path__):
        module = importlib.import_module(f"scenarios.{info.name}")
        found.append(
            Scenario(
                name=info.name.replace("_", "-"),
                summary=(module.__doc__ or "").strip().split("\n")[0],
                core=getattr(module, "CORE", False),
                run=module.run,
            )
        )
    return sorted(found, key=lambda scenario: scenario.name)


def main(arguments: Sequence[str]) -> int:
    """0: every scenario passed; 1: one failed or nothing could be judged; 2: wrong usage."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    known = find_scenarios()
    options = _parse(arguments)
    if options.list:
        for scenario in known:
            print(f"{scenario.name:22} {'core ' if scenario.core else '     '} {scenario.summary}")
        return 0
    names = {scenario.name for scenario in known}
    if unknown := [name for name in options.scenarios if name not in names]:
        print(
            f"qemu/run: no scenario named {', '.join(unknown)}; --list shows all", file=sys.stderr
        )
        return 2
    chosen = [
        scenario
        for scenario in known
        if options.all or (options.core and scenario.core) or scenario.name in options.scenarios
    ]
    if not chosen:
        print(
            "qemu/run: name scenarios, or give --core or --all; --list shows them", file=sys.stderr
        )
        return 2
    if missing := verdict.missing_requirements():
        print("qemu/run: cannot run:", *missing, sep="\n  ", file=sys.stderr)
        return 1
    return _run_all(chosen, options)


def _parse(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="qemu/run", description=__doc__)
    parser.add_argument("scenarios", nargs="*", metavar="SCENARIO")
    parser.add_argument("--all", action="store_true", help="every scenario")
    parser.add_argument("--core", action="store_true", help="those that tools/test runs")
    parser.add_argument("--list", action="store_true", help="show the scenarios and stop")
    parser.add_argument(
        "--keep", action="store_true", help="keep the disks of scenarios that passed, too"
    )
    parser.add_argument("--verbose", action="store_true", help="show steps and serial consoles")
    return parser.parse_args(arguments)


def _run_all(chosen: Sequence[Scenario], options: argparse.Namespace) -> int:
    def say(text: str) -> None:
        print(f"    {text}", flush=True)

    def show(line: Line) -> None:
        print(f"    | {line.text}", flush=True)

    try:
        certificates = pki.prepare()
    except verdict.Unusable as error:
        print(f"qemu/run: {error}", file=sys.stderr)
        return 1
    images = Images(certificates, say)
    passed = 0
    for scenario in chosen:
        lab = Lab(scenario.name, images, certificates, *((say, show) if options.verbose else ()))
        began = time.monotonic()
        problem = _problem_of(scenario, lab)
        seconds = time.monotonic() - began
        lab.close(keep=options.keep or problem is not None)
        if problem is None:
            passed += 1
            print(f"ok   {scenario.name:22} {seconds:6.1f} s", flush=True)
        else:
            print(f"FAIL {scenario.name:22} {seconds:6.1f} s  {problem}", flush=True)
            for text in lab.console_tail():
                print(f"     | {text}")
            print(f"     logs: {lab.folder}", flush=True)
    print(f"{passed} passed, {len(chosen) - passed} failed, 0 skipped")
    return 0 if passed == len(chosen) else 1


def _problem_of(scenario: Scenario, lab: Lab) -> str | None:
    try:
        scenario.run(lab)
    except (verdict.Failed, verdict.Unusable) as error:
        lab.say(f"FAILED: {error}")
        return str(error)
    except Exception as error:  # a bug of the scenario must not hide the others' results
        (lab.folder / "traceback.log").write_text(traceback.format_exc())
        return f"{type(error).__name__}: {error}"
    except BaseException:
        lab.close(keep=True)
        raise
    return None
