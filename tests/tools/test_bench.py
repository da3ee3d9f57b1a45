from __future__ import annotations

import json
from pathlib import Path

import pytest

from benching.command import main

SQUARES = '''"""How long nothing takes.

Not told in the list.
"""
from benching.command import CannotMeasure

def add_options(parser):
    parser.add_argument("--side", type=int, default=4)

def measure(options, report):
    if options.side < 0:
        raise CannotMeasure("no square has such a side")
    report.add("squares.few", 2, "s", "few")
    report.add("squares.many", [5 * options.side, 100, 0], "s", "many")
    report.ratio("squares.growth", "squares.many", "squares.few", "many beside few", 10)
    report.note("measured by nobody")
'''


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "squares.py").write_text(SQUARES)
    return tmp_path


def test_the_list_says_what_each_measures(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--list"], folder) == 0
    assert capsys.readouterr().out.split(maxsplit=1) == ["squares", "How long nothing takes.\n"]


def test_figures_come_as_a_table_and_as_json(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = folder / "figures.json"
    assert main(["squares", "--json", str(file)], folder) == 0
    figures = json.loads(file.read_text())
    assert figures["squares.few"] == 2
    assert figures["squares.many"] == 20, "the median"
    assert figures["bench.ranges"] == {"squares.many": [0, 100]}
    assert figures["squares.growth"] == 1
    assert figures["bench.notes"][-1] == "measured by nobody"
    assert figures["bench.processors"] >= 1
    table = capsys.readouterr().out
    rows = [line.split() for line in table.splitlines()]
    assert ["squares.many", "20", "s", "0", "to", "100", "many"] in rows
    assert "measured by nobody" in table


def test_a_benchmark_has_options_of_its_own(folder: Path) -> None:
    file = folder / "figures.json"
    assert main(["squares", "--side", "6", "--json", str(file)], folder) == 0
    assert json.loads(file.read_text())["squares.growth"] == 1.5


def test_what_cannot_be_measured_is_no_figure(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = folder / "figures.json"
    assert main(["squares", "--side", "-1", "--json", str(file)], folder) == 1
    assert not file.exists()
    assert capsys.readouterr().err.endswith("bench: no square has such a side\n")


@pytest.mark.parametrize("arguments", [["circles"], ["--side", "3"], ["squares", "--siege", "3"]])
def test_what_there_is_not_is_refused(folder: Path, arguments: list[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(arguments, folder)
    assert ended.value.code == 2


def test_benchmarks_of_this_repository_have_what_the_command_takes(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--list"]) == 0
    listed = [line.split()[0] for line in capsys.readouterr().out.splitlines()]
    folder = Path(__file__).resolve().parents[2] / "tools" / "benchmarks"
    assert listed == sorted(file.stem for file in folder.glob("*.py"))
    page = (folder.parents[1] / "docs" / "benchmarks.md").read_text()
    assert [name for name in listed if f"## {name}" not in page] == []
