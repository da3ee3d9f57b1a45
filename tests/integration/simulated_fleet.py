"""tools/fleet-sim as tests use it: simulated machines, and an osctl that updates them."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path

from harness import paths
from harness.verdict import Failed
from harness.waiting import wait_until

FLEET_SIM = paths.REPOSITORY / "tools" / "fleet-sim"
OLD, NEW = "1" * 64, "2" * 64
PATIENCE = 90
RULES = """\
settings: {maxParallel: 2, rebootDelay: 0s, healthCheckTimeout: 5s, machineDeadline: 1m}
"""


def group(*lines: str, target: str = NEW, soak: str = "0s") -> str:
    """Of fleet.yaml: the fields of a group that waits for nothing by itself."""
    rules = (f"target: {{url: 'https://updates.example/os.squashfs', sha256: '{target}'}}",
             f"canary: {{count: 1, soakTime: {soak}}}", "staggerDelay: 0s", *lines)
    return "".join(f"    {line}\n" for line in rules)


class SimulatedFleet:
    """Use as a context manager."""

    def __init__(self, folder: Path, count: int, *options: str) -> None:
        self.folder = folder
        self._program = subprocess.Popen([FLEET_SIM, str(count), "--json", "--dir", folder, *options],
                                         stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.told = json.loads(self._line())
        self.environment = {"PATH": os.environ["PATH"], "HOME": str(folder), **self.told["environment"]}
        self.pki = () if "--sockets" in options else ("--pki", folder / "pki/client")
        self.describe("groups:\n  web:\n    machines: all\n" + group())

    def describe(self, groups: str, settings: str = RULES) -> None:
        """What follows the machines in fleet.yaml."""
        lines = [f'  {node["name"]}: {{address: "{node["address"]}"}}\n' for node in self.told["nodes"]]
        text = "name: tested\nmachines:\n" + "".join(lines) + groups + settings
        (self.folder / "fleet.yaml").write_text(text)

    def order(self, text: str) -> dict[str, object]:
        """web-1=sick, or report."""
        self._program.stdin.write(text + "\n")
        self._program.stdin.flush()
        answer = json.loads(self._line())
        assert "error" not in answer, answer
        return answer

    def report(self) -> dict[str, dict[str, object]]:
        """What happened to each machine."""
        return {node["name"]: node for node in self.order("report")["nodes"]}

    def digests(self) -> dict[str, object]:
        return {name: node["digest"] for name, node in self.report().items()}

    def command(self, *arguments: object) -> list[str]:
        return [str(word) for word in (paths.OSCTL, *self.pki, "fleet", *arguments)]

    def osctl(self, *arguments: object, code: int | None = 0) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(self.command(*arguments), env=self.environment, capture_output=True, text=True,
                              check=False, timeout=PATIENCE)
        assert code is None or done.returncode == code, done
        return done

    def run(self, *arguments: object, code: int = 0) -> dict[str, object]:
        """To its end: the last object that it prints."""
        done = self.osctl("run", *arguments, "--output", "json", code=code)
        last = json.loads(done.stdout.splitlines()[-1])
        assert last["event"] == "end", done
        return last

    def start(self, *arguments: object) -> subprocess.Popen[str]:
        """A run that goes on meanwhile."""
        return subprocess.Popen(self.command("run", "--output", "json", *arguments), env=self.environment,
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def status(self) -> dict[str, object]:
        return json.loads(self.osctl("status", "--output", "json").stdout)

    def wait_until(self, what: str, true: Callable[[], object]) -> None:
        try:
            wait_until(what, true, PATIENCE)
        except Failed as error:
            raise Failed(f"{error}: {self.report()}") from error

    def _line(self) -> str:
        return self._program.stdout.readline()

    def __enter__(self) -> SimulatedFleet:
        return self

    def __exit__(self, *_: object) -> None:
        self._program.stdin.close()
        self._program.wait(PATIENCE)
        self._program.stdout.close()


def phases(run: dict[str, object]) -> dict[str, str]:
    return {machine["name"]: machine["phase"] for machine in run["machines"]}


def reasons(run: dict[str, object]) -> dict[str, str]:
    return {machine["name"]: machine["reason"] for machine in run["machines"]}
