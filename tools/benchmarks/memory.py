"""Memory of the agent: idle, and in full updates of images of several sizes, beside other updaters."""

from __future__ import annotations

import argparse
import shutil

from benching import incompressible, matic, requirements
from benching.loop_device import LoopDevice, full_file
from benching.network.web_server import WebServer
from benching.peers import rauc, swupdate
from benching.report import ROOT, Report
from harness.images import Image

_WORK = ROOT / "build" / "bench"
_SPARE_MIB = 16
_AT_MOST_KIB = 48 * 1024


def add_options(parser: argparse._ArgumentGroup) -> None:
    parser.add_argument("--sizes", default="64,256,1024", metavar="MIB,…",
                        help="sizes of the images whose updates are measured [64,256,1024]")


def measure(options: argparse.Namespace, report: Report) -> None:
    requirements.need(("losetup", "nginx", *swupdate.NEEDS, *rauc.NEEDS), matic.PROGRAMS, root=True)
    sizes = sorted(int(word) for word in options.sizes.split(",") if word)
    work = _WORK / "memory"
    shutil.rmtree(work, ignore_errors=True)
    (work / "www").mkdir(parents=True)
    small = incompressible.image(_WORK / "images", 1, "1.0")
    images = {mib: incompressible.image(_WORK / "images", mib, "2.0") for mib in sizes}
    try:
        with WebServer(work / "nginx", work / "www") as web:
            _agent(report, web, small, images, options.repeat)
            for mib, image in images.items():
                _peers(report, web, mib, image)
    finally:
        shutil.rmtree(work, ignore_errors=True)


def _agent(report: Report, web: WebServer, small: Image, images: dict[int, Image], repeat: int) -> None:
    """A new agent for each update: what an earlier one took does not count."""
    work = _WORK / "memory"
    with matic.BenchMachine(work / "matic", small, max(images) + _SPARE_MIB) as machine:
        report.add("memory.idle_kib", machine.idle_rss_kib(), "KiB", "the agent, started and asked for its status")
        for mib, image in images.items():
            (web.root / f"{mib}.squashfs").hardlink_to(image.path)
            peaks = []
            for _ in range(repeat):
                machine.restore()
                peaks.append(machine.stage(f"{web.url}/{mib}.squashfs", image.sha256).rss_kib)
            report.add(f"memory.rss_{mib}_kib", peaks, "KiB",
                       f"the agent, at its highest in a full update of {mib} MiB", _AT_MOST_KIB)


def _peers(report: Report, web: WebServer, mib: int, image: Image) -> None:
    work = _WORK / "memory"
    target_file = full_file(work / "target.img", (mib + _SPARE_MIB) << 20)
    running_file = full_file(work / "running.img", 1 << 20)
    with (LoopDevice(target_file) as target, LoopDevice(running_file) as running,
          rauc.Rauc(work / "rauc", running.path, target.path) as service):
        swu = swupdate.Swupdate(work / "swupdate", target.path)
        swu.publish(image.path, image.sha256, web.root)
        service.publish(image.path, web.root)
        report.add(f"memory.swupdate_{mib}_kib", swu.install(f"{web.url}/rootfs.swu").rss_kib, "KiB",
                   f"SWUpdate, its largest process, streaming {mib} MiB")
        report.add(f"memory.rauc_{mib}_kib", service.install(f"{web.url}/rootfs.raucb").rss_kib, "KiB",
                   f"RAUC's service, at its highest, a plain bundle of {mib} MiB over HTTP")
