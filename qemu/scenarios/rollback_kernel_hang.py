"""The new system freezes for good: the hardware watchdog resets, and the old one returns."""

from __future__ import annotations

from harness.images import BAD_KERNEL_HANG
from harness.lab import FACTORY, Lab, agent_config
from harness.machine import BOOT_SECONDS, Options, patient
from harness.verdict import expect


def run(lab: Lab) -> None:
    # A deadline far beyond the scenario's end: only the watchdog can have been it.
    disk = lab.disk(config=agent_config(tries=1, trial_deadline_seconds=3600))
    machine, node = lab.boot_and_wait(disk, ("slot-a", "1.0"), Options(hardware_watchdog=True))
    image = lab.images.get(BAD_KERNEL_HANG)
    schedule = node.update_to(image, lab.publish(image))

    mark = machine.console.mark()
    lab.expect_trial_boot(machine, "slot-b", 0, BOOT_SECONDS, mark)
    machine.console.wait_for(
        r"matic-boot: starting slot-a \(priority 1, successful\)", patient(480), mark
    )
    expect(
        not machine.console.matches(r"matic-deadline.*reboot", mark),
        "the deadline unit rebooted the machine, not its watchdog",
    )
    lab.say("the watchdog reset the machine, and the selector falls back to slot-a")

    ended = node.wait_for_state(schedule, ["ROLLED_BACK"], BOOT_SECONDS)
    lab.say(f"reason: {ended.reason}")
    lab.expect_running(node, "slot-a", "1.0")
    lab.expect_slots(disk, slot_a=FACTORY)
    expect(not disk.slot_state("slot-b").bootable, "the bad slot may still be started")
