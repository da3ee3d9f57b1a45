"""A configuration that cannot be had, built or checked changes nothing, and the reason says why."""

from __future__ import annotations

from harness import nix_host
from harness.lab import Lab
from harness.machine import patient
from harness.nix_host import NixHost
from harness.verdict import expect, expect_equal


def run(lab: Lab) -> None:
    host = NixHost.power_on(lab, lab.nix_disk(nix_host.settings()))
    boot = host.boot_id()
    _expect_failed(host, {"break": "build", "version": "2"}, "'services.app.port' is of the wrong")
    _expect_failed(host, {"break": "check"}, "the disk that /srv names is not there")
    _expect_failed(host, {"break": "no-switch"}, "switch-to-configuration")
    _expect_failed(host, {"break": None}, "elsewhere", "--flake", "/etc/nixos#elsewhere")
    gone = f"/nix/store/{'0' * 32}-gone"
    _expect_failed(host, {"version": "3"}, f"{gone} is not in the store", "--store-path", gone)
    _one_that_never_ends_is_cancelled(lab, host)
    _the_remote_is_gone(host)
    _an_edit_by_hand(host)

    expect_equal(host.boot_id(), boot, "the start that it runs in")
    expect_equal([run for run in host.steps() if run[0] in ("test", "switch")], [], "activations")
    host.expect_runs("24.05.1")
    host.expect_default("24.05.1")
    expect_equal(host.generations(), {1: "24.05.1"}, "generations")
    host.expect_no_update()
    host.expect_update("COMPLETED")
    host.expect_runs("24.05.4", booted="24.05.1")


def _expect_failed(
    host: NixHost, settings: dict[str, str | None], why: str, *options: str
) -> None:
    host.commit(**settings)
    failed = host.expect_update("FAILED", *options)
    expect(why in failed.reason, f"the reason does not say '{why}': {failed.reason}")


def _one_that_never_ends_is_cancelled(lab: Lab, host: NixHost) -> None:
    host.commit(**{"break": "hang"})
    schedule = host.update()
    host.node.wait_for(schedule, "the build", lambda now: now.phase == "BUILDING", patient(120))
    host.node.poll(
        lambda: _hanging(host) or None,
        patient(120),
        "a build that hangs",
    )
    host.node.call("schedule", "cancel", schedule)
    host.node.wait_for_state(schedule, ["CANCELLED"], patient(60))
    expect_equal(_hanging(host), "", "processes that the build left behind")
    lab.say("cancelled: nothing of the build is left")


def _hanging(host: NixHost) -> str:
    """The processes that the build waits for, by an argument that nothing else has."""
    return host.machine.shell.ask("grep -lszx '[1]00000' /proc/[0-9]*/cmdline").output


def _the_remote_is_gone(host: NixHost) -> None:
    host.commit(**{"break": None, "version": "4"})
    host.run("mv /srv/config.git /srv/config.away")
    failed = host.expect_update("FAILED")
    expect("/srv/config.git" in failed.reason, f"the reason names no remote: {failed.reason}")
    host.run("mv /srv/config.away /srv/config.git")


def _an_edit_by_hand(host: NixHost) -> None:
    host.edit(version="5")
    failed = host.expect_update("FAILED")
    expect("settings/version" in failed.reason, f"the reason names no file: {failed.reason}")
    host.run("cd /etc/nixos && git reset --quiet --hard")
