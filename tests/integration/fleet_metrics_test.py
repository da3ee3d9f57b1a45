"""Prometheus hears of a fleet's runs, while they go on and afterwards."""

from __future__ import annotations

import json
import re
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from harness import paths
from harness.machine import free_port
from simulated_fleet import RULES, SimulatedFleet, group

GROUPS = ("groups:\n  web:\n    machines: [web-1, web-2]\n" + group() +
          "  db:\n    machines: [web-3]\n" + group("updatePolicy: manual-approval"))


class Watched:
    def __init__(self, fleet: SimulatedFleet) -> None:
        self.fleet = fleet
        self.file = fleet.folder / "fleet.prom"
        self.port = free_port()
        metrics = {"textfile": str(self.file), "listen": f"127.0.0.1:{self.port}"}
        self.fleet.describe(GROUPS, RULES + f"metrics: {json.dumps(metrics)}\n")

    def scrape(self) -> str:
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/metrics", timeout=10) as answer:
            return answer.read().decode()


def value(text: str, name: str, **labels: str) -> float | None:
    wanted = {"fleet": "tested", **labels}
    for line in text.splitlines():
        found = re.fullmatch(r"matic_fleet_(\w+)\{(.*)\} (\S+)", line)
        if found and found[1] == name and dict(re.findall(r'(\w+)="([^"]*)"', found[2])) == wanted:
            return float(found[3])
    return None


def check(text: str) -> None:
    done = subprocess.run(["promtool", "check", "metrics"], input=text, text=True,
                          capture_output=True, check=False)
    assert (done.returncode, done.stdout + done.stderr) == (0, "")


@pytest.fixture
def watched(tmp_path: Path) -> Iterator[Watched]:
    with SimulatedFleet(tmp_path / "fleet", 3, "--sockets") as fleet:
        yield Watched(fleet)


def test_a_run_is_watched_and_its_end_stays(watched: Watched) -> None:
    run = watched.fleet.start()
    watched.fleet.wait_until("one group waits for approval",
                             lambda: watched.fleet.report()["web-2"]["newest"].endswith("COMPLETED"))
    watched.fleet.wait_until("the port tells", lambda: value(watched.scrape(), "run_groups", end="well") == 1)
    meanwhile = watched.scrape()
    assert value(meanwhile, "run_state", state="running") == 1
    assert value(meanwhile, "run_machines", phase="updated") == 2
    assert value(meanwhile, "run_groups_to_approve") == 1
    assert value(meanwhile, "run_end_timestamp_seconds") is None
    watched.fleet.osctl("approve", "db")
    run.communicate(timeout=90)
    after = watched.file.read_text()
    check(after)
    assert watched.file.stat().st_mode & 0o777 == 0o644
    assert value(after, "run_state", state="well") == 1
    assert value(after, "run_machines", phase="updated") == 3
    assert value(after, "run_waves_done") == value(after, "run_waves") == 3
    assert value(after, "run_failures") == 0
    start, end = (value(after, f"run_{which}_timestamp_seconds") for which in ("start", "end"))
    assert start is not None and end is not None
    assert start <= end <= time.time()
    assert value(after, "run_duration_seconds") == pytest.approx(end - start)
    for name in ("web", "db"):
        assert value(after, "group_last_success_timestamp_seconds", group=name) is not None


def test_finding_nothing_to_do_is_a_success_too(watched: Watched) -> None:
    (watched.fleet.folder / "fleet.yaml").write_text(
        (watched.fleet.folder / "fleet.yaml").read_text().replace("updatePolicy: manual-approval", ""))
    watched.fleet.osctl("run")
    first = watched.file.read_text()
    watched.fleet.osctl("run")
    second = watched.file.read_text()
    check(second)
    assert value(second, "run_end_timestamp_seconds") == value(first, "run_end_timestamp_seconds")
    at = [value(text, "last_success_timestamp_seconds") for text in (first, second)]
    assert at[0] is not None and at[1] is not None
    assert at[0] < at[1]


def test_a_failure_leaves_the_time_of_the_last_success_alone(watched: Watched) -> None:
    watched.fleet.order("web-1=sick")
    watched.fleet.run("--group", "web", code=5)
    text = watched.file.read_text()
    check(text)
    assert value(text, "run_state", state="failed") == 1
    assert value(text, "run_machines", phase="rolled-back") == 1
    assert value(text, "run_failures") == 1
    assert value(text, "last_success_timestamp_seconds") is None
    assert value(text, "group_last_success_timestamp_seconds", group="web") is None


def test_what_cannot_be_written_or_listened_at_holds_no_run_up(watched: Watched) -> None:
    done = watched.fleet.osctl("run", "--group", "web", "--metrics-textfile", "/nonexistent/fleet.prom",
                               "--metrics-listen", "127.0.0.1:1")
    assert "/nonexistent/.fleet.prom" in done.stdout
    assert "2 updated" in done.stdout


def test_alerts_are_raised_when_they_should_be(tmp_path: Path) -> None:
    rules = paths.REPOSITORY / "osctl/fleet/metrics/fleet-alerts.yml"
    cases = Path(__file__).with_name("fleet_alerts_test.yml").read_text()
    file = tmp_path / "cases.yml"
    file.write_text(cases.replace("[fleet-alerts.yml]", f"[{rules}]"))
    done = subprocess.run(["promtool", "test", "rules", file], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert set(re.findall(r"alertname: (\w+)", cases)) == set(re.findall(r"alert: (\w+)", rules.read_text()))
