"""A mail server on the loopback that speaks TLS: `smtp_server.py SETTINGS.json FOLDER`.

Run by Debian's Python, which has aiosmtpd. Writes each mail that it takes to FOLDER/N.json, and
"port" once it listens. Ends when its stdin does.
"""

from __future__ import annotations

import asyncio
import json
import ssl
import sys
from pathlib import Path
from typing import Any

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

SETTINGS: dict[str, Any] = json.loads(Path(sys.argv[1]).read_text())
FOLDER = Path(sys.argv[2])


class Postbox:
    """Takes what it is given, but for the recipients and the first mails it is told to refuse."""

    def __init__(self) -> None:
        self.seen = 0

    async def handle_RCPT(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if address in SETTINGS.get("refused", []):
            return "550 5.1.1 no such mailbox"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope
    ) -> str:
        self.seen += 1
        if self.seen <= SETTINGS.get("busy", 0):
            return "451 4.3.0 come back later"
        content = envelope.content
        assert isinstance(content, bytes)
        mail = {
            "from": envelope.mail_from,
            "to": envelope.rcpt_tos,
            "login": session.auth_data and session.auth_data.login.decode(),
            "tls": session.ssl is not None or SETTINGS["security"] == "tls",
            "content": content.decode("latin-1"),
        }
        (FOLDER / f"{self.seen}.json").write_text(json.dumps(mail))
        return "250 OK"


def authenticate(
    server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: Any
) -> AuthResult:
    assert isinstance(data, LoginPassword)
    good = SETTINGS.get("logins", {}).get(data.login.decode()) == data.password.decode()
    with (FOLDER / "logins").open("a") as log:
        log.write("good\n" if good else "bad\n")
    return AuthResult(success=good, handled=False, auth_data=data)


async def main() -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(SETTINGS["certificate"], SETTINGS["key"])
    security = SETTINGS["security"]
    postbox = Postbox()

    def protocol() -> SMTP:
        return SMTP(
            postbox,
            hostname="mail.test",
            loop=asyncio.get_running_loop(),
            tls_context=context if security == "starttls" else None,
            require_starttls=security == "starttls",
            authenticator=authenticate if "logins" in SETTINGS else None,
            auth_required="logins" in SETTINGS,
            auth_require_tls=security == "starttls",
        )

    loop = asyncio.get_running_loop()
    server = await loop.create_server(
        protocol,
        "127.0.0.1",
        SETTINGS.get("port", 0),
        ssl=context if security == "tls" else None,
    )
    port = server.sockets[0].getsockname()[1]
    (FOLDER / "port.new").write_text(str(port))
    (FOLDER / "port.new").rename(FOLDER / "port")
    await loop.run_in_executor(None, sys.stdin.read)


asyncio.run(main())
