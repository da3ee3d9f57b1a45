"""nginx on this machine's loopback, serving a folder as plain files; every request is counted."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

from benching import requirements
from benching.command import CannotMeasure

# sendfile, and no more processes than one: a plain file server as its manual has it.
_CONFIG = """
daemon off;
pid {folder}/nginx.pid;
error_log {folder}/error.log;
{user}
worker_processes 1;
events {{ worker_connections 512; }}
http {{
  sendfile on;
  sendfile_max_chunk 2m;
  tcp_nopush on;
  keepalive_requests 100000;
  client_body_temp_path {folder}/body;
  proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi;
  scgi_temp_path {folder}/scgi;
  log_format counted escape=json
    '{{"path":"$uri","status":$status,"bytes":$body_bytes_sent,"range":"$http_range"}}';
  access_log {folder}/access.log counted;
  server {{
    listen 127.0.0.1:{port};
    root {root};
  }}
}}
"""


@dataclass(frozen=True)
class Request:
    path: str
    status: int
    bytes: int  # of bodies
    range: str


@dataclass(frozen=True)
class Served:
    requests: tuple[Request, ...]

    @property
    def count(self) -> int:
        return len(self.requests)

    @property
    def bytes(self) -> int:
        return sum(request.bytes for request in self.requests)


def parse_log(text: str) -> Served:
    return Served(tuple(Request(**json.loads(line)) for line in text.splitlines()))


class WebServer:
    """Use as a context manager. `folder` is for its own files, `root` for what it serves."""

    def __init__(self, folder: Path, root: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.root = root
        self.port = free_port()
        self._log = folder / "access.log"
        self._log.unlink(missing_ok=True)
        config = folder / "nginx.conf"
        config.write_text(_CONFIG.format(folder=folder, root=root, port=self.port, user="user root;"))
        self._nginx = subprocess.Popen(
            ["setpriv", "--pdeathsig", "TERM", "--", requirements.command("nginx") or "nginx",
             "-e", folder / "error.log", "-c", config], stdin=subprocess.DEVNULL)
        self._wait_until_up(folder)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def count(self) -> Served:
        """What it served since it was last asked."""
        time.sleep(0.1)  # a request is written down after its last byte has gone
        served = parse_log(self._log.read_text())
        self._log.write_text("")
        return served

    def _wait_until_up(self, folder: Path) -> None:
        for _ in range(200):
            try:
                socket.create_connection(("127.0.0.1", self.port)).close()
                return
            except OSError:
                time.sleep(0.02)
        raise CannotMeasure(f"nginx did not start: {(folder / 'error.log').read_text()}")

    def __enter__(self) -> WebServer:
        return self

    def __exit__(self, *_: object) -> None:
        self._nginx.send_signal(signal.SIGTERM)
        self._nginx.wait()


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])
