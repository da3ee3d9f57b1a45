"""People elsewhere hear of a fleet's runs, and nothing that they do not answer holds a run up."""

from __future__ import annotations

import json
import threading
from pathlib import Path

import pytest
from receivers import Certificate, Reply, WebServer
from simulated_fleet import RULES, SimulatedFleet, group, phases

TOKEN = "tok-0123456789abcdef"
GROUPS = "groups:\n  web:\n    machines: all\n" + group()


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    return Certificate.make(tmp_path_factory.mktemp("certificate"))


class Told:
    """A fleet with channels. Use as a context manager."""

    def __init__(self, folder: Path, certificate: Certificate, machines: int = 2) -> None:
        self.token = folder / "token"
        self.token.write_text(TOKEN + "\n")
        self.token.chmod(0o600)
        self._certificate = certificate
        self.fleet = SimulatedFleet(folder / "fleet", machines, "--sockets")

    def hook(self, name: str, server: WebServer, **more: object) -> dict[str, object]:
        return {"name": name, "type": "webhook", "url": f"{server.url}/hooks/geheim",
                "tokenSecret": str(self.token), "ca_file": str(self._certificate.certificate), **more}

    def describe(self, *channels: dict[str, object], settings: str = RULES) -> None:
        self.fleet.describe(GROUPS, settings + json.dumps({"notifications": {"channels": channels}})[1:-1] + "\n")

    def __enter__(self) -> Told:
        return self

    def __exit__(self, *_: object) -> None:
        self.fleet.__exit__()


@pytest.fixture
def told(tmp_path: Path, certificate: Certificate) -> Told:
    with Told(tmp_path, certificate) as made:
        yield made


def events(server: WebServer) -> list[str]:
    return [post.json()["event"] for post in server.posts]


def test_a_run_is_told_of_from_its_beginning_to_its_end(told: Told, certificate: Certificate) -> None:
    with WebServer(certificate) as team, WebServer(certificate) as on_call:
        told.describe(told.hook("team", team), told.hook("on-call", on_call, minLevel="error"))
        run = told.fleet.osctl("run")
        assert events(team)[0] == "run-started"
        assert events(team)[-1] == "run-finished"
        assert events(team).count("wave-done") == 2
        assert on_call.posts == []
        end = team.posts[-1].json()
        assert (end["node"], end["level"], end["title"]) == ("tested", "info", "Run ended well")
        assert end["fields"]["run"] in run.stdout
        assert {post.headers["Authorization"] for post in team.posts} == {f"Bearer {TOKEN}"}
        shown = told.fleet.osctl("config", "show").stdout + told.fleet.osctl("check").stdout + run.stdout + run.stderr
        assert TOKEN not in shown
        assert "geheim" not in shown


def test_what_fails_and_goes_back_is_told_of(told: Told, certificate: Certificate) -> None:
    with WebServer(certificate) as team:
        told.describe(told.hook("team", team, min_level="warning"))
        told.fleet.order("web-1=sick")
        told.fleet.run(code=5)
        assert "machine-failed" in events(team)
        assert "rolled-back" in events(team)
        assert "run-stopped" in events(team)
        last = team.posts[-1].json()
        assert (last["event"], last["level"]) == ("run-finished", "error")
        assert "rolled-back" in last["body"]


def test_a_channel_that_hangs_or_refuses_holds_no_run_up(told: Told, certificate: Certificate) -> None:
    hanging = lambda _: Reply(stalls=True)  # noqa: E731
    with WebServer(certificate, hanging) as hangs, WebServer(certificate) as works:
        told.describe(told.hook("hangs", hangs, timeout_seconds=600),
                      told.hook("works", works),
                      {"name": "no-program", "type": "command", "command": ["/nonexistent/page"]})
        run = told.fleet.osctl("run", "--output", "json")
        lines = [json.loads(line) for line in run.stdout.splitlines()]
        assert set(phases(lines[-1]).values()) == {"updated"}
        assert events(works)[-1] == "run-finished"
        warnings = [line["text"] for line in lines if line["event"] == "warning"]
        assert any("no-program" in text for text in warnings), warnings
    with WebServer(certificate) as answers:
        told.describe(told.hook("hangs", answers))
        told.fleet.osctl("run")  # there is nothing to do, but to tell
        assert events(answers)[0] == "run-started"
        assert events(answers)[-1] == "run-finished"


def test_somebody_says_something(told: Told, certificate: Certificate) -> None:
    with WebServer(certificate) as team, WebServer(certificate, lambda _: Reply(403)) as broken:
        told.describe(told.hook("team", team, events=["run-finished"]),
                      told.hook("broken", broken, minLevel="error"))
        done = told.fleet.osctl("notify", "--message", "the rack is moved", "--output", "json")
        assert json.loads(done.stdout)["channels"] == [{"channel": "team", "error": "", "result": "delivered"}]
        said = team.posts[0].json()
        assert (said["event"], said["level"], said["body"]) == ("said", "info", "the rack is moved")
        dry = told.fleet.osctl("notify", "--message", "x", "--level", "error", "--dry-run").stdout
        assert "team" in dry
        assert "broken" in dry
        assert broken.posts == []
        failed = told.fleet.osctl("notify", "--message", "x", "--channel", "broken", code=None)
        assert failed.returncode not in (0, 2), failed
        assert "1 of 1" in failed.stderr
        assert TOKEN not in failed.stdout + failed.stderr
        assert len(team.posts) == 1
        assert "team, broken" in told.fleet.osctl("notify", "--message", "x", "--channel", "pager", code=None).stderr


def test_a_fleet_without_channels_says_so(told: Told) -> None:
    told.fleet.describe(GROUPS)
    failed = told.fleet.osctl("notify", "--message", "x", code=None)
    assert failed.returncode != 0
    assert "notifications.channels" in failed.stderr
    told.fleet.describe(GROUPS, "settings: {notificationChannels: [mail]}\n")
    checked = told.fleet.osctl("check", code=2)
    assert "settings.notificationChannels: there is no channel 'mail'" in checked.stdout
