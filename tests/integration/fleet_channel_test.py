"""Real agents of a fleet follow a signed channel: each verifies it, whatever the others say."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from device import Factory, Servers
from fleet_agents_test import Fleet
from harness.file_backed import pack_tiny_image
from release_channel import Channel
from signer import make_root
from simulated_fleet import SimulatedFleet

LIED = "6" * 64


@pytest.fixture
def channel(servers: Servers, keys: Path, factory: Factory, tmp_path: Path) -> Channel:
    made = Channel(servers, keys, tmp_path / "channel", tmp_path.name)
    made.release(factory.update)
    return made


@pytest.fixture
def fleet(factory: Factory, keys: Path, tmp_path: Path) -> Iterator[Fleet]:
    made = Fleet(factory, tmp_path, ["web-1", "web-2"])
    for device in made.devices.values():
        root = make_root(keys, device.folder / "1.root.json")
        device.machine.configure({"trust": {"root": str(root), "product": "maticos"}})
        device.restart()
    yield made
    made.close()


def follow(fleet: Fleet, channel: Channel, liar: str = "") -> None:
    fleet.write()
    file = fleet.folder / "fleet.yaml"
    described = json.loads(file.read_text())
    web = described["groups"]["all"]
    web["target"] = {"channel": channel.url}
    if liar:
        described["machines"] = {"liar": {"address": liar}, **described["machines"]}
        web["machines"] = list(described["machines"])
    file.write_text(json.dumps(described))


def newest(fleet: Fleet, name: str) -> dict:
    return fleet.devices[name].node.call("schedule", "list")["schedules"][0]


def test_each_machine_takes_the_channel_itself(fleet: Fleet, channel: Channel) -> None:
    follow(fleet, channel)
    run = fleet.osctl("run")
    assert run.returncode == 0, run
    assert fleet.versions() == {"web-1": "2.0", "web-2": "2.0"}
    for name in fleet.devices:
        schedule = newest(fleet, name)
        assert (schedule["source"], schedule["sha256"]) == (channel.url, fleet.factory.update.sha256)


def test_a_machine_that_lies_chooses_nothing(fleet: Fleet, channel: Channel, tmp_path: Path) -> None:
    with SimulatedFleet(tmp_path / "simulated", 1, "--sockets") as simulated:
        simulated.order("web-1=lies")
        follow(fleet, channel, simulated.told["nodes"][0]["address"])
        run = fleet.osctl("run", "--output", "json")
        assert run.returncode == 4, run
        end = json.loads(run.stdout.splitlines()[-1])
        assert simulated.digests() == {"web-1": LIED}
    # The first of the others that fails ends the run.
    assert any(f"{LIED} was asked for" in machine["reason"] for machine in end["machines"]), end
    assert fleet.versions() == {"web-1": "1.0", "web-2": "1.0"}


def test_a_channel_that_moves_on_is_not_followed(fleet: Fleet, channel: Channel, tmp_path: Path) -> None:
    follow(fleet, channel)
    fleet.run_until_killed_at("web-1: updated")
    channel.release(pack_tiny_image(tmp_path, "3.0"))
    run = fleet.osctl("run", "--resume")
    assert run.returncode == 4, run
    assert f"{fleet.factory.update.sha256} was asked for" in run.stdout, run
    assert fleet.versions() == {"web-1": "2.0", "web-2": "1.0"}
    again = fleet.osctl("run")
    assert again.returncode == 0, again
    assert fleet.versions() == {"web-1": "3.0", "web-2": "3.0"}


def test_a_channel_that_cannot_be_read_pins_nothing(fleet: Fleet, channel: Channel) -> None:
    follow(fleet, channel)
    (channel.folder / "stable.json.sig").write_text('{"signatures": []}')
    channel.publish(channel.folder / "stable.json")
    run = fleet.osctl("run")
    assert run.returncode != 0, run
    assert "as machine 'web-1' sees it: " in run.stderr, run
    assert "signed by 0 of the 2 keys" in run.stderr, run
    assert fleet.devices["web-1"].node.call("schedule", "list").get("schedules", []) == []
