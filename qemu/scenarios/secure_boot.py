"""Firmware with enrolled keys starts what they signed, and refuses anything else."""

from __future__ import annotations

from harness import paths, trust
from harness.disk import Disk
from harness.images import NEW, OLD, Image
from harness.lab import FACTORY, UNBOOTABLE, Lab
from harness.machine import BOOT_SECONDS, Machine, Options, patient
from harness.node import Node
from harness.verdict import expect

_SECURE = Options(secure_boot=True, shell=True)
_REFUSED = r"matic-boot: (slot-.) refused: .*\(Secure Boot\)"
_FIRMWARE_SECONDS = patient(180)  # its secure mode is slow where it is emulated


def run(lab: Lab) -> None:
    key = trust.enrolled_key(lab.folder)
    unsigned = lab.images.get(NEW)
    signed = trust.repack(lab, "signed", lab.images.get(OLD), *key.options)
    damaged = trust.with_bit_flipped_in_kernel(lab, "damaged", signed)

    disk = lab.disk(slot_a=signed, more_options=key.options)
    machine, node = lab.boot_and_wait(disk, ("slot-a", "1.0"), _SECURE)
    said = machine.shell.run("dmesg | grep -i -e 'secure boot' -e lockdown -e 'locked down'")
    lab.say(f"signed selector and kernel start; the kernel says: {said.splitlines()[0]}")
    expect("Secure boot enabled" in said, f"Secure Boot is not on: {said}")
    _expect_rollback_of(lab, unsigned, disk, machine, node)
    machine.cut_power()

    disk = lab.disk(slot_a=damaged, slot_b=signed, name="damaged", more_options=key.options)
    machine = lab.boot(disk, _SECURE)
    _expect_refused(lab, machine, "slot-a", then="slot-b", reason="one bit of its kernel flipped")
    machine.cut_power()

    trust.replace_selector(disk, paths.SELECTOR)
    machine = lab.boot(disk, _SECURE)
    refused = machine.console.wait_for(r"BdsDxe: failed to load .*: (.*)", _FIRMWARE_SECONDS)
    lab.say(f"a selector without a signature; the firmware says: {refused.string.strip()}")
    expect(refused[1] in ("Access Denied", "Security Violation"), f"unclear: {refused[1]}")
    # It goes on to its next option, and the selector was all there is.
    machine.console.wait_for(r"BdsDxe: (loading|failed to .*) Boot0002", patient(60))
    expect(not machine.console.matches("matic-boot:"), "the unsigned selector ran")


def _expect_rollback_of(
    lab: Lab, image: Image, disk: Disk, machine: Machine, node: Node
) -> None:
    """It is staged, since its digest is right; the firmware has the last word."""
    mark = machine.console.mark()
    schedule = node.update_to(image, lab.publish(image))
    _expect_refused(lab, machine, "slot-b", then="slot-a", reason="no signature", since=mark)
    ended = node.wait_for_state(schedule, ["ROLLED_BACK"], BOOT_SECONDS)
    lab.say(f"reason: {ended.reason}")
    expect("selector refused" in ended.reason, f"unclear reason: {ended.reason}")
    lab.expect_running(node, "slot-a", "1.0")
    lab.expect_slots(disk, slot_a=FACTORY, slot_b=UNBOOTABLE)


def _expect_refused(
    lab: Lab, machine: Machine, slot: str, then: str, reason: str, since: int = 0
) -> None:
    refused = machine.console.wait_for(_REFUSED, BOOT_SECONDS + _FIRMWARE_SECONDS, since)
    lab.say(f"{reason}: {refused.string.strip()}")
    expect(refused[1] == slot, f"{refused[1]} was refused, not {slot}")
    started = machine.console.wait_for(
        rf"matic-boot: starting {then} \(priority 1, successful\)", patient(60), since
    )
    lab.say(started.string.strip())
