"""Files, folders and sockets that others than root can change: not followed, and told."""

from __future__ import annotations

import json
import os
import socket
import subprocess
from pathlib import Path

import pytest
from device import Device, Factory
from harness import paths

NOBODY = 65534
BY_OTHERS = "can be changed by others than root"

as_root = pytest.mark.skipif(os.getuid() != 0, reason="only root can give files away")


def start_fails(device: Device) -> str:
    """What an agent says that does not start; nothing was touched."""
    done = subprocess.run(
        [paths.AGENT, "--config", device.folder / "agent.yaml"],
        capture_output=True, text=True, check=False, timeout=20,
    )
    assert done.returncode == 1, done
    return done.stderr


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
