"""The power fails at each step of a Nix host's update: profile and boot loader agree afterwards."""

from __future__ import annotations

from harness import nix_host
from harness.disk import Disk
from harness.lab import Lab
from harness.machine import BOOT_SECONDS, patient
from harness.nix_host import NixHost
from harness.node import ENDED
from harness.verdict import expect


def run(lab: Lab) -> None:
    disk = lab.nix_disk(nix_host.settings())
    host = NixHost.power_on(lab, disk)
    host = _while_it_is_built(lab, disk, host)
    host = _on_trial_after_a_switch(lab, disk, host)
    host = _between_profile_and_reboot(lab, disk, host)
    host = _on_trial_after_a_reboot(lab, disk, host)
    lab.say("and an update that is left in peace is taken")
    host.commit(version="9", kernel="6.9")
    host.expect_update("COMPLETED", timeout=nix_host.UPDATE_SECONDS + BOOT_SECONDS)
    host.expect_runs("24.05.9")
    host.expect_default("24.05.9")


def _while_it_is_built(lab: Lab, disk: Disk, host: NixHost) -> NixHost:
    host.commit(**{"break": "hang"})
    schedule = host.update()
    host.node.wait_for(schedule, "the build", lambda now: now.phase == "BUILDING", patient(120))
    host = _cut(lab, disk, host, "while it is built")
    host.node.wait_for(schedule, "it goes on", lambda now: now.phase == "BUILDING", patient(120))
    host.node.call("schedule", "cancel", schedule)
    host.node.wait_for_state(schedule, ["CANCELLED"], patient(60))
    _expect_old(host)
    host.commit(**{"break": None})
    return host


def _on_trial_after_a_switch(lab: Lab, disk: Disk, host: NixHost) -> NixHost:
    # Not judged so soon.
    host.commit(version="2", **{"break": "health"})
    schedule = host.update()
    host.node.wait_for(
        schedule, "the trial", lambda now: now.phase == "ON_TRIAL", nix_host.UPDATE_SECONDS
    )
    host = _cut(lab, disk, host, "on trial, after a switch")
    _expect_ended(lab, host, schedule)
    _expect_old(host)
    host.commit(**{"break": None})
    return host


def _between_profile_and_reboot(lab: Lab, disk: Disk, host: NixHost) -> NixHost:
    host.commit(version="3", kernel="6.3")
    schedule = host.update("--mode", "boot")
    begun = len(host.activations("begin"))
    host.node.poll(
        lambda: any(run.action == "boot" for run in host.activations("begin")[begun:]) or None,
        nix_host.UPDATE_SECONDS,
        "boot entries to be written",
    )
    host = _cut(lab, disk, host, "while boot entries are written")
    ended = host.node.wait_for_state(schedule, ENDED, nix_host.UPDATE_SECONDS)
    lab.say(f"{ended.state}: {ended.reason}")
    if ended.state != "COMPLETED":
        expect(ended.reason != "", "no reason is told")
        _expect_old(host)
        return host
    # For a moment the new one is the default, until the old one's entries are written.
    host.expect_runs("24.05.3")
    host.expect_default("24.05.3")
    host.node.call("rollback", "trigger", "--to-generation", "1", "--reason", "nix-powercut")
    host.node.poll(
        lambda: host.node.running()["version"] == "24.05.1" or None,
        nix_host.UPDATE_SECONDS + BOOT_SECONDS,
        "generation 1 to run",
    )
    _expect_old(host)
    return host


def _on_trial_after_a_reboot(lab: Lab, disk: Disk, host: NixHost) -> NixHost:
    host.commit(version="4", kernel="6.4")
    mark = host.machine.console.mark()
    schedule = host.update("--mode", "boot")
    host.machine.console.wait_for(
        nix_host.STARTED, nix_host.UPDATE_SECONDS + BOOT_SECONDS, mark
    )
    host = _cut(lab, disk, host, "while the new generation starts")
    _expect_ended(lab, host, schedule)
    _expect_old(host)
    return host


def _cut(lab: Lab, disk: Disk, host: NixHost, when: str) -> NixHost:
    host.machine.cut_power()
    lab.say(f"power cut {when}")
    return NixHost.power_on(lab, disk)


def _expect_ended(lab: Lab, host: NixHost, schedule: str) -> None:
    ended = host.node.wait_for_state(schedule, ENDED, nix_host.UPDATE_SECONDS)
    lab.say(f"{ended.state}: {ended.reason}")
    expect(ended.state != "COMPLETED", "said to be completed, and it runs the old system")
    expect(ended.reason != "", "no reason is told")


def _expect_old(host: NixHost) -> None:
    host.expect_runs("24.05.1")
    host.expect_default("24.05.1")
    expect("nixos-generation-1.conf" in host.entries(), f"boot entries: {host.entries()}")
