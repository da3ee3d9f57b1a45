"""Programs and units before an update can stop it; after it, and after a rollback, they are told."""

from __future__ import annotations

import json
import os
from pathlib import Path

from harness.images import BAD_SERVICE, NEW
from harness.lab import FACTORY, UNBOOTABLE, Lab, agent_config
from harness.machine import BOOT_SECONDS, Machine, Options, patient
from harness.node import Json, Node
from harness.verdict import expect, expect_equal

_FOLDER = "/var/lib/matic/hooks"
_DEADLINE_SECONDS = 6
_UNITS = "/usr/lib/systemd/system"  # lab-hook and lab-bad-hook: qemu/guest
_TELL = "env | grep ^MATIC_ | sort"
_PROGRAMS = {
    "pre.d/10-tell": _TELL,
    "pre.d/20-may-fail.wanted": "echo nobody minds; exit 1",
    "pre.d/25-outside.wanted": "touch /var/outside",
    "post.d/10-tell": _TELL,
    "rollback.d/10-tell": _TELL,
    "named.d/tell": "echo named in the $MATIC_HOOK stage",
    "named.d/hang": "echo waiting for the backup; sleep 4321 & sleep 4321",
}
_LINKS = {
    "pre.d/30-unit.service": "lab-hook.service",
    "rollback.d/20-unit.service": "lab-hook.service",
    "named.d/bad.service": "lab-bad-hook.service",
}
_MAY_FAIL = (
    'pre.d/20-may-fail.wanted failed: exited with 1: "nobody minds"',
    "pre.d/25-outside.wanted failed: exited with 1:"
    " \"touch: cannot touch '/var/outside': Read-only file system\"",
)
_NAMED = ("--pre-hook", "tell", "--post-hook", "tell", "--rollback-hook", "tell")


def run(lab: Lab) -> None:
    config = agent_config(
        hooks={
            "dir": _FOLDER,
            "deadline_seconds": _DEADLINE_SECONDS,
            "post": [{"unit": "lab-hook.service"}, {"command": ["false"], "required": False}],
        }
    )
    disk = lab.disk(config=config, more_state=_put_hooks)
    machine, node = lab.boot_and_wait(disk, ("slot-a", "1.0"), Options(shell=True))

    _one_that_fails_stops_the_update(lab, machine, node)
    _one_that_hangs_is_killed(lab, machine, node)
    _a_unit_that_fails_stops_the_update(lab, node)
    lab.expect_slots(disk, slot_a=FACTORY, slot_b=UNBOOTABLE)
    expect_equal(disk.read_partition("slot-b", 0, 4096), bytes(4096), "the beginning of slot-b")
    _around_a_good_update(lab, machine, node)
    _after_a_rollback(lab, machine, node)


def _put_hooks(var: Path) -> None:
    for name, script in _PROGRAMS.items():
        program = var / f"lib/matic/hooks/{name}"
        program.parent.mkdir(parents=True, exist_ok=True)
        program.write_text(f"#!/bin/sh\n{script}\n")
        program.chmod(0o755)
    for name, unit in _LINKS.items():
        os.symlink(f"{_UNITS}/{unit}", var / f"lib/matic/hooks/{name}")


def _one_that_fails_stops_the_update(lab: Lab, machine: Machine, node: Node) -> None:
    stop = f"{_FOLDER}/pre.d/15-backup"
    machine.shell.run(
        f"printf '#!/bin/sh\\necho no space left on /backup; exit 3\\n' >{stop}; chmod 755 {stop}"
    )
    schedule = _expect_stopped(
        lab, node, (), 'pre hook pre.d/15-backup exited with 3: "no space left on /backup"'
    )
    expect_equal(
        _hooks_of(node, schedule),
        ["pre.d/10-tell passed", 'pre.d/15-backup failed: exited with 3: "no space left on /backup"'],
        "hooks in the history",
    )
    machine.shell.run(f"rm {stop}")


def _one_that_hangs_is_killed(lab: Lab, machine: Machine, node: Node) -> None:
    _expect_stopped(
        lab,
        node,
        ("--pre-hook", "hang"),
        f"pre hook named.d/hang still ran after {_DEADLINE_SECONDS} s and was killed:"
        ' "waiting for the backup"',
    )
    left = machine.shell.run("grep -lsz 432[1] /proc/[0-9]*/cmdline | wc -l")
    expect_equal(left, "0", "processes that the hook left behind")


def _a_unit_that_fails_stops_the_update(lab: Lab, node: Node) -> None:
    _expect_stopped(lab, node, ("--pre-hook", "bad.service"), "the backup server does not answer")


def _around_a_good_update(lab: Lab, machine: Machine, node: Node) -> None:
    image = lab.images.get(NEW)
    url = lab.publish(image)
    schedule = node.update_to(image, url, *_NAMED)
    node.wait_for_state(schedule, ["COMPLETED"], 2 * BOOT_SECONDS)
    lab.expect_running(node, "slot-b", "2.0")
    _wait_for_hooks(
        node,
        schedule,
        [
            "pre.d/10-tell passed",
            *_MAY_FAIL,
            "pre.d/30-unit.service passed",
            "named.d/tell passed",
            "post.d/10-tell passed",
            "unit lab-hook.service passed",
            "command false failed: exited with 1",
            "named.d/tell passed",
        ],
    )
    before = {
        "MATIC_HOOK": "pre",
        "MATIC_SCHEDULE_ID": schedule,
        "MATIC_SOURCE": url,
        "MATIC_DIGEST": image.sha256,
        "MATIC_PREVIOUS": "slot-a",
        "MATIC_PREVIOUS_VERSION": "1.0",
    }
    after = {**before, "MATIC_HOOK": "post", "MATIC_TARGET": "slot-b", "MATIC_VERSION": "2.0"}
    del after["MATIC_PREVIOUS_VERSION"]
    expect_equal(_told_to_program(machine, "pre.d/10-tell", schedule), before, "told before")
    expect_equal(_told_to_unit(machine, "pre", schedule), before, "told to a unit before")
    expect_equal(_told_to_program(machine, "post.d/10-tell", schedule), after, "told afterwards")
    expect_equal(_told_to_unit(machine, "post", schedule), after, "told to a unit afterwards")
    said = _journal(machine, "--unit=matic-agent.service --grep='named.d/tell: '")
    expect_equal(
        [entry["MESSAGE"] for entry in said],
        ["named.d/tell: named in the pre stage", "named.d/tell: named in the post stage"],
        "what the schedule's hook said in the journal",
    )
    failed = _journal(machine, f"MATIC_EVENT=hook MATIC_SCHEDULE={schedule} PRIORITY=4")
    expect_equal(len(failed), 3, "hooks that failed, by the journal")
    expect("pre.d/20-may-fail.wanted" in failed[0]["MESSAGE"], f"unclear: {failed[0]['MESSAGE']}")
    lab.say("every hook was told what it should know, and what they said is in the journal")


def _after_a_rollback(lab: Lab, machine: Machine, node: Node) -> None:
    image = lab.images.get(BAD_SERVICE)
    schedule = node.update_to(image, lab.publish(image), *_NAMED)
    ended = node.wait_for_state(schedule, ["ROLLED_BACK"], 3 * BOOT_SECONDS)
    lab.expect_running(node, "slot-b", "2.0")
    lab.say(f"reason: {ended.reason}")
    _wait_for_hooks(
        node,
        schedule,
        [
            "pre.d/10-tell passed",
            *_MAY_FAIL,
            "pre.d/30-unit.service passed",
            "named.d/tell passed",
            "rollback.d/10-tell passed",
            "rollback.d/20-unit.service passed",
            "named.d/tell passed",
        ],
    )
    told = _told_to_program(machine, "rollback.d/10-tell", schedule)
    expect_equal(
        (told["MATIC_HOOK"], told["MATIC_TARGET"], told["MATIC_VERSION"], told["MATIC_PREVIOUS"]),
        ("rollback", "slot-a", "3.0", "slot-b"),
        "told after the rollback",
    )
    expect("service" in told["MATIC_REASON"], f"the reason names no check: {told['MATIC_REASON']}")
    expect(told["MATIC_REASON"] in ended.reason, f"another reason: {told['MATIC_REASON']}")
    expect_equal(_told_to_unit(machine, "rollback", schedule), told, "told to a unit")
    lab.say("the hooks of a rollback were told why, and those of a good update were not run")


def _expect_stopped(lab: Lab, node: Node, options: tuple[str, ...], why: str) -> str:
    image = lab.images.get(NEW)
    schedule = node.update_to(image, lab.publish(image), *options)
    failed = node.wait_for_state(schedule, ["FAILED"], patient(60))
    lab.say(f"stopped: {failed.reason}")
    expect(why in failed.reason, f"the reason does not say '{why}': {failed.reason}")
    expect_equal(lab.server.requests(f"/{image.path.name}"), [], "downloads")
    return schedule


def _hooks_of(node: Node, schedule: str) -> list[str]:
    events: list[Json] = node.call("history")["events"]
    return [
        event["summary"]
        for event in reversed(events)
        if event["kind"] == "hook" and event["schedule_id"] == schedule
    ]


def _wait_for_hooks(node: Node, schedule: str, expected: list[str]) -> None:
    """Those after an update are run when it has ended already."""
    node.poll(
        lambda: len(_hooks_of(node, schedule)) >= len(expected) or None, patient(60), "the hooks"
    )
    expect_equal(_hooks_of(node, schedule), expected, "hooks in the history")


def _told_to_program(machine: Machine, hook: str, schedule: str) -> dict[str, str]:
    """What the last run of the hook for that schedule printed, as the journal has it."""
    lines = [
        entry["MESSAGE"].removeprefix(f"{hook}: ")
        for entry in _journal(machine, f"--unit=matic-agent.service --grep='^{hook}: MATIC_'")
    ]
    return _variables(lines, schedule)


def _told_to_unit(machine: Machine, stage: str, schedule: str) -> dict[str, str]:
    entries = _journal(machine, "--unit=lab-hook.service --grep='^MATIC_'")
    by_run: dict[str, list[str]] = {}
    for entry in entries:
        by_run.setdefault(entry["_SYSTEMD_INVOCATION_ID"], []).append(entry["MESSAGE"])
    runs = [_variables(lines, schedule) for lines in by_run.values()]
    found = [told for told in runs if told.get("MATIC_HOOK") == stage]
    expect_equal(len(found), 1, f"runs of the unit in the {stage} stage of {schedule}")
    return found[0]


def _variables(lines: list[str], schedule: str) -> dict[str, str]:
    """Of the last block of them, if that is of the schedule; every block begins with the same."""
    told: dict[str, str] = {}
    for line in lines:
        name, _, value = line.partition("=")
        if name in told:
            told = {}
        told[name] = value
    return told if told.get("MATIC_SCHEDULE_ID") == schedule else {}


def _journal(machine: Machine, which: str) -> list[Json]:
    """Of all starts, the oldest first."""
    lines = machine.shell.ask(f"journalctl --quiet --output=json {which}").output.splitlines()
    return [json.loads(line) for line in lines]
