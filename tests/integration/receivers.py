"""Real servers that notifications are sent to, and what they got."""

from __future__ import annotations

import email
import email.policy
import json
import ssl
import subprocess
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from harness.waiting import wait_until

HERE = "127.0.0.1"
DEBIANS_PYTHON = "/usr/bin/python3"  # the one that python3-aiosmtpd is for


@dataclass(frozen=True)
class Certificate:
    certificate: Path
    key: Path

    @staticmethod
    def make(folder: Path) -> Certificate:
        """Self-signed, for the loopback's address."""
        made = Certificate(folder / "cert.pem", folder / "key.pem")
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
             "-nodes", "-days", "2", "-subj", "/CN=test", "-addext", f"subjectAltName=IP:{HERE}",
             "-keyout", made.key, "-out", made.certificate],
            check=True, capture_output=True,
        )
        return made


@dataclass(frozen=True)
class Mail:
    sender: str
    recipients: list[str]
    login: str | None
    tls: bool
    message: EmailMessage


class MailServer:
    """Use as a context manager. `settings` are smtp_server.py's."""

    def __init__(
        self, certificate: Certificate, folder: Path, security: str = "starttls", **settings: Any
    ) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        told = {
            "certificate": str(certificate.certificate),
            "key": str(certificate.key),
            "security": security,
            **settings,
        }
        (folder / "settings").write_text(json.dumps(told))
        script = Path(__file__).with_name("smtp_server.py")
        self._log = (folder / "log").open("w")
        self._process = subprocess.Popen(
            [DEBIANS_PYTHON, "-B", script, folder / "settings", folder],
            stdin=subprocess.PIPE, stderr=self._log,
        )

        def listens() -> bool:
            assert self._process.poll() is None, (folder / "log").read_text()
            return (folder / "port").exists()

        wait_until("the mail server listens", listens, pause=0.02)
        self.port = int((folder / "port").read_text())

    def mails(self) -> list[Mail]:
        taken = []
        for file in sorted(self._folder.glob("[0-9]*.json")):
            told = json.loads(file.read_text())
            message = email.message_from_bytes(
                told["content"].encode("latin-1"), policy=email.policy.default
            )
            assert isinstance(message, EmailMessage)
            taken.append(Mail(told["from"], told["to"], told["login"], told["tls"], message))
        return taken

    def logins(self) -> list[str]:
        file = self._folder / "logins"
        return file.read_text().split() if file.exists() else []

    def __enter__(self) -> MailServer:
        return self

    def __exit__(self, *_: object) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(10)
        self._log.close()


@dataclass(frozen=True)
class Post:
    method: str
    path: str
    headers: dict[str, str]
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)


@dataclass(frozen=True)
class Reply:
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b"ok"
    stalls: bool = False  # never answers


class WebServer:
    """HTTPS; `reply` is given the number of the request, from 1 on. Use as a context manager."""

    def __init__(
        self, certificate: Certificate, reply: Callable[[int], Reply] = lambda _: Reply()
    ) -> None:
        self.posts: list[Post] = []
        self.closing = threading.Event()
        server = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def _take(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                server.posts.append(Post(self.command, self.path, dict(self.headers), body))
                told = reply(len(server.posts))
                if told.stalls:
                    server.closing.wait()
                    return
                self.send_response(told.status)
                for name, value in told.headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(told.body)))
                self.end_headers()
                self.wfile.write(told.body)

            do_POST = do_PUT = _take

            def log_message(self, format: str, *args: Any) -> None:
                pass

        self._server = ThreadingHTTPServer((HERE, 0), Handler)
        self._server.daemon_threads = True
        self._server.block_on_close = False
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate.certificate, certificate.key)
        self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    @property
    def url(self) -> str:
        return f"https://{HERE}:{self._server.server_address[1]}"

    def __enter__(self) -> WebServer:
        return self

    def __exit__(self, *_: object) -> None:
        self.closing.set()
        self._server.shutdown()
        self._server.server_close()
