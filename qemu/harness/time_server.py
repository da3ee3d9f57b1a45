"""A server of the time for machines of the lab (SNTP, RFC 4330): right, or wrong by so much."""

from __future__ import annotations

import socket
import struct
import threading
import time

from harness.verdict import Unusable

PORT = 123  # the only one that systemd-timesyncd asks
_UNIX_IN_NTP = 2208988800  # seconds from 1900 to 1970
_PACKET = struct.Struct("!BBbbII4sQQQQ")
_SERVER_OF_VERSION_4 = 0x24


class TimeServer:
    """Answers on the loopback, which guests see as 10.0.2.2, from construction until closed.

    Takes root: the port is one of the system's. Use as a context manager.
    """

    def __init__(self, ahead_seconds: float = 0, port: int = PORT) -> None:
        self.ahead_seconds = ahead_seconds
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        try:
            self._socket.bind(("127.0.0.1", port))
        except OSError as error:
            self._socket.close()
            raise Unusable(f"127.0.0.1:{port}: {error}; a server of the time runs here") from error
        self._closing = False
        self._thread = threading.Thread(target=self._serve, name="time", daemon=True)
        self._thread.start()

    @property
    def port(self) -> int:
        return int(self._socket.getsockname()[1])

    def close(self) -> None:
        self._closing = True
        # Wakes the thread: closing alone does not.
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as waker:
            waker.sendto(b"", self._socket.getsockname())
        self._thread.join()
        self._socket.close()

    def __enter__(self) -> TimeServer:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _serve(self) -> None:
        while not self._closing:
            request, client = self._socket.recvfrom(512)
            if len(request) >= _PACKET.size:
                self._socket.sendto(answer(request, time.time() + self.ahead_seconds), client)


def answer(request: bytes, now: float) -> bytes:
    """What a server that has its time from a radio says to `request` at `now`."""
    stamp = round((now + _UNIX_IN_NTP) * 2**32)
    asked_at = _PACKET.unpack_from(request)[-1]
    # Leap and mode, stratum, poll, precision, delay, dispersion, clock; set, asked, received, sent.
    return _PACKET.pack(
        _SERVER_OF_VERSION_4, 1, 6, -20, 0, 1 << 8, b"LAB\0", stamp, asked_at, stamp, stamp
    )
