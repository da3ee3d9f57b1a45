"""An image with its signed manifest on a stick; and the stick pulled out too soon."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest
from device import Device, Factory, error_of
from harness.images import Image
from harness.node import UPDATE_FAILED, Schedule
from signer import REFUSED, make_manifest, make_root, sign

PULLED = Path(os.environ["MATIC_BIN"]).parent / "tests" / "pulled_stick.so"


class Stick:
    """A folder that stands for where it is mounted."""

    def __init__(self, folder: Path, image: Image) -> None:
        self.folder = folder
        folder.mkdir()
        self.image = Path(shutil.copy(image.path, folder / "os-2.0.squashfs"))
        self.url = f"file://{self.image}"
        self.manifest = make_manifest(self.image, folder / "os-2.0.manifest.json")


@pytest.fixture
def stick(factory: Factory, tmp_path: Path) -> Stick:
    return Stick(tmp_path / "stick", factory.update)


@pytest.fixture
def trusting(device: Device, keys: Path, stick: Stick) -> Device:
    """Takes what two of the release keys have signed, and nothing else."""
    root = make_root(keys, device.folder / "root.json")
    device.machine.configure({
        "trust": {"root": str(root), "product": "maticos", "required": True},
        "download": {"file_dirs": [str(stick.folder)]},
    })
    device.restart()
    return device


def failure(device: Device, url: str) -> str:
    outcome = device.node.run("schedule", "update", "--source", url, "--watch")
    assert outcome.code == UPDATE_FAILED, outcome
    return Schedule.parse(outcome.objects[-1]["schedule"]).reason


def test_a_signed_image_goes_all_the_way(trusting: Device, stick: Stick, keys: Path) -> None:
    sign(stick.manifest, keys, "release-1", "release-2")
    answer = trusting.node.call("schedule", "update", "--source", stick.url)
    trusting.machine.wait_until_it_reboots()
    assert trusting.machine.power_on() == "slot-b"
    trusting.node.wait_for_state(answer["schedule"]["id"], ["COMPLETED"], 20)
    assert trusting.node.running()["version"] == "2.0"


def test_what_is_not_signed_by_enough_is_refused(
    trusting: Device, stick: Stick, keys: Path
) -> None:
    assert "is not signed: there is no" in failure(trusting, stick.url)
    sign(stick.manifest, keys, "release-1", "stranger")
    assert "signed by 1 of the 2 keys" in failure(trusting, stick.url)
    # A digest that somebody types is no signature.
    other = stick.folder / "os.img"
    shutil.copy(stick.image, other)
    message = error_of(REFUSED, trusting.node.run(
        "schedule", "update", "--source", f"file://{other}", "--sha256",
        trusting.factory.update.sha256))
    assert "only signed images are taken here (trust.required)" in message
    trusting.expect_untouched()


def test_another_image_than_the_signed_one(trusting: Device, stick: Stick, keys: Path) -> None:
    sign(stick.manifest, keys, "release-1", "release-2")
    shutil.copy(trusting.factory.previous.path, stick.image)
    assert "sha256 mismatch" in failure(trusting, stick.url)
    trusting.expect_only_slot_b_written()


def test_pulled_out_while_it_is_read(trusting: Device, stick: Stick, keys: Path) -> None:
    sign(stick.manifest, keys, "release-1", "release-2")
    half = stick.image.stat().st_size // 2
    trusting.machine.environment = {
        "LD_PRELOAD": str(PULLED),
        "PULLED_FILE": str(stick.image),
        "PULLED_AFTER": str(half),
    }
    trusting.restart()
    reason = failure(trusting, stick.url)
    assert f"read {stick.image} at {half}: Input/output error" in reason
    assert "was the medium pulled out?" in reason
    trusting.expect_only_slot_b_written()
    # Put back, the same words lead all the way.
    trusting.machine.environment = {}
    trusting.restart()
    answer = trusting.node.call("schedule", "update", "--source", stick.url)
    trusting.machine.wait_until_it_reboots()
    assert trusting.machine.power_on() == "slot-b"
    trusting.node.wait_for_state(answer["schedule"]["id"], ["COMPLETED"], 20)


def test_taken_away_before(trusting: Device, stick: Stick) -> None:
    shutil.rmtree(stick.folder)
    assert "No such file or directory" in failure(trusting, stick.url)
    trusting.expect_untouched()
