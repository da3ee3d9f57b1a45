"""tools/demo: one good update and one bad one, from a clone to a verdict."""

from __future__ import annotations

import argparse
import signal
import sys
from collections.abc import Sequence

from harness import pki, verdict
from harness.disk import Disk
from harness.images import BAD_SERVICE, NEW, OLD, Image, Images
from harness.lab import Lab
from harness.machine import BOOT_SECONDS, Machine
from harness.narrator import Narrator
from harness.node import DONE, ROLLED_BACK, Node
from harness.verdict import Failed, Unusable, expect, expect_equal


def main(arguments: Sequence[str]) -> int:
    """0 only when the good update was confirmed and the bad one undone."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    parser = argparse.ArgumentParser(
        prog="tools/demo", description="Updates a virtual machine twice: well, and badly."
    )
    parser.add_argument(
        "--skip-build", action="store_true", help="use the programs of build/release"
    )
    parser.add_argument("--console", action="store_true", help="show the machine's whole console")
    options = parser.parse_args(arguments)
    narrator = Narrator(options.console)
    try:
        _tell(narrator, skip_build=options.skip_build)
    except (Failed, Unusable) as error:
        narrator.bad(f"The demo failed: {error}")
        return 1
    return 0


def _tell(narrator: Narrator, skip_build: bool) -> None:
    if not skip_build:
        narrator.heading("1. Install what is needed, and build")
        for tool in ("tools/setup", "tools/build"):
            if narrator.tool(tool) != 0:
                raise Unusable(f"{tool} failed")
    if missing := verdict.missing_requirements():
        raise Unusable("something is missing:\n    " + "\n    ".join(missing))

    narrator.heading("2. Make three systems: 1.0, 2.0, and a 3.0 whose services do not start")
    certificates = pki.prepare()
    images = Images(certificates, narrator.say)
    for recipe in (OLD, NEW, BAD_SERVICE):
        image = images.get(recipe)
        narrator.say(f"{image.version}  {image.size / 1e6:6.1f} MB  sha256 {image.sha256[:16]}…")

    lab = Lab("demo", images, certificates, narrator.say, narrator.console)
    finished = False
    try:
        _update_twice(narrator, lab)
        finished = True
    finally:
        lab.close(keep=not finished)
        if not finished:
            narrator.bad(f"Logs: {lab.folder}")


def _update_twice(narrator: Narrator, lab: Lab) -> None:
    narrator.heading("3. A device leaves the factory with 1.0 in slot-a, and is switched on")
    disk = lab.disk()
    machine = lab.boot(disk)
    node = lab.node(machine)
    node.wait_until_up(BOOT_SECONDS)
    address = _address(lab, machine)
    narrator.osctl(*address, "status")
    narrator.osctl(*address, "health")

    narrator.heading("4. Update it to 2.0 over HTTPS")
    code = _update(narrator, lab, machine, lab.images.get(NEW))
    expect_equal(code, DONE, "exit code of the good update")
    narrator.osctl(*address, "status")
    _expect_new_system(node, disk, "after the good update")
    narrator.good("2.0 runs in slot-b and is confirmed; 1.0 stays in slot-a as the way back.")

    narrator.heading("5. Update it to 3.0, which is broken")
    bad = lab.images.get(BAD_SERVICE)
    code = _update(narrator, lab, machine, bad)
    expect_equal(code, ROLLED_BACK, "exit code of the bad update")
    narrator.osctl(*address, "status")
    narrator.osctl(*address, "rollback", "history")
    _expect_new_system(node, disk, "after the bad update")
    expect(not disk.slot_state("slot-a").bootable, "the bad system in slot-a may still be started")
    narrator.good("3.0 failed its health checks, and the device came back to 2.0 by itself.")

    minutes, seconds = divmod(round(narrator.seconds), 60)
    narrator.heading(f"Both updates went as they should ({minutes} min {seconds} s).")


def _address(lab: Lab, machine: Machine) -> list[str]:
    return ["--node", f"127.0.0.1:{machine.api_port}", "--pki", str(lab.pki.client("admin"))]


def _update(narrator: Narrator, lab: Lab, machine: Machine, image: Image) -> int:
    return narrator.osctl(
        *_address(lab, machine),
        *("schedule", "update", "--source", lab.publish(image), "--sha256", image.sha256),
        *("--enable-auto-rollback", "--watch"),
    )


def _expect_new_system(node: Node, disk: Disk, when: str) -> None:
    running = node.running()
    expect_equal((running["name"], running["version"]), ("slot-b", "2.0"), f"what runs {when}")
    expect(disk.slot_state("slot-b").successful, f"slot-b is not confirmed on the disk {when}")
