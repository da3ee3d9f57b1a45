"""The new kernel's EFI program returns: the next slot starts at once, with its own root."""

from __future__ import annotations

from harness.images import NEW
from harness.lab import FACTORY, UNBOOTABLE, Lab
from harness.machine import BOOT_SECONDS, patient


def run(lab: Lab) -> None:
    # The good system's root, and a kernel that the stub finds to be none: it gives up and returns.
    no_kernel = lab.folder / "no-kernel"
    no_kernel.write_bytes(b"not a kernel\n" * 10_000)
    image = lab.repack(
        "returns",
        *("--rootfs", lab.images.get(NEW).path, "--kernel", no_kernel, "--initrd", no_kernel),
        *("--cmdline", "console=ttyS0 panic=10"),
    )

    disk = lab.disk()
    machine, node = lab.boot_and_wait(disk, ("slot-a", "1.0"))
    schedule = node.update_to(image, lab.publish(image))

    mark = machine.console.mark()
    lab.expect_trial_boot(machine, "slot-b", 2, BOOT_SECONDS, mark)
    machine.console.wait_for(
        r"matic-boot: starting slot-a \(priority 1, successful\)", patient(60), mark
    )
    firmware_starts = machine.console.matches(r"BdsDxe: starting", mark)
    lab.say(
        f"slot-b's kernel returned; the selector went on with slot-a "
        f"({len(firmware_starts)} start of the firmware)"
    )
    ended = node.wait_for_state(schedule, ["ROLLED_BACK"], BOOT_SECONDS)
    lab.say(f"reason: {ended.reason}")
    lab.expect_running(node, "slot-a", "1.0")
    lab.expect_slots(disk, slot_a=FACTORY, slot_b=UNBOOTABLE)
