"""What callers, servers and programs say that want more than they may: nothing of it is taken for ours."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest
from device import Device, Factory
from faulty_server import Exchange, FaultyServer
from harness import paths
from harness.node import USAGE

FORGED = "[2026-01-01 00:00:00.000] [matic-agent] [info] forged"
IN_DATA = re.compile("[\x00-\x08\x0b-\x1f\x7f]")
ESCAPES = re.compile("[\x00-\x08\x0b-\x1f\x7f\x80-\x9f\u202a-\u202e]")


@pytest.mark.parametrize("name", ["../evil", "/tmp/evil", "..", "a/../../evil", "."])
def test_a_hook_is_named_and_not_described_by_a_path(untouchable: Device, name: str) -> None:
    image = untouchable.factory.update
    update = ("schedule", "update", "--source", f"file://{image.path}", "--sha256", image.sha256)
    outcome = untouchable.node.run(*update, "--pre-hook", name)
    assert outcome.code not in (0,), outcome
    untouchable.expect_untouched()


@pytest.mark.parametrize(
    "source",
    ["https://h/os\r\nX-Evil: yes", "https://h/os\nHost: evil", "https://h/\x1b[2J",
     "https://h/os\x7f"],
)
def test_a_url_cannot_bring_headers_along(untouchable: Device, source: str) -> None:
    message = untouchable.refusal(
        USAGE, "schedule", "update", "--source", source, "--sha256", "0" * 64
    )
    assert "control character" in message
    untouchable.expect_untouched()


@pytest.mark.parametrize("path", ["/a%0d%0aX-Evil:%20yes", "/a%00", "/..%2f..%2fetc/shadow"])
def test_what_a_url_has_encoded_stays_encoded(
    untouchable: Device, factory: Factory, path: str
) -> None:
    with FaultyServer(factory.server / "server.pem", factory.server / "server.key") as server:
        server.publish(path, lambda exchange: exchange.head("404 Not Found", "Content-Length: 0"))
        untouchable.update_failure(server.base + path, factory.update.sha256)
        (request,) = server.exchanges(path)
        assert "x-evil" not in request.headers


def everything_told(device: Device) -> dict[str, str]:
    """All that a user or a file gets to hear; what is kept to be done is for root alone."""
    told = {"agent.log": (device.folder / "agent.log").read_text()}
    for command in (("status",), ("history",), ("schedule", "list"), ("health",)):
        told[f"json {command}"] = device.node.run(*command).stdout
        done = subprocess.run(
            [paths.OSCTL, "--socket", device.folder / "agent.sock", *command],
            capture_output=True, text=True, check=False,
        )
        told[f"text {command}"] = done.stdout + done.stderr
    for name in ("audit.jsonl", "history.jsonl"):
        kept = device.folder / "agent-state" / name
        told[name] = kept.read_text() if kept.exists() else ""
    return told


def test_no_secret_of_a_url_is_told(device: Device) -> None:
    agent, seen = device.machine.agent_pid, device.folder / "seen"
    # The hook itself, the agent, and whatever else it has started: who asks for the update is told
    # its secret on the command line, and is none of them.
    look = device.executable("hooks/pre.d/10-look", f"""
        for pid in {agent} $(ps -o pid= --ppid {agent}); do
          tr '\\0' '\\n' </proc/$pid/cmdline; tr '\\0' '\\n' </proc/$pid/environ
        done >{seen}.new
        env >>{seen}.new; mv {seen}.new {seen}; exit 1""")
    source = "https://alice:geheim@h.invalid/os.squashfs?token=5up3r"
    device.node.run("schedule", "update", "--source", source, "--sha256", "0" * 64)
    device.node.poll(lambda: seen.exists() or None, 20, "a hook")
    device.node.poll(lambda: device.node.call("schedule", "list")["schedules"][0]["state"]
                     == "SCHEDULE_STATE_FAILED" or None, 20, "its end")
    told = {**everything_told(device), "processes": seen.read_text()}
    assert "h.invalid/os.squashfs" in told["json ('schedule', 'list')"]
    assert str(look) in told["processes"].splitlines()
    assert "MATIC_SOURCE=https://h.invalid/os.squashfs?…" in told["processes"]
    for where, text in told.items():
        for word in ("geheim", "5up3r"):
            assert word not in text, where


@pytest.mark.parametrize("source", [
    "https://alice:ge/heim@h.invalid/os.squashfs", "https:/alice:geheim@h.invalid/os.squashfs",
    "alice:geheim@h.invalid/os.squashfs?token=5up3r", "ftp://alice:geheim@h.invalid/os#5up3r",
])
def test_nor_one_of_a_url_that_is_refused(untouchable: Device, source: str) -> None:
    """osctl takes some of them for a slip of the keyboard; what it takes for a flake, it sends."""
    message = untouchable.refusal(USAGE, "schedule", "update", "--flake", source)
    told = {**everything_told(untouchable), "message": message}
    assert "ScheduleUpdate" in told["audit.jsonl"]
    for where, text in told.items():
        for word in ("geheim", "5up3r", "heim@"):
            assert word not in text, where
    untouchable.expect_untouched()


def test_no_output_of_others_writes_our_log(device: Device, factory: Factory) -> None:
    evil = f"\\033[2J\\033]0;owned\\007red\\r\\n{FORGED}\\n\\302\\233 \\342\\200\\256gpj"
    device.executable("hooks/pre.d/10-evil", f"printf '{evil}'; exit 1")
    image = factory.update
    reason = device.update_failure(f"file://{image.path}", image.sha256)
    assert "forged" in reason  # it is told, and harmless
    (device.folder / "hooks/pre.d/10-evil").unlink()
    with FaultyServer(factory.server / "server.pem", factory.server / "server.key") as server:
        def answer(exchange: Exchange) -> None:
            exchange.head("200 OK", "Content-Length: 1", "Content-Encoding: \x1b[31mevil")
            exchange.body(b"x")

        device.update_failure(server.publish("/evil", answer), image.sha256)
    told = everything_told(device)
    assert "forged" in told["agent.log"]
    for where, text in told.items():
        escapes = IN_DATA if where.endswith(".jsonl") else ESCAPES
        assert not escapes.search(text), (where, escapes.search(text))
        assert not any(line.startswith(FORGED) for line in text.splitlines()), where
