"""What a scenario works with: images, disks, machines, nodes and an HTTPS server."""

from __future__ import annotations

import json
import shutil
import time
import uuid
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from harness import local_osctl, nix_disk, paths
from harness.console import Line
from harness.disk import Disk, SlotState
from harness.https_server import Behaviour, HttpsServer
from harness.images import OLD, Image, Images
from harness.machine import BOOT_SECONDS, Machine, Options, patient
from harness.node import Node
from harness.pki import Pki
from harness.verdict import Failed, expect_equal

FACTORY = SlotState(priority=1, tries=0, successful=True)
UNBOOTABLE = SlotState(priority=0, tries=0, successful=False)

Config = dict[str, Any]


def agent_config(**overrides: Any) -> Config:
    """agent.yaml of a device in the lab: shorter waits than out in the field.

    An emulated machine needs about half a minute to start, so the deadline of a trial leaves room.
    """
    config: Config = {
        "name": "lab",
        "trial_deadline_seconds": 240,
        "download": {"retries": 2, "retry_backoff_seconds": 1, "low_speed_seconds": 30},
        "health": {"timeout_seconds": 120, "interval_seconds": 2, "retries": 10},
    }
    for key, value in overrides.items():
        config[key] = {**config.get(key, {}), **value} if isinstance(value, dict) else value
    return config


class Lab:
    """Everything of one run of one scenario. Use as a context manager: it ends what it started."""

    def __init__(
        self,
        name: str,
        images: Images,
        pki: Pki,
        say: Callable[[str], None] = lambda text: None,
        on_line: Callable[[Line], None] | None = None,
    ) -> None:
        self.folder = paths.LOGS / name
        self.images = images
        self.pki = pki
        self._say = say
        self._on_line = on_line
        self._started = time.monotonic()
        self._machines: list[Machine] = []
        self._server: HttpsServer | None = None
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir(parents=True)

    @property
    def server(self) -> HttpsServer:
        if self._server is None:
            certificates = self.pki.download
            self._server = HttpsServer(certificates / "server.pem", certificates / "server.key")
        return self._server

    def say(self, text: str) -> None:
        """A step of the scenario, for its log and for --verbose."""
        with (self.folder / "steps.log").open("a") as log:
            log.write(f"{time.monotonic() - self._started:8.1f} {text}\n")
        self._say(text)

    def disk(
        self,
        slot_a: Image | None = None,
        slot_b: Image | None = None,
        config: Config | None = None,
        size: str = "2G",
        more_state: Callable[[Path], None] = lambda var: None,
        name: str = "disk",
        more_options: Sequence[str | Path] = (),
    ) -> Disk:
        """A device as it leaves the factory: an image (1.0) in slot a, and slot b empty.

        A device of several has a `name`. `more_options` go to osctl image disk. `more_state` is given the folder of what the machine will have in /var, and adds to it.
        """
        image = slot_a or self.images.get(OLD)
        path = self.folder / f"{name}.img"
        path.unlink(missing_ok=True)
        path.with_suffix(".vars").unlink(missing_ok=True)
        state = self._state(config or agent_config())
        more_state(state)
        self._osctl(
            *("image", "disk", "--slot-a", image.path, "--size", size),
            *("--selector", paths.SELECTOR, "--state", state),
            *("--out", path),
            *(("--slot-b", slot_b.path) if slot_b else ()),
            *more_options,
        )
        disk = Disk(path)
        first = SlotState(2 if slot_b else 1, 0, successful=True)
        expect_equal(disk.table().partition("slot-a").slot_state, first, "the factory's slot-a")
        return disk

    def nix_disk(
        self, config: Config, more_state: Callable[[Path], None] = lambda state: None
    ) -> Disk:
        """A Nix host in its generation 1. `more_state` is given the folder for /var/lib/matic."""
        path = self.folder / "disk.img"
        path.unlink(missing_ok=True)
        path.with_suffix(".vars").unlink(missing_ok=True)
        state = self._state(config) / "lib" / "matic"
        more_state(state)
        return nix_disk.make(path, state, self.say)

    def boot(self, disk: Disk, options: Options = Options()) -> Machine:
        number = len(self._machines) + 1
        self.say(f"power on (boot log {number})")
        machine = Machine(disk, self.folder / f"boot-{number}", options, self._on_line)
        self._machines.append(machine)
        return machine

    def node(self, machine: Machine, pki: Path | None = None) -> Node:
        return Node.remote(
            machine.api_port, pki or self.pki.client("admin"), self.folder / "osctl.log"
        )

    def boot_and_wait(
        self, disk: Disk, expected: tuple[str, str], options: Options = Options()
    ) -> tuple[Machine, Node]:
        """Powers on, and waits for an agent; `expected`: the slot that runs, and its version."""
        machine = self.boot(disk, options)
        node = self.node(machine)
        node.wait_until_up(BOOT_SECONDS)
        self.expect_running(node, *expected)
        return machine, node

    def expect_running(self, node: Node, slot: str, version: str) -> None:
        running = node.running()
        self.say(f"{running['name']} runs, version {running['version']}")
        expect_equal((running["name"], running["version"]), (slot, version), "what runs")

    def expect_well(self, machine: Machine) -> None:
        """The start is over, and systemd knows of nothing that failed. Takes Options.shell."""
        state = machine.shell.ask("systemctl is-system-running --wait", patient(120)).output
        if state != "running":
            failed = machine.shell.ask("systemctl list-units --failed --plain --no-legend").output
            raise Failed(f"systemctl is-system-running: {state}; failed: {failed or 'nothing'}")
        self.say("systemctl is-system-running: running")

    def publish(self, image: Image, behaviour: Behaviour = Behaviour(), path: str = "") -> str:
        return self.server.publish(path or f"/{image.path.name}", image.path, behaviour)

    def repack(self, name: str, *arguments: str | Path) -> Image:
        """An image made by `osctl image pack`, for this scenario alone."""
        path = self.folder / f"{name}.squashfs"
        self._osctl("image", "pack", *arguments, "--out", path)
        return Image.of(path, name)

    def expect_trial_boot(
        self, machine: Machine, slot: str, tries_left: int, timeout: float, since: int = 0
    ) -> None:
        """The selector says that it starts `slot` on trial."""
        machine.console.wait_for(
            rf"matic-boot: starting {slot} \(priority 2, tries left {tries_left}, on trial\)",
            timeout,
            since,
        )
        self.say(f"the selector starts {slot} on trial, {tries_left} tries left")

    def expect_slots(self, disk: Disk, **expected: SlotState) -> None:
        """By the host's reading of the disk: slot_a=…, slot_b=…."""
        states = disk.slot_states()
        self.say("the disk says: " + "; ".join(f"{name} {state}" for name, state in states.items()))
        for name, state in expected.items():
            expect_equal(states[name.replace("_", "-")], state, name)

    def close(self, keep: bool) -> None:
        for machine in self._machines:
            machine.cut_power()
        if self._server:
            self._server.close()
        if not keep:
            for path in (*self.folder.glob("*.img"), *self.folder.glob("*.squashfs")):
                path.unlink()

    def console_tail(self, count: int = 12) -> list[str]:
        return self._machines[-1].console.tail(count) if self._machines else []

    def _state(self, config: Config) -> Path:
        """What differs by device, as /var has it (docs/formats.md)."""
        state = self.folder / "state"
        shutil.rmtree(state, ignore_errors=True)
        matic = state / "lib" / "matic"
        (matic / "config").mkdir(parents=True)
        shutil.copytree(self.pki.device, matic / "pki")
        (matic / "config" / "agent.yaml").write_text(json.dumps(config, indent=2) + "\n")
        (matic / "machine-id").write_text(uuid.uuid4().hex + "\n")
        return state

    def _osctl(self, *arguments: str | Path) -> None:
        self.say(f"$ {local_osctl.as_typed(*arguments)}")
        local_osctl.run(*arguments)
