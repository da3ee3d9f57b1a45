"""What a node tells of its past and its next look, and how an update is followed over a reboot by
units that do not outlive it."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from datetime import datetime, timezone
from pathlib import Path

import pytest
from device import Device, Factory
from harness import paths
from harness.node import DONE, REFUSED, ROLLED_BACK, UPDATE_FAILED, Json, Outcome

URL = "http://127.0.0.1:1/edge/stable.json"


def update(device: Device, *options: str) -> Outcome:
    image = device.factory.update
    source = ("--source", f"file://{image.path}", "--sha256", image.sha256)
    return device.node.run("schedule", "update", *source, *options)


def update_until_reboot(device: Device) -> Outcome:
    return update(device, "--enable-auto-rollback", "--watch", "--until-reboot")


def result(device: Device) -> Outcome:
    return device.node.run("schedule", "result")


def state(outcome: Outcome) -> str:
    return str(outcome.objects[-1]["schedule"]["state"]).removeprefix("SCHEDULE_STATE_")


def test_status_has_the_latest_events(device: Device) -> None:
    assert device.node.status()["events"] == []
    device.executable("hooks/pre.d/10-note", "echo noted")
    device.expect_takes_an_update()
    events = device.node.status()["events"]
    assert [event["kind"] for event in events if event["kind"] != "boot-log"] == [
        "completed",
        "started",
        "hook",
        "scheduled",
    ]
    assert {event["output"] for event in events} == {""}  # osctl history has it
    assert events == sorted(events, key=lambda event: str(event["time"]), reverse=True)


def test_status_has_no_more_than_ten_events(device: Device) -> None:
    for _ in range(6):
        outcome = device.node.run(
            *("schedule", "update", "--source", "file:///gone", "--sha256", "0" * 64, "--watch")
        )
        assert outcome.code == UPDATE_FAILED, outcome
    assert len(device.node.status()["events"]) == 10


@pytest.fixture
def follower(factory: Factory, tmp_path: Path) -> Iterator[Device]:
    """A device with a channel that nobody serves."""
    root = tmp_path / "root.json"
    root.write_text("{}")
    device = Device(
        factory,
        tmp_path,
        {
            "channel": {"url": URL, "interval_seconds": 600, "jitter_seconds": 0},
            "trust": {"product": "tiny", "root": str(root)},
        },
    )
    device.machine.power_on()
    yield device
    device.machine.power_off()


def test_status_has_the_channel_and_its_next_look(follower: Device) -> None:
    def looked() -> Json | None:
        channel: Json = follower.node.status()["channel"]
        return channel if channel["last_result"] else None

    channel = follower.node.poll(looked, 20, "a first look")
    assert channel["url"] == URL
    assert datetime.fromisoformat(channel["next_look"]) > datetime.now(timezone.utc)
    text = subprocess.run(
        [paths.OSCTL, "--socket", follower.folder / "agent.sock", "status"],
        capture_output=True, text=True, check=True,
    ).stdout
    for line in (f"Channel      {URL}", "Next look    2", f"Last look    {channel['last_result']}"):
        assert "\n" + line in text


def test_a_channel_may_be_looked_at_only_on_demand(follower: Device) -> None:
    follower.machine.power_off()
    follower.machine.configure({"channel": {"poll": False}})
    follower.machine.power_on()
    channel = follower.node.status()["channel"]
    assert channel == {"url": URL, "last_result": ""}


def test_without_a_channel_there_is_no_next_look(device: Device) -> None:
    assert "channel" not in device.node.status()


def test_nothing_ended_is_no_failure(device: Device) -> None:
    outcome = result(device)
    assert (outcome.code, outcome.objects) == (DONE, [{}])


def test_a_good_update_ends_well_on_both_sides_of_the_reboot(device: Device) -> None:
    outcome = update_until_reboot(device)
    assert (outcome.code, outcome.objects[-1]["schedule"]["phase"]) == (DONE, "PHASE_REBOOTING")
    device.machine.wait_until_it_reboots()
    assert device.machine.power_on() == "slot-b"
    outcome = result(device)
    assert (outcome.code, state(outcome)) == (DONE, "COMPLETED")

    # The next start has nothing to do with it any more.
    device.machine.power_off()
    assert device.machine.power_on() == "slot-b"
    assert result(device).objects == [{}]


def test_an_update_that_is_left_fails_after_the_way_back(device: Device) -> None:
    facts = device.folder / "boot-facts.json"
    device.executable("health.d/required.d/20-orders", f"grep -q slot-a {facts}")
    assert update_until_reboot(device).code == DONE
    device.machine.wait_until_it_reboots()
    assert device.machine.power_on() == "slot-b"
    device.machine.wait_until_it_reboots()
    assert device.machine.power_on() == "slot-a"
    outcome = result(device)
    assert (outcome.code, state(outcome)) == (ROLLED_BACK, "ROLLED_BACK")

    device.machine.power_off()
    device.machine.power_on()
    assert result(device).code == DONE


def test_an_update_that_fails_before_the_reboot_fails_at_once(device: Device) -> None:
    device.executable("hooks/pre.d/10-no", "exit 1")
    assert update_until_reboot(device).code == UPDATE_FAILED
    assert result(device).code == UPDATE_FAILED


def test_a_second_update_is_refused(device: Device) -> None:
    assert update(device, "--stop-after-staging").code == DONE
    assert update_until_reboot(device).code == REFUSED
