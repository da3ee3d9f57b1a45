"""A generation whose kernel panics is started once, and the machine comes back by itself."""

from __future__ import annotations

from harness import nix_host
from harness.lab import Lab
from harness.machine import BOOT_SECONDS, patient
from harness.nix_host import NixHost
from harness.verdict import expect, expect_equal

# A kernel says so once more when it has no more to say.
_PANIC = r"(?<!end )Kernel panic"


def run(lab: Lab) -> None:
    host = NixHost.power_on(lab, lab.nix_disk(nix_host.settings()))
    host.commit(version="2", kernel="6.2", **{"break": "panic"})
    _panics(lab, host, "24.05.2")
    # A power cut on trial looks the same, so that one start is no proof of anything.
    expect_equal(host.node.status()["quarantined"], [], "quarantined after the first time")
    _panics(lab, host, "24.05.2")
    _refused(lab, host, "24.05.2")
    host.commit(version="3", kernel="6.3", **{"break": "init"})
    _panics(lab, host, "24.05.3")
    lab.expect_well(host.machine)


def _panics(lab: Lab, host: NixHost, version: str) -> None:
    console = host.machine.console
    mark = console.mark()
    schedule = host.update()
    console.wait_for(_PANIC, nix_host.UPDATE_SECONDS + BOOT_SECONDS, mark)
    lab.say(f"the kernel of {version} panics")
    console.wait_for(nix_host.STARTED, BOOT_SECONDS, mark)
    ended = host.node.wait_for_state(schedule, ["ROLLED_BACK"], BOOT_SECONDS + patient(120))
    expect_equal(len(console.matches(_PANIC, mark)), 1, "panics")
    host.expect_rollback("boot attempts used up", version)
    expect_equal(host.node.rollback_history()[0]["reason"], ended.reason, "the schedule's reason")
    host.expect_runs("24.05.1")
    host.expect_default("24.05.1")
    _expect_left_out_of_the_menu(host)


def _expect_left_out_of_the_menu(host: NixHost) -> None:
    """Once what is left of it has been cleared away, which its end does not wait for."""

    def gone() -> bool | None:
        return host.entries() == ["nixos-generation-1.conf"] or None

    host.node.poll(gone, patient(60), "boot entries of the first generation alone")
    expect_equal(host.generations(), {1: "24.05.1"}, "generations")


def _refused(lab: Lab, host: NixHost, version: str) -> None:
    (bad,) = host.node.status()["quarantined"]
    expect(bad.endswith(version), f"something else is quarantined: {bad}")
    failed = host.expect_update("FAILED")
    expect("quarantine" in failed.reason, f"unclear reason: {failed.reason}")
    lab.say(f"quarantined: {bad}")
