"""Runs a driver of `drivers/`: a peer's Python interface, with the cost of its start told apart."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Dict

from .contest import Sample
from .measure import Failed, Usage, measure

DRIVERS = Path(__file__).parent / "drivers"

# Nothing is told to anybody, and what a peer keeps stays in the directory of its turn.
QUIET = {"RAY_USAGE_STATS_ENABLED": "0", "PARSL_USAGE_TRACKING": "0", "DO_NOT_TRACK": "1"}


def environment(python: str, directory: Path) -> Dict[str, str]:
    """Peers start helpers by name, which are beside their Python."""
    path = f"{os.path.dirname(python)}{os.pathsep}{os.environ.get('PATH', '')}"
    return {**QUIET, "PATH": path, "XDG_CACHE_HOME": str(directory / "cache")}


def drive(name: str, python: str, script: str, directory: Path, runs: int, *arguments) -> Dict[str, Sample]:
    """One sample for each phase of the driver, as `name, phase`."""
    result = directory / "result.json"
    words = [python, str(DRIVERS / script), str(result), str(runs), *map(str, arguments)]
    usage = measure(words, directory, environment=environment(python, directory))
    if not result.exists():
        raise Failed("the driver has not told what it did")
    told = json.loads(result.read_text())
    phases, start, check = told["phases"], told["start"], told["check"]
    live = start["cpu"] + sum(phase["cpu"] for phase in phases)
    # What comes after the last phase is the end of the system, and belongs to its start. Processes that nobody has waited for
    # (Ray's) are missing in the account of the end.
    ending = max(0.0, usage.cpu - live - check["cpu"])
    begin = Usage(usage.wall - check["wall"] - sum(phase["wall"] for phase in phases), start["cpu"] + ending)
    return {
        f"{name}, {phase['name']}": Sample(phase["calls"], phase["wall"], max(phase["cpu"], 0.01), begin)
        for phase in phases
    }
