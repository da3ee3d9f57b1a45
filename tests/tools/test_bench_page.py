from __future__ import annotations

import datetime
from pathlib import Path

import pytest

from benching import results_page
from benching.command import PAGE, main, names, FOLDER
from benching.report import Report

NOW = datetime.datetime(2026, 11, 22, 3, 45, tzinfo=datetime.UTC)
BENCHMARK = '''"""Counts."""
def add_options(parser):
    pass

def measure(options, report):
    report.add("counts.sheep", [3, 1, 2], "", "sheep | goats", at_most=2)
    report.add("counts.wolves", 1, "", "wolves", at_most=0)
    report.note("counted at night")
'''
OLD = "# Page\n\n## counts\n\n<!-- results of counts: written by tools/bench -->\nyesterday\n<!-- end of counts -->\n\nkept\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "benchmarks").mkdir()
    (tmp_path / "benchmarks/counts.py").write_text(BENCHMARK)
    (tmp_path / "page.md").write_text(OLD)
    return tmp_path


def run(folder: Path, *arguments: str) -> int:
    return main(["counts", *arguments], folder / "benchmarks", folder / "page.md")


def test_results_take_the_place_of_those_before(folder: Path) -> None:
    assert run(folder, "--page", "--repeat", "5") == 0
    text = (folder / "page.md").read_text()
    assert "yesterday" not in text
    assert text.startswith("# Page\n\n## counts\n\n<!-- results of counts: written by tools/bench -->\n20")
    assert text.endswith("\n<!-- end of counts -->\n\nkept\n")
    assert "`tools/bench counts --page --repeat 5`" in text
    assert "| `counts.sheep` | 2 | 1 to 3 | 2: met | sheep \\| goats |" in text
    assert "| `counts.wolves` | 1 |  | 0: MISSED | wolves |" in text
    assert "* counted at night" in text


def test_nothing_is_written_unasked(folder: Path) -> None:
    assert run(folder) == 0
    assert (folder / "page.md").read_text() == OLD


def test_results_are_written_again_and_again(folder: Path) -> None:
    assert run(folder, "--page") == 0
    assert run(folder, "--page") == 0
    assert (folder / "page.md").read_text().count("counts.sheep") == 1


def test_a_page_without_a_place_is_left_alone_and_nothing_is_measured(folder: Path) -> None:
    (folder / "page.md").write_text("# Page\n")
    (folder / "benchmarks/counts.py").write_text(BENCHMARK.replace("report.note", "raise RuntimeError"))
    with pytest.raises(ValueError, match="0 places"):
        run(folder, "--page")
    assert (folder / "page.md").read_text() == "# Page\n"


def test_a_section_has_its_own_figures_and_notes_alone() -> None:
    report = Report()
    report.begin("one")
    report.add("one.length", 1, "m", "length")
    report.note("of one")
    report.begin("two")
    report.add("two.length", 2, "m", "length")
    report.note("of two")
    section = results_page.section(report, "two", "tools/bench one two", NOW)
    assert section.startswith("2026-11-22 03:45 UTC, commit ")
    assert "| figure | value | from | what |" in section, "no goal, no column of goals"
    assert ("two.length" in section, "of two" in section) == (True, True)
    assert ("one.length" in section, "of one" in section) == (False, False)


def test_the_page_has_a_place_for_every_benchmark() -> None:
    results_page.check(PAGE, names(FOLDER))
