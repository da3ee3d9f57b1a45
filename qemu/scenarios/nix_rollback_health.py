"""A generation whose service dies is left again, after a switch and after a reboot."""

from __future__ import annotations

from harness import nix_host
from harness.lab import Lab
from harness.machine import BOOT_SECONDS
from harness.nix_host import NixHost
from harness.node import REFUSED
from harness.verdict import expect, expect_equal


def run(lab: Lab) -> None:
    host = NixHost.power_on(lab, lab.nix_disk(nix_host.settings()))
    boot = host.boot_id()
    bad = _after_a_switch(lab, host)
    expect_equal(host.boot_id(), boot, "the start that it runs in")
    _refused(lab, host, bad)
    _units_that_do_not_start(host)
    _after_a_reboot(lab, host)


def _after_a_switch(lab: Lab, host: NixHost) -> str:
    host.commit(version="2", **{"break": "health"})
    before = len(host.activations("end"))
    host.expect_update("ROLLED_BACK", timeout=nix_host.UPDATE_SECONDS)
    host.expect_rollback("app.service")
    host.expect_runs("24.05.1")
    host.expect_default("24.05.1")
    expect_equal(host.generations(), {1: "24.05.1"}, "generations: the profile is untouched")
    tests = [step for step in host.steps(before) if step[0] == "test"]
    expect_equal(tests, [("test", "24.05.2"), ("test", "24.05.1")], "activations")
    expect_equal(host.run("systemctl is-active app.service"), "active", "the old app.service")
    (bad,) = host.node.status()["quarantined"]
    expect("24.05.2" in bad, f"something else is quarantined: {bad}")
    return str(bad)


def _refused(lab: Lab, host: NixHost, bad: str) -> None:
    lab.say("the same system again is not activated: it is quarantined")
    refused = host.node.run("schedule", "update", "--store-path", bad)
    expect_equal(refused.code, REFUSED, "exit code for a quarantined system")
    failed = host.expect_update("FAILED")
    expect("quarantine" in failed.reason, f"unclear reason: {failed.reason}")
    host.expect_runs("24.05.1")


def _units_that_do_not_start(host: NixHost) -> None:
    host.commit(version="3", **{"break": "unit"})
    host.expect_update("ROLLED_BACK")
    host.expect_rollback("app.service")
    host.expect_runs("24.05.1")
    host.commit(version="4", **{"break": "activation"})
    host.expect_update("ROLLED_BACK")
    host.expect_rollback("snippet")
    host.expect_runs("24.05.1")
    host.expect_default("24.05.1")


def _after_a_reboot(lab: Lab, host: NixHost) -> None:
    host.commit(version="5", kernel="6.6", **{"break": "health"})
    mark = host.machine.console.mark()
    host.expect_update("ROLLED_BACK", timeout=nix_host.UPDATE_SECONDS + 2 * BOOT_SECONDS)
    starts = [found[1] for found in host.machine.console.matches(nix_host.STARTED, mark)]
    expect_equal(starts, ["24.05.5", "24.05.1"], "starts, by the console")
    host.expect_rollback("app.service")
    host.expect_runs("24.05.1")
    host.expect_default("24.05.1")
    lab.expect_well(host.machine)
