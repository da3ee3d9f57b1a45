"""What a program takes: time, processors, memory."""

from __future__ import annotations

import os
import subprocess
import tempfile
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

_TICK = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Cost:
    seconds: float
    cpu_seconds: float  # of all its threads, in user space and kernel
    rss_kib: int  # at its highest
    code: int
    stdout: str
    stderr: str


def run(command: Sequence[object], environment: Mapping[str, str]) -> Cost:
    """Its memory is measured by the kernel: of a program larger than this one, and without children."""
    with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as error:
        begun = time.monotonic()
        program = subprocess.Popen([str(word) for word in command], env=environment,
                                   stdin=subprocess.DEVNULL, stdout=out, stderr=error)
        _, status, usage = os.wait4(program.pid, 0)
        seconds = time.monotonic() - begun
        program.returncode = os.waitstatus_to_exitcode(status)
        out.seek(0)
        error.seek(0)
        return Cost(seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss, program.returncode,
                    out.read(), error.read())


def run_tree(command: Sequence[object], environment: Mapping[str, str] | None = None) -> Cost:
    """Of a program that starts others; the memory is that of the largest of them.

    It is looked at every few milliseconds: what the kernel says at the end counts this process's
    own memory, too, which a child has before it becomes another program.
    """
    with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as error:
        before = os.times()
        begun = time.monotonic()
        program = subprocess.Popen([str(word) for word in command], env=environment,
                                   stdin=subprocess.DEVNULL, stdout=out, stderr=error)
        largest = _Largest(program.pid)
        largest.start()
        code = program.wait()
        seconds = time.monotonic() - begun
        largest.stop()
        after = os.times()
        cpu = (after.children_user + after.children_system
               - before.children_user - before.children_system)
        out.seek(0)
        error.seek(0)
        return Cost(seconds, cpu, largest.kib, code, out.read(), error.read())


class _Largest(threading.Thread):
    def __init__(self, pid: int) -> None:
        super().__init__(daemon=True)
        self._pid = pid
        self._over = threading.Event()
        self._program = os.readlink(f"/proc/{os.getpid()}/exe")
        self.kib = 0

    def run(self) -> None:
        while not self._over.wait(0.02):
            for pid in (self._pid, *descendants(self._pid)):
                self.kib = max(self.kib, self._peak(pid))

    def stop(self) -> None:
        self._over.set()
        self.join()

    def _peak(self, pid: int) -> int:
        try:
            if os.readlink(f"/proc/{pid}/exe") == self._program:
                return 0  # a copy of this process that has not become its program yet
            return peak_rss_kib(pid)
        except (OSError, ProcessLookupError):
            return 0


def cpu_seconds(pids: Sequence[int]) -> float:
    """Of processes that go on."""
    return sum(_ticks(pid) for pid in pids) / _TICK


def rss_kib(pid: int) -> int:
    """At this moment."""
    return _status_kib(pid, "VmRSS:")


def peak_rss_kib(pid: int) -> int:
    """At its highest, since it has been the program that it is."""
    return _status_kib(pid, "VmHWM:")


def written_bytes(pid: int) -> int:
    """To storage, by all its threads."""
    for line in Path(f"/proc/{pid}/io").read_text().splitlines():
        if line.startswith("write_bytes:"):
            return int(line.split()[1])
    return 0


def _status_kib(pid: int, field: str) -> int:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith(field):
            return int(line.split()[1])
    return 0


def children(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def descendants(pid: int) -> list[int]:
    """Of all its threads, and theirs; those that end meanwhile are left out."""
    found: list[int] = []
    for listed in Path(f"/proc/{pid}/task").glob("*/children"):
        try:
            mine = [int(child) for child in listed.read_text().split()]
        except OSError:
            continue
        for child in mine:
            found += [child, *descendants(child)]
    return found


def _ticks(pid: int) -> int:
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return int(fields[11]) + int(fields[12])
