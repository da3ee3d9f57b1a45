"""Results in a document: a benchmark's part of it, between two marks, is written anew."""

from __future__ import annotations

import datetime
import re
from collections.abc import Sequence
from pathlib import Path

from benching.report import Figure, Report, host


def check(page: Path, benchmarks: Sequence[str]) -> None:
    """ValueError where it has no place for the results of one of them: better before hours of measuring."""
    for name in benchmarks:
        replaced(page.read_text(), name, "")


def write(page: Path, report: Report, benchmarks: Sequence[str], command: str) -> None:
    text = page.read_text()
    for name in benchmarks:
        text = replaced(text, name, section(report, name, command, datetime.datetime.now(datetime.UTC)))
    page.write_text(text)


def replaced(text: str, benchmark: str, results: str) -> str:
    """ValueError where the document has no place for them."""
    begin, end = marks(benchmark)
    parts = re.compile(f"{re.escape(begin)}\n.*?{re.escape(end)}", re.DOTALL)
    whole, count = parts.subn(lambda _: f"{begin}\n{results}\n{end}", text)
    if count != 1:
        raise ValueError(f"the page has {count} places for results between '{begin}' and '{end}', not one")
    return whole


def marks(benchmark: str) -> tuple[str, str]:
    return f"<!-- results of {benchmark}: written by tools/bench -->", f"<!-- end of {benchmark} -->"


def section(report: Report, benchmark: str, command: str, now: datetime.datetime) -> str:
    about = host()
    machine = (f"{about['processors']} processors ({about['processor']}), {about['memory_mib']} MiB of memory, "
               f"Linux {about['kernel']}")
    head = (f"{now:%Y-%m-%d %H:%M} UTC, commit {about['commit']}; {machine}; load {report.load()}. "
            f"`{command}`:")
    notes = [f"* {text}" for text in report.notes(benchmark)]
    return "\n".join([head, "", *_table(report.figures(benchmark)), *(["", *notes] if notes else [])])


def _table(figures: Sequence[Figure]) -> list[str]:
    """A goal has its column only where there is one."""
    goals = any(figure.goal for figure in figures)
    lines = ["| figure | value | from | at most | what |" if goals else "| figure | value | from | what |",
             "| --- | ---: | --- | --- | --- |" if goals else "| --- | ---: | --- | --- |"]
    for figure in figures:
        cells = [f"`{figure.key}`", figure.shown(), figure.range_shown(),
                 *([figure.goal_shown()] if goals else []), figure.meaning]
        lines.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
    return lines
