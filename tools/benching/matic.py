"""A real agent whose disk is a plain file, put back to how it left the factory between updates.

The agent reads and writes it with O_DIRECT, past the page cache. (A loop device is no disk for it here: which
slot runs it believes of a plain file, and else the machine that it runs on has to say so.)
"""

from __future__ import annotations

import datetime
import json
import os
import shutil
import subprocess
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benching import process
from benching.command import CannotMeasure
from benching.loop_device import forget
from harness import local_osctl, paths
from harness.disk import Copy, Disk, Partition
from harness.file_backed import FileBackedMachine
from harness.file_backed_agent import Settings
from harness.images import Image
from harness.node import DONE, Node
from harness.verdict import Failed

PROGRAMS = (paths.AGENT, paths.OSCTL, paths.BOOTSIM, paths.SELECTOR)
_TABLE = 1 << 20  # both copies of the GPT are within so much of the disk's ends
_PATIENCE = 900


def knows(settings: Settings) -> bool:
    """Whether the agent that was built has such settings."""
    with tempfile.NamedTemporaryFile("w", suffix=".yaml") as config:
        json.dump(settings, config)
        config.flush()
        return subprocess.run([paths.AGENT, "--config", config.name, "--check-config"], capture_output=True,
                              check=False).returncode == 0


@dataclass(frozen=True)
class Staged:
    seconds: float  # from asking for the update until it is staged, as its caller sees it
    agent_seconds: float  # by the agent's own clock
    cpu_seconds: float  # of the agent
    rss_kib: int  # of the agent, at its highest
    disk_bytes: int  # written by it, to the disk and of its state; 0 where the disk was not touched at all


class BenchMachine:
    """Runs `running` in slot-a; slot-b holds what nothing can be made of. Use as a context manager."""

    def __init__(self, folder: Path, running: Image, slot_mib: int, settings: Settings | None = None) -> None:
        shutil.rmtree(folder, ignore_errors=True)
        (folder / "state").mkdir(parents=True)
        self._folder = folder
        disk = folder / "disk.img"
        local_osctl.run("image", "disk", "--slot-a", running.path, "--slot-size", f"{slot_mib}M",
                        "--size", f"{2 * slot_mib + 256}M", "--selector", paths.SELECTOR,
                        "--state", folder / "state", "--out", disk)
        self._disk = Disk(disk)
        self._slot = self._disk.read_copy(Copy.PRIMARY).partition("slot-b")
        self._running = self._disk.read_copy(Copy.PRIMARY).partition("slot-a")
        self._ends = self._disk.read(0, _TABLE), self._disk.read(self._disk.path.stat().st_size - _TABLE, _TABLE)
        self._stale = _fill(self._disk, self._slot)
        self._machine = FileBackedMachine(self._disk, folder, settings)
        try:
            self.restore()
        except Failed as error:
            self.__exit__()
            raise CannotMeasure(f"{error}: {(folder / 'agent.log').read_text()[-2000:]}") from error

    @property
    def slot(self) -> Partition:
        return self._slot

    @property
    def running(self) -> Partition:
        return self._running

    @property
    def disk(self) -> Path:
        return self._disk.path

    @property
    def node(self) -> Node:
        return self._machine.node

    def configure(self, settings: Settings) -> None:
        self._machine.configure(settings)

    def restore(self, stale: Path | None = None) -> None:
        """As it left the factory, but for `stale`, which slot-b begins with: an image, say."""
        self._machine.power_off()
        shutil.rmtree(self._folder / "agent-state", ignore_errors=True)
        size = self._disk.path.stat().st_size
        with self._disk.path.open("r+b") as device:
            device.write(self._ends[0])
            device.seek(size - _TABLE)
            device.write(self._ends[1])
            device.seek(self._slot.offset)
            device.write(self._stale)
            if stale is not None:
                device.seek(self._slot.offset)
                with stale.open("rb") as source:
                    shutil.copyfileobj(source, device, 1 << 20)
        forget(self._disk.path)
        self._machine.power_on()

    def stage(self, url: str, sha256: str) -> Staged:
        """An update to the image at `url`, from being asked for until it is staged, durable and verified."""
        pid = self._machine.agent_pid
        cpu = process.cpu_seconds([pid])
        written = process.written_bytes(pid)
        touched = self._disk.path.stat().st_mtime_ns
        begun = time.monotonic()
        watched = self.node.run("schedule", "update", "--source", url, "--sha256", sha256, "--stop-after-staging",
                                "--watch", timeout=_PATIENCE)
        seconds = time.monotonic() - begun
        untouched = self._disk.path.stat().st_mtime_ns == touched
        written = 0 if untouched else process.written_bytes(pid) - written
        raw: dict[str, Any] = self.node.call("schedule", "status")["schedule"]
        if watched.code != DONE or raw["phase"] != "PHASE_STAGED":
            raise CannotMeasure(f"the update was not staged: {raw['state']}, {raw['reason']} {watched.stderr.strip()}")
        return Staged(seconds, _seconds_between(raw["created"], raw["updated"]),
                      process.cpu_seconds([pid]) - cpu, process.peak_rss_kib(pid), written)

    def idle_rss_kib(self) -> int:
        return process.rss_kib(self._machine.agent_pid)

    def expect_slot_holds(self, image: Path) -> None:
        """Figures of an update that did not do its work are none."""
        expect_holds(self._disk.path, self._slot.offset, image)

    def __enter__(self) -> BenchMachine:
        return self

    def __exit__(self, *_: object) -> None:
        self._machine.kill_agent()
        self._disk.path.unlink(missing_ok=True)


def expect_holds(device: Path, offset: int, image: Path) -> None:
    """By what is on the disk itself."""
    forget(device)
    with image.open("rb") as wanted, device.open("rb") as content:
        content.seek(offset)
        while block := wanted.read(1 << 20):
            if content.read(len(block)) != block:
                raise CannotMeasure(f"{device} does not hold {image} at {wanted.tell() - len(block)}")


def _fill(disk: Disk, slot: Partition) -> bytes:
    """Every block of the slot gets its place on the host's disk, so that no write is dearer than the next."""
    stale = os.urandom(1 << 20) * (slot.size >> 20)
    disk.write(slot.offset, stale)
    descriptor = os.open(disk.path, os.O_RDONLY)
    os.fsync(descriptor)
    os.close(descriptor)
    return stale


def _seconds_between(first: str, last: str) -> float:
    return (datetime.datetime.fromisoformat(last) - datetime.datetime.fromisoformat(first)).total_seconds()
