"""A forward proxy on the host's loopback: tunnels for https, whole requests for http."""

from __future__ import annotations

import base64
import select
import socket
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit


class ForwardProxy:
    """Works from construction until closed. Use as a context manager."""

    def __init__(self, login: str | None = None) -> None:
        """With `login`, "user:password", it refuses whoever does not give it."""
        self.requests: list[str] = []  # "CONNECT host:port", "GET http://…", in their order
        self.headers: list[str] = []  # of each, as they came
        wanted = None if login is None else "Basic " + base64.b64encode(login.encode()).decode()
        self._server = _Server(("127.0.0.1", 0), self, wanted)
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    @property
    def port(self) -> int:
        return int(self._server.server_address[1])

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def __enter__(self) -> ForwardProxy:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def __init__(self, address: tuple[str, int], proxy: ForwardProxy, wanted: str | None) -> None:
        self.proxy = proxy
        self.wanted = wanted
        super().__init__(address, _Handler)

    def handle_error(self, request: Any, client_address: Any) -> None:
        pass  # clients and servers that hang up are part of the trade


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    protocol_version = "HTTP/1.1"

    def do_CONNECT(self) -> None:
        if not self._is_welcome():
            return
        host, _, port = self.path.rpartition(":")
        try:
            upstream = socket.create_connection((host, int(port)), timeout=10)
        except OSError:
            self._refuse(502)
            return
        with upstream:
            self.send_response(200)
            self.end_headers()
            self._relay(upstream)

    def do_GET(self) -> None:
        if not self._is_welcome():
            return
        url = urlsplit(self.path)
        with socket.create_connection((url.hostname or "", url.port or 80), timeout=10) as upstream:
            target = url.path + (f"?{url.query}" if url.query else "")
            head = [f"GET {target} HTTP/1.1"]
            head += [f"{name}: {value}" for name, value in self.headers.items()
                     if not name.lower().startswith("proxy-")]
            upstream.sendall("\r\n".join([*head, "Connection: close", "", ""]).encode())
            self._relay(upstream)

    def log_message(self, format: str, *args: Any) -> None:
        pass

    def _is_welcome(self) -> bool:
        self.close_connection = True
        self.server.proxy.requests.append(f"{self.command} {self.path}")
        self.server.proxy.headers.append(str(self.headers))
        if self.server.wanted in (None, self.headers.get("Proxy-Authorization")):
            return True
        self._refuse(407)
        return False

    def _refuse(self, status: int) -> None:
        self.send_response(status)
        if status == 407:
            self.send_header("Proxy-Authenticate", 'Basic realm="proxy"')
        self.send_header("Content-Length", "0")
        self.end_headers()

    def _relay(self, upstream: socket.socket) -> None:
        ends = {self.connection: upstream, upstream: self.connection}
        while True:
            for end in select.select(list(ends), [], [], 60)[0] or [None]:
                data = end.recv(65536) if end else b""
                if not data:
                    return
                ends[end].sendall(data)
