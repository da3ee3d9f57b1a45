"""A reader looks, an operator whose certificate was revoked does nothing, and the audit tells."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

from harness import local_osctl, pki
from harness.disk import Disk
from harness.lab import FACTORY, Lab
from harness.machine import BOOT_SECONDS
from harness.node import DONE, UNREACHABLE, Json, Node
from harness.verdict import expect, expect_equal


def run(lab: Lab) -> None:
    # An authority of its own: what it revokes, no other scenario may miss.
    lab.pki = pki.prepare(lab.folder / "pki")
    authority = lab.pki.folder / "ca"
    local_osctl.run("pki", "revoke", "--dir", authority, "--name", "harness-operator")
    shutil.copy(authority / "crl.pem", lab.pki.device / "crl.pem")
    disk = lab.disk()
    machine, admin = lab.boot_and_wait(disk, ("slot-a", "1.0"))

    reader = lab.node(machine, lab.pki.client("reader"))
    for look in (("status",), ("health",), ("schedule", "list"), ("rollback", "history")):
        expect_equal(reader.run(*look).code, DONE, f"a reader's {look[0]}")
    _expect_refused(reader, "it takes the role operator")
    lab.say("a reader reads, and changes nothing")
    revoked = lab.node(machine, lab.pki.client("operator"))
    _expect_refused(revoked, "was revoked at")
    expect_equal(revoked.run("status").code, UNREACHABLE, "a revoked operator's status")
    lab.say("an operator whose certificate was revoked does nothing")
    lab.expect_slots(disk, slot_a=FACTORY)

    boot = admin.status()["boot_id"]
    admin.call("reboot", "--reason", "roles")
    admin.wait_until_up(BOOT_SECONDS, but_not_boot=boot)
    machine.cut_power()
    # Written before the orderly reboot, so that no journal of the filesystem holds it back.
    calls = _audit(disk, lab.folder)
    by_whom = [(call["who"], call["method"], call["result"]) for call in calls]
    expect_equal(
        by_whom,
        [
            ("harness-reader", "Reboot", "permission"),
            ("harness-operator", "Reboot", "permission"),
            ("harness-operator", "GetStatus", "permission"),
            ("harness-admin", "Reboot", "done"),
        ],
        "the audit log",
    )
    expect_equal(calls[-1]["request"], 'reason: "roles"', "what the admin asked for")
    lab.say("the audit log on the disk has every one of these calls")


def _expect_refused(node: Node, why: str) -> None:
    refused = node.run("reboot")
    expect_equal(refused.code, UNREACHABLE, "reboot")
    expect(why in refused.stderr, f"the refusal does not say '{why}': {refused.stderr}")


def _audit(disk: Disk, folder: Path) -> list[Json]:
    state = disk.current_table().partition("state")
    copy = folder / "state.ext4"
    copy.write_bytes(disk.read(state.offset, state.size))
    shown = subprocess.run(
        ["debugfs", "-R", "cat /lib/matic/audit.jsonl", copy],
        capture_output=True,
        text=True,
        check=True,
    )
    copy.unlink()
    return [json.loads(line) for line in shown.stdout.splitlines()]
