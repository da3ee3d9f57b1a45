"""A device in its factory state, and servers to fetch images from, for every test that asks."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "qemu"))

from device import Device, Factory, Servers  # noqa: E402
from faulty_disk import FaultyDisk  # noqa: E402
from harness.nix_file_machine import NixFileMachine  # noqa: E402
from signer import make_image, make_keys, make_manifest, make_root, sign  # noqa: E402


@pytest.fixture(scope="session")
def factory(tmp_path_factory: pytest.TempPathFactory) -> Factory:
    return Factory(tmp_path_factory.mktemp("factory"))


@pytest.fixture(scope="session")
def servers(factory: Factory) -> Iterator[Servers]:
    with Servers(factory) as servers:
        yield servers


@pytest.fixture(scope="session")
def untouchable(
    factory: Factory, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Device]:
    """A device like the next one, for all tests whose end is expect_untouched()."""
    device = Device(factory, tmp_path_factory.mktemp("untouchable"))
    device.machine.power_on()
    yield device
    device.machine.power_off()


@pytest.fixture
def device(factory: Factory, tmp_path: Path) -> Iterator[Device]:
    """Powered on; it runs 1.0 in slot-a, and slot-b holds 0.9, the way back."""
    device = Device(factory, tmp_path)
    device.machine.power_on()
    yield device
    device.machine.power_off()


@pytest.fixture
def disk(factory: Factory, tmp_path: Path) -> Iterator[FaultyDisk]:
    device = Device(factory, tmp_path)
    faulty = FaultyDisk(device)
    device.machine.power_on()
    yield faulty
    device.machine.power_off()


@pytest.fixture
def nixos(tmp_path: Path) -> Iterator[NixFileMachine]:
    """A NixOS host, powered on; it runs 24.05.1, its only generation."""
    machine = NixFileMachine(tmp_path)
    machine.power_on()
    yield machine
    machine.remove()


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_image(tmp_path_factory.mktemp("image"))


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_keys(tmp_path_factory.mktemp("keys"))


@pytest.fixture
def root(keys: Path, tmp_path: Path) -> Path:
    return make_root(keys, tmp_path / "1.root.json")


@pytest.fixture
def manifest(image: Path, keys: Path, tmp_path: Path) -> Path:
    made = make_manifest(image, tmp_path / "stable.json", "--channel", "stable", "--url",
                         "2.0/os-2.0.squashfs", "--minimum-version", "1.5")
    sign(made, keys, "release-1", "release-2")
    return made


@pytest.fixture
def off(factory: Factory, tmp_path: Path) -> Iterator[Device]:
    """Below a folder that others may enter, and not powered on."""
    folder = tmp_path / "machine"
    folder.mkdir()
    yield Device(factory, folder)
