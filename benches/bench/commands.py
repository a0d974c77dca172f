"""Measurement `true`: many runs of a program that does nothing."""

from __future__ import annotations

from pathlib import Path
from typing import Dict, List

from . import paramo
from .contest import Contestant, Outcome, Plan, Sample, hold, median, ratio
from .driver import DRIVERS, drive, environment
from .measure import measure
from .peers import Peers
from .report import Section, Target, figure

FLOOR = "spawn-floor"

TORC = """name: bench
jobs:
  - name: "run_{{i}}"
    command: "{program} {{i}}"
    parameters:
      i: "1:{runs}"
"""

SNAKEFILE = """rule all:
    input: expand("done/{{i}}", i=range({runs}))
rule one:
    output: touch("done/{{i}}")
    shell: "{program} {{wildcards.i}}"
"""


def numbers(directory: Path, runs: int) -> Path:
    path = directory / "numbers"
    path.write_text("".join(f"{i}\n" for i in range(1, runs + 1)))
    return path


def simple(name: str, argv, directory: Path, runs: int, **options) -> Dict[str, Sample]:
    """A command whose whole cost is that of its runs."""
    usage = measure(argv, directory, **options)
    return {name: Sample(runs, usage.wall, usage.cpu)}


def contestants(peers: Peers, program: Path) -> List[Contestant]:
    """In the order of the table, those that are there."""
    at = peers.paths

    def floor(directory, runs):
        return simple(FLOOR, [at[FLOOR], "--runs", runs, "--threads", 2, program], directory, runs)

    def sweep(directory, runs):
        return paramo.sweep(at[paramo.NAME], directory, runs, [str(program)], "-j", "2")

    def xargs(directory, runs):
        return simple("xargs", [at["xargs"], "-P2", "-n1", program], directory, runs, stdin=numbers(directory, runs))

    def parallel(directory, runs):
        words = [at["GNU parallel"], "--will-cite", "-j2", program]
        options = {"environment": {"PARALLEL_HOME": str(directory / "home"), "TMPDIR": str(directory)}}
        (directory / "home").mkdir()
        return simple("GNU parallel", words, directory, runs, stdin=numbers(directory, runs), **options)

    def hyperqueue(directory, runs):
        words = ["sh", DRIVERS / "hyperqueue.sh", at["HyperQueue (hq)"], program, runs]
        return simple("HyperQueue (hq)", words, directory, runs)

    def hyperqueue_python(directory, runs):
        name = "HyperQueue (Python)"
        return drive(name, at[name], "hyperqueue_tasks.py", directory, runs, program)

    def torc(directory, runs):
        (directory / "bench.yaml").write_text(TORC.format(program=program, runs=runs))
        return simple("Torc", [at["Torc"], "-s", "run", "bench.yaml", "--poll-interval", "1"], directory, runs)

    def parsl(directory, runs):
        return drive("Parsl", at["Parsl"], "parsl_apps.py", directory, runs, program)

    def snakemake(directory, runs):
        (directory / "Snakefile").write_text(SNAKEFILE.format(program=program, runs=runs))
        words = [at["Snakemake"], "-m", "snakemake", "--cores", "2", "--quiet", "all"]
        return simple("Snakemake", words, directory, runs, environment=environment(at["Snakemake"], directory))

    everybody = [
        Contestant(FLOOR, 10_000, floor),
        Contestant(paramo.NAME, 10_000, sweep),
        Contestant("xargs", 10_000, xargs),
        Contestant("HyperQueue (Python)", 3_000, hyperqueue_python),
        Contestant("HyperQueue (hq)", 10_000, hyperqueue),
        Contestant("Torc", 300, torc),
        Contestant("GNU parallel", 1_000, parallel),
        Contestant("Parsl", 500, parsl),
        Contestant("Snakemake", 300, snakemake),
    ]
    return [contestant for contestant in everybody if peers.has(contestant.name)]


KEPT = {
    paramo.NAME: "output captured, results on disk",
    FLOOR: "output read, nothing kept",
    "xargs": "output not captured",
    "GNU parallel": "output captured, nothing kept",
    "HyperQueue (hq)": "output not captured, nothing on disk",
    "Parsl, bash_app": "output not captured, states on disk",
    "Snakemake": "output not captured, a file a run",
    "HyperQueue (Python), no output kept, no journal": "output not captured, nothing on disk",
    "Torc": "output captured, results on disk",
}


def section(outcome: Outcome) -> Section:
    samples, rows = outcome.samples, []
    floor = samples.get(FLOOR)
    for name, taken in samples.items():
        each, rate = median(taken, lambda s: s.cpu_each), median(taken, lambda s: s.rate)
        cpu_ratio = figure(ratio(taken, floor, lambda s: s.cpu_each)) if floor else "-"
        rate_ratio = figure(ratio(taken, floor, lambda s: s.rate)) if floor else "-"
        whole = median(taken, lambda s: s.cpu_with_start / s.runs)
        columns = (figure(each * 1e3), figure(whole * 1e3), figure(rate), cpu_ratio, rate_ratio)
        row = (name, f"{taken[0].runs:,}", *columns, KEPT.get(name, ""))
        rows.append(row)
    made = Section(
        "A program that does nothing",
        "A static `true`, 2 at once. CPU is user and system time of every process that took part, per run; ratios are medians over "
        "repetitions. Where a system tells its start and end apart (Parsl, HyperQueue in Python), they are only in the column *with start*.",
        ("system", "runs", "CPU ms/run", "with start", "runs/s", "CPU ÷ floor", "rate ÷ floor", "keeps"),
        rows,
        absent=outcome.failed,
    )
    ours = samples.get(paramo.NAME)
    if ours and floor:
        cpu, rate = ratio(ours, floor, lambda s: s.cpu_each), ratio(ours, floor, lambda s: s.rate)
        runs = f"{ours[0].runs:,} runs of `true`"
        made.targets += [
            Target(f"{runs}: CPU, times the floor's", "≤ 1.15", f"{cpu:.3f}", cpu <= 1.15),
            Target(f"{runs}: runs/s, times the floor's", "≥ 1", f"{rate:.3f}", rate >= 1),
        ]
    others = {name: median(taken, lambda s: s.cpu_each) for name, taken in samples.items() if name not in (FLOOR, paramo.NAME)}
    if ours and others:
        best = min(others, key=others.get)
        mine = median(ours, lambda s: s.cpu_each)
        wanted = f"< {figure(others[best] * 1e3)} ({best})"
        promise = "CPU ms per run of `true`, below every peer"
        made.targets.append(Target(promise, wanted, figure(mine * 1e3), mine < others[best]))
    return made


def run(peers: Peers, programs: Dict[str, Path], plan: Plan) -> Section:
    return section(hold(contestants(peers, programs["true"]), plan))
