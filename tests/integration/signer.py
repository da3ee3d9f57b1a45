"""Keys, images and signed documents, made by the real osctl; and their files as others read them."""

import hashlib
import json
import os
import subprocess
from pathlib import Path

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ed25519

BIN = Path(os.environ["MATIC_BIN"])
STUB = Path("/usr/lib/systemd/boot/efi/linuxx64.efi.stub")
FAILED, USAGE, REFUSED = 1, 2, 6
PREFIX = {"manifest": b"matic-manifest-v1\n", "root": b"matic-root-v1\n"}


def run(*argv: object, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run([str(a) for a in argv], text=True, capture_output=True, cwd=cwd,
                          timeout=120)


def osctl(*argv: object, cwd: Path | None = None) -> dict:
    done = run(BIN / "osctl", "--output", "json", *argv, cwd=cwd)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def refused(code: int, *argv: object) -> str:
    """The message of a command that must fail with this exit code."""
    done = run(BIN / "osctl", *argv)
    assert done.returncode == code, (done.returncode, done.stdout, done.stderr)
    assert done.stdout == ""
    return done.stderr


def public_key(path: Path) -> ed25519.Ed25519PublicKey:
    key = serialization.load_pem_public_key(path.read_bytes())
    assert isinstance(key, ed25519.Ed25519PublicKey)
    return key


def key_id(path: Path) -> str:
    raw = public_key(path).public_bytes(serialization.Encoding.Raw,
                                        serialization.PublicFormat.Raw)
    return hashlib.sha256(raw).hexdigest()


def signatures(document: Path) -> dict[str, bytes]:
    listed = json.loads(Path(f"{document}.sig").read_text())["signatures"]
    return {entry["keyid"]: bytes.fromhex(entry["signature"]) for entry in listed}


def make_image(folder: Path) -> Path:
    root = folder / "root"
    units = root / "usr/lib/systemd/system"
    wants = units / "sysinit.target.wants"
    wants.mkdir(parents=True)
    (root / "usr/bin").mkdir(parents=True)
    agent = root / "usr/bin/matic-agent"
    agent.write_bytes(b"agent" * 1000)
    agent.chmod(0o755)
    agents = root / "etc/systemd/system/multi-user.target.wants"
    agents.mkdir(parents=True)
    for unit in ("matic-agent.service", "matic-deadline.service"):
        (units / unit).write_text("[Unit]\n")
    (agents / "matic-agent.service").symlink_to("/usr/lib/systemd/system/matic-agent.service")
    (wants / "matic-deadline.service").symlink_to("../matic-deadline.service")
    (root / "usr/lib/os-release").write_text("ID=test\nIMAGE_VERSION=2.0\n")
    (folder / "kernel").write_bytes(hashlib.shake_128(b"kernel").digest(100_000))
    (folder / "initrd").write_bytes(hashlib.shake_128(b"initrd").digest(100_000))
    osctl("image", "pack", "--rootfs", root, "--kernel", folder / "kernel", "--initrd",
          folder / "initrd", "--cmdline", "panic=10", "--stub", STUB, "--out",
          folder / "os-2.0.squashfs")
    return folder / "os-2.0.squashfs"


KEYS = ("root-1", "root-2", "root-3", "release-1", "release-2", "release-3", "stranger")


def make_keys(folder: Path) -> Path:
    for name in KEYS:
        osctl("key", "generate", "--out", folder / name)
    return folder


def make_root(keys: Path, out: Path) -> Path:
    """Version 1: two of two root keys, two of two release keys; signed."""
    osctl("root", "create", "--root-key", keys / "root-1.pub", "--root-key", keys / "root-2.pub",
          "--root-threshold", 2, "--manifest-key", keys / "release-1.pub", "--manifest-key",
          keys / "release-2.pub", "--manifest-threshold", 2, "--expires", "365d", "--out", out)
    for name in ("root-1", "root-2"):
        osctl("root", "sign", "--key", keys / name, out)
    return out


def make_manifest(image: Path, out: Path, *more: object) -> Path:
    osctl("manifest", "create", "--image", image, "--product", "maticos", "--expires", "90d",
          "--out", out, *more)
    return out


def sign(manifest: Path, keys: Path, *names: str) -> None:
    for name in names:
        osctl("manifest", "sign", "--key", keys / name, manifest)
