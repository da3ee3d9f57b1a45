"""The units of fleets on a schedule, as far as they can be looked at without a systemd that runs."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest
from harness import paths

UNITS = paths.REPOSITORY / "osctl" / "systemd"
NAMES = ["everything", "security", "health-check", "cleanup"]


@pytest.fixture
def installed(tmp_path: Path) -> Path:
    """The units with an osctl that is there."""
    for unit in [*UNITS.glob("*.service"), *UNITS.glob("*.timer")]:
        text = unit.read_text().replace("/usr/bin/osctl", str(paths.OSCTL.resolve()))
        (tmp_path / unit.name).write_text(re.sub(r"^(User|Group)=.*$", r"\1=root", text, flags=re.MULTILINE))
    for name in NAMES:
        folder = tmp_path / f"osctl-fleet@{name}.timer.d"
        folder.mkdir()
        shutil.copy(UNITS / f"osctl-fleet@{name}.timer.conf", folder / "schedule.conf")
    return tmp_path


def test_systemd_finds_nothing_wrong_with_them(installed: Path) -> None:
    units = [installed / "osctl-fleet-resume.service"]
    for name in [*NAMES, "nightly"]:
        for kind in ("service", "timer"):
            (installed / f"osctl-fleet@{name}.{kind}").symlink_to(f"osctl-fleet@.{kind}")
            units.append(installed / f"osctl-fleet@{name}.{kind}")
    done = subprocess.run(["systemd-analyze", "verify", "--man=no", *units],
                          capture_output=True, text=True, check=False)
    ours = [line for line in done.stderr.splitlines() if "fleet" in line]
    assert (done.returncode, ours) == (0, []), done.stderr


@pytest.mark.parametrize("unit", ["osctl-fleet@.service", "osctl-fleet-resume.service"])
def test_they_may_do_little(unit: str) -> None:
    done = subprocess.run(["systemd-analyze", "security", "--offline=true", "--threshold=25", UNITS / unit],
                          capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("name", NAMES)
def test_what_a_name_calls_is_a_command(name: str) -> None:
    lines = (UNITS / f"fleet-{name}.env").read_text().splitlines()
    (arguments,) = (line.removeprefix("ARGUMENTS=") for line in lines if line.startswith("ARGUMENTS="))
    done = subprocess.run([paths.OSCTL, "fleet", *arguments.split(), "--help"],
                          capture_output=True, text=True, check=False)
    assert f"Usage: osctl fleet {arguments.split()[0]} " in done.stdout, done.stdout + done.stderr


@pytest.mark.parametrize("name", NAMES)
def test_each_name_has_a_time_of_its_own(name: str) -> None:
    lines = (UNITS / f"osctl-fleet@{name}.timer.conf").read_text().splitlines()
    empty, when = (line.removeprefix("OnCalendar=") for line in lines if line.startswith("OnCalendar="))
    assert empty == "", "else it would be a second time, besides that of all"
    subprocess.run(["systemd-analyze", "calendar", when], check=True, capture_output=True)


def test_both_services_are_confined_alike() -> None:
    def rules(unit: str) -> str:
        text = (UNITS / unit).read_text()
        return text[text.index("SyslogIdentifier="):].split("\n[Install]")[0].strip()

    assert rules("osctl-fleet@.service") == rules("osctl-fleet-resume.service")
