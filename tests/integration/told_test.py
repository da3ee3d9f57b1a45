"""Whom the agent tells of updates, when, and what becomes of messages when it is killed."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from device import Device, Factory
from harness.node import DONE


class Teller:
    """A channel that takes messages only while a file says so."""

    def __init__(self, folder: Path) -> None:
        self._open = folder / "open"
        self._told = folder / "told"
        self._tried = folder / "tried"
        self.script = folder / "tell"
        self.script.write_text(
            f'#!/bin/sh\necho "$MATIC_ID" >> {self._tried}\n[ -e {self._open} ] || exit 1\n'
            f'echo "$MATIC_ID $MATIC_EVENT" >> {self._told}\n'
        )
        self.script.chmod(0o755)

    def open(self) -> None:
        self._open.touch()

    def tried(self) -> list[str]:
        return self._tried.read_text().splitlines() if self._tried.exists() else []

    def told(self) -> list[str]:
        lines = self._told.read_text().splitlines() if self._told.exists() else []
        return [line.split()[1] for line in lines]

    def told_ids(self) -> list[str]:
        return [line.split()[0] for line in self._told.read_text().splitlines()]


@pytest.fixture
def teller(tmp_path: Path) -> Teller:
    return Teller(tmp_path)


@pytest.fixture
def telling(factory: Factory, tmp_path: Path, teller: Teller) -> Iterator[Device]:
    channels = [{"name": "ops", "type": "command", "command": [str(teller.script)]}]
    device = Device(factory, tmp_path, {"notifications": {"channels": channels}})
    device.machine.power_on()
    yield device
    device.machine.power_off()


def test_a_message_that_waits_survives_a_kill(telling: Device, teller: Teller) -> None:
    telling.update_failure("file:///gone", "0" * 64)
    tried = telling.node.poll(teller.tried, 20, "an attempt")
    os.kill(telling.machine.agent_pid, signal.SIGKILL)
    assert teller.told() == []

    teller.open()
    telling.machine.power_off()
    telling.machine.power_on()
    told = telling.node.poll(teller.told, 20, "a message")
    assert told[-1] == "update-failed"
    assert teller.told_ids()[0] == tried[0]  # who got it twice can tell


def test_an_update_has_started_when_its_turn_has_come(telling: Device, teller: Teller) -> None:
    teller.open()
    image = telling.factory.update
    schedule = telling.node.update_to(
        image, f"file://{image.path}", "--not-before", "2099-01-01T00:00:00Z"
    )
    telling.node.poll(lambda: telling.node.schedule(schedule).phase == "WAITING", 20, "a wait")
    assert telling.node.run("schedule", "cancel", schedule).code == DONE
    telling.node.poll(lambda: "update-failed" in teller.told(), 20, "the end")
    assert "update-started" not in teller.told()

    telling.node.update_to(image, f"file://{image.path}", "--stop-after-staging")
    telling.node.poll(lambda: "update-started" in teller.told(), 20, "the start")
