"""osctl image: pack, inspect and disk with the real tools, judged by others than osctl."""

import hashlib
import json
import os
import shutil
import struct
import subprocess
import time
import zlib
from pathlib import Path

import pytest

BIN = Path(os.environ["MATIC_BIN"])
STUB = Path("/usr/lib/systemd/boot/efi/linuxx64.efi.stub")
MIB = 1 << 20
CMDLINE = "console=ttyS0 panic=10"
FAILED, USAGE = 1, 2


def run(*argv: object, env: dict[str, str] | None = None, cwd: Path | None = None,
        umask: int = 0o022) -> subprocess.CompletedProcess[str]:
    return subprocess.run([str(a) for a in argv], text=True, capture_output=True, cwd=cwd,
                          umask=umask, env={**os.environ, **(env or {})}, timeout=120)


def osctl(*argv: object, **how: object) -> dict:
    done = run(BIN / "osctl", "--output", "json", *argv, **how)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def refused(code: int, *argv: object, **how: object) -> str:
    """The message of a command that must fail with this exit code."""
    done = run(BIN / "osctl", *argv, **how)
    assert done.returncode == code, (done.returncode, done.stdout, done.stderr)
    assert done.stdout == ""
    return done.stderr


def make_root(root: Path, version: str = "1.0") -> Path:
    units = root / "usr/lib/systemd/system"
    for folder in ("usr/bin", "usr/share/doc", "etc/systemd/system/multi-user.target.wants"):
        (root / folder).mkdir(parents=True)
    wants = units / "sysinit.target.wants"
    wants.mkdir(parents=True)
    agent = root / "usr/bin/matic-agent"
    agent.write_bytes(b"agent" * 50_000)
    agent.chmod(0o755)
    for unit in ("matic-agent.service", "matic-deadline.service"):
        (units / unit).write_text("[Unit]\n")
    (root / "etc/systemd/system/multi-user.target.wants/matic-agent.service").symlink_to(
        "/usr/lib/systemd/system/matic-agent.service")
    (wants / "matic-deadline.service").symlink_to("../matic-deadline.service")
    (root / "usr/lib/os-release").write_text(f'ID=test\nIMAGE_VERSION="{version}"\n')
    for i in range(20):
        (root / f"usr/share/doc/page-{i}").write_text(f"page {i}\n" * i)
    return root


@pytest.fixture(scope="module")
def parts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A root and files that stand for a kernel and an initrd, of sizes that align with nothing."""
    folder = tmp_path_factory.mktemp("parts")
    make_root(folder / "root")
    (folder / "kernel").write_bytes(hashlib.shake_128(b"kernel").digest(3 * MIB + 1))
    (folder / "initrd").write_bytes(hashlib.shake_128(b"initrd").digest(5 * MIB + 333))
    return folder


def pack_arguments(parts: Path, out: Path) -> list[object]:
    return ["image", "pack", "--rootfs", parts / "root", "--kernel", parts / "kernel",
            "--initrd", parts / "initrd", "--cmdline", CMDLINE, "--out", out]


def with_option(arguments: list[object], option: str, value: object) -> list[object]:
    changed = list(arguments)
    changed[changed.index(option) + 1] = value
    return changed


@pytest.fixture(scope="module")
def image(parts: Path) -> Path:
    osctl(*pack_arguments(parts, parts / "os-1.0.squashfs"))
    return parts / "os-1.0.squashfs"


def section_table(image: bytes) -> tuple[int, dict[str, tuple[int, int, bytes]]]:
    """The table as docs/formats.md has it, read by nothing of the product's."""
    squashfs_bytes = struct.unpack_from("<Q", image, 40)[0]
    at = (squashfs_bytes + 4095) // 4096 * 4096
    table = image[at:at + 4096]
    magic, version, count, again = struct.unpack_from("<8sIIQ", table)
    assert (magic, version, again) == (b"MATICIMG", 1, squashfs_bytes)
    assert struct.unpack_from("<I", table, 4092)[0] == zlib.crc32(table[:4092])
    sections = {}
    for i in range(count):
        name, offset, length, digest = struct.unpack_from("<8sQQ32s", table, 24 + 64 * i)
        assert offset % 4096 == 0
        sections[name.rstrip(b"\0").decode()] = (offset, length, digest)
    return squashfs_bytes, sections


def pe_sections(uki: bytes) -> dict[str, tuple[int, int, bytes]]:
    """Name to address, size in memory and content."""
    pe = struct.unpack_from("<I", uki, 0x3C)[0]
    count = struct.unpack_from("<H", uki, pe + 6)[0]
    headers = pe + 24 + struct.unpack_from("<H", uki, pe + 20)[0]
    sections = {}
    for i in range(count):
        name, size, address, raw, offset = struct.unpack_from("<8sIIII", uki, headers + 40 * i)
        content = uki[offset:offset + min(size, raw)]
        sections[name.rstrip(b"\0").decode()] = (address, size, content)
    return sections


# -- pack ------------------------------------------------------------------------------------------


def test_an_image_is_a_squashfs_with_the_root_in_it(parts: Path, image: Path) -> None:
    listing = run("unsquashfs", "-ll", "-d", "", image)
    assert listing.returncode == 0, listing.stderr
    assert "/usr/bin/matic-agent" in listing.stdout
    assert run("unsquashfs", "-cat", image, "usr/lib/os-release").stdout == (
        parts / "root/usr/lib/os-release").read_text()


def test_the_section_table_is_what_the_format_says(parts: Path, image: Path) -> None:
    content = image.read_bytes()
    assert len(content) % 4096 == 0
    squashfs_bytes, sections = section_table(content)
    assert list(sections) == ["uki"]
    offset, length, digest = sections["uki"]
    uki = content[offset:offset + length]
    assert hashlib.sha256(uki).digest() == digest
    assert not any(content[offset + length:])

    pe = pe_sections(uki)
    assert pe[".linux"][2] == (parts / "kernel").read_bytes()
    assert pe[".initrd"][2] == (parts / "initrd").read_bytes()
    assert pe[".osrel"][2] == (parts / "root/usr/lib/os-release").read_bytes()
    head = hashlib.sha256(content[:4096]).hexdigest()
    assert pe[".cmdline"][2].decode() == f"{CMDLINE} matic.head={head}"
    places = sorted((address, address + size) for address, size, _ in pe.values())
    assert all(end <= start for (_, end), (start, _) in zip(places, places[1:], strict=False))


def test_pack_prints_what_inspect_finds(parts: Path, image: Path) -> None:
    packed = osctl(*pack_arguments(parts, parts / "again.squashfs"))
    inspected = osctl("image", "inspect", image)
    digest = hashlib.sha256(image.read_bytes()).hexdigest()
    for told in (packed, inspected):
        assert told["sha256"] == digest
        assert told["version"] == "1.0"
        assert told["size_bytes"] == image.stat().st_size
        assert told["squashfs_bytes"] == section_table(image.read_bytes())[0]
    assert [section["type"] for section in inspected["sections"]] == ["uki"]
    text = run(BIN / "osctl", "image", "inspect", image).stdout
    assert digest in text and "1.0" in text


def test_the_same_input_gives_the_same_bytes(parts: Path, image: Path, tmp_path: Path) -> None:
    elsewhere = tmp_path / "a much" / "longer path"
    elsewhere.mkdir(parents=True)
    # The same tree, written in another order at another time.
    make_root(elsewhere / "root")
    for name in ("kernel", "initrd"):
        shutil.copy(parts / name, elsewhere / name)
        os.utime(elsewhere / name, (1, 1))
    time.sleep(1.1)  # the time of day that tools may put into headers has moved on
    arguments = pack_arguments(Path("."), Path("x.squashfs"))
    osctl(*arguments, cwd=elsewhere, umask=0o077, env={"TZ": "Asia/Kolkata", "LC_ALL": "C"})
    assert (elsewhere / "x.squashfs").read_bytes() == image.read_bytes()


def test_a_ready_squashfs_gives_the_same_image_as_its_root(parts: Path, image: Path,
                                                           tmp_path: Path) -> None:
    arguments = with_option(pack_arguments(parts, tmp_path / "again"), "--rootfs", image)
    osctl(*arguments)
    assert (tmp_path / "again").read_bytes() == image.read_bytes()


def test_source_date_epoch_is_the_time_of_the_files(parts: Path, tmp_path: Path) -> None:
    osctl(*pack_arguments(parts, tmp_path / "x"), env={"SOURCE_DATE_EPOCH": "86400", "TZ": "UTC"})
    listing = run("unsquashfs", "-ll", tmp_path / "x", env={"TZ": "UTC"}).stdout
    assert listing.count("1970-01-02") == len([
        line for line in listing.splitlines() if "squashfs-root" in line])
    assert struct.unpack_from("<I", (tmp_path / "x").read_bytes(), 8)[0] == 86400


LACKS = {
    "usr/bin/matic-agent": "has no usr/bin/matic-agent",
    "usr/lib/systemd/system/matic-deadline.service": "matic-deadline.service",
    "usr/lib/systemd/system/sysinit.target.wants/matic-deadline.service": "not enabled",
    "usr/lib/os-release": "os-release",
}


@pytest.mark.parametrize("kind", ["folder", "squashfs"])
@pytest.mark.parametrize("missing", LACKS)
def test_a_root_that_could_not_be_updated_again_is_refused(parts: Path, tmp_path: Path,
                                                           missing: str, kind: str) -> None:
    root = make_root(tmp_path / "root")
    (root / missing).unlink()
    if kind == "squashfs":
        assert run("mksquashfs", root, tmp_path / "root.squashfs").returncode == 0
        root = tmp_path / "root.squashfs"
    out = tmp_path / "out" / "x"
    out.parent.mkdir()
    message = refused(USAGE, *with_option(pack_arguments(parts, out), "--rootfs", root))
    assert LACKS[missing] in message and str(root) in message
    assert list(out.parent.iterdir()) == []


@pytest.mark.parametrize(("option", "value", "code", "says"), [
    ("--cmdline", "console=ttyS0", USAGE, "panic="),
    ("--cmdline", "panic=0", USAGE, "panic="),
    ("--kernel", "/missing/kernel", FAILED, "/missing/kernel"),
    ("--initrd", "/missing/initrd", FAILED, "/missing/initrd"),
    ("--rootfs", "/missing/root", FAILED, "/missing/root"),
    ("--rootfs", "/etc/hostname", FAILED, "no squashfs"),
    ("--kernel", "/dev/null", FAILED, "/dev/null"),
    ("--out", "/missing/folder/x", FAILED, "/missing/folder"),
])
def test_what_cannot_be_packed_is_named(parts: Path, tmp_path: Path, option: str, value: str,
                                        code: int, says: str) -> None:
    arguments = with_option(pack_arguments(parts, tmp_path / "x"), option, value)
    assert says in refused(code, *arguments)
    assert list(tmp_path.iterdir()) == []


def test_more_bad_options(parts: Path, tmp_path: Path) -> None:
    arguments = pack_arguments(parts, tmp_path / "x")
    assert "IMAGE_VERSION=1.0" in refused(USAGE, *arguments, "--version", "2.0")
    assert "systemd-boot-efi" in refused(FAILED, *arguments, "--stub", "/missing/stub")
    assert "PE32+" in refused(FAILED, *arguments, "--stub", "/etc/hostname")
    refused(USAGE, *arguments, "--compression-level", "99")


def test_a_missing_tool_names_its_package(parts: Path, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    message = refused(FAILED, *pack_arguments(parts, tmp_path / "x"),
                      env={"PATH": str(tmp_path / "empty")})
    assert "mksquashfs is not installed" in message and "squashfs-tools" in message


def test_a_failed_pack_leaves_the_old_image(parts: Path, tmp_path: Path) -> None:
    out = tmp_path / "x"
    out.write_text("old")
    refused(USAGE, *with_option(pack_arguments(parts, out), "--cmdline", "quiet"))
    refused(FAILED, *pack_arguments(parts, out), "--stub", parts / "kernel")
    assert out.read_text() == "old"
    assert list(tmp_path.iterdir()) == [out]


# -- inspect ---------------------------------------------------------------------------------------


def damage(image: Path, out: Path, at: int, to: bytes | None = None) -> Path:
    content = bytearray(image.read_bytes())
    content[at:at + len(to or b"x")] = to or bytes([content[at] ^ 1])
    out.write_bytes(content)
    return out


def test_inspect_finds_any_damage(image: Path, tmp_path: Path) -> None:
    squashfs_bytes, sections = section_table(image.read_bytes())
    table = (squashfs_bytes + 4095) // 4096 * 4096
    offset, length, _ = sections["uki"]
    cases = {
        0: "not a squashfs",
        100: "names another squashfs",
        40: "section table",
        table: "no section table",
        table + 100: "checksum",
        offset: "kernel section",
        offset + length - 1: "section uki",
    }
    for at, says in cases.items():
        bad = damage(image, tmp_path / "bad", at)
        message = refused(FAILED, "image", "inspect", bad)
        assert says in message and str(bad) in message, at


def test_inspect_finds_a_file_of_another_length(image: Path, tmp_path: Path) -> None:
    bad = tmp_path / "bad"
    bad.write_bytes(image.read_bytes()[:-4096])
    assert "outside" in refused(FAILED, "image", "inspect", bad)
    bad.write_bytes(image.read_bytes() + bytes(4096))
    assert "goes on to" in refused(FAILED, "image", "inspect", bad)
    bad.write_bytes(b"")
    refused(FAILED, "image", "inspect", bad)
    assert "missing" in refused(FAILED, "image", "inspect", tmp_path / "missing")
    refused(USAGE, "image", "inspect")


# -- disk ------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def state(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("state")
    pki = folder / "lib/matic/pki"
    pki.mkdir(parents=True)
    (pki / "server.key").write_text("secret")
    (pki / "server.key").chmod(0o600)
    pki.chmod(0o700)
    (folder / 'lib/matic/a "quoted" name').write_text("x")
    (folder / "lib/link").symlink_to("/etc/hostname")
    if os.geteuid() == 0:
        for path in (folder / "lib", *folder.rglob("*")):
            os.chown(path, 1234, 5678, follow_symlinks=False)
    return folder


def disk_arguments(image: Path, out: Path, size: str = "300M") -> list[object]:
    return ["image", "disk", "--slot-a", image, "--size", size, "--selector", STUB, "--out", out]


def attributes(disk: Path) -> dict[str, int]:
    content = disk.open("rb")
    content.seek(1024)
    entries = content.read(4 * 128)
    found = {}
    for i in range(4):
        entry = entries[128 * i:128 * (i + 1)]
        name = entry[56:].decode("utf-16-le").rstrip("\0")
        found[name] = struct.unpack_from("<Q", entry, 48)[0]
    return found


def test_a_disk_is_what_other_tools_take_it_for(image: Path, state: Path, tmp_path: Path) -> None:
    disk = tmp_path / "disk.img"
    made = osctl(*disk_arguments(image, disk), "--slot-b", image, "--state", state)
    assert disk.stat().st_size == 300 * MIB
    assert disk.stat().st_blocks * 512 < 100 * MIB
    assert list(tmp_path.iterdir()) == [disk]
    checked = run("sgdisk", "-v", disk)
    assert checked.returncode == 0 and "No problems found" in checked.stdout, checked.stdout
    listing = run("sgdisk", "-p", disk).stdout
    places = {p["name"]: p for p in made["partitions"]}
    assert list(places) == ["esp", "slot-a", "slot-b", "state"]
    for name in places:
        assert name in listing

    def part(name: str) -> Path:
        out = tmp_path / name
        with disk.open("rb") as whole, out.open("wb") as alone:
            whole.seek(places[name]["offset"])
            alone.write(whole.read(places[name]["size_bytes"]))
        return out

    for slot in ("slot-a", "slot-b"):
        assert part(slot).read_bytes()[:image.stat().st_size] == image.read_bytes()
        assert osctl("image", "inspect", image)["sha256"] == places[slot]["sha256"]
    esp = part("esp")
    assert run("mdir", "-b", "-i", esp, "::/EFI/BOOT").stdout.split() == [
        "::/EFI/BOOT/BOOTX64.EFI"]
    assert run("fsck.vfat", "-n", esp).returncode == 0
    assert run("mcopy", "-i", esp, "::/EFI/BOOT/BOOTX64.EFI", tmp_path / "out").returncode == 0
    assert (tmp_path / "out").read_bytes() == STUB.read_bytes()

    filesystem = part("state")
    checked = run("e2fsck", "-f", "-n", filesystem)
    assert checked.returncode == 0, checked.stdout
    for path, mode in {"/": "0755", "/lib/matic/pki": "0700", "/lib/matic/pki/server.key": "0600",
                       '/lib/matic/a ""quoted"" name': "0644", "/lib/link": "0777"}.items():
        stat = run("debugfs", "-R", f'stat "{path}"', filesystem).stdout
        assert f"Mode:  {mode}" in stat, (path, stat)
        assert "User:     0   Group:     0 " in stat, (path, stat)
    secret = run("debugfs", "-R", "cat /lib/matic/pki/server.key", filesystem)
    assert secret.stdout == "secret"


def test_factory_slots_are_successful(image: Path, tmp_path: Path) -> None:
    both, one = tmp_path / "both", tmp_path / "one"
    osctl(*disk_arguments(image, both), "--slot-b", image)
    osctl(*disk_arguments(image, one))
    fixed = 1 << 60 | 1 << 63
    assert attributes(both) == {"esp": 0, "slot-a": fixed | 1 << 56 | 2 << 48,
                                "slot-b": fixed | 1 << 56 | 1 << 48, "state": 0}
    assert attributes(one) == {"esp": 0, "slot-a": fixed | 1 << 56 | 1 << 48, "slot-b": fixed,
                               "state": 0}


def test_every_disk_has_identifiers_of_its_own(image: Path, tmp_path: Path) -> None:
    seen = set()
    for name in ("one", "two"):
        made = osctl(*disk_arguments(image, tmp_path / name))
        seen |= {p["partuuid"] for p in made["partitions"]}
    assert len(seen) == 8


def test_the_selector_beside_osctl_is_taken(image: Path, tmp_path: Path) -> None:
    shutil.copy(BIN / "osctl", tmp_path / "osctl")
    arguments = disk_arguments(image, tmp_path / "disk")
    at = arguments.index("--selector")
    del arguments[at:at + 2]
    if not Path("/usr/lib/matic/matic-bootx64.efi").exists():
        done = run(tmp_path / "osctl", *arguments)
        assert done.returncode == FAILED
        assert "no boot selector" in done.stderr and str(tmp_path) in done.stderr
    shutil.copy(STUB, tmp_path / "matic-bootx64.efi")
    done = run(tmp_path / "osctl", *arguments)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(("more", "code", "says"), [
    (["--size", "100M"], USAGE, "104857600"),
    (["--size", "0"], USAGE, "too small"),
    (["--size", "abc"], USAGE, "--size"),
    (["--slot-size", "4M"], USAGE, "does not fit into a slot of 4194304"),
    (["--slot-size", "200M"], USAGE, "take at least"),
    (["--selector", "/missing/selector"], FAILED, "/missing/selector"),
    (["--selector", "/etc/hostname"], USAGE, "/etc/hostname"),
    (["--slot-b", "/etc/hostname"], FAILED, "/etc/hostname"),
    (["--slot-b", "/missing/image"], FAILED, "/missing/image"),
    (["--state", "/missing/state"], FAILED, "/missing/state"),
])
def test_a_disk_that_cannot_be_is_refused(image: Path, tmp_path: Path, more: list[str], code: int,
                                          says: str) -> None:
    arguments = disk_arguments(image, tmp_path / "disk")
    if more[0] in arguments:
        at = arguments.index(more[0])
        del arguments[at:at + 2]
    assert says in refused(code, *arguments, *more)
    assert list(tmp_path.iterdir()) == []


def test_a_damaged_image_gets_on_no_disk(image: Path, tmp_path: Path) -> None:
    bad = damage(image, tmp_path / "bad", image.stat().st_size - 8192)
    assert "section uki" in refused(FAILED, *disk_arguments(bad, tmp_path / "disk"))
    assert not (tmp_path / "disk").exists()
