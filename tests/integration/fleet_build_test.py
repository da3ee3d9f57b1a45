"""The controller builds what Nix hosts are to run, and copies it to them through a real ssh."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from harness import paths
from harness.nix_file_machine import NixFileMachine
from ssh_server import SshServer

PATIENCE = 200


class Controller:
    """With the host's own store: sshd hands its place on to the nix-store that it starts."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "nas").mkdir()
        self.machine = NixFileMachine(folder / "nas")
        self.machine.power_on()
        (folder / "ssh").mkdir()
        self.ssh = SshServer(folder / "ssh")
        store = self.machine.host.environment
        with (folder / "ssh/sshd_config").open("a") as config:
            words = [f"{name}={store[name]}" for name in store if name.endswith("_DIR")]
            config.write(f"SetEnv {' '.join(words)}\n")
        self.ssh.start()
        self.describe(self.ssh.address(folder / "nas/agent.sock"))

    def describe(self, address: str) -> None:
        target = {"flake": str(self.machine.host.tree), "attribute": "lab"}
        (self.folder / "fleet.yaml").write_text(json.dumps({
            "name": "homelab", "machines": {"nas": {"address": address}},
            "groups": {"nix": {"machines": ["nas"], "target": target}},
            "settings": {"rebootDelay": "0s", "healthCheckTimeout": "30s"}}))

    def osctl(self, *arguments: str, code: int = 0) -> subprocess.CompletedProcess[str]:
        environment = {**os.environ, **self.machine.host.environment, "PATH": self.ssh.search_path(),
                       "MATIC_FLEET": str(self.folder / "fleet.yaml"),
                       "MATIC_FLEET_STATE": str(self.folder / "state")}
        done = subprocess.run([paths.OSCTL, "fleet", *arguments], env=environment, capture_output=True,
                              text=True, timeout=PATIENCE, check=False)
        assert done.returncode == code, done
        return done

    def close(self) -> None:
        self.machine.remove()
        self.ssh.kill()


@pytest.fixture
def controller(tmp_path: Path) -> Iterator[Controller]:
    made = Controller(tmp_path)
    yield made
    made.close()


def test_what_was_built_here_is_staged_and_activated_there(controller: Controller) -> None:
    host = controller.machine.host
    host.set(version="2")
    prepared = controller.osctl("update", "prepare", "--build-here", "--update-inputs")
    built = (controller.folder / "state/homelab.systems/lab").resolve()
    assert f"copy {built} to ssh://" in prepared.stderr
    assert "update the inputs of" in prepared.stderr
    assert "nas: prepared" in prepared.stdout, prepared
    assert controller.machine.node.running()["version"] == "24.05.1"
    # Whatever becomes of the tree meanwhile, it is what was built that is activated.
    host.set(version="3")
    controller.osctl("update", "execute")
    assert host.link("current-system") == built
    assert controller.machine.node.running()["version"] == "24.05.2"
    controller.osctl("update", "verify")


def test_nothing_is_staged_where_it_cannot_be_built_or_copied(controller: Controller) -> None:
    host = controller.machine.host
    host.set(version="2")
    shown = controller.osctl("update", "prepare", "--build-here", "--dry-run")
    assert "build" not in shown.stderr
    controller.ssh.log_in_with("other_key")
    refused = controller.osctl("update", "prepare", "--build-here", code=1)
    assert "copy /" in refused.stderr and "exited with" in refused.stderr, refused
    controller.ssh.log_in_with("user_key")
    host.set(**{"break": "build"})
    failed = controller.osctl("update", "prepare", "--build-here", code=1)
    assert "attribute 'services.app.port' is of the wrong type" in failed.stderr
    controller.describe("nas.lan")
    no_way = controller.osctl("update", "prepare", "--build-here", code=2)
    assert "give it an ssh:// address" in no_way.stderr
    assert controller.machine.node.call("schedule", "list")["schedules"] == []
