"""An HTTPS server on the host's loopback that can misbehave as real ones do, path by path."""

from __future__ import annotations

import re
import socket
import ssl
import threading
import time
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

_CHUNK = 64 * 1024
_RANGE = re.compile(r"bytes=(\d+)-(\d*)$")

GUEST_VIEW_OF_HOST = "10.0.2.2"


@dataclass(frozen=True)
class Behaviour:
    """How a path is served. The default is what a good server does."""

    status: int = 200  # anything else is sent without the file
    bytes_per_second: int | None = None  # throttles each response
    truncate_at: int | None = None  # promises the whole file, sends this much, hangs up
    drop_once_at: int | None = None  # the same, but for the first request only
    stall_at: int | None = None  # then sends nothing more and stays connected
    endless: bool = False  # repeats the file for ever, without a length
    trickle: bool = False  # sends a byte at a time, some ten a second
    redirect: str = ""  # to this URL
    ranges: bool = True  # honours Range


@dataclass(frozen=True)
class Request:
    path: str
    range: str | None
    seconds: float
    headers: dict[str, str] = field(default_factory=dict)


@dataclass
class _Site:
    files: dict[str, tuple[Path, Behaviour]] = field(default_factory=dict)
    requests: list[Request] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)
    closing: threading.Event = field(default_factory=threading.Event)


class HttpsServer:
    """Serves from construction until closed. Use as a context manager."""

    def __init__(
        self, certificate: Path | None, key: Path | None, clients: Path | None = None
    ) -> None:
        """Plain HTTP without a certificate. With `clients`, an authority, only those it signed."""
        self._site = _Site()
        context = None
        if certificate is not None:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate, key)
            if clients is not None:
                context.load_verify_locations(clients)
                context.verify_mode = ssl.CERT_REQUIRED
        self._scheme = "https" if context else "http"
        self._server = _Server(("127.0.0.1", 0), self._site, context)
        self._thread = threading.Thread(
            target=self._server.serve_forever, name="https", daemon=True
        )
        self._thread.start()

    @property
    def port(self) -> int:
        return int(self._server.server_address[1])

    def publish(
        self,
        path: str,
        file: Path,
        behaviour: Behaviour = Behaviour(),
        host: str = GUEST_VIEW_OF_HOST,
    ) -> str:
        """Serves `file` at `path` from now on; returns its URL for those to whom we are `host`."""
        with self._site.lock:
            self._site.files[path] = (file, behaviour)
        return f"{self._scheme}://{host}:{self.port}{path}"

    def requests(self, path: str) -> list[Request]:
        with self._site.lock:
            return [request for request in self._site.requests if request.path == path]

    def close(self) -> None:
        self._site.closing.set()
        self._server.shutdown()
        self._server.server_close()

    def __enter__(self) -> HttpsServer:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def __init__(
        self, address: tuple[str, int], site: _Site, context: ssl.SSLContext | None
    ) -> None:
        self.site = site
        self._context = context
        super().__init__(address, _Handler)

    def finish_request(self, request: Any, client_address: Any) -> None:
        # Here, on the connection's own thread: a client that never finishes its handshake must not
        # keep others waiting.
        if self._context is not None:
            request.settimeout(30)
            request = self._context.wrap_socket(
                request, server_side=True, do_handshake_on_connect=False
            )
            try:
                request.do_handshake()
            except OSError:
                _end(request)
                return  # whichever side does not trust the other; the client tells
            request.settimeout(None)
        super().finish_request(request, client_address)
        if self._context is not None:
            try:
                request.unwrap().close()
            except OSError:
                request.close()

    def handle_error(self, request: Any, client_address: Any) -> None:
        pass  # clients that hang up are part of the trade


def _end(request: ssl.SSLSocket) -> None:
    """Lets the peer read why: closing with something unread would reset the connection."""
    with socket.socket(fileno=request.detach()) as plain:
        plain.settimeout(5)
        try:
            plain.shutdown(socket.SHUT_WR)
            while plain.recv(4096):
                pass
        except OSError:
            pass


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    protocol_version = "HTTP/1.1"

    def do_HEAD(self) -> None:
        self._answer(with_body=False)

    def do_GET(self) -> None:
        self._answer(with_body=True)

    def log_message(self, format: str, *args: Any) -> None:
        pass

    def _answer(self, with_body: bool) -> None:
        site = self.server.site
        wanted = self.headers.get("Range")
        with site.lock:
            first = not any(request.path == self.path for request in site.requests)
            now = time.monotonic()
            site.requests.append(Request(self.path, wanted, now, dict(self.headers.items())))
            file, behaviour = site.files.get(self.path, (None, Behaviour(status=404)))
        if behaviour.redirect:
            self.send_response(302)
            self.send_header("Location", behaviour.redirect)
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        if file is None or behaviour.status != 200:
            self.send_response(behaviour.status)
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        size = file.stat().st_size
        start, end = 0, size
        found = _RANGE.match(wanted) if behaviour.ranges and wanted else None
        if found:
            start = int(found[1])
            end = min(size, int(found[2]) + 1) if found[2] else size
            if start >= size or start >= end:
                self._refuse_range(size)
                return
        self._send_head(start, end, size, found is not None, behaviour)
        if with_body:
            self._send_body(file, start, end, behaviour, first)

    def _refuse_range(self, size: int) -> None:
        self.send_response(416)
        self.send_header("Content-Range", f"bytes */{size}")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def _send_head(
        self, start: int, end: int, size: int, partial: bool, behaviour: Behaviour
    ) -> None:
        self.send_response(206 if partial else 200)
        self.send_header("Content-Type", "application/octet-stream")
        if behaviour.endless:
            self.send_header("Connection", "close")
            self.close_connection = True
        else:
            self.send_header("Content-Length", str(end - start))
        if behaviour.ranges:
            self.send_header("Accept-Ranges", "bytes")
        if partial:
            self.send_header("Content-Range", f"bytes {start}-{end - 1}/{size}")
        self.end_headers()

    def _send_body(
        self, path: Path, start: int, end: int, behaviour: Behaviour, first: bool
    ) -> None:
        limit = behaviour.truncate_at
        if behaviour.drop_once_at is not None and first:
            limit = behaviour.drop_once_at
        began = time.monotonic()
        sent = 0
        with path.open("rb") as file:
            file.seek(start)
            position = start
            while position < end and not self.server.site.closing.is_set():
                if limit is not None and position >= limit:
                    self._hang_up()
                    return
                if behaviour.stall_at is not None and position >= behaviour.stall_at:
                    self.server.site.closing.wait()
                    return
                if behaviour.trickle:
                    self.wfile.write(file.read(1))
                    position += 1
                    self.server.site.closing.wait(0.1)
                    continue
                stops = [end] + [stop for stop in (limit, behaviour.stall_at) if stop is not None]
                data = file.read(min(_CHUNK, min(stops) - position))
                self.wfile.write(data)
                position += len(data)
                sent += len(data)
                self._throttle(behaviour, began, sent)
                if behaviour.endless and position == end:
                    file.seek(0)
                    position = 0

    def _throttle(self, behaviour: Behaviour, began: float, sent: int) -> None:
        if behaviour.bytes_per_second is None:
            return
        ahead = sent / behaviour.bytes_per_second - (time.monotonic() - began)
        if ahead > 0:
            self.server.site.closing.wait(ahead)

    def _hang_up(self) -> None:
        self.close_connection = True
        self.wfile.flush()
        try:
            self.connection.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
