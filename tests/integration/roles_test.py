"""Who may do what, as certificates, sockets and revocation lists say; and what is kept of it."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from device import HERE, Device, Factory, error_of, issue_client, issue_server
from harness import local_osctl, paths
from harness.machine import free_port
from harness.node import DONE, UNREACHABLE, Json, Node, OsctlError

LOOKING = (
    ["status"],
    ["health"],
    ["schedule", "list"],
    ["rollback", "history"],
)
CHANGING = {
    "Reboot": ["reboot", "--reason", "because"],
    "TriggerRollback": ["rollback", "trigger"],
    "CancelSchedule": ["schedule", "cancel", "sched-20990101-001"],
    "ActivateUpdate": ["schedule", "activate", "sched-20990101-001"],
    "ScheduleUpdate": [
        *("schedule", "update", "--source", "file:///nowhere", "--sha256", "0" * 64),
    ],
}
# What osctl calls for a whole fleet alone: each in the order in which a run would, as JSON.
CALLED_BY_RUNS: dict[str, Json] = {
    "AcquireLease": {"fleet": "shop", "run": "run-1", "holder": "alice", "seconds": 10},
    "ReleaseLease": {"run": "run-1"},
    "StopRun": {"run": "run-1"},
}
CHANGING_METHODS = [*CHANGING, *CALLED_BY_RUNS]
NOBODY = 65534


class Fleet:
    """A device that is reached over TCP, and the authority that says by whom."""

    def __init__(self, factory: Factory, folder: Path) -> None:
        self.folder = folder
        self.authority = folder / "authority"
        local_osctl.run("pki", "init", "--dir", self.authority)
        self.pki = issue_server(self.authority, folder / "node-pki", HERE)
        self.port = free_port()
        api = {
            "socket": str(folder / "agent.sock"),
            "socket_group": "",
            "reader_socket_group": "",
            "listen": f"{HERE}:{self.port}",
            "pki_dirs": [str(self.pki)],
            "pki_check_seconds": 1,
        }
        self.device = Device(factory, folder, {"api": api})
        self.api = api

    def client(self, role: str, *options: str) -> Node:
        folder = issue_client(self.authority, role, self.folder / f"client-{role}", *options)
        return self.at(folder)

    def at(self, pki: Path) -> Node:
        return Node.remote(self.port, pki, self.folder / "osctl.log")

    def local(self, name: str) -> Node:
        return Node(["--socket", str(self.folder / name)], self.folder / "osctl.log")

    def call(self, target: str, pki: Path | None, method: str) -> Json:
        """The status of one of CALLED_BY_RUNS."""
        stubs = self.folder / "stubs"
        if not stubs.exists():
            stubs.mkdir()
            subprocess.run(
                ["protoc", "-I", paths.REPOSITORY / "proto", f"--python_out={stubs}",
                 f"--grpc_python_out={stubs}",
                 "--plugin=protoc-gen-grpc_python=/usr/bin/grpc_python_plugin",
                 "matic/v1/node.proto"],
                check=True,
            )
        # Debian's Python has Debian's gRPC, whatever comes first in PATH.
        done = subprocess.run(
            ["/usr/bin/python3", Path(__file__).parent / "call_node.py", target, pki or "",
             method, json.dumps(CALLED_BY_RUNS[method])],
            env={**os.environ, "PYTHONPATH": str(stubs)},
            capture_output=True, text=True, check=True, timeout=60,
        )
        status: Json = json.loads(done.stdout)
        return status

    def call_over_tcp(self, role: str, method: str) -> Json:
        return self.call(f"{HERE}:{self.port}", self.folder / f"client-{role}", method)

    def call_locally(self, socket: str, method: str) -> Json:
        return self.call(f"unix:{self.folder / socket}", None, method)

    def audit(self) -> list[Json]:
        file = self.folder / "agent-state" / "audit.jsonl"
        if not file.exists():
            return []
        return [json.loads(line) for line in file.read_text().splitlines()]

    def wait_for_problem(self, text: str) -> str:
        def told() -> str | None:
            problems: list[str] = self.device.node.status()["problems"]
            return next((problem for problem in problems if text in problem), None)

        return self.device.node.poll(told, 20, f"a problem with '{text}' in it")


@pytest.fixture
def fleet(factory: Factory, tmp_path: Path) -> Iterator[Fleet]:
    fleet = Fleet(factory, tmp_path)
    fleet.device.machine.power_on()
    yield fleet
    fleet.device.machine.power_off()


def until_refused(node: Node) -> str:
    """The message of the refusal that a change of the node's files leads to."""

    def refused() -> str | None:
        outcome = node.run("status")
        return None if outcome.code == DONE else error_of(UNREACHABLE, outcome)

    return node.poll(refused, 20, "a refusal")


def until_answered(node: Node) -> None:
    def answered() -> Any:
        try:
            return node.status()
        except OsctlError:
            return None

    node.poll(answered, 20, "an answer")


def test_every_method_that_changes_something_is_tried_here() -> None:
    rules = (paths.REPOSITORY / "agent" / "api" / "rules.cc").read_text()
    changing = re.findall(r'MethodRule\{"(\w+)", Role::\w+, true\}', rules)
    assert sorted(CHANGING_METHODS) == sorted(changing)


def test_a_reader_looks_and_changes_nothing(fleet: Fleet) -> None:
    reader = fleet.client("reader")
    for command in LOOKING:
        assert reader.run(*command).code == DONE, command
    refusal = f"reader reader ({HERE}) may not call {{}}: it takes the role operator"
    for method, command in CHANGING.items():
        assert error_of(UNREACHABLE, reader.run(*command)) == refusal.format(method)
    for method in CALLED_BY_RUNS:
        refused = {"code": "PERMISSION_DENIED", "details": refusal.format(method)}
        assert fleet.call_over_tcp("reader", method) == refused
    assert "lease" not in fleet.device.node.status()
    fleet.device.expect_untouched()
    denied = fleet.audit()
    assert [line["method"] for line in denied] == CHANGING_METHODS
    assert {(line["role"], line["result"]) for line in denied} == {("reader", "permission")}


@pytest.mark.parametrize("role", ["operator", "admin"])
def test_whoever_may_change_things_is_audited(fleet: Fleet, role: str) -> None:
    node = fleet.client(role)
    for command in (*LOOKING, *CHANGING.values()):
        assert node.run(*command).code != UNREACHABLE, command
    for method in CALLED_BY_RUNS:
        assert fleet.call_over_tcp(role, method)["code"] == "OK", method
    lines = {line["method"]: line for line in fleet.audit()}
    assert set(lines) == set(CHANGING_METHODS)
    issued = fleet.authority / "issued"
    for line in lines.values():
        assert (line["who"], line["role"], line["from"]) == (role, role, HERE)
        assert (issued / f"{line['certificate']}.pem").exists()
    assert lines["Reboot"]["request"] == 'reason: "because"'
    assert lines["Reboot"]["result"] == "done"
    assert lines["TriggerRollback"]["result"] == "done"
    assert lines["CancelSchedule"]["result"] == "not-found"


def test_whoever_is_nobody_is_refused(fleet: Fleet) -> None:
    other = fleet.folder / "other-authority"
    local_osctl.run("pki", "init", "--dir", other)
    stranger = issue_client(other, "admin", fleet.folder / "stranger")
    for ca in (other, fleet.authority):  # with and without trust in the node
        shutil.copy(ca / "ca.pem", stranger / "ca.pem")
        error_of(UNREACHABLE, fleet.at(stranger).run("status"))

    node_itself = fleet.folder / "node-as-client"
    shutil.copytree(fleet.pki, node_itself)
    for suffix in ("pem", "key"):
        (node_itself / f"server.{suffix}").rename(node_itself / f"client.{suffix}")
    error_of(UNREACHABLE, fleet.at(node_itself).run("status"))

    empty = fleet.folder / "empty"
    empty.mkdir()
    assert "no client certificate" in error_of(UNREACHABLE, fleet.at(empty).run("status"))
    fleet.device.expect_untouched()
    assert fleet.audit() == []


def test_a_lost_certificate_is_revoked_while_the_agent_runs(fleet: Fleet) -> None:
    admin, operator = fleet.client("admin"), fleet.client("operator")
    assert admin.run("status").code == DONE
    agent = fleet.device.machine.agent_pid

    local_osctl.run("pki", "revoke", "--dir", fleet.authority, "--name", "admin")
    shutil.copy(fleet.authority / "crl.pem", fleet.pki / "crl.pem")
    message = until_refused(admin)
    if message.startswith("cannot reach"):  # just while the port changes hands
        message = until_refused(admin)
    assert f"admin ({HERE}): the certificate " in message
    assert " was revoked at " in message
    assert fleet.device.machine.agent_pid == agent
    until_answered(operator)
    assert fleet.audit()[-1]["result"] == "permission"

    # Whoever gets another one is let in again.
    until_answered(fleet.client("admin", "--force"))


def test_a_revocation_outlives_the_list_that_it_was_on(fleet: Fleet) -> None:
    admin, operator = fleet.client("admin"), fleet.client("operator")
    list_of_node = fleet.pki / "crl.pem"
    local_osctl.run("pki", "revoke", "--dir", fleet.authority)
    older = (fleet.authority / "crl.pem").read_bytes()
    local_osctl.run("pki", "revoke", "--dir", fleet.authority, "--name", "admin")
    newer = (fleet.authority / "crl.pem").read_bytes()

    def refused() -> bool | None:  # also while the port changes hands, but not with this reason
        return " was revoked at " in error_of(UNREACHABLE, admin.run("status")) or None

    def expect_revoked(problem: str) -> None:
        fleet.wait_for_problem(f"crl.pem: the revocation list of CN=Matic authority is {problem}")
        admin.poll(refused, 20, "a refusal that says why")
        until_answered(operator)

    list_of_node.write_bytes(newer)
    until_refused(admin)
    list_of_node.unlink()
    expect_revoked("missing; the one of ")
    fleet.device.machine.power_off()
    fleet.device.machine.power_on()
    expect_revoked("missing; the one of ")
    list_of_node.write_bytes(older)
    expect_revoked("of ")
    list_of_node.write_bytes(newer)
    fleet.device.node.poll(lambda: not fleet.device.node.status()["problems"], 20, "no problem")

    # Who means it forgets the list that is in force, with the agent stopped.
    fleet.device.machine.power_off()
    (fleet.folder / "agent-state" / "revoked.pem").unlink()
    list_of_node.write_bytes(older)
    fleet.device.machine.power_on()
    until_answered(admin)


def test_a_revocation_list_that_cannot_be_used_changes_nothing(fleet: Fleet) -> None:
    reader = fleet.client("reader")
    other = fleet.folder / "other-authority"
    local_osctl.run("pki", "init", "--dir", other)
    local_osctl.run("pki", "revoke", "--dir", other)
    shutil.copy(other / "crl.pem", fleet.pki / "crl.pem")
    problem = fleet.wait_for_problem("crl.pem")
    assert "the certificates in use stay" in problem
    assert "signed by none of our authorities" in problem
    assert reader.run("status").code == DONE


def test_certificates_are_renewed_while_the_agent_runs(fleet: Fleet) -> None:
    reader = fleet.client("reader")
    agent = fleet.device.machine.agent_pid
    shutil.rmtree(fleet.authority)
    local_osctl.run("pki", "init", "--dir", fleet.authority)
    issue_server(fleet.authority, fleet.pki, HERE, "--force")
    assert "certificate" in until_refused(reader) or "reach" in until_refused(reader)
    until_answered(fleet.client("reader", "--force"))
    assert fleet.device.machine.agent_pid == agent


def test_a_certificate_that_ends_soon_is_a_problem(fleet: Fleet) -> None:
    issue_server(fleet.authority, fleet.pki, HERE, "--force", "--days", "7")
    fleet.wait_for_problem("the server's certificate expires at ")
    log = (fleet.folder / "agent.log").read_text()
    assert log.count("the server's certificate expires at ") == 1


def test_the_socket_for_readers(fleet: Fleet) -> None:
    reader, everything = fleet.local("reader.sock"), fleet.local("agent.sock")
    for command in LOOKING:
        assert reader.run(*command).code == DONE, command
    for method, command in CHANGING.items():
        message = error_of(UNREACHABLE, reader.run(*command))
        assert f"may not call {method}: it takes the role operator" in message
    for method in CALLED_BY_RUNS:
        refused = fleet.call_locally("reader.sock", method)
        assert refused["code"] == "PERMISSION_DENIED"
        assert f"may not call {method}: it takes the role operator" in refused["details"]
        assert fleet.call_locally("agent.sock", method)["code"] == "OK", method
    fleet.device.expect_untouched()
    assert everything.run("reboot").code == DONE
    last = fleet.audit()[-1]
    assert (last["method"], last["role"], last["result"]) == ("Reboot", "admin", "done")
    assert last["from"].startswith(f"unix socket, uid {os.getuid()}, pid ")


@pytest.mark.skipif(os.getuid() != 0, reason="only root can become somebody else")
def test_a_user_without_rights_looks_where_everybody_may(factory: Factory) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        shutil.copy(paths.OSCTL, folder / "osctl")
        fleet = Fleet(factory, folder)

        def as_nobody(*arguments: str) -> subprocess.CompletedProcess[str]:
            become = ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups", "--"]
            osctl = [folder / "osctl", "--output", "json", "--socket", folder / "agent.sock"]
            return subprocess.run(
                [*become, *osctl, *arguments], capture_output=True, text=True, check=False
            )

        fleet.device.machine.power_on()
        try:
            refused = as_nobody("status")
            assert refused.returncode == UNREACHABLE
            assert "not authorised: " in refused.stderr

            fleet.device.machine.configure(
                {"api": {**fleet.api, "reader_socket_mode": "0666"}}
            )
            fleet.device.restart()
            assert as_nobody("status").returncode == DONE
            refused = as_nobody("reboot")
            assert refused.returncode == UNREACHABLE
            assert "may not call Reboot" in refused.stderr
            assert fleet.audit()[-1]["from"].startswith(f"unix socket, uid {NOBODY}, pid ")
        finally:
            fleet.device.machine.power_off()
