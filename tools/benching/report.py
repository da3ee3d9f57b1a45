"""What was measured: figures with their units, and one beside another as a ratio."""

from __future__ import annotations

import json
import os
import platform
import statistics
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


_IDLE = 0.5  # a greater load a processor is somebody else's work


@dataclass(frozen=True)
class Goal:
    """A figure is to be no greater; what it means is the figure's."""

    at_most: float

    def met_by(self, value: float) -> bool:
        return value <= self.at_most


@dataclass(frozen=True)
class Figure:
    key: str  # fleet.status_5000_s
    value: float
    unit: str  # "" for a ratio or a count
    meaning: str
    lowest: float
    highest: float
    goal: Goal | None = None

    @property
    def benchmark(self) -> str:
        return self.key.split(".")[0]

    def goal_shown(self) -> str:
        if self.goal is None:
            return ""
        return f"{_number(self.goal.at_most)}: {'met' if self.goal.met_by(self.value) else 'MISSED'}"

    def shown(self) -> str:
        return f"{_number(self.value)} {self.unit}".rstrip()

    def range_shown(self) -> str:
        if self.lowest == self.highest:
            return ""
        return f"{_number(self.lowest)} to {_number(self.highest)}"


class Report:
    def __init__(self) -> None:
        self._figures: dict[str, Figure] = {}
        self._notes: list[tuple[str, str]] = []  # of which benchmark, and what
        self._benchmark = ""
        self._load_before = os.getloadavg()[0]

    def begin(self, benchmark: str) -> None:
        """What is noted from here on is of this one."""
        self._benchmark = benchmark
        # What came later may be of the benchmark before.
        if self._load_before > (os.cpu_count() or 1) * _IDLE:
            self.note(f"BUSY MACHINE: a load of {self._load_before:.1f} before all began; times are longer than they "
                      "would be.")

    def add(self, key: str, values: float | Sequence[float], unit: str, meaning: str,
            at_most: float | None = None) -> float:
        """The median where there are several; returns it. `at_most`: the goal, where there is one."""
        series = [float(value) for value in values] if isinstance(values, Sequence) else [float(values)]
        middle = statistics.median(series)
        goal = None if at_most is None else Goal(at_most)
        self._figures[key] = Figure(key, middle, unit, meaning, min(series), max(series), goal)
        self._progress(self._figures[key])
        return middle

    def ratio(self, key: str, of: str, to: str, meaning: str, beside: float = 1,
              at_most: float | None = None) -> None:
        """How much greater `of` is than `to`, where `beside` would be expected."""
        against = self._figures[to].value * beside
        self.add(key, self._figures[of].value / against if against else 0.0, "", meaning, at_most)

    def figures(self, benchmark: str) -> list[Figure]:
        return [figure for figure in self._figures.values() if figure.benchmark == benchmark]

    def notes(self, benchmark: str) -> list[str]:
        return [text for of, text in self._notes if of == benchmark]

    def load(self) -> str:
        return f"{self._load_before:.1f} before, {os.getloadavg()[0]:.1f} after"

    def note(self, text: str) -> None:
        """What a reader must know about the figures."""
        self._notes.append((self._benchmark, text))
        print(text, file=sys.stderr, flush=True)

    def table(self) -> str:
        rows = [("FIGURE", "VALUE", "FROM", "AT MOST", "WHAT"),
                *((figure.key, figure.shown(), figure.range_shown(), figure.goal_shown(), figure.meaning)
                  for figure in self._figures.values())]
        if not any(figure.goal for figure in self._figures.values()):
            rows = [(*row[:3], row[4]) for row in rows]
        right = 1  # the column of values
        widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]) - 1)]
        lines = ["  ".join([*(f"{cell:{'>' if column == right else '<'}{widths[column]}}"
                              for column, cell in enumerate(row[:-1])), row[-1]]) for row in rows]
        return "\n".join([*lines, "", *(text for _, text in self._notes),
                          *(f"{key}: {value}" for key, value in host().items()), f"load: {self.load()}"])

    def write(self, file: Path) -> None:
        """Figures by their keys; what begins with bench. tells where they come from."""
        figures: dict[str, object] = {figure.key: figure.value for figure in self._figures.values()}
        about = {f"bench.{key}": value for key, value in host().items()}
        load = {"bench.load_before": self._load_before, "bench.load_after": os.getloadavg()[0]}
        ranges = {figure.key: [figure.lowest, figure.highest] for figure in self._figures.values()
                  if figure.lowest != figure.highest}
        goals = {figure.key: figure.goal.at_most for figure in self._figures.values() if figure.goal}
        whole = {**figures, **about, **load, "bench.notes": [text for _, text in self._notes],
                 "bench.ranges": ranges, "bench.goals": goals}
        file.write_text(json.dumps(whole, indent=2) + "\n")

    @staticmethod
    def _progress(figure: Figure) -> None:
        print(f"{figure.key} = {figure.shown()}", file=sys.stderr, flush=True)


def host() -> dict[str, object]:
    commit = subprocess.run(["git", "-C", ROOT, "describe", "--always", "--dirty"], capture_output=True,
                            text=True, check=False).stdout.strip()
    pages = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return {"commit": commit or "unknown", "processor": _processor(), "processors": os.cpu_count(),
            "memory_mib": pages >> 20, "kernel": platform.release()}


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.split(":", 1)[1].strip()
    return platform.machine()


def _number(value: float) -> str:
    if value == int(value) and abs(value) < 1e9:
        return f"{int(value):,}"
    digits = 0 if abs(value) >= 1000 else 1 if abs(value) >= 100 else 2 if abs(value) >= 1 else 3
    return f"{value:,.{digits}f}"
