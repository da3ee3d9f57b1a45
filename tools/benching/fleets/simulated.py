"""tools/fleet-sim as the benchmark uses it: machines that cost little, so that osctl's cost shows."""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

from benching import process
from benching.command import CannotMeasure
from harness import paths

RULES = """\
groups:
  all:
    machines: all
    target: {url: "https://updates.example/os.squashfs", sha256: "%s"}
    canary: {count: 1, soakTime: 0s}
    staggerDelay: 0s
settings:
  maxParallel: 50
  rebootDelay: 0s
  healthCheckTimeout: 60s
  machineDeadline: 10m
""" % ("2" * 64)


@dataclass(frozen=True)
class Measured:
    cost: process.Cost
    nodes_cpu_seconds: float


class SimulatedFleet:
    """Use as a context manager."""

    def __init__(self, count: int) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="bench-fleet.")
        folder = Path(self._folder.name)
        pace = [word for step in ("stage", "reboot", "trial") for word in (f"--{step}-ms", "100")]
        self._program = subprocess.Popen(
            [paths.REPOSITORY / "tools/fleet-sim", str(count), "--json", "--dir", folder, *pace],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        first = self._program.stdout.readline()
        if not first:
            raise CannotMeasure(f"tools/fleet-sim {count} ended with {self._program.wait()}")
        told = json.loads(first)
        lines = [f'  {node["name"]}: {{address: "{node["address"]}"}}\n' for node in told["nodes"]]
        (folder / "fleet.yaml").write_text("name: bench\nmachines:\n" + "".join(lines) + RULES)
        self._environment = {**os.environ, **told["environment"]}
        self._pki = folder / "pki/client"
        self.state = folder / "state"

    def measured(self, command: str) -> Measured:
        nodes = process.children(self._program.pid)
        before = process.cpu_seconds(nodes)
        cost = process.run([paths.OSCTL, "--pki", self._pki, "fleet", command, "--output", "json"],
                           self._environment)
        if cost.code != 0:
            raise CannotMeasure(f"osctl fleet {command} ended with {cost.code}: {cost.stderr.strip()} "
                                f"{cost.stdout[-2000:]}")
        return Measured(cost, process.cpu_seconds(nodes) - before)

    def __enter__(self) -> SimulatedFleet:
        return self

    def __exit__(self, *_: object) -> None:
        self._program.stdin.close()
        self._program.wait(60)
        self._program.stdout.close()
        self._folder.cleanup()
