"""A state partition that takes no more writes: nothing is begun on it, and what is under way ends well."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from device import Device, Factory
from harness.disk import SlotState
from harness.node import ENDED

KEPT = "cannot be kept"
FAULTS = ["full", "read-only"]


class StatePartition:
    """A small filesystem of its own, where the agent keeps its state."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir()
        self._mount("-t", "tmpfs", "-o", "size=24M", "state", folder)

    @contextmanager
    def faulty(self, fault: str) -> Iterator[None]:
        filler = self.folder / "filler"
        if fault == "full":
            with filler.open("wb", buffering=0) as file, suppress(OSError):
                while file.write(bytes(4096)):
                    pass
        else:
            self._mount("-o", "remount,ro", self.folder)
        try:
            yield
        finally:
            if fault == "full":
                filler.unlink()
            else:
                self._mount("-o", "remount,rw", self.folder)

    def format(self) -> None:
        self.unmount()
        self._mount("-t", "tmpfs", "-o", "size=24M", "state", self.folder)

    def unmount(self) -> None:
        subprocess.run(["umount", self.folder], check=True)

    @staticmethod
    def _mount(*arguments: str | Path) -> None:
        subprocess.run(["mount", *arguments], check=True)


@pytest.fixture
def state(tmp_path: Path) -> Iterator[StatePartition]:
    partition = StatePartition(tmp_path / "agent-state")
    yield partition
    partition.unmount()


@pytest.fixture
def machine(state: StatePartition, factory: Factory, tmp_path: Path) -> Iterator[Device]:
    device = Device(factory, tmp_path)
    device.machine.power_on()
    yield device
    device.machine.power_off()


def expect_truthful(device: Device, slot: str, schedule: str, state: str) -> None:
    assert device.node.running()["name"] == slot
    assert device.node.wait_for_state(schedule, ENDED, 20).state == state
    assert device.starts().stdout == f"{slot}\n"


def hold_trial(device: Device) -> Path:
    """The trial's checks wait for this file."""
    verdict = device.folder / "verdict"
    facts = device.folder / "boot-facts.json"
    device.executable(
        "health.d/required.d/10-wait",
        f"grep -q slot-a {facts} && exit 0\n"
        f"while ! test -e {verdict}; do sleep 0.1; done; grep -q good {verdict}",
    )
    return verdict


def schedule(device: Device) -> str:
    image = device.factory.update
    return device.node.update_to(image, f"file://{image.path}")


@pytest.mark.parametrize("fault", FAULTS)
def test_nothing_is_begun(machine: Device, state: StatePartition, fault: str) -> None:
    image = machine.factory.update
    with state.faulty(fault):
        outcome = machine.node.run(
            *("schedule", "update", "--source", f"file://{image.path}", "--sha256", image.sha256)
        )
        assert outcome.code != 0
        assert "keep the schedule" in outcome.stderr, outcome
        assert machine.starts().stdout == "slot-a\n"
        assert machine.disk.slot_state("slot-b") == SlotState(1, 0, True), "it is still a way back"
        assert machine.node.running()["name"] == "slot-a"
    machine.expect_takes_an_update()


@pytest.mark.parametrize("fault", FAULTS)
def test_a_good_system_on_trial_is_confirmed(
    machine: Device, state: StatePartition, fault: str
) -> None:
    verdict = hold_trial(machine)
    update = schedule(machine)
    machine.machine.wait_until_it_reboots()
    assert machine.machine.power_on() == "slot-b"
    machine.node.wait_for(update, "a trial", lambda now: now.phase == "ON_TRIAL", 20)
    with state.faulty(fault):
        verdict.write_text("good")
        expect_truthful(machine, "slot-b", update, "COMPLETED")
        assert any(KEPT in problem for problem in machine.node.status()["problems"])
        assert machine.disk.slot_state("slot-b").successful
        # An agent that remembers nothing of it goes by what the disk says.
        machine.restart()
        expect_truthful(machine, "slot-b", update, "COMPLETED")
    machine.restart()
    expect_truthful(machine, "slot-b", update, "COMPLETED")
    assert machine.node.status()["problems"] == []


@pytest.mark.parametrize("fault", FAULTS)
def test_a_bad_system_on_trial_is_left(machine: Device, state: StatePartition, fault: str) -> None:
    verdict = hold_trial(machine)
    update = schedule(machine)
    machine.machine.wait_until_it_reboots()
    assert machine.machine.power_on() == "slot-b"
    machine.node.wait_for(update, "a trial", lambda now: now.phase == "ON_TRIAL", 20)
    with state.faulty(fault):
        verdict.write_text("bad")
        machine.machine.wait_until_it_reboots()
        assert machine.machine.power_on() == "slot-a"
        expect_truthful(machine, "slot-a", update, "ROLLED_BACK")
        assert "could not keep why" in machine.node.schedule(update).reason
    machine.restart()
    expect_truthful(machine, "slot-a", update, "ROLLED_BACK")
    assert machine.node.status()["quarantined"] == [machine.factory.update.sha256]
    verdict.write_text("good")
    machine.expect_takes_an_update("--force", "quarantine")


@pytest.mark.parametrize("fault", FAULTS)
def test_an_agent_that_starts_upon_it(machine: Device, state: StatePartition, fault: str) -> None:
    with state.faulty(fault):
        machine.restart()
        assert machine.node.running()["name"] == "slot-a"
        assert machine.starts().stdout == "slot-a\n"
    machine.restart()
    assert machine.node.status()["problems"] == []
    machine.expect_takes_an_update()


@pytest.mark.parametrize("moment", ["at rest", "on trial"])
def test_it_was_formatted_anew(machine: Device, state: StatePartition, moment: str) -> None:
    verdict = hold_trial(machine)
    slot = "slot-a"
    if moment == "on trial":
        schedule(machine)
        machine.machine.wait_until_it_reboots()
        slot = "slot-b"
        assert machine.machine.power_on() == slot
    machine.machine.power_off()
    state.format()
    verdict.write_text("good")
    machine.machine.start_agent()
    machine.node.wait_until_up(20)
    machine.node.poll(
        lambda: machine.disk.slot_state(slot).successful or None, 30, f"{slot} that is confirmed"
    )
    assert machine.node.running()["name"] == slot
    assert machine.node.call("schedule", "list").get("schedules", []) == []
    image = machine.factory.previous
    update = machine.node.update_to(image, f"file://{image.path}")
    machine.machine.wait_until_it_reboots()
    other = machine.machine.power_on()
    assert other != slot
    machine.node.wait_for_state(update, ["COMPLETED"], 20)
