"""The part of other updaters in `tools/bench delta`."""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Callable, Iterator, Sequence

from benching import process, raw
from benching.loop_device import LoopDevice, full_file, overwrite
from benching.matic import expect_holds
from benching.network.link import Speed
from benching.network.slow_link import SlowLink
from benching.network.web_server import WebServer
from benching.pairs.images import Pair
from benching.peers import differences, pipeline
from benching.report import Report

ROUND_TRIP_MS = 30
_LONG = 15  # seconds: what takes longer is timed once


def link_name(mbit: float) -> str:
    """Of a link in figures' keys; 0 is none."""
    return f"{mbit:g}mbit" if mbit else "unlimited"


@contextlib.contextmanager
def link(web: WebServer, mbit: float) -> Iterator[str]:
    """The server's URL through it."""
    if not mbit:
        yield web.url
        return
    with SlowLink(web.port, Speed(mbit, ROUND_TRIP_MS)) as slow:
        yield slow.url


class Others:
    def __init__(self, files: differences.Files, web: WebServer, pair: Pair) -> None:
        self._files, self._web, self._pair = files, web, pair
        self._size = -(-max(pair.old.size, pair.new.size) // (1 << 20)) << 20

    def sizes(self, report: Report, slow: bool) -> None:
        """Bytes and requests, counted at the server."""
        peers = [*differences.PEERS, *([differences.Bsdiff()] if slow else [])]
        with LoopDevice(full_file(self._files.work / "target.img", self._size)) as target:
            for peer in peers:
                peer.publish(self._files)
                overwrite(target.path)
                self._web.count()
                cost = peer.apply(self._files, self._web.url, target.path)
                served = self._web.count()
                expect_holds(target.path, 0, self._pair.new.path)
                report.add(f"delta.{peer.name}_bytes", served.bytes, "B", f"{peer.meaning}: fetched")
                report.add(f"delta.{peer.name}_requests", served.count, "", "requests of it")
                report.add(f"delta.{peer.name}_rss_kib", cost.rss_kib, "KiB", "memory of its largest process")
        old, new = (differences.uncompressed(image.path, self._files.work, image.version)
                    for image in (self._pair.old, self._pair.new))
        patch = self._files.work / "uncompressed.patch"
        report.add("delta.xdelta3_uncompressed_bytes", differences.xdelta(old, new, patch), "B",
                   "xdelta3 -9 between uncompressed squashfs of the same trees; not an update by itself")
        if slow:
            report.add("delta.bsdiff_uncompressed_bytes", differences.bsdiff(old, new, patch), "B",
                       "bsdiff between them; the floor")
        for file in (old, new, patch):
            file.unlink()

    def times(self, report: Report, links: Sequence[float], repeat: int) -> None:
        image = self._files.www / "full.squashfs"
        image.hardlink_to(self._pair.new.path)
        raw.warm(self._pair.old.path)
        with LoopDevice(full_file(self._files.work / "target.img", self._size)) as target:
            for mbit in (*links, 0.0):
                with link(self._web, mbit) as url:
                    self._times_over(report, target, url, link_name(mbit), repeat)

    def _times_over(self, report: Report, target: LoopDevice, url: str, name: str, repeat: int) -> None:
        def timed(key: str, meaning: str, costs: list[process.Cost]) -> None:
            report.add(f"delta.{key}_{name}_s", [cost.seconds for cost in costs], "s", meaning)

        for peer in differences.PEERS:
            timed(peer.name, f"{peer.name}, time to apply",
                  _some(repeat, target, functools.partial(peer.apply, self._files, url, target.path)))
        timed("curl_dd", "the whole image by curl | tee >(openssl dgst) | dd, time", _some(repeat, target, lambda: (
            pipeline.install(f"{url}/full.squashfs", self._pair.new.sha256, target.path, self._files.work / "pipe"))))


def _some(repeat: int, target: LoopDevice, run: Callable[[], process.Cost]) -> list[process.Cost]:
    costs: list[process.Cost] = []
    while not costs or (len(costs) < repeat and costs[0].seconds < _LONG):
        overwrite(target.path)
        costs.append(run())
    return costs
