"""Real agents on this machine, each with a disk image, mutual TLS, and reboots when it asks for one."""

from __future__ import annotations

import json
import os
import socket
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from benching import process
from benching.command import CannotMeasure
from device import HERE, Device, Factory
from harness import paths

_BOOTS_AT_ONCE = 4
_PATIENCE = 300  # with hundreds of agents on few processors


class RealFleet:
    """Use as a context manager."""

    def __init__(self, count: int) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="bench-agents.")
        folder = Path(self._folder.name)
        self._factory = Factory(folder)
        self._pki = self._factory.issue_client("operator", folder / "operator")
        self._over = threading.Event()
        self._booting: set[Device] = set()
        self._boots = ThreadPoolExecutor(_BOOTS_AT_ONCE)
        ports = _free_ports(count)
        self._devices = [self._make(folder / f"node-{port}", port) for port in ports]
        self._environment = {**os.environ, "MATIC_FLEET": str(folder / "fleet.yaml"),
                             "MATIC_FLEET_STATE": str(folder / "state")}
        (folder / "fleet.yaml").write_text(json.dumps(self._inventory(ports)))
        begun = time.monotonic()
        list(self._boots.map(lambda device: device.machine.power_on(_PATIENCE), self._devices))
        self.start_seconds = time.monotonic() - begun
        self._watch = threading.Thread(target=self._reboot_as_asked)
        self._watch.start()

    def measured(self, command: str) -> process.Cost:
        cost = process.run([paths.OSCTL, "--pki", self._pki, "fleet", command, "--output", "json"],
                           self._environment)
        if cost.code != 0:
            raise CannotMeasure(f"osctl fleet {command} ended with {cost.code}: {cost.stderr.strip()} "
                                f"{cost.stdout[-2000:]}")
        return cost

    def pids(self) -> list[int]:
        return [device.machine.agent_pid for device in self._devices]

    def expect_updated(self) -> None:
        """Figures of a run that did not do its work are none."""
        old = [device.folder.name for device in self._devices
               if device.node.running()["version"] != self._factory.update.version]
        if old:
            raise CannotMeasure(f"after osctl fleet run these have not been updated: {', '.join(old)}")

    def _make(self, folder: Path, port: int) -> Device:
        folder.mkdir()
        return Device(self._factory, folder, {"api": {
            "socket": str(folder / "agent.sock"), "socket_group": "", "listen": f"{HERE}:{port}",
            "pki_dirs": [str(self._factory.server)]}})

    def _inventory(self, ports: list[int]) -> dict[str, object]:
        image = self._factory.update
        return {
            "name": "bench-agents",
            "machines": {f"node-{port}": {"address": f"{HERE}:{port}"} for port in ports},
            "groups": {"all": {
                "machines": "all", "canary": {"count": 1, "soakTime": "0s"}, "staggerDelay": "0s",
                "target": {"url": f"file://{image.path}", "sha256": image.sha256}}},
            "settings": {"maxParallel": 20, "rebootDelay": "0s", "healthCheckTimeout": "120s",
                         "machineDeadline": "10m"},
        }

    def _reboot_as_asked(self) -> None:
        while not self._over.wait(0.2):
            for device in self._devices:
                if device.machine.asks_for_reboot and device not in self._booting:
                    self._booting.add(device)
                    self._boots.submit(self._reboot, device)

    def _reboot(self, device: Device) -> None:
        device.machine.wait_until_it_reboots(_PATIENCE)
        device.machine.power_on(_PATIENCE)
        self._booting.discard(device)

    def __enter__(self) -> RealFleet:
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._watch.join()
        self._boots.shutdown()
        for device in self._devices:
            device.machine.kill_agent()
        self._folder.cleanup()


def _free_ports(count: int) -> list[int]:
    """Held all together, so that none comes twice."""
    held = [socket.create_server((HERE, 0)) for _ in range(count)]
    ports = [each.getsockname()[1] for each in held]
    for each in held:
        each.close()
    return ports
