"""A link before a server (proxy.py), as a process of its own."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from benching.network.link import Speed


class SlowLink:
    """Use as a context manager."""

    def __init__(self, to: int, speed: Speed) -> None:
        self._proxy = subprocess.Popen(
            ["setpriv", "--pdeathsig", "TERM", "--", sys.executable, Path(__file__).with_name("proxy.py"),
             "--to", str(to), "--mbit", str(speed.mbit), "--round-trip-ms", str(speed.round_trip_ms)],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)
        assert self._proxy.stdout is not None
        self.port = int(self._proxy.stdout.readline())

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def __enter__(self) -> SlowLink:
        return self

    def __exit__(self, *_: object) -> None:
        self._proxy.terminate()
        self._proxy.wait()
        assert self._proxy.stdout is not None
        self._proxy.stdout.close()
