"""A machine that runs a NixOS host of files: a real agent, with stand-ins for systemd and firmware."""

from __future__ import annotations

import fnmatch
import os
import shutil
import signal
import subprocess
import uuid
from pathlib import Path
from typing import Any

from harness import paths
from harness.file_backed_agent import FileBackedAgent, Settings
from harness.nix_file_host import FileHost
from harness.node import ENDED, Schedule
from harness.verdict import Failed, expect
from harness.waiting import wait_until

_PROGRAMS = paths.REPOSITORY / "tests/fixtures/nix-system/programs"
_VARIABLE = "sys/firmware/efi/efivars/{}-4a67b082-0a4c-41cf-b6c7-440b29bb8c4f"
_ONE_SHOT = _VARIABLE.format("LoaderEntryOneShot")
_LOADER_INFO = _VARIABLE.format("LoaderInfo")


class NixFileMachine(FileBackedAgent):
    """Powered on and off by its methods; what lies on its disk stays."""

    def __init__(self, folder: Path, settings: Settings | None = None) -> None:
        self.host = FileHost(folder / "host")
        self.first = self.host.profile.resolve()  # the system it comes with
        root = self.host.root
        shutil.copytree(_PROGRAMS, root / "programs")
        (root / "units").mkdir()
        super().__init__(folder, settings)
        self.environment = {
            **self.host.environment,
            "PATH": f"{root / 'programs'}:{os.environ['PATH']}",
        }
        health = folder / "health.d/required.d/app"
        health.parent.mkdir(parents=True)
        health.write_text(
            f"#!/bin/sh\n[ ! -e {folder}/sick/$(cat {root}/run/current-system/nixos-version) ] ||"
            ' { echo "app: lost its database"; exit 1; }\n'
        )
        health.chmod(0o755)
        (folder / "sick").mkdir()

    def machine_config(self) -> dict[str, Any]:
        root = self.host.root
        return {
            "name": "lab",
            "backend": "nixos",
            "nixos": {"host_root": str(root), "flake": f"{self.host.tree}#lab"},
        }

    def power_on(self, timeout: float = 20) -> Path:
        """Starts what systemd-boot would; returns that system, once its agent answers."""
        root = self.host.root
        shutil.rmtree(root / "run/nixos", ignore_errors=True)
        system = self._choose()
        link = root / "run/booted-system"
        link.unlink()
        link.symlink_to(system)
        self.host.run(system / "activate")
        self._log(f"start boot {system}")
        boot_id = root / "proc/sys/kernel/random/boot_id"
        boot_id.parent.mkdir(parents=True, exist_ok=True)
        boot_id.write_text(f"{uuid.uuid4()}\n")
        self.boots()
        self.start_agent()
        self.node.wait_until_up(timeout)
        return system

    def reboot(self, timeout: float = 60) -> Path:
        """Once the agent asks for it; returns what is started then."""
        self.wait_until_it_reboots(timeout)
        self._end_units()
        return self.power_on()

    def lose_power(self) -> None:
        self.kill_agent()
        self._end_units()
        self._end_what_is_held()

    def lose_agent(self) -> None:
        """Killed with all that runs in its unit; what runs in units of their own goes on."""
        self.kill_agent()
        self._end_what_is_held()

    # Holding what is under way.

    def hold(self, pattern: str) -> None:
        """What would write such a line to the activation log, or call bootctl so, waits from now on."""
        (self.host.root / "hold").write_text(pattern)

    def wait_until_held(self, timeout: float = 60) -> None:
        held = self.host.root / "held"
        wait_until("something is held", lambda: held.exists() and held.read_text() != "", timeout, 0.02)

    def wait_until_logged(self, pattern: str, timeout: float = 60) -> None:
        """Such a line of the activation log."""
        log = self.host.root / "var/log/activations"

        def logged() -> bool:
            return any(fnmatch.fnmatch(line, pattern) for line in log.read_text().splitlines())

        wait_until(f"{pattern} is logged", logged, timeout, 0.02)

    def let_go(self) -> None:
        (self.host.root / "hold").unlink()

    # What an update comes to.

    def make_sick(self, version: str, *, sick: bool = True) -> None:
        """Its health check fails."""
        mark = self._folder / "sick" / version
        if sick:
            mark.touch()
        else:
            mark.unlink()

    def schedule(self, *options: str) -> str:
        answer = self.node.call("schedule", "update", "--enable-auto-rollback", *options)
        return str(answer["schedule"]["id"])

    def update(self, *options: str, state: str = "COMPLETED", timeout: float = 90) -> Schedule:
        """One that takes no reboot, to its end."""
        return self.node.wait_for_state(self.schedule(*options), [state], timeout)

    def settle(self, schedule: str, timeout: float = 90) -> Schedule:
        """Its end, through the reboots that the agent asks for."""

        def ended() -> Schedule | None:
            if self.asks_for_reboot:
                self.reboot()
            now = self.node.schedule(schedule)
            return now if now.state in ENDED else None

        return self.node.poll(ended, timeout, f"the end of {schedule}")

    def expect_runs(self, system: Path, booted: Path | None = None) -> None:
        host = self.host
        found = (host.link("current-system"), host.link("booted-system"))
        expect(found == (system, booted or system), f"current and booted system: {found}")
        running = self.node.running()
        expect(running["device"] == str(system), f"the agent takes {running} for what runs")

    def expect_default(self, system: Path) -> None:
        """Profile and boot loader agree, and nothing else is started once."""
        found = (self.host.profile.resolve(), self.host.default())
        expect(found == (system, system), f"profile and boot loader name {found}, not {system}")
        expect(self.starts_once() is None, f"{self.starts_once()} would be started once")

    def starts_once(self) -> str | None:
        """The entry that the boot loader is told to start next, and not again."""
        variable = self.host.root / _ONE_SHOT
        if not variable.exists():
            return None
        return variable.read_bytes()[4:].decode("utf-16-le").rstrip("\0")

    def _choose(self) -> Path:
        once, default = self.starts_once(), self.host.default_entry()
        (self.host.root / _ONE_SHOT).unlink(missing_ok=True)
        info = self.host.root / _LOADER_INFO
        info.parent.mkdir(parents=True, exist_ok=True)
        info.write_bytes(b"\6\0\0\0" + "systemd-boot 255\0".encode("utf-16-le"))
        for entry in (once, default):
            if entry is None or not (self.host.root / "boot/loader/entries" / entry).exists():
                continue
            if not self.host.panics(entry):
                return self.host.started_by(entry)
            self._log(f"panic {entry}")
        raise Failed(f"the machine starts neither {once} nor {default}")

    def _end_units(self) -> None:
        for unit in (self.host.root / "units").iterdir():
            try:
                os.killpg(int((unit / "pid").read_text()), signal.SIGKILL)
            except ProcessLookupError:
                pass
            shutil.rmtree(unit)

    def _end_what_is_held(self) -> None:
        root = self.host.root
        held = root / "held"
        pid = held.read_text().strip()
        (root / "lost").touch()
        wait_until("what is held ends", lambda: not Path("/proc", pid).exists())
        for path in (root / "hold", root / "lost", held):
            path.unlink(missing_ok=True)

    def _log(self, line: str) -> None:
        with (self.host.root / "var/log/activations").open("a") as log:
            log.write(f"{line}\n")

    def remove(self) -> None:
        """Ends what runs. The store is read-only, so pytest could not remove it."""
        self.kill_agent()
        self._end_units()
        subprocess.run(["chmod", "-R", "u+w", self._folder], check=True)
