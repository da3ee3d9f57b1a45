"""The configuration of a NixOS host as a git tree: what is built of it, and what goes back to its remote."""

from __future__ import annotations

import pytest
from harness.nix_file_machine import NixFileMachine


def configure(machine: NixFileMachine, **settings: object) -> None:
    machine.power_off()
    machine.configure({"nixos": settings})
    machine.start_agent()
    machine.node.wait_until_up(20)


def expect_untouched(machine: NixFileMachine) -> None:
    machine.expect_runs(machine.first)
    machine.expect_default(machine.first)
    assert list(machine.host.generations()) == [1]


def test_a_tree_with_changes_is_refused(nixos: NixFileMachine) -> None:
    nixos.host.set(version="by-hand")
    done = nixos.update(state="FAILED")
    assert "settings/version" in done.reason
    assert "nixos.commit" in done.reason
    expect_untouched(nixos)


def test_a_tree_that_has_gone_another_way_is_refused(nixos: NixFileMachine) -> None:
    nixos.host.commit(version="2")
    nixos.host.set(version="by-hand")
    nixos.host.do("git", "-c", "user.name=x", "-c", "user.email=x@y", "commit", "-qm", "by hand")
    before = nixos.host.do("git", "rev-parse", "HEAD")
    done = nixos.update(state="FAILED")
    assert "diverged" in done.reason
    assert nixos.host.do("git", "rev-parse", "HEAD") == before
    expect_untouched(nixos)


@pytest.mark.parametrize("enabled", [False, True])
def test_a_merge_that_is_not_finished_is_refused(nixos: NixFileMachine, enabled: bool) -> None:
    configure(nixos, commit={"enabled": enabled})
    nixos.host.commit(version="2")
    identity = ("git", "-c", "user.name=x", "-c", "user.email=x@y")
    nixos.host.set(version="by-hand")
    nixos.host.do(*identity, "commit", "-qm", "by hand")
    nixos.host.do("git", "fetch", "-q")
    assert nixos.host.run(*identity, "merge", "origin/main").returncode == 1
    done = nixos.update(state="FAILED")
    assert "merge" in done.reason
    expect_untouched(nixos)


def test_another_branch_is_not_pulled_into(nixos: NixFileMachine) -> None:
    nixos.host.do("git", "checkout", "--quiet", "-b", "experiment")
    done = nixos.update(state="FAILED")
    assert "experiment" in done.reason
    assert "main" in done.reason
    expect_untouched(nixos)


def test_without_its_remote_nothing_is_built(nixos: NixFileMachine) -> None:
    remote = nixos.host.root / "srv/config.git"
    remote.rename(remote.with_suffix(".gone"))
    done = nixos.update(state="FAILED")
    assert str(remote) in done.reason
    expect_untouched(nixos)


def test_without_its_remote_what_is_here_is_built_where_that_is_said(
    nixos: NixFileMachine,
) -> None:
    configure(nixos, pull={"on_failure": "use-local"})
    nixos.host.commit(version="2")
    nixos.host.do("git", "pull", "--quiet")
    remote = nixos.host.root / "srv/config.git"
    remote.rename(remote.with_suffix(".gone"))
    nixos.update()
    new = nixos.host.link("current-system")
    assert new.name.endswith("24.05.2")
    nixos.expect_default(new)


def test_what_was_confirmed_is_committed_and_pushed(nixos: NixFileMachine) -> None:
    configure(nixos, commit={"enabled": True})
    before = nixos.host.pushed()
    nixos.host.set(version="by-hand")
    (nixos.host.root / "srv/release/version").write_text("24.11\n")
    nixos.update("--update-input", "*")
    new = nixos.host.link("current-system")
    assert new.name.endswith("24.11.by-hand")
    remote = nixos.host.root / "srv/config.git"
    assert nixos.host.do("git", "rev-parse", "main^", folder=remote) == before
    subject = nixos.host.do("git", "log", "-1", "--format=%s", "main", folder=remote)
    assert subject.startswith("chore(lab): auto-update ")
    changed = nixos.host.do("git", "show", "--name-only", "--format=", "main", folder=remote)
    assert changed.split() == ["flake.lock", "settings/version"]
    assert nixos.host.do("git", "status", "--porcelain") == ""


def test_what_was_not_confirmed_stays_here(nixos: NixFileMachine) -> None:
    configure(nixos, commit={"enabled": True})
    before = nixos.host.pushed()
    nixos.host.set(version="by-hand")
    nixos.make_sick("24.05.by-hand")
    nixos.update(state="ROLLED_BACK")
    assert nixos.host.pushed() == before
    assert nixos.host.do("git", "rev-parse", "HEAD") == before
    assert (nixos.host.tree / "settings/version").read_text() == "by-hand\n"
    expect_untouched(nixos)


def test_what_cannot_be_pushed_is_pushed_after_the_next_update(nixos: NixFileMachine) -> None:
    configure(nixos, commit={"enabled": True}, pull={"on_failure": "use-local"})
    before = nixos.host.pushed()
    remote = nixos.host.root / "srv/config.git"
    away = remote.with_suffix(".away")
    nixos.host.set(version="by-hand")
    remote.rename(away)
    nixos.update()
    nixos.expect_default(nixos.host.link("current-system"))
    away.rename(remote)
    assert nixos.host.pushed() == before
    nixos.host.set(version="again")
    nixos.update()
    assert nixos.host.link("current-system").name.endswith("24.05.again")
    assert nixos.host.do("git", "rev-parse", "main~2", folder=remote) == before
    assert nixos.host.do("git", "rev-parse", "HEAD") == nixos.host.pushed()
