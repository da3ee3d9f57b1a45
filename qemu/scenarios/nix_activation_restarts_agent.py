"""An activation that restarts the agent is not ended by that: the new agent goes on."""

from __future__ import annotations

from harness import nix_host
from harness.lab import Lab
from harness.nix_host import NixHost
from harness.verdict import expect, expect_equal


def run(lab: Lab) -> None:
    host = NixHost.power_on(lab, lab.nix_disk(nix_host.settings()))
    _restarted_and_confirmed(lab, host)
    _restarted_and_left_again(lab, host)
    lab.expect_well(host.machine)


def _restarted_and_confirmed(lab: Lab, host: NixHost) -> None:
    before, boot = _agent(host), host.boot_id()
    host.commit(version="2", agent="two")
    host.expect_update("COMPLETED")
    expect(_agent(host) != before, "the agent was not restarted")
    expect_equal(_generation_of_the_agent(host), "two", "the generation that the agent belongs to")
    expect_equal(host.boot_id(), boot, "the start that it runs in")
    host.expect_runs("24.05.2", booted="24.05.1")
    host.expect_default("24.05.2")
    ended = [(run.action, run.version, run.detail) for run in host.activations("end")]
    expect(("test", "24.05.2", "0") in ended, f"the activation was ended early: {ended}")
    host.expect_no_update()
    lab.say("the activation ended well, and the new agent confirmed it")


def _restarted_and_left_again(lab: Lab, host: NixHost) -> None:
    host.commit(version="3", agent="three", **{"break": "health"})
    host.expect_update("ROLLED_BACK")
    host.expect_rollback("app.service")
    expect_equal(_generation_of_the_agent(host), "two", "the generation that the agent belongs to")
    host.expect_runs("24.05.2", booted="24.05.1")
    host.expect_default("24.05.2")
    tests = [
        (run.version, run.detail) for run in host.activations("end") if run.action == "test"
    ]
    expect_equal(tests[-2:], [("24.05.3", "0"), ("24.05.2", "0")], "activations")


def _agent(host: NixHost) -> str:
    return host.run("systemctl show --property=MainPID --value matic-agent.service")


def _generation_of_the_agent(host: NixHost) -> str:
    return host.run(
        f"tr '\\0' '\\n' </proc/{_agent(host)}/environ | sed --quiet 's/^GENERATION=//p'"
    )
