"""An update that fetches the difference: bytes, requests, memory, and time over links, beside other updaters.

The pair is Debian, minbase and systemd, before and after its security updates, unless --old and --new
name another. A link is a proxy on this machine, which shapes and delays (tools/benching/network).
"""

from __future__ import annotations

import argparse
import shutil
from pathlib import Path

from benching import matic, requirements
from benching.command import CannotMeasure
from benching.deltas.matic import Ours
from benching.deltas.others import Others
from benching.network.web_server import WebServer
from benching.pairs import images
from benching.peers import differences, pipeline
from benching.report import ROOT, Report

_WORK = ROOT / "build" / "bench"
_NEEDS = ("losetup", "nginx", "debootstrap", "mke2fs", "mksquashfs", "unsquashfs", *pipeline.NEEDS,
          *(need for peer in differences.PEERS for need in peer.needs))


def add_options(parser: argparse._ArgumentGroup) -> None:
    parser.add_argument("--old", type=Path, metavar="A", help="the old image or root tree [Debian's]")
    parser.add_argument("--new", type=Path, metavar="B", help="the new one [Debian's, after its security updates]")
    parser.add_argument("--links", default="10,100,1000", metavar="MBIT,…",
                        help="links with 30 ms there and back that updates are timed over [10,100,1000]")
    parser.add_argument("--major", default="", metavar="RELEASE", help="also an upgrade of Debian to it: trixie")
    parser.add_argument("--slow", action="store_true", help="bsdiff as well: minutes, and gigabytes of memory")


def measure(options: argparse.Namespace, report: Report) -> None:
    requirements.need((*_NEEDS, *(("bsdiff",) if options.slow else ())), matic.PROGRAMS, root=True)
    if bool(options.old) != bool(options.new):
        raise CannotMeasure("--old and --new come together")
    work = _WORK / "delta"
    shutil.rmtree(work, ignore_errors=True)
    (work / "www").mkdir(parents=True)
    trees = None if options.old else images.debian_trees(_WORK / "pairs")
    try:
        pair = images.of_any(work, options.old or trees.old, options.new or trees.new)  # type: ignore[union-attr]
        report.add("delta.old_bytes", pair.old.size, "B", "the old image")
        report.add("delta.new_bytes", pair.new.size, "B", "the new image")
        if trees:
            report.note(f"Debian's pair: {len(trees.upgraded)} packages upgraded: {', '.join(trees.upgraded)}.")
        links = [float(word) for word in options.links.split(",") if word]
        with WebServer(work / "nginx", work / "www") as web:
            others = Others(differences.Files(pair.old.path, pair.new.path, work / "www", work), web, pair)
            others.sizes(report, options.slow)
            ours = Ours(pair, web, work)
            ours.sizes(report)
            others.times(report, links, options.repeat)
            ours.times(report, links, options.repeat)
            if trees:
                ours.rarer(report, trees, options.major, _WORK / "pairs")
    finally:
        shutil.rmtree(work, ignore_errors=True)
