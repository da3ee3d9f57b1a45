"""osctl fleet update, rollback and reboot, against simulated machines with mutual TLS."""

from __future__ import annotations

import json
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from simulated_fleet import NEW, OLD, RULES, SimulatedFleet, group, phases, reasons


@pytest.fixture
def fleet(tmp_path: Path) -> Iterator[SimulatedFleet]:
    """web-1 to web-3; each step takes a fraction of a second."""
    with SimulatedFleet(tmp_path, 3, "--stage-ms", "300", "--reboot-ms", "300", "--trial-ms", "300") as made:
        yield made


def end(done: subprocess.CompletedProcess[str]) -> dict[str, object]:
    last = json.loads(done.stdout.splitlines()[-1])
    assert last["event"] == "end", done
    return last


def carry(fleet: SimulatedFleet, *arguments: object, code: int = 0) -> dict[str, object]:
    return end(fleet.osctl(*arguments, "--output", "json", code=code))


def found(fleet: SimulatedFleet, code: int) -> dict[str, tuple[bool, str]]:
    done = json.loads(fleet.osctl("update", "verify", "--output", "json", code=code).stdout)
    return {machine["name"]: (machine["verified"], machine["found"]) for machine in done["machines"]}


def test_an_update_in_steps(fleet: SimulatedFleet) -> None:
    assert "prepare" in fleet.osctl("update", "execute", code=6).stderr
    assert set(phases(carry(fleet, "update", "prepare")).values()) == {"prepared"}
    for node in fleet.report().values():
        assert (node["staged"], node["activated"], node["reboots"], node["held_by"]) == (1, 0, 0, "")
    assert "staged" in found(fleet, code=4)["web-1"][1]
    assert set(phases(carry(fleet, "update", "execute", "--parallel", "1")).values()) == {"updated"}
    for node in fleet.report().values():
        assert (node["digest"], node["staged"], node["activated"], node["reboots"]) == (NEW, 1, 1, 1)
    assert [well for well, _ in found(fleet, code=0).values()] == [True] * 3
    fleet.order("web-2=unhealthy")
    assert found(fleet, code=4)["web-2"] == (False, "runs 2.0, not healthy: health check app: exit code 1")
    fleet.order("web-2=offline")
    assert "not reached" in found(fleet, code=4)["web-2"][1]


def test_only_what_was_prepared_is_executed_and_it_is_what_was_pinned(fleet: SimulatedFleet) -> None:
    carry(fleet, "update", "prepare", "--machine", "web-1,web-3")
    # What the fleet is to run from now on is something else.
    fleet.describe("groups:\n  web:\n    machines: all\n" + group(target="3" * 64))
    planned = json.loads(fleet.osctl("update", "execute", "--dry-run", "--output", "json").stdout)
    assert [(left["machine"], left["reason"]) for left in planned["left_out"]] == [("web-2", "not prepared")]
    assert set(phases(carry(fleet, "update", "execute"))) == {"web-1", "web-3"}
    assert fleet.digests() == {"web-1": NEW, "web-2": OLD, "web-3": NEW}


def test_one_that_cannot_be_prepared_does_not_keep_the_others_from_it(fleet: SimulatedFleet) -> None:
    fleet.order("web-1=staging-fails")
    done = carry(fleet, "update", "prepare", code=4)
    assert phases(done) == {"web-1": "failed", "web-2": "prepared", "web-3": "prepared"}
    assert "HTTP 404" in reasons(done)["web-1"]


def test_a_rollback_goes_in_reverse_and_is_read_back(fleet: SimulatedFleet) -> None:
    fleet.describe("groups:\n  db:\n    machines: [web-1]\n" + group() +
                   "  web:\n    machines: [web-2, web-3]\n" + group("dependencies: [db]"))
    fleet.run()
    planned = json.loads(fleet.osctl("rollback", "--dry-run", "--output", "json").stdout)
    assert [one["name"] for one in planned["groups"]] == ["web", "db"]
    assert set(fleet.digests().values()) == {NEW}
    done = fleet.osctl("update", "rollback", "--wait", "--output", "json")
    assert set(phases(end(done)).values()) == {"rolled-back"}
    begun = [json.loads(line) for line in done.stdout.splitlines()]
    order = [event["machine"] for event in begun if event.get("phase") == "rolling-back"]
    assert set(order[:2]) == {"web-2", "web-3"}
    assert order[2:] == ["web-1"]
    for node in fleet.report().values():
        assert (node["digest"], node["went_back"], node["held_by"]) == (OLD, 1, "")
    newest = json.loads(fleet.osctl("history", "--output", "json").stdout)["runs"][0]
    assert (newest["work"], newest["finished"]) == ("rollback", True)


def test_a_rollback_goes_on_in_the_background_and_nothing_else_meanwhile(fleet: SimulatedFleet) -> None:
    fleet.run()
    begun = json.loads(fleet.osctl("rollback", "--output", "json").stdout)
    assert fleet.osctl("reboot", code=6).stderr
    fleet.wait_until("it has ended", lambda: fleet.status()["run"]["finished"])
    run = fleet.status()["run"]
    assert (run["run"], set(phases(run).values())) == (begun["run"], {"rolled-back"})
    assert set(fleet.digests().values()) == {OLD}
    assert "3 rolled-back" in Path(begun["log"]).read_text()


def test_a_machine_that_has_nothing_to_go_back_to_is_told_of(fleet: SimulatedFleet) -> None:
    done = carry(fleet, "rollback", "--wait", "--machine", "web-1", code=4)
    assert "nothing to go back to" in reasons(done)["web-1"]
    assert fleet.report()["web-1"]["reboots"] == 0


CLOSED = ("allowReboot: false", "updatePolicy: manual-approval")


def test_an_immediate_rollback_passes_the_rules_by(fleet: SimulatedFleet) -> None:
    fleet.run()
    fleet.describe("groups:\n  web:\n    machines: all\n" + group(*CLOSED), RULES.replace("0s", "10m", 1))
    left = json.loads(fleet.osctl("rollback", "--dry-run", "--output", "json").stdout)["left_out"]
    assert {one["reason"] for one in left} == {"its group allows no reboot"}
    assert set(phases(carry(fleet, "rollback", "--immediate", "--wait")).values()) == {"rolled-back"}
    assert set(fleet.digests().values()) == {OLD}


def test_machines_reboot_one_after_another(fleet: SimulatedFleet) -> None:
    done = fleet.osctl("reboot", "--staggered", "--delay", "0s", "--output", "json")
    assert set(phases(end(done)).values()) == {"rebooted"}
    shown = [json.loads(line) for line in done.stdout.splitlines()]
    order = [(event["machine"], event["phase"]) for event in shown
             if event.get("phase") in ("rebooting", "rebooted")]
    assert order == [(f"web-{i}", phase) for i in (1, 2, 3) for phase in ("rebooting", "rebooted")]
    assert [(node["reboots"], node["digest"]) for node in fleet.report().values()] == [(1, OLD)] * 3
    assert "delay" in fleet.osctl("reboot", "--delay", "soon", code=2).stderr


def test_machines_that_may_not_reboot_are_left(fleet: SimulatedFleet) -> None:
    fleet.describe("groups:\n  web:\n    machines: all\n" + group("allowReboot: false"))
    assert "allows no reboot" in fleet.osctl("reboot").stdout
    assert {node["reboots"] for node in fleet.report().values()} == {0}


def test_a_killed_controller_reboots_nothing_twice(fleet: SimulatedFleet) -> None:
    run = subprocess.Popen(fleet.command("reboot"), env=fleet.environment, stdout=subprocess.PIPE,
                           stderr=subprocess.PIPE, text=True)
    fleet.wait_until("one has rebooted", lambda: any(n["reboots"] for n in fleet.report().values()))
    run.send_signal(signal.SIGKILL)
    run.communicate()
    assert set(phases(fleet.run("--resume")).values()) == {"rebooted"}
    assert [node["reboots"] for node in fleet.report().values()] == [1] * 3
