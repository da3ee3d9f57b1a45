"""A Debian with dpkg in a slot, for what packages do on a running system.

Its root is the tree that images are built from, before they lose dpkg; kernel and initrd are those of
an image. As every root in a slot it cannot be written: MAKE_WRITABLE, run inside, puts layers that
can over /usr and /etc. They last until the machine restarts.
"""

from __future__ import annotations

import hashlib
import shutil
import subprocess
from pathlib import Path

from harness import image_layout, local_osctl, paths
from harness.images import OLD, Image, Images, locked
from harness.verdict import Unusable

VERSION = "12"
_COMMAND_LINE = (
    "boot=matic ro gpt panic=10 oops=panic net.ifnames=0 console=tty0 console=ttyS0,115200n8 loglevel=4"
)
_FILES = paths.REPOSITORY / "image" / "debian" / "files"
# Packages make them, and an image brings its own settings.
_WITHOUT = ("usr/sbin/policy-rc.d", "etc/matic")
_GROUPS = ("matic", "matic-readers")
# No image is made of a root without an agent. MAKE_WRITABLE removes what stands for it.
_UNITS = ("matic-agent.service", "matic-deadline.service")
_NO_UNIT = """[Service]
Type=oneshot
ExecStart=/usr/bin/true
[Install]
WantedBy=multi-user.target
"""

MAKE_WRITABLE = """
set -e
id=$(cat /etc/machine-id)
for folder in usr etc; do
  mkdir -p /var/layers/$folder /var/layers/$folder.work
  mount -t overlay -o lowerdir=/$folder,upperdir=/var/layers/$folder,workdir=/var/layers/$folder.work \\
    overlay /$folder
done
rm /etc/machine-id
echo $id >/etc/machine-id
systemctl --quiet disable matic-agent.service matic-deadline.service
rm /usr/bin/matic-agent /usr/lib/systemd/system/matic-*.service
systemctl daemon-reload
"""


class Debian:
    def __init__(self, images: Images) -> None:
        """Takes a minute where it is not there yet from today's inputs."""
        self._images = images
        self._tree = tree()
        with locked(paths.IMAGES / "debian.lock"):
            self.image = self._image()

    def add_state(self, var: Path) -> None:
        """What dpkg knows of the packages in the image, for the state partition."""
        (var / "lib" / "dpkg").parent.mkdir(parents=True, exist_ok=True)
        subprocess.run(
            ["cp", "-a", self._tree / "builder/var/lib/dpkg", var / "lib/dpkg"], check=True
        )

    def _image(self) -> Image:
        base = self._images.get(OLD)
        path = paths.IMAGES / "debian.squashfs"
        key_file = path.with_suffix(".key")
        key = hashlib.sha256(
            f"{base.sha256} {self._tree} {Path(__file__).read_text()}".encode()
        ).hexdigest()
        if path.exists() and key_file.exists() and key_file.read_text() == key:
            return Image.of(path, VERSION)
        key_file.unlink(missing_ok=True)
        work = paths.IMAGES / "debian.work"
        shutil.rmtree(work, ignore_errors=True)
        work.mkdir()
        try:
            self._build(base, work, path)
        finally:
            shutil.rmtree(work, ignore_errors=True)
        key_file.write_text(key)
        return Image.of(path, VERSION)

    def _build(self, base: Image, work: Path, out: Path) -> None:
        root = work / "root"
        _run("cp", "-a", "--reflink=auto", self._tree / "builder", root)
        _run("unsquashfs", "-quiet", "-no-progress", "-dest", work / "base", base.path)
        _run("cp", "-a", work / "base/usr/lib/modules", root / "usr/lib/")
        for folder in (_FILES, paths.GUEST):
            _run("cp", "-R", f"{folder}/.", root)
        for name in _WITHOUT:
            _run("rm", "-rf", root / name)
        for group in _GROUPS:
            _run("chroot", root, "groupdel", group)
        with (root / "usr/lib/os-release").open("a") as release:
            release.write(f"IMAGE_VERSION={VERSION}\n")
        # systemd makes namespaces for its services in /tmp.
        _run("cp", root / "usr/share/systemd/tmp.mount", root / "usr/lib/systemd/system/")
        shutil.copy(root / "usr/bin/true", root / "usr/bin/matic-agent")
        for unit in _UNITS:
            (root / "usr/lib/systemd/system" / unit).write_text(_NO_UNIT)
        _run("chroot", root, "systemctl", "--quiet", "preset-all")
        for name in ("dev", "var", "run", "tmp"):
            _run("find", root / name, "-mindepth", "1", "-delete")
        (root / "etc/machine-id").write_text("")
        sections = image_layout.sections(reader := image_layout.reader_of(base.path))
        uki = work / "uki"
        uki.write_bytes(reader(sections["uki"].offset, sections["uki"].length))
        for name in ("linux", "initrd"):
            _run("objcopy", "-O", "binary", f"--only-section=.{name}", uki, work / name)
        local_osctl.run(
            *("image", "pack", "--rootfs", root, "--kernel", work / "linux"),
            *("--initrd", work / "initrd", "--cmdline", _COMMAND_LINE),
            *("--compression-level", "3", "--out", out),
        )


def tree() -> Path:
    made = subprocess.run(
        [paths.IMAGE_RECIPE, "--tree"], stdout=subprocess.PIPE, text=True, check=False
    )
    if made.returncode != 0:
        raise Unusable("image/debian/build --tree failed")
    return Path(made.stdout.strip())


def _run(*command: str | Path) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        words = " ".join(str(word) for word in command)
        raise Unusable(f"{words}: exit code {done.returncode}: {done.stderr.strip()}")
