"""osctl fleet run and what steers it, against simulated machines with mutual TLS."""

from __future__ import annotations

import json
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from simulated_fleet import NEW, OLD, PATIENCE, SimulatedFleet, group, phases, reasons

TARGETS_ALL = "groups:\n  web:\n    machines: all\n"


@pytest.fixture
def fleet(tmp_path: Path) -> Iterator[SimulatedFleet]:
    """web-1 to web-3; each step takes a fraction of a second."""
    with SimulatedFleet(tmp_path, 3, "--stage-ms", "300", "--reboot-ms", "300", "--trial-ms", "300") as made:
        yield made


def end(run: subprocess.Popen[str]) -> tuple[int, dict[str, object]]:
    out, error = run.communicate(timeout=PATIENCE)
    assert out, error
    return run.returncode, json.loads(out.splitlines()[-1])


def test_all_machines_are_updated_once(fleet: SimulatedFleet) -> None:
    done = fleet.run()
    assert set(phases(done).values()) == {"updated"}, done
    for node in fleet.report().values():
        assert (node["version"], node["digest"]) == ("2.0", NEW)
        assert (node["staged"], node["activated"], node["reboots"], node["held_by"]) == (1, 1, 1, "")
    # All of them run it: there is nothing left to do.
    (group_now,) = json.loads(fleet.osctl("plan", "--output", "json").stdout)["groups"]
    assert group_now["waves"] == []
    assert len(json.loads(fleet.osctl("history", "--output", "json").stdout)["runs"]) == 1


def test_a_plan_touches_nothing(fleet: SimulatedFleet) -> None:
    (planned,) = json.loads(fleet.osctl("run", "--dry-run", "--output", "json").stdout)["groups"]
    assert [[m["name"] for m in wave["machines"]] for wave in planned["waves"]] == [["web-1"], ["web-2", "web-3"]]
    assert all((n["staged"], n["held_by"]) == (0, "") for n in fleet.report().values())


def test_a_sick_canary_goes_back_and_the_run_ends_there(fleet: SimulatedFleet) -> None:
    fleet.order("web-1=sick")
    done = fleet.run(code=5)
    assert phases(done)["web-1"] == "rolled-back"
    assert "health check app" in reasons(done)["web-1"]
    assert done["stop"] != "none"
    assert set(fleet.digests().values()) == {OLD}
    report = fleet.report()
    assert [report[name]["staged"] for name in ("web-2", "web-3")] == [0, 0]
    assert fleet.status()["run"]["finished"]


@pytest.mark.parametrize(("fault", "code"), [("staging-fails", 4), ("old-system", 5)])
def test_what_goes_wrong_on_a_machine_ends_the_run(fleet: SimulatedFleet, fault: str, code: int) -> None:
    fleet.order(f"web-1={fault}")
    done = fleet.run(code=code)
    assert reasons(done)["web-1"]
    assert set(fleet.digests().values()) == {OLD}


def test_one_that_stays_away_is_a_failure_at_its_deadline(fleet: SimulatedFleet) -> None:
    fleet.describe(TARGETS_ALL + group(), "settings: {rebootDelay: 0s, machineDeadline: 1m, rollbackOnFailure: false}\n")
    fleet.order("web-1=dies")
    done = fleet.run(code=4)
    assert phases(done) == {"web-1": "failed", "web-2": "not-reached", "web-3": "not-reached"}
    report = fleet.report()
    assert [report[name]["staged"] for name in ("web-2", "web-3")] == [0, 0]


def test_an_offline_machine_is_left_out_and_reported(fleet: SimulatedFleet) -> None:
    fleet.describe(TARGETS_ALL + group(),
                   "settings: {rebootDelay: 0s, healthCheckTimeout: 5s, skipOffline: true}\n")
    fleet.order("web-2=offline")
    (left,) = json.loads(fleet.osctl("plan", "--output", "json").stdout)["left_out"]
    assert (left["machine"], left["reason"]) == ("web-2", "offline, skipped")
    assert "web-2" not in phases(fleet.run())
    assert fleet.digests() == {"web-1": NEW, "web-2": OLD, "web-3": NEW}


def test_a_paused_run_begins_no_machine_until_it_goes_on(fleet: SimulatedFleet) -> None:
    run = fleet.start()
    fleet.wait_until("the canary is at work", lambda: fleet.report()["web-1"]["held_by"])
    fleet.osctl("pause")
    fleet.wait_until("the canary is updated", lambda: phases(fleet.status()["run"])["web-1"] == "updated")
    now = fleet.status()["run"]
    assert now["paused"]
    assert [fleet.report()[name]["staged"] for name in ("web-2", "web-3")] == [0, 0]
    fleet.osctl("resume")
    code, done = end(run)
    assert (code, set(phases(done).values())) == (0, {"updated"})


def test_a_group_waits_for_its_approval(fleet: SimulatedFleet) -> None:
    fleet.describe("groups:\n  db:\n    machines: [web-1]\n" + group("updatePolicy: manual-approval") +
                   "  web:\n    machines: [web-2, web-3]\n" + group())
    run = fleet.start()
    fleet.wait_until("the other group is updated",
                     lambda: [fleet.digests()[name] for name in ("web-2", "web-3")] == [NEW, NEW])
    assert fleet.report()["web-1"]["staged"] == 0
    assert "nothing" not in fleet.osctl("approve", "db").stdout
    code, done = end(run)
    assert (code, fleet.digests()["web-1"]) == (0, NEW), done


def test_agents_obey_a_stop_when_the_controller_is_dead(fleet: SimulatedFleet) -> None:
    # web-1 is updated, and its soak goes on when the controller dies.
    fleet.describe(TARGETS_ALL + group(soak="1h"))
    run = fleet.start()
    fleet.wait_until("the canary is updated", lambda: fleet.report()["web-1"]["newest"].endswith("COMPLETED"))
    run.send_signal(signal.SIGKILL)
    run.communicate()
    told = json.loads(fleet.osctl("stop", "--revert", "--reason", "test", "--output", "json").stdout)
    assert all(machine["reached"] for machine in told["machines"])
    fleet.wait_until("the canary is back", lambda: fleet.digests()["web-1"] == OLD)
    again = json.loads(fleet.osctl("stop", "--revert", "--output", "json").stdout)
    texts = {machine["name"]: machine["text"] for machine in again["machines"]}
    assert "does not run what the run brought" in texts["web-1"], "it is back already, and stays"
    assert texts["web-2"] == "stopped"
    fleet.run("--resume", code=5)
    report = fleet.report()
    assert [node["digest"] for node in report.values()] == [OLD] * 3
    assert [node["staged"] for node in report.values()] == [1, 0, 0]
    assert report["web-1"]["went_back"] == 1


def test_a_run_of_a_controller_that_is_lost_is_stopped_from_elsewhere(
    fleet: SimulatedFleet, tmp_path: Path
) -> None:
    fleet.describe(TARGETS_ALL + group(soak="1h"))
    run = fleet.start()
    fleet.wait_until("the canary is updated", lambda: fleet.report()["web-1"]["newest"].endswith("COMPLETED"))
    (held,) = {machine["run"] for machine in fleet.status()["machines"]} - {""}
    run.send_signal(signal.SIGKILL)
    run.communicate()
    at_home = fleet.environment
    fleet.environment = {**at_home, "MATIC_FLEET_STATE": str(tmp_path / "elsewhere")}
    refused = fleet.osctl("stop", code=1).stderr
    assert "no run of fleet tested" in refused and f"osctl fleet stop --run {held}" in refused
    misspelt = fleet.osctl("stop", "--run", held[:-1], code=1)
    assert f"runs that hold machines now: {held} (" in misspelt.stderr, "and none was told"
    assert misspelt.stdout == ""
    told = json.loads(fleet.osctl("stop", "--run", held, "--revert", "--output", "json").stdout)
    fleet.environment = at_home
    assert [machine["reached"] for machine in told["machines"]] == [True] * 3
    fleet.wait_until("the canary is back", lambda: fleet.digests()["web-1"] == OLD)
    # Also those that the run had not come to take nothing of it any more.
    fleet.run("--resume", code=5)
    assert [node["staged"] for node in fleet.report().values()] == [1, 0, 0]


def test_a_killed_controller_is_gone_on_with(fleet: SimulatedFleet) -> None:
    run = fleet.start()
    fleet.wait_until("the canary reboots", lambda: fleet.report()["web-1"]["activated"])
    run.send_signal(signal.SIGKILL)
    run.communicate()
    refused = fleet.osctl("run", code=6)
    assert "--resume" in refused.stderr
    assert set(phases(fleet.run("--resume")).values()) == {"updated"}
    for node in fleet.report().values():
        assert (node["digest"], node["staged"], node["reboots"]) == (NEW, 1, 1)


def test_two_controllers_do_not_update_one_fleet(fleet: SimulatedFleet, tmp_path: Path) -> None:
    fleet.describe(TARGETS_ALL + group(soak="1h"))
    run = fleet.start()
    fleet.wait_until("the canary is held", lambda: fleet.report()["web-1"]["held_by"])
    # On the same controller the process is named, on another one the holder of the machines.
    assert str(run.pid) in fleet.osctl("run", code=6).stderr
    holder = fleet.report()["web-1"]["held_by"]
    fleet.environment["MATIC_FLEET_STATE"] = str(tmp_path / "another controller")
    fleet.wait_until("the canary answers",
                     lambda: fleet.report()["web-1"]["newest"].endswith("COMPLETED"))
    refused = fleet.osctl("run", code=6)
    assert str(holder) in refused.stderr
    assert "web-1" in refused.stderr
    run.send_signal(signal.SIGINT)
    run.communicate(timeout=PATIENCE)
