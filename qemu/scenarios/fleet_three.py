"""Three machines are updated one after the other, and the second one's failure stops the run."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

from harness import paths
from harness.disk import SlotState
from harness.images import NEW, Image
from harness.lab import FACTORY, UNBOOTABLE, Lab, agent_config
from harness.machine import BOOT_SECONDS, Machine, patient
from harness.node import DONE, ROLLED_BACK, Json, Node, Outcome
from harness.verdict import expect, expect_equal

_GOOD, _BAD, _LAST = "edge-1", "edge-2", "edge-3"
_REASON = "no tea in 2.0"


def run(lab: Lab) -> None:
    image = lab.images.get(NEW)
    machines = {name: _power_on(lab, name) for name in (_GOOD, _BAD, _LAST)}
    nodes = {name: lab.node(machine) for name, machine in machines.items()}
    for node in nodes.values():
        node.wait_until_up(BOOT_SECONDS)
        lab.expect_running(node, "slot-a", "1.0")
    controller = _Controller(lab, machines, image)

    lab.say("osctl fleet run")
    report = controller.call("run", code=ROLLED_BACK, timeout=6 * BOOT_SECONDS)
    _expect_report(lab, report)
    _expect_machines(lab, machines, nodes, image)
    _expect_told_afterwards(controller)


def _power_on(lab: Lab, name: str) -> Machine:
    checks = {"scripts": {"dirs": ["/var/lib/matic/health.d"]}}
    config = agent_config(name=name, health={"checks": checks, "retries": 3})
    return lab.boot(
        lab.disk(config=config, name=name, more_state=_spoil if name == _BAD else lambda var: None)
    )


def _spoil(var: Path) -> None:
    """What is wrong is this machine's own: the others take the same image."""
    program = var / "lib/matic/health.d/required.d/10-tea"
    program.parent.mkdir(parents=True)
    program.write_text(
        f"#!/bin/sh\ngrep -q IMAGE_VERSION=2.0 /etc/os-release || exit 0\necho {_REASON}; exit 1\n"
    )
    program.chmod(0o755)


class _Controller:
    """osctl fleet, as a person beside the machines calls it."""

    def __init__(self, lab: Lab, machines: dict[str, Machine], image: Image) -> None:
        self._log = lab.folder / "fleet.log"
        self._pki = lab.pki.client("admin")
        self._environment = {
            **os.environ,
            "MATIC_FLEET": str(lab.folder / "fleet.yaml"),
            "MATIC_FLEET_STATE": str(lab.folder / "fleet"),
        }
        fleet = {
            "name": "three",
            "machines": {
                name: {"address": f"127.0.0.1:{machine.api_port}"}
                for name, machine in machines.items()
            },
            "groups": {
                "edge": {
                    "machines": list(machines),
                    "parallel": 1,
                    "canary": {"count": 1, "soakTime": "10s"},
                    "target": {"url": lab.publish(image), "sha256": image.sha256},
                }
            },
            "settings": {"rebootDelay": "0s", "healthCheckTimeout": f"{BOOT_SECONDS:.0f}s"},
        }
        (lab.folder / "fleet.yaml").write_text(json.dumps(fleet, indent=2) + "\n")

    def call(self, *arguments: str, code: int = DONE, timeout: float = 60) -> list[Json]:
        result = subprocess.run(
            [paths.OSCTL, "--pki", self._pki, "--output", "json", "fleet", *arguments],
            env=self._environment,
            capture_output=True,
            text=True,
            timeout=patient(timeout),
            check=False,
        )
        with self._log.open("a") as log:
            log.write(f"$ osctl fleet {' '.join(arguments)}\n{result.stdout}{result.stderr}\n")
        expect_equal(result.returncode, code, f"exit code of osctl fleet {arguments[0]}")
        return Outcome(result.returncode, result.stdout, result.stderr).objects


def _expect_report(lab: Lab, report: list[Json]) -> None:
    end = report[-1]
    phases = {machine["name"]: machine["phase"] for machine in end["machines"]}
    lab.say(f"the report: {phases}")
    expect_equal(
        phases, {_GOOD: "updated", _BAD: "rolled-back", _LAST: "not-reached"}, "the report"
    )
    (bad,) = (machine for machine in end["machines"] if machine["name"] == _BAD)
    lab.say(f"{_BAD}: {bad['reason']}")
    expect(_REASON in bad["reason"], f"the reason does not tell what failed: {bad['reason']}")


def _expect_machines(
    lab: Lab, machines: dict[str, Machine], nodes: dict[str, Node], image: Image
) -> None:
    """What the disks and the agents say, whatever the report does."""
    lab.expect_running(nodes[_GOOD], "slot-b", "2.0")
    lab.expect_running(nodes[_BAD], "slot-a", "1.0")
    lab.expect_running(nodes[_LAST], "slot-a", "1.0")
    lab.expect_slots(
        machines[_BAD].disk,
        slot_a=SlotState(priority=2, tries=0, successful=True),
        slot_b=UNBOOTABLE,
    )
    lab.expect_slots(machines[_LAST].disk, slot_a=FACTORY, slot_b=UNBOOTABLE)
    expect_equal(nodes[_LAST].call("schedule", "list")["schedules"], [], f"updates of {_LAST}")
    rollbacks = {name: len(node.rollback_history()) for name, node in nodes.items()}
    expect_equal(rollbacks, {_GOOD: 0, _BAD: 1, _LAST: 0}, "rollbacks")
    expect(image.sha256 in nodes[_BAD].status()["quarantined"], "its digest is not quarantined")


def _expect_told_afterwards(controller: _Controller) -> None:
    (status,) = controller.call("status")
    expect(status["run"]["finished"], f"the run goes on: {status['run']}")
    versions = {machine["name"]: machine["version"] for machine in status["machines"]}
    expect_equal(versions, {_GOOD: "2.0", _BAD: "1.0", _LAST: "1.0"}, "versions of fleet status")
    (history,) = controller.call("history")
    expect_equal(len(history["runs"]), 1, "runs in the history")
