"""SWUpdate: streaming over HTTP, installed directly, which makes no temporary copy (its documentation, chapter
"SWUpdate: syntax and tags with the default parser"), by the raw handler; the description is signed, as Debian's
build of it asks, and has the image's SHA-256."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from benching import process
from benching.peers.pipeline import checked

# libconfig's syntax.
_DESCRIPTION = """software = {{
  version = "1.0";
  hardware-compatibility: ["1.0"];
  images: ({{
    filename = "rootfs.img";
    type = "raw";
    device = "{device}";
    sha256 = "{sha256}";
    installed-directly = true;
  }});
}}
"""

NEEDS = ("swupdate", "cpio", "openssl")


class Swupdate:
    """Installs to `device`."""

    def __init__(self, folder: Path, device: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self._device = device
        _openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", folder / "key.pem", "-out",
                 folder / "cert.pem", "-days", "3650", "-subj", "/CN=bench", "-addext",
                 "extendedKeyUsage=emailProtection")

    def publish(self, image: Path, sha256: str, to: Path) -> Path:
        """An update file of the image."""
        (self._folder / "sw-description").write_text(_DESCRIPTION.format(device=self._device, sha256=sha256))
        _openssl("cms", "-sign", "-in", self._folder / "sw-description", "-out", self._folder / "sw-description.sig",
                 "-signer", self._folder / "cert.pem", "-inkey", self._folder / "key.pem", "-outform", "DER",
                 "-nosmimecap", "-binary")
        link = self._folder / "rootfs.img"
        link.unlink(missing_ok=True)
        os.link(image, link)
        archive = to / "rootfs.swu"
        with archive.open("wb") as output:
            subprocess.run(["cpio", "--create", "--quiet", "--format=crc"],
                           input=b"sw-description\nsw-description.sig\nrootfs.img\n", stdout=output,
                           cwd=self._folder, check=True)
        return archive

    def install(self, url: str) -> process.Cost:
        """Until it has ended."""
        environment = {**os.environ, "TMPDIR": str(self._folder)}
        return checked("swupdate", process.run_tree(
            ["swupdate", "-l", "2", "-H", "bench:1.0", "-k", self._folder / "cert.pem", "-d", f"-u {url}"],
            environment))


def _openssl(*arguments: object) -> None:
    subprocess.run(["openssl", *map(str, arguments)], capture_output=True, check=True)
