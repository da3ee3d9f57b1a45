"""The agent's unit, as far as it can be looked at without a systemd that runs."""

from __future__ import annotations

import re
import subprocess

from harness import paths

UNIT = paths.REPOSITORY / "agent/systemd/matic-agent.service"


def test_it_is_confined_as_the_document_says() -> None:
    document = (paths.REPOSITORY / "docs/security.md").read_text()
    (exposure,) = re.findall(r"an exposure of \*\*([\d.]+) \(OK\)\*\*", document)
    done = subprocess.run(
        ["systemd-analyze", "security", "--offline=true", "--no-pager",
         f"--threshold={round(10 * float(exposure))}", UNIT],
        capture_output=True, text=True, check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    table = document[document.index("What it counts against the unit"):document.index("Nothing is run that")]
    for setting in re.findall(r"^✗ (\S+)", done.stdout, re.MULTILINE):
        name, _, value = setting.partition("=")
        if name == "CapabilityBoundingSet":
            continue  # in groups, of which the unit has some
        told = value.strip("()") if value.startswith("~") else f"{name}="
        for part in re.split(r"[/|()]", told.removeprefix("~AF_")):
            assert part in table, setting
