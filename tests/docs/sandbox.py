"""A place in which the commands of a page are run one after another, with a node to talk to.

The node is a file-backed agent that reboots by itself. The names that the documents use stand for it:
its address, an image that it can take, and that image's digest.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import threading
from pathlib import Path

from device import HERE, Device, Factory, issue_client, issue_server
from harness import local_osctl, paths
from harness.machine import free_port
from pages import REPOSITORY

_COMMAND_SECONDS = 240  # the first build of a Go program
_REBOOTS = ("rollback trigger", " rollback ", "osctl reboot")


class Sandbox:
    def __init__(self, factory: Factory, folder: Path) -> None:
        self.folder = folder / "here"
        self.folder.mkdir()
        self._home = folder / "home"
        self._home.mkdir()
        self._bin = folder / "bin"
        self._bin.mkdir()
        self._update = factory.update
        authority = folder / "authority"
        local_osctl.run("pki", "init", "--dir", authority)
        self._client = issue_client(authority, "operator", folder / "operator")
        self._address = f"{HERE}:{free_port()}"
        node_pki = issue_server(authority, folder / "node-pki", HERE)
        socket = folder / "agent.sock"
        self._device = Device(factory, folder, {
            "api": {
                "socket": str(socket), "socket_group": "", "reader_socket_group": "",
                "listen": self._address, "pki_dirs": [str(node_pki)],
            },
        })
        self._boots = 0
        self._rebooting = False
        self._asked_to_reboot = self._device.folder / "rebooting"
        self._changed = threading.Condition()
        self._stop = False
        self._wrap_osctl(socket)
        self._furnish(factory)

    def __enter__(self) -> Sandbox:
        self._device.machine.power_on()
        self._firmware = threading.Thread(target=self._reboot_when_asked)
        self._firmware.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop = True
        self._firmware.join()
        self._device.machine.power_off()

    def run(self, command: str) -> None:
        """Fails with what the command said unless it ends well."""
        # A watch ends with the agent's first answer, which may be before the boot is counted.
        self._wait_until_it_is_up()
        before = self._boots
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", self.translate(command)],
            cwd=self.folder,
            env={
                **os.environ,
                "PATH": f"{self._bin}:{paths.PROGRAMS}:{os.environ['PATH']}",
                "HOME": str(self._home),
                "GOCACHE": str(paths.PROGRAMS.parent / "go-cache"),
                "GOFLAGS": "",
                "GOTOOLCHAIN": "local",
            },
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=_COMMAND_SECONDS,
            check=False,
        )
        assert done.returncode == 0, f"{command}: exit code {done.returncode}: {done.stderr}"
        if any(word in command for word in _REBOOTS) and "history" not in command:
            self._wait_for_reboot(before)

    def translate(self, command: str) -> str:
        """What the names in the documents stand for here."""
        for name, here in (
            ("edge-7.example.com:50051", self._address),
            ("--node edge-7.example.com", f"--node {self._address}"),
            ("--node 127.0.0.1 ", f"--node {self._address} "),
            ("MATIC_PKI=~/.config/matic/pki", f"MATIC_PKI={self._client}"),
            ("https://cdn.example.com/os-2.0.squashfs", f"file://{self._update.path}"),
            ("9f2c…", self._update.sha256),
            ("9f2c...", self._update.sha256),
        ):
            command = command.replace(name, here)
        return command

    def _furnish(self, factory: Factory) -> None:
        shutil.copy(factory.running.path, self.folder / "os-1.0.squashfs")
        # What images are packed of.
        shutil.copytree(factory.folder / "tiny-root", self.folder / "root", symlinks=True)
        for name in ("vmlinuz", "initrd.img"):
            shutil.copy(factory.folder / "tiny-kernel", self.folder / name)
        shutil.copy(self._update.path, self.folder / "os-2.0.squashfs")
        for name in ("proto", "examples"):
            shutil.copytree(REPOSITORY / name, self.folder / name)
        for number in (1, 2):
            secret = self._home / f".root-{number}.passphrase"
            secret.write_text(f"the passphrase of root-{number}\n")
            secret.chmod(0o600)

    def _wrap_osctl(self, socket: Path) -> None:
        wrapper = self._bin / "osctl"
        wrapper.write_text(
            '#!/bin/sh\ncase " $* " in\n'
            f'  *" --pki "*) exec {paths.OSCTL} "$@" ;;\n'
            f'  *" --node "*) exec {paths.OSCTL} --pki {self._client} "$@" ;;\n'
            f'  *) exec {paths.OSCTL} --socket {socket} "$@" ;;\n'
            "esac\n"
        )
        wrapper.chmod(0o755)

    def _reboot_when_asked(self) -> None:
        while not self._stop:
            if self._asked_to_reboot.exists():
                self._rebooting = True
                self._device.machine.power_off()
                self._device.machine.power_on()
                with self._changed:
                    self._boots += 1
                    self._rebooting = False
                    self._changed.notify_all()
            threading.Event().wait(0.05)

    def _wait_until_it_is_up(self) -> None:
        def up() -> bool:
            # In this order: the wish is gone only after the reboot has begun.
            return not self._asked_to_reboot.exists() and not self._rebooting

        with self._changed:
            assert self._changed.wait_for(up, 30), "the reboot did not end"

    def _wait_for_reboot(self, before: int) -> None:
        with self._changed:
            assert self._changed.wait_for(lambda: self._boots > before, 30), "no reboot came"
