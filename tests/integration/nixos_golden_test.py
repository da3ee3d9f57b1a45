"""Ways back of a NixOS host: the system before, a generation by its number, the golden one."""

from __future__ import annotations

from pathlib import Path

from harness.nix_file_machine import NixFileMachine
from harness.node import FAILED, REFUSED

_KEPT = "nix/var/nix/profiles/system-profiles/matic_golden"


def configure(machine: NixFileMachine, **settings: object) -> None:
    machine.power_off()
    machine.configure({"nixos": settings})
    machine.start_agent()
    machine.node.wait_until_up(20)


def update_to(machine: NixFileMachine, version: str, **settings: str) -> Path:
    machine.host.commit(version=version, **settings)
    machine.update()
    return machine.host.link("current-system")


def golden(machine: NixFileMachine) -> Path | None:
    link = machine.host.root / _KEPT
    return link.resolve() if link.exists() else None


def make_golden(machine: NixFileMachine, version: str) -> Path:
    configure(machine, golden_after_seconds=1)
    system = update_to(machine, version)
    machine.node.poll(
        lambda: golden(machine) == system or None, 60, f"{system.name} that is golden"
    )
    configure(machine, golden_after_seconds=0)
    return system


def roll_back(machine: NixFileMachine, *options: str) -> Path:
    """By hand, where it takes no reboot."""
    known = len(machine.node.rollback_history())
    answer = machine.node.call("rollback", "trigger", "--reason", "as asked", *options)
    (record,) = machine.node.poll(
        lambda: machine.node.rollback_history()[: -known or None] or None, 60, "a rollback"
    )
    assert record["reason"] == "as asked"
    assert record["to"] == answer["to"]
    system = machine.host.link("current-system")
    assert system.name == answer["to"]
    return system


def test_a_system_that_ran_healthy_long_enough_is_kept(nixos: NixFileMachine) -> None:
    assert golden(nixos) is None
    kept = make_golden(nixos, "2")
    targets = nixos.node.call("generations")["targets"]
    assert [t["device"] for t in targets if t.get("golden")] == [str(kept)]
    # It has a boot entry of its own from the next activation on, and no later one replaces it.
    new = update_to(nixos, "3")
    assert any("matic_golden" in entry for entry in nixos.host.entries())
    nixos.expect_default(new)
    assert golden(nixos) == kept


def test_a_sick_system_does_not_become_golden(nixos: NixFileMachine) -> None:
    kept = make_golden(nixos, "2")
    update_to(nixos, "3")
    nixos.make_sick("24.05.3")
    configure(nixos, golden_after_seconds=1)
    nixos.node.poll(lambda: nixos.node.call("health", "--refresh"), 20, "a look at its health")
    nixos.make_sick("24.05.3", sick=False)
    nixos.node.poll(lambda: golden(nixos) != kept or None, 60, "another golden system")
    assert golden(nixos) == nixos.host.link("current-system")


def test_back_to_the_system_before(nixos: NixFileMachine) -> None:
    update_to(nixos, "2")
    assert roll_back(nixos) == nixos.first
    nixos.expect_runs(nixos.first)
    nixos.expect_default(nixos.first)


def test_back_to_a_generation(nixos: NixFileMachine) -> None:
    second = update_to(nixos, "2")
    update_to(nixos, "3")
    assert roll_back(nixos, "--to-generation", "1") == nixos.first
    nixos.expect_default(nixos.first)
    assert roll_back(nixos, "--to-generation", "2") == second
    nixos.expect_default(second)


def test_back_to_the_golden_system(nixos: NixFileMachine) -> None:
    kept = make_golden(nixos, "2")
    update_to(nixos, "3")
    update_to(nixos, "4")
    assert roll_back(nixos, "--golden") == kept
    nixos.expect_default(kept)


def test_back_by_a_reboot_where_the_kernel_differs(nixos: NixFileMachine) -> None:
    nixos.host.commit(version="2", kernel="6.6")
    schedule = nixos.schedule()
    nixos.reboot()
    nixos.node.wait_for_state(schedule, ["COMPLETED"], 60)
    nixos.node.call("rollback", "trigger", "--reason", "as asked")
    assert nixos.reboot() == nixos.first
    nixos.expect_runs(nixos.first)
    nixos.expect_default(nixos.first)
    (record,) = nixos.node.rollback_history()
    assert (record["to"], record["reason"]) == (nixos.first.name, "as asked")


def test_ways_back_that_are_not_there(nixos: NixFileMachine) -> None:
    second = update_to(nixos, "2")
    for options, code, says in (
        (["--to-generation", "7"], FAILED, "there is no generation 7 here"),
        (["--golden"], FAILED, "there is no golden system here"),
        (["--to-generation", "2"], REFUSED, "the generation 2 is what runs"),
    ):
        outcome = nixos.node.run("rollback", "trigger", *options)
        assert outcome.code == code, outcome
        assert says in outcome.stderr
    nixos.expect_runs(second, booted=nixos.first)
    nixos.expect_default(second)


def test_a_generation_whose_system_is_gone(nixos: NixFileMachine) -> None:
    update_to(nixos, "2")
    third = update_to(nixos, "3")
    link = nixos.host.profile.parent / "system-2-link"
    link.unlink()
    link.symlink_to(f"{nixos.host.root}/nix/store/{'0' * 32}-nixos-system-lab-24.05.2")
    outcome = nixos.node.run("rollback", "trigger", "--to-generation", "2")
    assert outcome.code == REFUSED, outcome
    nixos.expect_default(third)


def test_the_golden_system_is_where_it_ends_if_nothing_else_is_healthy(
    nixos: NixFileMachine,
) -> None:
    kept = make_golden(nixos, "2")
    third = update_to(nixos, "3")
    nixos.host.commit(version="4")
    nixos.hold("begin test *-24.05.4 *")
    schedule = nixos.schedule()
    nixos.wait_until_held()
    # It was healthy until now: what is held against the new system is what it did.
    nixos.make_sick("24.05.3")
    nixos.make_sick("24.05.4")
    nixos.let_go()
    done = nixos.node.wait_for_state(schedule, ["ROLLED_BACK"], 60)
    nixos.node.poll(
        lambda: nixos.host.link("current-system") == kept or None, 60, "the golden system"
    )
    nixos.node.poll(lambda: len(nixos.node.rollback_history()) == 2 or None, 60, "its record")
    records = nixos.node.rollback_history()
    assert [(r["from"], r["to"]) for r in records] == [
        (third.name, kept.name),
        (done.target, third.name),
    ]
    nixos.expect_default(kept)
