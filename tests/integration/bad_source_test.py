"""Images that cannot be had, or are none: the update fails with what and where, nothing is lost."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from device import HERE, SLOT_SIZE, Device, Servers
from harness.https_server import Behaviour
from harness.images import digest_of


@pytest.mark.parametrize(
    ("path", "status", "says"),
    [
        ("/missing", 404, "HTTP 404 (not found)"),
        ("/gone", 410, "HTTP 410 (gone)"),
        ("/forbidden", 403, "HTTP 403 (forbidden)"),
        ("/broken", 500, "given up after 2 attempts: "),
    ],
)
def test_an_answer_without_an_image(
    untouchable: Device, servers: Servers, path: str, status: int, says: str
) -> None:
    image = untouchable.factory.update
    url = servers.publish(path, image.path, Behaviour(status=status))
    reason = untouchable.update_failure(url, image.sha256)
    assert says in reason
    assert f"{url}: HTTP {status}" in reason
    untouchable.expect_untouched()


def test_nobody_listens(untouchable: Device) -> None:
    url = f"https://{HERE}:1/os.squashfs"
    reason = untouchable.update_failure(url, untouchable.factory.update.sha256)
    assert url in reason
    assert "connect" in reason
    untouchable.expect_untouched()


def test_a_server_of_an_unknown_authority(untouchable: Device, servers: Servers) -> None:
    image = untouchable.factory.update
    url = servers.untrusted.publish("/os", image.path, host=HERE)
    reason = untouchable.update_failure(url, image.sha256)
    assert f"{url}: certificate verify failed" in reason
    assert servers.untrusted.requests("/os") == []
    untouchable.expect_untouched()


def test_a_server_with_the_certificate_of_another_host(untouchable: Device, servers: Servers) -> None:
    image = untouchable.factory.update
    url = servers.wrong_host.publish("/os", image.path, host=HERE)
    reason = untouchable.update_failure(url, image.sha256)
    assert f"{url}: certificate verify failed" in reason
    assert f"host name '{HERE}'" in reason
    assert servers.wrong_host.requests("/os") == []
    untouchable.expect_untouched()


def test_an_image_larger_than_the_slot(untouchable: Device, servers: Servers, tmp_path: Path) -> None:
    large = tmp_path / "large"
    large.write_bytes(untouchable.factory.update.path.read_bytes())
    with large.open("r+b") as file:
        file.truncate(SLOT_SIZE + 4096)
    for url in (servers.publish("/large", large), f"file://{large}"):
        reason = untouchable.update_failure(url, digest_of(large))
        assert url.removeprefix("file://") in reason
        assert f"is {SLOT_SIZE + 4096} bytes, more than the {SLOT_SIZE} that fit" in reason
    untouchable.expect_untouched()


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "not an image: it is empty"),
        (b"tiny", "not an image: only 4 bytes long"),
        (b"<!doctype html>" * 1000, "not an image: it does not begin with a squashfs"),
    ],
)
def test_something_that_is_no_image(
    untouchable: Device, servers: Servers, tmp_path: Path, content: bytes, says: str
) -> None:
    other = tmp_path / "other"
    other.write_bytes(content)
    reason = untouchable.update_failure(servers.publish("/other", other), digest_of(other))
    assert reason == f"stage slot-b: {says}"
    untouchable.expect_untouched()


@pytest.mark.parametrize("name", ["missing", "", "folder"])
def test_a_file_that_is_not_there(untouchable: Device, tmp_path: Path, name: str) -> None:
    (tmp_path / "folder").mkdir()
    path = f"{tmp_path}/{name}"
    reason = untouchable.update_failure(f"file://{path}", untouchable.factory.update.sha256)
    assert path in reason
    untouchable.expect_untouched()


def test_a_body_that_ends_too_soon(device: Device, servers: Servers) -> None:
    image = device.factory.update
    url = servers.publish("/short", image.path, Behaviour(truncate_at=image.size - 5000))
    reason = device.update_failure(url, image.sha256)
    assert f"given up after 2 attempts: {url}: " in reason
    assert "5000 bytes remaining" in reason
    device.expect_only_slot_b_written()
    device.expect_takes_an_update()


def test_a_body_that_stalls(device: Device, servers: Servers) -> None:
    image = device.factory.update
    device.machine.configure({"download": {"retries": 0}})
    device.restart()
    url = servers.publish("/stalls", image.path, Behaviour(stall_at=image.size // 2))
    reason = device.update_failure(url, image.sha256)
    assert f"given up after 1 attempt: {url}: stalled: " in reason
    device.expect_only_slot_b_written()


@pytest.mark.parametrize("ranges", [True, False])
def test_a_body_without_an_end(device: Device, servers: Servers, ranges: bool) -> None:
    image = device.factory.update
    url = servers.publish(f"/endless-{ranges}", image.path, Behaviour(endless=True, ranges=ranges))
    reason = device.update_failure(url, image.sha256)
    assert reason == f"stage slot-b: {url}: sends more than the {SLOT_SIZE} bytes that fit"
    device.expect_only_slot_b_written()


def test_an_image_without_a_section_table(
    device: Device, servers: Servers, tmp_path: Path
) -> None:
    plain = tmp_path / "plain.squashfs"
    tree = device.factory.folder / "tiny-root"
    subprocess.run(["mksquashfs", tree, plain, "-quiet", "-no-progress"], check=True)
    reason = device.update_failure(servers.publish("/plain", plain), digest_of(plain))
    assert "no section table behind the squashfs" in reason
    device.expect_only_slot_b_written()


def test_a_wrong_sha256(device: Device, servers: Servers) -> None:
    image = device.factory.update
    asked = device.factory.running.sha256
    reason = device.update_failure(servers.publish("/os", image.path), asked)
    assert "sha256 mismatch" in reason
    assert image.sha256 in reason and asked in reason
    device.expect_only_slot_b_written()
    device.expect_takes_an_update()
