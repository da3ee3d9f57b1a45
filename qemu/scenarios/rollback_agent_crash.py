"""The new agent crashes in a loop: the deadline unit reboots it, and the old one returns."""

from __future__ import annotations

from harness.images import BAD_AGENT_CRASH
from harness.lab import Lab
from harness.trials import deadline_brings_back


def run(lab: Lab) -> None:
    deadline_brings_back(lab, BAD_AGENT_CRASH)
