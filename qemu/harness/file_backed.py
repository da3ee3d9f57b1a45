"""A machine without a machine: a real agent on a plain-file disk, and matic-bootsim as firmware."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import time
import uuid
from pathlib import Path
from typing import Any

from harness import local_osctl, paths
from harness.disk import Disk
from harness.images import Image
from harness.node import Node
from harness.verdict import Failed, expect

Settings = dict[str, dict[str, object]]  # by section of agent.yaml

_UNITS = ("matic-agent.service", "matic-deadline.service")


class FileBackedMachine:
    """Powered on and off by its methods; the disk and the agent's state stay."""

    def __init__(self, disk: Disk, folder: Path, settings: Settings | None = None) -> None:
        """`settings` go over those that suit every test."""
        self.disk = disk
        self._folder = folder
        self._config = folder / "agent.yaml"
        self._facts = folder / "boot-facts.json"
        self._rebooting = folder / "rebooting"
        self._socket = folder / "agent.sock"
        self._agent: subprocess.Popen[bytes] | None = None
        self._settings = settings or {}
        self.environment: dict[str, str] = {}  # of the agent, beside the usual
        self.configure({})
        self.node = Node(["--socket", str(self._socket)], folder / "osctl.log")

    def configure(self, settings: Settings) -> None:
        """From the agent's next start on: these over those that the machine was made with."""
        config = self._agent_config()
        for section, values in (*self._settings.items(), *settings.items()):
            config[section] = {**config.get(section, {}), **values}
        self._config.write_text(json.dumps(config, indent=2))

    def power_on(self, timeout: float = 20) -> str:
        """Starts what the firmware would; returns the slot, once its agent answers."""
        selected = subprocess.run(
            [paths.BOOTSIM, self.disk.path, "--consume"],
            capture_output=True,
            text=True,
            check=False,
        )
        expect(selected.returncode == 0, f"matic-bootsim: {selected.stderr.strip()}")
        slot = selected.stdout.strip()
        self._facts.write_text(json.dumps({"boot_id": str(uuid.uuid4()), "slot": slot}))
        self._rebooting.unlink(missing_ok=True)
        self.start_agent()
        self.node.wait_until_up(timeout)
        return slot

    def start_agent(self) -> None:
        """In the boot that is already under way."""
        with (self._folder / "agent.log").open("ab") as log:
            self._agent = subprocess.Popen(
                ["setpriv", "--pdeathsig", "KILL", "--", paths.AGENT, "--config", self._config],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env={**os.environ, **self.environment},
            )

    @property
    def agent_pid(self) -> int:
        """Of the agent that runs."""
        if self._agent is None or self._agent.poll() is not None:
            raise Failed("no agent runs")
        return self._agent.pid

    def wait_until_it_reboots(self, timeout: float = 20) -> None:
        """Until the agent asks for a reboot; then it is stopped as systemd would stop it."""
        deadline = time.monotonic() + timeout
        while not self._rebooting.exists():
            if self._agent is None or self._agent.poll() is not None:
                raise Failed(f"the agent ended by itself ({self._folder / 'agent.log'})")
            if time.monotonic() > deadline:
                raise Failed(f"the agent asked for no reboot within {timeout:.0f} s")
            time.sleep(0.02)
        self.power_off()

    def power_off(self) -> None:
        if self._agent is not None:
            self._agent.terminate()
            try:
                self._agent.wait(10)
            except subprocess.TimeoutExpired as error:
                self._agent.kill()
                self._agent.wait()
                raise Failed("the agent did not end within 10 s of SIGTERM") from error
            finally:
                self._agent = None

    def _agent_config(self) -> dict[str, Any]:
        return {
            "name": "file-backed",
            "state_dir": str(self._folder / "agent-state"),
            "disk": str(self.disk.path),
            "boot_facts": str(self._facts),
            "reboot_command": ["touch", str(self._rebooting)],
            "api": {"socket": str(self._socket), "socket_group": "", "listen": ""},
            "metrics": {"listen": ""},  # several agents share this host
            "download": {"file_dirs": ["/"]},  # a test's images are where its folder is
            "health": {
                "timeout_seconds": 30,
                "interval_seconds": 1,
                "retries": 3,
                # What concerns a whole machine is not judged here.
                "checks": {
                    "boot": {"min_uptime_seconds": 0},
                    "service": {"critical": False, "units": []},
                    "api": {"critical": False},
                    "scripts": {"dirs": [str(self._folder / "health.d")]},
                },
            },
            "hooks": {"dir": str(self._folder / "hooks"), "deadline_seconds": 20},
        }


def pack_tiny_image(folder: Path, version: str) -> Image:
    """A few kilobytes that a slot can hold and the boot policy takes for an image."""
    root = folder / "tiny-root"
    shutil.rmtree(root, ignore_errors=True)
    units = root / "usr/lib/systemd/system"
    wanted = root / "etc/systemd/system/multi-user.target.wants"
    for directory in (root / "usr/bin", units, wanted):
        directory.mkdir(parents=True)
    (root / "usr/bin/matic-agent").write_text("stands for the agent\n")
    (root / "usr/lib/os-release").write_text(f"ID=tiny\nIMAGE_ID=tiny\nIMAGE_VERSION={version}\n")
    for unit in _UNITS:
        (units / unit).write_text("[Service]\nExecStart=/bin/true\n")
        (wanted / unit).symlink_to(f"/usr/lib/systemd/system/{unit}")
    kernel = folder / "tiny-kernel"
    kernel.write_bytes(b"stands for a kernel\n" * 500)
    path = folder / f"tiny-{version}.squashfs"
    local_osctl.run(
        *("image", "pack", "--rootfs", root, "--kernel", kernel, "--initrd", kernel),
        *("--cmdline", "panic=10", "--version", version, "--out", path),
    )
    return Image.of(path, version)
