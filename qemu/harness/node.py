"""Drives an agent from outside, with the real osctl over mTLS."""

from __future__ import annotations

import json
import shlex
import subprocess
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from harness import paths
from harness.images import Image
from harness.verdict import Failed, expect

# osctl's exit codes (docs/reference/osctl.md).
DONE, FAILED, USAGE, UNREACHABLE, UPDATE_FAILED, ROLLED_BACK, REFUSED = range(7)

ENDED = ("COMPLETED", "FAILED", "ROLLED_BACK", "CANCELLED")

Json = dict[str, Any]
_T = TypeVar("_T")


@dataclass(frozen=True)
class Outcome:
    code: int
    stdout: str
    stderr: str

    @property
    def objects(self) -> list[Json]:
        """What --output json printed: one object, or one a line."""
        text = self.stdout.strip()
        if not text:
            return []
        try:
            return [json.loads(text)]
        except json.JSONDecodeError:
            return [json.loads(line) for line in text.splitlines() if line.strip()]


class OsctlError(Failed):
    def __init__(self, command: str, outcome: Outcome) -> None:
        super().__init__(f"{command}: exit code {outcome.code}: {outcome.stderr.strip()}")
        self.code = outcome.code


@dataclass(frozen=True)
class Schedule:
    id: str
    state: str  # without its prefix: COMPLETED
    phase: str
    target: str
    reason: str
    bytes_done: int
    bytes_total: int

    @staticmethod
    def parse(raw: Json) -> Schedule:
        progress = raw.get("progress") or {}
        return Schedule(
            id=raw["id"],
            state=raw["state"].removeprefix("SCHEDULE_STATE_"),
            phase=raw["phase"].removeprefix("PHASE_"),
            target=raw["target"],
            reason=raw["reason"],
            # protobuf's JSON has 64-bit numbers as strings.
            bytes_done=int(progress.get("bytes_done", 0)),
            bytes_total=int(progress.get("bytes_total", 0)),
        )


class Node:
    def __init__(self, address: list[str], log: Path) -> None:
        """`address`: the global options that lead osctl to the agent."""
        self._address = address
        self._log = log

    @staticmethod
    def remote(port: int, pki: Path, log: Path) -> Node:
        return Node(["--node", f"127.0.0.1:{port}", "--pki", str(pki)], log)

    def run(self, *arguments: str, timeout: float = 40) -> Outcome:
        """Whatever comes of it. `timeout` is for an osctl that hangs; it has limits of its own."""
        command = [str(paths.OSCTL), *self._address, "--output", "json", *arguments]
        try:
            result = subprocess.run(
                command,
                capture_output=True,
                text=True,
                timeout=timeout,
                stdin=subprocess.DEVNULL,
                check=False,
            )
        except subprocess.TimeoutExpired as error:
            raise Failed(f"{shlex.join(command)} did not end within {timeout:.0f} s") from error
        outcome = Outcome(result.returncode, result.stdout, result.stderr)
        with self._log.open("a") as log:
            log.write(
                f"{time.strftime('%H:%M:%S')} $ {shlex.join(command)}\n"
                f"{outcome.stdout}{outcome.stderr}exit code {outcome.code}\n"
            )
        return outcome

    def call(self, *arguments: str, timeout: float = 40) -> Json:
        outcome = self.run(*arguments, timeout=timeout)
        sick = outcome.code == FAILED and arguments[0] == "health" and outcome.objects
        if outcome.code != DONE and not sick:
            raise OsctlError("osctl " + shlex.join(arguments), outcome)
        answer: Json = outcome.objects[0]
        return answer

    def status(self) -> Json:
        return self.call("status")

    def running(self) -> Json:
        """The slot that runs, as the agent tells it."""
        running: list[Json] = [t for t in self.status()["targets"] if t["running"]]
        expect(len(running) == 1, f"{len(running)} targets run, expected one: {running}")
        return running[0]

    def health(self) -> Json:
        return self.call("health")

    def rollback_history(self) -> list[Json]:
        return list(self.call("rollback", "history")["records"])

    def schedule_update(self, url: str, sha256: str, *options: str) -> str:
        answer = self.call("schedule", "update", "--source", url, "--sha256", sha256, *options)
        return str(answer["schedule"]["id"])

    def update_to(self, image: Image, url: str, *options: str) -> str:
        return self.schedule_update(url, image.sha256, "--enable-auto-rollback", *options)

    def schedule(self, schedule_id: str) -> Schedule:
        return Schedule.parse(self.call("schedule", "status", schedule_id)["schedule"])

    def wait_until_up(self, timeout: float, but_not_boot: str = "") -> Json:
        """The first status that comes, of another boot than `but_not_boot`."""

        def up() -> Json | None:
            status = self.status()
            return status if status["boot_id"] != but_not_boot else None

        return self.poll(up, timeout, "an agent that answers")

    def wait_for_state(self, schedule_id: str, states: Iterable[str], timeout: float) -> Schedule:
        """Through reboots. Fails at once when it ends in another state."""
        wanted = tuple(states)

        def ended() -> Schedule | None:
            now = self.schedule(schedule_id)
            if now.state in wanted:
                return now
            if now.state in ENDED:
                raise _Settled(
                    f"{schedule_id} ended {now.state}, expected {' or '.join(wanted)}: {now.reason}"
                )
            return None

        return self.poll(ended, timeout, f"{schedule_id} {' or '.join(wanted)}")

    def wait_for(
        self, schedule_id: str, what: str, condition: Callable[[Schedule], bool], timeout: float
    ) -> Schedule:
        def reached() -> Schedule | None:
            now = self.schedule(schedule_id)
            if condition(now):
                return now
            if now.state in ENDED:
                raise _Settled(f"{schedule_id} ended {now.state} before {what}: {now.reason}")
            return None

        return self.poll(reached, timeout, what)

    def poll(self, attempt: Callable[[], _T | None], timeout: float, what: str) -> _T:
        """The first thing `attempt` returns; a node that does not answer is asked again."""
        deadline = time.monotonic() + timeout
        last = ""
        pause = 0.05
        while time.monotonic() < deadline:
            try:
                found = attempt()
                if found is not None:
                    return found
            except OsctlError as error:
                if error.code != UNREACHABLE:
                    raise
                last = f"; last: {error}"
            time.sleep(pause)
            pause = min(2 * pause, 0.5)
        raise Failed(f"waited {timeout:.0f} s for {what}{last}")


class _Settled(Failed):
    """Waiting longer cannot help."""
