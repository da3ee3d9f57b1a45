"""A block of the root is damaged on the disk: dm-verity refuses it, and a trial goes back."""

from __future__ import annotations

import hashlib
import os

from harness import trust
from harness.disk import Disk, flip_bytes
from harness.images import NEW, OLD
from harness.lab import FACTORY, Lab
from harness.machine import BOOT_SECONDS, Machine, Options, patient
from harness.verdict import expect, expect_equal

_FILE = "unread"
_CORRUPTED = r"device-mapper: verity: .* is corrupted"


def run(lab: Lab) -> None:
    content = os.urandom(256 * 1024)
    old = lab.images.get(OLD)
    root = trust.root_with_file(lab, old, _FILE, content)
    old = trust.repack(lab, "old", old, "--verity", root=root)
    new = trust.repack(lab, "new", lab.images.get(NEW), "--verity")

    disk = lab.disk(slot_a=old)
    machine, node = lab.boot_and_wait(
        disk, ("slot-a", "1.0"), Options(shell=True, stop_at_reboot=True)
    )
    _expect_verified_root(lab, machine)
    read = machine.shell.run(f"sha256sum </{_FILE}").split()[0]
    expect_equal(read, hashlib.sha256(content).hexdigest(), "the file's content")
    schedule = node.update_to(new, lab.publish(new))
    machine.wait_until_off(BOOT_SECONDS)

    flip_bytes(disk, "slot-b", trust.root_inode_offset(new) + 2, 1)
    lab.say("one byte of slot-b's root is flipped, after it was verified and activated")
    machine = lab.boot(disk, Options(shell=True))
    mark = 0
    for tries_left in (2, 1, 0):
        lab.expect_trial_boot(machine, "slot-b", tries_left, BOOT_SECONDS, mark)
        refused = machine.console.wait_for(_CORRUPTED, BOOT_SECONDS, mark)
        lab.say(f"the kernel says: {refused.string.strip()}")
        machine.console.wait_for(r"Kernel panic", patient(60), mark)
        mark = machine.console.mark()
    machine.console.wait_for(
        r"matic-boot: starting slot-a \(priority 1, successful\)", patient(120), mark
    )
    node = lab.node(machine)
    node.wait_for_state(schedule, ["ROLLED_BACK"], BOOT_SECONDS)
    lab.expect_running(node, "slot-a", "1.0")
    lab.expect_slots(disk, slot_a=FACTORY)
    expect(not disk.slot_state("slot-b").bootable, "the damaged slot may still be started")
    record = node.rollback_history()[0]
    lab.say(f"reason: {record['reason']}")
    expect_equal(record["kind"], "ROLLBACK_KIND_AUTOMATIC", "kind of rollback")
    machine.cut_power()

    _damage_of_a_confirmed_system(lab, disk, trust.find(old, content))


def _damage_of_a_confirmed_system(lab: Lab, disk: Disk, offset: int) -> None:
    """A restart would only read the same block again: the read fails, and the machine goes on."""
    flip_bytes(disk, "slot-a", offset + 100_000, 1)
    lab.say("one byte of a file that no start reads is flipped in slot-a, which is confirmed")
    machine, node = lab.boot_and_wait(disk, ("slot-a", "1.0"), Options(shell=True))
    _expect_verified_root(lab, machine)
    answer = machine.shell.ask(f"cat /{_FILE} >/dev/null")
    lab.say(f"reading it: exit code {answer.code}: {answer.output}")
    expect(answer.code != 0 and "Input/output error" in answer.output, "damaged content was read")
    machine.console.wait_for(_CORRUPTED, patient(10))
    lab.expect_running(node, "slot-a", "1.0")
    lab.expect_well(machine)


def _expect_verified_root(lab: Lab, machine: Machine) -> None:
    source = machine.shell.run("findmnt -n -o SOURCE /")
    expect_equal(source, "/dev/dm-0", "what / is mounted from")
    said = machine.shell.run("dmesg | grep 'the root is verified'")
    lab.say(f"the initrd said: {said.partition('matic: ')[2]}")
