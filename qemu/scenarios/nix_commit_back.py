"""Edits by hand and new inputs are committed and pushed once they are confirmed."""

from __future__ import annotations

from harness import nix_host
from harness.lab import Lab
from harness.machine import BOOT_SECONDS
from harness.nix_host import NixHost
from harness.verdict import expect, expect_equal

_OWNER = "keeper"


def run(lab: Lab) -> None:
    disk = lab.nix_disk(
        nix_host.settings(commit={"enabled": True}, pull={"on_failure": "use-local"})
    )
    host = NixHost.power_on(lab, disk)
    # Debian lets only that group ask the daemon of Nix.
    host.run(f"useradd --create-home --groups nix-users {_OWNER}")
    host.run(f"chown --recursive {_OWNER}: /etc/nixos /srv/config.git")
    _confirmed(lab, host)
    _left_again(lab, host)
    _without_a_remote(lab, host)
    expect_equal(
        host.run(f"find /etc/nixos /srv/config.git ! -user {_OWNER}"), "", "files of others"
    )


def _confirmed(lab: Lab, host: NixHost) -> None:
    host.edit(version="2", owner=_OWNER)
    host.run("echo 24.11 >/srv/release/version")
    host.expect_update("COMPLETED", "--update-input", "release")
    host.expect_runs("24.11.2", booted="24.05.1")
    expect(_pushed(host).startswith("chore(lab): auto-update "), f"the commit: {_pushed(host)}")
    expect_equal(
        host.run("git --git-dir /srv/config.git show --format= --name-only main").split(),
        ["flake.lock", "settings/version"],
        "files of the commit",
    )
    expect_equal(_status(host), "", "git status")
    lab.say(f"pushed: {_pushed(host)}")


def _left_again(lab: Lab, host: NixHost) -> None:
    before = _pushed(host)
    host.edit(version="3", **{"break": "health"}, owner=_OWNER)
    host.expect_update("ROLLED_BACK")
    expect_equal(_pushed(host), before, "the remote's last commit")
    expect("settings/break" in _status(host), "the edit that failed is gone")
    lab.say("what was left again is not committed, and is there to be mended")
    host.edit(**{"break": None}, owner=_OWNER)


def _without_a_remote(lab: Lab, host: NixHost) -> None:
    before = _pushed(host)
    host.run("mv /srv/config.git /srv/config.away")
    host.edit(version="4", owner=_OWNER)
    host.expect_update("COMPLETED")
    host.expect_runs("24.11.4", booted="24.05.1")
    host.run("mv /srv/config.away /srv/config.git")
    expect_equal(_pushed(host), before, "the remote's last commit")
    host.edit(version="5", owner=_OWNER)
    host.expect_update("COMPLETED", timeout=nix_host.UPDATE_SECONDS + BOOT_SECONDS)
    expect_equal(
        host.run("git --git-dir /srv/config.git show main:settings/version"), "5", "what was pushed"
    )
    lab.say("what could not be pushed is pushed with the next update")


def _pushed(host: NixHost) -> str:
    return host.run("git --git-dir /srv/config.git log -1 --format=%s main")


def _status(host: NixHost) -> str:
    as_owner = f"setpriv --reuid={_OWNER} --regid={_OWNER} --init-groups"
    return host.run(f"{as_owner} git -C /etc/nixos status --porcelain")
