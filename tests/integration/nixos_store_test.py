"""What can be wrong with the store and the profile of a NixOS host: what runs stays, and the reason says why."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from harness.nix_file_machine import NixFileMachine
from harness.node import REFUSED, USAGE

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can mount")


def restart(machine: NixFileMachine) -> None:
    machine.power_off()
    machine.start_agent()
    machine.node.wait_until_up(20)


def refused(machine: NixFileMachine, *options: str) -> str:
    log = len(machine.host.activations())
    done = machine.update(*options, state="FAILED")
    assert machine.host.activations()[log:] == []
    machine.expect_runs(machine.first)
    machine.expect_default(machine.first)
    return done.reason


def expect_takes_the_next(machine: NixFileMachine) -> None:
    machine.host.commit(version="good", **{"break": None})
    machine.update()
    new = machine.host.link("current-system")
    assert new.name.endswith("24.05.good")
    machine.expect_default(new)


def collect(machine: NixFileMachine, system: Path) -> None:
    machine.host.do("nix-store", "--delete", "--ignore-liveness", system)
    assert not system.exists()


def staged(machine: NixFileMachine, *options: str) -> tuple[str, Path]:
    machine.host.commit(version="2")
    schedule = machine.schedule("--stop-after-staging", *options)
    shown = machine.node.wait_for(schedule, "staged", lambda s: s.phase == "STAGED", 60)
    return schedule, machine.host.root / "nix/store" / shown.target


@pytest.mark.parametrize("mode", ["switch", "boot"])
@pytest.mark.parametrize("restarted", [False, True])
def test_a_system_that_was_collected_before_its_turn(
    nixos: NixFileMachine, mode: str, restarted: bool
) -> None:
    schedule, system = staged(nixos, "--mode", mode)
    collect(nixos, system)
    if restarted:
        restart(nixos)
    nixos.node.call("schedule", "activate", schedule)
    done = nixos.node.wait_for_state(schedule, ["FAILED"], 60)
    assert f"{system} is not in the store" in done.reason
    assert "a garbage collection took it" in done.reason
    nixos.expect_runs(nixos.first)
    nixos.expect_default(nixos.first)
    assert list(nixos.host.generations()) == [1]
    expect_takes_the_next(nixos)


def test_a_path_that_is_not_in_the_store(nixos: NixFileMachine) -> None:
    gone = nixos.host.root / f"nix/store/{'0' * 32}-nixos-system-lab-24.05.9"
    assert str(gone) in refused(nixos, "--store-path", str(gone))


def test_a_path_that_is_no_system(nixos: NixFileMachine) -> None:
    (kernel,) = (p.parent for p in (nixos.host.root / "nix/store").glob("*/bzImage"))
    reason = refused(nixos, "--store-path", str(kernel))
    assert str(kernel) in reason
    outcome = nixos.node.run("schedule", "update", "--store-path", "/etc/nixos")
    assert outcome.code == USAGE


def test_a_profile_that_is_no_link(nixos: NixFileMachine) -> None:
    nixos.host.commit(version="2")
    profile = nixos.host.profile
    away = profile.with_name("away")
    profile.rename(away)
    profile.mkdir()
    outcome = nixos.node.run("schedule", "update")
    assert outcome.code == REFUSED, outcome
    assert f"profile {profile} is no symbolic link to a generation" in outcome.stderr
    assert nixos.host.link("current-system") == nixos.first
    assert nixos.host.default() == nixos.first
    assert any("no symbolic link" in problem for problem in nixos.node.status()["problems"])
    profile.rmdir()
    away.rename(profile)
    expect_takes_the_next(nixos)


def test_a_daemon_that_is_down(nixos: NixFileMachine) -> None:
    nixos.environment["NIX_REMOTE"] = "daemon"
    restart(nixos)
    nixos.host.commit(version="2")
    assert "cannot connect to socket" in refused(nixos)
    del nixos.environment["NIX_REMOTE"]
    restart(nixos)
    expect_takes_the_next(nixos)


@needs_root
def test_a_store_that_is_read_only(nixos: NixFileMachine) -> None:
    nix = nixos.host.root / "nix"
    nixos.mounts = f"mount --bind {nix} {nix}\nmount -o remount,bind,ro {nix}"
    restart(nixos)
    nixos.host.commit(version="2")
    # Nix makes a store writable for itself, as NixOS has it. That does not help here.
    assert f"remounting {nix}/store writable" in refused(nixos)
    nixos.mounts = ""
    restart(nixos)
    expect_takes_the_next(nixos)


@needs_root
def test_a_disk_that_is_full(nixos: NixFileMachine) -> None:
    nix = nixos.host.root / "nix"
    copy = nixos.host.root / "copy-of-nix"
    nixos.mounts = (
        f"mkdir -p {copy}\nmount -t tmpfs -o size=20m none {copy}\n"
        f"cp -a {nix}/. {copy}\nmount --bind {copy} {nix}"
    )
    restart(nixos)
    nixos.host.commit(version="2", **{"break": "large"})
    reason = refused(nixos)
    assert "the disk is full (nix-collect-garbage makes room)" in reason
    assert "No space left on device" in reason
    nixos.host.do("nsenter", "--mount", f"--target={nixos.agent_pid}", "nix-collect-garbage")
    nixos.host.commit(version="3", **{"break": None})
    nixos.update("--mode", "build")
    nixos.mounts = ""
    restart(nixos)
    expect_takes_the_next(nixos)
