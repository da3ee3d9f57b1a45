"""osctl is killed at every write to its journal, and another one goes on with the run."""

from __future__ import annotations

import os
import signal
import subprocess
from pathlib import Path

import pytest

from harness import paths
from simulated_fleet import PATIENCE, SimulatedFleet, group

KILLED_WRITER = paths.PROGRAMS.parent / "tests" / "killed_writer.so"
COUNTED = ("staged", "activated", "reboots", "went_back")
NAMES = ("web-1", "web-2", "web-3")


def run_and_kill(fleet: SimulatedFleet, write: int, *, after: bool) -> bool:
    """Whether it was killed at that write, before it or just after; else it ended well."""
    environment = {**os.environ, **fleet.environment, "LD_PRELOAD": str(KILLED_WRITER), "KILL_FILE": ".journal",
                   "KILL_AT": str(write)}
    if after:
        environment["KILL_AFTER"] = "1"
    done = subprocess.run(fleet.command("run"), env=environment, capture_output=True, text=True, check=False,
                          timeout=PATIENCE)
    assert done.returncode in (0, -signal.SIGKILL), done
    return done.returncode != 0


def counts(fleet: SimulatedFleet) -> dict[str, list[int]]:
    return {name: [int(str(node[what])) for what in COUNTED] for name, node in fleet.report().items()}


def gained(before: dict[str, list[int]], after: dict[str, list[int]]) -> list[list[int]]:
    return [[now - then for then, now in zip(before[name], after[name], strict=True)] for name in NAMES]


def go_on(fleet: SimulatedFleet, before: dict[str, list[int]], where: str) -> None:
    """With the run, or with a new one where nothing of the run was in the journal."""
    resumed = fleet.osctl("run", "--resume", code=0)
    if "nothing to go on with" not in resumed.stdout:
        return
    happened = gained(before, counts(fleet))
    assert happened in ([[0, 0, 0, 0]] * 3, [[1, 1, 1, 0]] * 3), where
    if happened[0][0] == 0:
        fleet.osctl("run", code=0)


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
def test_no_step_is_done_twice_wherever_the_controller_dies(tmp_path: Path, after: bool) -> None:
    """Before a write what led to it has happened, after it what follows from it has not."""
    no_delays = [word for step in ("stage", "reboot", "trial") for word in (f"--{step}-ms", "0")]
    with SimulatedFleet(tmp_path, len(NAMES), "--sockets", *no_delays) as fleet:
        write, killed = 0, True
        while killed:
            write += 1
            digest = f"{write:064x}"
            where = f"write {write}"
            fleet.describe("groups:\n  web:\n    machines: all\n" + group(target=digest))
            fleet.environment["MATIC_FLEET_STATE"] = str(tmp_path / f"state-{write}")
            before = counts(fleet)
            killed = run_and_kill(fleet, write, after=after)
            if killed:
                go_on(fleet, before, where)
            assert set(fleet.digests().values()) == {digest}, where
            assert gained(before, counts(fleet)) == [[1, 1, 1, 0]] * 3, where
            assert all(node["held_by"] == "" for node in fleet.report().values()), where
            assert "nothing to go on with" in fleet.osctl("run", "--resume").stdout, where
    print(f"killed at {write - 1} writes")
    assert write > 50, "a run of three machines writes its journal more often than that"
