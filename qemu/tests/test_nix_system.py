"""A NixOS host of files (tests/fixtures/nix-system) does what a real one does, without root or a network."""

from __future__ import annotations

import fcntl
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from harness.nix_file_host import BUILT, FileHost


@pytest.fixture
def host(tmp_path: Path) -> Iterator[FileHost]:
    yield FileHost(tmp_path / "host")
    subprocess.run(["chmod", "-R", "u+w", tmp_path], check=True)  # the store is read-only


def test_a_new_host_runs_its_first_generation(host: FileHost) -> None:
    system = host.profile.resolve()
    assert (system / "nixos-version").read_text() == "24.05.1"
    assert host.link("booted-system") == host.link("current-system") == system
    assert host.entries() == [host.default_entry()] == ["nixos-generation-1.conf"]
    assert host.run("git", "status", "--porcelain").stdout == ""
    assert host.run("git", "rev-parse", "origin/main").returncode == 0


def test_each_generation_has_an_entry_with_its_own_kernel_and_init(host: FileHost) -> None:
    old = host.profile.resolve()
    host.set(version="2", kernel="6.6")
    new = host.make_generation()
    assert host.switch(new, "boot").returncode == 0
    assert host.default_entry() == "nixos-generation-2.conf"
    entry = (host.root / "boot/loader/entries/nixos-generation-2.conf").read_text()
    words = dict(line.split(maxsplit=1) for line in entry.splitlines())
    assert words["options"].startswith(f"init={new}/init ")
    for name in ("linux", "initrd"):
        inside = (new / {"linux": "kernel", "initrd": "initrd"}[name]).read_bytes()
        assert (host.root / f"boot{words[name]}").read_bytes() == inside
    assert (new / "kernel").resolve() != (old / "kernel").resolve()

    assert host.switch(old, "boot").returncode == 0
    assert host.default_entry() == "nixos-generation-1.conf"
    assert host.entries() == ["nixos-generation-1.conf", "nixos-generation-2.conf"]
    assert host.link("current-system") == old


def test_profiles_of_their_own_get_entries_and_what_is_gone_loses_them(host: FileHost) -> None:
    host.set(version="2", kernel="6.6")
    golden = host.make_generation("system-profiles/golden")
    assert host.switch(host.profile.resolve(), "boot").returncode == 0
    assert host.entries() == ["nixos-generation-1.conf", "nixos-golden-generation-1.conf"]
    assert host.default_entry() == "nixos-generation-1.conf"
    assert host.switch(golden, "boot").returncode == 0
    assert host.default_entry() == "nixos-golden-generation-1.conf"

    for link in host.profile.parent.glob("system-profiles/golden*"):
        link.unlink()
    assert host.switch(host.profile.resolve(), "boot").returncode == 0
    assert host.entries() == ["nixos-generation-1.conf"]
    assert len(list((host.root / "boot/EFI/nixos").iterdir())) == 2


@pytest.mark.parametrize(
    ("settings", "action", "code", "says", "runs_new"),
    [
        ({"version": "2"}, "test", 0, "", True),
        ({"break": "check"}, "check", 1, "Pre-switch checks failed", False),
        ({"break": "check"}, "test", 1, "Pre-switch checks failed", False),
        ({"break": "activation"}, "test", 2, 'snippet "users" failed', True),
        ({"break": "init-interface"}, "test", 100, "until you reboot", False),
        ({"exit_code": "4"}, "test", 4, "", True),
        ({"agent": "two"}, "dry-activate", 0, "restart the following units: matic-agent", False),
    ],
)
def test_switching_ends_as_the_configuration_says(
    host: FileHost, settings: dict[str, str], action: str, code: int, says: str, runs_new: bool
) -> None:
    old = host.profile.resolve()
    host.set(**settings)
    new = host.build()
    done = host.switch(new, action)
    assert (done.returncode, says in done.stdout + done.stderr) == (code, True)
    assert host.link("current-system") == (new if runs_new else old)
    assert host.link("booted-system") == old
    log = (host.root / "var/log/activations").read_text().splitlines()
    assert log[-1] == f"end {action} {new} {code}"


def test_a_build_that_fails_says_why(host: FileHost) -> None:
    host.set(**{"break": "build"})
    done = host.run("nix", "build", "--no-link", BUILT)
    assert done.returncode != 0
    assert "'services.app.port' is of the wrong type" in done.stderr


def test_one_switch_at_a_time(host: FileHost) -> None:
    with (host.root / "run/nixos/switch-to-configuration.lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        done = host.switch(host.profile.resolve(), "test")
    assert (done.returncode, done.stderr) == (1, "Could not acquire lock\n")


def test_the_release_is_taken_over_by_an_update_of_the_inputs(host: FileHost) -> None:
    (host.root / "srv/release/version").write_text("24.11\n")
    done = host.run("nix", "flake", "update")
    assert done.returncode == 0, done.stderr
    assert (host.build() / "nixos-version").read_text() == "24.11.1"
