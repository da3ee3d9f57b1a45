"""A file-backed machine whose every loss is noticed: what it held when new is known byte by byte."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

from harness import local_osctl, paths
from harness.disk import Disk, SlotState
from harness.file_backed import FileBackedMachine, pack_tiny_image
from harness.file_backed_agent import Settings
from harness.https_server import Behaviour, HttpsServer
from harness.images import Image
from harness.node import ENDED, UPDATE_FAILED, Schedule

HERE = "127.0.0.1"
SLOT_SIZE = 8 << 20
_MIB = 1 << 20


def issue_client(authority: Path, role: str, folder: Path, *options: str) -> Path:
    issue = ("pki", "issue", "--dir", authority, "--role", role, "--name", role, "--out", folder)
    local_osctl.run(*issue, *options)
    return folder


def issue_server(authority: Path, folder: Path, host: str, *options: str) -> Path:
    """A folder with a server's certificate for `host`."""
    name = ("--role", "server", "--name", folder.name, "--host", host)
    local_osctl.run("pki", "issue", "--dir", authority, *name, "--out", folder, *options)
    return folder


class Factory:
    """What all tests share and none changes: certificates, images, and a new device's disk."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.authority = folder / "authority"
        local_osctl.run("pki", "init", "--dir", self.authority)
        local_osctl.run("pki", "init", "--dir", folder / "stranger")
        self.server = self.issue(self.authority, "server", HERE)
        self.elsewhere = self.issue(self.authority, "elsewhere", "cdn.example.com")
        self.stranger = self.issue(folder / "stranger", "stranger-server", HERE)
        self.previous = pack_tiny_image(folder, "0.9")
        self.running = pack_tiny_image(folder, "1.0")
        self.update = pack_tiny_image(folder, "2.0")
        self.disk = Disk(folder / "disk.img")
        local_osctl.run(
            *("image", "disk", "--slot-a", self.running.path, "--slot-b", self.previous.path),
            *("--size", "128M", "--slot-size", "8M", "--selector", paths.SELECTOR),
            *("--out", self.disk.path),
        )

    def issue(self, authority: Path, name: str, host: str) -> Path:
        return issue_server(authority, self.folder / name, host)

    def issue_client(self, role: str, folder: Path) -> Path:
        """A folder that osctl --pki takes, for somebody called as the role."""
        return issue_client(self.authority, role, folder)


class Servers:
    """Each by what is wrong with it. Use as a context manager."""

    def __init__(self, factory: Factory) -> None:
        self._all = [
            HttpsServer(folder / "server.pem", folder / "server.key")
            for folder in (factory.server, factory.elsewhere, factory.stranger)
        ]
        self.good, self.wrong_host, self.untrusted = self._all

    def publish(self, path: str, image: Path, behaviour: Behaviour = Behaviour()) -> str:
        """At the good server."""
        return self.good.publish(path, image, behaviour, host=HERE)

    def __enter__(self) -> Servers:
        return self

    def __exit__(self, *_: object) -> None:
        for server in self._all:
            server.close()


class Device:
    def __init__(self, factory: Factory, folder: Path, settings: Settings | None = None) -> None:
        self.factory = factory
        self.folder = folder
        self.disk = factory.disk.copy_to(folder / "disk.img")
        download = {
            "ca_file": str(factory.authority / "ca.pem"),
            "retries": 1,
            "retry_backoff_seconds": 0,
            "low_speed_seconds": 1,
            "buffer_bytes": 65536,  # less than an image: its start is written before its end comes
        }
        self.machine = FileBackedMachine(
            self.disk, folder, {"download": download, **(settings or {})}
        )
        self.node = self.machine.node

    def update_failure(self, url: str, sha256: str) -> str:
        """The reason of an update that is accepted and must fail."""
        outcome = self.node.run(
            *("schedule", "update", "--source", url, "--sha256", sha256, "--watch")
        )
        assert outcome.code == UPDATE_FAILED, outcome
        schedule = Schedule.parse(outcome.objects[-1]["schedule"])
        assert schedule.state == "FAILED"
        assert self.node.schedule(schedule.id) == schedule
        return schedule.reason

    def executable(self, name: str, body: str) -> Path:
        """A shell script of root's, below the device's folder."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"#!/bin/sh\n{body}\n")
        path.chmod(0o755)
        return path

    def refusal(self, code: int, *arguments: str) -> str:
        """The message of a command that must fail with this exit code, and change nothing."""
        before = self.node.call("schedule", "list")
        message = error_of(code, self.node.run(*arguments))
        after = self.node.call("schedule", "list")
        assert [s["id"] for s in after["schedules"]] == [s["id"] for s in before["schedules"]]
        return message

    def expect_untouched(self) -> None:
        """Not a byte of the disk has changed: the way back is still there, too."""
        assert first_difference(self.disk.path, self.factory.disk.path) is None
        self._expect_at_work()

    def expect_only_slot_b_written(self) -> None:
        """slot-b cannot be started, and nothing else has changed."""
        new, now = self.factory.disk.table(), self.disk.table()
        for old, partition in zip(new.partitions, now.partitions, strict=True):
            if partition.name == "slot-b":
                assert partition.slot_state == SlotState(0, 0, False)
                assert partition.attributes & ~(0x1FF << 48) == old.attributes & ~(0x1FF << 48)
                continue
            assert partition == old
            content = self.disk.read(partition.offset, partition.size)
            assert content == self.factory.disk.read(old.offset, old.size), partition.name
        self._expect_at_work()

    def expect_takes_an_update(self, *options: str) -> None:
        """The next good one goes all the way."""
        image = self.factory.update
        schedule = self.node.update_to(image, f"file://{image.path}", *options)
        self.machine.wait_until_it_reboots()
        assert self.machine.power_on() == "slot-b"
        self.node.wait_for_state(schedule, ["COMPLETED"], 20)
        assert self.node.running()["version"] == image.version

    def restart(self) -> None:
        """The agent alone, in the same boot."""
        self.machine.power_off()
        self.machine.start_agent()
        self.node.poll(lambda: self.node.status(), 20, "an agent that answers")

    def starts(self) -> subprocess.CompletedProcess[str]:
        """What the firmware would make of the disk."""
        return subprocess.run(
            [paths.BOOTSIM, self.disk.path], capture_output=True, text=True, check=False
        )

    def _expect_at_work(self) -> None:
        assert self.starts().stdout == "slot-a\n"
        running = self.node.running()
        assert (running["name"], running["version"]) == ("slot-a", self.factory.running.version)
        schedules = self.node.call("schedule", "list")["schedules"]
        states = {s["state"].removeprefix("SCHEDULE_STATE_") for s in schedules}
        assert states <= set(ENDED), states
        assert self.node.status()["problems"] == []


def error_of(code: int, outcome: object) -> str:
    """What osctl --output json says on stderr when it ends with `code`."""
    assert outcome.code == code, outcome
    assert outcome.stdout == ""
    (line,) = outcome.stderr.splitlines()
    message = json.loads(line)["error"]["message"]
    assert message
    return str(message)


def first_difference(one: Path, other: Path) -> int | None:
    """The offset of the MiB in which two files differ."""
    with one.open("rb") as left, other.open("rb") as right:
        offset = 0
        while True:
            here, there = left.read(_MIB), right.read(_MIB)
            if here != there:
                return offset
            if not here:
                return None
            offset += _MIB
