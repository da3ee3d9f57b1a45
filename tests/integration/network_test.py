"""What networks, servers and certificates do wrong: every update ends with its cause, none hangs."""

from __future__ import annotations

import datetime
import gzip
import ipaddress
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from device import HERE, Device, Factory
from faulty_server import Answer, Exchange, FaultyServer, silent_port


@pytest.fixture(scope="module")
def faulty(factory: Factory) -> Iterator[FaultyServer]:
    with FaultyServer(factory.server / "server.pem", factory.server / "server.key") as server:
        yield server


@pytest.fixture(scope="module")
def tough(factory: Factory, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Device]:
    """Lives through all of this file, and takes a good update at its end."""
    device = Device(factory, tmp_path_factory.mktemp("tough"))
    device.machine.configure({"download": {"connect_timeout_seconds": 1}})
    device.machine.power_on()
    yield device
    device.expect_takes_an_update()
    device.machine.power_off()


@pytest.fixture(scope="module")
def content(factory: Factory) -> bytes:
    return factory.update.path.read_bytes()


def drip(data: bytes) -> Answer:
    """A byte now and then, for ever."""

    def answer(exchange: Exchange) -> None:
        at = 0
        while exchange.wait(0.05):
            exchange.send(data[at % len(data)].to_bytes())
            at += 1

    return answer


def flood(first: bytes, again: bytes) -> Answer:
    def answer(exchange: Exchange) -> None:
        exchange.send(first)
        while exchange.wait(0):
            exchange.send(again)

    return answer


def head_only(status: str, *headers: str) -> Answer:
    return lambda exchange: exchange.head(status, "Content-Length: 0", *headers)


def with_body(status: str, *headers: str) -> Answer:
    """Of five bytes."""

    def answer(exchange: Exchange) -> None:
        exchange.head(status, *headers)
        exchange.body(b"hsqs\0")

    return answer


def reset_after(data: bytes) -> Answer:
    def answer(exchange: Exchange) -> None:
        exchange.send(data)
        exchange.reset()

    return answer


WITHOUT_A_BODY: dict[str, tuple[Answer, str]] = {
    "reset-at-once": (lambda e: e.reset(), "Connection reset by peer"),
    "reset-in-the-head": (reset_after(b"HTTP/1.1 200 OK\r\nContent-Le"), "Connection reset by peer"),
    "closed-without-a-word": (lambda e: None, "Empty reply from server"),
    "silent": (lambda e: e.stall(), "Operation too slow"),
    "head-in-drops": (drip(b"HTTP/1.1 200 OK\r\n" + b"X-A: b\r\n" * 10_000), "Operation too slow"),
    "endless-head": (flood(b"HTTP/1.1 200 OK\r\n", b"X-Endless: yes\r\n" * 512),
                     "the answer's header is too large"),
    "endless-header-line": (flood(b"HTTP/1.1 200 OK\r\nX-Endless: ", b"x" * 8192),
                            "a line of the answer's header is too large"),
    "endlessly-go-on": (flood(b"", b"HTTP/1.1 100 Continue\r\n\r\n" * 64),
                        "given up after 2 attempts"),
    "another-protocol": (lambda e: e.send(b"SSH-2.0-OpenSSH_9.2p1\r\n"), "HTTP/0.9"),
    "length-that-is-none": (lambda e: e.head("200 OK", "Content-Length: many"),
                            "Invalid Content-Length"),
    "length-below-zero": (lambda e: e.head("200 OK", "Content-Length: -1"),
                          "Invalid Content-Length"),
    "larger-than-the-slot": (with_body("200 OK", "Content-Length: 9000000000000000000"),
                             "is 9000000000000000000 bytes, more than the 8388608 that fit"),
    "part-that-nobody-asked-for": (
        with_body("206 Partial Content", "Content-Length: 5", "Content-Range: bytes 5-9/10"),
        "asked for the bytes from 0, answered with bytes from 5"),
    "part-of-no-range": (with_body("206 Partial Content", "Content-Length: 5"),
                         "asked for the bytes from 0, answered with no single range"),
    "packed-unasked": (with_body("200 OK", "Content-Length: 5", "Content-Encoding: gzip"),
                       "sent content-encoding gzip, unasked"),
    "nothing-new": (head_only("304 Not Modified"), "HTTP 304"),
    "no-content": (head_only("204 No Content"), "HTTP 204"),
    "status-that-is-none": (head_only("999 What"), "HTTP 999"),
    "redirect-to-nowhere": (head_only("302 Found"), "HTTP 302"),
    "redirect-in-a-circle": (head_only("302 Found", "Location: /redirect-in-a-circle"),
                             "more than 5 redirects"),
    "redirect-to-http": (head_only("302 Found", "Location: http://127.0.0.1:1/os"),
                         "redirects to http://127.0.0.1:1/os, refused"),
    "redirect-to-a-file": (head_only("302 Found", "Location: file:///etc/shadow"), "refused"),
    "redirect-to-ftp": (head_only("302 Found", "Location: ftp://127.0.0.1/os"), "refused"),
    "redirect-with-an-endless-body": (
        flood(b"HTTP/1.1 302 Found\r\nLocation: /elsewhere\r\n\r\n", b"x" * 8192),
        "sent a redirect with an endless body"),
}


@pytest.mark.parametrize("fault", WITHOUT_A_BODY)
def test_nothing_that_could_be_an_image_comes(
    tough: Device, faulty: FaultyServer, fault: str
) -> None:
    answer, says = WITHOUT_A_BODY[fault]
    url = faulty.publish(f"/{fault}", answer)
    reason = tough.update_failure(url, tough.factory.update.sha256)
    assert says in reason
    assert url in reason
    assert tough.starts().stdout == "slot-a\n"
    # Where trying again may help it was tried again, and no oftener than asked for.
    assert len(faulty.exchanges(f"/{fault}")) in (1, 2, 6)


BOMB = gzip.compress(b"hsqs" + bytes(1 << 25), 9, mtime=0)


def body_then_reset(content: bytes) -> Answer:
    def answer(exchange: Exchange) -> None:
        exchange.head("200 OK", f"Content-Length: {len(content)}")
        exchange.body(content[: len(content) * 3 // 4])
        exchange.reset()

    return answer


def chunked(exchange: Exchange, data: bytes, *headers: str) -> None:
    exchange.head("200 OK", "Transfer-Encoding: chunked", *headers)
    exchange.body(b"%x\r\n%s\r\n0\r\n\r\n" % (len(data), data))


def damaged(content: bytes) -> Answer:
    """One bit is wrong."""
    bad = bytearray(content)
    bad[len(bad) // 2] ^= 1
    return lambda exchange: exchange.whole(bytes(bad))


def with_a_body(content: bytes) -> dict[str, tuple[Answer, str]]:
    size = len(content)
    half = content[: size // 2]
    return {
        "reset-in-the-body": (body_then_reset(content), "Connection reset by peer"),
        "shorter-than-it-is": (lambda e: (e.head("200 OK", f"Content-Length: {size // 2}"),
                                          e.body(content)), "sha256 mismatch"),
        "longer-than-it-is": (lambda e: (e.head("200 OK", f"Content-Length: {size + 9}"),
                                         e.body(content)), "9 bytes remaining"),
        "length-beyond-counting": (
            lambda e: (e.head("200 OK", "Content-Length: 99999999999999999999"), e.body(half)),
            "sha256 mismatch"),
        "chunks-that-end-too-soon": (
            lambda e: (e.head("200 OK", "Transfer-Encoding: chunked"),
                       e.body(b"%x\r\n%s" % (size, half))), "closed with outstanding read data"),
        "chunk-of-no-size": (
            lambda e: (e.head("200 OK", "Transfer-Encoding: chunked"),
                       e.body(b"%x\r\n%s\r\nzz\r\n" % (len(half), half))), "chunk"),
        "bomb": (lambda e: chunked(e, BOMB, "Transfer-Encoding: gzip"),
                 "not an image: it does not begin with a squashfs"),
        "one-bit": (damaged(content), "sha256 mismatch"),
        "one-half-twice": (lambda e: (e.head("200 OK"), e.body(half + half)), "sha256 mismatch"),
    }


@pytest.mark.parametrize("fault", with_a_body(b"any"))
def test_something_comes_that_is_not_the_image(
    tough: Device, faulty: FaultyServer, content: bytes, fault: str
) -> None:
    answer, says = with_a_body(content)[fault]
    url = faulty.publish(f"/{fault}", answer)
    reason = tough.update_failure(url, tough.factory.update.sha256)
    assert says in reason
    if not says.startswith(("sha256 mismatch", "not an image")):
        assert url in reason
    tough.expect_only_slot_b_written()


def certificate(
    folder: Path, name: str, issuer: Path | None, start: int, end: int, host: str = HERE,
    names: str = "",
) -> FaultyServer:
    """A server at `host`, whose certificate `names` it (or another), from and until so many days
    from now. Without an issuer it is signed by itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    signer, issued_by = key, subject
    if issuer is not None:
        signer = serialization.load_pem_private_key((issuer / "ca.key").read_bytes(), None)
        issued_by = x509.load_pem_x509_certificate((issuer / "ca.pem").read_bytes()).subject
    now = datetime.datetime.now(datetime.UTC)
    alternative = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address(names or host))])
    made = (
        x509.CertificateBuilder()
        .subject_name(subject).issuer_name(issued_by).public_key(key.public_key())
        .serial_number(x509.random_serial_number()).add_extension(alternative, critical=False)
        .not_valid_before(now + datetime.timedelta(days=start))
        .not_valid_after(now + datetime.timedelta(days=end))
        .sign(signer, None if issuer and "Ed25519" in type(signer).__name__ else hashes.SHA256())
    )
    pem, secret = folder / f"{name}.pem", folder / f"{name}.key"
    pem.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    secret.write_bytes(key.private_bytes(serialization.Encoding.PEM,
                                         serialization.PrivateFormat.PKCS8,
                                         serialization.NoEncryption()))
    return FaultyServer(pem, secret, host)


@pytest.mark.parametrize(
    ("name", "ours", "start", "end", "says"),
    [
        ("expired", True, -9, -1, "certificate has expired"),
        ("early", True, 1, 9, "certificate is not yet valid"),
        ("self-signed", False, -1, 9, "self-signed certificate"),
    ],
)
def test_a_certificate_that_is_not_to_be_trusted(
    tough: Device, factory: Factory, content: bytes, tmp_path: Path, name: str, ours: bool,
    start: int, end: int, says: str,
) -> None:
    issuer = factory.authority if ours else None
    with certificate(tmp_path, name, issuer, start, end) as server:
        url = server.publish("/os", lambda exchange: exchange.whole(content))
        reason = tough.update_failure(url, factory.update.sha256)
        assert reason == f"stage slot-b: {url}: certificate verify failed: {says}"
        assert server.exchanges("/os") == []


def test_a_certificate_that_is_to_be_trusted(
    tough: Device, factory: Factory, tmp_path: Path
) -> None:
    """Made the same way: what the test before refuses is not refused for how it was made."""
    with certificate(tmp_path, "good", factory.authority, -1, 9) as server:
        url = server.publish("/os", head_only("404 Not Found"))
        assert "HTTP 404" in tough.update_failure(url, factory.update.sha256)


def test_a_name_that_nobody_has(tough: Device) -> None:
    url = "https://nobody.invalid/os.squashfs"
    reason = tough.update_failure(url, tough.factory.update.sha256)
    assert f"given up after 2 attempts: {url}: Could not resolve host: nobody.invalid" in reason


@pytest.mark.parametrize(
    ("first", "says"),
    [
        (b"", "SSL connection timeout"),
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", "wrong version number"),
    ],
)
def test_somebody_who_speaks_no_tls(tough: Device, first: bytes, says: str) -> None:
    with silent_port(first) as port:
        url = f"https://{HERE}:{port}/os"
        reason = tough.update_failure(url, tough.factory.update.sha256)
    assert f"given up after 2 attempts: {url}: " in reason
    assert says in reason


@pytest.mark.parametrize(
    ("first", "says"),
    [
        (None, "Failed to connect to 127.0.0.1 port 1"),
        (b"", "Proxy CONNECT aborted due to timeout"),
        (b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n", "the proxy answered HTTP 502"),
        (b"HTTP/1.1 200 OK\r\nX-Long: " + b"x" * 300_000, "CONNECT response too large"),
        (b"HTTP/1.1 200 Fine\r\n\r\nnot TLS at all", "wrong version number"),
    ],
)
def test_a_proxy_that_does_not_work(
    tough: Device, faulty: FaultyServer, first: bytes | None, says: str
) -> None:
    url = faulty.publish("/behind", head_only("404 Not Found"))
    with silent_port(first or b"") as port:
        proxy = f"http://{HERE}:{1 if first is None else port}"
        tough.machine.configure({"download": {"proxy": proxy, "connect_timeout_seconds": 1}})
        tough.restart()
        reason = tough.update_failure(url, tough.factory.update.sha256)
    tough.machine.configure({"download": {"connect_timeout_seconds": 1}})
    tough.restart()
    assert url in reason
    assert says in reason
    assert faulty.exchanges("/behind") == []


def test_ipv6(tough: Device, factory: Factory, content: bytes, tmp_path: Path) -> None:
    """An address in brackets is a host as any other: its certificate must name it."""
    with certificate(tmp_path, "six", factory.authority, -1, 9, host="::1") as server:
        url = server.publish("/os", lambda exchange: exchange.whole(content))
        assert url.startswith("https://[::1]:")
        schedule = tough.node.update_to(factory.update, url, "--stop-after-staging")
        tough.node.wait_for(schedule, "a staged image", lambda now: now.phase == "STAGED", 20)
        tough.node.call("schedule", "cancel", schedule)
        assert server.body_bytes("/os") == len(content)
    with certificate(tmp_path, "four", factory.authority, -1, 9, host="::1", names=HERE) as server:
        url = server.publish("/os", lambda exchange: exchange.whole(content))
        reason = tough.update_failure(url, factory.update.sha256)
        assert f"{url}: certificate verify failed: " in reason
        assert "'::1'" in reason
        assert server.exchanges("/os") == []
