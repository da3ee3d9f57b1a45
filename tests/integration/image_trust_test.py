"""osctl image pack and disk: the hash tree and the signatures, judged by veritysetup and sbverify."""

import hashlib
import shutil
import subprocess
from pathlib import Path

import pytest

from image_test import (BIN, FAILED, USAGE, disk_arguments, make_root, osctl, pack_arguments,
                        refused, run, section_table, with_option)


@pytest.fixture(scope="module")
def parts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A root whose squashfs has some hundred blocks, and what stands for a kernel and an initrd."""
    folder = tmp_path_factory.mktemp("parts")
    root = make_root(folder / "root")
    (root / "usr/share/noise").write_bytes(hashlib.shake_128(b"noise").digest(1_000_000))
    for name in ("kernel", "initrd"):
        (folder / name).write_bytes(hashlib.shake_128(name.encode()).digest(100_001))
    return folder


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """boot.key and boot.pem, and another.key and another.pem."""
    folder = tmp_path_factory.mktemp("keys")
    for name in ("boot", "another"):
        made = run("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "3650",
                   "-subj", f"/CN=test {name}", "-keyout", folder / f"{name}.key", "-out",
                   folder / f"{name}.pem", umask=0o077)
        assert made.returncode == 0, made.stderr
    return folder


def signing(keys: Path, name: str = "boot") -> list[object]:
    return ["--sign-key", keys / f"{name}.key", "--sign-cert", keys / f"{name}.pem"]


def section(image: Path, name: str, out: Path) -> Path:
    content = image.read_bytes()
    offset, length, _ = section_table(content)[1][name]
    out.write_bytes(content[offset:offset + length])
    return out


def command_line(uki: Path, out: Path) -> str:
    assert run("objcopy", "-O", "binary", "--only-section=.cmdline", uki, out).returncode == 0
    return out.read_text()


def test_the_hash_tree_is_one_that_veritysetup_takes(parts: Path, tmp_path: Path) -> None:
    image = tmp_path / "x"
    packed = osctl(*pack_arguments(parts, image), "--verity")
    root_hash = packed["verity_root_hash"]
    squashfs_bytes, sections = section_table(image.read_bytes())
    assert list(sections) == ["uki", "verity"]
    words = command_line(section(image, "uki", tmp_path / "uki"), tmp_path / "words").split()
    assert words[-1] == f"matic.verity={root_hash}"

    data = tmp_path / "data"
    data.write_bytes(image.read_bytes()[:(squashfs_bytes + 4095) // 4096 * 4096])
    tree = section(image, "verity", tmp_path / "tree")
    judged = run("veritysetup", "verify", data, tree, root_hash)
    assert judged.returncode == 0, judged.stderr
    # As the kernel will have it: one device, the tree behind the data.
    whole = run("veritysetup", "verify", image, image, root_hash,
                f"--hash-offset={sections['verity'][0]}")
    assert whole.returncode == 0, whole.stderr
    inspected = osctl("image", "inspect", image)
    assert inspected["verity_root_hash"] == root_hash
    assert f"root hash {root_hash}" in run(BIN / "osctl", "image", "inspect", image).stdout


def test_an_image_without_a_tree_says_so(parts: Path, tmp_path: Path) -> None:
    packed = osctl(*pack_arguments(parts, tmp_path / "x"))
    assert "verity_root_hash" not in packed
    assert osctl("image", "inspect", tmp_path / "x")["signed_by"] == []
    text = run(BIN / "osctl", "image", "inspect", tmp_path / "x").stdout
    assert "Signed by     nobody" in text
    assert "Verity        none" in run(BIN / "osctl", "image", "inspect", tmp_path / "x").stdout


@pytest.mark.parametrize("kind", ["folder", "squashfs", "image"])
def test_a_tree_has_the_same_bytes_again(parts: Path, tmp_path: Path, kind: str) -> None:
    arguments = [*pack_arguments(parts, tmp_path / "one"), "--verity"]
    if kind == "squashfs":
        assert run("mksquashfs", parts / "root", tmp_path / "root", "-nopad").returncode == 0
        arguments = with_option(arguments, "--rootfs", tmp_path / "root")
    if kind == "image":
        osctl(*pack_arguments(parts, tmp_path / "image"))
        arguments = with_option(arguments, "--rootfs", tmp_path / "image")
    osctl(*arguments)
    osctl(*with_option(arguments, "--out", tmp_path / "two"), umask=0o077)
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()
    osctl(*with_option(pack_arguments(parts, tmp_path / "three"), "--rootfs", tmp_path / "one"),
          "--verity")
    assert osctl("image", "inspect", tmp_path / "three")["verity_root_hash"] == osctl(
        "image", "inspect", tmp_path / "one")["verity_root_hash"]


def test_signatures_differ_and_nothing_else(parts: Path, keys: Path, tmp_path: Path) -> None:
    contents = []
    for name in ("one", "two"):
        osctl(*pack_arguments(parts, tmp_path / name), "--verity", *signing(keys))
        uki = section(tmp_path / name, "uki", tmp_path / "uki")
        assert run("sbattach", "--remove", uki).returncode == 0
        contents.append(uki.read_bytes())
    assert contents[0] == contents[1]


def test_a_changed_block_of_the_root_is_found(parts: Path, tmp_path: Path) -> None:
    osctl(*pack_arguments(parts, tmp_path / "x"), "--verity")
    content = bytearray((tmp_path / "x").read_bytes())
    content[50_000] ^= 1
    (tmp_path / "x").write_bytes(content)
    message = refused(FAILED, "image", "inspect", tmp_path / "x")
    assert "block 12 of the squashfs does not match the hash tree" in message


def test_the_signature_covers_the_root_hash(parts: Path, keys: Path, tmp_path: Path) -> None:
    packed = osctl(*pack_arguments(parts, tmp_path / "x"), "--verity", *signing(keys))
    uki = section(tmp_path / "x", "uki", tmp_path / "uki")
    assert run("sbverify", "--cert", keys / "boot.pem", uki).returncode == 0
    assert run("sbverify", "--cert", keys / "another.pem", uki).returncode != 0
    der = subprocess.run(["openssl", "x509", "-in", keys / "boot.pem", "-outform", "DER"],
                         capture_output=True, check=True).stdout
    assert osctl("image", "inspect", tmp_path / "x")["signed_by"] == [
        {"subject": "CN=test boot", "certificate_sha256": hashlib.sha256(der).hexdigest()}]
    text = run(BIN / "osctl", "image", "inspect", tmp_path / "x").stdout
    assert "Signed by     CN=test boot (certificate " in text
    content = uki.read_bytes()
    root_hash = packed["verity_root_hash"].encode()
    assert content.count(root_hash) == 1
    uki.write_bytes(content.replace(root_hash, root_hash[::-1]))
    assert run("sbverify", "--cert", keys / "boot.pem", uki).returncode != 0


def test_a_disk_gets_a_signed_selector(parts: Path, keys: Path, tmp_path: Path) -> None:
    osctl(*pack_arguments(parts, tmp_path / "x"))
    disk = tmp_path / "disk"
    made = osctl(*disk_arguments(tmp_path / "x", disk), *signing(keys))
    esp = next(p for p in made["partitions"] if p["name"] == "esp")
    part = tmp_path / "esp"
    with disk.open("rb") as whole:
        whole.seek(esp["offset"])
        part.write_bytes(whole.read(esp["size_bytes"]))
    out = tmp_path / "selector.efi"
    assert run("mcopy", "-i", part, "::/EFI/BOOT/BOOTX64.EFI", out).returncode == 0
    assert run("sbverify", "--cert", keys / "boot.pem", out).returncode == 0
    left = ["disk", "esp", "selector.efi", "x", "x.idx"]
    assert sorted(p.name for p in tmp_path.iterdir()) == left


@pytest.mark.parametrize("command", ["pack", "disk"])
def test_what_cannot_sign_is_named(parts: Path, keys: Path, tmp_path: Path, command: str) -> None:
    if command == "pack":
        arguments = pack_arguments(parts, tmp_path / "out")
    else:
        osctl(*pack_arguments(parts, tmp_path / "x"))
        arguments = disk_arguments(tmp_path / "x", tmp_path / "out")
    assert "--sign-cert" in refused(USAGE, *arguments, "--sign-key", keys / "boot.key")
    assert "--sign-key" in refused(USAGE, *arguments, "--sign-cert", keys / "boot.pem")
    wrong = {**dict(key=keys / "boot.key", cert=keys / "boot.pem")}

    def sign(code: int, **files: Path) -> str:
        chosen = {**wrong, **files}
        return refused(code, *arguments, "--sign-key", chosen["key"], "--sign-cert", chosen["cert"])

    assert "/missing/key" in sign(FAILED, key=Path("/missing/key"))
    assert "/missing/cert" in sign(FAILED, cert=Path("/missing/cert"))
    assert "sbsign exited with 1: " in sign(FAILED, cert=keys / "another.pem")
    open_to_all = tmp_path / "open.key"
    shutil.copy(keys / "boot.key", open_to_all)
    open_to_all.chmod(0o644)
    assert "may be read by everybody" in sign(FAILED, key=open_to_all)
    locked = tmp_path / "locked.key"
    subprocess.run(["openssl", "pkey", "-in", keys / "boot.key", "-aes256", "-passout", "pass:x",
                    "-out", locked], check=True)
    assert "is encrypted" in sign(USAGE, key=locked)
    assert not (tmp_path / "out").exists()


def test_missing_tools_name_their_packages(parts: Path, keys: Path, tmp_path: Path) -> None:
    tools = tmp_path / "tools"
    tools.mkdir()
    for tool in ("mksquashfs", "objcopy"):
        (tools / tool).symlink_to(shutil.which(tool) or tool)
    env = {"PATH": str(tools)}
    arguments = pack_arguments(parts, tmp_path / "x")
    assert "cryptsetup-bin" in refused(FAILED, *arguments, "--verity", env=env)
    assert "sbsigntool" in refused(FAILED, *arguments, *signing(keys), env=env)


def test_a_given_root_hash_is_refused(parts: Path, tmp_path: Path) -> None:
    arguments = with_option(pack_arguments(parts, tmp_path / "x"), "--cmdline",
                            f"panic=10 matic.verity={'0' * 64}")
    assert "matic.verity= already" in refused(USAGE, *arguments)
