"""osctl image, interrupted while one of its tools works: nothing of it stays."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from pathlib import Path

import pytest
from device import Factory
from harness import paths
from harness.waiting import wait_until

# Stands for a tool that has much to do; its process keeps the number.
SLOW_TOOL = """#!/bin/sh
echo half >"{folder}/by-the-tool"
echo $$ >"{folder}/pid.new" && mv "{folder}/pid.new" "{folder}/pid"
exec sleep 600
"""


def commands(factory: Factory, out: Path) -> dict[str, list[object]]:
    """By the tool that takes longest."""
    kernel = factory.folder / "tiny-kernel"
    return {
        "mksquashfs": [
            *("pack", "--rootfs", factory.folder / "tiny-root", "--kernel", kernel),
            *("--initrd", kernel, "--cmdline", "panic=10", "--out", out),
        ],
        "mkfs.ext4": [
            *("disk", "--slot-a", factory.running.path, "--size", "160M"),
            *("--selector", paths.SELECTOR, "--out", out),
        ],
    }


def start(command: list[object], tools: Path, *prefix: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [*prefix, paths.OSCTL, "image", *map(str, command)],
        env={**os.environ, "PATH": f"{tools}:{os.environ['PATH']}"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def slow_down(tool: str, tools: Path) -> None:
    tools.mkdir()
    (tools / tool).write_text(SLOW_TOOL.format(folder=tools))
    (tools / tool).chmod(0o755)


def await_tool(tools: Path) -> int:
    """The process that the tool runs in."""
    wait_until("the tool is started", (tools / "pid").exists, 20)
    return int((tools / "pid").read_text())


@pytest.mark.parametrize("tool", ["mksquashfs", "mkfs.ext4"])
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_nothing_stays(
    factory: Factory, tmp_path: Path, tool: str, number: signal.Signals
) -> None:
    made = tmp_path / "made"
    made.mkdir()
    out = made / "out"
    out.write_text("made before")
    slow_down(tool, tmp_path / "tools")
    osctl = start(commands(factory, out)[tool], tmp_path / "tools")
    at_work = await_tool(tmp_path / "tools")
    assert len(list(made.iterdir())) == 2

    osctl.send_signal(number)
    stdout, stderr = osctl.communicate(timeout=20)
    assert osctl.returncode == -number, (stdout, stderr)
    assert [file.name for file in made.iterdir()] == ["out"]
    assert out.read_text() == "made before"
    assert not Path(f"/proc/{at_work}").exists()


def test_what_nohup_ignores_stays_ignored(factory: Factory, tmp_path: Path) -> None:
    out = tmp_path / "out"
    slow_down("mksquashfs", tmp_path / "tools")
    osctl = start(commands(factory, out)["mksquashfs"], tmp_path / "tools", "nohup")
    at_work = await_tool(tmp_path / "tools")
    osctl.send_signal(signal.SIGHUP)
    time.sleep(0.2)
    assert osctl.poll() is None
    assert Path(f"/proc/{at_work}").exists()
    osctl.terminate()
    osctl.communicate(timeout=20)
    assert osctl.returncode == -signal.SIGTERM
