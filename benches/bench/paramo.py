"""Paramo as a contestant: its command lines and study files, and a look at what it has kept."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Dict

from .contest import Sample
from .measure import Failed, measure
from .peers import said

NAME = "Paramo"
FUNCTION = Path(__file__).parent / "drivers" / "bench_function.py"


def check(binary: str, directory: Path, study: str, runs: int) -> None:
    """Every run is in the store as succeeded; otherwise the figure is of something else."""
    ok, text = said([binary, "--store", str(directory / ".paramo"), "status", study, "--json"], 60)
    try:
        succeeded = json.loads(text.splitlines()[-1])["succeeded"] if ok else None
    except (ValueError, KeyError, IndexError, TypeError):
        succeeded = None
    if succeeded != runs:
        raise Failed(f"the store has {succeeded} of {runs} runs as succeeded: {text[-200:]}")


def sweep(binary: str, directory: Path, runs: int, command, *options: str) -> Dict[str, Sample]:
    """A sweep of a program over 1 … runs, all results committed."""
    words = ["sweep", "--name", "bench", "--param", f"i=1:{runs}", "--quiet", *options, "--", *command, "{i}"]
    usage = measure([binary, *words], directory)
    check(binary, directory, "bench", runs)
    return {NAME: Sample(runs, usage.wall, usage.cpu)}


def write_function_study(directory: Path, calls: int) -> Path:
    """A study that calls the function of the drivers with 1 … calls, in this Python."""
    (directory / FUNCTION.name).write_text(FUNCTION.read_text())
    study = directory / "study.toml"
    study.write_text(
        'name = "bench"\n'
        "[application]\n"
        'function = "bench_function:f"\n'
        f"python = {json.dumps(sys.executable)}\n"
        "[space]\n"
        f"x = {{ from = 1, to = {calls}, step = 1 }}\n"
    )
    return study


def functions(binary: str, directory: Path, calls: int) -> Dict[str, Sample]:
    study = write_function_study(directory, calls)
    usage = measure([binary, "run", study.name, "--quiet", "-j", "2"], directory)
    check(binary, directory, "bench", calls)
    return {NAME: Sample(calls, usage.wall, usage.cpu)}
