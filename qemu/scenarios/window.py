"""An update waits for its windows, over a night on which the clocks are put forward, and a power cut."""

from __future__ import annotations

from harness.disk import SlotState
from harness.images import NEW
from harness.lab import FACTORY, UNBOOTABLE, Lab
from harness.machine import BOOT_SECONDS, Machine, Options, patient
from harness.node import Json, Node
from harness.verdict import expect, expect_equal

_ZONE = "Europe/Berlin"
# On this night 02:00 of +01:00 is followed by 03:00 of +02:00.
_NIGHT = "2027-03-28"
_WINDOW = "Sun 02:30-04:00"
_OPENS = f"{_NIGHT}T01:00:00Z"  # what the clocks there show first that is not before 02:30
_REBOOT_WINDOW = "Sun 05:00-06:00"
_REBOOTS = f"{_NIGHT}T03:00:00Z"  # 05:00
_INHIBITOR = "systemd-inhibit --what=shutdown --who=backup --why='copies the photographs'"


def run(lab: Lab) -> None:
    disk = lab.disk()
    machine, node = lab.boot_and_wait(disk, ("slot-a", "1.0"), Options(shell=True))
    image = lab.images.get(NEW)
    _set_clock(lab, machine, f"{_NIGHT} 00:30:00")
    schedule = node.update_to(
        image,
        lab.publish(image),
        *("--timezone", _ZONE, "--window", _WINDOW, "--reboot-window", _REBOOT_WINDOW),
        *("--blackout", "2027-03-29..2027-04-05"),
    )
    _expect_wait(lab, node, schedule, _WINDOW, _OPENS)
    expect_equal(lab.server.requests(f"/{image.path.name}"), [], "what was asked of the server before the window")

    _set_clock(lab, machine, f"{_NIGHT} 00:59:57")
    staged = node.wait_for(
        schedule,
        "the wait for the reboot's window",
        lambda now: now.phase == "STAGED" and now.bytes_done == image.size,
        patient(120),
    )
    clock = machine.shell.run("date -u +%Y-%m-%dT%H:%M:%SZ")
    expect(_OPENS <= clock < _REBOOTS, f"written although the machine's clock says {clock}")
    lab.say(f"the window opened with the clocks, and the image was written by {clock}")
    lab.say(f"reason: {staged.reason}")
    _expect_wait(lab, node, schedule, _REBOOT_WINDOW, _REBOOTS)

    machine.cut_power()
    # Activation belongs to the reboot: nothing is tried because the power failed.
    lab.expect_slots(disk, slot_a=FACTORY, slot_b=UNBOOTABLE)
    machine, node = lab.boot_and_wait(disk, ("slot-a", "1.0"), Options(shell=True))
    _set_clock(lab, machine, f"{_NIGHT} 02:00:00")
    _expect_wait(lab, node, schedule, _REBOOT_WINDOW, _REBOOTS)
    lab.say("the update waits on after the power cut")

    machine.shell.run(f"systemd-run --unit=backup {_INHIBITOR} sleep 100000")
    _set_clock(lab, machine, f"{_NIGHT} 03:00:01")
    inhibited = node.wait_for(
        schedule, "the inhibitor", lambda now: "backup" in now.reason, patient(60)
    )
    lab.say(f"reason: {inhibited.reason}")
    lab.expect_slots(disk, slot_a=FACTORY, slot_b=UNBOOTABLE)
    boot = node.status()["boot_id"]
    machine.shell.run("systemctl stop backup")
    node.wait_until_up(BOOT_SECONDS, but_not_boot=boot)
    # The machine's clock fell back to today's time with the reboot; a trial does not go by it.
    node.wait_for_state(schedule, ["COMPLETED"], BOOT_SECONDS)
    lab.expect_running(node, "slot-b", "2.0")
    lab.expect_slots(disk, slot_a=SlotState(1, 0, True), slot_b=SlotState(2, 0, True))


def _set_clock(lab: Lab, machine: Machine, utc: str) -> None:
    machine.shell.run(f"date -u -s '{utc}'")
    lab.say(f"the machine's clock is set to {utc} UTC")


def _expect_wait(lab: Lab, node: Node, schedule: str, window: str, until: str) -> None:
    def waiting() -> Json | None:
        now: Json = node.call("schedule", "status", schedule)["schedule"]
        return now if now.get("waiting_until") == until else None

    now = node.poll(waiting, patient(60), f"a wait until {until}")
    expect(f"window {window} ({_ZONE})" in now["reason"], f"why it waits: {now['reason']}")
    lab.say(f"it waits: {now['reason']}")
