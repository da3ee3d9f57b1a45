"""An update whose image has an index fetches what the slots do not hold; the server's count tells."""

from __future__ import annotations

import hashlib
import json
import shutil
import zlib
from dataclasses import dataclass
from pathlib import Path

import pytest
from device import Device, Servers
from harness.disk import Copy
from harness.https_server import Behaviour
from harness.images import Image
from image_test import make_root, osctl, pack_arguments, with_option

MIB = 1 << 20
LONGEST_CHUNK = 256 * 1024


@dataclass(frozen=True)
class Pair:
    """Two versions of an image that differ in a program."""

    old: Image
    new: Image

    @property
    def patch(self) -> Path:
        return Path(f"{self.new.path}.from-{self.old.sha256}.patch")


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Pair:
    folder = tmp_path_factory.mktemp("pair")
    (folder / "kernel").write_bytes(hashlib.shake_128(b"kernel").digest(2 * MIB))
    (folder / "initrd").write_bytes(hashlib.shake_128(b"initrd").digest(333_333))
    program = bytearray(hashlib.shake_128(b"program").digest(600_000).hex().encode())
    images = []
    for version in ("3.0", "3.1"):
        root = make_root(folder / f"root-{version}", version)
        (root / "usr/bin/program").write_bytes(program)
        path = folder / f"os-{version}.squashfs"
        osctl(*with_option(pack_arguments(folder, path), "--rootfs", root))
        images.append(Image.of(path, version))
        for at in range(0, len(program), 20_000):
            program[at : at + 5] = b"other"
    osctl("image", "patch", "--from", images[0].path, images[1].path)
    return Pair(images[0], images[1])


@dataclass
class Site:
    """Where the new image is published, with what belongs to it."""

    servers: Servers
    folder: str

    def publish(self, image: Image, *, patch: Path | None = None, index: Path | None = None,
                behaviour: Behaviour = Behaviour()) -> str:
        name = f"{self.folder}/{image.path.name}"
        self.names = [name, f"{name}.idx"]
        url = self.servers.publish(name, image.path, behaviour)
        self.servers.publish(f"{name}.idx", index or Path(f"{image.path}.idx"))
        if patch:
            self.names.append(name + patch.name[patch.name.index(".from-"):])
            self.servers.publish(self.names[-1], patch, behaviour)
        return url

    def ranges(self) -> list[str | None]:
        """Of the requests for the image itself."""
        return [request.range for request in self.servers.good.requests(self.names[0])]

    def asked_for_patch(self) -> bool:
        return bool(self.servers.good.requests(self.names[2]))


@pytest.fixture
def site(servers: Servers, request: pytest.FixtureRequest) -> Site:
    return Site(servers, f"/{abs(hash(request.node.nodeid))}")


@pytest.fixture
def running(device: Device, pair: Pair) -> Device:
    """Runs the old one of the pair in slot-a."""
    device.machine.power_off()
    slot = device.disk.read_copy(Copy.PRIMARY).partition("slot-a")
    device.disk.write(slot.offset, pair.old.path.read_bytes())
    device.machine.power_on()
    return device


def bytes_of(ranges: list[str | None]) -> int:
    total = 0
    for asked in ranges:
        assert asked is not None, "all of the image was asked for"
        first, last = asked.removeprefix("bytes=").split("-")
        total += int(last) - int(first) + 1
    return total


def stage(device: Device, url: str, image: Image) -> None:
    schedule = device.node.update_to(image, url, "--stop-after-staging")
    device.node.wait_for(schedule, "a staged image", lambda now: now.phase == "STAGED", 30)
    slot = device.disk.read_copy(Copy.PRIMARY).partition("slot-b")
    assert hashlib.sha256(device.disk.read(slot.offset, image.size)).hexdigest() == image.sha256
    assert device.starts().stdout == "slot-a\n"


def test_only_what_is_new_is_fetched(running: Device, pair: Pair, site: Site) -> None:
    url = site.publish(pair.new)
    plan = running.node.call("plan", "--source", url, "--sha256", pair.new.sha256)
    stage(running, url, pair.new)
    fetched = bytes_of(site.ranges())
    assert 0 < fetched < pair.new.size / 3
    index = Path(f"{pair.new.path}.idx").stat().st_size
    assert int(plan["bytes_to_fetch"]) == fetched + index
    assert int(plan["bytes_reused"]) == pair.new.size - fetched
    assert int(plan["requests"]) == len(site.ranges()) + 1
    slot = running.disk.read_copy(Copy.PRIMARY).partition("slot-a")
    assert running.disk.read(slot.offset, pair.old.size) == pair.old.path.read_bytes()


def test_the_update_is_completed(running: Device, pair: Pair, site: Site) -> None:
    schedule = running.node.update_to(pair.new, site.publish(pair.new))
    running.machine.wait_until_it_reboots()
    assert running.machine.power_on() == "slot-b"
    running.node.wait_for_state(schedule, ["COMPLETED"], 20)
    assert running.node.running()["version"] == "3.1"


def test_a_patch_spares_the_ranges(running: Device, pair: Pair, site: Site) -> None:
    running.machine.configure({"download": {"delta": "small"}})
    running.restart()
    stage(running, site.publish(pair.new, patch=pair.patch), pair.new)
    assert site.asked_for_patch()
    assert bytes_of(site.ranges()) == 0


def test_a_patch_takes_no_ranges(running: Device, pair: Pair, site: Site) -> None:
    running.machine.configure({"download": {"delta": "small"}})
    running.restart()
    url = site.publish(pair.new, patch=pair.patch, behaviour=Behaviour(ranges=False))
    stage(running, url, pair.new)
    assert site.asked_for_patch()
    assert site.ranges() == []


def test_a_damaged_patch_costs_ranges(running: Device, pair: Pair, site: Site, tmp_path: Path) -> None:
    running.machine.configure({"download": {"delta": "small"}})
    running.restart()
    file = bytearray(pair.patch.read_bytes())
    file[len(file) * 2 // 3] ^= 0x10
    damaged = tmp_path / pair.patch.name
    damaged.write_bytes(file)
    stage(running, site.publish(pair.new, patch=damaged), pair.new)
    assert site.asked_for_patch()
    assert 0 < bytes_of(site.ranges()) < pair.new.size / 3


def test_nothing_is_written_where_the_slot_holds_it(running: Device, pair: Pair, site: Site) -> None:
    running.machine.power_off()
    slot = running.disk.read_copy(Copy.PRIMARY).partition("slot-b")
    running.disk.write(slot.offset, pair.new.path.read_bytes())
    running.machine.power_on()
    url = site.publish(pair.new)
    touched = running.disk.path.stat().st_mtime_ns
    stage(running, url, pair.new)
    assert site.ranges() == []
    assert running.disk.path.stat().st_mtime_ns == touched


def test_a_server_without_ranges_sends_all_of_it(running: Device, pair: Pair, site: Site) -> None:
    url = site.publish(pair.new, behaviour=Behaviour(ranges=False))
    stage(running, url, pair.new)
    assert site.ranges()[-1] is None


@pytest.mark.parametrize("wrong", ["of another image", "damaged", "lies"])
def test_a_wrong_index_costs_the_whole_image(running: Device, pair: Pair, site: Site, tmp_path: Path,
                                             wrong: str) -> None:
    index = tmp_path / "x.idx"
    if wrong == "of another image":
        shutil.copy(f"{pair.old.path}.idx", index)
    else:
        file = bytearray(Path(f"{pair.new.path}.idx").read_bytes())
        file[60] ^= 1  # in the first chunk's digest
        if wrong == "lies":
            file[-4:] = zlib.crc32(file[:-4]).to_bytes(4, "little")
        index.write_bytes(file)
    stage(running, site.publish(pair.new, index=index), pair.new)
    assert None in site.ranges()


def test_without_delta_the_image_is_fetched_whole(running: Device, pair: Pair, site: Site) -> None:
    running.machine.configure({"download": {"delta": "off"}})
    running.restart()
    stage(running, site.publish(pair.new), pair.new)
    assert site.ranges() == [None]


def test_an_interrupted_one_goes_on(running: Device, pair: Pair, site: Site) -> None:
    """What was written before is in its place, and is not fetched again."""
    running.machine.configure({"download": {"rate": "200K"}})
    running.restart()
    url = site.publish(pair.new)
    schedule = running.node.update_to(pair.new, url, "--stop-after-staging")
    running.node.wait_for(schedule, "some bytes", lambda now: now.bytes_done > 300_000, 30)
    running.machine.power_off()
    noted = json.loads((running.folder / "agent-state" / "partial.json").read_text())["bytes"]
    before = len(site.ranges())
    running.machine.configure({"download": {"rate": 0}})
    running.machine.power_on()
    running.node.wait_for(schedule, "a staged image", lambda now: now.phase == "STAGED", 30)
    later = [int(str(asked).removeprefix("bytes=").split("-")[0]) for asked in site.ranges()[before:]]
    assert noted > LONGEST_CHUNK and later
    # But for the first piece, whose beginning the slot is given last, and the one it stopped in.
    assert all(start < LONGEST_CHUNK or start > noted - LONGEST_CHUNK for start in later)
    slot = running.disk.read_copy(Copy.PRIMARY).partition("slot-b")
    content = running.disk.read(slot.offset, pair.new.size)
    assert hashlib.sha256(content).hexdigest() == pair.new.sha256
