"""Configuration files in a folder beside the main one, and a running agent that reads them again."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
from pathlib import Path

from device import Device
from harness import paths


def drop_in(device: Device, name: str, text: str) -> Path:
    folder = device.folder / "agent.d"
    folder.mkdir(exist_ok=True)
    (folder / name).write_text(text)
    return folder / name


def log_of(device: Device) -> str:
    return (device.folder / "agent.log").read_text()


def reload(device: Device) -> str:
    """What the agent logs of it."""
    before = len(log_of(device))
    os.kill(device.machine.agent_pid, signal.SIGHUP)

    def told() -> str | None:
        text = log_of(device)[before:]
        return text if re.search("configuration (reloaded|was not reloaded).*\n", text) else None

    return device.node.poll(told, 20, "a log that tells of the reload")


def check_config(*arguments: object) -> subprocess.CompletedProcess[str]:
    command = [paths.AGENT, "--check-config", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=20)


def refusing_space() -> str:
    return "prechecks: {space: {min_mib: 1048576}}\n"


def blocked_by(device: Device) -> list[str]:
    image = device.factory.update
    source = ("--source", f"file://{image.path}", "--sha256", image.sha256)
    plan = json.loads(device.node.run("plan", *source).stdout)
    return [check["name"] for check in plan["checks"] if not check.get("passed", False)]


def test_check_config_tells_what_was_read(device: Device) -> None:
    first = drop_in(device, "10-a.yaml", "tries: 4\n")
    second = drop_in(device, "20-b.yaml", "tries: 5\n")
    other = drop_in(device, "README", "Not a configuration.\n")
    main = device.folder / "agent.yaml"
    outcome = check_config("--config", main)
    assert outcome.returncode == 0, outcome
    assert outcome.stdout.splitlines() == [
        f"read {main}",
        f"read {first}",
        f"read {second}",
        f"not read, its name does not end in .yaml: {other}",
        "the configuration is good",
    ]

    second.write_text("\nhealth:\n  retries: many\n")
    outcome = check_config("--config", main)
    assert (outcome.returncode, outcome.stdout) == (2, "")
    wrong = f"{second}:3: health.retries: must be a number from 1 to 1000, is 'many'"
    assert outcome.stderr == f"matic-agent: {wrong}\n"


def test_a_drop_in_counts_from_the_start(device: Device) -> None:
    assert device.node.status()["node_name"] == "file-backed"
    drop_in(device, "10-name.yaml", "name: of-the-drop-in\n")
    device.restart()
    assert device.node.status()["node_name"] == "of-the-drop-in"


def test_what_may_change_takes_effect_at_sighup(device: Device) -> None:
    assert blocked_by(device) == []
    drop_in(device, "10-space.yaml", refusing_space())
    pid = device.machine.agent_pid
    assert "in effect: prechecks.space.min_mib\n" in reload(device)
    assert device.machine.agent_pid == pid
    assert blocked_by(device) == ["space"]

    drop_in(device, "10-space.yaml", "")
    reload(device)
    assert blocked_by(device) == []
    assert device.node.status()["problems"] == []


def test_health_checks_of_the_next_round_are_the_new_ones(device: Device) -> None:
    drop_in(
        device, "10-health.yaml", "health: {checks: {tcp: [{address: '127.0.0.1:1', name: gone}]}}\n"
    )
    assert "in effect: health.checks.tcp\n" in reload(device)
    names = [check["name"] for check in device.node.call("health", "--refresh")["checks"]]
    assert [name for name in names if "gone" in name], names


def test_what_is_wrong_leaves_everything_as_it_was(device: Device) -> None:
    drop_in(device, "10-space.yaml", refusing_space())
    reload(device)
    drop_in(device, "10-space.yaml", "")
    bad = drop_in(device, "20-bad.yaml", "tires: 3\n")
    why = "the configuration was not reloaded, the one before holds: " f"{bad}:1: tires: no such key"
    assert why in reload(device)
    assert device.node.status()["problems"] == [why]
    assert blocked_by(device) == ["space"]  # not even the part that is good

    bad.unlink()
    reload(device)
    assert device.node.status()["problems"] == []
    assert blocked_by(device) == []


def test_what_needs_a_restart_is_named_until_it_is_taken_back(device: Device) -> None:
    change = drop_in(device, "10-name.yaml", "name: another\nlog: {level: debug}\n")
    told = reload(device)
    assert "in effect: log.level\n" in told
    assert "needs a restart: name\n" in device.node.poll(
        lambda: log_of(device) if "needs a restart" in log_of(device) else None, 5, "the rest"
    )
    assert device.node.status()["node_name"] == "file-backed"

    change.unlink()
    before = len(log_of(device))
    reload(device)
    assert "needs a restart" not in log_of(device)[before:]


def test_people_are_told_through_the_channels_that_were_added(device: Device) -> None:
    told = device.folder / "told"
    script = device.executable("tell", f'echo "$MATIC_EVENT" >> {told}')
    channel = f"{{name: ops, type: command, command: [{script}]}}"
    drop_in(device, "10-ops.yaml", f"notifications: {{channels: [{channel}]}}\n")
    assert "in effect: notifications.channels\n" in reload(device)
    device.update_failure("file:///gone", "0" * 64)
    device.node.poll(lambda: told.exists() and "update-failed\n" in told.read_text(), 20, "a message")


def test_downloads_go_by_the_new_settings(device: Device) -> None:
    why = device.update_failure("http://127.0.0.1:1/x", "0" * 64)
    drop_in(device, "10-https.yaml", "download: {allow_http: false}\n")
    assert "in effect: download.allow_http\n" in reload(device)
    refused = device.node.run(
        *("schedule", "update", "--source", "http://127.0.0.1:1/x", "--sha256", "0" * 64, "--watch")
    )
    assert refused.code != 0
    assert "allow_http" in refused.stdout + refused.stderr
    assert "allow_http" not in why
