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


@dataclass(frozen=True)
class Figure:
    key: str  # fleet.status_5000_s
    value: float
    unit: str  # "" for a ratio or a count
    meaning: str
    lowest: float
    highest: float

    def shown(self) -> str:
        return f"{_number(self.value)} {self.unit}".rstrip()

    def range_shown(self) -> str:
        if self.lowest == self.highest:
            return ""
        return f"{_number(self.lowest)} to {_number(self.highest)}"


class Report:
    def __init__(self) -> None:
        self._figures: dict[str, Figure] = {}
        self._notes: list[str] = []
        self._load_before = os.getloadavg()[0]

    def add(self, key: str, values: float | Sequence[float], unit: str, meaning: str) -> float:
        """The median where there are several; returns it."""
        series = [float(value) for value in values] if isinstance(values, Sequence) else [float(values)]
        middle = statistics.median(series)
        self._figures[key] = Figure(key, middle, unit, meaning, min(series), max(series))
        self._progress(self._figures[key])
        return middle

    def ratio(self, key: str, of: str, to: str, meaning: str, beside: float = 1) -> None:
        """How much greater `of` is than `to`, where `beside` would be expected."""
        against = self._figures[to].value * beside
        self.add(key, self._figures[of].value / against if against else 0.0, "", meaning)

    def note(self, text: str) -> None:
        """What a reader must know about the figures."""
        self._notes.append(text)
        print(text, file=sys.stderr, flush=True)

    def table(self) -> str:
        rows = [("FIGURE", "VALUE", "FROM", "WHAT"),
                *((figure.key, figure.shown(), figure.range_shown(), figure.meaning)
                  for figure in self._figures.values())]
        widths = [max(len(row[column]) for row in rows) for column in range(3)]
        lines = [f"{a:{widths[0]}}  {b:>{widths[1]}}  {c:{widths[2]}}  {d}" for a, b, c, d in rows]
        return "\n".join([*lines, "", *self._notes, *(f"{key}: {value}" for key, value in host().items()),
                          f"load: {self._load_before:.1f} before, {os.getloadavg()[0]:.1f} after"])

    def write(self, file: Path) -> None:
        """Figures by their keys; what begins with bench. tells where they come from."""
        figures: dict[str, object] = {figure.key: figure.value for figure in self._figures.values()}
        about = {f"bench.{key}": value for key, value in host().items()}
        load = {"bench.load_before": self._load_before, "bench.load_after": os.getloadavg()[0]}
        ranges = {figure.key: [figure.lowest, figure.highest] for figure in self._figures.values()
                  if figure.lowest != figure.highest}
        whole = {**figures, **about, **load, "bench.notes": self._notes, "bench.ranges": ranges}
        file.write_text(json.dumps(whole, indent=2) + "\n")

    @staticmethod
    def _progress(figure: Figure) -> None:
        print(f"{figure.key} = {figure.shown()}", file=sys.stderr, flush=True)


def host() -> dict[str, object]:
    commit = subprocess.run(["git", "-C", ROOT, "describe", "--always", "--dirty"], capture_output=True,
                            text=True, check=False).stdout.strip()
    pages = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return {"commit": commit or "unknown", "processors": os.cpu_count(), "memory_mib": pages >> 20,
            "kernel": platform.release()}


def _number(value: float) -> str:
    if value == int(value) and abs(value) < 1e9:
        return f"{int(value):,}"
    digits = 0 if abs(value) >= 1000 else 1 if abs(value) >= 100 else 2 if abs(value) >= 1 else 3
    return f"{value:,.{digits}f}"
