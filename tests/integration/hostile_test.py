"""Local users, callers and servers that want more than they may: what they try, and what is left."""

from __future__ import annotations

import contextlib
import json
import os
import re
import resource
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from device import HERE, Device, Factory
from faulty_server import Exchange, FaultyServer
from harness import paths
from harness.machine import free_port
from harness.node import DONE, USAGE, Node

NOBODY = 65534
BY_OTHERS = "can be changed by others than root"
FORGED = "[2026-01-01 00:00:00.000] [matic-agent] [info] forged"
IN_DATA = re.compile("[\x00-\x08\x0b-\x1f\x7f]")
ESCAPES = re.compile("[\x00-\x08\x0b-\x1f\x7f\x80-\x9f\u202a-\u202e]")

as_root = pytest.mark.skipif(os.getuid() != 0, reason="only root can give files away")


def start_fails(device: Device) -> str:
    """What an agent says that does not start; nothing was touched."""
    done = subprocess.run(
        [paths.AGENT, "--config", device.folder / "agent.yaml"],
        capture_output=True, text=True, check=False, timeout=20,
    )
    assert done.returncode == 1, done
    return done.stderr


@pytest.fixture
def off(factory: Factory, tmp_path: Path) -> Iterator[Device]:
    """Below a folder that others may enter, and not powered on."""
    folder = tmp_path / "machine"
    folder.mkdir()
    yield Device(factory, folder)


def widen(path: Path) -> None:
    path.chmod(path.stat().st_mode | 0o002)


def give_away(path: Path) -> None:
    os.chown(path, NOBODY, NOBODY)


@as_root
@pytest.mark.parametrize("what", ["agent.yaml", ".", "agent.d", "agent.d/50-site.yaml"])
@pytest.mark.parametrize("change", [widen, give_away])
def test_a_configuration_that_others_can_change_is_not_followed(
    off: Device, what: str, change: object
) -> None:
    drop_in = off.folder / "agent.d" / "50-site.yaml"
    drop_in.parent.mkdir()
    drop_in.write_text("log: {level: info}\n")
    change(off.folder / what)
    said = start_fails(off)
    assert BY_OTHERS in said
    assert str((off.folder / what).resolve()) in said


def test_nor_is_one_that_was_opened_while_the_agent_runs(device: Device) -> None:
    widen(device.folder / "agent.yaml")
    os.kill(device.machine.agent_pid, 1)
    log = device.folder / "agent.log"
    device.node.poll(lambda: BY_OTHERS in log.read_text() or None, 20, "a refused reload")
    (problem,) = device.node.status()["problems"]
    assert BY_OTHERS in problem


def open_program(device: Device) -> tuple[Path, Path]:
    """A program that others can change, and the file that tells that it was run."""
    ran = device.folder / "ran"
    program = device.executable("open", f"touch {ran}")
    widen(program)
    return program, ran


@pytest.mark.parametrize("section", ["hooks", "prechecks"])
def test_no_command_is_run_that_others_can_change(off: Device, section: str) -> None:
    program, ran = open_program(off)
    settings, told = {
        "hooks": ({"pre": [{"command": [str(program)]}]}, "pre hook command "),
        "prechecks": ({"backup": {"command": [str(program)]}}, "the backup's command: "),
    }[section]
    off.machine.configure({section: settings})
    off.machine.power_on()
    image = off.factory.update
    reason = off.update_failure(f"file://{image.path}", image.sha256)
    assert told in reason
    assert f"{program} {BY_OTHERS}: chmod go-w it" in reason
    assert not ran.exists()
    off.machine.power_off()


def test_nor_is_one_that_tells_people_or_reboots(off: Device) -> None:
    program, ran = open_program(off)
    off.machine.configure({
        "notifications": {
            "channels": [{"name": "siren", "type": "command", "command": [str(program)]}],
        },
    })
    config = off.folder / "agent.yaml"
    config.write_text(json.dumps(
        {**json.loads(config.read_text()), "reboot_command": [program.name]}
    ))
    tried = subprocess.run(
        [paths.AGENT, "--config", config, "--test-notification"],
        capture_output=True, text=True, check=False, timeout=20,
    )
    assert tried.stdout == f"siren: run {program}: {program} {BY_OTHERS}: chmod go-w it\n"
    assert tried.returncode == 1

    off.machine.environment["PATH"] = f"{off.folder}{os.pathsep}{os.environ['PATH']}"
    off.machine.power_on()
    off.node.run("reboot", "--reason", "because")

    def told() -> str | None:
        problems: list[str] = off.node.status()["problems"]
        return next((problem for problem in problems if BY_OTHERS in problem), None)

    problem = off.node.poll(told, 20, "a refused reboot")
    assert f"reboot: run {program.name}: {program} {BY_OTHERS}: chmod go-w it" in problem
    assert not ran.exists()
    off.machine.power_off()


def move_socket(device: Device, path: Path) -> None:
    device.machine.configure({"api": {"socket": str(path)}})


def test_a_folder_that_others_can_change_is_no_place_for_the_socket(off: Device) -> None:
    run = off.folder / "run"
    run.mkdir()
    widen(run)
    move_socket(off, run / "agent.sock")
    assert f"the folder {run} {BY_OTHERS}" in start_fails(off)
    assert list(run.iterdir()) == []


@pytest.mark.parametrize("kind", ["listening", "file", "link", "folder"])
def test_what_is_at_the_place_of_the_socket_stays(off: Device, kind: str) -> None:
    place, victim = off.folder / "agent.sock", off.folder / "victim"
    victim.write_text("precious")
    with socket.socket(socket.AF_UNIX) as other:
        if kind == "listening":
            other.bind(str(place))
            other.listen()
        elif kind == "file":
            place.write_text("precious")
        elif kind == "link":
            place.symlink_to(victim)
        else:
            place.mkdir()
        said = start_fails(off)
        assert str(place) in said
        assert ("another agent answers" if kind == "listening" else "is no socket") in said
    assert place.is_symlink() == (kind == "link")
    assert victim.read_text() == "precious"


def test_the_sockets_are_for_whom_they_are_for(device: Device) -> None:
    for name in ("agent.sock", "reader.sock"):
        assert (device.folder / name).stat().st_mode & 0o7777 == 0o660


def test_the_state_is_closed_to_others(off: Device) -> None:
    """What others have left there under names that the agent writes next leads it nowhere."""
    state, victim = off.folder / "agent-state", off.folder / "victim"
    state.mkdir()
    state.chmod(0o777)
    victim.write_text("precious")
    for name in ("rollback_state.json", "update-schedule.json", "partial.json", "metrics.json"):
        (state / f".{name}.new").symlink_to(victim)
    lines = ("history.jsonl", "audit.jsonl")
    for name in lines:
        (state / name).symlink_to(victim)
    off.machine.power_on()
    off.expect_takes_an_update()
    off.node.run("reboot")
    problems = off.node.status()["problems"]
    for name in lines:
        where = f"append to {state / name}: it is a link, which is not followed"
        assert any(where in problem for problem in problems), name
    off.machine.power_off()
    assert victim.read_text() == "precious"
    assert (state / "rollback_state.json").is_file()
    assert state.stat().st_mode & 0o022 == 0
    kept = [path for path in state.rglob("*") if path.is_file() and not path.is_symlink()]
    assert kept
    for path in kept:
        assert path.stat().st_mode & 0o077 == 0, path


@as_root
def test_what_others_left_in_the_state_folder_is_not_believed(off: Device) -> None:
    """Nor is it in the way; what lies there without being the agent's own goes on."""
    state = off.folder / "agent-state"
    state.mkdir()
    state.chmod(0o777)
    (state / "trust").mkdir()
    (state / "trust" / "root.json").write_text("{}")
    (state / "nixos").mkdir()
    (state / "nixos" / "ours").write_text("")
    (state / "nixos" / "theirs").write_text("")
    (state / "metrics.json").write_text("{}")
    (state / "metrics.json").chmod(0o666)
    (state / "audit.jsonl").write_text("{}\n")
    (state / ".rollback_state.json.new").mkdir()
    os.mkfifo(state / "history.jsonl")
    os.mkfifo(state / "target.idx")
    (state / "incoming").mkdir()
    theirs = ("trust", "nixos/theirs", "audit.jsonl", ".rollback_state.json.new")
    for name in (*theirs, "incoming"):
        give_away(state / name)
    off.machine.power_on()
    problems = off.node.status()["problems"]
    off.expect_takes_an_update()
    off.machine.power_off()
    whys = {name: f"belongs to another user (uid {NOBODY})" for name in theirs}
    whys |= {"metrics.json": BY_OTHERS.replace("can", "could"),
             "history.jsonl": "is no file", "target.idx": "is no file"}
    for name, why in whys.items():
        path = state / name
        assert f"{path} {why}; it was set aside as {path}.bad-1" in problems
        assert not path.exists() or path.stat().st_uid == os.getuid()
    assert len(problems) == len(whys)
    assert (state / "nixos" / "ours").exists()
    assert (state / "incoming").stat().st_uid == NOBODY
    for name in ("history.jsonl", "audit.jsonl"):
        assert (state / name).stat().st_mode & 0o7777 == 0o600


@as_root
def test_all_that_the_agent_keeps_is_looked_at(off: Device) -> None:
    """Given a state folder that is in use, when all of it is somebody else's, none is believed."""
    state = off.folder / "agent-state"
    off.machine.power_on()
    off.expect_takes_an_update()
    off.machine.power_off()
    kept = list(state.iterdir())
    for path in kept:
        give_away(path)
    assert off.machine.power_on() == "slot-b"
    assert off.node.running()["version"] == off.factory.update.version
    off.machine.power_off()
    for path in kept:
        assert path.with_name(f"{path.name}.bad-1").exists(), path


@as_root
def test_a_state_folder_of_somebody_else_is_none(off: Device) -> None:
    state = off.folder / "agent-state"
    state.mkdir()
    give_away(state)
    assert f"{state} belongs to another user (uid {NOBODY})" in start_fails(off)


@pytest.mark.parametrize("name", ["../evil", "/tmp/evil", "..", "a/../../evil", "."])
def test_a_hook_is_named_and_not_described_by_a_path(untouchable: Device, name: str) -> None:
    image = untouchable.factory.update
    update = ("schedule", "update", "--source", f"file://{image.path}", "--sha256", image.sha256)
    outcome = untouchable.node.run(*update, "--pre-hook", name)
    assert outcome.code not in (0,), outcome
    untouchable.expect_untouched()


@pytest.mark.parametrize(
    "source",
    ["https://h/os\r\nX-Evil: yes", "https://h/os\nHost: evil", "https://h/\x1b[2J",
     "https://h/os\x7f"],
)
def test_a_url_cannot_bring_headers_along(untouchable: Device, source: str) -> None:
    message = untouchable.refusal(
        USAGE, "schedule", "update", "--source", source, "--sha256", "0" * 64
    )
    assert "control character" in message
    untouchable.expect_untouched()


@pytest.mark.parametrize("path", ["/a%0d%0aX-Evil:%20yes", "/a%00", "/..%2f..%2fetc/shadow"])
def test_what_a_url_has_encoded_stays_encoded(
    untouchable: Device, factory: Factory, path: str
) -> None:
    with FaultyServer(factory.server / "server.pem", factory.server / "server.key") as server:
        server.publish(path, lambda exchange: exchange.head("404 Not Found", "Content-Length: 0"))
        untouchable.update_failure(server.base + path, factory.update.sha256)
        (request,) = server.exchanges(path)
        assert "x-evil" not in request.headers


def everything_told(device: Device) -> dict[str, str]:
    """All that a user or a file gets to hear; what is kept to be done is for root alone."""
    told = {"agent.log": (device.folder / "agent.log").read_text()}
    for command in (("status",), ("history",), ("schedule", "list"), ("health",)):
        told[f"json {command}"] = device.node.run(*command).stdout
        done = subprocess.run(
            [paths.OSCTL, "--socket", device.folder / "agent.sock", *command],
            capture_output=True, text=True, check=False,
        )
        told[f"text {command}"] = done.stdout + done.stderr
    for name in ("audit.jsonl", "history.jsonl"):
        kept = device.folder / "agent-state" / name
        told[name] = kept.read_text() if kept.exists() else ""
    return told


def test_no_secret_of_a_url_is_told(device: Device) -> None:
    agent, seen = device.machine.agent_pid, device.folder / "seen"
    # The hook itself, the agent, and whatever else it has started: who asks for the update is told
    # its secret on the command line, and is none of them.
    look = device.executable("hooks/pre.d/10-look", f"""
        for pid in {agent} $(ps -o pid= --ppid {agent}); do
          tr '\\0' '\\n' </proc/$pid/cmdline; tr '\\0' '\\n' </proc/$pid/environ
        done >{seen}.new
        env >>{seen}.new; mv {seen}.new {seen}; exit 1""")
    source = "https://alice:geheim@h.invalid/os.squashfs?token=5up3r"
    device.node.run("schedule", "update", "--source", source, "--sha256", "0" * 64)
    device.node.poll(lambda: seen.exists() or None, 20, "a hook")
    device.node.poll(lambda: device.node.call("schedule", "list")["schedules"][0]["state"]
                     == "SCHEDULE_STATE_FAILED" or None, 20, "its end")
    told = {**everything_told(device), "processes": seen.read_text()}
    assert "h.invalid/os.squashfs" in told["json ('schedule', 'list')"]
    assert str(look) in told["processes"].splitlines()
    assert "MATIC_SOURCE=https://h.invalid/os.squashfs?…" in told["processes"]
    for where, text in told.items():
        for word in ("geheim", "5up3r"):
            assert word not in text, where


@pytest.mark.parametrize("source", [
    "https://alice:ge/heim@h.invalid/os.squashfs", "https:/alice:geheim@h.invalid/os.squashfs",
    "alice:geheim@h.invalid/os.squashfs?token=5up3r", "ftp://alice:geheim@h.invalid/os#5up3r",
])
def test_nor_one_of_a_url_that_is_refused(untouchable: Device, source: str) -> None:
    """osctl takes some of them for a slip of the keyboard; what it takes for a flake, it sends."""
    message = untouchable.refusal(USAGE, "schedule", "update", "--flake", source)
    told = {**everything_told(untouchable), "message": message}
    assert "ScheduleUpdate" in told["audit.jsonl"]
    for where, text in told.items():
        for word in ("geheim", "5up3r", "heim@"):
            assert word not in text, where
    untouchable.expect_untouched()


def test_no_output_of_others_writes_our_log(device: Device, factory: Factory) -> None:
    evil = f"\\033[2J\\033]0;owned\\007red\\r\\n{FORGED}\\n\\302\\233 \\342\\200\\256gpj"
    device.executable("hooks/pre.d/10-evil", f"printf '{evil}'; exit 1")
    image = factory.update
    reason = device.update_failure(f"file://{image.path}", image.sha256)
    assert "forged" in reason  # it is told, and harmless
    (device.folder / "hooks/pre.d/10-evil").unlink()
    with FaultyServer(factory.server / "server.pem", factory.server / "server.key") as server:
        def answer(exchange: Exchange) -> None:
            exchange.head("200 OK", "Content-Length: 1", "Content-Encoding: \x1b[31mevil")
            exchange.body(b"x")

        device.update_failure(server.publish("/evil", answer), image.sha256)
    told = everything_told(device)
    assert "forged" in told["agent.log"]
    for where, text in told.items():
        escapes = IN_DATA if where.endswith(".jsonl") else ESCAPES
        assert not escapes.search(text), (where, escapes.search(text))
        assert not any(line.startswith(FORGED) for line in text.splitlines()), where


@pytest.fixture
def served(factory: Factory, tmp_path: Path) -> Iterator[tuple[Device, int]]:
    """A device with everything open, and its port."""
    port = free_port()
    api = {"socket": str(tmp_path / "agent.sock"), "socket_group": "", "reader_socket_group": "",
           "listen": f"{HERE}:{port}", "pki_dirs": [str(factory.server)]}
    device = Device(factory, tmp_path, {"api": api})
    device.machine.power_on()
    yield device, port
    device.machine.power_off()


def crowd(address: str | tuple[str, int], count: int, first: bytes) -> list[socket.socket]:
    """Connections that say `first`, and nothing more."""
    members = []
    for _ in range(count):
        member = socket.socket(socket.AF_UNIX if isinstance(address, str) else socket.AF_INET)
        try:
            # With a timeout it would give up at once where others wait for their turn.
            member.connect(address)
            member.settimeout(2)
            member.sendall(first)
        except OSError:
            member.close()
            continue
        members.append(member)
    return members


PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\x00\x00\x00\x04\x00\x00\x00\x00\x00"


@pytest.mark.parametrize("first", [b"", PREFACE, b"GET / HTTP/1.1\r\n\r\n", b"\x16\x03\x01"])
def test_a_crowd_keeps_nobody_from_the_agent(served: tuple[Device, int], first: bytes) -> None:
    device, port = served
    resource.setrlimit(resource.RLIMIT_NOFILE,
                       (4096, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))
    members = crowd(str(device.folder / "reader.sock"), 400, first)
    members += crowd((HERE, port), 1200, first)
    try:
        descriptors = len(os.listdir(f"/proc/{device.machine.agent_pid}/fd"))
        assert descriptors < 256 + 1200 + 100
        assert device.node.run("status").code == DONE
        device.expect_takes_an_update()
    finally:
        for member in members:
            member.close()


def connect_as(user: int, count: int) -> list[socket.socket]:
    """From the folder of the socket: those above it are root's alone."""
    os.seteuid(user)
    try:
        return crowd("reader.sock", count, PREFACE)
    finally:
        os.seteuid(0)


def count_answered(members: list[socket.socket]) -> int:
    answered = 0
    for member in members:
        with contextlib.suppress(ConnectionResetError):
            answered += member.recv(1) != b""
    return answered


@as_root
def test_one_user_keeps_no_other_from_the_agent(
    off: Device, monkeypatch: pytest.MonkeyPatch
) -> None:
    off.folder.chmod(0o711)
    monkeypatch.chdir(off.folder)
    off.machine.configure({"api": {"reader_socket_mode": "0666"}})
    off.machine.power_on()
    members = connect_as(NOBODY, 100)
    others = connect_as(NOBODY - 1, 1)
    try:
        assert count_answered(members) == 64
        assert count_answered(others) == 1
    finally:
        for member in members + others:
            member.close()
        off.machine.power_off()


def test_who_hangs_up_makes_room(served: tuple[Device, int]) -> None:
    device, _ = served
    reader = Node(["--socket", str(device.folder / "reader.sock")], device.folder / "osctl.log")
    for _ in range(3):
        for member in crowd(str(device.folder / "reader.sock"), 300, PREFACE):
            member.close()
    device.node.poll(lambda: reader.run("status").code == DONE or None, 20, "room")


# Too large, and no message at all. Debian's Python has gRPC, whichever runs this.
ABSURD = r"""
import grpc, sys
with grpc.insecure_channel("unix:" + sys.argv[1]) as channel:
    call = channel.unary_unary("/matic.v1.Node/ScheduleUpdate")
    for request in (b"\x0a\x80\x80\x80\x02" + b"x" * (4 << 20), b"\xff" * 1000):
        try:
            call(request, timeout=20)
        except grpc.RpcError as error:
            print(error.code().name)
"""


def test_a_message_that_is_too_large_is_refused(device: Device) -> None:
    called = subprocess.run(
        ["/usr/bin/python3", "-c", ABSURD, device.folder / "agent.sock"],
        capture_output=True, text=True, check=True, timeout=60,
    )
    assert called.stdout.split() == ["RESOURCE_EXHAUSTED", "INTERNAL"]
    device.expect_untouched()
