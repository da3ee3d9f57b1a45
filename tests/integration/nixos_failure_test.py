"""What fails on a NixOS host: the machine goes on with what it ran, and the reason says why."""

from __future__ import annotations

import contextlib
import fcntl
import os
from collections.abc import Iterator

import pytest
from harness.nix_file_machine import NixFileMachine


@contextlib.contextmanager
def lock_of_switches(machine: NixFileMachine) -> Iterator[None]:
    """Held as by a person's nixos-rebuild."""
    lock = machine.host.root / "run/nixos/switch-to-configuration.lock"
    lock.parent.mkdir(parents=True, exist_ok=True)
    with lock.open("a") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        yield


def expect_back(machine: NixFileMachine) -> None:
    machine.expect_runs(machine.first)
    machine.expect_default(machine.first)
    assert list(machine.host.generations()) == [1]


def expect_takes_the_next(machine: NixFileMachine, **settings: str | None) -> None:
    machine.host.commit(version="good", **{"break": None, "exit_code": None}, **settings)
    machine.update()
    machine.expect_default(machine.host.link("current-system"))
    assert machine.host.link("current-system").name.endswith("24.05.good")


@pytest.mark.parametrize(
    ("settings", "reasons"),
    [
        ({"break": "activation"}, ["activation script failed", 'snippet "users" failed (1)']),
        ({"exit_code": "4"}, ["exited with 4"]),
        ({"exit_code": "3"}, ["switch-to-configuration test exited with 3"]),
    ],
)
def test_an_activation_that_fails_is_undone(
    nixos: NixFileMachine, settings: dict[str, str], reasons: list[str]
) -> None:
    log = len(nixos.host.activations())
    (nixos.host.root / "failed-units").write_text("")
    nixos.host.commit(version="2", app="two", **settings)
    schedule = nixos.schedule()
    nixos.hold("begin test *-24.05.2 *")
    nixos.wait_until_held()
    if settings.get("exit_code") == "4":
        (nixos.host.root / "failed-units").write_text("app.service\n")
    nixos.let_go()
    done = nixos.node.wait_for_state(schedule, ["ROLLED_BACK"], 60)
    for reason in reasons:
        assert reason in done.reason
    assert nixos.host.activations()[log + 2 :] == [("test", "24.05.2"), ("test", "24.05.1")]
    expect_back(nixos)
    expect_takes_the_next(nixos)


def test_units_that_had_failed_before_are_not_blamed(nixos: NixFileMachine) -> None:
    (nixos.host.root / "failed-units").write_text("backup.service\n")
    nixos.host.commit(version="2", exit_code="4")
    nixos.update()
    new = nixos.host.link("current-system")
    assert new.name.endswith("24.05.2")
    nixos.expect_default(new)


def test_a_system_that_is_sick_is_left_and_not_taken_again(nixos: NixFileMachine) -> None:
    nixos.host.commit(version="2")
    nixos.make_sick("24.05.2")
    log = len(nixos.host.activations())
    done = nixos.update(state="ROLLED_BACK")
    assert "app: lost its database" in done.reason
    assert nixos.host.activations()[log + 2 :] == [("test", "24.05.2"), ("test", "24.05.1")]
    expect_back(nixos)

    again = nixos.update(state="FAILED")
    assert f"{done.target} is quarantined" in again.reason
    assert "app: lost its database" in again.reason
    expect_back(nixos)

    nixos.make_sick("24.05.2", sick=False)
    nixos.update("--force", "quarantine")
    new = nixos.host.link("current-system")
    assert new.name == done.target
    nixos.expect_default(new)


def test_without_a_way_back_asked_for_it_stays(nixos: NixFileMachine) -> None:
    nixos.host.commit(version="2")
    nixos.make_sick("24.05.2")
    answer = nixos.node.call("schedule", "update")
    done = nixos.node.wait_for_state(answer["schedule"]["id"], ["FAILED"], 60)
    assert done.reason.startswith("running, unhealthy: ")
    new = nixos.host.link("current-system")
    assert new.name == done.target
    nixos.expect_default(new)


def test_checks_of_the_new_system_stop_it(nixos: NixFileMachine) -> None:
    nixos.host.commit(version="2", **{"break": "check"})
    done = nixos.update(state="FAILED")
    assert "the disk that /srv names is not there" in done.reason
    assert "switch-to-configuration check exited with 1" in done.reason
    expect_back(nixos)
    expect_takes_the_next(nixos)


def test_who_else_switches_is_named(nixos: NixFileMachine) -> None:
    nixos.host.commit(version="2")
    log = len(nixos.host.activations())
    with lock_of_switches(nixos):
        done = nixos.update(state="FAILED")
    assert done.reason.startswith("pre-check failed: switch-lock: ")
    assert f"(pid {os.getpid()}) holds " in done.reason
    assert "another configuration is being switched to" in done.reason
    assert nixos.host.activations()[log:] == []
    expect_back(nixos)

    with lock_of_switches(nixos):
        done = nixos.update("--force", "switch-lock", state="FAILED")
    assert f"(pid {os.getpid()}) holds " in done.reason
    assert nixos.host.activations()[log:] == []
    expect_back(nixos)
    expect_takes_the_next(nixos)


def test_who_switches_meanwhile_is_named(nixos: NixFileMachine) -> None:
    nixos.host.commit(version="2")
    schedule = nixos.schedule("--stop-after-staging")
    nixos.node.wait_for(schedule, "staged", lambda s: s.phase == "STAGED", 60)
    with lock_of_switches(nixos):
        nixos.node.call("schedule", "activate", schedule)
        done = nixos.node.wait_for_state(schedule, ["FAILED"], 60)
    assert f"(pid {os.getpid()}) holds " in done.reason
    assert ("test", "24.05.2") not in nixos.host.activations()
    expect_back(nixos)
    expect_takes_the_next(nixos)


def test_an_update_while_one_is_under_way_is_refused(nixos: NixFileMachine) -> None:
    nixos.host.commit(version="2")
    nixos.hold("begin test *")
    schedule = nixos.schedule()
    nixos.wait_until_held()
    outcome = nixos.node.run("schedule", "update")
    assert schedule in outcome.stderr
    nixos.let_go()
    nixos.node.wait_for_state(schedule, ["COMPLETED"], 60)
