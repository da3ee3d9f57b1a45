"""A node's answers are read as osctl prints them, and waiting outlives a reboot."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from harness import paths
from harness.node import UNREACHABLE, Node, OsctlError, Schedule
from harness.verdict import Failed


def schedule(state: str, done: int = 0) -> str:
    return json.dumps(
        {
            "schedule": {
                "id": "sched-20260127-001",
                "state": f"SCHEDULE_STATE_{state}",
                "phase": "PHASE_FETCHING",
                "target": "slot-b",
                "reason": "because",
                "progress": {"bytes_done": str(done), "bytes_total": "100"},
            }
        }
    )


@pytest.fixture
def answers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of scripts; each call of osctl runs the first one that is left."""
    folder = tmp_path / "answers"
    folder.mkdir()
    osctl = tmp_path / "osctl"
    osctl.write_text(
        f"#!/bin/sh\nnext=$(ls {folder} | head -1)\nsh {folder}/$next\ncode=$?\n"
        f'[ "$(ls {folder} | wc -l)" = 1 ] || rm {folder}/$next\nexit $code\n'
    )
    osctl.chmod(0o755)
    monkeypatch.setattr(paths, "OSCTL", osctl)
    return folder


def answer(folder: Path, *scripts: str) -> None:
    for number, script in enumerate(scripts):
        (folder / str(number)).write_text(script)


@pytest.fixture
def node(tmp_path: Path) -> Node:
    return Node.remote(1, tmp_path, tmp_path / "osctl.log")


def test_reads_a_schedule() -> None:
    now = Schedule.parse(json.loads(schedule("IN_PROGRESS", 42))["schedule"])
    assert (now.state, now.phase, now.bytes_done, now.bytes_total) == (
        "IN_PROGRESS",
        "FETCHING",
        42,
        100,
    )


def test_an_error_has_osctls_words_and_code(answers: Path, node: Node, tmp_path: Path) -> None:
    answer(answers, "echo 'not authorised' >&2; exit 3")
    with pytest.raises(OsctlError, match="osctl status: exit code 3: not authorised") as caught:
        node.status()
    assert caught.value.code == UNREACHABLE
    assert "exit code 3" in (tmp_path / "osctl.log").read_text()


def test_waits_while_the_node_cannot_be_reached(answers: Path, node: Node) -> None:
    answer(
        answers,
        f"echo '{schedule('IN_PROGRESS')}'",
        "exit 3",
        f"echo '{schedule('COMPLETED')}'",
    )
    assert node.wait_for_state("sched-20260127-001", ["COMPLETED"], 20).state == "COMPLETED"


def test_another_end_than_the_expected_one_fails_at_once(answers: Path, node: Node) -> None:
    answer(answers, f"echo '{schedule('FAILED')}'")
    with pytest.raises(Failed, match="ended FAILED, expected COMPLETED: because"):
        node.wait_for_state("sched-20260127-001", ["COMPLETED"], 60)


def test_says_what_it_waited_for(answers: Path, node: Node) -> None:
    answer(answers, "echo 'connection refused' >&2; exit 3")
    with pytest.raises(Failed, match="an agent that answers.*connection refused"):
        node.wait_until_up(1)


def test_a_watch_prints_an_object_a_line(answers: Path, node: Node) -> None:
    answer(answers, f"echo '{schedule('IN_PROGRESS')}'; echo '{schedule('COMPLETED')}'")
    states = [o["schedule"]["state"] for o in node.run("schedule", "watch").objects]
    assert states == ["SCHEDULE_STATE_IN_PROGRESS", "SCHEDULE_STATE_COMPLETED"]
