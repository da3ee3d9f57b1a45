"""A NixOS host is updated by a reboot: the new system is started once, and kept only when it is good."""

from __future__ import annotations

import pytest
from harness.nix_file_machine import NixFileMachine
from harness.node import Schedule


def update_by_reboot(
    machine: NixFileMachine, *options: str, state: str = "COMPLETED"
) -> Schedule:
    schedule = machine.schedule("--mode", "boot", *options)
    machine.reboot()
    return machine.node.wait_for_state(schedule, [state], 60)


def test_the_new_system_is_started_once_and_confirmed(nixos: NixFileMachine) -> None:
    log = len(nixos.host.activations())
    nixos.host.commit(version="2")
    schedule = nixos.schedule("--mode", "boot")
    nixos.wait_until_it_reboots(60)
    (new,) = [s for n, s in nixos.host.generations().items() if n == 2]
    # A kernel that panics now comes back to the old one.
    assert nixos.host.default() == nixos.first
    assert nixos.starts_once() == "nixos-generation-2.conf"
    assert nixos.host.link("current-system") == nixos.first
    assert nixos.host.activations()[log:] == [
        ("check", "24.05.2"),
        ("dry-activate", "24.05.2"),
        ("boot", "24.05.2"),
        ("boot", "24.05.1"),
    ]

    assert nixos.power_on() == new
    done = nixos.node.wait_for_state(schedule, ["COMPLETED"], 60)
    assert (done.target, done.reason) == (new.name, "")
    nixos.expect_runs(new)
    nixos.expect_default(new)
    assert nixos.host.activations()[-1] == ("boot", "24.05.2")


def test_a_kernel_that_panics_leads_back(nixos: NixFileMachine) -> None:
    nixos.host.commit(version="2", **{"break": "panic"})
    done = update_by_reboot(nixos, state="ROLLED_BACK")
    assert done.reason.endswith("24.05.2 was started, and never confirmed itself")
    nixos.expect_runs(nixos.first)
    nixos.expect_default(nixos.first)
    assert list(nixos.host.generations()) == [1]
    (record,) = nixos.node.rollback_history()
    assert record["from"] == done.target
    assert record["to"] == nixos.first.name


def test_one_that_fails_its_checks_is_left_by_a_reboot(nixos: NixFileMachine) -> None:
    nixos.host.commit(version="2", kernel="6.6")
    nixos.make_sick("24.05.2")
    schedule = nixos.schedule("--mode", "boot")
    new = nixos.reboot()
    assert new.name.endswith("24.05.2")
    assert nixos.reboot() == nixos.first
    done = nixos.node.wait_for_state(schedule, ["ROLLED_BACK"], 60)
    assert "app: lost its database" in done.reason
    nixos.expect_runs(nixos.first)
    nixos.expect_default(nixos.first)

    # Not a second time, unless somebody insists.
    again = nixos.update("--mode", "boot", state="FAILED")
    assert "is quarantined" in again.reason
    nixos.make_sick("24.05.2", sick=False)
    update_by_reboot(nixos, "--force", "quarantine")
    nixos.expect_runs(new)
    nixos.expect_default(new)


def test_a_system_that_did_not_come_up_twice_is_refused(nixos: NixFileMachine) -> None:
    nixos.host.commit(version="2", **{"break": "panic"})
    for _ in range(2):
        update_by_reboot(nixos, state="ROLLED_BACK")
    assert "is quarantined" in nixos.update("--mode", "boot", state="FAILED").reason
    nixos.expect_default(nixos.first)


@pytest.mark.parametrize(
    ("changed", "reason"),
    [({"kernel": "6.6"}, "kernel"), ({"initrd": "2"}, "initrd"), ({"kernel_params": "ro"}, "kernel-params")],
)
def test_a_reboot_is_taken_where_one_is_needed(
    nixos: NixFileMachine, changed: dict[str, str], reason: str
) -> None:
    nixos.host.commit(version="2", **changed)
    schedule = nixos.schedule("--no-reboot")
    staged = nixos.node.wait_for(schedule, "staged", lambda s: s.phase == "STAGED", 60)
    assert staged.reason.startswith("staged; takes a reboot (")
    shown = nixos.node.call("schedule", "status", schedule)["schedule"]
    assert any(reason in line for line in shown["reboot_reasons"]), shown
    nixos.expect_runs(nixos.first)
    nixos.expect_default(nixos.first)

    nixos.node.call("schedule", "activate", schedule)
    new = nixos.reboot()
    assert new.name == staged.target
    nixos.node.wait_for_state(schedule, ["COMPLETED"], 60)
    nixos.expect_default(new)


def test_a_critical_component_that_changes_takes_a_reboot(nixos: NixFileMachine) -> None:
    nixos.host.commit(version="2", switch_inhibitors='{"dbus": "dbus-1"}')
    nixos.update()
    nixos.host.commit(version="3", switch_inhibitors='{"dbus": "dbus-2"}')
    schedule = nixos.schedule()
    new = nixos.reboot()
    assert new.name.endswith("24.05.3")
    nixos.node.wait_for_state(schedule, ["COMPLETED"], 60)
    nixos.expect_default(new)


def test_a_switch_that_takes_a_reboot_is_refused(nixos: NixFileMachine) -> None:
    nixos.host.commit(version="2", **{"break": "init-interface"})
    done = nixos.update("--mode", "switch", state="FAILED")
    assert "--mode boot" in done.reason
    nixos.expect_runs(nixos.first)
    nixos.expect_default(nixos.first)
