"""A fleet of real agents is updated in waves, and read back."""

from __future__ import annotations

import json
import os
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from device import Device, Factory
from harness import paths
from harness.node import OsctlError
from harness.waiting import wait_until

OSCTL = paths.OSCTL
PATIENCE = 120


class Fleet:
    """Devices that reboot when they want to, as machines do, and a controller beside them."""

    def __init__(self, factory: Factory, folder: Path, names: list[str]) -> None:
        self.factory = factory
        self.folder = folder
        self.devices: dict[str, Device] = {}
        for name in names:
            (folder / name).mkdir()
            self.devices[name] = Device(factory, folder / name)
            self.devices[name].machine.power_on()
        self._over = threading.Event()
        self._threads = [
            threading.Thread(target=self._reboot_as_asked, args=(device,))
            for device in self.devices.values()
        ]
        for thread in self._threads:
            thread.start()

    def _reboot_as_asked(self, device: Device) -> None:
        while not self._over.wait(0.1):
            if device.machine.asks_for_reboot:
                device.machine.wait_until_it_reboots()
                device.machine.power_on()

    def write(self, **settings: object) -> None:
        image = self.factory.update
        fleet = {
            "name": "lab",
            "machines": {
                name: {"address": f"unix://{device.folder}/agent.sock"}
                for name, device in self.devices.items()
            },
            "groups": {
                "all": {
                    "machines": list(self.devices),
                    "canary": {"count": 1, "soakTime": "1s"},
                    "target": {"url": f"file://{image.path}", "sha256": image.sha256},
                }
            },
            "settings": {"rebootDelay": "0s", "healthCheckTimeout": "20s", **settings},
        }
        (self.folder / "fleet.yaml").write_text(json.dumps(fleet))

    def osctl(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [OSCTL, "fleet", *arguments],
            env=self._environment(), capture_output=True, text=True, timeout=PATIENCE,
        )

    def run_until_killed_at(self, progress: str) -> None:
        controller = subprocess.Popen(
            [OSCTL, "fleet", "run"], env=self._environment(), stdout=subprocess.PIPE, text=True
        )
        assert controller.stdout is not None
        assert any(progress in line for line in controller.stdout), f"never said: {progress}"
        controller.kill()
        controller.wait()

    def _environment(self) -> dict[str, str]:
        return {
            **os.environ,
            "MATIC_FLEET": str(self.folder / "fleet.yaml"),
            "MATIC_FLEET_STATE": str(self.folder / "state"),
        }

    def versions(self) -> dict[str, str]:
        return {
            name: device.node.running()["version"] for name, device in self.devices.items()
        }

    def close(self) -> None:
        self._over.set()
        for thread in self._threads:
            thread.join()
        for device in self.devices.values():
            device.machine.power_off()


@pytest.fixture
def fleet(factory: Factory, tmp_path: Path) -> Iterator[Fleet]:
    made = Fleet(factory, tmp_path, ["web-1", "web-2", "web-3"])
    made.write()
    yield made
    made.close()


def test_all_machines_are_updated_canary_first(fleet: Fleet) -> None:
    plan = fleet.osctl("plan")
    assert plan.returncode == 0, plan
    assert "1/2 canary" in plan.stdout
    assert fleet.versions() == {"web-1": "1.0", "web-2": "1.0", "web-3": "1.0"}
    run = fleet.osctl("run")
    assert run.returncode == 0, run
    assert run.stdout.index("web-1: updated") < run.stdout.index("web-2: staging")
    assert fleet.versions() == {"web-1": "2.0", "web-2": "2.0", "web-3": "2.0"}
    status = json.loads(fleet.osctl("status", "--output", "json").stdout)
    assert [machine["healthy"] for machine in status["machines"]] == [True] * 3
    assert [machine["run"] for machine in status["machines"]] == [""] * 3
    assert status["run"]["finished"]
    again = fleet.osctl("run")
    assert again.returncode == 0
    assert "up to date" in again.stdout
    history = json.loads(fleet.osctl("history", "--output", "json").stdout)
    assert {machine["phase"] for machine in history["runs"][-1]["machines"]} == {"updated"}


def test_a_sick_canary_goes_back_and_the_others_are_not_touched(fleet: Fleet) -> None:
    canary = fleet.devices["web-1"]
    facts = canary.folder / "boot-facts.json"
    canary.executable("health.d/required.d/10-app", f"grep -q slot-a {facts} || {{ echo died; exit 9; }}")
    run = fleet.osctl("run", "--output", "json")
    assert run.returncode == 5, run
    end = json.loads(run.stdout.splitlines()[-1])
    phases = {machine["name"]: machine["phase"] for machine in end["machines"]}
    assert phases == {"web-1": "rolled-back", "web-2": "not-reached", "web-3": "not-reached"}
    assert "died" in end["machines"][0]["reason"]
    assert fleet.versions() == {"web-1": "1.0", "web-2": "1.0", "web-3": "1.0"}


def test_a_controller_that_was_killed_is_followed_by_another(fleet: Fleet) -> None:
    fleet.run_until_killed_at("web-1: rebooting")
    assert fleet.osctl("run").returncode == 6, "one that was left is gone on with, or stopped"
    second = fleet.osctl("run", "--resume")
    assert second.returncode == 0, second
    assert fleet.versions() == {"web-1": "2.0", "web-2": "2.0", "web-3": "2.0"}
    for device in fleet.devices.values():
        assert len(device.node.call("schedule", "list")["schedules"]) == 1


def all_run(fleet: Fleet, version: str) -> bool:
    """False also while one of them reboots."""
    try:
        return set(fleet.versions().values()) == {version}
    except OsctlError:
        return False


def test_a_stop_is_obeyed_after_the_controllers_death(fleet: Fleet) -> None:
    fleet.write(maxParallel=3)
    fleet.run_until_killed_at("web-1: updated")
    stop = fleet.osctl("stop", "--revert", "--reason", "on fire")
    assert stop.returncode == 0, stop
    wait_until("all run 1.0 again", lambda: all_run(fleet, "1.0"), PATIENCE, 0.5)
    boot = fleet.devices["web-1"].node.status()["boot_id"]
    again = fleet.osctl("stop", "--revert", "--reason", "on fire")
    assert "does not run what the run brought" in again.stdout, again
    ended = fleet.osctl("run", "--resume")
    assert fleet.devices["web-1"].node.status()["boot_id"] == boot
    assert "on fire" in ended.stdout, ended
    assert fleet.osctl("status", "--output", "json").returncode == 0


def test_what_was_only_staged_at_the_controllers_death_is_never_activated(fleet: Fleet) -> None:
    canary = fleet.devices["web-1"]
    boot = canary.node.status()["boot_id"]
    fleet.run_until_killed_at("web-1: staging")
    stop = fleet.osctl("stop", "--keep", "--reason", "wait for Monday")
    assert stop.returncode == 0, stop
    schedules = canary.node.call("schedule", "list")["schedules"]
    for schedule in schedules:
        canary.node.wait_for_state(schedule["id"], ["CANCELLED"], 20)
    ended = fleet.osctl("run", "--resume")
    assert (ended.returncode, "wait for Monday" in ended.stdout) == (4, True), ended
    assert canary.node.status()["boot_id"] == boot
    assert canary.starts().stdout == "slot-a\n", "nor at the next start"
    assert fleet.versions() == {"web-1": "1.0", "web-2": "1.0", "web-3": "1.0"}


def test_people_hear_of_what_happens_to_real_machines(fleet: Fleet) -> None:
    sick = fleet.devices["web-2"]
    facts = sick.folder / "boot-facts.json"
    sick.executable("health.d/required.d/10-app", f"grep -q slot-a {facts} || {{ echo died; exit 9; }}")
    heard = fleet.folder / "heard"
    file = fleet.folder / "fleet.yaml"
    described = json.loads(file.read_text())
    described["notifications"] = {"channels": {"log": {"type": "command", "command": [
        "/bin/sh", "-c", f'echo "$MATIC_NODE $MATIC_LEVEL $MATIC_EVENT: $MATIC_TITLE" >> {heard}']}}}
    described["metrics"] = {"textfile": str(fleet.folder / "fleet.prom")}
    file.write_text(json.dumps(described))
    run = fleet.osctl("run")
    assert run.returncode == 5, run
    lines = heard.read_text().splitlines()
    assert lines[0] == "lab info run-started: Run started"
    assert lines[-1] == "lab error run-finished: Run failed"
    assert "lab error machine-failed: web-2 failed" in lines
    assert "lab warning rolled-back: web-2 went back to its old system" in lines
    assert 'matic_fleet_run_machines{fleet="lab",phase="rolled-back"} 1' in (
        fleet.folder / "fleet.prom").read_text()


def test_agents_are_updated_in_steps_rebooted_and_go_back(fleet: Fleet) -> None:
    assert fleet.osctl("update", "prepare").returncode == 0
    assert set(fleet.versions().values()) == {"1.0"}
    for command in (("update", "execute"), ("update", "verify"), ("reboot", "--staggered", "--delay", "0s")):
        done = fleet.osctl(*command)
        assert done.returncode == 0, done
        assert set(fleet.versions().values()) == {"2.0"}
    back = fleet.osctl("rollback", "--immediate", "--wait")
    assert back.returncode == 0, back
    assert set(fleet.versions().values()) == {"1.0"}
    assert fleet.osctl("update", "verify").returncode == 4
