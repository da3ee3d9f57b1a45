"""A NixOS host is updated without a reboot, to what its configuration's remote says."""

from __future__ import annotations

import re

from harness.nix_file_machine import NixFileMachine

KEPT_GENERATIONS = 10


def test_a_new_version_is_tried_and_then_becomes_the_default(nixos: NixFileMachine) -> None:
    log = len(nixos.host.activations())
    revision = nixos.host.commit(version="2")
    done = nixos.update()
    new = nixos.host.profile.resolve()
    assert done.target == new.name
    assert (new / "nixos-version").read_text() == "24.05.2"
    nixos.expect_runs(new, booted=nixos.first)
    nixos.expect_default(new)
    assert nixos.host.generations() == {1: nixos.first, 2: new}
    assert nixos.host.activations()[log:] == [
        (action, "24.05.2") for action in ("check", "dry-activate", "test", "boot")
    ]
    assert nixos.host.do("git", "rev-parse", "HEAD") == revision

    generations = {int(t["generation"]): t for t in nixos.node.call("generations")["targets"]}
    assert sorted(generations) == [1, 2]
    assert generations[2]["device"] == str(new)
    assert (generations[2]["running"], generations[2]["next"]) == (True, True)
    assert (generations[1]["running"], generations[1]["next"]) == (False, False)
    assert not generations[2].get("on_trial")


def test_what_each_step_said_is_in_the_history(nixos: NixFileMachine) -> None:
    nixos.host.commit(version="2", app="two")
    done = nixos.update()
    events = nixos.node.call("history", "--with-output")["events"]
    steps = [e for e in reversed(events) if e["kind"] == "step" and e["schedule_id"] == done.id]
    names = [step["summary"] for step in steps]
    new = done.target
    expected = [
        "git pull ",
        f"build {nixos.host.tree}#lab",
        f"{new}: switch-to-configuration check",
        f"{new}: switch-to-configuration dry-activate",
        f"{new}: switch-to-configuration test",
        f"{new}: switch-to-configuration boot",
    ]
    assert len(names) == len(expected), names
    for name, beginning in zip(names, expected, strict=True):
        assert name.startswith(beginning), names
    outputs = dict(zip(expected, (step.get("output", "") for step in steps), strict=True))
    assert outputs[expected[1]].endswith(new)
    assert "would restart the following units: app.service" in outputs[expected[3]]
    assert "restarting the following units: app.service" in outputs[expected[4]]


def test_nothing_is_done_where_the_build_is_what_runs(nixos: NixFileMachine) -> None:
    log = len(nixos.host.activations())
    done = nixos.update()
    assert done.reason == f"runs {nixos.first.name} already"
    assert [action for action, _ in nixos.host.activations()[log:]] == ["check", "dry-activate"]
    nixos.expect_runs(nixos.first)
    nixos.expect_default(nixos.first)
    assert list(nixos.host.generations()) == [1]


def test_a_build_alone_changes_nothing(nixos: NixFileMachine) -> None:
    nixos.host.commit(version="2")
    done = nixos.update("--mode", "build")
    assert re.fullmatch(
        r"built [0-9a-z]{32}-nixos-system-lab-24\.05\.2, and not activated, as asked", done.reason
    )
    nixos.expect_runs(nixos.first)
    nixos.expect_default(nixos.first)
    assert list(nixos.host.generations()) == [1]


def test_a_system_that_was_copied_in_is_taken_by_its_path(nixos: NixFileMachine) -> None:
    nixos.host.set(version="2")
    built = nixos.host.build()
    nixos.host.do("git", "checkout", "--quiet", "HEAD", "--", "settings")
    nixos.update("--store-path", str(built))
    nixos.expect_runs(built, booted=nixos.first)
    nixos.expect_default(built)


def test_inputs_are_moved_to_their_newest_where_asked(nixos: NixFileMachine) -> None:
    nixos.configure({"nixos": {"commit": {"enabled": True}}})
    nixos.power_off()
    nixos.power_on()
    (nixos.host.root / "srv/release/version").write_text("24.11\n")
    nixos.update("--update-input", "release")
    assert (nixos.host.link("current-system") / "nixos-version").read_text() == "24.11.1"
    assert "chore(lab): auto-update" in nixos.host.do(
        "git", "log", "-1", "--format=%s", "main", folder=nixos.host.root / "srv/config.git"
    )


def test_inputs_that_nobody_commits_are_moved_for_one_update(nixos: NixFileMachine) -> None:
    (nixos.host.root / "srv/release/version").write_text("24.11\n")
    lock = (nixos.host.tree / "flake.lock").read_text()
    for version in ("1", "2"):
        if version != "1":
            nixos.host.commit(version=version)
        done = nixos.update("--update-input", "release")
        assert done.target.endswith(f"24.11.{version}")
        assert (nixos.host.tree / "flake.lock").read_text() == lock
        assert nixos.host.do("git", "status", "--porcelain") == ""
    events = nixos.node.call("history", "--with-output")["events"]
    moved = next(e for e in events if e["summary"].startswith("update the inputs of"))
    assert "release" in moved["output"]
    # One that moves nothing goes by what is committed.
    assert nixos.update().target.endswith("24.05.2")


def test_the_newest_generations_stay(nixos: NixFileMachine) -> None:
    for number in range(2, KEPT_GENERATIONS + 1):
        nixos.host.set(version=f"by-hand-{number}")
        nixos.host.make_generation()
    nixos.host.do("git", "checkout", "--quiet", "HEAD", "--", "settings")
    nixos.host.commit(version="new")
    nixos.update()
    # The first one is what was booted.
    kept = set(range(1, KEPT_GENERATIONS + 2))
    assert set(nixos.host.generations()) == kept
    nixos.host.commit(version="newer")
    nixos.update()
    kept = kept - {2} | {KEPT_GENERATIONS + 2}
    assert set(nixos.host.generations()) == kept
    entries = {f"nixos-generation-{number}.conf" for number in kept}
    assert set(nixos.host.entries()) == entries


def test_what_was_confirmed_is_kept_whatever_becomes_of_its_generation(
    nixos: NixFileMachine,
) -> None:
    nixos.host.commit(version="2")
    nixos.update()
    confirmed = nixos.host.link("current-system")
    nixos.host.commit(version="3")
    nixos.update("--mode", "build")
    nixos.host.do("nix-env", "--profile", nixos.host.profile, "--switch-generation", "1")
    nixos.host.do("nix-env", "--profile", nixos.host.profile, "--delete-generations", "2")
    nixos.host.do("nix-collect-garbage")
    assert (confirmed / "init").exists()
