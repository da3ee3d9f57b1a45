"""Notifications to real servers: a mail server with TLS, an HTTPS server, a program."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import threading
from pathlib import Path
from typing import Any

import pytest
from device import Device, Factory, Servers
from harness import paths
from receivers import HERE, Certificate, MailServer, Reply, WebServer

PROGRAM = Path(os.environ["MATIC_BIN"]).parent / "tests" / "send_notifications"
PASSWORD = "geheim-und-lang"
TOKEN = "tok-0123456789abcdef"
HOOK = "/services/T00/B00/hook-secret-xyz"


class Sender:
    """Runs the program, and sees to it that no secret is in anything that it says."""

    def __init__(self, folder: Path, certificate: Certificate) -> None:
        self.folder = folder
        self.certificate = certificate
        self.environment: dict[str, str] = {}

    def secret(self, name: str, content: str) -> str:
        file = self.folder / name
        file.write_text(content + "\n")
        file.chmod(0o600)
        return str(file)

    def mail_channel(self, port: int, **more: Any) -> dict[str, Any]:
        return {
            "name": "mail", "type": "email", "host": HERE, "port": port,
            "ca_file": str(self.certificate.certificate), "from": "agent@example.com",
            "to": ["ops@example.com"], **more,
        }

    def hook_channel(self, kind: str, url: str, **more: Any) -> dict[str, Any]:
        return {
            "name": kind, "type": kind, "url_secret": self.secret(f"{kind}-url", url),
            "ca_file": str(self.certificate.certificate), **more,
        }

    def send(self, *channels: dict[str, Any], **plan: Any) -> list[dict[str, Any]]:
        messages = [{"title": "Update failed", "body": "no space", "node": "edge-7"}]
        file = self.folder / "plan.json"
        file.write_text(json.dumps({"channels": channels, "messages": messages, **plan}))
        done = subprocess.run([PROGRAM, file], env={**os.environ, **self.environment}, capture_output=True,
                              text=True, timeout=120)
        assert done.returncode == 0, done.stderr
        for secret in (PASSWORD, TOKEN, "hook-secret", "/services"):
            assert secret not in done.stdout + done.stderr
        return [json.loads(line) for line in done.stdout.splitlines()]


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    return Certificate.make(tmp_path_factory.mktemp("certificate"))


@pytest.fixture
def sender(tmp_path: Path, certificate: Certificate) -> Sender:
    return Sender(tmp_path, certificate)


def codes(reports: list[dict[str, Any]]) -> list[tuple[str, bool]]:
    return [(report["code"], report["given_up"]) for report in reports]


DELIVERED = ("ok", False)


@pytest.mark.parametrize("security", ["starttls", "tls"])
def test_a_mail_over_tls_with_a_login(sender: Sender, tmp_path: Path, security: str) -> None:
    message = {
        "title": "Aktualisierung gescheitert: slot-b ist zu klein für das große Abbild 🙂",
        "body": "größer als der Platz\n.\n" + "x" * 2000 + "\nend",
        "node": "edge-7",
        "event": "update-failed",
        "fields": {"slot": "slot-b"},
    }
    with MailServer(
        sender.certificate, tmp_path / "mail", security, logins={"agent": PASSWORD}
    ) as server:
        channel = sender.mail_channel(
            server.port, security=security, user="agent",
            password=sender.secret("password", PASSWORD), to=["ops@example.com", "b@example.com"],
        )
        assert codes(sender.send(channel, messages=[message])) == [DELIVERED]
        (mail,) = server.mails()
    assert mail.tls
    assert mail.login == "agent"
    assert mail.sender == "agent@example.com"
    assert mail.recipients == ["ops@example.com", "b@example.com"]
    assert mail.message["Subject"] == f"edge-7: {message['title']}"
    assert mail.message["From"] == "agent@example.com"
    assert [a.addr_spec for a in mail.message["To"].addresses] == mail.recipients
    assert mail.message["Date"].datetime is not None
    assert mail.message["Message-ID"].endswith("@example.com>")
    assert mail.message["Auto-Submitted"] == "auto-generated"
    (part,) = mail.message.iter_parts()
    assert part.get_content_type() == "text/plain"
    assert part.get_content_charset() == "utf-8"
    text = part.get_content().replace("\r\n", "\n")
    assert text.startswith(str(message["body"]) + "\n\nslot: slot-b\nnode: edge-7\ntime: ")
    assert not mail.message.defects


def test_a_title_cannot_write_headers(sender: Sender, tmp_path: Path) -> None:
    evil = "x\r\nBcc: victim@example.com\r\n\r\n<html>"
    with MailServer(sender.certificate, tmp_path / "mail") as server:
        sender.send(sender.mail_channel(server.port), messages=[{"title": evil, "node": evil}])
        (mail,) = server.mails()
    assert mail.message["Bcc"] is None
    assert mail.recipients == ["ops@example.com"]
    assert "Bcc: victim@example.com" in mail.message["Subject"]


def test_a_wrong_password_is_told_and_not_tried_again(sender: Sender, tmp_path: Path) -> None:
    with MailServer(sender.certificate, tmp_path / "mail", logins={"agent": "other"}) as server:
        channel = sender.mail_channel(
            server.port, user="agent", password=sender.secret("password", PASSWORD)
        )
        (report,) = sender.send(channel)
        assert (report["code"], report["given_up"]) == ("refused", True)
        assert f"{HERE}:{server.port}: does not take the login" in report["error"]
        assert set(server.logins()) == {"bad"}
        assert server.mails() == []


def test_no_password_is_told_to_a_server_without_tls(sender: Sender, tmp_path: Path) -> None:
    with MailServer(
        sender.certificate, tmp_path / "mail", "none", logins={"agent": PASSWORD}
    ) as server:
        channel = sender.mail_channel(
            server.port, user="agent", password=sender.secret("password", PASSWORD)
        )
        reports = sender.send(channel, wait_ms=1000)
        assert {report["code"] for report in reports} <= {"permission", "cancelled"}
        assert "offers no STARTTLS" in reports[0]["error"]
        assert server.logins() == []
        assert server.mails() == []


@pytest.mark.parametrize("security", ["starttls", "tls"])
def test_no_password_is_told_to_a_server_that_is_not_trusted(
    sender: Sender, tmp_path: Path, security: str
) -> None:
    with MailServer(
        sender.certificate, tmp_path / "mail", security, logins={"agent": PASSWORD}
    ) as server:
        channel = sender.mail_channel(
            server.port, security=security, user="agent", ca_file="",
            password=sender.secret("password", PASSWORD),
        )
        reports = sender.send(channel, wait_ms=1000)
        assert reports[0]["code"] == "permission"
        assert "certificate" in reports[0]["error"]
        assert not reports[0]["given_up"]  # the clock of this machine may be what is wrong
        assert server.logins() == []
        assert server.mails() == []


def test_a_busy_mail_server_is_asked_again(sender: Sender, tmp_path: Path) -> None:
    with MailServer(sender.certificate, tmp_path / "mail", busy=2) as server:
        reports = sender.send(sender.mail_channel(server.port))
        assert codes(reports) == [("unavailable", False)] * 2 + [DELIVERED]
        assert "451" in reports[0]["error"]
        assert len(server.mails()) == 1


def test_one_wrong_recipient_does_not_stop_the_others(sender: Sender, tmp_path: Path) -> None:
    with MailServer(sender.certificate, tmp_path / "mail", refused=["gone@example.com"]) as server:
        both = sender.mail_channel(server.port, to=["gone@example.com", "ops@example.com"])
        assert codes(sender.send(both)) == [DELIVERED]
        assert server.mails()[0].recipients == ["ops@example.com"]
        nobody = sender.mail_channel(server.port, to=["gone@example.com"])
        assert codes(sender.send(nobody)) == [("refused", True)]
        assert len(server.mails()) == 1


def test_a_server_that_comes_up_later(sender: Sender, tmp_path: Path) -> None:
    with socket.socket() as reserved:
        reserved.bind((HERE, 0))
        port = reserved.getsockname()[1]
    reports: list[dict[str, Any]] = []
    sending = threading.Thread(
        target=lambda: reports.extend(sender.send(sender.mail_channel(port)))
    )
    sending.start()
    with MailServer(sender.certificate, tmp_path / "mail", port=port) as server:
        sending.join()
        assert len(server.mails()) == 1
    assert codes(reports)[-1] == DELIVERED
    assert {code for code, _ in codes(reports)[:-1]} <= {"unavailable"}


def test_chats_and_webhooks_over_https(sender: Sender) -> None:
    with WebServer(sender.certificate) as server:
        token = sender.secret("token", TOKEN)
        reports = sender.send(
            sender.hook_channel("discord", f"{server.url}{HOOK}"),
            sender.hook_channel("slack", f"{server.url}{HOOK}"),
            sender.hook_channel("webhook", f"{server.url}{HOOK}?k=v", token=token),
            {"name": "matrix", "type": "matrix", "homeserver": server.url, "token": token,
             "room": "!ops:example.com", "ca_file": str(sender.certificate.certificate)},
        )
        assert codes(reports) == [DELIVERED] * 4
        posts = {json.dumps(sorted(post.json())): post for post in server.posts}
        assert len(posts) == 4
        by_path = {post.path: post for post in server.posts}
    for post in posts.values():
        assert post.headers["Content-Type"] == "application/json"
        assert b"edge" in post.body
    hook = by_path[f"{HOOK}?k=v"]
    assert hook.method == "POST"
    assert hook.headers["Authorization"] == f"Bearer {TOKEN}"
    assert hook.json()["title"] == "Update failed"
    room = "/_matrix/client/v3/rooms/%21ops%3aexample.com/send/m.room.message/"
    (matrix,) = [post for path, post in by_path.items() if path.startswith(room)]
    assert matrix.method == "PUT"
    assert matrix.path == room + hook.json()["id"]


def test_a_server_in_trouble_is_asked_again_when_it_says(sender: Sender) -> None:
    answers = {1: Reply(503, {"Retry-After": "1"}), 2: Reply(429), 3: Reply(204, body=b"")}
    with WebServer(sender.certificate, lambda number: answers[number]) as server:
        reports = sender.send(sender.hook_channel("slack", f"{server.url}{HOOK}"))
        assert codes(reports) == [("unavailable", False)] * 2 + [DELIVERED]
        assert len({post.body for post in server.posts}) == 1


def test_what_a_server_refuses_is_quoted_without_the_secret(sender: Sender) -> None:
    said = f"no_service at {HOOK}".encode()
    with WebServer(sender.certificate, lambda _: Reply(404, body=said)) as server:
        (report,) = sender.send(sender.hook_channel("slack", f"{server.url}{HOOK}"))
        assert (report["code"], report["given_up"]) == ("refused", True)
        assert report["error"] == f"{server.url}: HTTP 404: no_service at ***"


def test_a_token_follows_no_redirect(sender: Sender) -> None:
    with WebServer(sender.certificate) as elsewhere:
        away = Reply(307, {"Location": f"{elsewhere.url}/take"})
        with WebServer(sender.certificate, lambda _: away) as server:
            (report,) = sender.send(
                sender.hook_channel("webhook", server.url, token=sender.secret("token", TOKEN))
            )
        assert report["code"] == "refused"
        assert "redirect" in report["error"]
        assert elsewhere.posts == []


def test_the_proxy_of_the_environment_is_asked(sender: Sender) -> None:
    with WebServer(sender.certificate) as server:
        channel = sender.hook_channel("slack", f"{server.url}{HOOK}")
        sender.environment = {"https_proxy": "http://127.0.0.1:1"}
        assert codes(sender.send(channel)) != [DELIVERED]
        assert server.posts == []
        sender.environment["no_proxy"] = "*"
        assert codes(sender.send(channel)) == [DELIVERED]


def test_an_untrusted_server_gets_nothing(sender: Sender) -> None:
    with WebServer(sender.certificate) as server:
        channel = sender.hook_channel("slack", f"{server.url}{HOOK}", ca_file="")
        reports = sender.send(channel, wait_ms=1000)
        assert reports[0]["code"] == "permission"
        assert server.posts == []


def test_a_server_that_hangs_ends_with_the_program(sender: Sender) -> None:
    with WebServer(sender.certificate, lambda _: Reply(stalls=True)) as server:
        channel = sender.hook_channel("slack", f"{server.url}{HOOK}", timeout=3600)
        reports = sender.send(channel, wait_ms=2000, stop_ms=100)
        assert codes(reports)[-1] == ("cancelled", True)
        assert len(server.posts) == 1


def test_an_attempt_ends_at_the_channels_timeout(sender: Sender) -> None:
    answers = [Reply(stalls=True), Reply()]
    with WebServer(sender.certificate, lambda number: answers[number - 1]) as server:
        channel = sender.hook_channel("slack", f"{server.url}{HOOK}", timeout=1)
        assert codes(sender.send(channel)) == [("unavailable", False), DELIVERED]
        assert len(server.posts) == 2


def test_a_flood_is_cut_to_the_limit_and_told(sender: Sender) -> None:
    messages = [{"title": f"m{number}"} for number in range(50)]
    with WebServer(sender.certificate) as server:
        channel = sender.hook_channel("webhook", f"{server.url}{HOOK}", messages=5)
        sender.send(channel, messages=messages, wait_ms=3000, stop_ms=20_000)
        bodies = [post.json() for post in server.posts]
    assert [body["title"] for body in bodies] == ["m0", "m1", "m2", "m3", "m4", "m49"]
    assert sum(body["left_out"] for body in bodies) == 44


def test_a_program_gets_the_message(sender: Sender, tmp_path: Path) -> None:
    script = tmp_path / "tell"
    script.write_text('#!/bin/sh\ncat > "$1"\nenv | grep ^MATIC_ >> "$1"\n')
    script.chmod(0o755)
    told = tmp_path / "told"
    channel = {"name": "program", "type": "program", "argv": [str(script), str(told)]}
    assert codes(sender.send(channel)) == [DELIVERED]
    text = told.read_text()
    assert text.startswith("no space\n\nnode: edge-7\ntime: ")
    assert "\nMATIC_TITLE=Update failed\n" in text
    assert "\nMATIC_LEVEL=error\n" in text


class Speaker:
    """A device whose agent tells a webhook of what goes wrong."""

    def __init__(self, factory: Factory, folder: Path, certificate: Certificate, url: str) -> None:
        self.device = Device(factory, folder)
        self.config = folder / "agent.yaml"
        secret = folder / "hook-url"
        secret.write_text(url + HOOK)
        secret.chmod(0o600)
        self.device.machine.configure({
            "notifications": {
                "channels": [{
                    "name": "ops", "type": "webhook", "min_level": "warning",
                    "url_secret": str(secret), "ca_file": str(certificate.certificate),
                }],
            },
        })

    def test_channels(self) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [paths.AGENT, "--config", self.config, "--test-notification"],
            capture_output=True, text=True, timeout=60, check=False,
        )


def test_an_agent_tells_of_an_update_that_fails(
    factory: Factory, servers: Servers, certificate: Certificate, tmp_path: Path
) -> None:
    with WebServer(certificate) as server:
        speaker = Speaker(factory, tmp_path, certificate, server.url)
        device = speaker.device
        device.machine.power_on()
        try:
            url = servers.publish("/update", factory.update.path)
            reason = device.update_failure(url, "0" * 64)
            device.node.poll(lambda: server.posts or None, 20, "a message")
            device.restart()  # what was told is not told again
        finally:
            device.machine.power_off()
        (post,) = server.posts
    assert post.path == HOOK
    message = post.json()
    assert message["event"] == "update-failed"
    assert message["level"] == "error"
    assert message["body"] == reason
    assert message["node"] == "file-backed"
    assert HOOK not in (tmp_path / "agent.log").read_text()


def test_whether_channels_work_is_told_by_the_agent(
    factory: Factory, certificate: Certificate, tmp_path: Path
) -> None:
    with WebServer(certificate, lambda number: Reply(200 if number == 1 else 404)) as server:
        speaker = Speaker(factory, tmp_path, certificate, server.url)
        good = speaker.test_channels()
        bad = speaker.test_channels()
        assert [post.json()["event"] for post in server.posts] == ["test", "test"]
    assert (good.returncode, good.stdout) == (0, "ops: delivered\n")
    assert bad.returncode == 1
    assert bad.stdout == f"ops: {server.url}: HTTP 404: ok\n"
    assert "1 of 1 channels failed" in bad.stderr
