"""An agent that gets little memory: it takes an image many times larger, and one that is killed for want
of memory while it writes has cost an update and nothing else."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from device import Device, Factory, Servers
from harness import local_osctl, paths
from harness.disk import Disk
from harness.file_backed import pack_tiny_image
from harness.https_server import Behaviour
from harness.images import Image

_MIB = 1 << 20
_V1 = Path("/sys/fs/cgroup/memory")
_V2 = Path("/sys/fs/cgroup")

# Takes memory until a process has been killed: what its parent has not yet waited for is a zombie.
HOG = """
import sys, time
def lives():
    with open("/proc/" + sys.argv[1] + "/stat") as file:
        return file.read().rpartition(")")[2].split()[0] != "Z"
taken = []
while lives() and len(taken) < 4096:
    taken.append(b"x" * (1 << 20))
    time.sleep(0.02)
"""


class MemoryGroup:
    """Of processes that get no more memory together."""

    def __init__(self) -> None:
        self._v1 = _V1.is_dir()
        if not self._v1:
            (_V2 / "cgroup.subtree_control").write_text("+memory")
        self._folder = (_V1 if self._v1 else _V2) / f"matic-test-{uuid.uuid4().hex}"
        self._folder.mkdir()

    def limit(self, size: int) -> None:
        name = "memory.limit_in_bytes" if self._v1 else "memory.max"
        (self._folder / name).write_text(str(size))

    @property
    def used(self) -> int:
        name = "memory.usage_in_bytes" if self._v1 else "memory.current"
        return int((self._folder / name).read_text())

    @property
    def processes(self) -> Path:
        return self._folder / "cgroup.procs"

    def take(self, pid: int) -> None:
        self.processes.write_text(str(pid))

    def join(self) -> None:
        """Called by the process itself."""
        self.take(os.getpid())

    def remove(self) -> None:
        self._folder.rmdir()


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Image:
    ballast = random.Random(3).randbytes(96 * _MIB)
    return pack_tiny_image(tmp_path_factory.mktemp("large"), "3.0", ballast)


@pytest.fixture
def group() -> Iterator[MemoryGroup]:
    group = MemoryGroup()
    yield group
    group.remove()


@pytest.fixture
def device(factory: Factory, tmp_path: Path) -> Iterator[Device]:
    """With slots that such an image fits into."""
    device = Device(factory, tmp_path)
    device.disk.path.unlink()
    local_osctl.run(
        *("image", "disk", "--slot-a", factory.running.path, "--slot-b", factory.previous.path),
        *("--size", "384M", "--slot-size", "112M", "--selector", paths.SELECTOR),
        *("--out", device.disk.path),
    )
    device.machine.power_on()
    yield device
    device.machine.power_off()


def test_an_image_many_times_larger_than_the_memory(
    device: Device, group: MemoryGroup, large: Image
) -> None:
    group.take(device.machine.agent_pid)
    group.limit(40 * _MIB)
    schedule = device.node.update_to(large, f"file://{large.path}")
    device.machine.wait_until_it_reboots(120)
    assert device.machine.power_on() == "slot-b"
    device.node.wait_for_state(schedule, ["COMPLETED"], 30)
    assert device.node.running()["version"] == "3.0"


def test_killed_for_want_of_memory_while_it_writes(
    device: Device, servers: Servers, group: MemoryGroup, large: Image
) -> None:
    # From its start, so that what it has is the group's.
    device.machine.mounts = f"echo $$ >{group.processes}"
    device.restart()
    device.machine.mounts = ""
    was = Disk(device.disk.path).table().partition("slot-a")
    content = device.disk.read(was.offset, was.size)
    url = servers.publish("/large", large.path, Behaviour(bytes_per_second=4 * _MIB))
    schedule = device.node.update_to(large, url)
    device.node.wait_for(schedule, "some of it is written", lambda s: s.bytes_done > _MIB, 30)
    agent = device.machine.agent_pid
    group.limit(64 * _MIB)
    Path(f"/proc/{agent}/oom_score_adj").write_text("1000")  # it goes before the one that takes all
    # The agent waits for the disk before it is gone: the other one may have to go in the meantime.
    subprocess.run([sys.executable, "-c", HOG, str(agent)], preexec_fn=group.join, check=False, timeout=60)
    assert device.machine.killed_by() == signal.SIGKILL

    assert device.starts().stdout == "slot-a\n"
    assert not device.disk.slot_state("slot-b").bootable
    device.machine.start_agent()
    device.node.wait_until_up(20)
    device.machine.wait_until_it_reboots(120)
    assert device.disk.read(was.offset, was.size) == content
    assert device.machine.power_on() == "slot-b"
    device.node.wait_for_state(schedule, ["COMPLETED"], 30)
    assert device.node.running()["version"] == "3.0"
