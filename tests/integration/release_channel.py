"""A signed channel at a server, as tests publish releases to it."""

from __future__ import annotations

from pathlib import Path

from device import Servers
from harness.https_server import Behaviour
from harness.images import Image
from signer import osctl, sign

RELEASE = ("release-1", "release-2")


class Channel:
    """stable.json at a server, with the images and root documents beside it."""

    def __init__(self, servers: Servers, keys: Path, folder: Path, name: str) -> None:
        self._servers = servers
        self._base = f"/{name}"
        self.keys = keys
        self.folder = folder
        folder.mkdir()
        self.url = servers.good.publish(f"{self._base}/none", folder, host="127.0.0.1")
        self.url = self.url.removesuffix("none") + "stable.json"

    def manifest(self, image: Image, **options: str) -> Path:
        """Not signed or published yet; the image is."""
        self.put(image.path.name, image.path)
        document = self.folder / "stable.json"
        given = {"product": "maticos", "channel": "stable", "expires": "2099-01-01",
                 "url": image.path.name, **options}
        words = [word for key, value in given.items() for word in (f"--{key}", value)]
        osctl("manifest", "create", "--image", image.path, "--out", document, "--force", *words)
        return document

    def put(self, name: str, file: Path, behaviour: Behaviour = Behaviour()) -> None:
        self._servers.publish(f"{self._base}/{name}", file, behaviour)

    def publish(self, document: Path, behaviour: Behaviour = Behaviour()) -> None:
        """With its signatures, where it has some."""
        self.put(document.name, document, behaviour)
        signatures = Path(f"{document}.sig")
        if signatures.exists():
            self.put(signatures.name, signatures)

    def release(self, image: Image, signers: tuple[str, ...] = RELEASE, **options: str) -> Path:
        document = self.manifest(image, **options)
        sign(document, self.keys, *signers)
        self.publish(document)
        return document

    def requests(self, name: str) -> int:
        return len(self._servers.good.requests(f"{self._base}/{name}"))
