"""An HTTPS server whose every answer is written by the test, byte by byte; it counts what it sent."""

from __future__ import annotations

import re
import socket
import ssl
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

_RANGE = re.compile(r"bytes=(\d+)-$")


class Exchange:
    """One request, and what is sent for it."""

    def __init__(self, connection: socket.socket, head: bytes, number: int, site: _Site) -> None:
        self._connection = connection
        self._site = site
        lines = head.decode("latin-1").split("\r\n")
        self.number = number  # of the requests for this path, from 0
        self.path = lines[0].split(" ")[1]
        self.headers = {
            name.lower(): value.strip()
            for name, _, value in (line.partition(":") for line in lines[1:] if line)
        }
        self.body_bytes = 0

    @property
    def start(self) -> int:
        """The first byte that is asked for."""
        found = _RANGE.match(self.headers.get("range", ""))
        return int(found[1]) if found else 0

    def send(self, data: bytes) -> None:
        self._connection.sendall(data)

    def head(self, status: str, *headers: str) -> None:
        self.send("\r\n".join([f"HTTP/1.1 {status}", *headers, "", ""]).encode("latin-1"))

    def body(self, data: bytes) -> None:
        """Counted as far as it was taken."""
        for at in range(0, len(data), 16384):
            piece = data[at : at + 16384]
            self.send(piece)
            self.body_bytes += len(piece)

    def all(self, content: bytes, *headers: str) -> None:
        """Whatever range was asked for."""
        self.head("200 OK", f"Content-Length: {len(content)}", *headers)
        self.body(content)

    def whole(self, content: bytes, *headers: str) -> None:
        """What a good server answers, a range where one is asked for."""
        self.cut(content, len(content), *headers)

    def cut(self, content: bytes, stop: int, *headers: str) -> None:
        """A good answer as far as the byte `stop` of the whole; there the connection ends."""
        length = f"Content-Length: {len(content) - self.start}"
        if self.start > 0:
            span = f"Content-Range: bytes {self.start}-{len(content) - 1}/{len(content)}"
            self.head("206 Partial Content", length, span, *headers)
        else:
            self.head("200 OK", length, *headers)
        self.body(content[self.start : stop])

    def reset(self) -> None:
        """The peer gets a RST instead of an end."""
        plain = socket.socket(fileno=self._connection.detach())
        plain.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        plain.close()

    def stall(self) -> None:
        """Stays connected and says nothing more."""
        self._site.closing.wait()

    def wait(self, seconds: float) -> bool:
        """Whether to go on: not when the test is over."""
        return not self._site.closing.wait(seconds)


Answer = Callable[[Exchange], None]


@dataclass
class _Site:
    answers: dict[str, Answer] = field(default_factory=dict)
    exchanges: list[Exchange] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)
    closing: threading.Event = field(default_factory=threading.Event)


class FaultyServer:
    """Each connection is for one request. Use as a context manager."""

    def __init__(self, certificate: Path | None, key: Path | None = None,
                 host: str = "127.0.0.1") -> None:
        """Plain HTTP without a certificate; `host` is an address of this machine."""
        self._site = _Site()
        self._context: ssl.SSLContext | None = None
        if certificate is not None:
            self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self._context.load_cert_chain(certificate, key)
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self._listener = socket.create_server((host, 0), family=family, backlog=64)
        self.port: int = self._listener.getsockname()[1]
        name = f"[{host}]" if ":" in host else host
        self.base = f"{'https' if certificate else 'http'}://{name}:{self.port}"
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def publish(self, path: str, answer: Answer) -> str:
        with self._site.lock:
            self._site.answers[path] = answer
        return self.base + path

    def exchanges(self, path: str) -> list[Exchange]:
        with self._site.lock:
            return [exchange for exchange in self._site.exchanges if exchange.path == path]

    def body_bytes(self, path: str) -> int:
        """All that was sent of bodies."""
        return sum(exchange.body_bytes for exchange in self.exchanges(path))

    def __enter__(self) -> FaultyServer:
        return self

    def __exit__(self, *_: object) -> None:
        self._site.closing.set()
        end(self._listener, self._thread)

    def _serve(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._connect, args=(client,), daemon=True).start()

    def _connect(self, client: socket.socket) -> None:
        try:
            client.settimeout(30)
            if self._context is not None:
                client = self._context.wrap_socket(client, server_side=True)
            self._answer(client)
        except OSError:
            pass  # whoever asked has hung up, or does not trust us
        finally:
            client.close()

    def _answer(self, client: socket.socket) -> None:
        head = b""
        while b"\r\n\r\n" not in head:
            data = client.recv(4096)
            if not data:
                return
            head += data
        path = head.split(b" ")[1].decode("latin-1")
        with self._site.lock:
            number = sum(known.path == path for known in self._site.exchanges)
            exchange = Exchange(client, head, number, self._site)
            self._site.exchanges.append(exchange)
            answer = self._site.answers.get(path, lambda e: e.head("404 Not Found",
                                                                   "Content-Length: 0"))
        answer(exchange)


def end(listener: socket.socket, thread: threading.Thread) -> None:
    """Closing alone would leave `thread` in accept, on a descriptor that is somebody else's next."""
    listener.shutdown(socket.SHUT_RDWR)
    thread.join()
    listener.close()


@contextmanager
def silent_port(first: bytes = b"") -> Iterator[int]:
    """Takes connections, says `first`, and then nothing, until the test is over."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        taken: list[socket.socket] = []

        def serve() -> None:
            while True:
                try:
                    client, _ = listener.accept()
                except OSError:
                    return
                taken.append(client)
                if first:
                    client.sendall(first)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield listener.getsockname()[1]
        end(listener, thread)
        for client in taken:
            client.close()
