"""Cuts the power of a machine at random moments of its updates, and judges what is left of it."""

from __future__ import annotations

import argparse
import json
import random
import sys
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

from harness import pki, verdict
from harness.images import BAD_SERVICE, NEW, OLD, Image, Images, Recipe
from harness.lab import Lab
from harness.machine import BOOT_SECONDS, BUSES, Machine, Options, patient
from harness.node import ENDED, Node, Schedule
from harness.verdict import Failed, expect, expect_equal
from harness.write_log import Loss, WriteLog, lose_power

# From a trial that begins to a verdict, with all of its tries cut short.
_SETTLE_SECONDS = 4 * BOOT_SECONDS
_RESTART = r"reboot: Restarting system"
_TRIAL = r"matic-boot: starting slot-. \(.*on trial"


@dataclass(frozen=True)
class Systems:
    """What a machine is updated to and from."""

    old: Recipe
    new: Recipe
    bad: Recipe  # its health checks fail

    @staticmethod
    def suited_to(buses: Sequence[str]) -> Systems:
        # The kernel for virtual machines drives no AHCI.
        kernel = "generic" if "ahci" in buses else OLD.kernel
        return Systems(*(replace(recipe, kernel=kernel) for recipe in (OLD, NEW, BAD_SERVICE)))


@dataclass
class Cut:
    """One loss of power, and what came of it."""

    number: int
    bus: str
    moment: str
    loss: Loss
    outcome: str = ""
    failure: str = ""


@dataclass
class Job:
    """A machine that is updated and cut off again and again, until its share of cuts is made."""

    lab: Lab
    seed: str
    cuts: int
    buses: Sequence[str]
    done: Callable[[Cut], None]
    dice: random.Random = field(init=False)

    def __post_init__(self) -> None:
        self.dice = random.Random(self.seed)

    def run(self) -> None:
        number = 0
        while number < self.cuts:
            # A disk that did not survive is kept, and another one goes on.
            number = self._with_a_new_disk(number)

    def _with_a_new_disk(self, number: int) -> int:
        systems = Systems.suited_to(self.buses)
        story = _Story(self.lab, systems, f"disk-{number}", self.dice)
        while number < self.cuts:
            number += 1
            cut = Cut(number, self.dice.choice(self.buses), "", Loss())
            try:
                story.power_on(cut.bus)
                cut.moment = story.update_until_a_moment()
                cut.loss = story.cut(cut.bus)
                # It can fail again before it was judged.
                while self.dice.random() < 0.5 and number < self.cuts:
                    number += 1
                    cut.moment += "; then " + story.starts_until_a_moment(cut.bus)
                    cut.loss = story.cut(cut.bus)
                cut.outcome = story.judge(cut.bus)
            except Failed as error:
                cut.failure = str(error)
            self.done(cut)
            if cut.failure:
                story.keep(number)
                return number
        story.end()
        return number


class _Story:
    def __init__(self, lab: Lab, systems: Systems, disk: str, dice: random.Random) -> None:
        self._lab = lab
        self._systems = systems
        self._disk = lab.disk(lab.images.get(systems.old), name=disk)
        self._base = self._disk.path.with_suffix(".base")
        self._log = self._disk.path.with_suffix(".writes")
        self._dice = dice
        self._machine: Machine | None = None
        self._node: Node | None = None
        self._runs = systems.old
        self._target = systems.old
        self._schedule = ""
        self._cuts = 0  # since it was last judged

    def power_on(self, bus: str) -> None:
        if self._machine is None:
            self._start(bus)
            self._wait_until_up()

    def update_until_a_moment(self) -> str:
        """Schedules an update, to a good image or a bad one, and waits for the moment of the cut."""
        systems = self._systems
        good = systems.new if self._runs == systems.old else systems.old
        self._target = self._dice.choice([systems.bad, good])
        image = self._lab.images.get(self._target)
        machine, node = self._on()
        mark = machine.console.mark()
        self._schedule = node.update_to(
            image, self._lab.publish(image), "--force", "quarantine"
        )
        moments: dict[str, Callable[[], None]] = {
            "fetching": lambda: self._sleep(0, 12),
            "shutting down": lambda: self._after(r"Stopped target|Stopping ", mark, 3),
            "at the reset": lambda: self._after(_RESTART, mark, 4),
            "in the selector": lambda: self._after(_TRIAL, mark, 0.5),
            "starting on trial": lambda: self._after(_TRIAL, mark, 35),
            "near the verdict": lambda: self._after_trial(mark, 12),
            "after the verdict": lambda: self._after_end(3),
        }
        name = self._dice.choice(list(moments))
        moments[name]()
        return f"{self._runs.name} to {self._target.name}, {name}"

    def starts_until_a_moment(self, bus: str) -> str:
        self._start(bus)
        seconds = self._dice.uniform(0, 40)
        time.sleep(seconds)
        return f"{seconds:.0f} s after power on"

    def cut(self, bus: str) -> Loss:
        machine, _ = self._on()
        machine.cut_power()
        self._cuts += 1
        self._machine = None
        self._base.replace(self._disk.path)
        loss = lose_power(self._disk, WriteLog(self._log), self._dice)
        self._lab.say(f"power cut ({bus}): {loss}")
        return loss

    def judge(self, bus: str) -> str:
        """The machine comes to rest on a system that works, and what it says of it is true."""
        self._start(bus)
        self._wait_until_up()
        _, node = self._on()
        ended = node.wait_for_state(self._schedule, ENDED, _SETTLE_SECONDS)
        expected = self._target if ended.state == "COMPLETED" else self._runs
        status = node.status()
        running = node.running()
        expect_equal(running["version"], expected.version, f"what runs, {ended.state}")
        expect(expected != self._systems.bad, "a system whose health checks fail was confirmed")
        self._expect_no_failure_by_the_cut(ended)
        node.poll(lambda: self._disk.is_whole() or None, patient(30), "both copies to be equal")
        states = self._disk.slot_states()
        expect(states[running["name"]].bootable, f"what runs is not bootable: {states}")
        expect(states[running["name"]].successful, f"what runs is not confirmed: {states}")
        self._expect_content(running["name"], self._lab.images.get(expected))
        expect(
            ended.state == "COMPLETED" or ended.reason != "", f"{ended.state}, and no reason is told"
        )
        if ended.state == "ROLLED_BACK":
            records = node.rollback_history()
            expect(bool(records), "rolled back, and the history knows nothing of it")
        expect_equal(status.get("problems", []), [], "what needs a person")
        self._runs = expected
        self._cuts = 0
        return f"{ended.state} on {running['name']} {running['version']}" + (
            f" ({ended.reason})" if ended.reason else ""
        )

    def _expect_no_failure_by_the_cut(self, ended: Schedule) -> None:
        """A good system has a try left after two cuts. What was not begun is not, afterwards."""
        if self._target == self._systems.bad or self._cuts > 2:
            return
        not_begun = ended.state == "FAILED" and "before the update had begun" in ended.reason
        expect(
            ended.state == "COMPLETED" or not_begun,
            f"a good system, {ended.state} after {self._cuts} cuts: {ended.reason}",
        )

    def keep(self, number: int) -> None:
        """The disk as the cut left it is no more, but its writes are."""
        if self._machine:
            self._machine.cut_power()
            self._machine = None
        for path in (self._disk.path, self._log):
            if path.exists():
                path.rename(path.with_name(f"failed-{number}{path.suffix}"))
        self.end()

    def end(self) -> None:
        if self._machine:
            self._machine.cut_power()
            self._machine = None
        for path in (self._base, self._log):
            path.unlink(missing_ok=True)

    def _expect_content(self, slot: str, image: Image) -> None:
        with image.path.open("rb") as file:
            at = 0
            while chunk := file.read(1 << 20):
                same = self._disk.read_partition(slot, at, len(chunk)) == chunk
                expect(same, f"{slot} holds something else than its image at {at}")
                at += len(chunk)

    def _start(self, bus: str) -> None:
        self._disk.copy_to(self._base)
        self._machine = self._lab.boot(self._disk, Options(bus=bus, write_log=self._log))
        self._node = self._lab.node(self._machine)

    def _on(self) -> tuple[Machine, Node]:
        assert self._machine is not None and self._node is not None
        return self._machine, self._node

    def _wait_until_up(self) -> None:
        self._on()[1].wait_until_up(_SETTLE_SECONDS)

    def _sleep(self, least: float, most: float) -> None:
        time.sleep(self._dice.uniform(least, most))

    def _after(self, pattern: str, mark: int, seconds: float) -> None:
        self._on()[0].console.wait_for(pattern, BOOT_SECONDS, mark)
        self._sleep(0, seconds)

    def _after_trial(self, mark: int, seconds: float) -> None:
        self._on()[0].console.wait_for(_TRIAL, BOOT_SECONDS, mark)
        self._wait_until_up()
        self._sleep(0, seconds)

    def _after_end(self, seconds: float) -> None:
        self._on()[1].wait_for_state(self._schedule, ENDED, _SETTLE_SECONDS)
        self._sleep(0, seconds)


def main(arguments: Sequence[str]) -> int:
    """0: every cut was survived; 1: one was not, or nothing could be judged; 2: wrong usage."""
    options = _parse(arguments)
    if missing := verdict.missing_requirements():
        print("qemu/powercut: cannot run:", *missing, sep="\n  ", file=sys.stderr)
        return 1
    cuts = sweep(options.cuts, options.seed, options.jobs, options.disk.split(","), print)
    if options.report:
        text = json.dumps([asdict(cut) for cut in cuts], indent=1)
        Path(options.report).write_text(text + "\n")
    failures = sum(1 for cut in cuts if cut.failure)
    print(f"cuts={options.cuts} seed={options.seed} failures={failures}")
    return 1 if failures else 0


def sweep(
    cuts: int, seed: str, jobs: int, buses: Sequence[str], say: Callable[[str], None]
) -> list[Cut]:
    certificates = pki.prepare()
    images = Images(certificates, say)
    systems = Systems.suited_to(buses)
    for recipe in (systems.old, systems.new, systems.bad):
        images.get(recipe)
    done: list[Cut] = []
    lock = threading.Lock()

    def run(job: int) -> None:
        lab = Lab(f"powercut-{seed}-{job + 1}", images, certificates)

        def tell(cut: Cut) -> None:
            with lock:
                done.append(cut)
                say(_line(f"{job + 1}.{cut.number}", cut))

        try:
            share = cuts // jobs + (1 if job < cuts % jobs else 0)
            Job(lab, f"{seed}/{job}", share, buses, tell).run()
        finally:
            lab.close(keep=any(cut.failure for cut in done))

    with ThreadPoolExecutor(jobs) as pool:
        for ended in [pool.submit(run, job) for job in range(jobs)]:
            ended.result()
    return done


def _line(name: str, cut: Cut) -> str:
    verdict_text = f"FAILED {cut.failure}" if cut.failure else f"ok {cut.outcome}"
    return f"{name:>5} {cut.bus:6} {cut.moment}; {cut.loss}: {verdict_text}"


def _parse(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="qemu/powercut", description=__doc__)
    parser.add_argument("--cuts", type=int, default=5, help="how often the power fails [5]")
    parser.add_argument("--seed", default="1", help="for the moments and for what is lost [1]")
    parser.add_argument("--jobs", type=int, default=1, help="machines beside each other [1]")
    parser.add_argument(
        "--disk",
        default="virtio,nvme",
        help="what disks hang on, of " + ", ".join(BUSES) + "; one is chosen for each power on",
    )
    parser.add_argument("--report", help="every cut, as JSON", metavar="FILE")
    options = parser.parse_args(arguments)
    if options.cuts < 1 or options.jobs < 1 or options.jobs > options.cuts:
        parser.error("--cuts and --jobs begin at 1, and there are no more jobs than cuts")
    if unknown := set(options.disk.split(",")) - set(BUSES):
        parser.error(f"no such disk: {', '.join(sorted(unknown))}")
    return options
