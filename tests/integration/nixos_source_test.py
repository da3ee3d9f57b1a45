"""Configurations of a NixOS host that cannot be built: nothing of the machine is changed, and the reason says why."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from cutting_proxy import CuttingProxy, free_port
from harness.nix_file_machine import NixFileMachine
from harness.waiting import wait_until


def configure(machine: NixFileMachine, **settings: object) -> None:
    machine.power_off()
    machine.configure({"nixos": settings})
    machine.start_agent()
    machine.node.wait_until_up(20)


def expect_untouched(machine: NixFileMachine, log: int) -> None:
    assert machine.host.activations()[log:] == []
    machine.expect_runs(machine.first)
    machine.expect_default(machine.first)
    assert list(machine.host.generations()) == [1]


def refused(machine: NixFileMachine, *options: str) -> str:
    """The reason of an update that changes nothing."""
    log = len(machine.host.activations())
    done = machine.update(*options, state="FAILED")
    expect_untouched(machine, log)
    return done.reason


def expect_takes_the_next(machine: NixFileMachine) -> None:
    machine.host.commit(version="good", **{"break": None})
    machine.update()
    new = machine.host.link("current-system")
    assert new.name.endswith("24.05.good")
    machine.expect_default(new)


def test_a_folder_that_is_not_there(nixos: NixFileMachine) -> None:
    missing = nixos.host.root / "srv/missing"
    reason = refused(nixos, "--flake", f"{missing}#lab")
    assert reason == f"build {missing}#lab: {missing}: No such file or directory"
    expect_takes_the_next(nixos)


def test_a_login_in_the_url_of_a_flake(nixos: NixFileMachine, tmp_path: Path) -> None:
    """It is told to nobody: neither is it logged, nor do programs get it as an argument."""
    log = len(nixos.host.activations())
    outcome = nixos.node.run(
        "schedule", "update", "--flake", "git+https://alice:geheim@h.invalid/repo?ref=main"
    )
    assert "netrc-file in nix.conf" in outcome.stderr
    expect_untouched(nixos, log)
    kept = [path for path in tmp_path.rglob("*") if path.suffix in (".log", ".jsonl")]
    assert any("h.invalid/repo?ref=main" in path.read_text() for path in kept)
    for path in kept:
        if path.name != "osctl.log":
            assert "geheim" not in path.read_text(), path


def test_a_folder_without_a_flake(nixos: NixFileMachine) -> None:
    empty = nixos.host.root / "srv/empty"
    empty.mkdir()
    reason = refused(nixos, "--flake", f"{empty}#lab")
    assert "flake.nix" in reason
    assert str(empty) in reason


def test_a_host_that_the_flake_does_not_have(nixos: NixFileMachine) -> None:
    reason = refused(nixos, "--flake", f"{nixos.host.tree}#other")
    assert "does not provide attribute" in reason
    assert 'nixosConfigurations."other"' in reason
    expect_takes_the_next(nixos)


def test_a_configuration_that_is_no_nix(nixos: NixFileMachine) -> None:
    author = nixos.host.author()
    (author / "system.nix").write_text("{ this is not\n")
    nixos.host.commit(version="2")
    reason = refused(nixos)
    assert "syntax error" in reason
    assert "system.nix" in reason


def test_a_build_that_fails(nixos: NixFileMachine) -> None:
    nixos.host.commit(version="2", **{"break": "build"})
    reason = refused(nixos)
    assert "attribute 'services.app.port' is of the wrong type" in reason
    expect_takes_the_next(nixos)


def test_a_build_that_does_not_end(nixos: NixFileMachine) -> None:
    configure(nixos, build_timeout_seconds=4)
    nixos.host.commit(version="2", **{"break": "hang"})
    reason = refused(nixos)
    assert "nix build was not done after 4 s, and ended" in reason
    assert "nixos-system-lab-24.05.2.drv" in reason
    root = str(nixos.host.root)
    hanging = subprocess.run(["pgrep", "--full", f"{root}.*sleep 100000"], check=False)
    assert hanging.returncode == 1
    expect_takes_the_next(nixos)


def test_a_system_that_cannot_be_switched_to(nixos: NixFileMachine) -> None:
    nixos.host.commit(version="2", **{"break": "no-switch"})
    reason = refused(nixos)
    assert "switch-to-configuration" in reason
    assert "24.05.2" in reason
    expect_takes_the_next(nixos)


@pytest.fixture
def served(nixos: NixFileMachine) -> Iterator[int]:
    """The port of a git server that has the machine's configuration."""
    port = free_port()
    server = subprocess.Popen(
        ["git", "daemon", "--export-all", "--reuseaddr", "--listen=127.0.0.1", f"--port={port}",
         f"--base-path={nixos.host.root}/srv"],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )
    address = f"git://127.0.0.1:{port}/config.git"
    wait_until("the git server answers",
               lambda: nixos.host.run("git", "ls-remote", address).returncode == 0)
    yield port
    server.terminate()
    server.wait()


@pytest.mark.parametrize("after", [0, 20, 400])
def test_a_network_that_goes_away_meanwhile(
    nixos: NixFileMachine, served: int, after: int
) -> None:
    """After so many bytes of what the server sends: its first words, its branches, its objects."""
    nixos.host.commit(version="2")
    before = nixos.host.do("git", "rev-parse", "HEAD")
    with CuttingProxy(served, after) as proxy:
        address = f"git://127.0.0.1:{proxy.port}/config.git"
        nixos.host.do("git", "remote", "set-url", "origin", address)
        reason = refused(nixos)
    assert f"fetch for {nixos.host.tree}: " in reason
    assert "fatal: " in reason
    assert nixos.host.do("git", "rev-parse", "HEAD") == before
    nixos.host.do("git", "remote", "set-url", "origin", f"git://127.0.0.1:{served}/config.git")
    expect_takes_the_next(nixos)


def test_an_input_that_cannot_be_fetched(nixos: NixFileMachine) -> None:
    release: Path = nixos.host.root / "srv/release"
    lock = (nixos.host.tree / "flake.lock").read_text()
    shutil.move(release, release.with_suffix(".away"))
    reason = refused(nixos, "--update-input", "release")
    assert "update the inputs of" in reason
    assert str(release) in reason
    assert (nixos.host.tree / "flake.lock").read_text() == lock
    assert nixos.host.do("git", "status", "--porcelain") == ""
    shutil.move(release.with_suffix(".away"), release)
    expect_takes_the_next(nixos)
