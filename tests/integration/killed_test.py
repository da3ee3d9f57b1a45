"""The agent is killed in every state of an update: the next one goes on from there, or ends it in
words, and the machine takes the next update."""

from __future__ import annotations

import subprocess
import time

import pytest
from device import Device
from faulty_disk import FaultyDisk
from harness import paths
from harness.node import ENDED
from harness.verdict import Failed

# In the order of an update, as rollback_state.json names them.
GOOD = ["waiting", "staging", "staged", "activating", "activated", "trying", "confirming"]
BAD = ["rolling-back", "rechecking"]
CANCELLED = ["cancelling"]
# Some milliseconds long; a slow disk makes them longer.
SHORT = ["staging", "activating", "confirming", "cancelling"]
CHECK = "required.d/10-slow"


def state_of(device: Device) -> str:
    file = device.folder / "agent-state/rollback_state.json"
    text = file.read_text() if file.exists() else ""
    # Without a parser, since the shortest states last some milliseconds.
    start = text.find('"name": "', text.find('"update": {'))
    return text[start + 9 : text.find('"', start + 9)] if start > 0 else ""


def slow_down(device: Device, seconds: float = 0.3, fails_in: str = "none") -> None:
    """Hooks and checks that leave time to see each state."""
    facts = device.folder / "boot-facts.json"
    device.executable("hooks/pre.d/10-slow", "sleep 0.3")
    device.executable(f"health.d/{CHECK}", f"sleep {seconds}; ! grep -q {fails_in} {facts}")


def cancel(device: Device) -> None:
    """Asks for it, without waiting for the answer."""
    (schedule,) = device.node.call("schedule", "list")["schedules"]
    socket = device.folder / "agent.sock"
    subprocess.Popen([paths.OSCTL, "--socket", socket, "schedule", "cancel", schedule["id"]],
                     stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def run_until(device: Device, wanted: str) -> bool:
    """Drives the machine until the state is seen, and kills the agent then. False: it was passed."""
    cancelled = False
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        state = state_of(device)
        if state == wanted:
            device.machine.kill_agent()
            return True
        if wanted == "cancelling":
            # Instead of the reboot that comes next.
            if not cancelled and state == "activated":
                cancel(device)
                cancelled = True
        elif device.machine.asks_for_reboot:
            device.machine.power_off()
            device.machine.power_on()
        if state == "idle" and is_over(device):
            return False
        time.sleep(0.0005)
    raise Failed(f"{wanted} was not seen within a minute; it is {state_of(device)}")


def is_over(device: Device) -> bool:
    schedules = device.node.call("schedule", "list").get("schedules", [])
    return all(s["state"].removeprefix("SCHEDULE_STATE_") in ENDED for s in schedules)


def come_to_rest(device: Device) -> None:
    device.machine.start_agent()
    device.node.wait_until_up(30)
    assert not run_until(device, "rest")


def expect_truthful(device: Device) -> None:
    """What the status says is what the disk says, and what the firmware would start is that."""
    running = device.node.running()
    assert device.starts().stdout == f"{running['name']}\n"
    (schedule,) = device.node.call("schedule", "list")["schedules"]
    state = schedule["state"].removeprefix("SCHEDULE_STATE_")
    assert running["name"] == ("slot-b" if state == "COMPLETED" else "slot-a"), schedule
    assert state == "COMPLETED" or schedule["reason"], schedule
    assert device.disk.slot_state(running["name"]).successful
    if state == "ROLLED_BACK":
        assert len(device.node.rollback_history()) == 1
    assert device.node.status()["problems"] == []


def expect_takes_the_next(device: Device) -> None:
    slow_down(device)
    image = device.factory.previous
    before = device.node.running()["name"]
    schedule = device.node.update_to(image, f"file://{image.path}", "--force", "quarantine")
    device.machine.wait_until_it_reboots()
    assert device.machine.power_on() != before
    device.node.wait_for_state(schedule, ["COMPLETED"], 30)
    assert device.node.running()["version"] == image.version


@pytest.mark.parametrize(
    ("state", "fails_in"),
    [(s, "none") for s in GOOD + CANCELLED] + [(s, "slot-b") for s in ["trying", *BAD]]
)
def test_killed(disk: FaultyDisk, state: str, fails_in: str) -> None:
    device = disk.device
    # An agent that answers is waited for after each start: these may be over by then.
    slow_down(device, 3 if state in ("trying", "rechecking") else 0.3, fails_in)
    if state in SHORT:
        disk.set("slow 30")
    image = device.factory.update
    device.node.update_to(image, f"file://{image.path}")
    assert run_until(device, state), f"{state} was never seen"
    disk.set()
    come_to_rest(device)
    expect_truthful(device)
    expect_takes_the_next(device)


def test_killed_again_and_again(device: Device) -> None:
    """At no moment that anybody chose: each life is a little longer than the one before."""
    slow_down(device)
    image = device.factory.update
    device.node.update_to(image, f"file://{image.path}")
    life = 0.0
    while True:
        deadline = time.monotonic() + life
        while time.monotonic() < deadline and not device.machine.asks_for_reboot:
            time.sleep(0.001)
        device.machine.kill_agent()
        if device.machine.asks_for_reboot:
            device.machine.power_on()
        else:
            device.machine.start_agent()
        device.node.wait_until_up(30)
        if state_of(device) == "idle" and is_over(device):
            break
        life += 0.02
    expect_truthful(device)
    expect_takes_the_next(device)
