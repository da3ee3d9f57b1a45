"""The agent is killed, or the power goes, anywhere in an update of a NixOS host."""

from __future__ import annotations

import pytest
from harness.nix_file_machine import NixFileMachine

# Lines of the activation log, and what the boot loader is told (tests/fixtures/nix-system).
BOOT_MOMENTS = {
    "profile-set": "begin boot *-24.05.2 *",
    "new-boot": "end boot *-24.05.2 *",
    "old-boot-begun": "begin boot *-24.05.1 *",
    "old-boot": "end boot *-24.05.1 *",
    "start-once": "bootctl *",
    "started-once": "done bootctl *",
}


def held_update(machine: NixFileMachine, pattern: str, *options: str) -> str:
    """Of 24.05.2, which has come that far."""
    machine.host.commit(version="2")
    machine.hold(pattern)
    schedule = machine.schedule(*options)
    machine.wait_until_held()
    return schedule


def expect_agreement(machine: NixFileMachine) -> None:
    """Whatever runs is what the profile names and the boot loader starts."""
    machine.expect_default(machine.host.link("current-system"))


@pytest.mark.parametrize("moment", ["begin test *-24.05.2 *", "end test *-24.05.2 *"])
def test_an_activation_outlives_the_agent(nixos: NixFileMachine, moment: str) -> None:
    schedule = held_update(nixos, moment)
    nixos.kill_agent()
    nixos.start_agent()
    nixos.node.wait_until_up(20)
    nixos.let_go()
    done = nixos.node.wait_for_state(schedule, ["COMPLETED"], 60)
    new = nixos.host.link("current-system")
    assert new.name == done.target
    nixos.expect_default(new)
    # It was not begun a second time.
    assert nixos.host.activations().count(("test", "24.05.2")) == 1


def test_an_activation_that_ended_meanwhile_is_taken_up(nixos: NixFileMachine) -> None:
    schedule = held_update(nixos, "begin test *-24.05.2 *")
    nixos.kill_agent()
    nixos.let_go()
    nixos.wait_until_logged("end test *-24.05.2 0")
    nixos.start_agent()
    nixos.node.wait_until_up(20)
    nixos.node.wait_for_state(schedule, ["COMPLETED"], 60)
    nixos.expect_default(nixos.host.link("current-system"))
    assert nixos.host.activations().count(("test", "24.05.2")) == 1


@pytest.mark.parametrize("moment", ["begin boot *-24.05.2 *", "end boot *-24.05.2 *"])
def test_a_confirmation_is_gone_on_with(nixos: NixFileMachine, moment: str) -> None:
    schedule = held_update(nixos, moment)
    nixos.lose_agent()
    nixos.start_agent()
    nixos.node.wait_for_state(schedule, ["COMPLETED"], 60)
    new = nixos.host.link("current-system")
    assert new.name.endswith("24.05.2")
    nixos.expect_default(new)


@pytest.mark.parametrize("moment", ["begin test *-24.05.2 *", "end test *-24.05.2 *"])
def test_a_power_loss_before_it_is_confirmed_leads_back(
    nixos: NixFileMachine, moment: str
) -> None:
    schedule = held_update(nixos, moment)
    nixos.lose_power()
    assert nixos.power_on() == nixos.first
    done = nixos.node.wait_for_state(schedule, ["FAILED", "ROLLED_BACK"], 60)
    assert done.reason
    nixos.expect_runs(nixos.first)
    nixos.expect_default(nixos.first)
    # The next one goes all the way, also to the same system: the power loss is not its fault.
    done = nixos.update()
    assert done.target.endswith("24.05.2")
    expect_agreement(nixos)


@pytest.mark.parametrize("moment", ["begin boot *-24.05.2 *", "end boot *-24.05.2 *"])
def test_a_power_loss_while_it_is_confirmed(nixos: NixFileMachine, moment: str) -> None:
    """It was healthy: whether the next start is of it or of the old one, all agree."""
    schedule = held_update(nixos, moment)
    nixos.lose_power()
    started = nixos.power_on()
    done = nixos.node.wait_for_state(schedule, ["COMPLETED", "FAILED", "ROLLED_BACK"], 60)
    nixos.expect_runs(started)
    nixos.expect_default(started)
    assert (done.state == "COMPLETED") == started.name.endswith("24.05.2"), done


@pytest.mark.parametrize("moment", BOOT_MOMENTS.values(), ids=BOOT_MOMENTS.keys())
def test_a_power_loss_between_two_steps_is_put_right(nixos: NixFileMachine, moment: str) -> None:
    """Before the new system was started as told, nothing speaks against it: the update goes on."""
    schedule = held_update(nixos, moment, "--mode", "boot")
    nixos.lose_power()
    started = nixos.power_on()
    if moment == BOOT_MOMENTS["profile-set"]:
        assert started == nixos.first
    assert nixos.settle(schedule).state == "COMPLETED"
    new = nixos.host.link("current-system")
    assert new.name.endswith("24.05.2")
    nixos.expect_runs(new)
    nixos.expect_default(new)


@pytest.mark.parametrize("moment", BOOT_MOMENTS.values(), ids=BOOT_MOMENTS.keys())
def test_a_killed_agent_goes_on_where_it_was(nixos: NixFileMachine, moment: str) -> None:
    schedule = held_update(nixos, moment, "--mode", "boot")
    nixos.lose_agent()
    nixos.start_agent()
    new = nixos.reboot()
    assert new.name.endswith("24.05.2")
    nixos.node.wait_for_state(schedule, ["COMPLETED"], 60)
    nixos.expect_runs(new)
    nixos.expect_default(new)


def test_a_lock_file_that_was_borrowed_is_put_back(nixos: NixFileMachine) -> None:
    nixos.host.commit(version="2", **{"break": "hang"})
    nixos.host.do("git", "pull", "--quiet")
    lock = nixos.host.tree / "flake.lock"
    before = lock.read_text()
    (nixos.host.root / "srv/release/version").write_text("24.11\n")
    schedule = nixos.schedule("--update-input", "release")
    nixos.node.wait_for(schedule, "building", lambda s: s.phase == "BUILDING", 60)
    assert lock.read_text() != before
    nixos.power_off()
    assert lock.read_text() == before
    nixos.start_agent()
    nixos.node.wait_until_up(20)
    nixos.node.wait_for(schedule, "building again", lambda s: s.phase == "BUILDING", 60)
    nixos.node.call("schedule", "cancel", schedule)
    nixos.node.wait_for_state(schedule, ["CANCELLED"], 20)
    assert lock.read_text() == before
    expect_agreement(nixos)
