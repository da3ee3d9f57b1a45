"""RAUC: its service on a bus of its own, a bundle of the format "plain" (what its streaming takes, nbd, not
every kernel has), and a raw slot."""

from __future__ import annotations

import os
import subprocess
import time
from pathlib import Path

from benching import process, requirements
from benching.command import CannotMeasure
from benching.peers.pipeline import checked

NEEDS = ("rauc", "dbus-daemon", "openssl", "mksquashfs")

_BUS = """<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>system</type>
  <listen>unix:path={folder}/bus</listen>
  <auth>EXTERNAL</auth>
  <policy context="default">
    <allow own="*"/><allow send_destination="*"/><allow receive_sender="*"/><allow user="*"/>
  </policy>
</busconfig>
"""

_SYSTEM = """[system]
compatible=bench
bootloader=noop
mountprefix={folder}/mount
statusfile={folder}/status
max-bundle-download-size={largest}

[keyring]
path={folder}/cert.pem

[slot.rootfs.0]
device={running}
type=raw
bootname=A

[slot.rootfs.1]
device={target}
type=raw
bootname=B
"""

_MANIFEST = """[update]
compatible=bench
version=1.0

[bundle]
format=plain

[image.rootfs]
filename=rootfs.img
"""


class Rauc:
    """Use as a context manager; installs to `target` while `running` is what runs."""

    def __init__(self, folder: Path, running: Path, target: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self._certificate()
        (folder / "bus.conf").write_text(_BUS.format(folder=folder))
        (folder / "system.conf").write_text(
            _SYSTEM.format(folder=folder, running=running, target=target, largest=1 << 34))
        (folder / "bus").unlink(missing_ok=True)
        self._environment = {**os.environ, "DBUS_SYSTEM_BUS_ADDRESS": f"unix:path={folder}/bus",
                             "TMPDIR": str(folder)}
        self._log = (folder / "service.log").open("wb")
        self._bus = self._start("dbus-daemon", f"--config-file={folder}/bus.conf", "--nofork", "--nopidfile")
        self._wait_for(folder / "bus")
        self._service = self._start("rauc", f"--conf={folder}/system.conf", "--override-boot-slot=A",
                                    f"--mount={folder}/mount", "service")
        self._wait_until_it_answers()

    def publish(self, image: Path, to: Path) -> Path:
        content = self._folder / "content"
        content.mkdir(exist_ok=True)
        (content / "manifest.raucm").write_text(_MANIFEST)
        link = content / "rootfs.img"
        link.unlink(missing_ok=True)
        os.link(image, link)
        bundle = to / "rootfs.raucb"
        bundle.unlink(missing_ok=True)
        made = subprocess.run(["rauc", "bundle", f"--cert={self._folder}/cert.pem", f"--key={self._folder}/key.pem",
                               content, bundle], capture_output=True, text=True, check=False)
        if made.returncode != 0:
            raise CannotMeasure(f"rauc bundle: {made.stderr}")
        return bundle

    def install(self, source: str) -> process.Cost:
        """Of a URL or a file, until it has ended; the memory is the service's, at its highest."""
        cpu = process.cpu_seconds([self._service.pid])
        cost = checked("rauc install", process.run_tree(["rauc", "install", source], self._environment))
        return process.Cost(cost.seconds, process.cpu_seconds([self._service.pid]) - cpu,
                            process.peak_rss_kib(self._service.pid), 0, cost.stdout, cost.stderr)

    def _certificate(self) -> None:
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                        "-keyout", self._folder / "key.pem", "-out", self._folder / "cert.pem", "-days", "3650",
                        "-subj", "/CN=bench"], capture_output=True, check=True)

    def _start(self, name: str, *arguments: str) -> subprocess.Popen[bytes]:
        return subprocess.Popen(["setpriv", "--pdeathsig", "TERM", "--", requirements.command(name) or name,
                                 *arguments], env=self._environment, stdin=subprocess.DEVNULL, stdout=self._log,
                                stderr=self._log)

    @staticmethod
    def _wait_for(path: Path) -> None:
        deadline = time.monotonic() + 10
        while not path.exists():
            if time.monotonic() > deadline:
                raise CannotMeasure("dbus-daemon did not start")
            time.sleep(0.02)

    def _wait_until_it_answers(self) -> None:
        deadline = time.monotonic() + 10
        while subprocess.run(["rauc", "status"], env=self._environment, capture_output=True,
                             check=False).returncode != 0:
            if time.monotonic() > deadline or self._service.poll() is not None:
                raise CannotMeasure(f"rauc's service did not start: {(self._folder / 'service.log').read_text()}")
            time.sleep(0.1)

    def __enter__(self) -> Rauc:
        return self

    def __exit__(self, *_: object) -> None:
        for one in (self._service, self._bus):
            one.terminate()
            one.wait()
        self._log.close()
