"""How the real agent gets at an image: who it says it is, through whom, and from where."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from device import HERE, Device, Factory, issue_client
from faulty_server import FaultyServer
from harness.forward_proxy import ForwardProxy
from harness.https_server import Behaviour, HttpsServer
from harness.node import DONE

TOKEN = "Bearer 5up3r-geheim"


@pytest.fixture
def closed(device: Device) -> Iterator[HttpsServer]:
    """A server for those with a certificate of the authority alone."""
    folder = device.factory.server
    with HttpsServer(
        folder / "server.pem", folder / "server.key", device.factory.authority / "ca.pem"
    ) as server:
        yield server


@pytest.fixture
def proxy() -> Iterator[ForwardProxy]:
    with ForwardProxy(login="alice:geheim") as proxy:
        yield proxy


def configure(device: Device, **download: object) -> None:
    device.machine.configure({"download": download})
    device.restart()


def secret(device: Device, name: str, content: str) -> str:
    path = device.folder / name
    path.write_text(content)
    path.chmod(0o600)
    return str(path)


def certificate(device: Device) -> dict[str, object]:
    folder = issue_client(device.factory.authority, "reader", device.folder / "me")
    return {"client_certificate": str(folder / "client.pem"),
            "client_key_secret": str(folder / "client.key")}


def header(device: Device, server: HttpsServer) -> dict[str, object]:
    token = secret(device, "token", f"Authorization: {TOKEN}\n")
    return {"headers": [{"host": f"{HERE}:{server.port}", "secret": token}]}


def update(device: Device, url: str) -> None:
    """All the way."""
    schedule = device.node.update_to(device.factory.update, url)
    device.machine.wait_until_it_reboots()
    assert device.machine.power_on() == "slot-b"
    device.node.wait_for_state(schedule, ["COMPLETED"], 20)


def failure(device: Device, url: str) -> str:
    return device.update_failure(url, device.factory.update.sha256)


def expect_nobody_was_told(device: Device, *secrets: str) -> None:
    """Neither the log nor anything that the agent keeps or answers has a secret in it."""
    answers = [device.node.run(*command).stdout for command in
               (("status",), ("history",), ("schedule", "list"))]
    kept = [path for path in (device.folder / "agent-state").rglob("*") if path.is_file()]
    texts = [path.read_bytes() for path in [*kept, device.folder / "agent.log"]]
    for text in [*texts, *(answer.encode() for answer in answers)]:
        for word in secrets:
            assert word.encode() not in text


def test_with_a_certificate_and_a_token_through_a_proxy(
    device: Device, closed: HttpsServer, proxy: ForwardProxy
) -> None:
    configure(device, **certificate(device), **header(device, closed), proxy=proxy.url,
              proxy_secret=secret(device, "login", "alice:geheim"))
    url = closed.publish("/os", device.factory.update.path, host=HERE)
    update(device, url)
    assert {request.headers.get("Authorization") for request in closed.requests("/os")} == {TOKEN}
    assert set(proxy.requests) == {f"CONNECT {HERE}:{closed.port}"}
    assert not any("Bearer" in headers for headers in proxy.headers)
    expect_nobody_was_told(device, "5up3r", "geheim", "PRIVATE KEY")


def test_a_server_that_wants_a_certificate_is_no_use_without(
    device: Device, closed: HttpsServer
) -> None:
    url = closed.publish("/os", device.factory.update.path, host=HERE)
    assert "the server asks for a client certificate" in failure(device, url)
    device.expect_untouched()


def test_a_proxy_that_wants_a_login(device: Device, servers, proxy: ForwardProxy) -> None:
    url = servers.publish("/proxied", device.factory.update.path)
    configure(device, proxy=proxy.url)
    assert "it asks for a login (download.proxy_secret)" in failure(device, url)
    wrong = secret(device, "login", "alice:geheim-aber-falsch")
    configure(device, proxy=proxy.url, proxy_secret=wrong)
    assert "it asks for a login (download.proxy_secret)" in failure(device, url)
    assert servers.good.requests("/proxied") == []
    expect_nobody_was_told(device, "geheim")
    device.expect_untouched()
    configure(device, proxy=proxy.url, proxy_secret=wrong, no_proxy=[HERE])
    update(device, url)


def test_a_server_behind_the_proxy_does_not_lead_into_our_networks(
    device: Device, factory: Factory
) -> None:
    """Those that `no_proxy` has asked directly, and the proxy never sees."""
    image = factory.update
    content = image.path.read_bytes()
    with ForwardProxy() as proxy, FaultyServer(None) as outer, FaultyServer(None) as inner:
        target = inner.publish("/os", lambda exchange: exchange.whole(content))
        target = target.replace(HERE, "localhost")
        url = outer.publish("/os", lambda exchange: exchange.head(
            "302 Found", f"Location: {target}", "Content-Length: 0"))
        configure(device, proxy=proxy.url, no_proxy=["localhost"])
        assert device.update_failure(url, image.sha256) == (
            f"stage slot-b: {target}: a redirect from the internet to {HERE}, which is this "
            "machine, refused (download.local_redirects)")
        assert inner.exchanges("/os") == []
        device.expect_untouched()
        assert f"GET {url}" in proxy.requests and f"GET {target}" not in proxy.requests

        configure(device, proxy=proxy.url)
        update(device, url)
        assert f"GET {target}" in proxy.requests


def test_a_header_does_not_follow_a_redirect_to_another_server(
    device: Device, servers, closed: HttpsServer
) -> None:
    target = servers.publish("/redirected", device.factory.update.path)
    url = closed.publish("/os", device.factory.update.path, Behaviour(redirect=target), host=HERE)
    configure(device, **certificate(device), **header(device, closed))
    update(device, url)
    assert {request.headers.get("Authorization") for request in closed.requests("/os")} == {TOKEN}
    arrived = servers.good.requests("/redirected")
    assert arrived and not any("Authorization" in request.headers for request in arrived)


def test_a_secret_that_everybody_may_read_is_none(device: Device, closed: HttpsServer) -> None:
    configure(device, **certificate(device), **header(device, closed))
    (device.folder / "token").chmod(0o644)
    url = closed.publish("/os", device.factory.update.path, host=HERE)
    reason = failure(device, url)
    assert "may be read by everybody (its mode is " in reason
    assert "5up3r" not in reason
    assert closed.requests("/os") == []
    device.expect_untouched()


def test_a_limit_holds_images_back_and_lets_them_through(device: Device, servers) -> None:
    rate = 8 * 1024
    configure(device, rate="1G", limits=[{"window": "00:00-24:00", "rate": rate}])
    image = device.factory.update
    url = servers.publish("/limited", image.path)
    began = time.monotonic()
    schedule = device.node.update_to(image, url, "--stop-after-staging")
    device.node.wait_for(schedule, "a staged image", lambda now: now.phase == "STAGED",
                         20 + 2 * image.size / rate)
    # What a chunk and the credit of a fresh start may be ahead, and no more than that.
    allowed = rate * (time.monotonic() - began) + 64 * 1024
    assert image.size <= allowed


def test_a_watch_ends_where_an_update_waits_to_be_activated(device: Device, servers) -> None:
    image = device.factory.update
    url = servers.publish("/held", image.path)
    watched = device.node.run("schedule", "update", "--source", url, "--sha256", image.sha256,
                              "--no-reboot", "--watch", "--timeout", "120")
    assert watched.code == DONE, watched
    schedule = device.node.call("schedule", "status")["schedule"]
    assert schedule["phase"] == "PHASE_STAGED", schedule


def test_files_of_some_folders_only(device: Device, tmp_path: Path) -> None:
    image = device.factory.update
    incoming = tmp_path / "incoming"
    incoming.mkdir()
    configure(device, file_dirs=[str(incoming)])
    allowed = incoming / "os.squashfs"
    allowed.symlink_to(image.path)
    os.mkfifo(incoming / "fifo.squashfs")
    (incoming / "folder.squashfs").mkdir()
    (incoming / "null.squashfs").symlink_to("/dev/null")
    for path, says in (
        (image.path, f"is in no folder that files are taken from ({incoming})"),
        (f"{incoming}/../../{image.path.name}", "is in no folder that files are taken from"),
        (allowed, f"a symbolic link leads out of {incoming}, refused"),
        (incoming / "null.squashfs", f"a symbolic link leads out of {incoming}, refused"),
        (incoming / "fifo.squashfs", "is not a plain file"),
        (incoming / "folder.squashfs", "is not a plain file"),
    ):
        assert says in failure(device, f"file://{path}")
    device.expect_untouched()
    allowed.unlink()
    allowed.write_bytes(image.path.read_bytes())
    update(device, f"file://{allowed}")
