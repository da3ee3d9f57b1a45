"""The Debian packages on a running system: installed, upgraded, removed, installed again, purged."""

from __future__ import annotations

import subprocess
from pathlib import Path

from harness import debian, paths
from harness.lab import Lab, agent_config
from harness.machine import BOOT_SECONDS, Machine, Options, patient
from harness.node import UNREACHABLE, Node
from harness.verdict import Unusable, expect, expect_equal

_UNITS = "matic-agent.service matic-deadline.service"
_SETTINGS = "/etc/matic/agent.yaml"
_NEW_VERSION = "999.1"


def run(lab: Lab) -> None:
    old = _packages(lab, "old")
    new = _packages(lab, "new", "--version", _NEW_VERSION)
    system = debian.Debian(lab.images)
    config = agent_config()
    del config["name"]  # of the conffile's

    def add_state(var: Path) -> None:
        system.add_state(var)
        for folder in (old, new):
            (var / "packages" / folder.name).mkdir(parents=True)
            for package in folder.glob("*.deb"):
                (var / "packages" / folder.name / package.name).write_bytes(package.read_bytes())

    disk = lab.disk(system.image, config=config, more_state=add_state)
    machine = lab.boot(disk, Options(shell=True))
    machine.shell.run(debian.MAKE_WRITABLE, BOOT_SECONDS)
    lab.expect_well(machine)
    node = lab.node(machine)
    _installed(lab, machine, node)
    _upgraded(lab, machine, node)
    _removed(lab, machine, node)
    _installed_again_and_purged(lab, machine, node)


def _packages(lab: Lab, name: str, *options: str) -> Path:
    folder = lab.folder / name
    made = subprocess.run(
        [
            *(paths.REPOSITORY / "tools/package", "--build-dir", paths.PROGRAMS.parent),
            *("--out", folder, *options),
        ],
        cwd=paths.REPOSITORY,
        capture_output=True,
        text=True,
        check=False,
    )
    if made.returncode != 0:
        raise Unusable(f"tools/package: {made.stdout}{made.stderr}")
    return folder


def _installed(lab: Lab, machine: Machine, node: Node) -> None:
    expect_equal(machine.shell.ask("getent group matic").code, 2, "a group that is not there yet")
    _dpkg(machine, "--install /var/packages/old/*.deb")
    node.wait_until_up(patient(60))
    lab.expect_running(node, "slot-a", debian.VERSION)
    # Whoever carries the runs of a fleet asks this machine's agent, too.
    expect_equal(machine.shell.run("getent group matic"), "matic:x:120:matic-fleet", "the group")
    expect_equal(
        machine.shell.ask("systemctl is-enabled osctl-fleet@everything.timer").output.strip(),
        "disabled", "a fleet's timer that nobody asked for",
    )
    _expect_states(machine, "is-enabled", ["enabled", "enabled"])
    # matic-deadline belongs to a boot, and is not started in the middle of one.
    _expect_states(machine, "is-active", ["active", "inactive"])
    expect_equal(
        machine.shell.run("stat -c '%a %G' /run/matic/agent.sock /var/lib/matic").splitlines(),
        ["660 matic", "750 root"],
        "socket and state",
    )
    machine.shell.run("osctl status | grep --quiet slot-a")
    lab.expect_well(machine)
    lab.say("installed: the agent runs, and is enabled")


def _upgraded(lab: Lab, machine: Machine, node: Node) -> None:
    before = _agent(machine)
    settings = "name: edge-7\\n"
    machine.shell.run(f"printf '{settings}' >{_SETTINGS}")
    _dpkg(machine, "--install /var/packages/new/*.deb")
    expect(_agent(machine) != before, "the old agent still runs")
    expect_equal(node.wait_until_up(patient(60))["node_name"], "edge-7", "the name")
    expect_equal(
        machine.shell.run("dpkg-query -W -f '${Version}' matic-agent"), _NEW_VERSION, "the version"
    )
    expect_equal(machine.shell.run(f"cat {_SETTINGS}"), "name: edge-7", "the conffile")
    _expect_states(machine, "is-active", ["active", "inactive"])
    lab.expect_well(machine)
    lab.say("upgraded: the new agent runs, with the settings that were changed")


def _removed(lab: Lab, machine: Machine, node: Node) -> None:
    _dpkg(machine, "--remove matic-agent osctl")
    _expect_states(machine, "is-active", ["inactive", "inactive"])
    # As Debian does with what is removed and not purged.
    _expect_states(machine, "is-enabled", ["masked", "masked"])
    expect_equal(node.run("status").code, UNREACHABLE, "status of a removed agent")
    expect_equal(machine.shell.run("ls /run/matic"), "", "sockets")
    expect_equal(machine.shell.run(f"cat {_SETTINGS}"), "name: edge-7", "the conffile")
    machine.shell.run("test -f /var/lib/matic/pki/server.key")
    lab.expect_well(machine)
    lab.say("removed: the agent is stopped, and settings and state stay")


def _installed_again_and_purged(lab: Lab, machine: Machine, node: Node) -> None:
    _dpkg(machine, "--install /var/packages/new/*.deb")
    expect_equal(node.wait_until_up(patient(60))["node_name"], "edge-7", "the name")
    _expect_states(machine, "is-enabled", ["enabled", "enabled"])
    _dpkg(machine, "--purge matic-agent osctl")
    _expect_states(machine, "is-active", ["inactive", "inactive"])
    for path in ("/etc/matic", "/var/lib/matic", "/run/matic", "/usr/bin/matic-agent"):
        expect_equal(machine.shell.ask(f"test -e {path}").code, 1, f"{path} is there")
    left = machine.shell.ask("find /etc/systemd /var/lib/systemd -name 'matic-*'").output
    expect_equal(left, "", "what is left of the units")
    lab.expect_well(machine)
    lab.say("purged: nothing is left")


def _dpkg(machine: Machine, what: str) -> None:
    machine.shell.run(f"DEBIAN_FRONTEND=noninteractive dpkg {what} </dev/null", patient(180))


def _agent(machine: Machine) -> str:
    return machine.shell.run("systemctl show --property=MainPID matic-agent.service")


def _expect_states(machine: Machine, question: str, expected: list[str]) -> None:
    states = machine.shell.ask(f"systemctl {question} {_UNITS}").output.splitlines()
    expect_equal(states, expected, f"systemctl {question} {_UNITS}")
