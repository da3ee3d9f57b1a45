"""A server that both systems need is gone in a trial: the machine goes back, stays, and says so.

The old system fails the same check; later the same image is taken.
"""

from __future__ import annotations

from harness.disk import SlotState
from harness.https_server import Behaviour
from harness.images import NEW
from harness.lab import UNBOOTABLE, Lab, agent_config
from harness.machine import BOOT_SECONDS, Options, patient
from harness.node import Json, Node
from harness.verdict import expect, expect_equal

_CHECK = "orders"


def run(lab: Lab) -> None:
    url = _serve(lab, there=True)
    checks = {"http": [{"name": _CHECK, "url": url, "contains": "open", "retries": 3}]}
    disk = lab.disk(config=agent_config(health={"checks": checks}))
    machine, node = lab.boot_and_wait(disk, ("slot-a", "1.0"), Options(shell=True))
    image = lab.images.get(NEW)

    lab.say("update to 2.0; the server goes while it starts")
    mark = machine.console.mark()
    schedule = node.update_to(image, lab.publish(image))
    lab.expect_trial_boot(machine, "slot-b", 2, 2 * BOOT_SECONDS, mark)
    _serve(lab, there=False)
    ended = node.wait_for_state(schedule, ["ROLLED_BACK"], 3 * BOOT_SECONDS)
    lab.say(f"reason: {ended.reason}")
    back = node.status()["boot_id"]

    cause = _common_cause(node)
    lab.say(f"common cause: {cause}")
    expect_equal((cause["runs"], cause["checks"]), ("slot-a", [_CHECK]), "the common cause")
    expect("is not in the update" in node.schedule(schedule).reason, "the reason says nothing of it")
    _expect_it_stays(lab, node, image.sha256)
    lab.expect_slots(disk, slot_a=SlotState(2, 0, True), slot_b=UNBOOTABLE)

    lab.say("the agent is restarted, and the machine rebooted by hand: nothing more comes of it")
    machine.shell.run("systemctl restart matic-agent.service")
    node.wait_until_up(BOOT_SECONDS)
    expect_equal(node.status()["boot_id"], back, "the start that runs")
    _expect_it_stays(lab, node, image.sha256)
    node.call("reboot")
    node.wait_until_up(BOOT_SECONDS, but_not_boot=back)
    _expect_it_stays(lab, node, image.sha256)
    starts = len(machine.console.matches(r"matic-boot: starting slot-"))
    expect_equal(starts, 4, "starts: the first, the trial, the way back, the one asked for")
    kept = machine.shell.run("journalctl --quiet --output=cat MATIC_EVENT=common-cause")
    expect("is not in the update" in kept, f"the journal does not tell of it: {kept}")

    lab.say("the server is there again, and the agent sees it by itself")
    _serve(lab, there=True)
    node.poll(lambda: "common_cause" not in node.status() or None, patient(180), "its end")
    expect_equal(node.status().get("problems", []), [], "problems")

    lab.say("the same image once more")
    mark = machine.console.mark()
    schedule = node.update_to(image, lab.publish(image))
    lab.expect_trial_boot(machine, "slot-b", 2, 2 * BOOT_SECONDS, mark)
    node.wait_for_state(schedule, ["COMPLETED"], 2 * BOOT_SECONDS)
    lab.expect_running(node, "slot-b", "2.0")
    lab.expect_slots(disk, slot_a=SlotState(1, 0, True), slot_b=SlotState(2, 0, True))


def _serve(lab: Lab, there: bool) -> str:
    page = lab.folder / "orders"
    page.write_text("open")
    return lab.server.publish("/orders", page, Behaviour() if there else Behaviour(status=503))


def _common_cause(node: Node) -> Json:
    return node.poll(lambda: node.status().get("common_cause"), patient(180), "a common cause")


def _expect_it_stays(lab: Lab, node: Node, digest: str) -> None:
    lab.expect_running(node, "slot-a", "1.0")
    status = node.status()
    expect("common_cause" in status, "the status does not tell of it any more")
    expect(any("is not in the update" in p for p in status["problems"]), "it is no problem")
    expect(digest not in status.get("quarantined", []), "the image is in quarantine")
    expect_equal(len(node.rollback_history()), 1, "number of rollbacks")
