"""Every scenario says in a line what it shows, and has its place in the README."""

from __future__ import annotations

import pytest

from harness import paths
from harness.runner import Scenario, find_scenarios

README = (paths.REPOSITORY / "qemu" / "README.md").read_text()


@pytest.mark.parametrize("scenario", find_scenarios(), ids=lambda scenario: scenario.name)
def test_a_scenario_is_documented(scenario: Scenario) -> None:
    assert 20 < len(scenario.summary) <= 100
    assert scenario.summary.endswith(".")
    row = [line for line in README.splitlines() if line.startswith("| ") and
           f"`{scenario.name}`" in line.split("|")[1]]
    assert len(row) == 1
    assert row[0].startswith(f"| **`{scenario.name}`**") == scenario.core
