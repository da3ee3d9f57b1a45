"""What a program takes: time, processors, memory."""

from __future__ import annotations

import os
import subprocess
import tempfile
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


def cpu_seconds(pids: Sequence[int]) -> float:
    """Of processes that go on."""
    return sum(_ticks(pid) for pid in pids) / _TICK


def rss_kib(pid: int) -> int:
    """At this moment."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1])
    return 0


def children(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def _ticks(pid: int) -> int:
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return int(fields[11]) + int(fields[12])
