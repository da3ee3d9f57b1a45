"""Machines that share reboot slots: never more down at once than a server allows."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from device import Device, Factory, issue_client
from harness.node import Schedule
from lock_server import PRE_REBOOT, STEADY_STATE, Answer, LockServer

PATIENCE = 60


@pytest.fixture
def lock(factory: Factory) -> Iterator[LockServer]:
    with LockServer(factory.server) as server:
        yield server


def settings(device_factory: Factory, url: str, name: str, **more: object) -> dict[str, object]:
    ca_file = str(device_factory.authority / "ca.pem")
    return {"url": url, "id": name, "ca_file": ca_file, "retry_seconds": 1, **more}


def machine(factory: Factory, folder: Path, url: str, **more: object) -> Device:
    """Powered on, and called as its folder."""
    folder.mkdir(exist_ok=True)
    device = Device(factory, folder, {"fleet_lock": settings(factory, url, folder.name, **more)})
    device.machine.power_on()
    return device


@pytest.fixture
def device(factory: Factory, tmp_path: Path, lock: LockServer) -> Iterator[Device]:
    made = machine(factory, tmp_path / "a", lock.url)
    yield made
    made.machine.power_off()


def update(device: Device, *options: str) -> str:
    image = device.factory.update
    return device.node.update_to(image, f"file://{image.path}", *options)


def waits(device: Device, schedule: str, for_what: str) -> Schedule:
    return device.node.wait_for(
        schedule, for_what, lambda now: for_what in now.reason, PATIENCE
    )


def expect_free(device: Device, lock: LockServer) -> None:
    device.node.poll(lambda: not lock.holders() or None, PATIENCE, "a slot that is given back")
    note = device.folder / "agent-state/fleet-lock.json"
    device.node.poll(
        lambda: not json.loads(note.read_text())["slots"] or None, PATIENCE, "its note to be gone"
    )


def finish(device: Device, schedule: str) -> None:
    device.machine.wait_until_it_reboots(PATIENCE)
    assert device.machine.power_on() == "slot-b"
    device.node.wait_for_state(schedule, ["COMPLETED"], PATIENCE)


def test_two_machines_and_one_slot_reboot_one_after_the_other(
    factory: Factory, tmp_path: Path, lock: LockServer
) -> None:
    first = machine(factory, tmp_path / "a", lock.url)
    second = machine(factory, tmp_path / "b", lock.url)
    try:
        of_first = update(first)
        first.machine.wait_until_it_reboots(PATIENCE)
        of_second = update(second)
        waiting = waits(second, of_second, "held by others")
        assert waiting.phase == "STAGED"
        assert waiting.reason == (
            f"a reboot slot of {lock.url} (group default): "
            "held by others (all slots are locked already)"
        )
        assert second.starts().stdout == "slot-a\n", "nothing is activated"
        assert lock.holders() == {"a"}, "also while the first is off"
        assert first.machine.power_on() == "slot-b"
        first.node.wait_for_state(of_first, ["COMPLETED"], PATIENCE)
        finish(second, of_second)
        expect_free(second, lock)
        assert lock.most_holders == 1
    finally:
        first.machine.power_off()
        second.machine.power_off()


def test_a_server_that_is_away_is_waited_for(
    factory: Factory, tmp_path: Path, lock: LockServer
) -> None:
    with LockServer(factory.server) as gone:
        port = gone.port
    device = machine(factory, tmp_path / "a", f"https://127.0.0.1:{port}")
    try:
        schedule = update(device)
        waiting = waits(device, schedule, "a reboot slot of ")
        assert "held by others" not in waiting.reason
        with LockServer(factory.server, port=port) as back:
            device.machine.wait_until_it_reboots(PATIENCE)
            assert back.holders() == {"a"}
        # Confirming needs no server; the slot is given back once there is one.
        assert device.machine.power_on() == "slot-b"
        device.node.wait_for_state(schedule, ["COMPLETED"], PATIENCE)
        device.node.poll(
            lambda: any("cannot be given back" in text for text in device.node.status()["problems"])
            or None,
            PATIENCE,
            "a problem",
        )
        device.restart()
        with LockServer(factory.server, port=port) as back:
            back.hold("a")
            expect_free(device, back)
            device.node.poll(
                lambda: not device.node.status()["problems"] or None, PATIENCE, "no problem"
            )
    finally:
        device.machine.power_off()


def test_only_a_good_answer_is_one(device: Device, lock: LockServer) -> None:
    others = json.dumps({"kind": "full", "value": "later,\nplease"}).encode()
    lock.answer_next(
        Answer(409, others),
        Answer(500, b"\x00\xff<html>" * 100),
        Answer(503, b"{" * 100, endless=True),
        Answer(302, location=f"{lock.url}{PRE_REBOOT}"),
    )
    schedule = update(device)
    waits(device, schedule, "held by others (later, please)")
    waits(device, schedule, "the server answered HTTP 500")
    waits(device, schedule, "the server answered HTTP 503")
    waits(device, schedule, "the server answered HTTP 302")
    assert device.starts().stdout == "slot-a\n"
    finish(device, schedule)
    assert lock.left_to_answer() == 0
    expect_free(device, lock)


def test_a_rollback_gives_the_slot_back_when_the_old_system_runs(
    device: Device, lock: LockServer
) -> None:
    facts = device.folder / "boot-facts.json"
    device.executable("health.d/required.d/10-a", f"grep -q slot-a {facts} || exit 9")
    schedule = update(device)
    device.machine.wait_until_it_reboots(PATIENCE)
    assert device.machine.power_on() == "slot-b"
    device.machine.wait_until_it_reboots(PATIENCE)
    assert lock.holders() == {"a"}
    assert device.machine.power_on() == "slot-a"
    device.node.wait_for_state(schedule, ["ROLLED_BACK"], PATIENCE)
    expect_free(device, lock)
    paths = [path for path, _, _ in lock.requests]
    assert paths == [STEADY_STATE, PRE_REBOOT, STEADY_STATE]


def test_a_slot_outlives_a_kill_and_is_given_back(device: Device, lock: LockServer) -> None:
    schedule = update(device, "--reboot-delay", "1h")
    waits(device, schedule, "after a delay of 1h")
    assert lock.holders() == {"a"}
    os.kill(device.machine.agent_pid, signal.SIGKILL)
    device.machine.power_off()
    device.machine.start_agent()
    waits(device, schedule, "after a delay of 1h")
    assert lock.holders() == {"a"}
    device.node.call("schedule", "cancel", schedule)
    expect_free(device, lock)
    assert device.starts().stdout == "slot-a\n"


def test_a_slot_nobody_remembers_is_given_back(device: Device, lock: LockServer) -> None:
    device.machine.power_off()
    lock.hold("a")
    device.machine.power_on()
    device.node.poll(lambda: not lock.holders() or None, PATIENCE, "a slot that is given back")


def test_who_must_not_wait_says_so(
    factory: Factory, tmp_path: Path, lock: LockServer
) -> None:
    lock.hold("somebody")
    device = machine(factory, tmp_path / "a", lock.url, deadline_seconds=1)
    try:
        image = factory.update
        reason = device.update_failure(f"file://{image.path}", image.sha256)
        assert reason.startswith("after 1s still waits for a reboot slot of ")
        schedule = update(device, "--force", "fleet-lock")
        finish(device, schedule)
        assert lock.holders() == {"somebody"}
    finally:
        device.machine.power_off()


def test_a_server_that_wants_a_certificate(factory: Factory, tmp_path: Path) -> None:
    with LockServer(factory.server, clients=factory.authority / "ca.pem") as lock:
        device = machine(factory, tmp_path / "a", lock.url)
        try:
            schedule = update(device)
            waits(device, schedule, "fleet_lock.client_certificate")
            folder = issue_client(factory.authority, "reader", tmp_path / "me")
            shown = {"client_certificate": str(folder / "client.pem"),
                     "client_key_secret": str(folder / "client.key")}
            device.machine.configure({"fleet_lock": shown})
            device.restart()
            finish(device, schedule)
            expect_free(device, lock)
            log = (device.folder / "agent.log").read_text()
            key = (folder / "client.key").read_text().splitlines()[1]
            assert f"took a reboot slot of {lock.url}" in log
            assert key not in log
        finally:
            device.machine.power_off()
