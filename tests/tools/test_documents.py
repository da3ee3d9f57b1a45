"""References say what the programs know, no more and no less."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def configuration_keys() -> set[str]:
    """Those written out in full; items of lists, and what all health checks share, are not."""
    keys = re.compile(r'\{"([a-z_.]+)",\s')
    found = set(keys.findall((ROOT / "agent/config/fields.cc").read_text()))
    for fields in (ROOT / "agent/config").glob("*_fields.cc"):
        found |= {key for key in keys.findall(fields.read_text()) if "." in key}
    return found - {"debug", "info", "warning", "error"}


def words_of_the_settings() -> set[str]:
    return {word for fields in (ROOT / "agent/config").glob("*fields.cc")
            for word in re.findall(r'"([a-z_.]+)"', fields.read_text())}


def test_the_reference_has_every_key_of_the_agents_settings() -> None:
    text = (ROOT / "docs/reference/agent.md").read_text()
    documented = set(re.findall(r"^\| `([a-z_.]+)` \|", text, re.MULTILINE))
    assert len(configuration_keys()) > 20
    assert configuration_keys() - documented == set()
    undefined = documented - words_of_the_settings()
    assert {key for key in undefined if not key.startswith("health.checks.")} == set()


def test_the_manual_page_names_every_key_of_the_agents_settings() -> None:
    text = (ROOT / "docs/man/agent.yaml.5").read_text()
    missing = [key for key in configuration_keys()
               if key not in text and key.rsplit(".", 1)[-1] not in text]
    assert missing == []


def test_the_reference_has_every_exit_code_of_osctl() -> None:
    header = (ROOT / "osctl/exit_code.h").read_text()
    codes = set(re.findall(r"= (\d+),", header))
    text = (ROOT / "docs/reference/osctl.md").read_text()
    section = text.split("## Exit codes")[1].split("\n## ")[0]
    assert set(re.findall(r"^\| (\d+) \|", section, re.MULTILINE)) == codes
