"""Generations of a Nix host are boot entries: each has a kernel, an initrd and an init of its own."""

from __future__ import annotations

from harness.lab import Lab, agent_config
from harness.machine import BOOT_SECONDS
from harness.nix_host import WITH_SHELL, NixHost
from harness.verdict import expect, expect_equal

_SWITCH = "bin/switch-to-configuration"


def run(lab: Lab) -> None:
    disk = lab.nix_disk(agent_config())
    machine = lab.boot(disk, WITH_SHELL)
    host = NixHost(lab, machine)
    machine.shell.run("true", BOOT_SECONDS)
    host.expect_runs("24.05.1")
    expect_equal(host.entries(), ["nixos-generation-1.conf"], "boot entries")
    first = host.run("readlink /run/booted-system/kernel")

    lab.say("generation 2 is built, its entry made, and started once")
    host.commit(version="2", kernel="6.6")
    host.run(
        "cd /etc/nixos && git pull --quiet --ff-only"
        " && nix build --out-link /tmp/new .#nixosConfigurations.lab.config.system.build.toplevel"
        " && nix-env --profile /nix/var/nix/profiles/system --set $(readlink /tmp/new)"
        f" && /tmp/new/{_SWITCH} boot && /run/current-system/{_SWITCH} boot"
        " && bootctl set-oneshot nixos-generation-2.conf"
    )
    expect_equal(host.generations(), {1: "24.05.1", 2: "24.05.2"}, "generations")
    expect_equal(host.default_version(), "24.05.1", "what the boot loader starts by itself")
    host.reboot()
    host.expect_runs("24.05.2")
    expect(host.run("readlink /run/booted-system/kernel") != first, "the same kernel was booted")

    lab.say("and the next start is generation 1 again")
    host.reboot()
    host.expect_runs("24.05.1")
    expect_equal(
        host.steps(),
        [("boot", "24.05.1"), ("boot", "24.05.2"), ("boot", "24.05.1")],
        "activations",
    )
    expect_equal(
        [activation.version for activation in host.activations("start")],
        ["24.05.1", "24.05.2", "24.05.1"],
        "starts",
    )
