"""A generation that ran healthy for long becomes golden, and can be gone back to."""

from __future__ import annotations

from harness import nix_host
from harness.lab import Lab
from harness.machine import patient
from harness.nix_host import NixHost
from harness.verdict import expect, expect_equal

_GOLDEN_AFTER_SECONDS = 20


def run(lab: Lab) -> None:
    disk = lab.nix_disk(nix_host.settings(golden_after_seconds=_GOLDEN_AFTER_SECONDS))
    host = NixHost.power_on(lab, disk)
    host.commit(version="2", app="2")
    host.expect_update("COMPLETED")
    host.node.poll(lambda: _golden(host) == "24.05.2" or None, patient(120), "a golden generation")
    expect_equal(host.golden(), "24.05.2", "what the profile of its own holds")
    entry = host.node.poll(lambda: _entry_of_its_own(host), patient(60), "its boot entry")
    lab.say(f"24.05.2 is golden: {entry}")

    lab.say("back to generation 1")
    host.node.call("rollback", "trigger", "--to-generation", "1", "--reason", "nix-golden")
    _wait_for_rollbacks(host, 1)
    host.expect_runs("24.05.1")
    host.expect_default("24.05.1")

    lab.say("and forward to the golden one, whose generation was collected as garbage")
    host.run("rm /nix/var/nix/profiles/system-2-link && nix-store --gc", patient(180))
    host.node.call("rollback", "trigger", "--golden", "--reason", "nix-golden")
    _wait_for_rollbacks(host, 2)
    host.expect_runs("24.05.2", booted="24.05.1")
    host.expect_default("24.05.2")
    kinds = [(record["kind"], record["reason"]) for record in host.node.rollback_history()]
    expect_equal(len(kinds), 2, "rollbacks")
    expect(
        all(kind == "ROLLBACK_KIND_MANUAL" for kind, _ in kinds), f"kinds of rollback: {kinds}"
    )
    host.reboot()
    host.expect_runs("24.05.2")


def _golden(host: NixHost) -> str | None:
    for target in host.node.call("generations")["targets"]:
        if target["golden"]:
            return str(target["version"])
    return None


def _entry_of_its_own(host: NixHost) -> str | None:
    """Beside those of the generations."""
    for entry in host.entries():
        if not entry.startswith("nixos-generation-"):
            return entry
    return None


def _wait_for_rollbacks(host: NixHost, count: int) -> None:
    """Each is told when it has ended."""

    def over() -> bool | None:
        return len(host.node.rollback_history()) == count or None

    host.node.poll(over, nix_host.UPDATE_SECONDS, f"the end of rollback {count}")
