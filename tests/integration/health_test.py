"""Checks that people add: what they say decides about a new system, and is told."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from device import HERE, Device, Factory, Servers
from harness import paths
from harness.https_server import Behaviour
from harness.node import DONE, FAILED


def checks_of(device: Device) -> dict[str, dict[str, object]]:
    health = device.node.call("health", "--refresh")
    return {check["name"]: check for check in health["checks"]}


def update_up_to_trial(device: Device) -> str:
    image = device.factory.update
    schedule = device.node.update_to(image, f"file://{image.path}", "--enable-auto-rollback")
    device.machine.wait_until_it_reboots()
    assert device.machine.power_on() == "slot-b"
    return schedule


def test_a_required_executable_that_fails_sends_the_machine_back(device: Device) -> None:
    facts = device.folder / "boot-facts.json"
    device.executable(
        "health.d/required.d/20-orders",
        f"grep -q slot-a {facts} && exit 0\necho counting; echo 'orders are lost' >&2; exit 3",
    )
    schedule = update_up_to_trial(device)
    device.machine.wait_until_it_reboots()
    assert device.machine.power_on() == "slot-a"

    why = 'health check failed: required.d/20-orders: exited with 3: "counting | orders are lost"'
    assert device.node.wait_for_state(schedule, ["ROLLED_BACK"], 20).reason == why
    assert device.node.rollback_history()[0]["reason"] == why


def test_a_wanted_executable_that_fails_is_told_only(device: Device) -> None:
    device.executable("health.d/wanted.d/10-tea", "echo no tea; exit 1")
    schedule = update_up_to_trial(device)
    device.node.wait_for_state(schedule, ["COMPLETED"], 20)
    health = device.node.call("health", "--refresh")
    assert health["state"] == "HEALTH_STATE_DEGRADED"
    check = checks_of(device)["wanted.d/10-tea"]
    assert (check["result"], check["critical"]) == ("CHECK_RESULT_FAILED", False)
    assert check["output"] == 'exited with 1: "no tea"'


def test_an_executable_that_others_can_change_is_not_run(device: Device) -> None:
    ran = device.folder / "ran"
    script = device.executable("health.d/required.d/10-open", f"touch {ran}")
    script.chmod(0o777)
    check = checks_of(device)["required.d/10-open"]
    assert check["result"] == "CHECK_RESULT_FAILED"
    assert "can be changed by others than root" in str(check["output"])
    assert not ran.exists()
    assert device.node.run("health").code == FAILED, "a critical check fails"
    script.chmod(0o755)
    assert checks_of(device)["required.d/10-open"]["result"] == "CHECK_RESULT_PASSED"
    assert ran.exists()
    assert device.node.run("health").code == DONE


def test_one_that_hangs_leaves_no_process_behind(device: Device) -> None:
    pids = device.folder / "pids"
    device.executable("health.d/wanted.d/10-slow", f"sleep 600 & echo $$ $! > {pids}; sleep 600")
    device.machine.configure(
        {
            "health": {
                "checks": {
                    "scripts": {
                        "dirs": [str(device.folder / "health.d")],
                        "timeout_seconds": 1,
                    }
                }
            }
        }
    )
    device.restart()
    check = checks_of(device)["wanted.d/10-slow"]
    assert "still ran after 1 s and was killed" in str(check["output"])
    for pid in pids.read_text().split():
        status = Path(f"/proc/{pid}/stat")
        assert not status.exists() or status.read_text().split(") ")[1].startswith("Z 1 "), pid


def test_ports_and_web_servers(device: Device, factory: Factory, servers: Servers) -> None:
    (device.folder / "up").write_text('{"status": "up", "version": 17}')
    url = servers.publish("/up.json", device.folder / "up")
    gone = servers.publish("/gone.json", device.folder / "up", Behaviour(status=503))
    port = url.split("/")[2].split(":")[1]
    ca_file = str(factory.authority / "ca.pem")
    tls = {"ca_file": ca_file, "retries": 1}
    device.machine.configure(
        {
            "health": {
                "checks": {
                    "tcp": [
                        {"name": "open", "address": f"localhost:{port}"},
                        {"name": "closed", "address": f"{HERE}:1", "critical": False},
                    ],
                    "http": [
                        {"name": "up", "url": url, "matches": '"version": [0-9]+', **tls},
                        {"name": "other", "url": url, "contains": "down", **tls},
                        {"name": "gone", "url": gone, **tls},
                        {"name": "stranger", "url": url},
                    ],
                }
            }
        }
    )
    device.restart()
    found = {
        name: (check["result"].removeprefix("CHECK_RESULT_"), check["output"])
        for name, check in checks_of(device).items()
    }
    assert found["open"] == ("PASSED", f"localhost:{port} takes connections")
    assert found["closed"] == ("FAILED", f"{HERE}:1: connect: Connection refused")
    assert found["up"] == ("PASSED", "answers 200")
    assert found["other"][0] == "FAILED"
    assert "answers 200 without 'down'" in found["other"][1]
    assert found["gone"][0] == "FAILED"
    assert found["gone"][1].startswith("answers 503")
    assert found["stranger"][0] == "FAILED"
    assert "certificate verify failed" in found["stranger"][1]


@contextmanager
def watch(device: Device, *options: str) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        [
            *(paths.OSCTL, "--socket", device.folder / "agent.sock", *options),
            *("health", "--watch", "--refresh", "--interval", "0.2"),
        ],
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def test_watch_tells_what_changes(device: Device) -> None:
    bad = device.folder / "bad"
    device.executable("health.d/required.d/10-shop", f"test ! -e {bad} || {{ cat {bad}; exit 1; }}")
    with watch(device) as process:
        assert process.stdout is not None
        while "10-shop" not in (line := process.stdout.readline()):
            assert line
        assert line.split()[0] == "ok"
        bad.write_text("the shop is closed")
        assert process.stdout.readline().endswith("   UNHEALTHY\n")
        line = process.stdout.readline()
        assert line.split()[:2] == ["FAIL", "required.d/10-shop"]
        assert line.endswith('exited with 1: "the shop is closed"\n')
        bad.unlink()
        state = process.stdout.readline().split()[-1]
        assert state in ("HEALTHY", "DEGRADED")


def test_watch_as_json_is_an_object_a_line(device: Device) -> None:
    bad = device.folder / "bad"
    device.executable("health.d/required.d/10-shop", f"test ! -e {bad}")
    with watch(device, "--output", "json") as process:
        assert process.stdout is not None
        states = [json.loads(process.stdout.readline())["state"]]
        bad.touch()
        while states[-1] != "HEALTH_STATE_UNHEALTHY":
            states.append(json.loads(process.stdout.readline())["state"])
        device.machine.power_off()
        bad.unlink()
        device.machine.start_agent()
        while len(states) < 5 and states[-1] == "HEALTH_STATE_UNHEALTHY":
            states.append(json.loads(process.stdout.readline())["state"])
    assert states[-1] != "HEALTH_STATE_UNHEALTHY"


def test_watch_ends_at_its_timeout(device: Device) -> None:
    outcome = device.node.run("--timeout", "1", "health", "--watch", "--interval", "0.3")
    assert outcome.code == 0
    assert outcome.stdout
