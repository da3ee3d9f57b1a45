"""Runs that timers begin take turns, and finish what another has left."""

from __future__ import annotations

import json
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from simulated_fleet import NEW, SimulatedFleet, group

TWO = ("groups:\n  db:\n    machines: [web-1]\n" + group("updatePolicy: manual-approval") +
       "  web:\n    machines: [web-2, web-3]\n" + group())


@pytest.fixture
def fleet(tmp_path: Path) -> Iterator[SimulatedFleet]:
    with SimulatedFleet(tmp_path / "fleet", 3, "--sockets") as made:
        yield made


def runs(fleet: SimulatedFleet) -> list[dict[str, object]]:
    return json.loads(fleet.osctl("history", "--output", "json").stdout)["runs"]


def test_a_run_waits_for_the_end_of_another(fleet: SimulatedFleet) -> None:
    fleet.describe(TWO)
    first = fleet.start("--group", "db")
    fleet.wait_until("the first waits for approval", lambda: fleet.status().get("run"))
    assert "carries out a run" in fleet.osctl("run", "--group", "web", code=6).stderr
    second = fleet.start("--group", "web", "--wait", "5m")
    fleet.osctl("approve", "db")
    first.communicate(timeout=90)
    second.communicate(timeout=90)
    assert (first.returncode, second.returncode) == (0, 0)
    assert set(fleet.digests().values()) == {NEW}
    assert len(runs(fleet)) == 2


def test_a_run_that_was_left_is_finished_before_the_next(fleet: SimulatedFleet) -> None:
    fleet.describe("groups:\n  web:\n    machines: all\n" + group(soak="3s"))
    left = fleet.start()
    fleet.wait_until("the canary is updated", lambda: fleet.report()["web-1"]["newest"].endswith("COMPLETED"))
    left.send_signal(signal.SIGKILL)
    left.communicate()
    assert "was left" in fleet.osctl("run", code=6).stderr
    done = fleet.osctl("run", "--wait", "1m")
    assert "3 updated" in done.stdout
    assert set(fleet.digests().values()) == {NEW}
    assert [run["finished"] for run in runs(fleet)] == [True]


def test_waiting_has_an_end(fleet: SimulatedFleet) -> None:
    fleet.describe(TWO)
    first = fleet.start("--group", "db")
    fleet.wait_until("the first waits for approval", lambda: fleet.status().get("run"))
    assert "carries out a run" in fleet.osctl("run", "--wait", "1s", code=6).stderr
    assert "--wait" in fleet.osctl("run", "--wait", "soon", code=2).stderr
    fleet.osctl("stop")
    first.communicate(timeout=90)


def test_going_on_with_nothing_is_no_failure(fleet: SimulatedFleet) -> None:
    assert "nothing to go on with" in fleet.osctl("run", "--resume", "--wait", "1m").stdout
    state = Path(fleet.environment["MATIC_FLEET_STATE"])
    assert state.stat().st_mode & 0o777 == 0o700
