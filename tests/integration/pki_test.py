"""osctl pki: authorities, and what is done with their keys."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest
from signer import BIN, FAILED, REFUSED, USAGE, osctl, refused

ISSUE = ("--role", "admin", "--name", "mallory")


@pytest.fixture
def authority(tmp_path: Path) -> Path:
    osctl("pki", "init", "--dir", tmp_path / "ca")
    return tmp_path / "ca"


def test_an_authority_whose_key_everybody_may_read_issues_nothing(authority: Path, tmp_path: Path) -> None:
    key = authority / "ca.key"
    key.chmod(0o666)
    said = refused(FAILED, "pki", "issue", "--dir", authority, *ISSUE, "--out", tmp_path / "out")
    assert f"the secret {key} may be read by everybody (its mode is 0666); chmod 600 {key}" in said
    assert not (tmp_path / "out").exists()
    key.chmod(0o600)
    osctl("pki", "issue", "--dir", "ca", *ISSUE, "--out", "out", cwd=tmp_path)


def test_a_client_with_a_key_that_everybody_may_read_asks_nobody(authority: Path, tmp_path: Path) -> None:
    client = tmp_path / "client"
    osctl("pki", "issue", "--dir", authority, *ISSUE, "--out", client)
    (client / "client.key").chmod(0o644)
    said = refused(3, "--pki", client, "--node", "127.0.0.1:1", "status")
    assert f"chmod 600 {client}/client.key" in said


@pytest.mark.parametrize("how", [(), ("--force",)])
def test_the_key_of_an_authority_is_never_replaced(authority: Path, how: tuple[str, ...]) -> None:
    before = (authority / "ca.key").read_bytes(), (authority / "ca.pem").read_bytes()
    said = refused(REFUSED, "pki", "init", "--dir", authority, *how)
    assert f"{authority}/ca.key exists, and a key that signs is never replaced" in said
    assert ((authority / "ca.key").read_bytes(), (authority / "ca.pem").read_bytes()) == before


def test_a_certificate_without_its_key_is_replaced_where_that_is_said(authority: Path) -> None:
    (authority / "ca.key").unlink()
    assert "--force replaces it" in refused(REFUSED, "pki", "init", "--dir", authority)
    osctl("pki", "init", "--dir", authority, "--force")
    osctl("pki", "issue", "--dir", authority, *ISSUE, "--out", authority.parent / "out")


def test_a_name_that_is_no_utf8_is_told_as_well_as_json_can(tmp_path: Path, image: Path) -> None:
    def told(*arguments: object) -> dict:
        words = [os.fsencode(str(word)) for word in (BIN / "osctl", "--output", "json", *arguments)]
        done = subprocess.run(words, capture_output=True, timeout=60)
        assert done.returncode == 0, done
        return json.loads(done.stdout)

    odd = Path(os.fsdecode(os.fsencode(tmp_path) + b"/odd\xff"))
    assert told("pki", "init", "--dir", odd)["ca"] == f"{tmp_path}/odd\ufffd/ca.pem"
    assert told("key", "generate", "--out", odd / "k")["key"] == f"{tmp_path}/odd\ufffd/k"
    (odd / "os.squashfs").write_bytes(image.read_bytes())
    assert told("image", "index", odd / "os.squashfs")["path"].endswith("odd\ufffd/os.squashfs.idx")
    assert told("image", "inspect", odd / "os.squashfs")["path"].endswith("odd\ufffd/os.squashfs")


def test_a_certificate_of_another_authority_is_not_revoked(authority: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    osctl("pki", "init", "--dir", other)  # of the same name
    osctl("pki", "issue", "--dir", other, *ISSUE, "--out", tmp_path / "theirs")
    osctl("pki", "issue", "--dir", authority, *ISSUE, "--out", tmp_path / "ours")
    said = refused(USAGE, "pki", "revoke", "--dir", authority, "--certificate", tmp_path / "theirs/client.pem")
    assert "its own authority must revoke it" in said
    assert not (authority / "crl.pem").exists()
    assert osctl("pki", "revoke", "--dir", authority, "--certificate", tmp_path / "ours/client.pem")["added"] == 1
