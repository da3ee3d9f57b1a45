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
    return found - {"debug", "info", "warning", "error", "ab", "nixos"}


def words_of_the_settings() -> set[str]:
    files = [*(ROOT / "agent/config").glob("*fields.cc"), ROOT / "lib/channels/channel_fields.cc"]
    return {word for fields in files for word in re.findall(r'"([a-z_.]+)"', fields.read_text())}


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


def keys_of_fleets() -> set[str]:
    """As the reference has them: "machines.*.address" for those of each machine."""
    folder = ROOT / "osctl/fleet/inventory"
    keys = re.compile(r'\{"([a-zA-Z0-9.]+)",\s')

    def of(name: str) -> set[str]:
        return {key for key in keys.findall((folder / name).read_text()) if key not in ("all", "name")}

    found = {key for key in of("fields.cc") if "." in key} | {"name"}
    found |= {f"machines.*.{key}" for key in of("machine_fields.cc")}
    sections = re.findall(r'NamedItems\("(\w+\.\w+)"', (folder / "channel_fields.cc").read_text())
    found |= set(sections)
    policies = {"aggressive", "conservative", "manual-approval"}
    found |= {f"groups.*.{key}" for key in of("group_fields.cc") - policies}
    return found | {key for key in of("target_fields.cc") if "." in key}


def test_the_reference_has_every_key_of_fleets() -> None:
    text = (ROOT / "docs/reference/fleet.md").read_text()
    documented = set(re.findall(r"^\| `([a-zA-Z0-9.*]+)` \|", text, re.MULTILINE))
    documented -= {"aggressive", "conservative", "machines.*.target", "groups.*.target"}
    assert len(keys_of_fleets()) > 40
    assert documented == keys_of_fleets()


def test_the_manual_page_names_every_key_of_fleets() -> None:
    text = (ROOT / "docs/man/fleet.yaml.5").read_text()
    assert [key for key in keys_of_fleets() if key.split("*.")[-1] not in text] == []


def test_the_reference_has_every_exit_code_of_osctl() -> None:
    header = (ROOT / "osctl/exit_code.h").read_text()
    codes = set(re.findall(r"= (\d+),", header))
    text = (ROOT / "docs/reference/osctl.md").read_text()
    section = text.split("## Exit codes")[1].split("\n## ")[0]
    assert set(re.findall(r"^\| (\d+) \|", section, re.MULTILINE)) == codes


def test_the_security_page_has_the_role_of_every_call() -> None:
    rules = re.findall(r'MethodRule\{"(\w+)", Role::k(\w+),', (ROOT / "agent/api/rules.cc").read_text())
    assert len(rules) > 10
    section = (ROOT / "docs/security.md").read_text().split("## Roles")[1].split("\n## ")[0]
    told = {(call, role) for calls, role in re.findall(r"^\| (`.+`) \| `(\w+)` \|$", section, re.MULTILINE)
            for call in re.findall(r"`(\w+)`", calls)}
    assert told == {(call, role.lower()) for call, role in rules}


def test_operations_has_every_alert_state_and_phase() -> None:
    text = (ROOT / "docs/operations.md").read_text()
    alerts = re.findall(r"- alert: (\w+)", (ROOT / "agent/metrics/alerts.yml").read_text())
    assert len(alerts) > 5
    assert [alert for alert in alerts if f"| {alert} |" not in text] == []
    proto = (ROOT / "proto/matic/v1/node.proto").read_text()
    names = re.findall(r"^  (?:SCHEDULE_STATE|PHASE|HEALTH_STATE)_(\w+) = [1-9]", proto, re.MULTILINE)
    assert [name for name in names if not re.search(rf"^\| {name} \||^{name} ", text, re.MULTILINE)] == []


def test_the_guide_to_the_api_has_every_error_code() -> None:
    text = (ROOT / "docs/api/health-and-rollback.md").read_text()
    codes = re.findall(r'return "([a-z-]+)";', (ROOT / "lib/base/error.cc").read_text())
    assert len(codes) > 5
    assert [code for code in codes if f"| `{code}` |" not in text] == []


def quoted_messages(page: str) -> list[str]:
    """What programs say, in the first column of tables and in bold; … stands for what differs."""
    text = (ROOT / "docs" / page).read_text()
    cells = [line.split(" | ")[0] for line in text.splitlines() if line.startswith("| `")]
    bold = re.findall(r"\*\*(`[^*]+`)\*\*", text)
    return [message for cell in cells + bold for message in re.findall(r"`([^`]+)`", cell)
            if " " in message]


def test_the_messages_that_people_look_up_are_said_by_the_programs() -> None:
    sources = [path for folder in ("agent", "lib", "osctl", "boot") for ending in ("cc", "h")
               for path in (ROOT / folder).glob(f"**/*.{ending}")]
    code = re.sub(r'"\s*\n\s*"', "", "\n".join(path.read_text() for path in sources))
    messages = quoted_messages("troubleshooting.md") + quoted_messages("operations.md")
    assert len(messages) > 30
    pieces = [(message, piece.strip()) for message in messages for piece in re.split(r"…|\bN\b", message)]
    assert [(m, piece) for m, piece in pieces if len(piece) > 3 and piece not in code] == []


def test_every_page_is_found_from_the_readme() -> None:
    readme = (ROOT / "README.md").read_text()
    docs = ROOT / "docs"
    pages = [*docs.glob("*.md"), *docs.glob("api/*.md"), *docs.glob("reference/*.md")]
    assert [str(page) for page in pages if f"({page.relative_to(ROOT)})" not in readme] == []
