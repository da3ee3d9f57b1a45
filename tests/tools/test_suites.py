from __future__ import annotations

from pathlib import Path

import pytest

import suites
from suites import Tally

JUNIT = """<testsuite>
<testcase name="a" status="run"/><testcase name="b"><failure message="no"/></testcase>
<testcase name="c"><error/></testcase><testcase name="d"><skipped/></testcase>
<testcase name="e" status="notrun"/><testcase name="f" status="fail"><failure/></testcase>
</testsuite>"""


def script(tmp_path: Path, text: str) -> list[str | Path]:
    path = tmp_path / "suite"
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return [path]


def test_cases_of_a_report_are_counted(tmp_path: Path) -> None:
    report = tmp_path / "report.xml"
    report.write_text(JUNIT)
    assert suites.read_junit(report) == Tally(passed=1, failed=3, skipped=2)


def test_the_last_line_counts(tmp_path: Path) -> None:
    command = script(tmp_path, "echo 9 passed, 9 failed, 9 skipped; echo '3 passed, 0 failed, 1 skipped'")
    assert suites.run_with_counts(command) == Tally(3, 0, 1)


@pytest.mark.parametrize("text", [
    "echo '3 passed, 0 failed, 0 skipped'; exit 1",
    "echo all is well",
    "echo '0 passed, 0 failed, 0 skipped'",
    "exit 0",
])
def test_a_suite_that_does_not_say_it_passed_has_failed(tmp_path: Path, text: str) -> None:
    assert suites.run_with_counts(script(tmp_path, text)).failed == 1


def test_a_suite_that_is_not_there_has_failed(tmp_path: Path) -> None:
    assert suites.run_with_counts([tmp_path / "absent"]) == Tally(failed=1)
    assert suites.run_with_junit([tmp_path / "absent"], tmp_path / "r.xml") == Tally(failed=1)


def test_a_report_of_an_earlier_run_is_not_believed(tmp_path: Path) -> None:
    report = tmp_path / "report.xml"
    report.write_text(JUNIT)
    assert suites.run_with_junit(script(tmp_path, "exit 0"), report) == Tally(failed=1)
