"""A console is followed line by line, without escapes, to its end."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from harness.console import Console
from harness.verdict import Failed


def follow(script: str, folder: Path) -> Console:
    process = subprocess.Popen(["sh", "-c", script], stdout=subprocess.PIPE)
    assert process.stdout is not None
    return Console(process.stdout, folder / "console.log")


def test_strips_escapes_and_logs_with_time(tmp_path: Path) -> None:
    console = follow(
        r"printf '\033[2J\033[01;01Hfirmware\r\n\033[0;32mOK\033[0m Started\n'", tmp_path
    )
    console.wait_for("Started", 5)
    console.join()
    assert [line.text for line in console.lines()] == ["firmware", "OK Started"]
    first = (tmp_path / "console.log").read_text().splitlines()[0].split()
    assert float(first[0]) >= 0 and first[1] == "firmware"


def test_matches_a_prompt_without_a_newline(tmp_path: Path) -> None:
    console = follow("printf 'matic login: '; sleep 1", tmp_path)
    assert console.wait_for(r"(\w+) login:", 5)[1] == "matic"


def test_waits_from_a_mark(tmp_path: Path) -> None:
    console = follow("echo boot 1; sleep 0.3; echo between; sleep 0.3; echo boot 2", tmp_path)
    console.wait_for("between", 5)
    mark = console.mark()
    assert console.wait_for(r"boot (\d)", 5, since=mark)[1] == "2"
    assert [found[1] for found in console.matches(r"boot (\d)")] == ["1", "2"]


def test_says_what_it_waited_for(tmp_path: Path) -> None:
    with pytest.raises(Failed, match="ended before it printed /never/"):
        follow("echo something", tmp_path).wait_for("never", 5)
    with pytest.raises(Failed, match="did not print /never/ within 0 s"):
        follow("sleep 1", tmp_path).wait_for("never", 0.2)
