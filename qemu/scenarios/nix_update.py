"""A Nix host takes a generation without a reboot, and one with another kernel by a reboot."""

from __future__ import annotations

from harness import nix_host
from harness.lab import Lab
from harness.machine import BOOT_SECONDS
from harness.nix_host import NixHost
from harness.verdict import expect, expect_equal


def run(lab: Lab) -> None:
    disk = lab.nix_disk(nix_host.settings())
    host = NixHost.power_on(lab, disk)
    host.expect_runs("24.05.1")
    lab.expect_well(host.machine)
    _only_built(host)
    _switched(lab, host)
    _started(lab, host)
    _built_elsewhere(lab, host)
    host.expect_no_update()


def _only_built(host: NixHost) -> None:
    host.commit(version="2", app="2")
    before = len(host.activations("end"))
    host.expect_update("COMPLETED", "--mode", "build")
    host.expect_runs("24.05.1")
    expect_equal(host.generations(), {1: "24.05.1"}, "generations after a build")
    changing = [step for step in host.steps(before) if step[0] not in ("check", "dry-activate")]
    expect_equal(changing, [], "activations of a build")


def _switched(lab: Lab, host: NixHost) -> None:
    boot = host.boot_id()
    before = len(host.activations("end"))
    host.expect_update("COMPLETED")
    expect_equal(host.boot_id(), boot, "the start that it runs in")
    host.expect_runs("24.05.2", booted="24.05.1")
    host.expect_default("24.05.2")
    expect_equal(host.generations(), {1: "24.05.1", 2: "24.05.2"}, "generations")
    expect_equal(
        host.steps(before),
        [(action, "24.05.2") for action in ("check", "dry-activate", "test", "boot")],
        "activations",
    )
    tested = [run for run in host.activations("begin") if run.action == "test"][-1]
    lab.say(f"activated in {tested.detail}")
    expect(
        tested.detail.endswith(".service") and tested.detail != "matic-agent.service",
        f"activated in the agent's own unit: {tested.detail}",
    )
    lab.expect_well(host.machine)


def _started(lab: Lab, host: NixHost) -> None:
    host.commit(version="3", kernel="6.6", initrd="2")
    boot = host.boot_id()
    schedule = host.update()
    console = host.machine.console
    host.node.wait_for_state(schedule, ["COMPLETED"], nix_host.UPDATE_SECONDS + BOOT_SECONDS)
    starts = [found[1] for found in console.matches(nix_host.STARTED)]
    expect_equal(starts, ["24.05.1", "24.05.3"], "starts, by the console")
    expect(host.boot_id() != boot, "the machine did not restart")
    host.expect_runs("24.05.3")
    host.expect_default("24.05.3")
    shown = host.node.call("generations")["targets"]
    running = [target for target in shown if target["running"]]
    expect_equal(
        [(target["version"], int(target["generation"]), target["next"]) for target in running],
        [("24.05.3", 3, True)],
        "what osctl generations shows as running",
    )
    lab.expect_well(host.machine)


def _built_elsewhere(lab: Lab, host: NixHost) -> None:
    lab.say("a system that was built elsewhere, and copied into the store")
    host.edit(version="4")
    system = host.run(
        "cd /etc/nixos && nix build --out-link /root/copied"
        " .#nixosConfigurations.lab.config.system.build.toplevel && readlink /root/copied"
    ).splitlines()[-1]
    host.run("cd /etc/nixos && git reset --quiet --hard")
    host.expect_update("COMPLETED", "--store-path", system)
    expect_equal(host.current(), system, "what runs")
    host.expect_runs("24.05.4", booted="24.05.3")
    host.expect_default("24.05.4")
