"""A real Prometheus sees an update, a trial and a rollback, and raises the alerts that are shipped."""

from __future__ import annotations

import subprocess
from pathlib import Path

from harness.images import BAD_SERVICE, NEW, Image
from harness.lab import Lab, agent_config
from harness.machine import BOOT_SECONDS
from harness.node import Node
from harness.prometheus import ALERTS, Prometheus
from harness.verdict import expect, expect_equal

_CHECKS = "/var/lib/matic/health.d"
_TROUBLE = {"MaticRolledBack", "MaticUpdateFailed", "MaticProblems", "MaticAgentHangs"}


def run(lab: Lab) -> None:
    checked = subprocess.run(
        ["promtool", "check", "rules", ALERTS], capture_output=True, text=True, check=False
    )
    expect_equal(checked.returncode, 0, f"promtool check rules: {checked.stderr}")
    config = agent_config(
        # Beyond its loopback only here, where nobody but the host reaches the machine.
        metrics={"listen": "0.0.0.0:28051"},
        health={"checks": {"scripts": {"dirs": [_CHECKS]}}, "retries": 5},
    )
    disk = lab.disk(config=config, more_state=_put_check)
    machine, node = lab.boot_and_wait(disk, ("slot-a", "1.0"))
    with Prometheus(lab.folder / "prometheus", machine.metrics_port) as prometheus:
        _a_new_machine(lab, prometheus)
        _an_update(lab, node, prometheus)
        _a_rollback(lab, node, prometheus)


def _put_check(var: Path) -> None:
    """Passes at the fourth try of each start: a trial that Prometheus cannot miss between two looks."""
    check = var / "lib/matic/health.d/required.d/10-slow"
    check.parent.mkdir(parents=True)
    check.write_text("#!/bin/sh\necho >>/run/matic/tries; test $(wc -l </run/matic/tries) -ge 4\n")
    check.chmod(0o755)


def _a_new_machine(lab: Lab, prometheus: Prometheus) -> None:
    _expect_running(prometheus, "slot-a", "1.0")
    _expect(
        prometheus,
        {
            'matic_updates_total{result="completed"}': 0,
            'matic_rollbacks_total{kind="automatic",cause="health"}': 0,
            "matic_last_success_timestamp_seconds": 0,
            "matic_on_trial": 0,
            'matic_target_bootable{target="slot-b"}': 0,
            'matic_phase{phase="none"}': 1,
            'matic_check_passed{check="service",critical="yes"}': 1,
            "matic_collect_errors_total": 0,
        },
    )
    prometheus.wait_until(
        lambda: "MaticNoWayBack" in prometheus.alerts("pending"), "pending alert of no way back"
    )
    expect_equal(prometheus.alerts("firing"), set(), "alerts on a new machine")
    lab.say("prometheus scrapes a new machine, which has nothing to complain of yet")


def _an_update(lab: Lab, node: Node, prometheus: Prometheus) -> None:
    image = lab.images.get(NEW)
    node.wait_for_state(node.update_to(image, lab.publish(image)), ["COMPLETED"], 2 * BOOT_SECONDS)
    prometheus.wait_for_series('matic_updates_total{result="completed"} == 1')
    _expect_running(prometheus, "slot-b", "2.0")
    _expect_seen(prometheus, image)
    _expect(
        prometheus,
        {
            'matic_update_duration_seconds_count{result="completed"}': 1,
            "matic_last_success_timestamp_seconds > bool 1.7e9": 1,
            'matic_target_successful{target="slot-b"}': 1,
            "matic_on_trial": 0,
        },
    )
    prometheus.wait_until(
        lambda: "MaticNoWayBack" not in prometheus.alerts("pending", "firing"), "way back"
    )
    expect_equal(prometheus.alerts("firing") & _TROUBLE, set(), "alerts after a good update")
    judged = prometheus.expect_alerts_can_be_judged()
    lab.say(f"prometheus saw the update; each of its {judged} alerts has series of this machine")


def _a_rollback(lab: Lab, node: Node, prometheus: Prometheus) -> None:
    image = lab.images.get(BAD_SERVICE)
    schedule = node.update_to(image, lab.publish(image))
    node.wait_for_state(schedule, ["ROLLED_BACK"], 3 * BOOT_SECONDS)
    prometheus.wait_for_series('matic_rollbacks_total{kind="automatic",cause="health"} == 1')
    _expect_running(prometheus, "slot-b", "2.0")
    _expect(
        prometheus,
        {
            'matic_updates_total{result="completed"}': 1,
            'matic_updates_total{result="rolled-back"}': 1,
            'matic_target_bootable{target="slot-a"}': 0,
            "matic_quarantined_images": 1,
        },
    )
    prometheus.wait_until(
        lambda: "MaticRolledBack" in prometheus.alerts("firing"), "alert of the rollback"
    )
    lab.say(f"alerts: {', '.join(sorted(prometheus.alerts('firing')))}")


def _expect_running(prometheus: Prometheus, slot: str, version: str) -> None:
    prometheus.wait_for_series(
        f'matic_agent_info{{backend="ab",node="lab",os_version="MaticOS {version}"}} == 1'
        f' and on (instance) (matic_target_running{{target="{slot}"}} == 1)'
    )


def _expect_seen(prometheus: Prometheus, image: Image) -> None:
    """While it went on; the counters of bytes begin anew with each start of the agent."""
    fetched = prometheus.value("max_over_time(matic_fetched_bytes_total[5m])")
    expect_equal(fetched, float(image.size), "bytes fetched")
    written = prometheus.value("max_over_time(matic_written_bytes_total[5m])") or 0
    expect(written >= image.size, f"{written} bytes written of {image.size}")
    for phase in ("fetching", "on-trial"):
        seen = prometheus.value(f'max_over_time(matic_phase{{phase="{phase}"}}[5m])')
        expect_equal(seen, 1.0, f"the phase {phase}")
    expect_equal(prometheus.value("max_over_time(matic_on_trial[5m])"), 1.0, "the trial")
    expect_equal(prometheus.value('min_over_time(up{job="matic"}[5m])'), 0.0, "the reboot")


def _expect(prometheus: Prometheus, values: dict[str, float]) -> None:
    for expression, expected in values.items():
        expect_equal(prometheus.value(expression), float(expected), expression)
