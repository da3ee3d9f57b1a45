"""The new system never reaches its agent: the deadline unit reboots it, and the old one returns."""

from __future__ import annotations

from harness.images import BAD_HANG
from harness.lab import Lab
from harness.trials import deadline_brings_back


def run(lab: Lab) -> None:
    deadline_brings_back(lab, BAD_HANG)
