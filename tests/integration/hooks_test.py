"""Programs around an update: before it they can stop it, afterwards they are told what came of it."""

from __future__ import annotations

from device import Device
from harness.node import UPDATE_FAILED


def hooks_in_history(device: Device) -> list[str]:
    events = device.node.call("history")["events"]
    return [event["summary"] for event in reversed(events) if event["kind"] == "hook"]


def say(device: Device, stage: str) -> None:
    """A hook of this stage that writes down what it was told."""
    device.executable(
        f"hooks/{stage}.d/10-say", f"env | grep ^MATIC_ | sort > {device.folder}/{stage}"
    )


def told(device: Device, stage: str) -> dict[str, str]:
    lines = (device.folder / stage).read_text().splitlines()
    return dict(line.split("=", 1) for line in lines)


def test_a_failing_pre_hook_stops_the_update_before_anything_is_touched(device: Device) -> None:
    device.executable("hooks/pre.d/20-backup", "echo 'no space left on /backup'; exit 3")
    ran = device.folder / "ran"
    device.executable("hooks/pre.d/30-never", f"touch {ran}")
    image = device.factory.update
    reason = device.update_failure(f"file://{image.path}", image.sha256)
    assert 'pre.d/20-backup exited with 3: "no space left on /backup"' in reason
    assert not ran.exists()
    device.expect_untouched()


def test_a_hook_that_ends_the_agent_is_not_run_for_ever(device: Device) -> None:
    ends = device.folder / "ends"
    device.executable("hooks/pre.d/10-deadly", f"kill -9 $PPID; echo once >> {ends}")
    image = device.factory.update
    schedule = device.node.update_to(image, f"file://{image.path}")
    for starts in range(1, 5):
        device.node.poll(
            lambda wanted=starts: (ends.exists() and len(ends.read_text().split()) == wanted) or None,
            20,
            f"the end of the agent's start {starts}",
        )
        device.machine.kill_agent()
        device.machine.start_agent()
    failed = device.node.wait_for_state(schedule, ["FAILED"], 20)
    assert failed.reason.startswith("interrupted while its pre-checks and hooks ran, 4 times")
    assert len(ends.read_text().split()) == 4
    device.expect_untouched()


def test_hooks_are_told_of_a_good_update(device: Device) -> None:
    say(device, "pre")
    say(device, "post")
    say(device, "rollback")
    device.executable("hooks/pre.d/20-tell.wanted", "exit 1")
    device.expect_takes_an_update()
    device.node.poll(lambda: (device.folder / "post").exists() or None, 20, "the post hook")
    image = device.factory.update
    before, after = told(device, "pre"), told(device, "post")
    assert before["MATIC_HOOK"] == "pre"
    assert before["MATIC_SOURCE"] == f"file://{image.path}"
    assert after["MATIC_HOOK"] == "post"
    assert after["MATIC_SCHEDULE_ID"] == before["MATIC_SCHEDULE_ID"]
    assert (after["MATIC_TARGET"], after["MATIC_VERSION"]) == ("slot-b", image.version)
    assert after["MATIC_PREVIOUS"] == "slot-a"
    assert after["MATIC_DIGEST"] == image.sha256
    assert not (device.folder / "rollback").exists()
    device.node.poll(lambda: len(hooks_in_history(device)) == 3 or None, 20, "the history")
    assert hooks_in_history(device) == [
        "pre.d/10-say passed",
        "pre.d/20-tell.wanted failed: exited with 1",
        "post.d/10-say passed",
    ]


def test_hooks_are_told_of_a_rollback(device: Device) -> None:
    say(device, "rollback")
    say(device, "post")
    facts = device.folder / "boot-facts.json"
    device.executable("health.d/required.d/10-a", f"grep -q slot-a {facts} || exit 9")
    image = device.factory.update
    schedule = device.node.update_to(image, f"file://{image.path}", "--enable-auto-rollback")
    device.machine.wait_until_it_reboots()
    assert device.machine.power_on() == "slot-b"
    device.machine.wait_until_it_reboots()
    assert device.machine.power_on() == "slot-a"
    device.node.wait_for_state(schedule, ["ROLLED_BACK"], 20)
    device.node.poll(lambda: (device.folder / "rollback").exists() or None, 20, "the hook")
    known = told(device, "rollback")
    assert known["MATIC_HOOK"] == "rollback"
    assert known["MATIC_SCHEDULE_ID"] == schedule
    assert known["MATIC_REASON"] == "health check failed: required.d/10-a: exited with 9"
    assert not (device.folder / "post").exists()


def test_a_schedule_names_hooks_that_the_machine_has(device: Device) -> None:
    image = device.factory.update
    said = device.folder / "said"
    device.executable("hooks/named.d/mine", f"echo $MATIC_HOOK >> {said}; exit 4")
    source = ("--source", f"file://{image.path}", "--sha256", image.sha256)
    outcome = device.node.run("schedule", "update", *source, "--pre-hook", "absent")
    assert outcome.code != 0
    assert "absent" in outcome.stderr
    outcome = device.node.run("schedule", "update", *source, "--pre-hook", "mine", "--watch")
    assert outcome.code == UPDATE_FAILED
    assert said.read_text() == "pre\n"
    device.expect_untouched()
