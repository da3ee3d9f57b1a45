"""osctl key and root: from a key to a rotated root document."""

import json
import stat
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ed25519
from signer import (BIN, FAILED, REFUSED, USAGE, key_id, make_manifest, osctl, refused, run,
                    sign)


def test_a_key_is_two_files_that_others_read(tmp_path: Path) -> None:
    made = osctl("key", "generate", "--out", tmp_path / "k")
    private, public = tmp_path / "k", tmp_path / "k.pub"
    assert made["keyid"] == key_id(public)
    assert stat.S_IMODE(private.stat().st_mode) == 0o600
    assert stat.S_IMODE(public.stat().st_mode) == 0o644
    assert sorted(tmp_path.iterdir()) == [private, public]
    derived = run("openssl", "pkey", "-in", private, "-pubout")
    assert derived.stdout == public.read_text()
    assert osctl("key", "show", public)["keyid"] == made["keyid"]
    assert run(BIN / "osctl", "key", "show", public).stdout == made["keyid"] + "\n"


def test_a_passphrase_encrypts_the_private_key(tmp_path: Path, image: Path) -> None:
    passphrase = tmp_path / "passphrase"
    passphrase.write_text("correct horse\n")
    passphrase.chmod(0o600)
    private = tmp_path / "k"
    osctl("key", "generate", "--out", private, "--passphrase-file", passphrase)
    loaded = serialization.load_pem_private_key(private.read_bytes(), b"correct horse")
    assert isinstance(loaded, ed25519.Ed25519PrivateKey)
    document = make_manifest(image, tmp_path / "m.json")
    assert "--passphrase-file" in refused(USAGE, "manifest", "sign", "--key", private, document)
    osctl("manifest", "sign", "--key", private, "--passphrase-file", passphrase, document)
    passphrase.write_text("battery staple\n")
    assert "passphrase is wrong" in refused(USAGE, "manifest", "sign", "--key", private,
                                            "--passphrase-file", passphrase, document)
    passphrase.chmod(0o644)
    assert str(passphrase) in refused(FAILED, "manifest", "sign", "--key", private,
                                      "--passphrase-file", passphrase, document)


def test_a_key_of_openssl_signs(tmp_path: Path, image: Path) -> None:
    private = tmp_path / "k.pem"
    assert run("openssl", "genpkey", "-algorithm", "ed25519", "-out", private).returncode == 0
    assert run("openssl", "pkey", "-in", private, "-pubout", "-out",
               tmp_path / "k.pub").returncode == 0
    document = make_manifest(image, tmp_path / "m.json")
    signed = osctl("manifest", "sign", "--key", private, document)
    assert signed["keyid"] == key_id(tmp_path / "k.pub")


def test_a_key_that_everybody_may_read_signs_nothing(tmp_path: Path, image: Path) -> None:
    private = tmp_path / "k"
    osctl("key", "generate", "--out", private)
    document = make_manifest(image, tmp_path / "m.json")
    private.chmod(0o644)
    assert (f"the secret {private} may be read by everybody (its mode is 0644); chmod 600 {private}"
            in refused(FAILED, "manifest", "sign", "--key", private, document))
    assert not Path(f"{document}.sig").exists()
    private.chmod(0o600)
    osctl("manifest", "sign", "--key", "k", document.name, cwd=tmp_path)


def test_no_key_is_ever_replaced(tmp_path: Path) -> None:
    osctl("key", "generate", "--out", tmp_path / "k")
    before = (tmp_path / "k").read_bytes(), (tmp_path / "k.pub").read_bytes()
    assert "never replaced" in refused(REFUSED, "key", "generate", "--out", tmp_path / "k")
    (tmp_path / "k.pub").rename(tmp_path / "l.pub")
    refused(REFUSED, "key", "generate", "--out", tmp_path / "k")
    refused(REFUSED, "key", "generate", "--out", tmp_path / "l")
    assert ((tmp_path / "k").read_bytes(), (tmp_path / "l.pub").read_bytes()) == before
    assert "/missing/folder" in refused(FAILED, "key", "generate", "--out", "/missing/folder/k")


def test_a_private_key_shown_is_called_one(tmp_path: Path) -> None:
    passphrase = tmp_path / "passphrase"
    passphrase.write_text("correct horse\n")
    passphrase.chmod(0o600)
    osctl("key", "generate", "--out", tmp_path / "plain")
    osctl("key", "generate", "--out", tmp_path / "sealed", "--passphrase-file", passphrase)
    for name in ("plain", "sealed"):
        said = refused(USAGE, "key", "show", tmp_path / name)
        assert f"{name}: not a PEM public key but a private one" in said and "-pubout" in said


def test_what_is_no_public_key_is_named(tmp_path: Path, keys: Path) -> None:
    rsa = tmp_path / "rsa.pub"
    assert run("openssl", "genrsa", "-out", tmp_path / "rsa", "2048").returncode == 0
    assert run("openssl", "rsa", "-in", tmp_path / "rsa", "-pubout", "-out", rsa).returncode == 0
    assert f"{rsa}: not an Ed25519 key but RSA" in refused(USAGE, "key", "show", rsa)
    assert "not a PEM public key" in refused(USAGE, "key", "show", keys / "root-1")
    assert "missing" in refused(FAILED, "key", "show", tmp_path / "missing")


def test_a_lost_release_key_is_rotated_out(image: Path, keys: Path, root: Path, manifest: Path,
                                           tmp_path: Path) -> None:
    second = tmp_path / "2.root.json"
    osctl("root", "create", "--after", root, "--manifest-key", keys / "release-2.pub",
          "--manifest-key", keys / "release-3.pub", "--expires", "365d", "--out", second)
    content = json.loads(second.read_text())
    assert content["version"] == 2
    assert content["roles"]["root"] == json.loads(root.read_text())["roles"]["root"]
    assert content["roles"]["manifest"]["threshold"] == 2
    assert key_id(keys / "release-1.pub") not in content["keys"]

    osctl("root", "sign", "--key", keys / "root-1", second)
    message = refused(FAILED, "root", "verify", "--after", root, second)
    assert "signed by 1 of the 2 keys of root document 1" in message
    osctl("root", "sign", "--key", keys / "root-2", second)
    assert osctl("root", "verify", "--after", root, second)["version"] == 2

    message = refused(FAILED, "manifest", "verify", "--root", second, manifest)
    assert "signed by 1 of the 2 keys of root document 2" in message
    sign(manifest, keys, "release-3")
    osctl("manifest", "verify", "--root", second, manifest)


def test_a_key_that_a_first_root_does_not_name_does_not_sign_it(root: Path, tmp_path: Path) -> None:
    osctl("key", "generate", "--out", tmp_path / "stranger")
    before = Path(f"{root}.sig").read_bytes()
    said = refused(REFUSED, "root", "sign", "--key", tmp_path / "stranger", root)
    assert f"{root} does not name {tmp_path}/stranger" in said
    assert key_id(tmp_path / "stranger.pub") in said
    assert Path(f"{root}.sig").read_bytes() == before


def test_a_root_key_is_rotated_by_old_and_new(keys: Path, root: Path, tmp_path: Path) -> None:
    second, third = tmp_path / "2.root.json", tmp_path / "3.root.json"
    osctl("root", "create", "--after", root, "--root-key", keys / "root-2.pub", "--root-key",
          keys / "root-3.pub", "--expires", "365d", "--out", second)
    for name in ("root-2", "root-3"):
        osctl("root", "sign", "--key", keys / name, second)
    message = refused(FAILED, "root", "verify", "--after", root, second)
    assert "by 1 of the 2 keys of root document 1" in message
    osctl("root", "sign", "--key", keys / "root-1", second)
    osctl("root", "verify", "--after", root, second)

    osctl("root", "create", "--after", second, "--expires", "365d", cwd=tmp_path)
    for name in ("root-2", "root-3"):
        osctl("root", "sign", "--key", keys / name, third)
    assert osctl("root", "verify", "--after", root, second, third)["version"] == 3
    assert osctl("root", "verify", root, second, third)["version"] == 3
    # None of the steps can be left out, repeated or gone back.
    assert "by 1 of the 2 keys" in refused(FAILED, "root", "verify", "--after", root, third)
    assert "after 2 comes 3" in refused(REFUSED, "root", "verify", "--after", second, second)
    message = refused(REFUSED, "root", "verify", "--after", third, second)
    assert "after 3 comes 4" in message


@pytest.mark.parametrize(("more", "says"), [
    (["--root-key", "root-1.pub"], "needs --root-key and --manifest-key"),
    (["--root-key", "root-1.pub", "--manifest-key", "release-1.pub", "--root-threshold", "2"],
     "2 of 1 keys can never be met"),
    (["--root-key", "root-1.pub", "--root-key", "root-1.pub", "--manifest-key", "release-1.pub"],
     "given twice"),
    (["--root-key", "root-1.pub", "--manifest-key", "release-1"], "release-1: not a PEM public"),
    (["--root-key", "root-1.pub", "--manifest-key", "release-1.pub", "--root-threshold", "0"],
     "--root-threshold"),
])
def test_a_root_that_cannot_be_is_refused(keys: Path, tmp_path: Path, more: list[str],
                                          says: str) -> None:
    arguments = [str(keys / part) if part.startswith("r") else part for part in more]
    out = tmp_path / "1.root.json"
    assert says in refused(USAGE, "root", "create", *arguments, "--expires", "9d", "--out", out)
    assert list(tmp_path.iterdir()) == []


def test_an_expired_root_is_told(keys: Path, root: Path, tmp_path: Path) -> None:
    content = json.loads(root.read_text())
    content["expires"] = "2020-01-01T00:00:00Z"
    old = tmp_path / "old.json"
    old.write_text(json.dumps(content))
    for name in ("root-1", "root-2"):
        osctl("root", "sign", "--key", keys / name, old)
    assert "expired at 2020-01-01T00:00:00Z" in refused(REFUSED, "root", "verify", old)
