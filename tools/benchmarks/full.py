"""A full update of an incompressible image over HTTP, beside other updaters and what the machine can do.

Everything takes the same files from the same server, one after another, in turns. The others write to loop
devices with direct I/O, Matic to a plain file with O_DIRECT.
"""

from __future__ import annotations

import argparse
import shutil
from collections import defaultdict
from pathlib import Path

from benching import incompressible, matic, process, raw, requirements
from benching.loop_device import LoopDevice, forget, full_file
from benching.network.web_server import WebServer
from benching.peers import pipeline, rauc, swupdate
from benching.report import ROOT, Report
from harness.file_backed_agent import Settings
from harness.images import Image

_WORK = ROOT / "build" / "bench"
_SPARE_MIB = 16  # a slot is so much larger than the image
_AT_MOST = {"readback": 1.25, "no_readback": 1.10, "rss_kib": 48 * 1024, "vs_peers": 1.0}
_WITHOUT_READBACK: Settings = {"download": {"read_back": False}}


def add_options(parser: argparse._ArgumentGroup) -> None:
    parser.add_argument("--mib", type=int, default=1024, metavar="N", help="size of the image [1024]")


def measure(options: argparse.Namespace, report: Report) -> None:
    requirements.need(("losetup", "nginx", *pipeline.NEEDS, *swupdate.NEEDS, *rauc.NEEDS), matic.PROGRAMS, root=True)
    work = _WORK / "full"
    shutil.rmtree(work, ignore_errors=True)
    (work / "www").mkdir(parents=True)
    image = incompressible.image(_WORK / "images", options.mib, "2.0")
    small = incompressible.image(_WORK / "images", 1, "1.0")
    (work / "www/image.squashfs").hardlink_to(image.path)
    try:
        with WebServer(work / "nginx", work / "www") as web:
            costs = _Turns(work, web, image, small, options.mib).take(options.repeat)
    finally:
        shutil.rmtree(work, ignore_errors=True)
    _tell(report, options.mib, costs)


class _Turns:
    """Each in turn, so that all of them meet the same weather."""

    def __init__(self, work: Path, web: WebServer, image: Image, small: Image, mib: int) -> None:
        self._work, self._web, self._image, self._small = work, web, image, small
        self._slot_mib = mib + _SPARE_MIB
        self._url = f"{web.url}/image.squashfs"

    def take(self, repeat: int) -> dict[str, list[process.Cost | matic.Staged]]:
        costs: dict[str, list[process.Cost | matic.Staged]] = defaultdict(list)
        size = self._slot_mib << 20
        target_file = full_file(self._work / "target.img", size)
        plain = full_file(self._work / "plain.img", size)
        running_file = full_file(self._work / "running.img", 1 << 20)
        with (LoopDevice(target_file) as target, LoopDevice(running_file) as running,
              rauc.Rauc(self._work / "rauc", running.path, target.path) as service,
              matic.BenchMachine(self._work / "matic", self._small, self._slot_mib) as machine):
            swu = swupdate.Swupdate(self._work / "swupdate", target.path)
            swu.publish(self._image.path, self._image.sha256, self._web.root)
            bundle = service.publish(self._image.path, self._web.root)
            for file in (self._image.path, bundle, self._web.root / "rootfs.swu"):
                raw.warm(file)
            for _ in range(repeat):
                costs["fetch"].append(raw.fetch(self._url))
                costs["hash"].append(raw.sha256(self._image.path))
                costs["write"].append(raw.write(self._image.path, machine.disk, machine.slot.offset))
                costs["read"].append(raw.read(machine.disk, machine.slot.offset, self._image.size))
                costs["write_loop"].append(raw.write(self._image.path, target.path))
                costs["curl_dd"].append(pipeline.install(self._url, self._image.sha256, target.path,
                                                         self._work / "pipeline"))
                costs["curl_dd_file"].append(pipeline.install(self._url, self._image.sha256, plain,
                                                              self._work / "pipeline"))
                costs["swupdate"].append(swu.install(f"{self._web.url}/rootfs.swu"))
                forget(target.path)
                costs["rauc_http"].append(service.install(f"{self._web.url}/rootfs.raucb"))
                forget(target.path)
                costs["rauc_file"].append(service.install(str(bundle)))
                forget(target.path)
                costs["matic"].append(self._stage(machine, {}))
                if matic.knows(_WITHOUT_READBACK):
                    costs["matic_unread"].append(self._stage(machine, _WITHOUT_READBACK))
        return costs

    def _stage(self, machine: matic.BenchMachine, settings: Settings) -> matic.Staged:
        machine.configure(settings)
        machine.restore()
        staged = machine.stage(self._url, self._image.sha256)
        machine.expect_slot_holds(self._image.path)
        return staged


_PEERS = {
    "curl_dd": "curl | tee >(openssl dgst -sha256) | dd oflag=direct conv=fsync",
    "curl_dd_file": "the same into a plain file, as Matic's disk is one",
    "swupdate": "SWUpdate: swupdate -d '-u URL', installed-directly, with the image's sha256",
    "rauc_http": "RAUC: rauc install URL, a plain bundle, raw slot",
    "rauc_file": "the same from a local file",
}


def _tell(report: Report, mib: int, costs: dict[str, list[process.Cost | matic.Staged]]) -> None:
    def seconds(what: str) -> list[float]:
        return [cost.seconds for cost in costs[what]]

    report.add("full.mib", mib, "MiB", "size of the image, of random bytes")
    limits = [report.add("full.fetch_s", seconds("fetch"), "s", "curl to /dev/null"),
              report.add("full.hash_s", seconds("hash"), "s", "openssl dgst -sha256 of the file, one processor"),
              report.add("full.write_s", seconds("write"), "s",
                         "dd oflag=direct conv=fsync of the file into Matic's slot")]
    report.add("full.read_s", seconds("read"), "s", "dd iflag=direct of what was written; no part of the limit")
    report.add("full.write_loop_s", seconds("write_loop"), "s", "the same onto the others' loop device")
    report.add("full.limit_s", max(limits), "s", "the largest of fetch, hash and write")
    staged = [cost for cost in costs["matic"] if isinstance(cost, matic.Staged)]
    report.add("full.seconds", seconds("matic"), "s",
               "Matic, from `osctl schedule update` until it is staged; all of it read back")
    report.add("full.agent_s", [each.agent_seconds for each in staged], "s", "the same by the agent's clock")
    report.add("full.cpu_s", [each.cpu_seconds for each in staged], "s", "processors, the agent's part")
    report.add("full.rss_kib", [each.rss_kib for each in staged], "KiB", "memory of the agent, at its highest",
               _AT_MOST["rss_kib"])
    report.ratio("full.ratio_readback", "full.seconds", "full.limit_s", "Matic to the limit, with read-back",
                 at_most=_AT_MOST["readback"])
    if costs["matic_unread"]:
        report.add("full.no_readback_s", seconds("matic_unread"), "s", "the same with download.read_back: false")
        report.ratio("full.ratio_no_readback", "full.no_readback_s", "full.limit_s",
                     "Matic to the limit, without read-back", at_most=_AT_MOST["no_readback"])
    else:
        report.note("Without read-back: not measured, this agent has no download.read_back.")
    for peer, meaning in _PEERS.items():
        report.add(f"full.{peer}_s", seconds(peer), "s", meaning)
        report.add(f"full.{peer}_cpu_s", [cost.cpu_seconds for cost in costs[peer]], "s", "processors in it")
        if not peer.startswith("curl"):
            report.add(f"full.{peer}_rss_kib", [cost.rss_kib for cost in costs[peer]], "KiB",
                       "memory of its largest process")
    fastest = min(_PEERS, key=lambda peer: sorted(seconds(peer))[len(seconds(peer)) // 2])
    report.ratio("full.vs_fastest_peer", "full.seconds", f"full.{fastest}_s",
                 f"Matic with read-back to {fastest}, without", at_most=_AT_MOST["vs_peers"])
    report.note("The server is nginx with sendfile on the loopback. Peers are measured until they end; none of them "
                "reads back what it wrote. swupdate writes through the page cache. rauc over HTTP downloads the "
                "bundle to a file first: its streaming takes nbd.")
