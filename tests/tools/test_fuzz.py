from __future__ import annotations

from pathlib import Path

import pytest

from fuzzing import command
from fuzzing.command import Total

LOG = """#2	INITED cov: 12 ft: 13 corp: 1/1b exec/s: 0 rss: 30Mb
#512	pulse  cov: 154 ft: 300 corp: 4/9b lim: 4 exec/s: 256 rss: 31Mb
{end}stat::number_of_executed_units: 3826
stat::average_exec_per_sec:     62
"""


def test_a_log_tells_of_executions_and_coverage() -> None:
    assert command.read_log(LOG.format(end="")) == (3826, 154, 300, None)


def test_a_finding_is_named() -> None:
    log = LOG.format(end="artifact_prefix='x/'; Test unit written to x/crash-01\n")
    assert command.read_log(log)[3] == "x/crash-01"


def test_a_target_that_did_not_start_has_done_nothing() -> None:
    assert command.read_log("no such file") == (0, 0, 0, None)


def test_runs_add_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(command, "WORK", tmp_path / "work")
    command.note("gpt", Total(60, 1000, 700, 1500, 0))
    command.note("gpt", Total(30, 500, 731, 1600, 1))
    command.note("image", Total(6, 10, 0, 0, 0))
    totals = command.read_totals(tmp_path / "work" / "totals.json")
    assert totals["gpt"] == Total(90, 1500, 731, 1600, 1)
    assert "| gpt | 1.5 | 1,500 | 731 | 1 |" in command.table(totals)


def test_each_target_has_inputs_within_bounds_and_is_told_of() -> None:
    told = (command.ROOT / "docs" / "fuzzing.md").read_text()
    targets = command.targets()
    assert len(targets) > 10
    for target in targets:
        inputs = list((command.SOURCES / "corpus" / target).iterdir())
        assert inputs, target
        assert sum(file.stat().st_size for file in inputs) <= command.TREE_BYTES, target
        assert f"| `{target}` |" in told, target
    corpora = {folder.name for folder in (command.SOURCES / "corpus").iterdir()}
    assert corpora == set(targets), "inputs that nobody replays"


def test_what_is_no_target_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert command.main(["nothing"]) == 2
    assert "nothing" in capsys.readouterr().err
    assert command.main([]) == 2


def test_the_list_has_the_targets(capsys: pytest.CaptureFixture[str]) -> None:
    assert command.main(["--list"]) == 0
    assert "gpt" in capsys.readouterr().out.splitlines()
