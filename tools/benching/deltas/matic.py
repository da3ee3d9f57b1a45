"""Matic's part in `tools/bench delta`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from benching import raw
from benching.command import CannotMeasure
from benching.deltas import updates
from benching.deltas.others import link, link_name
from benching.deltas.updates import Fetched
from benching.matic import BenchMachine
from benching.network.web_server import WebServer
from benching.pairs import images
from benching.pairs.images import Pair, Trees
from benching.report import Report
from harness.images import Image

_AT_MOST = {"index_bytes": 10e6, "index_requests": 64, "index_vs_casync16": 0.82, "patch_bytes": 3.5e6,
            "patch_requests": 3, "patch_vs_casync16": 0.29, "rss_kib": 64 * 1024, "unchanged_bytes": 100e3,
            "unchanged_written_bytes": 0, "ratio_unlimited": 1.5, "vs_peers": 1.0}
_LONG = 15  # seconds: what takes longer is timed once


class Ours:
    def __init__(self, pair: Pair, web: WebServer, work: Path) -> None:
        self._pair, self._web, self._work = pair, web, work
        self._can = {"index": updates.offers("index"), "patch": updates.offers("patch")}
        self._rss: list[int] = []

    def sizes(self, report: Report) -> None:
        """By each way: what is fetched and by how many requests; the way is chosen by what is published."""
        for way in self._ways(report):
            folder = self._web.root / way
            published = updates.publish(self._pair.new, self._pair.old if way == "patch" else None, folder)
            if published.patch is None:
                report.add("delta.index_file_bytes", published.index.stat().st_size, "B", "the index itself")
                report.add("delta.index_build_s", published.index_seconds, "s", "osctl image index")
                self._tell_difference(report, "index", self._pair.old.path, self._pair.new.path)
            else:
                report.add("delta.patch_file_bytes", published.patch.stat().st_size, "B", "the patch itself")
                report.add("delta.patch_build_s", published.patch_seconds, "s", "osctl image patch")
            with self._machine() as machine, link(self._web, 10) as url:
                fetched = self._update(machine, f"{url}/{way}/new.squashfs")
            report.add(f"delta.{way}_bytes", fetched.served.bytes, "B",
                       f"Matic, the {way} way: fetched, all in all", _AT_MOST[f"{way}_bytes"])
            report.add(f"delta.{way}_requests", fetched.served.count, "",
                       "requests of it, those for the index and the patch among them", _AT_MOST[f"{way}_requests"])
            report.ratio(f"delta.{way}_vs_casync16", f"delta.{way}_bytes", "delta.casync16_bytes",
                         f"bytes of the {way} way to those of casync, 16 KiB", at_most=_AT_MOST[f"{way}_vs_casync16"])

    def times(self, report: Report, links: Sequence[float], repeat: int) -> None:
        """With all that there is published: the plan chooses the way."""
        folder = next((way for way in reversed(updates.WAYS) if self._can[way]), None)
        if folder is None:
            return
        with self._machine() as machine:
            for mbit in (*links, 0.0):
                name = link_name(mbit)
                with link(self._web, mbit) as url:
                    runs = [self._update(machine, f"{url}/{folder}/new.squashfs")]
                    while len(runs) < repeat and runs[0].staged.seconds < _LONG:
                        runs.append(self._update(machine, f"{url}/{folder}/new.squashfs"))
                report.add(f"delta.matic_{name}_s", [run.staged.seconds for run in runs], "s",
                           f"Matic, time to stage, by the way that it chooses: {_way_of(runs[-1])}")
                report.add(f"delta.matic_{name}_bytes", [run.served.bytes for run in runs], "B", "fetched for it")
                fastest = min((figure for figure in report.figures("delta") if figure.key.endswith(f"_{name}_s")
                               and not figure.key.startswith("delta.matic_")), key=lambda figure: figure.value)
                report.ratio(f"delta.matic_{name}_vs_peers", f"delta.matic_{name}_s", fastest.key,
                             f"Matic to the fastest of the others, {fastest.key}", at_most=_AT_MOST["vs_peers"])
            self._limit(report, machine)
        report.add("delta.rss_kib", max(self._rss), "KiB", "memory of the agent, at its highest in all of these",
                   _AT_MOST["rss_kib"])

    def rarer(self, report: Report, trees: Trees, major: str, cache: Path) -> None:
        """Updates that change hardly anything, or nearly everything: bytes by the index and by the patch."""
        if not self._can["index"]:
            return
        with self._machine() as machine:
            self._unchanged(report, machine)
        one = self._work / "one"
        images.with_one_file_changed(trees.old, one)
        self._case(report, "one_file", "one file changed by a line", self._pair.old,
                   images.pack(self._work, one, "1.0", "one-file"))
        package = images.with_one_package_upgraded(trees, one)
        self._case(report, "one_package", f"one package upgraded, {package}", self._pair.old,
                   images.pack(self._work, one, "1.0", "one-package"))
        self._no_squashfs(report, trees)
        if major:
            upgrade = images.debian_trees(cache, major)
            old, new = (images.pack(self._work, tree, version, f"major-{version}")
                        for tree, version in ((upgrade.old, "1.0"), (upgrade.new, "2.0")))
            self._case(report, "major", f"Debian 12 to {major}", old, new)

    def _tell_difference(self, report: Report, name: str, old: Path, new: Path) -> None:
        found = updates.difference(old, new, self._work)
        report.add(f"delta.{name}_new_bytes", found.bytes, "B", "in chunks that the old image has not")
        report.add(f"delta.{name}_new_runs", found.runs, "", "runs that they lie in")
        report.add(f"delta.{name}_merged_bytes", found.merged_bytes, "B", "with gaps of up to 32 KiB between them")
        report.add(f"delta.{name}_merged_runs", found.merged_runs, "", "runs of that")

    def _no_squashfs(self, report: Report, trees: Trees) -> None:
        """Cut by content alone; no image that an agent would take."""
        files = [images.ext4(tree, self._work / f"{name}.ext4") for name, tree in
                 (("old", trees.old), ("new", trees.new))]
        report.add("delta.ext4_image_bytes", files[1].stat().st_size, "B", "ext4 of the new tree, not compressed")
        self._tell_difference(report, "ext4", *files)
        for file in files:
            file.unlink()

    def _unchanged(self, report: Report, machine: BenchMachine) -> None:
        """The slot holds that very image already."""
        url = f"{self._web.url}/index/new.squashfs"
        same = updates.update(machine, self._web, url, self._pair.new, stale=self._pair.new.path)
        report.add("delta.unchanged_bytes", same.served.bytes, "B", "nothing changed, the slot holds the image "
                   "already: fetched", _AT_MOST["unchanged_bytes"])
        report.add("delta.unchanged_written_bytes", same.staged.disk_bytes, "B", "written to the disk",
                   _AT_MOST["unchanged_written_bytes"])
        report.add("delta.unchanged_s", same.staged.seconds, "s", "time to stage it")

    def _case(self, report: Report, name: str, meaning: str, old: Image, new: Image) -> None:
        pair = Pair(old, new, meaning)
        for way in [way for way in updates.WAYS if self._can[way]]:
            folder = self._web.root / f"{name}-{way}"
            try:
                updates.publish(new, old if way == "patch" else None, folder)
            except CannotMeasure as why:
                report.note(f"{meaning}, {way} way: {why}")
                continue
            with BenchMachine(self._work / "matic", old, updates.slot_mib((old, new))) as machine, \
                    link(self._web, 10) as url:
                fetched = updates.update(machine, self._web, f"{url}/{folder.name}/new.squashfs", pair.new)
            report.add(f"delta.{name}_{way}_bytes", fetched.served.bytes, "B", f"{meaning}: fetched, {way} way")
            report.add(f"delta.{name}_{way}_requests", fetched.served.count, "", "requests of it")

    def _limit(self, report: Report, machine: BenchMachine) -> None:
        """What the machine itself takes for the parts of an update that nothing of is fetched."""
        size = self._pair.new.size
        limits = {
            "seed_read": raw.read(machine.disk, machine.running.offset, size).seconds,
            "hash": raw.sha256(self._pair.new.path).seconds,
            "write": raw.write(self._pair.new.path, machine.disk, machine.slot.offset).seconds,
        }
        for name, seconds in limits.items():
            report.add(f"delta.limit_{name}_s", seconds, "s", {
                "seed_read": "dd iflag=direct of as many bytes of the running slot",
                "hash": "openssl dgst -sha256 of the image", "write": "dd oflag=direct conv=fsync of it"}[name])
        report.add("delta.limit_s", max(limits.values()), "s", "the largest of these three")
        report.ratio("delta.ratio_unlimited", "delta.matic_unlimited_s", "delta.limit_s",
                     "Matic to the limit where the network is none", at_most=_AT_MOST["ratio_unlimited"])

    def _update(self, machine: BenchMachine, url: str) -> Fetched:
        fetched = updates.update(machine, self._web, url, self._pair.new)
        self._rss.append(fetched.staged.rss_kib)
        return fetched

    def _machine(self) -> BenchMachine:
        return BenchMachine(self._work / "matic", self._pair.old, updates.slot_mib((self._pair.old, self._pair.new)))

    def _ways(self, report: Report) -> list[str]:
        missing = [way for way in updates.WAYS if not self._can[way]]
        if missing:
            report.note("Left out, since this osctl has no such command: "
                        + ", ".join(f"osctl image {way}" for way in missing))
        return [way for way in updates.WAYS if self._can[way]]


def _way_of(run: Fetched) -> str:
    """By what was asked of the server."""
    of_image = [request for request in run.served.requests if request.path.endswith(".squashfs")]
    if not of_image:
        return "patch"
    return "ranges" if all(request.range for request in of_image) else "the whole image"
