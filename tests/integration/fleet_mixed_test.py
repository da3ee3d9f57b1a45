"""Devices with two slots and Nix hosts in one fleet: real agents of both kinds, updated by one run."""

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
from harness.file_backed_agent import FileBackedAgent
from harness.nix_file_machine import NixFileMachine

PATIENCE = 200
DEVICES, HOSTS = ("web-1", "web-2"), ("build-1", "build-2")


class MixedFleet:
    """Machines that reboot when they want to, and a controller beside them."""

    def __init__(self, factory: Factory, folder: Path) -> None:
        for name in (*DEVICES, *HOSTS):
            (folder / name).mkdir()
        self.folder = folder
        self.image = factory.update
        self.devices = {name: Device(factory, folder / name) for name in DEVICES}
        self.hosts = {name: NixFileMachine(folder / name) for name in HOSTS}
        for machine in self._machines():
            machine.power_on()
        self._over = threading.Event()
        self._reboots = [threading.Thread(target=self._reboot_as_asked, args=(machine,))
                         for machine in self._machines()]
        for thread in self._reboots:
            thread.start()

    def describe(self, **groups: object) -> None:
        machines = {name: {"address": f"unix://{self.folder / name}/agent.sock"} for name in (*DEVICES, *HOSTS)}
        (self.folder / "fleet.yaml").write_text(json.dumps({
            "name": "mixed", "machines": machines, "groups": groups,
            "settings": {"maxParallel": 1, "rebootDelay": "0s", "healthCheckTimeout": "30s"}}))

    def group(self, *machines: str, **more: object) -> dict[str, object]:
        return {"machines": list(machines), "canary": {"count": 1, "soakTime": "0s"}, "staggerDelay": "0s", **more}

    def image_target(self) -> dict[str, str]:
        return {"url": f"file://{self.image.path}", "sha256": self.image.sha256}

    def run(self, *command: str) -> tuple[int, dict[str, object], list[tuple[str, str]]]:
        """Exit code, the end, and which machine came to which phase, in that order."""
        done = subprocess.run(
            [paths.OSCTL, "fleet", *(command or ("run",)), "--output", "json"], capture_output=True, text=True, timeout=PATIENCE,
            env={**os.environ, "MATIC_FLEET": str(self.folder / "fleet.yaml"),
                 "MATIC_FLEET_STATE": str(self.folder / "state")})
        events = [json.loads(line) for line in done.stdout.splitlines()]
        assert events and events[-1]["event"] == "end", done
        steps = [(event["machine"], event["phase"]) for event in events if event["event"] == "phase"]
        return done.returncode, events[-1], steps

    def versions(self) -> dict[str, str]:
        """As the machines tell them."""
        nodes = {**{name: device.node for name, device in self.devices.items()},
                 **{name: host.node for name, host in self.hosts.items()}}
        return {name: node.running()["version"] for name, node in nodes.items()}

    def close(self) -> None:
        self._over.set()
        for thread in self._reboots:
            thread.join()
        for device in self.devices.values():
            device.machine.power_off()
        for host in self.hosts.values():
            host.remove()

    def _machines(self) -> list[FileBackedAgent]:
        return [*(device.machine for device in self.devices.values()), *self.hosts.values()]

    def _reboot_as_asked(self, machine: FileBackedAgent) -> None:
        while not self._over.wait(0.1):
            if not machine.asks_for_reboot:
                continue
            if isinstance(machine, NixFileMachine):
                machine.reboot()
            else:
                machine.wait_until_it_reboots()
                machine.power_on()


@pytest.fixture
def fleet(factory: Factory, tmp_path: Path) -> Iterator[MixedFleet]:
    made = MixedFleet(factory, tmp_path)
    yield made
    made.close()


def phases(end: dict[str, object]) -> dict[str, str]:
    return {machine["name"]: machine["phase"] for machine in end["machines"]}


def test_one_run_updates_both_kinds_in_waves(fleet: MixedFleet) -> None:
    # Given a Nix host whose new system is switched to, and one whose new kernel takes a reboot,
    fleet.hosts["build-1"].host.commit(version="2")
    fleet.hosts["build-2"].host.commit(version="2", kernel="6.2")
    assert fleet.versions() == {"web-1": "1.0", "web-2": "1.0", "build-1": "24.05.1", "build-2": "24.05.1"}
    fleet.describe(web=fleet.group(*DEVICES, target=fleet.image_target()),
                   build=fleet.group(*HOSTS, dependencies=["web"]))
    # when the fleet is updated,
    code, end, steps = fleet.run()
    # then all of them run what is new, each wave after the one before.
    assert (code, set(phases(end).values())) == (0, {"updated"}), end
    assert fleet.versions() == {"web-1": "2.0", "web-2": "2.0", "build-1": "24.05.2", "build-2": "24.05.2"}
    order = [name for name, phase in steps if phase == "updated"]
    assert order == ["web-1", "web-2", "build-1", "build-2"]
    for before, after in zip(order, order[1:]):
        assert steps.index((before, "updated")) < steps.index((after, "staging"))
    assert ("build-1", "rebooting") not in steps, "a switch takes no reboot"
    assert ("build-2", "rebooting") in steps
    for host in fleet.hosts.values():
        new = host.host.profile.resolve()
        assert host.host.link("current-system") == new
        host.expect_default(new)


def test_a_build_that_fails_stops_its_group_and_what_comes_behind(fleet: MixedFleet) -> None:
    # Given a configuration that does not build on the first of two Nix hosts,
    fleet.hosts["build-1"].host.commit(version="2", **{"break": "build"})
    fleet.hosts["build-2"].host.commit(version="2")
    fleet.describe(web=fleet.group("web-1", target=fleet.image_target()),
                   build=fleet.group(*HOSTS),
                   late=fleet.group("web-2", target=fleet.image_target(), dependencies=["build"]))
    code, end, _ = fleet.run()
    # then what came before stays updated, and neither the other host nor what depends on them is touched.
    assert code == 4, end
    assert phases(end) == {"web-1": "updated", "build-1": "failed", "build-2": "not-reached", "web-2": "not-reached"}
    reasons = {machine["name"]: machine["reason"] for machine in end["machines"]}
    assert "attribute 'services.app.port' is of the wrong type" in reasons["build-1"]
    assert "group 'build': failures: 1" in end["stop_reason"]
    ends = {group["name"]: group["end"] for group in end["groups"]}
    assert (ends["web"], len({ends["build"], ends["late"]} & {"well"})) == ("well", 0), end["groups"]
    assert fleet.versions() == {"web-1": "2.0", "web-2": "1.0", "build-1": "24.05.1", "build-2": "24.05.1"}
    # What is mended is updated by the next run.
    fleet.hosts["build-1"].host.commit(version="3", **{"break": None})
    code, end, _ = fleet.run()
    assert (code, set(phases(end).values())) == (0, {"updated"}), end
    assert fleet.versions() == {"web-1": "2.0", "web-2": "2.0", "build-1": "24.05.3", "build-2": "24.05.2"}


def test_nix_hosts_reboot_and_go_back_to_the_generation_that_was_asked_for(fleet: MixedFleet) -> None:
    fleet.describe(build=fleet.group(*HOSTS))
    for version in ("2", "3"):
        for host in fleet.hosts.values():
            host.host.commit(version=version)
        code, end, _ = fleet.run("run", "--group", "build")
        assert code == 0, end
    assert fleet.versions() == {"web-1": "1.0", "web-2": "1.0", "build-1": "24.05.3", "build-2": "24.05.3"}
    boots = {name: host.node.status()["boot_id"] for name, host in fleet.hosts.items()}
    # What they run survives a reboot,
    code, end, _ = fleet.run("reboot", "--group", "build")
    assert code == 0, end
    assert all(host.node.status()["boot_id"] != boots[name] for name, host in fleet.hosts.items())
    assert fleet.versions()["build-1"] == fleet.versions()["build-2"] == "24.05.3"
    # and they go back: to the first of their systems, or to the last one.
    code, end, _ = fleet.run("rollback", "--machine", "build-1", "--to-generation", "1", "--immediate", "--wait")
    assert code == 0, end
    code, end, _ = fleet.run("rollback", "--machine", "build-2", "--immediate", "--wait")
    assert code == 0, end
    assert fleet.versions() == {"web-1": "1.0", "web-2": "1.0", "build-1": "24.05.1", "build-2": "24.05.2"}
    for host in fleet.hosts.values():
        host.expect_default(host.host.link("current-system"))
