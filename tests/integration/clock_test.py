"""A clock that is decades off: an update by its digest goes all the way, and what depends on time says so."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import datetime, timezone
from pathlib import Path

import pytest
from device import Device, Factory, Servers
from harness.node import ENDED

PRELOADED = Path(os.environ["MATIC_BIN"]).parent / "tests" / "faulty_machine.so"
CLOCKS = {
    1970: datetime(1970, 1, 1, 0, 0, 7, tzinfo=timezone.utc),
    # The last seconds of an unsigned number of 32 bits, and what follows.
    2106: datetime(2106, 2, 7, 6, 28, 10, tzinfo=timezone.utc),
}


def set_clock(device: Device, year: int) -> None:
    device.machine.environment = {
        "LD_PRELOAD": str(PRELOADED),
        "CLOCK_STARTS_AT": str(int(CLOCKS[year].timestamp())),
    }


@pytest.fixture(params=list(CLOCKS))
def year(request: pytest.FixtureRequest) -> int:
    return int(request.param)


@pytest.fixture
def machine(factory: Factory, tmp_path: Path, year: int) -> Iterator[Device]:
    device = Device(factory, tmp_path)
    set_clock(device, year)
    device.machine.power_on()
    yield device
    device.machine.power_off()


def test_an_update_goes_all_the_way(machine: Device, year: int) -> None:
    machine.expect_takes_an_update()
    (schedule,) = machine.node.call("schedule", "list")["schedules"]
    assert schedule["id"].startswith(f"sched-{year}")
    times = {event["time"][:4] for event in machine.node.call("history")["events"]}
    assert times == {str(year)}
    assert machine.node.status()["problems"] == []


def test_no_certificate_is_valid(machine: Device, servers: Servers, year: int) -> None:
    image = machine.factory.update
    reason = machine.update_failure(servers.publish("/os", image.path), image.sha256)
    why = {1970: "certificate is not yet valid", 2106: "certificate has expired"}[year]
    assert f"certificate verify failed: {why}" in reason


def test_a_bad_system_is_left(machine: Device, year: int) -> None:
    facts = machine.folder / "boot-facts.json"
    machine.executable("health.d/required.d/10-bad", f"grep -q slot-a {facts}")
    image = machine.factory.update
    schedule = machine.node.update_to(image, f"file://{image.path}")
    for slot in ("slot-b", "slot-a"):
        machine.machine.wait_until_it_reboots()
        assert machine.machine.power_on() == slot
    machine.node.wait_for_state(schedule, ["ROLLED_BACK"], 20)
    (record,) = machine.node.rollback_history()
    assert record["time"].startswith(str(year))


def test_the_clock_is_set_between_two_starts(factory: Factory, tmp_path: Path) -> None:
    """Staged in 1970, tried in 2106, confirmed: a trial is timed by the machine's start alone."""
    device = Device(factory, tmp_path)
    set_clock(device, 1970)
    device.machine.power_on()
    image = factory.update
    schedule = device.node.update_to(image, f"file://{image.path}")
    device.machine.wait_until_it_reboots()
    set_clock(device, 2106)
    assert device.machine.power_on() == "slot-b"
    assert device.node.wait_for_state(schedule, ENDED, 30).state == "COMPLETED"
    device.machine.environment = {}
    device.machine.power_off()
    device.machine.start_agent()
    device.node.wait_until_up(20)
    assert device.node.schedule(schedule).state == "COMPLETED"
    image = factory.previous
    again = device.node.update_to(image, f"file://{image.path}")
    device.machine.wait_until_it_reboots()
    assert device.machine.power_on() == "slot-a"
    device.node.wait_for_state(again, ["COMPLETED"], 30)
    device.machine.power_off()
