"""Metrics, alerts and dashboard, with a real Prometheus that scrapes a real agent."""

from __future__ import annotations

import json
import re
import subprocess
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from device import Device, Factory, Servers
from harness import paths
from harness.machine import free_port
from harness.prometheus import ALERTS, Prometheus

SHIPPED = paths.REPOSITORY / "agent" / "metrics"
DASHBOARD = SHIPPED / "dashboard.json"
REFERENCE = paths.REPOSITORY / "docs" / "reference" / "metrics.md"
NAME = re.compile(r"\bmatic_[a-z_]+\b")


def get(url: str) -> str:
    with urllib.request.urlopen(url, timeout=20) as answer:
        return str(answer.read().decode())


class Metrics:
    """One scrape: values by series, as written in the text format."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.values: dict[str, float] = {}
        for line in text.splitlines():
            if line and not line.startswith("#"):
                series, _, value = line.rpartition(" ")
                self.values[series] = float(value)
        self.names = {series.partition("{")[0] for series in self.values}

    def __getitem__(self, series: str) -> float:
        return self.values[series]


class Watched:
    """A device whose agent has metrics, which outlives its reboots."""

    def __init__(self, factory: Factory, folder: Path) -> None:
        self.device = Device(factory, folder)
        self.port = free_port()
        self.device.machine.configure({
            "metrics": {"listen": f"127.0.0.1:{self.port}"},
            "api": {"pki_dirs": [str(factory.server)]},
        })

    def scrape(self) -> Metrics:
        return Metrics(get(f"http://127.0.0.1:{self.port}/metrics"))

    def update(self, url: str, sha256: str, slot: str) -> None:
        schedule = self.device.node.schedule_update(url, sha256, "--enable-auto-rollback")
        self.device.machine.wait_until_it_reboots()
        assert self.device.machine.power_on() == slot
        self.device.node.wait_for_state(schedule, ["COMPLETED"], 20)


@pytest.fixture(scope="module")
def watched(
    factory: Factory, servers: Servers, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Watched]:
    """Updated once over the network; then an update failed."""
    watched = Watched(factory, tmp_path_factory.mktemp("watched"))
    watched.device.machine.power_on()
    url = servers.publish("/metrics-os", factory.update.path)
    watched.update(url, factory.update.sha256, "slot-b")
    watched.device.update_failure(url, "0" * 64)
    yield watched
    watched.device.machine.power_off()


@pytest.fixture(scope="module")
def prometheus(
    watched: Watched, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Prometheus]:
    prometheus = Prometheus(tmp_path_factory.mktemp("prometheus") / "server", watched.port)
    yield prometheus
    prometheus.close()


def test_tells_of_the_machine(watched: Watched) -> None:
    metrics = watched.scrape()
    assert metrics['matic_phase{phase="none"}'] == 1
    assert sum(v for s, v in metrics.values.items() if s.startswith("matic_phase{")) == 1
    assert metrics['matic_target_running{target="slot-b"}'] == 1
    assert metrics['matic_target_running{target="slot-a"}'] == 0
    assert metrics['matic_target_successful{target="slot-b"}'] == 1
    assert metrics["matic_last_success_timestamp_seconds"] > 1.7e9
    assert metrics['matic_certificate_expiry_timestamp_seconds{certificate="server"}'] > 1.7e9
    assert metrics['matic_certificate_expiry_timestamp_seconds{certificate="ca"}'] > 1.7e9
    assert metrics['matic_check_passed{check="boot",critical="yes"}'] == 1
    assert 'backend="ab",node="file-backed",' in metrics.text
    assert metrics["matic_collect_errors_total"] == 0


def test_counts_survive_a_restart(watched: Watched, factory: Factory) -> None:
    for _ in range(2):
        metrics = watched.scrape()
        assert metrics['matic_updates_total{result="completed"}'] == 1
        assert metrics['matic_updates_total{result="failed"}'] == 1
        assert metrics['matic_update_duration_seconds_count{result="completed"}'] == 1
        # The failed one was fetched in this run of the agent, and written before it was refused.
        watched.device.restart()
    assert watched.scrape()["matic_fetched_bytes_total"] == 0


def test_bytes_are_counted_where_they_pass(watched: Watched, servers: Servers) -> None:
    image = watched.device.factory.update
    before = watched.scrape()
    watched.device.update_failure(servers.publish("/bytes", image.path), "0" * 64)
    after = watched.scrape()

    def grown(name: str) -> float:
        return after[name] - before[name]

    assert grown("matic_fetched_bytes_total") == image.path.stat().st_size
    assert grown("matic_written_bytes_total") >= image.path.stat().st_size
    assert grown("matic_reused_bytes_total") == 0


def test_a_rollback_is_counted_with_its_cause(factory: Factory, tmp_path: Path) -> None:
    name = 'matic_rollbacks_total{kind="manual",cause="manual"}'
    watched = Watched(factory, tmp_path)
    machine = watched.device.machine
    machine.power_on()
    assert watched.scrape()[name] == 0
    watched.device.node.call("rollback", "trigger", "--reason", "tea")
    machine.wait_until_it_reboots()
    assert machine.power_on() == "slot-b"
    watched.device.node.poll(
        lambda: watched.scrape()[name] == 1 or None, 20, "a rollback that is counted"
    )
    machine.power_off()


def test_prometheus_takes_the_text(watched: Watched) -> None:
    checked = subprocess.run(
        ["promtool", "check", "metrics"], input=watched.scrape().text, text=True,
        capture_output=True, timeout=60,
    )
    ours = [line for line in checked.stdout.splitlines() + checked.stderr.splitlines()
            if line.startswith("matic_")]
    assert ours == []


def test_every_name_that_is_used_exists(watched: Watched) -> None:
    names = watched.scrape().names
    for file in (ALERTS, DASHBOARD):
        used = set(NAME.findall(file.read_text()))
        assert used
        assert used <= names, file
    # Without a channel there is none of these.
    told = set(NAME.findall(REFERENCE.read_text())) - {"matic_notifications_total"}
    assert told == {name for name in names if name.startswith("matic_")}


def test_every_alert_can_be_judged(prometheus: Prometheus) -> None:
    assert prometheus.expect_alerts_can_be_judged() > 10


def test_every_panel_of_the_dashboard_shows_something(prometheus: Prometheus) -> None:
    dashboard = json.loads(DASHBOARD.read_text())
    expressions = {
        target["expr"] for panel in dashboard["panels"] for target in panel["targets"]
    }
    assert len(expressions) > 20
    for shown in expressions:
        expression = shown.replace("$__rate_interval", "1m").replace("$instance", ".*")
        prometheus.query(expression)  # it is understood
        # What is empty now is so because of its filter alone.
        unfiltered = re.sub(r"(> 0|== 1)", "", expression).replace(',phase!="none"', "")
        prometheus.wait_for_series(unfiltered)


def test_alerts_are_raised_when_they_should_be(tmp_path: Path) -> None:
    raised = set()
    for name in ("alerts_test.yml", "slow_alerts_test.yml"):
        cases = Path(__file__).with_name(name).read_text()
        file = tmp_path / name
        file.write_text(cases.replace("[alerts.yml]", f"[{ALERTS}]"))
        checked = subprocess.run(
            ["promtool", "test", "rules", file], capture_output=True, text=True, timeout=250
        )
        assert checked.returncode == 0, checked.stdout + checked.stderr
        raised |= set(re.findall(r"alertname: (\w+)", cases))
    assert raised == set(re.findall(r"alert: (\w+)", ALERTS.read_text()))


def test_no_port_is_opened_without_an_address(device: Device) -> None:
    sockets = subprocess.run(
        ["ss", "-ltnpH"], capture_output=True, text=True, check=True, timeout=20
    ).stdout
    assert f"pid={device.machine.agent_pid}," not in sockets
