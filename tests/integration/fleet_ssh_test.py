"""Machines of a fleet are reached through a real sshd; what is wrong on the way is said, and ends."""

from __future__ import annotations

import json
import os
import subprocess
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from device import Device, Factory
from harness import paths
from harness.waiting import wait_until
from ssh_server import SshServer

PATIENCE = 120


class RemoteFleet:
    """One machine behind ssh, which reboots when it wants to, and a controller."""

    def __init__(self, factory: Factory, folder: Path) -> None:
        self.factory = factory
        self.folder = folder
        (folder / "ssh").mkdir()
        (folder / "web-1").mkdir()
        self.sshd = SshServer(folder / "ssh")
        self.device = Device(factory, folder / "web-1")
        self.device.machine.power_on()
        self.socket = self.device.folder / "agent.sock"
        self.describe(self.socket)
        self._over = threading.Event()
        self._reboots = threading.Thread(target=self._reboot_as_asked)
        self._reboots.start()

    def describe(self, socket: Path) -> None:
        image = self.factory.update
        (self.folder / "fleet.yaml").write_text(json.dumps({
            "name": "remote",
            "machines": {"web-1": {"address": self.sshd.address(socket)}},
            "groups": {"all": {"machines": ["web-1"],
                               "target": {"url": f"file://{image.path}", "sha256": image.sha256}}},
            "settings": {"rebootDelay": "0s", "healthCheckTimeout": "10s", "machineDeadline": "1m",
                         "rollbackOnFailure": False},
        }))

    def environment(self) -> dict[str, str]:
        return {**os.environ, "PATH": self.sshd.search_path(), "XDG_RUNTIME_DIR": str(self.folder),
                "MATIC_FLEET": str(self.folder / "fleet.yaml"),
                "MATIC_FLEET_STATE": str(self.folder / "state")}

    def osctl(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """It does not hang, whatever happens."""
        return subprocess.run([paths.OSCTL, "fleet", *arguments, "--output", "json"],
                              env=self.environment(), capture_output=True, text=True, timeout=PATIENCE)

    def machine(self) -> dict[str, object]:
        done = self.osctl("status")
        assert done.returncode == 0, done
        (machine,) = json.loads(done.stdout)["machines"]
        return machine

    def why_unreachable(self) -> str:
        machine = self.machine()
        assert not machine["reachable"], machine
        return str(machine["note"])

    def run_and_at(self, phase: str, then: Callable[[], None]) -> dict[str, object]:
        """The end of a run in which `then` was done as soon as the machine came to `phase`."""
        with subprocess.Popen([paths.OSCTL, "fleet", "run", "--output", "json"], env=self.environment(),
                              stdout=subprocess.PIPE, text=True) as run:
            end: dict[str, object] = {}
            for line in run.stdout:
                end = json.loads(line)
                if end["event"] == "phase" and end["phase"] == phase:
                    then()
            assert end["event"] == "end", end
            return end

    def _reboot_as_asked(self) -> None:
        while not self._over.wait(0.1):
            if self.device.machine.asks_for_reboot:
                self.device.machine.wait_until_it_reboots()
                self.device.machine.power_on()

    def close(self) -> None:
        self._over.set()
        self._reboots.join()
        self.device.machine.power_off()
        self.sshd.kill()


@pytest.fixture
def fleet(factory: Factory, tmp_path: Path) -> Iterator[RemoteFleet]:
    made = RemoteFleet(factory, tmp_path)
    made.sshd.start()
    yield made
    made.close()


def test_a_machine_is_looked_at_and_updated(fleet: RemoteFleet) -> None:
    before = fleet.machine()
    assert (before["reachable"], before["version"], before["healthy"]) == (True, "1.0", True)
    run = fleet.osctl("run")
    assert run.returncode == 0, run
    (machine,) = json.loads(run.stdout.splitlines()[-1])["machines"]
    assert (machine["phase"], machine["version"]) == ("updated", "2.0")
    assert fleet.device.node.running()["version"] == "2.0"
    assert list(fleet.folder.glob("osctl-*")) == [], "sockets of tunnels go with them"
    assert fleet.sshd.connections() == 0


def test_a_host_that_ssh_does_not_know_is_not_talked_to(fleet: RemoteFleet) -> None:
    fleet.sshd.trust()
    assert "Host key verification failed. Its key is not in known_hosts" in fleet.why_unreachable()
    fleet.sshd.trust("other_key")
    assert "It has another key than known_hosts has" in fleet.why_unreachable()
    fleet.sshd.trust("host_key")
    assert fleet.machine()["reachable"]


def test_a_key_that_is_not_let_in_is_not_asked_about(fleet: RemoteFleet) -> None:
    fleet.sshd.log_in_with("other_key")
    why = fleet.why_unreachable()
    assert "Permission denied (publickey)" in why
    assert "authorized_keys" in why


def test_a_socket_that_is_not_there_is_named(fleet: RemoteFleet) -> None:
    nowhere = fleet.folder / "elsewhere.sock"
    fleet.describe(nowhere)
    assert f"no agent answers at {nowhere} there" in fleet.why_unreachable()
    plan = json.loads(fleet.osctl("plan").stdout)
    (left,) = plan["left_out"]
    assert f"no agent answers at {nowhere} there" in left["detail"]


def test_a_machine_without_sshd_is_told_from_one_without_agent(fleet: RemoteFleet) -> None:
    fleet.device.machine.kill_agent()
    assert "is matic-agent.service active" in fleet.why_unreachable()
    fleet.sshd.kill()
    assert "Connection refused" in fleet.why_unreachable()


def test_a_run_goes_on_when_sshd_is_back(fleet: RemoteFleet) -> None:
    def lose_sshd_for_a_while() -> None:
        fleet.sshd.kill()
        before = fleet.sshd.calls()
        wait_until("the run has met a closed door twice", lambda: fleet.sshd.calls() > before + 1, 60)
        fleet.sshd.start()

    end = fleet.run_and_at("rebooting", lose_sshd_for_a_while)
    assert [machine["phase"] for machine in end["machines"]] == ["updated"], end["machines"]
    assert fleet.device.node.running()["version"] == "2.0"


def test_an_sshd_that_stays_away_is_a_failure(fleet: RemoteFleet) -> None:
    end = fleet.run_and_at("rebooting", fleet.sshd.kill)
    (machine,) = end["machines"]
    assert machine["phase"] == "failed", end
    assert "not done within its deadline" in machine["reason"], end
