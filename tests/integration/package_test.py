"""What is in the Debian packages, without installing them."""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
BUILD = Path(os.environ["MATIC_BIN"]).parent
NAMES = ["matic-agent", "osctl"]
VERSION = "9.1~rc1-2"


def output(*arguments: str | Path) -> str:
    return subprocess.run(arguments, capture_output=True, text=True, check=True).stdout


@dataclass(frozen=True)
class Package:
    path: Path

    def field(self, name: str) -> str:
        return output("dpkg-deb", "--field", self.path, name).strip()

    def modes(self) -> dict[str, str]:
        """Files, without their compression, and "mode owner" of each."""
        modes = {}
        for line in output("dpkg-deb", "--contents", self.path).splitlines():
            mode, owner, _, _, _, name = line.split(maxsplit=5)
            if not mode.startswith("d"):
                modes[name.removeprefix(".").removesuffix(".gz")] = f"{mode} {owner}"
        return modes


def build(folder: Path) -> dict[str, Package]:
    output(ROOT / "tools" / "package", "--build-dir", BUILD, "--out", folder,
           "--version", VERSION)
    return {path.name.partition("_")[0]: Package(path) for path in folder.glob("*.deb")}


@pytest.fixture(scope="module")
def packages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Package]:
    return build(tmp_path_factory.mktemp("packages"))


def test_hold_each_installed_file_once(packages: dict[str, Package], tmp_path: Path) -> None:
    subprocess.run(["cmake", "--install", BUILD, "--prefix", "/usr"], check=True,
                   stdout=subprocess.DEVNULL, env={**os.environ, "DESTDIR": str(tmp_path)})
    installed = sorted("/" + str(path.relative_to(tmp_path))
                       for path in tmp_path.rglob("*") if not path.is_dir())
    packaged = sorted(name for package in packages.values() for name in package.modes()
                      if not name.startswith("/usr/share/doc/"))
    assert packaged == installed


def test_have_what_each_is_for(packages: dict[str, Package]) -> None:
    assert sorted(packages) == NAMES
    agent, osctl = (packages[name].modes() for name in NAMES)
    for path in ("/usr/bin/matic-agent", "/usr/lib/matic/matic-deadline"):
        assert agent[path] == "-rwxr-xr-x root/root"
    for path in ("/etc/matic/agent.yaml", "/usr/lib/systemd/system/matic-agent.service",
                 "/usr/lib/sysusers.d/matic.conf", "/usr/share/man/man8/matic-agent.8",
                 "/usr/share/bash-completion/completions/matic-agent"):
        assert agent[path] == "-rw-r--r-- root/root"
    assert osctl["/usr/bin/osctl"] == "-rwxr-xr-x root/root"
    assert any(name.startswith("/usr/lib/matic/matic-boot") for name in osctl)
    for path in ("/usr/share/zsh/vendor-completions/_osctl", "/usr/share/doc/osctl/copyright",
                 "/usr/share/fish/vendor_completions.d/osctl.fish", "/usr/share/man/man1/osctl.1",
                 "/usr/share/man/man5/fleet.yaml.5", "/usr/share/man/man8/osctl-fleet.8",
                 "/usr/lib/systemd/system/osctl-fleet@.timer",
                 "/usr/lib/systemd/system/osctl-fleet@everything.timer.d/schedule.conf",
                 "/usr/lib/sysusers.d/osctl-fleet.conf", "/usr/share/matic/fleet-alerts.yml", "/etc/osctl/fleet-everything.env"):
        assert osctl[path] == "-rw-r--r-- root/root"


def test_say_what_they_need(packages: dict[str, Package]) -> None:
    agent, osctl = (packages[name] for name in NAMES)
    for package in (agent, osctl):
        assert package.field("Maintainer") == "Matic maintainers <maintainers@matic.example>"
        assert package.field("Version") == VERSION
        assert package.field("Section") == "admin"
        assert "libc6 (>=" in package.field("Depends")
        assert len(package.field("Description").splitlines()) > 2
    assert agent.field("Depends").startswith("systemd, ")
    assert "libcurl4" in agent.field("Depends")
    assert output("dpkg-deb", "--info", agent.path, "conffiles").strip() == "/etc/matic/agent.yaml"
    kept = output("dpkg-deb", "--info", osctl.path, "conffiles").split()
    assert kept == [name for name in sorted(osctl.modes()) if name.startswith("/etc/")]


def test_are_the_same_bytes_again(packages: dict[str, Package], tmp_path: Path) -> None:
    again = build(tmp_path)
    for name in NAMES:
        assert again[name].path.read_bytes() == packages[name].path.read_bytes()


@pytest.mark.parametrize("version", ["v1", "1 2", "1-2-", "../1"])
def test_refuse_what_is_no_version(version: str, tmp_path: Path) -> None:
    done = subprocess.run([ROOT / "tools" / "package", "--version", version, "--out", tmp_path / "x"],
                          capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert f"'{version}' is not a Debian version" in done.stderr
    assert not (tmp_path / "x").exists()
