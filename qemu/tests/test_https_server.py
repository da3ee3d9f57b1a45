"""The server serves, and misbehaves, as its paths are told to; curl is the judge."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from harness.https_server import Behaviour, HttpsServer

CONTENT = bytes(range(256)) * 4096  # 1 MiB


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("certificate")
    subprocess.run(
        [
            "openssl",
            "req",
            "-x509",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:prime256v1",
            "-nodes",
            "-days",
            "2",
            "-subj",
            "/CN=test",
            "-addext",
            "subjectAltName=IP:127.0.0.1",
            "-keyout",
            folder / "key.pem",
            "-out",
            folder / "cert.pem",
        ],
        check=True,
        capture_output=True,
    )
    return folder


@pytest.fixture
def server(certificate: Path) -> Iterator[HttpsServer]:
    with HttpsServer(certificate / "cert.pem", certificate / "key.pem") as running:
        yield running


@pytest.fixture
def image(tmp_path: Path) -> Path:
    path = tmp_path / "image"
    path.write_bytes(CONTENT)
    return path


def curl(certificate: Path, *arguments: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        ["curl", "-sS", "--max-time", "20", "--cacert", certificate / "cert.pem", *arguments],
        capture_output=True,
        check=False,
    )


def test_serves_a_file_whole_and_in_ranges(
    server: HttpsServer, certificate: Path, image: Path
) -> None:
    url = server.publish("/image", image, host="127.0.0.1")
    assert curl(certificate, url).stdout == CONTENT
    assert curl(certificate, "-r", "1000-1999", url).stdout == CONTENT[1000:2000]
    assert curl(certificate, "-r", "1048000-", url).stdout == CONTENT[1048000:]
    head = curl(certificate, "-r", "10-19", "-D", "-", "-o", "/dev/null", url).stdout
    assert b"206" in head and b"Content-Range: bytes 10-19/1048576" in head
    beyond = curl(certificate, "-f", "-r", "2000000-", url)
    assert beyond.returncode == 22 and b"416" in beyond.stderr
    assert [request.range for request in server.requests("/image")][:2] == [None, "bytes=1000-1999"]


def test_an_unknown_path_is_404_and_a_status_is_sent(
    server: HttpsServer, certificate: Path, image: Path
) -> None:
    url = server.publish("/broken", image, Behaviour(status=503), host="127.0.0.1")
    assert b"503" in curl(certificate, "-f", url).stderr
    assert b"404" in curl(certificate, "-f", url + "-not").stderr


def test_a_truncated_body_ends_early(server: HttpsServer, certificate: Path, image: Path) -> None:
    url = server.publish("/image", image, Behaviour(truncate_at=100_000), host="127.0.0.1")
    result = curl(certificate, url)
    assert result.returncode != 0
    assert result.stdout == CONTENT[:100_000]


def test_a_dropped_download_can_be_resumed(
    server: HttpsServer, certificate: Path, image: Path, tmp_path: Path
) -> None:
    url = server.publish("/image", image, Behaviour(drop_once_at=500_000), host="127.0.0.1")
    out = tmp_path / "out"
    assert curl(certificate, "-o", str(out), url).returncode != 0
    assert curl(certificate, "-C", "-", "-o", str(out), url).returncode == 0
    assert out.read_bytes() == CONTENT
    assert server.requests("/image")[1].range == "bytes=500000-"


def test_throttles(server: HttpsServer, certificate: Path, image: Path) -> None:
    url = server.publish("/image", image, Behaviour(bytes_per_second=1 << 20), host="127.0.0.1")
    began = time.monotonic()
    assert curl(certificate, url).stdout == CONTENT
    assert 0.7 < time.monotonic() - began < 10


def test_an_endless_body_outlasts_its_file(
    server: HttpsServer, certificate: Path, image: Path
) -> None:
    url = server.publish("/image", image, Behaviour(endless=True), host="127.0.0.1")
    client = subprocess.Popen(
        ["curl", "-sS", "--max-time", "20", "--cacert", certificate / "cert.pem", url],
        stdout=subprocess.PIPE,
    )
    assert client.stdout is not None
    try:
        assert client.stdout.read(3 * len(CONTENT)) == 3 * CONTENT
    finally:
        client.kill()
        client.wait()


def test_a_stalled_body_stays_connected(
    server: HttpsServer, certificate: Path, image: Path
) -> None:
    url = server.publish("/image", image, Behaviour(stall_at=65536), host="127.0.0.1")
    result = curl(certificate, "--max-time", "2", url)
    assert result.returncode == 28
    assert result.stdout == CONTENT[:65536]


def test_a_server_without_ranges_sends_everything(
    server: HttpsServer, certificate: Path, image: Path
) -> None:
    url = server.publish("/image", image, Behaviour(ranges=False), host="127.0.0.1")
    head = curl(certificate, "-r", "10-19", "-D", "-", "-o", "/dev/null", url).stdout
    assert b" 200 " in head and b"Content-Range" not in head


def test_a_client_that_does_not_trust_it_hangs_up(server: HttpsServer, image: Path) -> None:
    url = server.publish("/image", image, host="127.0.0.1")
    result = subprocess.run(
        ["curl", "-sS", "--max-time", "20", url], capture_output=True, check=False
    )
    assert result.returncode == 60
    assert server.requests("/image") == []
