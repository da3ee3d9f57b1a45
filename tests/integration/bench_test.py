"""tools/bench measures what it says it measures. How long anything takes is not judged here."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path

import pytest

from harness import paths

BENCH = paths.REPOSITORY / "tools" / "bench"
PAGE = paths.REPOSITORY / "docs" / "benchmarks.md"


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, object], str]:
    """Figures and output of a small fleet."""
    file = tmp_path_factory.mktemp("bench") / "figures.json"
    done = subprocess.run([BENCH, "fleet", "--nodes", "3", "--repeat", "1", "--json", file],
                          capture_output=True, text=True, check=False, timeout=240)
    assert done.returncode == 0, done
    return json.loads(file.read_text()), done.stdout


def test_every_figure_of_the_page_is_measured(bench: tuple[dict[str, object], str]) -> None:
    figures, _ = bench
    told = set(re.findall(r"`(fleet\.\w+)`", PAGE.read_text()))
    assert {"fleet.status_5000_s", "fleet.status_500_s", "fleet.rss_kib", "fleet.rss_500_kib"} <= told
    measured = {key for key in figures if key.startswith("fleet.")}
    assert measured == told
    assert all(isinstance(figures[key], (int, float)) and figures[key] >= 0 for key in measured)


def test_a_smaller_fleet_is_no_secret(bench: tuple[dict[str, object], str]) -> None:
    figures, table = bench
    assert (figures["fleet.nodes"], figures["fleet.few_nodes"], figures["fleet.agents"]) == (3, 3, 3)
    (note,) = [note for note in figures["bench.notes"] if not note.startswith("BUSY MACHINE")]
    assert "3 simulated machines instead of 5000" in note
    assert note in table
