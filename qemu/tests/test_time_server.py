"""The time is answered in the form of RFC 4330, right or wrong by what was asked for."""

from __future__ import annotations

import socket
import struct
import time

from harness.time_server import TimeServer, answer

_1900_TO_1970 = 2208988800


def request(sent_at: int) -> bytes:
    return bytes([0x23]) + bytes(39) + struct.pack("!Q", sent_at)


def test_an_answer_has_the_fields_that_a_client_checks() -> None:
    said = answer(request(0x1122334455667788), now=1_700_000_000.5)
    assert len(said) == 48
    assert said[0] >> 6 == 0  # no warning
    assert (said[0] >> 3 & 7, said[0] & 7) == (4, 4)  # version 4, a server
    assert 1 <= said[1] <= 15  # stratum
    _, asked_at, received, sent = struct.unpack_from("!QQQQ", said, 16)
    assert asked_at == 0x1122334455667788
    assert received == sent == (1_700_000_000 + _1900_TO_1970 << 32) + (1 << 31)


def test_a_server_may_be_ahead() -> None:
    with TimeServer(ahead_seconds=3600, port=0) as server:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
            client.settimeout(10)
            client.sendto(b"too short", ("127.0.0.1", server.port))
            before = time.time()
            client.sendto(request(1), ("127.0.0.1", server.port))
            said = client.recv(512)
            after = time.time()
    seconds = struct.unpack_from("!I", said, 40)[0] - _1900_TO_1970
    assert int(before) + 3600 <= seconds <= int(after) + 3600 + 1
