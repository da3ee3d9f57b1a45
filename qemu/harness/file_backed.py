"""A machine without a machine: a real agent on a plain-file disk, and matic-bootsim as firmware."""

from __future__ import annotations

import json
import shutil
import subprocess
import uuid
from pathlib import Path
from typing import Any

from harness import local_osctl, paths
from harness.disk import Disk
from harness.file_backed_agent import FileBackedAgent, Settings
from harness.images import Image
from harness.verdict import expect

_UNITS = ("matic-agent.service", "matic-deadline.service")


class FileBackedMachine(FileBackedAgent):
    """Powered on and off by its methods; the disk and the agent's state stay."""

    def __init__(self, disk: Disk, folder: Path, settings: Settings | None = None) -> None:
        """`settings` go over those that suit every test."""
        self.disk = disk
        self._facts = folder / "boot-facts.json"
        super().__init__(folder, settings)

    def machine_config(self) -> dict[str, Any]:
        return {
            "disk": str(self.disk.path),
            "boot_facts": str(self._facts),
            "download": {"file_dirs": ["/"]},  # a test's images are where its folder is
        }

    def power_on(self, timeout: float = 20) -> str:
        """Starts what the firmware would; returns the slot, once its agent answers."""
        selected = subprocess.run(
            [paths.BOOTSIM, self.disk.path, "--consume"],
            capture_output=True,
            text=True,
            check=False,
        )
        expect(selected.returncode == 0, f"matic-bootsim: {selected.stderr.strip()}")
        slot = selected.stdout.strip()
        self._facts.write_text(json.dumps({"boot_id": str(uuid.uuid4()), "slot": slot}))
        self.boots()
        self.start_agent()
        self.node.wait_until_up(timeout)
        return slot


def pack_tiny_image(folder: Path, version: str, ballast: bytes = b"") -> Image:
    """A few kilobytes that a slot can hold and the boot policy takes for an image, and `ballast`."""
    root = folder / "tiny-root"
    shutil.rmtree(root, ignore_errors=True)
    units = root / "usr/lib/systemd/system"
    wanted = root / "etc/systemd/system/multi-user.target.wants"
    for directory in (root / "usr/bin", units, wanted):
        directory.mkdir(parents=True)
    (root / "usr/bin/matic-agent").write_text("stands for the agent\n")
    (root / "usr/lib/os-release").write_text(f"ID=tiny\nIMAGE_ID=tiny\nIMAGE_VERSION={version}\n")
    for unit in _UNITS:
        (units / unit).write_text("[Service]\nExecStart=/bin/true\n")
        (wanted / unit).symlink_to(f"/usr/lib/systemd/system/{unit}")
    if ballast:
        (root / "usr/lib/ballast").write_bytes(ballast)
    kernel = folder / "tiny-kernel"
    kernel.write_bytes(b"stands for a kernel\n" * 500)
    path = folder / f"tiny-{version}.squashfs"
    local_osctl.run(
        *("image", "pack", "--rootfs", root, "--kernel", kernel, "--initrd", kernel),
        *("--cmdline", "panic=10", "--version", version, "--out", path),
        *(("--compression-level", "1") if ballast else ()),
    )
    return Image.of(path, version)
