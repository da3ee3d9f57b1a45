"""osctl fleet check, machines and config, on files."""

from __future__ import annotations

import json
import os
import re
import subprocess
from pathlib import Path

from harness import paths

FLEET = """\
# Where I live
machines:
  nas: {host: nas.lan, user: root, tags: [storage]}
  web-1: {address: "10.0.0.11", tags: [web]}   # left
  web-2: {address: "10.0.0.12", tags: [web]}   # right
  desk: {self: true}
groups:
  storage: {tags: [storage], updatePolicy: manual-approval}
  web:
    tags: [web]
    parallel: 2  # no more
    dependencies: [storage]
    target: {channel: "https://cdn.example.com/stable.json"}
"""


def osctl(home: Path, *arguments: object, code: int = 0, fleet: Path | None = None) -> subprocess.CompletedProcess[str]:
    environment = {"PATH": os.environ["PATH"], "HOME": str(home)}
    if fleet:
        environment["MATIC_FLEET"] = str(fleet)
    done = subprocess.run([paths.OSCTL, *map(str, arguments)], env=environment, capture_output=True,
                          text=True, check=False, timeout=60)
    assert done.returncode == code, done
    return done


def write(path: Path, text: str = FLEET) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(0o644)
    return path


def machines(done: subprocess.CompletedProcess[str]) -> list[str]:
    return [machine["name"] for machine in json.loads(done.stdout)["machines"]]


def test_the_file_is_the_one_named_else_that_of_the_user(tmp_path: Path) -> None:
    write(tmp_path / ".config/matic/fleet.yaml", "machines: {own: {host: a}}\n")
    named = write(tmp_path / "named.yaml", "machines: {named: {host: a}}\n")
    of_environment = write(tmp_path / "environment.yaml", "machines: {environment: {host: a}}\n")
    listing = ("fleet", "machines", "--output", "json")
    assert machines(osctl(tmp_path, *listing)) == ["own"]
    assert machines(osctl(tmp_path, *listing, fleet=of_environment)) == ["environment"]
    assert machines(osctl(tmp_path, *listing, "--file", named, fleet=of_environment)) == ["named"]
    assert machines(osctl(tmp_path, "fleet", "--file", named, *listing[1:])) == ["named"]


def test_every_mistake_is_a_line(tmp_path: Path) -> None:
    file = write(tmp_path / "bad.yaml", FLEET.replace("2  # no more", "two").replace("[storage]\n", "[storrage]\n"))
    done = osctl(tmp_path, "fleet", "check", file, code=2)
    assert done.stdout.splitlines() == [
        f"{file}:11: groups.web.parallel: must be a number from 1 to 20000, is 'two'",
        f"{file}:12: groups.web.dependencies: there is no group 'storrage'",
    ]
    assert done.stderr == f"osctl: {file}: 2 mistakes\n"
    told = json.loads(osctl(tmp_path, "fleet", "check", file, "--output", "json", code=2).stdout)
    assert [problem["message"] for problem in told["problems"]] == done.stdout.splitlines()
    # Whatever else is asked of that file is refused with the same words.
    assert done.stdout.splitlines()[1] in osctl(tmp_path, "fleet", "machines", "--file", file, code=2).stderr


def test_what_may_be_a_mistake_is_noted(tmp_path: Path) -> None:
    file = write(tmp_path / "fleet.yaml")
    assert osctl(tmp_path, "fleet", "check", file).stdout.splitlines() == [
        f"{file}: note: in no group, so that no run updates them: desk",
        f"{file}: 4 machines in 2 groups, no mistakes",
    ]


def test_machines_are_selected_and_shown(tmp_path: Path) -> None:
    write(tmp_path / ".config/matic/fleet.yaml")
    assert osctl(tmp_path, "fleet", "machines").stdout.splitlines() == [
        "MACHINE            ADDRESS                       GROUPS   TAGS     TARGET",
        "nas                ssh://root@nas.lan            storage  storage  its own",
        "web-1              10.0.0.11:50051               web      web      https://cdn.example.com/stable.json",
        "web-2              10.0.0.12:50051               web      web      https://cdn.example.com/stable.json",
        "desk (controller)  unix:///run/matic/agent.sock  -        -        its own",
    ]
    listing = ("fleet", "machines", "--output", "json")
    assert machines(osctl(tmp_path, *listing, "--group", "web,storage")) == ["nas", "web-1", "web-2"]
    assert machines(osctl(tmp_path, *listing, "--tag", "web", "--machine", "web-2,nas")) == ["web-2"]
    refused = osctl(tmp_path, "fleet", "machines", "--tag", "wep", code=2)
    assert refused.stderr == "osctl: no machine of the inventory has the tag 'wep'\n"


def test_what_is_shown_is_a_fleet_again(tmp_path: Path) -> None:
    write(tmp_path / ".config/matic/fleet.yaml")
    shown = osctl(tmp_path, "fleet", "config", "show").stdout
    assert "    staggerDelay: 30m\n" in shown
    again = write(tmp_path / "again.yaml", shown)
    assert osctl(tmp_path, "fleet", "config", "show", "--file", again).stdout == shown
    as_json = osctl(tmp_path, "fleet", "config", "show", "--output", "json").stdout
    write(again, as_json)
    assert osctl(tmp_path, "fleet", "config", "show", "--file", again).stdout == shown
    one = json.loads(osctl(tmp_path, "fleet", "config", "show", "--machine", "nas", "--output", "json").stdout)
    assert (list(one["machines"]), list(one["groups"])) == (["nas"], ["storage"])


def test_a_key_is_set_and_nothing_else_changed(tmp_path: Path) -> None:
    file = write(tmp_path / ".config/matic/fleet.yaml")
    done = osctl(tmp_path, "fleet", "config", "set", "--group", "web", "--key", "parallel", "--value", "1")
    assert done.stdout == f"-    parallel: 2  # no more\n+    parallel: 1  # no more\n{file}: changed\n"
    assert file.read_text() == FLEET.replace("parallel: 2", "parallel: 1")
    osctl(tmp_path, "fleet", "config", "set", "--key", "maxParallel", "--value", "5")
    assert file.read_text().endswith("settings:\n  maxParallel: 5\n")
    assert "Where I live" in file.read_text()


def test_what_would_be_wrong_is_not_written(tmp_path: Path) -> None:
    file = write(tmp_path / ".config/matic/fleet.yaml")
    setting = ("fleet", "config", "set", "--group", "web", "--key")
    refused = osctl(tmp_path, *setting, "dependencies", "--value", "[web]", code=2)
    assert "depends on itself: web → web" in refused.stderr
    osctl(tmp_path, *setting, "paralel", "--value", "1", code=2)
    dry = osctl(tmp_path, *setting, "parallel", "--value", "1", "--dry-run")
    assert dry.stdout.endswith("would be changed, and is not\n")
    assert file.read_text() == FLEET
    assert list(file.parent.iterdir()) == [file]


def test_two_who_change_it_at_once_both_do(tmp_path: Path) -> None:
    file = write(tmp_path / "fleet.yaml")
    keys = {"maxParallel": "7", "runLimit": "3h", "skipOffline": "true", "reboots": "after-all",
            "rebootDelay": "1m", "onRebootFailure": "warn"}
    running = [subprocess.Popen([paths.OSCTL, "fleet", "--file", file, "config", "set", "--key", key,
                                 "--value", value], stdout=subprocess.DEVNULL)
               for key, value in keys.items()]
    assert [process.wait(60) for process in running] == [0] * len(keys)
    shown = osctl(tmp_path, "fleet", "config", "show", "--file", file).stdout
    assert [key for key, value in keys.items() if f"  {key}: {value}\n" not in shown] == []


def test_a_program_lists_machines(tmp_path: Path) -> None:
    program = tmp_path / "list.py"
    file = write(tmp_path / "fleet.yaml", "inventory: {exec: [./list.py, --list], timeout: 20s}\n")
    hosts = {"web": {"hosts": ["a", "b"], "vars": {"ansible_user": "root"}},
             "_meta": {"hostvars": {"a": {"ansible_host": "10.0.0.1"}}}}
    program.write_text(f"#!/bin/sh\n[ \"$1\" = --list ] && echo '{json.dumps(hosts)}'\n")
    program.chmod(0o755)
    listed = json.loads(osctl(tmp_path, "fleet", "machines", "--file", file, "--output", "json").stdout)
    assert [(one["name"], one["address"], one["tags"]) for one in listed["machines"]] == [
        ("a", "ssh://root@10.0.0.1", ["web"]), ("b", "ssh://root@b", ["web"])]
    program.write_text("#!/bin/sh\necho no token >&2\nexit 3\n")
    failed = osctl(tmp_path, "fleet", "check", file, code=2)
    assert failed.stdout == "inventory.exec: ./list.py exited with 3: no token\n"


def test_twenty_thousand_machines_are_read_in_bounds(tmp_path: Path) -> None:
    lines = [f"  m{i}: {{address: 'm{i}.example.com', tags: [t{i % 50}]}}\n" for i in range(20000)]
    file = write(tmp_path / "fleet.yaml", "machines:\n" + "".join(lines) + "groups: {g: {machines: all}}\n")
    assert re.search("20000 machines in 1 group, no mistakes", osctl(tmp_path, "fleet", "check", file).stdout)
    write(file, file.read_text().replace("groups:", "  one-more: {host: a}\ngroups:"))
    assert "must have 0 to 20000 items" in osctl(tmp_path, "fleet", "check", file, code=2).stdout
