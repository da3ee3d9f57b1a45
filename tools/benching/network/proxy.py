"""Puts a slow link before a server: `proxy.py --to PORT --mbit 10 --round-trip-ms 30`.

Prints the port it listens on, on this machine's loopback. All connections share the line, in both
directions, each of which has the whole speed. Nothing is lost, and TCP's slow start is not played:
a connection may have its whole window under way at once.
"""

from __future__ import annotations

import argparse
import collections
import selectors
import socket
import sys
import time
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from benching.network.link import Direction, Speed  # noqa: E402

_PIECE = 64 * 1024  # small, so that connections take turns
_WINDOW = 6 << 20  # of one connection, as Linux grows it: what is under way or not read yet


@dataclass
class _Flow:
    """What goes from one socket to another, and when it arrives."""

    source: socket.socket
    target: socket.socket
    line: Direction
    earliest: float  # a handshake comes before
    under_way: collections.deque[tuple[float, memoryview]]
    waiting: int = 0
    ended: bool = False  # the source says no more
    shut: bool = False  # and the target has been told


class Proxy:
    def __init__(self, to: int, speed: Speed) -> None:
        self._to = to
        self._speed = speed
        self._up, self._down = speed.direction(), speed.direction()
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=256)
        self._listener.setblocking(False)
        self._flows: list[_Flow] = []
        self.port = self._listener.getsockname()[1]

    def serve(self) -> None:
        while True:
            self.turn(time.monotonic())

    def turn(self, now: float) -> None:
        """Waits for something to do, and does it."""
        self._wait(now)
        now = time.monotonic()
        self._accept(now)
        for flow in self._flows:
            self._take(flow, now)
        for flow in self._flows:
            self._deliver(flow, now)
        self._flows = [flow for flow in self._flows if not flow.shut or not self._close_pair(flow)]
        self._flows = self._flows[1:] + self._flows[:1]  # another is the first the next time

    def _wait(self, now: float) -> None:
        until = now + 60
        with selectors.DefaultSelector() as selector:
            selector.register(self._listener, selectors.EVENT_READ)
            wanted: dict[socket.socket, int] = {}
            for flow in self._flows:
                if not flow.ended and flow.waiting < _WINDOW:
                    if flow.line.ready_in(now) == 0:
                        wanted[flow.source] = wanted.get(flow.source, 0) | selectors.EVENT_READ
                    else:
                        until = min(until, now + flow.line.ready_in(now))
                if flow.under_way:
                    due = flow.under_way[0][0]
                    if due <= now:
                        wanted[flow.target] = wanted.get(flow.target, 0) | selectors.EVENT_WRITE
                    else:
                        until = min(until, due)
            for one, events in wanted.items():
                selector.register(one, events)
            selector.select(max(0.0, until - now))

    def _accept(self, now: float) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except BlockingIOError:
                return
            server = socket.create_connection(("127.0.0.1", self._to))
            for one in (client, server):
                one.setblocking(False)
                one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            begins = now + self._speed.handshake
            self._flows += [_Flow(client, server, self._up, begins, collections.deque()),
                            _Flow(server, client, self._down, now, collections.deque())]

    @staticmethod
    def _take(flow: _Flow, now: float) -> None:
        if flow.ended or flow.waiting >= _WINDOW or flow.line.ready_in(now) > 0:
            return
        try:
            piece = flow.source.recv(_PIECE)
        except (BlockingIOError, InterruptedError):
            return
        except OSError:
            piece = b""
        flow.ended = not piece
        arrives = flow.line.send(len(piece), now) + max(0.0, flow.earliest - now)
        flow.under_way.append((arrives, memoryview(piece)))
        flow.waiting += len(piece)

    @staticmethod
    def _deliver(flow: _Flow, now: float) -> None:
        while flow.under_way and flow.under_way[0][0] <= now:
            arrived, piece = flow.under_way.popleft()
            try:
                if not piece:
                    flow.target.shutdown(socket.SHUT_WR)
                    flow.shut = True
                    return
                sent = flow.target.send(piece)
            except (BlockingIOError, InterruptedError):
                flow.under_way.appendleft((arrived, piece))
                return
            except OSError:
                flow.ended = flow.shut = True  # whoever was to have it is gone
                flow.under_way.clear()
                return
            flow.waiting -= sent
            if sent < len(piece):
                flow.under_way.appendleft((arrived, piece[sent:]))
                return

    def _close_pair(self, flow: _Flow) -> bool:
        """Whether both ways are over."""
        other = next(each for each in self._flows if each.source is flow.target)
        if not other.shut:
            return False
        flow.source.close()
        flow.target.close()
        return True


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--to", type=int, required=True)
    parser.add_argument("--mbit", type=float, required=True)
    parser.add_argument("--round-trip-ms", type=float, required=True)
    options = parser.parse_args()
    proxy = Proxy(options.to, Speed(options.mbit, options.round_trip_ms))
    print(proxy.port, flush=True)
    proxy.serve()


if __name__ == "__main__":
    main()
