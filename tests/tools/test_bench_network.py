"""The arithmetic of links, and what is counted at the server. No clock but the test's own."""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from benching.network.link import Direction, Speed
from benching.network.proxy import Proxy
from benching.network.web_server import parse_log


def test_bytes_arrive_in_turn_and_late() -> None:
    line = Direction(bytes_a_second=1000, delay=0.5)
    assert line.send(100, now=10) == pytest.approx(10.6)
    assert line.send(100, now=10) == pytest.approx(10.7), "behind the first"
    assert line.send(100, now=20) == pytest.approx(20.6), "the line had been idle; nothing is saved up"


def test_a_line_takes_no_more_than_its_queue_holds() -> None:
    line = Direction(bytes_a_second=1000, delay=0.5)
    assert line.ready_in(now=10) == 0
    line.send(1000, now=10)
    assert line.ready_in(now=10) == pytest.approx(1 - 0.005)
    assert line.ready_in(now=10.995) == pytest.approx(0)


def test_all_that_was_sent_took_the_time_that_the_speed_says() -> None:
    speed = Speed(mbit=100, round_trip_ms=30)
    line = speed.direction()
    now, sent, arrived = 0.0, 0, 0.0
    while sent < 10_000_000:
        now += line.ready_in(now)
        arrived = line.send(65536, now)
        sent += 65536
    assert arrived == pytest.approx(speed.seconds(sent, round_trips=0) + 0.015)


def test_a_link_is_as_fast_as_its_name_less_what_packets_take() -> None:
    speed = Speed(mbit=10, round_trip_ms=30)
    assert speed.payload_bytes_a_second == pytest.approx(1_176_853, abs=1)
    assert speed.seconds(1_176_853, round_trips=2) == pytest.approx(1.06, abs=0.001)


def test_requests_are_counted_with_their_bytes() -> None:
    served = parse_log('{"path":"/a","status":200,"bytes":10,"range":""}\n'
                       '{"path":"/b\\"c","status":206,"bytes":5,"range":"bytes=0-4"}\n')
    assert (served.count, served.bytes) == (2, 15)
    assert served.requests[1].path == '/b"c'
    assert [request.range for request in served.requests] == ["", "bytes=0-4"]


@pytest.fixture
def echo() -> Iterator[int]:
    """The port of a server that answers, once it was told everything, with the same."""
    listener = socket.create_server(("127.0.0.1", 0))

    def answer() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            with connection:
                connection.sendall(_all_of(connection))

    threading.Thread(target=answer, daemon=True).start()
    yield listener.getsockname()[1]
    listener.shutdown(socket.SHUT_RDWR)
    listener.close()


def _all_of(connection: socket.socket) -> bytes:
    parts = []
    while part := connection.recv(1 << 16):
        parts.append(part)
    return b"".join(parts)


def test_what_goes_through_a_link_is_what_came(echo: int) -> None:
    proxy = Proxy(echo, Speed(mbit=100_000, round_trip_ms=1))
    threading.Thread(target=proxy.serve, daemon=True).start()

    def told(content: bytes) -> bytes:
        with socket.create_connection(("127.0.0.1", proxy.port), timeout=20) as connection:
            connection.sendall(content)
            connection.shutdown(socket.SHUT_WR)
            return _all_of(connection)

    contents = [os.urandom(size) for size in (1, 65536, 3_000_000, 0)]
    with ThreadPoolExecutor(len(contents)) as pool:
        assert list(pool.map(told, contents)) == contents


def test_a_client_that_hangs_up_takes_nothing_from_the_others(echo: int) -> None:
    proxy = Proxy(echo, Speed(mbit=100_000, round_trip_ms=1))
    threading.Thread(target=proxy.serve, daemon=True).start()
    with socket.create_connection(("127.0.0.1", proxy.port)) as rude:
        rude.sendall(b"x" * 100_000)
    with socket.create_connection(("127.0.0.1", proxy.port), timeout=20) as polite:
        polite.sendall(b"still there?")
        polite.shutdown(socket.SHUT_WR)
        assert _all_of(polite) == b"still there?"
