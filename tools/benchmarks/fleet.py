"""osctl fleet: status, plan and run over thousands of simulated machines, and hundreds of real agents.

A simulated machine is one of many that a process serves, each with a port, a connection and a
handshake of mutual TLS of its own. A real agent is a process with a disk image of its own.
"""

from __future__ import annotations

import argparse
import sys

from benching import process
from benching.command import CannotMeasure
from benching.report import ROOT, Report

sys.path.append(str(ROOT / "tests" / "integration"))

from benching.fleets.real import RealFleet  # noqa: E402
from benching.fleets.simulated import SimulatedFleet  # noqa: E402
from harness import paths  # noqa: E402

MANY, FEW, RUN, AGENTS = 5000, 500, 500, 200


def add_options(parser: argparse._ArgumentGroup) -> None:
    parser.add_argument("--nodes", type=int, default=MANY, metavar="N",
                        help=f"simulated machines [{MANY}]; fewer of them limit the others, too")
    parser.add_argument("--agents", type=int, default=AGENTS, metavar="N", help=f"real agents [{AGENTS}]")


def measure(options: argparse.Namespace, report: Report) -> None:
    for program in (paths.OSCTL, paths.AGENT, paths.BOOTSIM, paths.PROGRAMS.parent / "tests/fleet-sim-nodes"):
        if not program.exists():
            raise CannotMeasure(f"{program} is missing: tools/build makes it")
    many, few = options.nodes, min(options.nodes, FEW)
    agents = min(options.agents, options.nodes)
    _note_scale(report, many, agents)
    _look(report, few, "500", options.repeat)
    _look(report, many, "5000", options.repeat)
    grown = many / few
    for what in ("status", "plan"):
        report.ratio(f"fleet.{what}_growth_s", f"fleet.{what}_5000_s", f"fleet.{what}_500_s",
                     f"time of {what} a machine, many beside few; 1 is linear", grown)
        report.ratio(f"fleet.{what}_growth_cpu", f"fleet.{what}_5000_cpu_s", f"fleet.{what}_500_cpu_s",
                     f"processor time of {what} a machine, many beside few; 1 is linear", grown)
    report.ratio("fleet.rss_growth", "fleet.rss_kib", "fleet.rss_500_kib",
                 f"memory of status, many beside few ({grown:.0f} times the machines)")
    _run(report, min(options.nodes, RUN))
    if agents > 0:
        _real(report, agents, options.repeat)


def _note_scale(report: Report, many: int, agents: int) -> None:
    report.add("fleet.nodes", many, "", "simulated machines behind figures called 5000")
    report.add("fleet.few_nodes", min(many, FEW), "", "simulated machines behind figures called 500")
    report.add("fleet.agents", agents, "", "real agents")
    kinds = ((many, MANY, "simulated machines"), (min(many, FEW), FEW, "simulated machines"),
             (agents, AGENTS, "real agents"))
    fewer = [f"{now} {what} instead of {meant}" for now, meant, what in kinds if now < meant]
    if fewer:
        report.note(f"SCALED DOWN: {', '.join(fewer)}; the keys keep their names")


def _look(report: Report, count: int, called: str, repeat: int) -> None:
    with SimulatedFleet(count) as fleet:
        status = [fleet.measured("status") for _ in range(repeat)]
        plan = [fleet.measured("plan") for _ in range(repeat)]
    rss = {"500": "rss_500_kib", "5000": "rss_kib"}[called]
    for what, costs, memory in (("status", status, rss), ("plan", plan, f"plan_{rss}")):
        key = f"fleet.{what}_{called}"
        report.add(f"{key}_s", [one.cost.seconds for one in costs], "s", f"osctl fleet {what}")
        report.add(f"{key}_cpu_s", [one.cost.cpu_seconds for one in costs], "s", "processors, osctl's part")
        report.add(f"{key}_nodes_cpu_s", [one.nodes_cpu_seconds for one in costs], "s",
                   "processors, the simulated machines' part")
        report.add(f"{key}_cpu_ms_a_node", [1000 * one.cost.cpu_seconds / count for one in costs], "ms",
                   "processors, osctl's part, for a machine")
        report.add(f"fleet.{memory}", [one.cost.rss_kib for one in costs], "KiB", f"memory of osctl, {what}")


def _run(report: Report, count: int) -> None:
    with SimulatedFleet(count) as fleet:
        run = fleet.measured("run")
        journal = sum(file.stat().st_size for file in fleet.state.glob("*.journal*"))
    report.add("fleet.run_nodes", count, "", "simulated machines of the run, 50 of them down at once")
    report.add("fleet.run_s", run.cost.seconds, "s", "osctl fleet run; machines take 0.3 s, and are looked at "
               "every second")
    report.add("fleet.run_cpu_s", run.cost.cpu_seconds, "s", "processors, osctl's part")
    report.add("fleet.run_cpu_ms_a_node", 1000 * run.cost.cpu_seconds / count, "ms", "the same for a machine")
    report.add("fleet.run_nodes_cpu_s", run.nodes_cpu_seconds, "s", "processors, the simulated machines' part")
    report.add("fleet.run_rss_kib", run.cost.rss_kib, "KiB", "memory of osctl, run")
    report.add("fleet.run_journal_kib", journal / 1024, "KiB", "the run's journal on disk")


def _real(report: Report, count: int, repeat: int) -> None:
    with RealFleet(count) as fleet:
        status = [fleet.measured("status") for _ in range(repeat)]
        memory = [process.rss_kib(pid) for pid in fleet.pids()]
        run = fleet.measured("run")
        fleet.expect_updated()
    report.add("fleet.agents_start_s", fleet.start_seconds, "s", "until all real agents answer")
    report.add("fleet.agents_rss_kib", memory, "KiB", "memory of a real agent")
    report.add("fleet.agents_status_s", [one.seconds for one in status], "s", "osctl fleet status of them")
    report.add("fleet.agents_status_cpu_s", [one.cpu_seconds for one in status], "s", "processors, osctl's part")
    report.add("fleet.agents_status_rss_kib", [one.rss_kib for one in status], "KiB", "memory of osctl")
    report.add("fleet.agents_run_s", run.seconds, "s", "osctl fleet run: all of them stage, reboot, are verified")
    report.add("fleet.agents_run_cpu_s", run.cpu_seconds, "s", "processors, osctl's part")
    report.add("fleet.agents_run_rss_kib", run.rss_kib, "KiB", "memory of osctl, run")
