"""A FleetLock server (https://coreos.github.io/zincati/development/fleetlock/protocol/)."""

from __future__ import annotations

import json
import ssl
import threading
from collections import defaultdict, deque
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

HERE = "127.0.0.1"
PRE_REBOOT, STEADY_STATE = "/v1/pre-reboot", "/v1/steady-state"


@dataclass(frozen=True)
class Answer:
    """What a server says that is none, or has no good day."""

    status: int
    body: bytes = b""
    endless: bool = False
    location: str = ""


class LockServer:
    """HTTPS, so many slots in each group. Use as a context manager."""

    def __init__(self, pki: Path, slots: int = 1, port: int = 0, clients: Path | None = None) -> None:
        """`pki` has server.pem and server.key; with `clients`, an authority, others are refused."""
        self.requests: list[tuple[str, str, str]] = []  # path, group, id
        self.most_holders = 0
        self._slots = slots
        self._lock = threading.Lock()
        self._holders: dict[str, set[str]] = defaultdict(set)
        self._answers: deque[Answer] = deque()
        server = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                answer = server._take(self.path, self.headers["fleet-lock-protocol"], body)
                self.send_response(answer.status)
                if answer.location:
                    self.send_header("Location", answer.location)
                self.end_headers()
                self.wfile.write(answer.body)
                while answer.endless:
                    self.wfile.write(bytes(65536))

            def log_message(self, format: str, *args: Any) -> None:
                pass

        class Server(ThreadingHTTPServer):
            daemon_threads = True
            block_on_close = False

            def handle_error(self, request: Any, client_address: Any) -> None:
                pass  # who leaves early, or was not let in

        self._server = Server((HERE, port), Handler)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(pki / "server.pem", pki / "server.key")
        if clients is not None:
            context.load_verify_locations(clients)
            context.verify_mode = ssl.CERT_REQUIRED
        self._server.socket = context.wrap_socket(
            self._server.socket, server_side=True, do_handshake_on_connect=False
        )
        self.port: int = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    @property
    def url(self) -> str:
        return f"https://{HERE}:{self.port}"

    def holders(self, group: str = "default") -> set[str]:
        with self._lock:
            return set(self._holders[group])

    def hold(self, holder: str, group: str = "default") -> None:
        with self._lock:
            self._holders[group].add(holder)

    def let_go(self, holder: str, group: str = "default") -> None:
        with self._lock:
            self._holders[group].discard(holder)

    def answer_next(self, *answers: Answer) -> None:
        """To the next requests to take a slot, in place of doing what they ask for."""
        with self._lock:
            self._answers.extend(answers)

    def left_to_answer(self) -> int:
        with self._lock:
            return len(self._answers)

    def _take(self, path: str, header: str | None, body: bytes) -> Answer:
        client = json.loads(body)["client_params"]
        group, holder = client["group"], client["id"]
        with self._lock:
            self.requests.append((path, group, holder))
            holders = self._holders[group]
            if header != "true":
                return _error(400, "bad_header", "the header is missing")
            if path == STEADY_STATE:
                holders.discard(holder)
                return Answer(200)
            if path != PRE_REBOOT:
                return _error(404, "not_found", "nothing is here")
            if self._answers:
                return self._answers.popleft()
            if holder not in holders and len(holders) >= self._slots:
                return _error(409, "failed_lock_semaphore_full", "all slots are locked already")
            holders.add(holder)
            self.most_holders = max(self.most_holders, len(holders))
            return Answer(200)

    def __enter__(self) -> LockServer:
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()


def _error(status: int, kind: str, value: str) -> Answer:
    return Answer(status, json.dumps({"kind": kind, "value": value}).encode())
