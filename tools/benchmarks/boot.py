"""Starts of a virtual machine: what the selector adds, and how long until an update is confirmed or rolled back.

The machine is QEMU's with real UEFI firmware (qemu/README.md); without KVM it is emulated, and slow.
"""

from __future__ import annotations

import argparse
import sys
import time
from dataclasses import dataclass

from benching.command import CannotMeasure
from benching.report import ROOT, Report
from harness import measurements, pki, verdict
from harness.images import BAD_SERVICE, NEW, Images, Recipe
from harness.lab import Lab
from harness.machine import BOOT_SECONDS, Options
from harness.pki import Pki


def add_options(parser: argparse._ArgumentGroup) -> None:
    """None of its own."""


def measure(options: argparse.Namespace, report: Report) -> None:
    if missing := verdict.missing_requirements():
        raise CannotMeasure("; ".join(missing))
    certificates = pki.prepare()
    images = Images(certificates, lambda text: print(text, file=sys.stderr))
    confirmed = [_trial(images, certificates, NEW, "COMPLETED", number) for number in range(options.repeat)]
    rolled_back = [_trial(images, certificates, BAD_SERVICE, "ROLLED_BACK", number)
                   for number in range(options.repeat)]
    starts = [start for trial in (*confirmed, *rolled_back) for start in trial.starts]
    if not starts:
        raise CannotMeasure("no console showed the firmware, the selector and a kernel one after another")
    report.add("boot.selector_s", [start.chose for start in starts], "s",
               "from the firmware's call of the selector until it starts a slot's kernel")
    report.add("boot.kernel_s", [start.kernel_spoke for start in starts], "s",
               "from the same moment until the kernel, loaded out of the slot, speaks")
    report.add("boot.agent_s", [trial.agent for trial in confirmed], "s",
               "from power-on of a system on trial until its agent answers")
    report.add("boot.confirmed_s", [trial.ended for trial in confirmed], "s",
               "from that power-on until the update is confirmed: health checks passed")
    report.add("boot.rolled_back_s", [trial.ended for trial in rolled_back], "s",
               "from power-on of a system whose service check fails until the old one runs and says so")
    report.note("Health checks are asked every 2 s, up to 10 times, as in the scenarios (qemu/harness/lab.py): a "
                "failing check takes 20 s before it has failed for good.")


@dataclass(frozen=True)
class _Trial:
    starts: list[measurements.Start]
    agent: float  # seconds from power-on until it answers
    ended: float  # until the update has ended


def _trial(images: Images, certificates: Pki, update: Recipe, end: str, number: int) -> _Trial:
    """Updates a machine, lets it turn off, and powers it on into the trial."""
    lab = Lab(f"bench-boot-{update.name}-{number}", images, certificates)
    try:
        disk = lab.disk()
        machine, node = lab.boot_and_wait(disk, ("slot-a", "1.0"), Options(stop_at_reboot=True))
        image = lab.images.get(update)
        schedule_id = node.update_to(image, lab.publish(image))
        machine.wait_until_off(3 * BOOT_SECONDS)
        begun = time.monotonic()
        machine = lab.boot(disk)
        node = lab.node(machine)
        node.wait_until_up(BOOT_SECONDS)
        agent = time.monotonic() - begun
        node.wait_for_state(schedule_id, [end], 3 * BOOT_SECONDS)
        return _Trial(measurements.starts(machine.console), agent, time.monotonic() - begun)
    finally:
        lab.close(keep=False)
