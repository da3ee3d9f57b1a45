"""The clients of docs/api/health-and-rollback.md, against a real agent over mutual TLS."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from clients import Client, build
from device import HERE, Device, Factory, issue_client, issue_server
from harness import local_osctl
from harness.machine import free_port

DONE, FAILED, UNREACHABLE, UPDATE_FAILED, ROLLED_BACK, REFUSED = 0, 1, 3, 4, 5, 6


class Node:
    """A device that listens on TCP, and the authority that says to whom."""

    def __init__(self, factory: Factory, folder: Path) -> None:
        self._folder = folder
        self._authority = folder / "authority"
        local_osctl.run("pki", "init", "--dir", self._authority)
        self.address = f"{HERE}:{free_port()}"
        pki = issue_server(self._authority, folder / "node-pki", HERE)
        self.device = Device(factory, folder, {
            "api": {
                "socket": str(folder / "agent.sock"), "socket_group": "",
                "reader_socket_group": "", "listen": self.address, "pki_dirs": [str(pki)],
            },
            "health": {"checks": {
                "boot": {"min_uptime_seconds": 0},
                "service": {"critical": False, "units": []},
                "network": {"enabled": False},
                "scripts": {"dirs": [str(folder / "health.d")]},
            }},
        })
        self.machine = self.device.machine

    def pki(self, role: str) -> Path:
        folder = self._folder / f"client-{role}"
        return folder if folder.exists() else issue_client(self._authority, role, folder)

    def health_script(self, body: str) -> None:
        self.device.executable("health.d/required.d/10-shop", body)


@pytest.fixture
def node(factory: Factory, tmp_path: Path) -> Iterator[Node]:
    node = Node(factory, tmp_path)
    node.machine.power_on()
    yield node
    node.machine.power_off()


@pytest.fixture(scope="module", params=["bash", "python", "go"])
def client(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Client:
    return build(request.param, tmp_path_factory.mktemp(request.param))


def outcome(client: Client, node: Node, role: str, *arguments: str) -> tuple[int, str, str]:
    process = client.start(node.address, node.pki(role), *arguments)
    output, errors = process.communicate(timeout=60)
    return process.returncode, output, errors


def test_health_is_shown_check_by_check(client: Client, node: Node) -> None:
    code, output, errors = outcome(client, node, "reader", "health")
    assert (code, errors) == (DONE, "")
    lines = output.splitlines()
    assert lines[0] == "HEALTHY"
    assert any(line.startswith("api: PASSED ") for line in lines[1:]), output

    node.health_script("echo the shop is closed; exit 1")
    code, output, errors = outcome(client, node, "reader", "health")
    assert (code, errors) == (FAILED, "")
    assert output.startswith("UNHEALTHY\n")
    assert any("FAILED" in line and "the shop is closed" in line for line in output.splitlines())


def test_a_rollback_is_started_and_waited_for(client: Client, node: Node) -> None:
    going_back = client.start(node.address, node.pki("operator"), "rollback", "slow since 1.0")
    node.machine.wait_until_it_reboots()
    assert node.machine.power_on() == "slot-b"
    output, errors = going_back.communicate(timeout=60)
    assert (going_back.returncode, errors) == (DONE, "")
    first, second, record = output.splitlines()
    assert first == "rolling back from slot-a to slot-b"
    assert second == "runs slot-b"
    assert record.endswith(" ROLLBACK_KIND_MANUAL: slow since 1.0")
    assert node.device.node.running()["version"] == "0.9"


def test_an_update_that_is_rolled_back_is_followed_through_both_reboots(
    client: Client, node: Node
) -> None:
    # Well before the update, and not on the new system.
    node.health_script(f"! grep -q '\"slot\": \"slot-b\"' {node.device.folder}/boot-facts.json")
    image = node.device.factory.update
    followed = node.device.folder / "followed"
    node.device.executable("hooks/pre.d/10-wait", f"while ! test -e {followed}; do sleep 0.1; done")
    schedule = node.device.node.update_to(image, f"file://{image.path}")
    following = client.start(node.address, node.pki("reader"), "follow", schedule)
    assert following.stdout is not None
    assert "PHASE_CHECKING" in following.stdout.readline()
    followed.touch()
    node.machine.wait_until_it_reboots()
    assert node.machine.power_on() == "slot-b"
    node.machine.wait_until_it_reboots()
    assert node.machine.power_on() == "slot-a"
    output, errors = following.communicate(timeout=60)
    assert following.returncode == ROLLED_BACK, (output, errors)
    last = output.splitlines()[-1]
    assert last.startswith("ROLLED_BACK ") and "10-shop" in last


def test_who_may_only_look_is_told_so(client: Client, node: Node) -> None:
    code, output, errors = outcome(client, node, "reader", "rollback", "because")
    assert (code, output) == (UNREACHABLE, "")
    assert errors == (
        f"not authorised: reader reader ({HERE}) may not call TriggerRollback: "
        "it takes the role operator\n"
    )
    node.device.expect_untouched()


def test_a_refusal_is_told(client: Client, node: Node) -> None:
    assert node.device.node.run("schedule", "list").objects[0]["schedules"] == []
    code, _, errors = outcome(client, node, "reader", "follow", "sched-20990101-001")
    assert code == FAILED
    assert "not-found" in errors


def test_a_node_that_is_off_is_told(client: Client, node: Node) -> None:
    node.machine.power_off()
    code, output, errors = outcome(client, node, "reader", "health")
    assert (code, output) == (UNREACHABLE, "")
    assert "cannot reach the node: " in errors
