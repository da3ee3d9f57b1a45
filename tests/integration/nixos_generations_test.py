"""Which systems of a NixOS host the boot menu has, and which are not activated again."""

from __future__ import annotations

from harness.nix_file_machine import NixFileMachine
from harness.node import REFUSED
from harness.waiting import wait_until


def test_the_golden_system_has_a_boot_entry_of_its_own(nixos: NixFileMachine) -> None:
    nixos.configure({"nixos": {"golden_after_seconds": 1}})
    nixos.power_off()
    nixos.power_on()
    nixos.host.commit(version="2")
    nixos.update()
    new = nixos.host.profile.resolve()
    wait_until("the golden system has an entry", lambda: len(_of_other_profiles(nixos)) == 1)
    assert nixos.host.started_by(_of_other_profiles(nixos)[0]) == new
    nixos.expect_default(new)


def test_a_system_that_failed_is_refused_by_its_path(nixos: NixFileMachine) -> None:
    nixos.make_sick("24.05.2")
    nixos.host.commit(version="2")
    nixos.update(state="ROLLED_BACK")
    (bad,) = nixos.node.status()["quarantined"]
    log = len(nixos.host.activations())
    refused = nixos.node.run("schedule", "update", "--store-path", bad)
    assert refused.code == REFUSED
    assert f"{bad} is quarantined: " in refused.stderr
    assert "--force quarantine" in refused.stderr
    assert nixos.host.activations()[log:] == []
    nixos.update("--store-path", bad, "--mode", "build")
    nixos.expect_runs(nixos.first)


def test_a_service_that_dies_soon_after_a_switch_is_seen(nixos: NixFileMachine) -> None:
    nixos.configure({"health": {"settle_seconds": 4}})
    nixos.power_off()
    nixos.power_on()
    # Of the new system, as long as it was switched to lately.
    check = nixos.host.root.parent / "health.d/required.d/dies"
    version = nixos.host.root / "run/current-system/nixos-version"
    link = nixos.host.root / "run/current-system"
    check.write_text(
        f'#!/bin/sh\ngrep -q 24.05.2 {version} || exit 0\n'
        f'[ $(($(date +%s) - $(stat -c %Y {link}))) -lt 2 ] || {{ echo "app: died"; exit 1; }}\n'
    )
    check.chmod(0o755)
    nixos.host.commit(version="2")
    ended = nixos.update(state="ROLLED_BACK")
    assert "app: died" in ended.reason
    nixos.expect_runs(nixos.first)


def _of_other_profiles(nixos: NixFileMachine) -> list[str]:
    return [entry for entry in nixos.host.entries() if not entry.startswith("nixos-generation-")]
