"""Measurement `function`: many calls of a Python function that returns a number."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Dict, List

from . import paramo
from .contest import Contestant, Outcome, Plan, hold, median
from .driver import drive
from .peers import Peers
from .report import Section, Target, figure

FLOOR = "multiprocessing"
WANTED_RATE = 50_000


def contestants(peers: Peers) -> List[Contestant]:
    at = peers.paths

    def driven(name, script):
        return lambda directory, calls: drive(name, at.get(name, sys.executable), script, directory, calls)

    def study(directory, calls):
        return paramo.functions(at[paramo.NAME], directory, calls)

    everybody = [
        Contestant(FLOOR, 1_000_000, driven(FLOOR, "pool.py")),
        Contestant(paramo.NAME, 200_000, study),
        Contestant("joblib", 100_000, driven("joblib", "joblib_loky.py")),
        Contestant("Ray", 3_000, driven("Ray", "ray_tasks.py")),
        Contestant("Parsl", 1_000, driven("Parsl", "parsl_apps.py")),
        Contestant("Dask", 2_000, driven("Dask", "dask_distributed.py")),
    ]
    return [c for c in everybody if (c.name == FLOOR and peers.wanted(FLOOR)) or peers.has(c.name)]


def section(outcome: Outcome) -> Section:
    rows = []
    for name, taken in outcome.samples.items():
        has_start = all(s.start for s in taken)
        start_wall = figure(median(taken, lambda s: s.start.wall)) if has_start else "in it"
        start_cpu = figure(median(taken, lambda s: s.start.cpu)) if has_start else "in it"
        each, rate = median(taken, lambda s: s.cpu_each), median(taken, lambda s: s.rate)
        whole = median(taken, lambda s: s.runs / s.wall_with_start)
        row = (name, f"{taken[0].runs:,}", figure(each * 1e6), figure(rate), figure(whole), start_wall, start_cpu)
        rows.append(row)
    made = Section(
        "A Python function that returns a number",
        "2 processes. *Start* is from the command until an empty job has been answered, together with the end of the system; CPU per call and "
        "calls/s are of the calls after that, *with start* of everything. Paramo's are of the whole command, with every result committed to "
        "disk; the others keep nothing.",
        ("system", "calls", "CPU µs/call", "calls/s", "calls/s with start", "start s", "start CPU s"),
        rows,
        absent=outcome.failed,
    )
    ours = outcome.samples.get(paramo.NAME)
    if ours:
        rate = median(ours, lambda s: s.rate)
        promise = f"{ours[0].runs:,} calls of a Python function, per second"
        made.targets.append(Target(promise, f"≥ {WANTED_RATE:,}", figure(rate), rate >= WANTED_RATE))
    return made


def run(peers: Peers, programs: Dict[str, Path], plan: Plan) -> Section:
    return section(hold(contestants(peers), plan))
