"""What runs have left behind is cleared away, and a machine is logged in to with the system's ssh."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from simulated_fleet import SimulatedFleet


@pytest.fixture
def fleet(tmp_path: Path) -> Iterator[SimulatedFleet]:
    with SimulatedFleet(tmp_path, 2, "--sockets", "--stage-ms", "100", "--reboot-ms", "100") as made:
        yield made


def cleaned(fleet: SimulatedFleet, *arguments: object) -> dict[str, str]:
    done = json.loads(fleet.osctl("cleanup", *arguments, "--output", "json").stdout)
    return {machine["name"]: machine["text"] for machine in done["machines"]}


def test_what_was_staged_and_never_activated_is_discarded(fleet: SimulatedFleet) -> None:
    fleet.osctl("update", "prepare")
    assert cleaned(fleet) == {"web-1": "", "web-2": ""}, "prepared today"
    would = cleaned(fleet, "--staged-days", 0, "--dry-run")
    assert all("would be discarded" in text for text in would.values()), would
    assert {row["phase"] for row in fleet.status()["machines"]} == {"Staged"}
    only = cleaned(fleet, "--staged-days", 0, "--machine", "web-1")
    assert "is discarded" in only["web-1"]
    assert [row["phase"] for row in fleet.status()["machines"]] == ["", "Staged"]


def test_a_machine_that_is_off_is_told(fleet: SimulatedFleet) -> None:
    fleet.order("web-2=offline")
    told = fleet.osctl("cleanup", "--output", "json", code=3)
    assert [machine["failed"] for machine in json.loads(told.stdout)["machines"]] == [False, True]


def test_ssh_is_called_as_the_fleet_has_it(fleet: SimulatedFleet, tmp_path: Path) -> None:
    (tmp_path / "fleet.yaml").write_text(
        "machines:\n  nas: {host: nas.lan, user: root, port: 2222}\n"
        "  web: {address: web.lan}\n  me: {self: true}\n"
    )
    programs = tmp_path / "programs"
    programs.mkdir()
    (programs / "ssh").write_text('#!/bin/sh\nprintf "%s|" "$@"\nexit 9\n')
    (programs / "ssh").chmod(0o755)
    fleet.environment["PATH"] = f"{programs}:{fleet.environment['PATH']}"
    called = fleet.osctl("ssh", "nas", "--", "uptime", "-p", code=9)
    assert called.stdout == "-p2222|--|root@nas.lan|uptime|-p|"
    shown = json.loads(fleet.osctl("ssh", "web", "--dry-run", "--output", "json").stdout)
    assert shown["command"] == ["ssh", "--", "web.lan"]
    assert "is this machine" in fleet.osctl("ssh", "me", code=2).stderr
    assert "no machine 'nobody'" in fleet.osctl("ssh", "nobody", code=2).stderr
