"""A real agent without root or a machine: plain files are what it works on."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

from harness import paths
from harness.node import Node
from harness.verdict import Failed, expect
from harness.waiting import wait_until

_STOP_SECONDS = 30  # as systemd gives it (TimeoutStopSec)
Settings = dict[str, dict[str, object]]  # by section of agent.yaml


class FileBackedAgent:
    """Started and ended by its methods; its state stays. What the machine is its heirs say."""

    def __init__(self, folder: Path, settings: Settings | None = None) -> None:
        """`settings` go over those that suit every test."""
        self._folder = folder
        self._config = folder / "agent.yaml"
        self._rebooting = folder / "rebooting"
        self._socket = folder / "agent.sock"
        self._agent: subprocess.Popen[bytes] | None = None
        self._settings = settings or {}
        self.environment: dict[str, str] = {}  # of the agent, beside the usual
        self.mounts = ""  # shell commands: what it alone finds mounted. Takes root
        self.configure({})
        self.node = Node(["--socket", str(self._socket)], folder / "osctl.log")

    def machine_config(self) -> dict[str, Any]:
        """The sections of agent.yaml that tell what the agent works on."""
        raise NotImplementedError

    def configure(self, settings: Settings) -> None:
        """From the agent's next start on: these over those that the machine was made with."""
        config = {**self._agent_config(), **self.machine_config()}
        for section, values in (*self._settings.items(), *settings.items()):
            config[section] = {**config.get(section, {}), **values}
        self._config.write_text(json.dumps(config, indent=2))

    def start_agent(self) -> None:
        """In the boot that is already under way."""
        mounts: list[str] = []
        if self.mounts:
            mounts = ["unshare", "--mount", "sh", "-ec", f'{self.mounts}\nexec "$@"', "sh"]
        with (self._folder / "agent.log").open("ab") as log:
            self._agent = subprocess.Popen(
                [
                    *mounts,
                    *("setpriv", "--pdeathsig", "KILL", "--"),
                    *(paths.AGENT, "--config", self._config),
                ],
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

    def boots(self) -> None:
        """A start begins: no reboot has been asked for in it."""
        self._rebooting.unlink(missing_ok=True)

    @property
    def asks_for_reboot(self) -> bool:
        return self._rebooting.exists()

    def wait_until_it_reboots(self, timeout: float = 20) -> None:
        """Until the agent asks for a reboot; then it is stopped as systemd would stop it."""

        def asks() -> bool:
            if not self.asks_for_reboot and (self._agent is None or self._agent.poll() is not None):
                raise Failed(f"the agent ended by itself ({self._folder / 'agent.log'})")
            return self.asks_for_reboot

        wait_until("the agent asks for a reboot", asks, timeout, 0.02)
        self.power_off()

    def power_off(self) -> None:
        if self._agent is not None:
            self._agent.terminate()
            try:
                self._agent.wait(_STOP_SECONDS)
            except subprocess.TimeoutExpired as error:
                self._agent.kill()
                self._agent.wait()
                raise Failed(f"the agent did not end within {_STOP_SECONDS} s of SIGTERM") from error
            finally:
                self._agent = None

    def killed_by(self) -> int:
        """The signal that ended an agent which nobody here has stopped."""
        expect(self._agent is not None, "no agent was started")
        code = self._agent.wait(_STOP_SECONDS)
        self._agent = None
        return -code

    def kill_agent(self) -> None:
        """Without a chance to put anything in order."""
        if self._agent is not None:
            self._agent.kill()
            self._agent.wait()
            self._agent = None

    def _agent_config(self) -> dict[str, Any]:
        return {
            "name": "file-backed",
            "state_dir": str(self._folder / "agent-state"),
            "reboot_command": ["touch", str(self._rebooting)],
            "api": {"socket": str(self._socket), "socket_group": "", "listen": ""},
            "metrics": {"listen": ""},  # several agents share this host
            "health": {
                "timeout_seconds": 30,
                "interval_seconds": 1,
                "retries": 3,
                "settle_seconds": 0,
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
