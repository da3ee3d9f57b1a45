"""Requests that cannot be right, or come at the wrong time: refused at once, nothing is lost."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from device import HERE, Device, Factory, Servers, error_of
from harness import paths
from harness.https_server import Behaviour
from harness.node import FAILED, REFUSED, UNREACHABLE, USAGE, Node

SOME_SHA256 = "0123456789abcdef" * 4
NO_SCHEDULE = "sched-20990101-001"
FAILING = {"critical": True, "units": ["no-such.service"]}


@pytest.mark.parametrize(
    ("source", "says"),
    [
        ("ftp://cdn.example.com/os.squashfs", "'ftp://cdn.example.com/os.squashfs' has a scheme"),
        ("os.squashfs", "'os.squashfs' is not a URL; did you mean file:///"),
        ("file://elsewhere/os", "file://elsewhere/os"),
        ("file:///os%zz", "file:///os%zz: no two hexadecimal digits"),
        ("https://" + "h" * 3000, "source has 3008 bytes; at most 2048"),
        ("https://h/\nos", "line break"),
        ("", "--source: is empty"),
    ],
)
def test_a_source_that_cannot_be(untouchable: Device, source: str, says: str) -> None:
    message = untouchable.refusal(
        USAGE, "schedule", "update", "--source", source, "--sha256", SOME_SHA256
    )
    assert says in message
    untouchable.expect_untouched()


@pytest.mark.parametrize(
    ("sha256", "says"),
    [
        ("z" * 64, "not hexadecimal: character 1 of 64"),
        ("0" * 63 + " ", "not hexadecimal: character 64 of 64"),
        ("0" * 63, "64 hex digits are expected, not 63"),
        ("", "is empty"),
    ],
)
def test_a_sha256_that_is_none(untouchable: Device, sha256: str, says: str) -> None:
    message = untouchable.refusal(
        USAGE, "schedule", "update", "--source", "https://h/os", "--sha256", sha256
    )
    assert message.startswith("--sha256: ")
    assert says in message
    untouchable.expect_untouched()


@pytest.mark.parametrize("verb", ["status", "watch", "cancel", "activate"])
def test_a_schedule_that_nobody_made(untouchable: Device, verb: str) -> None:
    message = untouchable.refusal(FAILED, "schedule", verb, NO_SCHEDULE)
    assert message == f"no schedule has the id {NO_SCHEDULE}"
    untouchable.expect_untouched()


def test_an_id_that_can_be_none(untouchable: Device) -> None:
    message = untouchable.refusal(USAGE, "schedule", "status", "x" * 5000)
    assert message == "schedule_id has 5000 bytes; at most 64 are taken"
    untouchable.expect_untouched()


def test_a_second_update_while_one_runs(device: Device, servers: Servers) -> None:
    # A download that goes on for as long as the test likes, with its start written.
    device.machine.power_off()
    device.machine.configure({"download": {"low_speed_seconds": 600}})
    device.machine.power_on()
    image = device.factory.update
    slow = servers.publish("/slow", image.path, Behaviour(stall_at=100_000))
    first = device.node.update_to(image, slow)
    device.node.wait_for(first, "the image's start", lambda now: now.bytes_done > 0, 60)
    for command in (
        ["schedule", "update", "--source", slow, "--sha256", SOME_SHA256],
        ["schedule", "activate", first],
        ["rollback", "trigger"],
        ["reboot"],
    ):
        device.refusal(REFUSED, *command)
    message = device.refusal(
        REFUSED, "schedule", "update", "--source", slow, "--sha256", SOME_SHA256
    )
    assert message.startswith(f"{first} is staging; ")
    assert device.node.schedule(first).state == "IN_PROGRESS"

    device.node.call("schedule", "cancel", first)
    assert device.node.schedule(first).state == "CANCELLED"
    device.expect_only_slot_b_written()
    device.expect_takes_an_update()


def test_what_has_ended_cannot_be_cancelled(untouchable: Device) -> None:
    untouchable.update_failure("file:///nowhere", SOME_SHA256)
    ended = untouchable.node.call("schedule", "list")["schedules"][0]
    assert "has ended already" in untouchable.refusal(REFUSED, "schedule", "cancel", ended["id"])
    untouchable.expect_untouched()


def test_a_quarantined_image_is_taken_by_force_only(device: Device) -> None:
    image = device.factory.update
    url = f"file://{image.path}"
    schedule = device.node.update_to(image, url)
    device.machine.wait_until_it_reboots()
    device.machine.configure({"health": {"retries": 1, "checks": {"service": FAILING}}})
    assert device.machine.power_on() == "slot-b"
    device.machine.wait_until_it_reboots()
    device.machine.configure({})
    assert device.machine.power_on() == "slot-a"
    device.node.wait_for_state(schedule, ["ROLLED_BACK"], 20)

    update = ["schedule", "update", "--source", url, "--sha256", image.sha256]
    message = device.refusal(REFUSED, *update)
    assert f"the image {image.sha256[:12]}… is quarantined: " in message
    assert "service" in message and "--force quarantine" in message
    device.expect_only_slot_b_written()
    device.expect_takes_an_update("--force", "quarantine")


def test_no_agent_at_the_socket(factory: Factory, tmp_path: Path) -> None:
    socket = tmp_path / "agent.sock"
    node = Node(["--socket", str(socket)], tmp_path / "osctl.log")
    for command in (["status"], ["health"], ["schedule", "list"], ["schedule", "watch"]):
        message = error_of(UNREACHABLE, node.run(*command))
        assert message.startswith(f"agent not running: cannot connect to {socket}: ")
        assert "matic-agent.service" in message
    socket.write_text("")
    assert "agent not running" in error_of(UNREACHABLE, node.run("status"))


def test_an_agent_that_was_stopped(device: Device) -> None:
    device.machine.power_off()
    message = error_of(UNREACHABLE, device.node.run("status"))
    assert message.startswith("agent not running: ")
    device.restart()
    device.expect_untouched()


def test_no_agent_at_the_port(factory: Factory, tmp_path: Path) -> None:
    pki = tmp_path / "pki"
    node = Node(["--node", f"{HERE}:1", "--pki", str(pki)], tmp_path / "osctl.log")
    message = error_of(UNREACHABLE, node.run("status"))
    assert message.startswith(f"no client certificate for {HERE}:1: ")
    assert str(pki) in message
    factory.issue_client("admin", pki)
    message = error_of(UNREACHABLE, node.run("status"))
    assert message.startswith(f"cannot reach {HERE}:1: ")


def test_a_node_without_a_name_is_not_this_machine(tmp_path: Path) -> None:
    asked = subprocess.run(
        [paths.OSCTL, "--node", "", "--socket", tmp_path / "agent.sock", "status"],
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert asked.returncode == USAGE
    assert "--node: is empty" in asked.stderr


def test_people_get_one_line(tmp_path: Path) -> None:
    done = subprocess.run(
        [paths.OSCTL, "--socket", tmp_path / "agent.sock", "status"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == UNREACHABLE
    assert done.stdout == ""
    assert done.stderr.startswith("osctl: agent not running: ")
    assert done.stderr.count("\n") == 1
