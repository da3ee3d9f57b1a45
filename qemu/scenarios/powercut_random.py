"""The power fails at five moments that nobody chose, with unflushed writes lost: it always comes back."""

from __future__ import annotations

from harness.lab import Lab
from harness.powercut import Cut, Job
from harness.verdict import expect_equal

CORE = True

_CUTS = 5
_SEED = "tools/test"


def run(lab: Lab) -> None:
    failures: list[str] = []

    def note(cut: Cut) -> None:
        lab.say(f"{cut.moment}; {cut.loss}: {cut.failure or cut.outcome}")
        if cut.failure:
            failures.append(cut.failure)

    Job(lab, _SEED, _CUTS, ("virtio", "nvme"), note).run()
    expect_equal(failures, [], "power cuts that were not survived")
