"""What the report of osctl fleet run says of each fault that tools/fleet-sim has, and who obeys a stop."""

from __future__ import annotations

import json
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from simulated_fleet import NEW, OLD, SimulatedFleet, group, phases, reasons

SETTINGS = "settings: {maxParallel: 2, rebootDelay: 0s, healthCheckTimeout: 5s, machineDeadline: 1m%s}\n"
WEB = "groups:\n  web:\n    machines: [web-1, web-2]\n"
# Of a canary: exit code of the run, how the machine ends, and why.
FAULTS = [
    ("sick", 5, "rolled-back", "health check app: exit code 1"),
    ("old-system", 5, "rolled-back", "the new system did not start"),
    ("staging-fails", 4, "failed", "https://updates.example/os.squashfs: HTTP 404"),
]


@pytest.fixture
def fleet(tmp_path: Path) -> Iterator[SimulatedFleet]:
    """web-1 and web-2 in a group, and web-3 in another one behind it."""
    with SimulatedFleet(tmp_path, 3, "--stage-ms", "300", "--reboot-ms", "300", "--trial-ms", "300",
                        "--slow-ms", "500") as made:
        describe(made)
        yield made


def describe(fleet: SimulatedFleet, settings: str = "", web: str = "", soak: str = "0s") -> None:
    groups = WEB + group(*([web] if web else []), soak=soak)
    fleet.describe(groups + "  db:\n    machines: [web-3]\n" + group(), SETTINGS % settings)


def touched(fleet: SimulatedFleet) -> list[str]:
    return [name for name, node in fleet.report().items() if node["staged"] or node["activated"]]


@pytest.mark.parametrize(("fault", "code", "phase", "why"), FAULTS)
def test_a_canary_that_fails_is_named_with_its_reason(
    fleet: SimulatedFleet, fault: str, code: int, phase: str, why: str
) -> None:
    fleet.order(f"web-1={fault}")
    done = fleet.run(code=code)
    assert phases(done) == {"web-1": phase, "web-2": "not-reached", "web-3": "not-reached"}
    assert reasons(done)["web-1"] == why
    assert reasons(done)["web-2"] == f"canary 'web-1' failed: {why}"
    assert touched(fleet) in (["web-1"], [])
    # People get the same words, also later.
    shown = json.loads(fleet.osctl("history", "--output", "json").stdout)["runs"][-1]
    assert reasons(shown) == reasons(done)
    assert set(fleet.digests().values()) == {OLD}


def test_a_machine_that_lies_about_the_channel_chooses_nothing(fleet: SimulatedFleet) -> None:
    target = "target: {channel: 'https://updates.example/stable.json'}"
    rules = "".join(f"    {line}\n" for line in (target, "canary: {count: 1, soakTime: 0s}", "staggerDelay: 0s"))
    fleet.describe("groups:\n  web:\n    machines: all\n" + rules, SETTINGS % "")
    fleet.order("web-1=lies")
    done = fleet.run(code=4)
    assert phases(done)["web-1"] == "updated"
    # The first of the others that fails ends the run.
    assert ("https://updates.example/stable.json: the manifest's image has the SHA-256 "
            f"{NEW}, and {'6' * 64} was asked for") in reasons(done).values(), done
    assert fleet.digests() == {"web-1": "6" * 64, "web-2": OLD, "web-3": OLD}
    # Without it all is well.
    fleet.order("web-1=none")
    fleet.run()
    assert set(fleet.digests().values()) == {NEW}


def test_a_machine_that_is_off_is_named_before_anything_is_touched(fleet: SimulatedFleet) -> None:
    fleet.order("web-2=offline")
    done = fleet.run(code=4)
    assert done["stop_reason"] == "group 'web': failures: 1, of at most 0 (web-2 cannot be reached)"
    (left,) = done["left_out"]
    assert (left["machine"], left["reason"]) == ("web-2", "cannot be reached")
    assert left["detail"].startswith("cannot reach")
    assert touched(fleet) == []
    assert "web-2: cannot be reached: " in fleet.osctl("plan").stdout
    # Nothing was begun, which is not the same as nothing to do.
    text = fleet.osctl("run", "--machine", "web-2", code=4).stdout
    assert ": none begun, 1 left out\nweb-2: cannot be reached: cannot reach " in text
    assert "nothing to do" not in text
    assert fleet.osctl("health-check", code=3).stdout.count("unreachable") == 1


def test_who_failed_and_why_is_told_at_the_end_of_the_text(fleet: SimulatedFleet) -> None:
    fleet.order("web-1=staging-fails")
    lines = fleet.osctl("run", code=4).stdout.splitlines()
    end = lines[next(i for i, line in enumerate(lines) if line.startswith("run-")) + 1:]
    assert any(line.startswith("web-1: failed: ") for line in end), lines
    assert any(line.startswith("Stopped: ") for line in end), lines
    assert any(line.startswith("web-1: failed: ") for line in fleet.osctl("status").stdout.splitlines())


def test_a_run_with_nothing_to_do_is_one_object(fleet: SimulatedFleet) -> None:
    fleet.run()
    (line,) = fleet.osctl("run", "--output", "json").stdout.splitlines()
    told = json.loads(line)
    assert (told["event"], told["run"]) == ("nothing-to-do", None)
    assert {one["reason"] for one in told["left_out"]} == {"up to date"}
    (line,) = fleet.osctl("run", "--resume", "--output", "json").stdout.splitlines()
    assert json.loads(line)["event"] == "nothing-to-do"
    assert {machine["phase"] for machine in fleet.status()["machines"]} == {""}


def test_a_machine_that_may_be_off_is_reported_at_the_end(fleet: SimulatedFleet) -> None:
    describe(fleet, settings=", skipOffline: true")
    fleet.order("web-2=offline")
    done = fleet.run()
    (left,) = done["left_out"]
    assert (left["machine"], left["reason"]) == ("web-2", "offline, skipped")
    assert fleet.digests() == {"web-1": NEW, "web-2": OLD, "web-3": NEW}


def test_a_group_that_is_not_healthy_is_left_alone_and_the_next_goes_on(fleet: SimulatedFleet) -> None:
    fleet.order("web-2=unhealthy")
    done = fleet.run(code=4)
    why = "machine 'web-2' is not healthy: health check app: exit code 1"
    ends = {each["name"]: (each["end"], each["reason"]) for each in done["groups"]}
    assert ends == {"web": ("unhealthy", why), "db": ("well", "")}
    assert phases(done) == {"web-1": "not-reached", "web-2": "not-reached", "web-3": "updated"}
    assert touched(fleet) == ["web-3"]


def test_one_that_is_slow_is_waited_for(fleet: SimulatedFleet) -> None:
    fleet.order("web-1=slow")
    assert set(phases(fleet.run()).values()) == {"updated"}
    assert set(fleet.digests().values()) == {NEW}


def test_one_that_is_silent_for_a_moment_is_no_failure(fleet: SimulatedFleet) -> None:
    run = fleet.start()
    fleet.wait_until("the canary is at work", lambda: fleet.report()["web-1"]["staged"])
    fleet.order("web-1=offline")
    fleet.wait_until("steps meet it", lambda: fleet.report()["web-1"]["unanswered"] >= 2)
    fleet.order("web-1=none")
    out, error = run.communicate(timeout=120)
    done = json.loads(out.splitlines()[-1])
    assert (run.returncode, set(phases(done).values())) == (0, {"updated"}), error
    assert fleet.report()["web-1"]["staged"] == 1


def test_one_that_falls_silent_is_a_failure_at_its_deadline(fleet: SimulatedFleet) -> None:
    describe(fleet, settings=", rollbackOnFailure: false")
    fleet.order("web-1=dies")
    done = fleet.run(code=4)
    assert phases(done) == {"web-1": "failed", "web-2": "not-reached", "web-3": "not-reached"}
    assert reasons(done)["web-1"] == "reboot: not done within its deadline"
    assert done["stop_reason"] == "machine 'web-1' failed to reboot: reboot: not done within its deadline"
    assert touched(fleet) == ["web-1"]


def lose_the_controller_after_the_canary(fleet: SimulatedFleet) -> None:
    run = fleet.start()
    fleet.wait_until("the canary is updated", lambda: fleet.report()["web-1"]["newest"].endswith("COMPLETED"))
    run.send_signal(signal.SIGKILL)
    run.communicate()


def test_who_could_not_be_told_to_stop_is_named(fleet: SimulatedFleet) -> None:
    describe(fleet, soak="1h")
    lose_the_controller_after_the_canary(fleet)
    fleet.order("web-1=offline")
    stopped = fleet.osctl("stop", code=3)
    assert "1 of 3 machines were not reached: run osctl fleet stop again" in stopped.stderr
    fleet.order("web-1=none")
    fleet.osctl("stop")


@pytest.mark.parametrize("how", ["--keep", "--revert"])
def test_what_was_not_activated_when_the_controller_died_never_is(tmp_path: Path, how: str) -> None:
    with SimulatedFleet(tmp_path, 3, "--stage-ms", "4000", "--reboot-ms", "300", "--trial-ms", "300") as fleet:
        describe(fleet)
        run = fleet.start()
        fleet.wait_until("the canary stages", lambda: "IN_PROGRESS" in fleet.report()["web-1"]["newest"])
        run.send_signal(signal.SIGKILL)
        run.communicate()
        told = json.loads(fleet.osctl("stop", how, "--output", "json").stdout)
        assert [machine["reached"] for machine in told["machines"]] == [True] * 3
        fleet.wait_until("the update is over", lambda: fleet.report()["web-1"]["newest"].endswith("CANCELLED"))
        # Nobody may take the run up again and activate it after all.
        fleet.run("--resume", code=4)
        report = fleet.report()
        assert [node["activated"] for node in report.values()] == [0, 0, 0]
        assert [node["digest"] for node in report.values()] == [OLD] * 3


def test_what_runs_the_target_when_the_controller_died_may_keep_it(fleet: SimulatedFleet) -> None:
    describe(fleet, soak="1h")
    lose_the_controller_after_the_canary(fleet)
    fleet.osctl("stop", "--keep", "--reason", "looks odd")
    done = fleet.run("--resume", code=4)
    assert "looks odd" in done["stop_reason"]
    assert fleet.digests() == {"web-1": NEW, "web-2": OLD, "web-3": OLD}
    assert touched(fleet) == ["web-1"]
