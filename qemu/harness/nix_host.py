"""A Nix host from outside: its configuration, its generations, and what it was booted with.

All is read through the machine's shell and from the disk, never through the agent.
"""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass
from typing import Any

from harness.disk import Disk
from harness.lab import Config, Lab, agent_config
from harness.machine import BOOT_SECONDS, Machine, Options, patient
from harness.node import Node, Schedule
from harness.verdict import expect, expect_equal

# Of nixosConfigurations (tests/fixtures/nix-system).
FLAKE = "/etc/nixos#lab"
WITH_SHELL = Options(shell=True, memory_mib=1536)

# What init says on the console, of the generation that it starts.
STARTED = r"lab: started /nix/store/\S+-(\S+) with the initrd"

UPDATE_SECONDS = patient(240)  # of a build and a switch, without a reboot

_AUTHOR = "git -c user.name=Author -c user.email=author@example.org"
_PROFILES = "/nix/var/nix/profiles"


@dataclass(frozen=True)
class Activation:
    """A line of /var/log/activations: "begin test SYSTEM UNIT", "end test SYSTEM EXIT-CODE", "start boot SYSTEM"."""

    what: str
    action: str
    system: str
    detail: str = ""

    @property
    def version(self) -> str:
        return version_of(self.system)

    @property
    def step(self) -> tuple[str, str]:
        return (self.action, self.version)


def version_of(system: str) -> str:
    """ "24.05.2" of /nix/store/…-nixos-system-lab-24.05.2."""
    return system.rpartition("-")[2]


def settings(**nixos: Any) -> Config:
    """agent.yaml of a Nix host in the lab; `nixos`: of that section."""
    return agent_config(
        backend="nixos",
        nixos={"flake": FLAKE, "golden_after_seconds": 0, **nixos},
        health={
            "retries": 4,
            "checks": {"service": {"units": ["matic-agent.service", "app.service"]}},
        },
    )


class NixHost:
    def __init__(self, lab: Lab, machine: Machine) -> None:
        self._lab = lab
        self._machine = machine
        self.node: Node = lab.node(machine)

    @staticmethod
    def power_on(lab: Lab, disk: Disk) -> NixHost:
        """Waits for the agent."""
        host = NixHost(lab, lab.boot(disk, WITH_SHELL))
        host.node.wait_until_up(BOOT_SECONDS)
        return host

    @property
    def machine(self) -> Machine:
        return self._machine

    # Updates.

    def update(self, *options: str) -> str:
        """Asks for one that goes back by itself; returns the schedule's id."""
        answer = self.node.call("schedule", "update", "--enable-auto-rollback", *options)
        return str(answer["schedule"]["id"])

    def expect_update(self, state: str, *options: str, timeout: float = UPDATE_SECONDS) -> Schedule:
        """Asks for one, and waits for its end, through reboots."""
        ended = self.node.wait_for_state(self.update(*options), [state], timeout)
        self._lab.say(f"{ended.state}: {ended.reason or 'no reason'}")
        return ended

    def expect_no_update(self) -> None:
        """Nothing is under way, and no rollback was ever needed."""
        expect_equal(self.node.rollback_history(), [], "rollback history")
        expect_equal(self.node.status()["quarantined"], [], "quarantined systems")

    def expect_rollback(self, *words: str) -> None:
        """The last one was automatic, and its reason has these words."""
        record = self.node.rollback_history()[0]
        self._lab.say(f"rolled back: {record['reason']}")
        expect_equal(record["kind"], "ROLLBACK_KIND_AUTOMATIC", "kind of rollback")
        for word in words:
            expect(word in record["reason"], f"the reason does not say '{word}': {record['reason']}")

    def run(self, command: str, timeout: float = patient(120)) -> str:
        return self._machine.shell.run(command, timeout)

    def boot_id(self) -> str:
        return self.run("cat /proc/sys/kernel/random/boot_id")

    def reboot(self) -> None:
        """By hand; returns when the next system's shell answers."""
        before = self.boot_id()
        mark = self._machine.console.mark()
        self._machine.shell.send("systemctl reboot")
        self._machine.console.wait_for(STARTED, BOOT_SECONDS, mark)
        after = self.run("cat /proc/sys/kernel/random/boot_id", BOOT_SECONDS)
        expect(after != before, "the machine did not restart")

    # The configuration.

    def commit(self, **settings: str | None) -> str:
        """A change by somebody else, in the remote that the machine pulls from; returns the commit.

        `settings`: files of tests/fixtures/nix-system/configuration/settings, None removes one.
        """
        commands = [
            "[ -d /root/author ] || git clone --quiet file:///srv/config.git /root/author",
            "cd /root/author",
            "git pull --quiet --ff-only",
            *_writing(settings),
            "git add --all",
            f"{_AUTHOR} commit --quiet --message {shlex.quote(str(settings))}",
            "git push --quiet origin main",
            "sync",
            "git rev-parse HEAD",
        ]
        found = self.run(" && ".join(commands))
        self._lab.say(f"committed {settings}")
        return found.splitlines()[-1]

    def edit(self, owner: str = "root", **settings: str | None) -> None:
        """A change by hand in the machine's own tree, not committed. `owner`: of the tree."""
        commands = " && ".join(["cd /etc/nixos", *_writing(settings), "git add --all", "sync"])
        self.run(
            f"setpriv --reuid={owner} --regid={owner} --init-groups sh -c {shlex.quote(commands)}"
        )

    # What runs.

    def booted(self) -> str:
        return self.run("readlink --canonicalize /run/booted-system")

    def current(self) -> str:
        return self.run("readlink --canonicalize /run/current-system")

    def expect_runs(self, version: str, booted: str | None = None) -> None:
        """Booted with kernel, initrd and init of one generation, and of which version it is now."""
        what = self.booted()
        found = {"current": version_of(self.current()), "booted": version_of(what)}
        self._lab.say(f"/run/current-system {found['current']}, /run/booted-system {found['booted']}")
        expect_equal(found, {"current": version, "booted": booted or version}, "what runs")
        initrd = self.run("cat /run/lab-initrd")
        expect_equal(f"{initrd}/initrd", self.run("readlink /run/booted-system/initrd"), "the initrd")
        options = self.run("cat /proc/cmdline")
        expect(f"init={what}/init " in f"{options} ", f"another init was booted: {options}")

    # What is there to be started.

    def generations(self) -> dict[int, str]:
        """Those of the system profile, by number: the version of each."""
        lines = self.run(
            f"for link in $(ls -dv {_PROFILES}/system-*-link); do echo $link $(readlink $link); done"
        )
        found = re.findall(r"system-(\d+)-link (\S+)", lines)
        return {int(number): version_of(system) for number, system in found}

    def profile(self) -> str:
        """The version that the system profile names."""
        return version_of(self.run(f"readlink --canonicalize {_PROFILES}/system"))

    def golden(self) -> str:
        """The versions that profiles of their own hold."""
        return version_of(
            self.run(f"readlink --canonicalize {_PROFILES}/system-profiles/* | tail --lines=1")
        )

    def default_entry(self) -> str:
        return self.run("sed --quiet 's/^default //p' /boot/loader/loader.conf")

    def entries(self) -> list[str]:
        return self.run("ls -v /boot/loader/entries").splitlines()

    def default_version(self) -> str:
        """Of the entry that the boot loader starts by itself."""
        options = self.run(f"grep ^options /boot/loader/entries/{self.default_entry()}")
        found = re.search(r"init=(\S+)/init", options)
        expect(found is not None, f"the default entry starts no system: {options}")
        assert found is not None
        return version_of(found[1])

    def expect_default(self, version: str) -> None:
        """Profile and boot loader agree."""
        expect_equal(
            (self.profile(), self.default_version()), (version, version), "profile and boot default"
        )

    # What was done.

    def activations(self, what: str = "") -> list[Activation]:
        """The oldest first; only those that `what` ("begin", "end", "start") names."""
        lines = self.run("cat /var/log/activations").splitlines()
        found = [Activation(*line.split(maxsplit=3)) for line in lines]
        return [activation for activation in found if what in ("", activation.what)]

    def steps(self, since: int = 0) -> list[tuple[str, str]]:
        """The activations that ended, as (action, version), without the first `since`."""
        return [activation.step for activation in self.activations("end")][since:]


def _writing(settings: dict[str, str | None]) -> list[str]:
    commands = []
    for name, value in settings.items():
        path = f"settings/{name.replace('_', '-')}"
        commands.append(
            f"rm -f {path}" if value is None else f"echo {shlex.quote(value)} >{path}"
        )
    return commands
