"""Each check sees the trouble it is for; a critical one that fails sends a new system back."""

from __future__ import annotations

import socket
from pathlib import Path

from harness.https_server import GUEST_VIEW_OF_HOST, Behaviour
from harness.images import BAD_SERVICE, NEW
from harness.lab import Config, Lab, agent_config
from harness.machine import BOOT_SECONDS, Machine, Options, patient
from harness.node import Json, Node
from harness.time_server import TimeServer
from harness.verdict import expect, expect_equal

_SCRIPTS = "/var/lib/matic/health.d"
_SHOP = "/shop"
_MIB = 1 << 20
# In the old system both pass; in the new ones one fails that is required, or one that is not.
_PROGRAMS = {
    "wanted.d/10-two": "grep -q IMAGE_VERSION=2.0 /etc/os-release || exit 0; echo no tea in 2.0; exit 1",
    "required.d/10-three": (
        "grep -q IMAGE_VERSION=3.0 /etc/os-release || exit 0\n"
        "echo counting orders; echo orders are lost >&2; exit 3"
    ),
}


def run(lab: Lab) -> None:
    with socket.create_server(("127.0.0.1", 0)) as database:
        port = int(database.getsockname()[1])
        disk = lab.disk(config=_config(lab, port), more_state=_put_scripts)
        machine, node = lab.boot_and_wait(disk, ("slot-a", "1.0"), Options(shell=True))
        seen = _Seen(lab, machine, node)
        _resources(seen)
        _units(seen)
        _neighbours(seen, database)
    _a_wanted_one_is_told_only(lab, node)
    _a_required_one_sends_the_machine_back(lab, machine, node)


def _config(lab: Lab, port: int) -> Config:
    shop = _serve(lab, '{"status":"up"}')
    checks: Config = {
        "service": {"units": ["matic-agent.service"]},
        "scripts": {"dirs": [_SCRIPTS]},
        "disk": {"enabled": True, "paths": ["/var"], "min_free_bytes": 100 * _MIB},
        "memory": {"enabled": True, "min_available_percent": 40},
        "load": {"enabled": True, "max_per_cpu": 3, "critical": False},
        "failed_units": {"enabled": True, "ignored": ["lab-ignored.service"], "critical": False},
        "time": {"enabled": True, "critical": False},
        "journal": [
            {"name": "smoke", "pattern": "lab: smoke|Kernel panic", "critical": False},
            {"name": "app-log", "unit": "app.service", "priority": "warning", "critical": False},
        ],
        "tcp": [
            {
                "name": "database",
                "address": f"{GUEST_VIEW_OF_HOST}:{port}",
                "timeout_seconds": 2,
                "critical": False,
            }
        ],
        "http": [
            {
                "name": "shop",
                "url": shop,
                "contains": '"status":"up"',
                "critical": False,
            },
            {
                "name": "shop-pattern",
                "url": shop,
                "matches": '"status":"(up|busy)"',
                "critical": False,
            },
        ],
    }
    return agent_config(health={"checks": checks, "retries": 3})


def _put_scripts(var: Path) -> None:
    for name, script in _PROGRAMS.items():
        program = var / f"lib/matic/health.d/{name}"
        program.parent.mkdir(parents=True, exist_ok=True)
        program.write_text(f"#!/bin/sh\n{script}\n")
        program.chmod(0o755)


class _Seen:
    """What checks find, asked anew each time."""

    def __init__(self, lab: Lab, machine: Machine, node: Node) -> None:
        self.lab = lab
        self.machine = machine
        self._node = node

    def checks(self) -> dict[str, Json]:
        health = self._node.call("health", "--refresh", timeout=patient(90))
        return {check["name"]: check for check in health["checks"]}

    def expect_fails(self, name: str, why: str) -> None:
        check = self._node.poll(lambda: self._if(name, "FAILED"), patient(60), f"{name} to fail")
        expect(why in check["output"], f"{name} does not say '{why}': {check['output']}")
        self.lab.say(f"{name}: {check['output']}")

    def expect_passes(self, *names: str) -> None:
        for name in names:
            check = self._node.poll(
                lambda: self._if(name, "PASSED"), patient(120), f"{name} to pass"
            )
            self.lab.say(f"{name}: {check['output']}")

    def _if(self, name: str, result: str) -> Json | None:
        check = self.checks()[name]
        return check if check["result"] == f"CHECK_RESULT_{result}" else None


def _resources(seen: _Seen) -> None:
    shell = seen.machine.shell
    seen.expect_passes("disk", "memory", "load")
    busy = "for i in {1..24}; do while :; do :; done & done; wait"
    shell.run(f"systemd-run --quiet --unit=lab-busy --property=CPUWeight=1 bash -c '{busy}'")
    shell.run("fallocate -l $(($(df -B1 --output=avail /var | tail -n 1) - 60 * 1048576)) /var/fill")
    shell.run("head -c 440M /dev/zero >/dev/shm/fill")
    seen.expect_fails("disk", "/var")
    seen.expect_fails("memory", "must be at least 40 %")
    seen.expect_fails("load", "must be at most 6")
    shell.run("rm /var/fill /dev/shm/fill; systemctl stop lab-busy.service")
    seen.expect_passes("disk", "memory", "load")


def _units(seen: _Seen) -> None:
    shell = seen.machine.shell
    seen.expect_passes("failed_units", "smoke", "app-log")
    for unit in ("lab-broken", "lab-ignored"):
        shell.run(f"systemd-run --quiet --unit={unit} false")
    seen.expect_fails("failed_units", "failed: lab-broken.service")
    shell.run("systemctl reset-failed lab-broken.service")
    seen.expect_passes("failed_units")

    shell.run("echo 'lab: smoke, but little' | systemd-cat --identifier=lab --priority=info")
    seen.expect_passes("smoke")
    shell.run("echo 'lab: smoke in the galley' | systemd-cat --identifier=lab --priority=err")
    seen.expect_fails("smoke", "lab: smoke in the galley")
    shell.run("systemctl kill --signal=KILL app.service")
    seen.expect_fails("app-log", "Failed with result 'signal'")

    seen.expect_fails("time", "the clock is not synchronised")
    folder = "/run/systemd/timesyncd.conf.d"
    with TimeServer():
        shell.run(f"mkdir {folder}; printf '[Time]\nNTP={GUEST_VIEW_OF_HOST}\n' >{folder}/lab.conf")
        shell.run("systemctl restart systemd-timesyncd.service")
        seen.expect_passes("time")


def _neighbours(seen: _Seen, database: socket.socket) -> None:
    seen.expect_passes("database", "shop", "shop-pattern")
    database.close()
    seen.expect_fails("database", "refused")
    _serve(seen.lab, '{"status":"gone"}')
    seen.expect_fails("shop", 'without \'"status":"up"\': "{"status":"gone"}"')
    seen.expect_fails("shop-pattern", "without a match")
    _serve(seen.lab, '{"status":"busy"}')
    seen.expect_passes("shop-pattern")
    _serve(seen.lab, "", Behaviour(status=503))
    seen.expect_fails("shop", "503")


def _a_wanted_one_is_told_only(lab: Lab, node: Node) -> None:
    image = lab.images.get(NEW)
    schedule = node.update_to(image, lab.publish(image))
    node.wait_for_state(schedule, ["COMPLETED"], 2 * BOOT_SECONDS)
    lab.expect_running(node, "slot-b", "2.0")
    health = node.health()
    checks = {check["name"]: check for check in health["checks"]}
    two = checks["wanted.d/10-two"]
    expect_equal(
        (two["result"], two["critical"], two["output"]),
        ("CHECK_RESULT_FAILED", False, 'exited with 1: "no tea in 2.0"'),
        "the wanted check",
    )
    expect_equal(health["state"], "HEALTH_STATE_DEGRADED", "health")
    lab.say("2.0 was confirmed although a check fails that is only wanted")


def _a_required_one_sends_the_machine_back(lab: Lab, machine: Machine, node: Node) -> None:
    image = lab.images.get(BAD_SERVICE)
    schedule = node.update_to(image, lab.publish(image))
    ended = node.wait_for_state(schedule, ["ROLLED_BACK"], 3 * BOOT_SECONDS)
    lab.expect_running(node, "slot-b", "2.0")
    why = (
        "health check failed: required.d/10-three: exited with 3:"
        ' "counting orders | orders are lost"'
    )
    expect_equal(ended.reason, why, "the reason")
    expect_equal(node.rollback_history()[0]["reason"], why, "the reason in the history")
    lab.say(f"reason: {ended.reason}")
    kept = machine.shell.run("journalctl --quiet --output=cat MATIC_EVENT=rolled-back")
    expect(why in kept, f"the journal does not say why: {kept}")


def _serve(lab: Lab, text: str, behaviour: Behaviour = Behaviour()) -> str:
    page = lab.folder / "shop.json"
    page.write_text(text)
    return lab.server.publish(_SHOP, page, behaviour)
