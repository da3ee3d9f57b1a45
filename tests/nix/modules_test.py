"""services.matic-agent and services.matic-fleet: what they make of a host."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
from nix import Nix, Refused

DEFAULTS = "{ matic-agent.enable = true; }"
EVERYTHING = """{ matic-agent = {
  enable = true;
  flake = "path:/srv/nixos?dir=hosts#web";
  mode = "boot";
  builder = "nh";
  schedule = [ "Mon 02:00" "Sat 06:00" ];
  updateInputs = [ "nixpkgs" ];
  hostCanCommitConfig = true;
  pull.onFailure = "use-local";
  buildTimeout = "4h";
  goldenAfter = "3d";
  autoReboot = false;
  rebootDelay = 90;
  preUpdateHooks = [
    { unit = "backup.service"; }
    { command = [ "/bin/true" "now" ]; level = "wanted"; }
  ];
  preUpdateScript = "true";
  postUpdateScript = "true";
  rollbackScript = "true";
  healthChecks.service.units = [ "nginx.service" ];
  healthTimeout = "20m";
  listenAddress = "[::]";
  port = 4711;
  openFirewall = true;
  logs.destination = "file";
  logs.retentionDays = 7;
  settings.log.level = "debug";
  settings.nixos.keep_generations = 20;
}; }"""


def test_the_defaults_are_those_of_the_guide(nix: Nix) -> None:
    timer = nix.evaluate(DEFAULTS, "timers.matic-update")
    assert timer["wantedBy"] == ["timers.target"]
    assert timer["timerConfig"] == {"OnCalendar": ["02:00"], "RandomizedDelaySec": "30m",
                                    "AccuracySec": "1min", "Persistent": True}
    unit = nix.evaluate(DEFAULTS, "services.matic-agent.serviceConfig")
    assert (unit["MemoryMax"], unit["CPUQuota"]) == ("2G", "50%")
    assert (unit["TimeoutStartSec"], unit["TimeoutStopSec"]) == ("30m", "5m")
    assert unit["LogNamespace"] == "matic"
    etc = nix.evaluate(DEFAULTS, "etc")
    assert "MaxRetentionSec=30day" in etc["systemd/journald@matic.conf"]
    agent = nix.evaluate(DEFAULTS, "agent")
    assert agent["backend"] == "nixos"
    assert agent["nixos"]["mode"] == "auto"
    assert agent["nixos"]["validate"] is True
    assert agent["maintenance"]["allow_reboot"] is True
    assert agent["nixos"]["commit"]["enabled"] is False
    assert agent["nixos"]["keep_generations"] == 10
    assert agent["nixos"]["golden_after_seconds"] == 86400
    assert agent["maintenance"]["reboot_delay_seconds"] == 120
    assert agent["prechecks"] == {"uptime": {"min_seconds": 1800},
                                  "disk": {"max_percent": 90, "paths": ["/", "/boot"]},
                                  "system": {"state": "running"}}
    assert (agent["hooks"]["pre"], agent["hooks"]["post"], agent["hooks"]["rollback"]) == ([], [], [])


def test_options_become_the_keys_of_the_agent(nix: Nix) -> None:
    agent = nix.evaluate(EVERYTHING, "agent")
    nixos = agent["nixos"]
    assert nixos["flake"] == "path:/srv/nixos?dir=hosts#web"
    assert (nixos["mode"], nixos["builder"], nixos["update_inputs"]) == ("boot", "nh", ["nixpkgs"])
    assert (nixos["build_timeout_seconds"], nixos["golden_after_seconds"]) == (14400, 259200)
    assert nixos["pull"] == {"enabled": True, "remote": "origin", "branch": "main",
                             "on_failure": "use-local"}
    assert nixos["commit"] == {"enabled": True, "name": "matic-agent", "email": "matic-agent@web"}
    assert agent["maintenance"]["allow_reboot"] is False
    assert agent["maintenance"]["reboot_delay_seconds"] == 90
    assert agent["api"]["listen"] == "[::]:4711"
    assert agent["hooks"]["pre"] == [
        {"required": True, "unit": "backup.service"},
        {"required": False, "command": ["/bin/true", "now"]},
        {"required": True, "unit": "matic-pre-update.service"},
    ]
    assert agent["health"]["checks"] == {"service": {"units": ["nginx.service"]}}


def test_settings_win_over_the_options(nix: Nix) -> None:
    agent = nix.evaluate(EVERYTHING, "agent")
    assert agent["nixos"]["keep_generations"] == 20
    assert agent["log"]["level"] == "debug"


def test_the_deadline_of_a_trial_leaves_room_for_the_health_checks(nix: Nix) -> None:
    agent = nix.evaluate(EVERYTHING, "agent")
    assert agent["health"]["timeout_seconds"] == 1200
    assert agent["trial_deadline_seconds"] >= 1200 + 60


def test_the_sandbox_lets_the_configuration_be_written(nix: Nix) -> None:
    for flake, folder in (("/srv/nixos", "/srv/nixos"), ("/srv/nixos#web", "/srv/nixos"),
                          ("path:/srv/nixos?dir=hosts#web", "/srv/nixos"),
                          ("git+file:///srv/nixos", "/srv/nixos"), ("github:a/b", "/etc/nixos")):
        services = f'{{ matic-agent = {{ enable = true; flake = "{flake}"; }}; }}'
        unit = nix.evaluate(services, "services.matic-agent.serviceConfig")
        assert f"-{folder}" in unit["ReadWritePaths"]
        assert "ProtectHome" not in unit


def test_the_deadline_waits_for_nothing_and_knows_the_kind_of_host(nix: Nix) -> None:
    unit = nix.evaluate(DEFAULTS, "services.matic-deadline")
    assert unit["wantedBy"] == ["sysinit.target"]
    assert unit["unitConfig"]["DefaultDependencies"] is False
    assert unit["after"] == []
    assert unit["serviceConfig"]["ExecStart"].endswith("/bin/matic-deadline --nixos")


def test_a_host_without_schedule_and_network_has_neither(nix: Nix) -> None:
    services = "{ matic-agent = { enable = true; schedule = [ ]; listenAddress = null; openFirewall = true; }; }"
    assert nix.evaluate(services, "timers") == {}
    assert nix.evaluate(services, "agent.api.listen") == ""
    assert nix.evaluate(services, "networking.firewall.allowedTCPPorts") == []
    assert nix.evaluate(EVERYTHING, "networking.firewall.allowedTCPPorts") == [4711]


def test_a_log_in_a_file_is_rotated(nix: Nix) -> None:
    unit = nix.evaluate(EVERYTHING, "services.matic-agent.serviceConfig")
    assert unit["StandardOutput"] == "append:/var/log/matic/agent.log"
    assert "LogNamespace" not in unit
    command = nix.evaluate(EVERYTHING, "services.matic-logrotate.serviceConfig.ExecStart")
    rules = nix.evaluate(EVERYTHING, "etc")[command.split()[-1].removeprefix("/etc/")]
    assert "/var/log/matic/agent.log {" in rules
    assert "maxage 7" in rules


@pytest.mark.parametrize(("services", "said"), [
    ("{ matic-agent = { enable = true; flake = null; builder = \"channel\"; }; }", "needs `nixPath`"),
    ("{ matic-agent = { enable = true; builder = \"channel\"; }; }", "goes with `flake = null`"),
    ("{ matic-agent = { enable = true; preUpdateHooks = [ { } ]; }; }", "either `unit` or `command`"),
])
def test_what_does_not_go_together_is_said(nix: Nix, services: str, said: str) -> None:
    assert [message for message in nix.evaluate(services, "refused") if said in message] != []


def test_two_that_would_update_the_host_are_refused(nix: Nix) -> None:
    refused = nix.evaluate(DEFAULTS, "refused", "{ system.autoUpgrade.enable = true; }")
    assert [message for message in refused if "system.autoUpgrade" in message] != []
    assert nix.evaluate(DEFAULTS, "refused") == []
    assert nix.evaluate(EVERYTHING, "refused") == []


@pytest.mark.parametrize("wrong", [
    "mode = \"later\"", "rebootDelay = \"soon\"", "port = 70000", "keepGenerations = 9", "colour = 1",
    "preUpdateHooks = [ { unit = 3; } ]", "settings.nixos = x: x",
])
def test_wrong_values_are_refused_when_evaluated(nix: Nix, wrong: str) -> None:
    services = f"{{ matic-agent = {{ enable = true; {wrong}; }}; }}"
    with pytest.raises(Refused, match="services.matic-agent"):
        nix.evaluate(services, "agent")


@pytest.mark.parametrize("services", [DEFAULTS, EVERYTHING])
def test_the_file_is_built_when_the_agent_takes_it(nix: Nix, services: str) -> None:
    built = json.loads(nix.build(services, 'file "agent.yaml"').read_text())
    assert built == nix.evaluate(services, "agent")


def test_the_build_fails_with_what_the_agent_says(nix: Nix) -> None:
    services = "{ matic-agent = { enable = true; settings.api.listen = \"nowhere\"; }; }"
    with pytest.raises(Refused, match="agent.yaml:[0-9]+: api.listen: "):
        nix.build(services, 'file "agent.yaml"')


FLEET = """{ matic-fleet = {
  enable = true;
  groups.web.machines = [ "web-1" ];
  settings.machines.web-1.host = "web-1.example.com";
}; }"""


def test_a_fleet_is_rendered_and_runs_on_a_schedule(nix: Nix) -> None:
    assert json.loads(nix.build(FLEET, 'file "fleet.yaml"').read_text()) == {
        "groups": {"web": {"machines": ["web-1"]}},
        "machines": {"web-1": {"host": "web-1.example.com"}},
        "settings": {"runLimit": 7200},
    }
    timer = nix.evaluate(FLEET, "timers.matic-fleet.timerConfig")
    assert (timer["OnCalendar"], timer["Persistent"], timer["RandomizedDelaySec"]) == (["02:00"], True, "0")
    unit = nix.evaluate(FLEET, "services.matic-fleet.serviceConfig")
    assert unit["User"] == "matic-fleet"
    assert unit["ExecStart"].split()[1:] == ["'fleet'", "'run'", "'--wait'", "'2h'"]
    assert nix.evaluate(FLEET, "users.users")["matic-fleet"]["isSystemUser"] is True
    other = FLEET.replace("enable = true;", 'enable = true; user = "alice"; runTimeout = "1h";')
    assert nix.evaluate(other, "users.users") == {}
    assert nix.evaluate(other, "services.matic-fleet.serviceConfig")["RuntimeMaxSec"] == "10800"


def test_a_fleet_has_several_schedules_side_by_side(nix: Nix) -> None:
    services = FLEET.replace("enable = true;", """enable = true;
      schedule = [ ];
      timers.everything.schedule = "Sun 02:00";
      timers.security = { schedule = "03:00"; persistent = false; arguments = [ "fleet" "run" "--group" "web" ]; };
    """)
    timers = nix.evaluate(services, "timers")
    assert {name: timer["timerConfig"]["OnCalendar"] for name, timer in timers.items()} == {
        "matic-fleet-everything": ["Sun 02:00"], "matic-fleet-security": ["03:00"]}
    assert timers["matic-fleet-security"]["timerConfig"]["Persistent"] is False
    units = nix.evaluate(services, "services")
    assert units["matic-fleet-security"]["serviceConfig"]["ExecStart"].endswith("'--group' 'web'")
    assert units["matic-fleet-everything"]["serviceConfig"]["ExecStart"].endswith("'run' '--wait' '2h'")


def test_what_a_controller_left_is_gone_on_with_at_its_start(nix: Nix) -> None:
    unit = nix.evaluate(FLEET, "services.matic-fleet-resume")
    assert unit["wantedBy"] == ["multi-user.target"]
    assert unit["before"] == ["matic-fleet.service"]
    assert unit["serviceConfig"]["ExecStart"].endswith("'fleet' 'run' '--resume' '--wait' '2h'")
    without = FLEET.replace("enable = true;", "enable = true; resumeAtBoot = false;")
    assert "matic-fleet-resume" not in nix.evaluate(without, "services")


def test_a_fleet_with_a_mistake_is_not_built(nix: Nix) -> None:
    services = FLEET.replace("[ \"web-1\" ]", "[ \"web-2\" ]")
    with pytest.raises(Refused, match="groups.web.machines: there is no machine 'web-2'"):
        nix.build(services, 'file "fleet.yaml"')
    assert nix.build(services.replace("enable = true;", "enable = true; check = false;"), 'file "fleet.yaml"')


def rendered(unit: dict[str, Any], kind: str) -> str:
    """A unit file, as NixOS writes it."""
    def lines(values: dict[str, Any]) -> list[str]:
        return [f"{key}={str(one).lower() if isinstance(one, bool) else one}"
                for key, value in values.items()
                for one in (value if isinstance(value, list) else [value])]
    head = {"Description": unit["description"], "Wants": " ".join(unit["wants"]),
            "After": " ".join(unit["after"]), **unit["unitConfig"]}
    config = dict(unit[f"{kind}Config"])
    if unit.get("script") or "logrotate" in config.get("ExecStart", ""):
        config["ExecStart"] = "/bin/true"
    return "\n".join(["[Unit]", *lines(head), f"[{kind.capitalize()}]", *lines(config), ""])


@pytest.mark.parametrize("services", [DEFAULTS, EVERYTHING, FLEET])
def test_systemd_finds_nothing_wrong_with_the_units(nix: Nix, services: str, tmp_path: Path) -> None:
    units = {f"{name}.service": rendered(unit, "service")
             for name, unit in nix.evaluate(services, "services").items()}
    units |= {f"{name}.timer": rendered(unit, "timer")
              for name, unit in nix.evaluate(services, "timers").items()}
    assert units
    for name, text in units.items():
        (tmp_path / name).write_text(text)
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", *sorted(tmp_path / name for name in units)],
        capture_output=True, text=True, timeout=60, check=False)
    assert [line for line in done.stderr.splitlines() if "matic" in line] == []
    assert done.returncode == 0, done.stderr
