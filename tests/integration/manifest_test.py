"""osctl manifest: create, sign, verify, and what others make of the files."""

import hashlib
import json
from pathlib import Path

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ed25519
from signer import (BIN, FAILED, PREFIX, REFUSED, USAGE, key_id, make_manifest, osctl,
                    public_key, refused, run, sign, signatures)


def test_a_manifest_says_what_the_image_is(image: Path, manifest: Path) -> None:
    content = json.loads(manifest.read_text())
    assert content["type"] == "manifest" and content["format"] == 1
    assert content["product"] == "maticos" and content["channel"] == "stable"
    assert content["version"] == "2.0" and content["architecture"] == "x86-64"
    assert content["minimum_version"] == "1.5"
    assert content["image"] == {"url": "2.0/os-2.0.squashfs", "size": image.stat().st_size,
                                "sha256": hashlib.sha256(image.read_bytes()).hexdigest()}


def test_deltas_are_published_beside_the_image(image: Path, tmp_path: Path) -> None:
    index = Path(f"{image}.idx").read_bytes()
    (tmp_path / "os-2.0.idx").write_bytes(index)
    (tmp_path / "old").write_bytes(b"old")
    osctl("image", "patch", "--from", tmp_path / "old", image, "--out", tmp_path / "from-old.patch")
    old = hashlib.sha256(b"old").hexdigest()
    patch = (tmp_path / "from-old.patch").read_bytes()
    notes = tmp_path / "notes"
    notes.write_text("Faster.\nAnd safer.\n")
    made = make_manifest(image, tmp_path / "m.json", "--url", "https://h/2.0/os?x=/y",
                         "--delta-index", tmp_path / "os-2.0.idx", "--patch",
                         f"{old}={tmp_path / 'from-old.patch'}", "--notes-file", notes)
    content = json.loads(made.read_text())
    assert content["delta_index"] == {"url": "https://h/2.0/os-2.0.idx", "size": len(index),
                                      "sha256": hashlib.sha256(index).hexdigest()}
    assert content["patches"] == [{"from": old, "url": "https://h/2.0/from-old.patch",
                                   "size": len(patch),
                                   "sha256": hashlib.sha256(patch).hexdigest()}]
    assert content["release_notes"] == notes.read_text()


def test_signatures_hold_for_others(manifest: Path, root: Path, keys: Path,
                                    tmp_path: Path) -> None:
    for document, kind, names in ((manifest, "manifest", ("release-1", "release-2")),
                                  (root, "root", ("root-1", "root-2"))):
        made = signatures(document)
        assert set(made) == {key_id(keys / f"{name}.pub") for name in names}
        message = PREFIX[kind] + document.read_bytes()
        for name in names:
            signature = made[key_id(keys / f"{name}.pub")]
            public_key(keys / f"{name}.pub").verify(signature, message)
            with pytest.raises(InvalidSignature):
                public_key(keys / f"{name}.pub").verify(signature, document.read_bytes())
            (tmp_path / "message").write_bytes(message)
            (tmp_path / "signature").write_bytes(signature)
            checked = run("openssl", "pkeyutl", "-verify", "-rawin", "-in", tmp_path / "message",
                          "-pubin", "-inkey", keys / f"{name}.pub", "-sigfile",
                          tmp_path / "signature")
            assert checked.returncode == 0, checked.stdout


def test_a_signature_of_another_program_is_taken(image: Path, keys: Path, root: Path,
                                                 tmp_path: Path) -> None:
    document = make_manifest(image, tmp_path / "m.json")
    listed = []
    for name in ("release-1", "release-2"):
        private = serialization.load_pem_private_key((keys / name).read_bytes(), None)
        assert isinstance(private, ed25519.Ed25519PrivateKey)
        listed.append({"keyid": key_id(keys / f"{name}.pub"), "made_by": "python",
                       "signature": private.sign(PREFIX["manifest"]
                                                 + document.read_bytes()).hex()})
    Path(f"{document}.sig").write_text(json.dumps({"signatures": listed}))
    assert osctl("manifest", "verify", "--root", root, document)["root_version"] == 1


def test_verify_shows_what_it_verified(manifest: Path, root: Path, keys: Path,
                                       image: Path) -> None:
    told = osctl("manifest", "verify", "--root", root, "--image", image, "--channel", "stable",
                 "--product", "maticos", "--architecture", "x86-64", "--running-version", "1.9",
                 "--version-floor", "1.9", manifest)
    assert told["manifest"] == json.loads(manifest.read_text())
    assert sorted(told["signers"]) == sorted(
        key_id(keys / f"{name}.pub") for name in ("release-1", "release-2"))
    text = run(BIN / "osctl", "manifest", "verify", "--root", root, manifest).stdout
    assert "maticos 2.0, x86-64" in text and "takes 2 of 2 keys" in text


@pytest.mark.parametrize(("more", "says"), [
    (["--product", "other"], "for the product 'maticos', and this machine is a 'other'"),
    (["--architecture", "arm64"], "for x86-64, and this machine is arm64"),
    (["--channel", "beta"], "of the channel 'stable', and 'beta' is followed"),
    (["--running-version", "1.4"], "update to 1.5 first"),
    (["--version-floor", "2.1"], "2.0 is older than 2.1"),
    (["--at", "2200-01-01T00:00:00Z"], "expired at"),
    (["--at", "2000-01-01T00:00:00Z"], "it is only 2000-01-01T00:00:00Z"),
])
def test_a_machine_it_is_not_for_refuses_it(manifest: Path, root: Path, more: list[str],
                                            says: str) -> None:
    message = refused(REFUSED, "manifest", "verify", "--root", root, *more, manifest)
    assert says in message and str(manifest) in message


def test_too_few_signatures_are_refused(image: Path, keys: Path, root: Path,
                                        tmp_path: Path) -> None:
    document = make_manifest(image, tmp_path / "m.json")
    message = refused(FAILED, "manifest", "verify", "--root", root, document)
    assert "is not signed" in message and "osctl manifest sign" in message
    sign(document, keys, "release-1", "release-1", "stranger", "root-1")
    message = refused(FAILED, "manifest", "verify", "--root", root, document)
    assert "signed by 1 of the 2 keys of root document 1, and it takes 2" in message
    sign(document, keys, "release-2")
    osctl("manifest", "verify", "--root", root, document)


def test_a_changed_manifest_is_refused_and_a_signature_replaced(manifest: Path, keys: Path,
                                                                root: Path) -> None:
    changed = manifest.read_text().replace("1.5", "1.0")
    manifest.write_text(changed)
    assert "by 0 of the 2" in refused(FAILED, "manifest", "verify", "--root", root, manifest)
    sign(manifest, keys, "release-1", "release-2")
    assert len(signatures(manifest)) == 2
    osctl("manifest", "verify", "--root", root, manifest)


def test_an_image_that_is_another_is_refused(manifest: Path, root: Path, image: Path,
                                             tmp_path: Path) -> None:
    other = tmp_path / "other"
    content = bytearray(image.read_bytes())
    content[-1] ^= 1
    other.write_bytes(content)
    assert "has the SHA-256" in refused(FAILED, "manifest", "verify", "--root", root, "--image",
                                        other, manifest)
    other.write_bytes(content[:-1])
    assert "the manifest says" in refused(FAILED, "manifest", "verify", "--root", root, "--image",
                                          other, manifest)


@pytest.mark.parametrize(("more", "code", "says"), [
    (["--version", "2.1"], USAGE, "--version 2.1, but"),
    (["--architecture", "arm64"], USAGE, "--architecture arm64, but"),
    (["--product", "two words"], USAGE, "product: a name has"),
    (["--channel", "a/b"], USAGE, "channel: a name has"),
    (["--url", "../x"], USAGE, "image.url: a relative path"),
    (["--minimum-version", "old"], USAGE, "minimum_version: a version"),
    (["--expires", "0d"], USAGE, "neither a number of days"),
    (["--expires", "soon"], USAGE, "neither a number of days"),
    (["--expires", "99999d"], USAGE, "neither a number of days"),
    (["--expires", "infinite-future"], USAGE, "--expires"),
    (["--expires", "2001-01-01"], USAGE, "is not after"),
    (["--expires", "2250-01-01"], USAGE, "100 years"),
    (["--released", "today"], USAGE, "--released"),
    (["--image", "/etc/hostname"], FAILED, "/etc/hostname"),
    (["--image", "/missing/image"], FAILED, "/missing/image"),
    (["--notes-file", "/missing/notes"], FAILED, "/missing/notes"),
    (["--patch", "abc"], USAGE, "SHA256=FILE"),
    (["--patch", "ab" * 32 + "=/missing/patch"], FAILED, "/missing/patch"),
])
def test_what_cannot_be_described_is_named(image: Path, tmp_path: Path, more: list[str], code: int,
                                           says: str) -> None:
    given = {"--image": str(image), "--product": "maticos", "--expires": "90d",
             "--out": str(tmp_path / "m.json"), more[0]: more[1]}
    arguments = [part for pair in given.items() for part in pair]
    assert says in refused(code, "manifest", "create", *arguments)
    assert list(tmp_path.iterdir()) == []


def test_a_new_manifest_is_unsigned(image: Path, manifest: Path) -> None:
    arguments = ["manifest", "create", "--image", image, "--product", "maticos", "--expires",
                 "2099-01-01", "--out", manifest]
    before = manifest.read_text()
    assert "--force" in refused(REFUSED, *arguments)
    assert manifest.read_text() == before and len(signatures(manifest)) == 2
    osctl(*arguments, "--force")
    assert json.loads(manifest.read_text())["expires"] == "2099-01-01T00:00:00Z"
    assert not Path(f"{manifest}.sig").exists()


def test_only_documents_of_the_kind_are_signed(manifest: Path, root: Path, keys: Path,
                                               tmp_path: Path) -> None:
    key = keys / "release-1"
    assert "no manifest document" in refused(FAILED, "manifest", "sign", "--key", key, root)
    assert "no root document" in refused(FAILED, "root", "sign", "--key", key, manifest)
    assert "not a PEM private key" in refused(USAGE, "manifest", "sign", "--key",
                                              keys / "release-1.pub", manifest)
    large = tmp_path / "large"
    large.write_bytes(b" " * (1 << 21))
    assert "larger than 1048576" in refused(USAGE, "manifest", "sign", "--key", key, large)
    Path(f"{manifest}.sig").write_text("{")
    assert f"{manifest}.sig: not JSON" in refused(FAILED, "manifest", "sign", "--key", key,
                                                  manifest)


@pytest.mark.parametrize(("older", "newer"), [
    ("1.9", "1.10"), ("2.0~rc1", "2.0"), ("2.0", "2.0-1"), ("2.0-1", "2.0^fix"),
    ("2.0^fix", "2.0.0"), ("2.0.1", "2.0a"), ("2026.1.27", "2026.02.1"),
])
def test_versions_have_the_order_that_systemd_gives_them(image: Path, root: Path, keys: Path,
                                                         tmp_path: Path, older: str,
                                                         newer: str) -> None:
    assert run("systemd-analyze", "compare-versions", older, newer).returncode == 12
    document = make_manifest(image, tmp_path / "m.json", "--minimum-version", newer)
    sign(document, keys, "release-1", "release-2")
    verify = ["manifest", "verify", "--root", root]
    assert f"update to {newer} first" in refused(REFUSED, *verify, "--running-version", older,
                                                 document)
    osctl(*verify, "--running-version", newer, document)
