"""A real Prometheus that scrapes one agent every second, with the alerts that are shipped."""

from __future__ import annotations

import json
import re
import subprocess
import urllib.parse
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from harness import paths
from harness.machine import free_port, patient
from harness.verdict import Failed, expect
from harness.waiting import wait_until

ALERTS = paths.REPOSITORY / "agent" / "metrics" / "alerts.yml"
_COMPARISON = re.compile(r"\s*(==|!=|<=|>=|<|>)\s*[\d.* ]+$")
_T = TypeVar("_T")


class Prometheus:
    """Runs from construction until closed. Use as a context manager."""

    def __init__(self, folder: Path, target: int) -> None:
        """`target`: the port of the agent's metrics on the loopback."""
        self.port = free_port()
        folder.mkdir()
        config = {
            "global": {"scrape_interval": "1s", "evaluation_interval": "1s"},
            "rule_files": [str(ALERTS)],
            "scrape_configs": [
                {"job_name": "matic", "static_configs": [{"targets": [f"127.0.0.1:{target}"]}]}
            ],
        }
        (folder / "prometheus.yml").write_text(json.dumps(config))
        with (folder / "log").open("w") as log:
            self._process = subprocess.Popen(
                [
                    *("setpriv", "--pdeathsig", "KILL", "--", "prometheus"),
                    f"--config.file={folder}/prometheus.yml",
                    f"--storage.tsdb.path={folder}/data",
                    f"--web.listen-address=127.0.0.1:{self.port}",
                ],
                stdout=log,
                stderr=log,
            )
        try:
            self.wait_for_series('up{job="matic"} == 1')
        except Failed:
            self.close()
            raise

    def query(self, expression: str) -> list[Any]:
        return list(self._ask("query", query=expression)["result"])

    def value(self, expression: str) -> float | None:
        """Of the one series that it has; None without any."""
        found = self.query(expression)
        expect(len(found) <= 1, f"{expression}: {len(found)} series, expected one: {found}")
        return float(found[0]["value"][1]) if found else None

    def rules(self) -> list[Any]:
        return [rule for group in self._ask("rules")["groups"] for rule in group["rules"]]

    def alerts(self, *states: str) -> set[str]:
        """Names of those in one of these states: pending, firing."""
        return {
            alert["labels"]["alertname"]
            for alert in self._ask("alerts")["alerts"]
            if alert["state"] in states
        }

    def wait_for_series(self, expression: str) -> list[Any]:
        return self.wait_until(lambda: self.query(expression), f"series of {expression}")

    def wait_until(self, reached: Callable[[], _T], what: str) -> _T:
        """The first thing it returns that counts as true."""

        def tried() -> _T | None:
            expect(self._process.poll() is None, "prometheus ended by itself")
            try:
                return reached()
            except OSError:
                return None  # it does not listen yet

        return wait_until(f"prometheus has {what}", tried, patient(60), 0.2)

    def expect_alerts_can_be_judged(self) -> int:
        """Every alert's expression without its comparison has a series. Returns how many these are."""
        rules = self.wait_until(
            lambda: all(rule["health"] != "unknown" for rule in self.rules()) and self.rules(),
            "evaluated rules",
        )
        for rule in rules:
            expect(rule["health"] == "ok", f"{rule['name']}: {rule.get('lastError')}")
            expression = _COMPARISON.sub("", rule["query"])
            expect(expression != rule["query"], f"{rule['name']} compares with nothing")
            # A function over time needs two scrapes.
            self.wait_for_series(expression)
        return len(rules)

    def close(self) -> None:
        self._process.terminate()
        try:
            self._process.wait(20)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def __enter__(self) -> Prometheus:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _ask(self, path: str, **parameters: str) -> Any:
        query = urllib.parse.urlencode(parameters)
        url = f"http://127.0.0.1:{self.port}/api/v1/{path}?{query}"
        with urllib.request.urlopen(url, timeout=20) as answer:
            said = json.load(answer)
        expect(said["status"] == "success", f"prometheus says of {path} {parameters}: {said}")
        return said["data"]
