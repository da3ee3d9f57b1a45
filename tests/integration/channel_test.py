"""The real agent follows a signed channel; and refuses each attack on it, by name.

What the library refuses is tested beside it (tests/unit/lib/trust); here it is the program, over https.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from device import Device, Servers
from harness.https_server import Behaviour
from harness.node import UPDATE_FAILED, Schedule
from release_channel import Channel
from signer import make_root, osctl

HONEST = "2025-02-01T00:00:00Z"


@pytest.fixture
def channel(servers: Servers, keys: Path, tmp_path: Path) -> Channel:
    return Channel(servers, keys, tmp_path / "channel", tmp_path.name)


@pytest.fixture
def node(device: Device, keys: Path) -> Iterator[Device]:
    """Trusts two of two release keys."""
    root = make_root(keys, device.folder / "1.root.json")
    device.machine.configure({"trust": {"root": str(root), "product": "maticos"}})
    device.restart()
    yield device


def refusal(node: Device, channel: Channel) -> str:
    """Why an update from the channel failed; not a byte was written for it."""
    reason = failure(node, channel)
    node.expect_untouched()
    return reason


def failure(node: Device, channel: Channel) -> str:
    outcome = node.node.run("schedule", "update", "--source", channel.url, "--watch")
    assert outcome.code == UPDATE_FAILED, outcome
    schedule = Schedule.parse(outcome.objects[-1]["schedule"])
    assert schedule.state == "FAILED"
    return schedule.reason


def expect_update(node: Device, channel: Channel) -> None:
    """To 2.0, all the way."""
    answer = node.node.call("schedule", "update", "--source", channel.url)
    node.machine.wait_until_it_reboots()
    assert node.machine.power_on() == "slot-b"
    node.node.wait_for_state(answer["schedule"]["id"], ["COMPLETED"], 20)
    assert node.node.running()["version"] == "2.0"


def trust_state(node: Device) -> dict:
    return json.loads((node.folder / "agent-state/trust/state.json").read_text())


def expect_it_is_remembered(node: Device, channel: Channel, released: str) -> None:
    """Of a manifest that is verified, whatever becomes of its image."""
    channel.put(node.factory.update.path.name, node.factory.previous.path)
    assert "sha256 mismatch" in failure(node, channel)
    assert trust_state(node)["channels"]["stable"] == released


def test_a_configured_channel_is_followed_to_a_completed_update(
    node: Device, channel: Channel
) -> None:
    channel.release(node.factory.update)
    node.machine.configure({
        "trust": {"root": str(node.folder / "1.root.json"), "product": "maticos"},
        "channel": {"url": channel.url, "interval_seconds": 10, "jitter_seconds": 0},
    })
    node.machine.power_off()
    node.machine.start_agent()  # nobody asks for anything
    node.machine.wait_until_it_reboots()
    assert node.machine.power_on() == "slot-b"
    (schedule,) = node.node.call("schedule", "list")["schedules"]
    node.node.wait_for_state(schedule["id"], ["COMPLETED"], 20)
    assert schedule["requested_by"].startswith("channel https://")
    assert node.node.running()["version"] == "2.0"
    node.node.poll(lambda: trust_state(node)["version_floor"] == "2.0" or None, 20, "a raised floor")


def test_arbitrary_software(node: Device, channel: Channel) -> None:
    channel.release(node.factory.update, ("stranger", "root-1"))
    assert "signed by 0 of the 2 keys of root document 1" in refusal(node, channel)
    # An honest manifest, whose image somebody replaced.
    channel.release(node.factory.update)
    channel.put(node.factory.update.path.name, node.factory.previous.path)
    assert "sha256 mismatch" in failure(node, channel)
    node.expect_only_slot_b_written()


def test_downgrade(node: Device, channel: Channel) -> None:
    channel.release(node.factory.previous)
    assert "0.9 is older than 1.0" in refusal(node, channel)


def test_replay_of_an_older_release(node: Device, channel: Channel) -> None:
    document = channel.release(node.factory.update, released="2025-01-10T00:00:00Z")
    signatures = Path(f"{document}.sig")
    old = document.read_bytes(), signatures.read_bytes()
    channel.release(node.factory.update, released="2025-01-20T00:00:00Z")
    expect_it_is_remembered(node, channel, "2025-01-20T00:00:00Z")
    document.write_bytes(old[0])
    signatures.write_bytes(old[1])
    assert "had a manifest released at 2025-01-20T00:00:00Z before" in failure(node, channel)


def test_freeze(node: Device, channel: Channel) -> None:
    channel.release(node.factory.update, released="2020-01-01T00:00:00Z",
                    expires="2020-02-01T00:00:00Z")
    assert "expired at 2020-02-01T00:00:00Z" in refusal(node, channel)


def test_mix_and_match(node: Device, channel: Channel) -> None:
    # The document of one release with the signatures of another.
    channel.release(node.factory.running)
    signatures = (channel.folder / "stable.json.sig").read_bytes()
    document = channel.manifest(node.factory.update)
    Path(f"{document}.sig").write_bytes(signatures)
    channel.publish(document)
    assert "signed by 0 of the 2 keys" in refusal(node, channel)
    # What was released, but not to this channel, or not for these machines.
    channel.release(node.factory.update, channel="beta")
    assert "of the channel 'beta', and 'stable' is followed" in refusal(node, channel)
    channel.release(node.factory.update, product="other")
    assert "for the product 'other', and this machine is a 'maticos'" in refusal(node, channel)


def test_endless_data(node: Device, channel: Channel) -> None:
    document = channel.release(node.factory.update)
    channel.publish(document, Behaviour(endless=True, ranges=False))
    assert "stable.json: sends more than the 1048576 bytes that fit" in refusal(node, channel)


@pytest.mark.parametrize(("settings", "says"), [
    ({"low_speed_seconds": 1}, "stable.json: stalled: "),
    ({"low_speed_seconds": 60, "document_timeout_seconds": 2}, "it takes longer than 2 s"),
])
def test_slow_data(node: Device, channel: Channel, settings: dict, says: str) -> None:
    document = channel.release(node.factory.update)
    channel.publish(document, Behaviour(trickle=True))
    node.machine.configure({
        "trust": {"root": str(node.folder / "1.root.json"), "product": "maticos"},
        "download": settings,
    })
    node.restart()
    reason = refusal(node, channel)
    assert "given up after 2 attempts: " in reason and says in reason
    assert channel.requests("stable.json") == 2


def test_key_compromise_below_the_threshold(node: Device, channel: Channel) -> None:
    channel.release(node.factory.update, ("release-1", "release-1"))
    assert "signed by 1 of the 2 keys of root document 1, and it takes 2" in refusal(node, channel)


def test_fast_forward_is_undone_by_a_rotation_of_the_keys(
    node: Device, channel: Channel
) -> None:
    # Both release keys were stolen: the channel is moved on as far as the clock lets it.
    channel.release(node.factory.update, released="2025-06-01T00:00:00Z")
    expect_it_is_remembered(node, channel, "2025-06-01T00:00:00Z")
    channel.release(node.factory.update, released=HONEST)
    assert "had a manifest released at 2025-06-01T00:00:00Z before" in failure(node, channel)
    # The root keys name others; the state is that of a machine that has seen nothing of theirs.
    keys = channel.keys
    rotated = channel.folder / "2.root.json"
    osctl("root", "create", "--after", node.folder / "1.root.json", "--manifest-key",
          keys / "release-3.pub", "--manifest-threshold", 1, "--expires", "365d", "--out", rotated)
    for name in ("root-1", "root-2"):
        osctl("root", "sign", "--key", keys / name, rotated)
    channel.publish(rotated)
    assert "signed by 0 of the 1 keys of root document 2" in failure(node, channel)
    channel.release(node.factory.update, ("release-3",), released=HONEST)
    expect_update(node, channel)
    assert trust_state(node)["root_version"] == 2


def test_a_clock_that_was_never_set_opens_no_window(node: Device, channel: Channel) -> None:
    channel.release(node.factory.update, released=HONEST)
    expect_it_is_remembered(node, channel, HONEST)
    # What was verified last is later than what the clock says now.
    state = trust_state(node) | {"last_verified_time": "2180-01-01T00:00:00Z"}
    (node.folder / "agent-state/trust/state.json").write_text(json.dumps(state))
    source = ("schedule", "update", "--source", channel.url, "--window", "00:00-24:00")
    schedule = node.node.call(*source)["schedule"]["id"]
    waiting = node.node.wait_for(schedule, "a reason to wait",
                                 lambda now: "the clock says" in now.reason, 20)
    assert "which is past; waits for it to be set" in waiting.reason
    # And what expires before then has expired.
    node.node.call("schedule", "cancel", schedule)
    assert "root document 1 expired at" in failure(node, channel)
