"""Reads what is asked for, goes through the measurements, and prints or places the report."""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
import time
from pathlib import Path
from typing import List, Optional

from . import cluster, commands, functions, machine, paramo, reading, report, scale, sleeping, watchers
from .contest import Plan
from .measure import Failed
from .peers import PACKAGES, Peers, cache
from .programs import compile_all

# Name → measurement: (peers, programs, plan) → section of the report.
MEASUREMENTS = {
    "true": commands.run,
    "function": functions.run,
    "sleep": sleeping.run,
    "scale": scale.run,
    "watchers": watchers.run,
    "reading": reading.run,
    "cluster": cluster.run,
}

OTHERS = (paramo.NAME, commands.FLOOR, functions.FLOOR, "xargs", "GNU parallel", "HyperQueue (hq)", "Torc")


def log(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def arguments(words: Optional[List[str]]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="benches/run",
        description="Measures Paramo beside its peers, side by side in one run, and prints a report. Peers that are missing are installed by "
        "package name; those that cannot be had are named. A figure that misses its target is no error.",
    )
    parser.add_argument("--report", type=Path, metavar="FILE", help="put the report between the markers of this page")
    parser.add_argument("--quick", action="store_true", help="a tenth of the runs, 2 repetitions: whether it works, not how well")
    parser.add_argument("--only", action="append", choices=MEASUREMENTS, help="only this measurement; may be given again")
    parser.add_argument("--repetitions", type=int, metavar="N", help="5 if not given")
    names = [*OTHERS, *PACKAGES]
    parser.add_argument("--peer", action="append", choices=names, metavar="NAME", help=f"only these: {', '.join(names)}")
    parser.add_argument("--paramo", metavar="PATH", help="the paramo to measure; the one on the PATH if not given")
    parser.add_argument("--spawn-floor", metavar="PATH", help="the spawn-floor of this workspace; the one on the PATH if not given")
    parser.add_argument("--hq", metavar="PATH", help="HyperQueue's program; the one on the PATH if not given")
    parser.add_argument("--torc", metavar="PATH", help="Torc's program; the one on the PATH if not given")
    parser.add_argument("--scratch", type=Path, metavar="DIR", help="where studies are run, on a real disk; a cache directory if not given")
    asked = parser.parse_args(words)
    if asked.repetitions is not None and asked.repetitions < 1:
        parser.error("--repetitions: expected at least 1")
    if asked.report and (asked.only or asked.peer):
        parser.error("--report takes a whole run: a page must not mix figures of different runs")
    return asked


def find_peers(asked: argparse.Namespace) -> Peers:
    peers = Peers(log, (lambda name: name in asked.peer) if asked.peer else (lambda name: True))
    given = {
        paramo.NAME: asked.paramo or shutil.which("paramo"),
        commands.FLOOR: asked.spawn_floor or shutil.which("spawn-floor"),
        "HyperQueue (hq)": asked.hq or shutil.which("hq"),
        "Torc": asked.torc or shutil.which("torc"),
    }
    peers.find(given)
    return peers


def about(asked: argparse.Namespace, peers: Peers, plan: Plan, load: float, begin: float) -> List[str]:
    versions = sorted({version for version in peers.versions.values() if version}, key=str.lower)
    command = "benches/run --quick" if asked.quick else "make bench"
    lines = [
        f"{report.today()}, `{command}`, {(time.monotonic() - begin) / 60:.0f} minutes. Medians of {plan.repetitions} repetitions in turns.",
        machine.describe(plan.scratch) + f". Load average before the first measurement: {load:.2f}.",
        "Versions: " + "; ".join(versions) + ".",
    ]
    if asked.quick:
        lines.append("A quick run with few repetitions: it shows that everything works, not how well.")
    return lines


def main(words: Optional[List[str]] = None) -> int:
    asked, begin = arguments(words), time.monotonic()
    scratch = Path(tempfile.mkdtemp(prefix="bench-", dir=asked.scratch or cache()))
    plan = Plan(scratch, repetitions=5, log=log)
    if asked.quick:
        plan = Plan(scratch, repetitions=2, warm_ups=0, share=0.1, log=log)
    plan.repetitions = asked.repetitions or plan.repetitions
    try:
        peers = find_peers(asked)
        for name, reason in peers.absent.items():
            log(f"{name}: {reason}")
        programs, load = compile_all(scratch), machine.load()
        sections = []
        for name in asked.only or MEASUREMENTS:
            log(f"{name}:")
            sections.append(MEASUREMENTS[name](peers, programs, plan))
        text = report.page(about(asked, peers, plan, load, begin), sections, peers.absent)
    except (Failed, KeyboardInterrupt) as error:
        log(f"benches/run: {error or 'interrupted'}")
        return 1
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    print(text)
    if asked.report:
        report.place(text, asked.report)
    return 0
