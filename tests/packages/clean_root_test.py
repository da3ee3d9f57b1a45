"""The Debian packages in a clean Debian root: installed, upgraded, removed, installed again, purged.

One scenario, in the order of this file: each test goes on where the one before it ended. systemd does
not run in the root, so units are enabled there and not started.
"""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
BUILD = Path(os.environ["MATIC_BIN"]).parent
UNITS = ["multi-user.target.wants/matic-agent.service",
         "sysinit.target.wants/matic-deadline.service"]
# What a package manager, new groups and systemctl leave behind.
TRACES = ("/var/lib/dpkg/", "/var/log/", "/var/cache/", "/etc/group", "/etc/gshadow", "/etc/passwd",
          "/etc/shadow", "/etc/.pwd.lock", "/etc/ld.so.cache", "/run/systemd/")


class DebianRoot:
    def __init__(self, path: Path) -> None:
        self.path = path

    def run(self, *command: str) -> str:
        """Without a terminal or anything to answer a question with."""
        done = subprocess.run(
            ["unshare", "--pid", "--fork", f"--mount-proc={self.path}/proc", "chroot", self.path,
             "/usr/bin/env", "-i",
             "PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL=C", "DEBIAN_FRONTEND=noninteractive",
             *command], stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
        assert done.returncode == 0, f"{command}: {done.stdout}{done.stderr}"
        return done.stdout

    def install(self, packages: Path) -> None:
        names = []
        for package in sorted(packages.glob("*.deb")):
            shutil.copy(package, self.path / "tmp")
            names.append(f"/tmp/{package.name}")
        self.run("dpkg", "--install", *names)
        for name in names:
            self.file(name).unlink()
        assert self.run("dpkg", "--audit") == ""

    def version(self, package: str) -> str:
        return self.run("dpkg-query", "-W", "-f", "${Version}", package)

    def file(self, path: str) -> Path:
        return self.path / path.lstrip("/")

    def enabled(self) -> list[str]:
        return [unit for unit in UNITS if self.file(f"/etc/systemd/system/{unit}").is_symlink()]

    def all_paths(self) -> set[str]:
        found = set()
        for folder, folders, files in os.walk(self.path):
            for name in folders + files:
                found.add("/" + os.path.relpath(os.path.join(folder, name), self.path))
        return {path for path in found if not path.startswith(TRACES)}


def make_packages(folder: Path, *options: str) -> Path:
    subprocess.run([ROOT / "tools" / "package", "--build-dir", BUILD, "--out", folder, *options],
                   check=True)
    return folder


@pytest.fixture(scope="module")
def old(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_packages(tmp_path_factory.mktemp("old"))


@pytest.fixture(scope="module")
def new(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_packages(tmp_path_factory.mktemp("new"), "--version", "999.1")


@pytest.fixture(scope="module")
def debian(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DebianRoot]:
    if os.geteuid() != 0:
        pytest.skip("a Debian root is made and entered by root")
    tree = subprocess.run([ROOT / "image/debian/build", "--tree"], stdout=subprocess.PIPE, text=True,
                          check=True).stdout.strip()
    root = tmp_path_factory.mktemp("debian") / "root"
    subprocess.run(["cp", "-a", "--reflink=auto", f"{tree}/builder", root], check=True)
    # Images fix the group's number before; here the package has to make the group.
    debian = DebianRoot(root)
    debian.run("groupdel", "matic")
    yield debian
    shutil.rmtree(root)


@pytest.fixture(scope="module")
def before(debian: DebianRoot) -> set[str]:
    return debian.all_paths()


def test_installs(debian: DebianRoot, before: set[str], old: Path) -> None:
    assert before
    debian.install(old)
    assert debian.run("getent", "group", "matic").split(":")[2] == "120"
    assert debian.enabled() == UNITS
    assert stat.S_IMODE(debian.file("/var/lib/matic").stat().st_mode) == 0o750
    assert debian.run("getent", "passwd", "matic-fleet").split(":")[5] == "/var/lib/matic-fleet"
    assert "matic" in debian.run("id", "-nG", "matic-fleet").split()
    assert stat.S_IMODE(debian.file("/var/lib/matic-fleet").stat().st_mode) == 0o700
    for unit in ("osctl-fleet@nightly.timer", "osctl-fleet-resume.service"):
        assert list(debian.file("/etc/systemd/system").glob(f"*/{unit}")) == []
    assert debian.version("matic-agent") == debian.version("osctl") < "999"


def test_the_programs_find_their_libraries_and_their_settings(debian: DebianRoot) -> None:
    assert debian.run("matic-agent", "--version").startswith("matic-agent ")
    assert debian.run("osctl", "--version").startswith("osctl ")
    assert "is good" in debian.run("matic-agent", "--check-config")
    assert "not found" not in debian.run("ldd", "/usr/lib/matic/matic-deadline")
    debian.run("systemd-analyze", "verify", "--man=no", "matic-agent.service",
               "matic-deadline.service")
    debian.run("systemd-analyze", "verify", "--man=no", "osctl-fleet@everything.timer",
               "osctl-fleet@nightly.service", "osctl-fleet-resume.service")


def test_an_upgrade_asks_nothing_and_keeps_what_was_changed(debian: DebianRoot, new: Path) -> None:
    settings = debian.file("/etc/matic/agent.yaml")
    settings.write_text("name: edge-7\n")
    debian.file("/var/lib/matic/kept").write_text("state")
    debian.run("systemctl", "disable", "matic-agent.service")
    debian.install(new)
    assert debian.version("matic-agent") == "999.1"
    assert settings.read_text() == "name: edge-7\n"
    assert debian.file("/var/lib/matic/kept").read_text() == "state"
    assert debian.enabled() == UNITS[1:]
    debian.run("systemctl", "enable", "matic-agent.service")


def test_a_timer_that_was_enabled_brings_the_resuming_unit_along(debian: DebianRoot) -> None:
    debian.run("systemctl", "enable", "osctl-fleet@nightly.timer")
    wanted = debian.file("/etc/systemd/system")
    assert (wanted / "timers.target.wants/osctl-fleet@nightly.timer").is_symlink()
    assert (wanted / "multi-user.target.wants/osctl-fleet-resume.service").is_symlink()


def test_a_removal_keeps_settings_and_state(debian: DebianRoot) -> None:
    debian.run("dpkg", "--remove", "matic-agent", "osctl")
    for program in ("/usr/bin/matic-agent", "/usr/bin/osctl", "/usr/lib/matic",
                    "/usr/lib/systemd/system/matic-agent.service"):
        assert not debian.file(program).exists()
    assert debian.file("/etc/matic/agent.yaml").read_text() == "name: edge-7\n"
    assert debian.file("/var/lib/matic/kept").read_text() == "state"


def test_installed_again_it_goes_on(debian: DebianRoot, new: Path) -> None:
    debian.install(new)
    assert debian.enabled() == UNITS
    assert not debian.file("/etc/systemd/system/matic-agent.service").is_symlink()
    assert debian.file("/etc/matic/agent.yaml").read_text() == "name: edge-7\n"


def test_a_purge_leaves_nothing(debian: DebianRoot, before: set[str]) -> None:
    debian.run("dpkg", "--purge", "matic-agent", "osctl")
    assert debian.all_paths() - before == set()
    assert before - debian.all_paths() == set()
