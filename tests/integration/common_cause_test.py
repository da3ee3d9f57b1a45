"""What sends a new system back fails in the old one as well: the cause is not in the image, and the
machine stays where it is."""

from __future__ import annotations

from pathlib import Path

from device import Device
from harness.file_backed import pack_tiny_image
from harness.node import FAILED, REFUSED, Json

CHECK = "required.d/20-upstream"
LEFT = f"slot-a fails {CHECK} as well, for which 2.0 was left: the cause is not in the update"


def upstream(device: Device) -> Path:
    """What both systems need, and neither holds."""
    there = device.folder / "upstream"
    there.touch()
    device.executable(
        f"health.d/{CHECK}", f"test -e {there} || {{ echo 'upstream is silent'; exit 1; }}"
    )
    return there


def roll_back_for_want_of(there: Path, device: Device) -> str:
    image = device.factory.update
    schedule = device.node.update_to(image, f"file://{image.path}")
    device.machine.wait_until_it_reboots()
    there.unlink()
    assert device.machine.power_on() == "slot-b"
    device.machine.wait_until_it_reboots()
    assert device.machine.power_on() == "slot-a"
    device.node.wait_for_state(schedule, ["ROLLED_BACK"], 20)
    return schedule


def common_cause(device: Device) -> Json:
    return device.node.poll(
        lambda: device.node.status().get("common_cause"), 30, "a common cause in the status"
    )


def kinds(device: Device) -> list[str]:
    events = device.node.call("history")["events"]
    return [e["kind"] for e in events if e["kind"].startswith("common-cause")]


def test_it_stays_says_so_and_takes_the_same_image_once_that_is_mended(device: Device) -> None:
    there = upstream(device)
    schedule = roll_back_for_want_of(there, device)
    cause = common_cause(device)
    assert (cause["runs"], cause["checks"], cause["version"]) == ("slot-a", [CHECK], "2.0")
    assert cause["schedule_id"] == schedule
    assert "upstream is silent" in cause["reason"]
    status = device.node.status()
    assert any(problem.startswith(LEFT) for problem in status["problems"])
    assert status["quarantined"] == []
    assert LEFT in device.node.schedule(schedule).reason
    assert kinds(device) == ["common-cause"]
    assert LEFT in device.node.run("status").stdout

    # Not again, and not to the other slot: neither now nor after a start.
    device.restart()
    assert common_cause(device) == cause
    assert not device.machine.asks_for_reboot
    device.machine.power_off()
    assert device.machine.power_on() == "slot-a"
    assert common_cause(device) == cause
    assert not device.machine.asks_for_reboot
    assert len(device.node.rollback_history()) == 1

    there.touch()
    device.node.call("health", "--refresh")
    status = device.node.status()
    assert "common_cause" not in status
    assert status["problems"] == []
    assert kinds(device) == ["common-cause-ended", "common-cause"]
    device.expect_takes_an_update()


def test_the_second_time_the_image_is_quarantined_all_the_same(device: Device) -> None:
    there = upstream(device)
    for _ in range(2):
        roll_back_for_want_of(there, device)
        common_cause(device)
        there.touch()
        device.node.call("health", "--refresh")
    image = device.factory.update
    assert device.node.status()["quarantined"] == [image.sha256]
    source = ("--source", f"file://{image.path}", "--sha256", image.sha256)
    assert "is quarantined" in device.refusal(REFUSED, "schedule", "update", *source)
    device.expect_takes_an_update("--force", "quarantine")


def test_another_image_is_taken_while_it_lasts(device: Device, tmp_path: Path) -> None:
    """It may be what mends it."""
    there = upstream(device)
    roll_back_for_want_of(there, device)
    common_cause(device)
    image = pack_tiny_image(tmp_path, "2.1")
    schedule = device.node.update_to(image, f"file://{image.path}")
    device.machine.wait_until_it_reboots()
    assert device.machine.power_on() == "slot-b"
    device.node.wait_for_state(schedule, ["COMPLETED"], 20)
    assert "common_cause" not in device.node.status()
    assert device.node.run("health").code == FAILED, "it is told, and nothing is done about it"


def test_a_system_that_fails_alone_is_to_blame(device: Device) -> None:
    facts = device.folder / "boot-facts.json"
    device.executable(f"health.d/{CHECK}", f"grep -q slot-a {facts} || exit 1")
    image = device.factory.update
    schedule = device.node.update_to(image, f"file://{image.path}")
    for slot in ("slot-b", "slot-a"):
        device.machine.wait_until_it_reboots()
        assert device.machine.power_on() == slot
    device.node.wait_for_state(schedule, ["ROLLED_BACK"], 20)
    rechecked = '"name": "idle"'
    state = device.folder / "agent-state/rollback_state.json"
    device.node.poll(lambda: rechecked in state.read_text() or None, 20, "the checks' end")
    status = device.node.status()
    assert "common_cause" not in status
    assert status["quarantined"] == [image.sha256]
