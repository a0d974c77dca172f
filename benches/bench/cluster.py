"""Measurement `cluster`: short runs on Slurm, as an array of jobs and through workers in allocations.

The cluster is the one of the tests: four nodes of four CPUs, all of them this machine. What is compared is the same command on the same cluster.
"""

from __future__ import annotations

import csv
import io
import json
import os
import shutil
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Dict, List

from . import paramo
from .contest import Contestant, Outcome, Plan, Sample, hold, median, ratio
from .driver import DRIVERS
from .driver import environment as quietly
from .measure import Failed, watch
from .peers import Peers, said
from .report import Section, Target, figure

RIG = Path(__file__).parents[2] / "tests" / "rigs" / "slurm"
ARRAY = 200
RUNS = 20_000
CPUS = 2
TIMES = 20.0
WITHIN = 1.2
SBATCH = "sbatch --array"
HYPERQUEUE = "HyperQueue (Python)"
TASKS = 2_000
SITE = "Paramo in an allocation"
LOCAL = "Paramo on this machine"

STUDY = 'name = "bench"\n[application]\ncommand = ["true", "{x}"]\n[space]\nx = { from = 1, to = %d, step = 1 }\n'
SITES = """[sites.hpc]
kind = "slurm"
directory = %s
back = "127.0.0.1"
[sites.hpc.pools.main]
maximum = 1
cpus = %d
walltime = "10 min"
"""


def environment(conf: str) -> Dict[str, str]:
    return {**os.environ, "SLURM_CONF": conf}


def array(conf: str, directory: Path, runs: int) -> Dict[str, Sample]:
    """One job for each run, all of them an array; from its submission until the last has ended."""
    script = directory / "job.sh"
    script.write_text("#!/bin/sh\nexec true \"$SLURM_ARRAY_TASK_ID\"\n")
    words = ["sbatch", "--wait", "--output=/dev/null", f"--array=0-{runs - 1}", "--cpus-per-task=1", str(script)]
    begin = time.monotonic()
    done = subprocess.run(words, cwd=directory, env=environment(conf), stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=900)
    if done.returncode != 0:
        raise Failed(f"sbatch: {done.stderr.strip()[-200:]}")
    return {SBATCH: Sample(runs, time.monotonic() - begin, 0.0)}


def hyperqueue(python: str, conf: str, directory: Path, runs: int) -> Dict[str, Sample]:
    """HyperQueue's server and its worker in one allocation of as many CPUs; its tasks alone, without its start."""
    result = directory / "result.json"
    words = ["srun", "--ntasks=1", f"--cpus-per-task={CPUS}", python, str(DRIVERS / "hyperqueue_tasks.py"), str(result), str(runs), shutil.which("true") or "true"]
    given = {**environment(conf), **quietly(python, directory)}
    done = subprocess.run(words, cwd=directory, env=given, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=300)
    if done.returncode != 0 or not result.exists():
        raise Failed(f"srun: {done.stderr.strip()[-200:]}")
    phase = json.loads(result.read_text())["phases"][0]
    return {f"{HYPERQUEUE} in an allocation, its tasks alone": Sample(phase["calls"], phase["wall"], 0.0)}


def while_it_ran(binary: str, directory: Path, runs: int) -> float:
    """Seconds from the start of the first run to the start of the last."""
    ok, text = said([binary, "--store", str(directory / ".paramo"), "export", "bench", "--columns", "started"], 60)
    if not ok:
        raise Failed(text[-200:])
    started = [float(row["started"]) for row in csv.DictReader(io.StringIO(text))]
    if len(started) != runs:
        raise Failed(f"{len(started)} of {runs} runs are in the table")
    return max(started) - min(started)


def study(binary: str, conf: str, name: str, directory: Path, runs: int) -> Dict[str, Sample]:
    """A study of as many runs; the whole command, and its runs alone."""
    (directory / "study.toml").write_text(STUDY % runs)
    (directory / "sites.toml").write_text(SITES % (json.dumps(str(directory / "site")), CPUS))
    where = ["--site", "hpc"] if name == SITE else ["--cpus", str(CPUS)]
    before = os.environ.get("SLURM_CONF")
    os.environ["SLURM_CONF"] = conf
    try:
        ran = watch([binary, "run", "study.toml", "--quiet", *where], directory, limit=600)
    finally:
        os.environ.pop("SLURM_CONF") if before is None else os.environ.update(SLURM_CONF=before)
    paramo.check(binary, directory, "bench", runs)
    alone = f"{name}, its runs alone"
    return {name: Sample(runs, ran.wall, 0.0), alone: Sample(runs, while_it_ran(binary, directory, runs), 0.0)}


def section(outcome: Outcome) -> Section:
    made = Section(
        "Short runs on a cluster",
        f"`true N` on a Slurm of four nodes of four CPUs, which are all this machine: as an array of {ARRAY} jobs, and as a study of {RUNS:,} runs in one allocation of "
        f"{CPUS} CPUs that Paramo asks for when the study begins and gives back at its end; beside it the same study by Paramo alone with {CPUS} CPUs. The whole is from the "
        "command to its end; *its runs alone* is from the start of the first run to that of the last.",
        ("way", "runs", "seconds", "runs a second"),
    )
    for name, samples in outcome.samples.items():
        wall = median(samples, lambda sample: sample.wall)
        made.rows.append((name, figure(samples[0].runs), figure(wall), figure(median(samples, lambda sample: sample.rate))))
    made.absent.update(outcome.failed)
    rate = lambda sample: sample.rate  # noqa: E731
    taken: Dict[str, List[Sample]] = outcome.samples
    if SBATCH in taken and SITE in taken:
        times = ratio(taken[SITE], taken[SBATCH], rate)
        promise = "short runs a second on Slurm, beside `sbatch --array` of the same command: times as many"
        made.targets.append(Target(promise, f"≥ {TIMES:.0f}", figure(times), times >= TIMES))
    tasks = f"{HYPERQUEUE} in an allocation, its tasks alone"
    if tasks in taken and SITE in taken:
        times = ratio(taken[SITE], taken[tasks], rate)
        promise = "short runs a second in an allocation, start and end included, beside HyperQueue's tasks without its start: times as many"
        made.targets.append(Target(promise, "> 1", figure(times), times > 1))
    there, here = f"{SITE}, its runs alone", f"{LOCAL}, its runs alone"
    if there in taken and here in taken:
        more = ratio(taken[here], taken[there], rate)
        promise = "time a run in an allocation, beside that of a run on this machine with as many CPUs: ratio"
        made.targets.append(Target(promise, f"≤ {WITHIN}", figure(more), more <= WITHIN))
    return made


def run(peers: Peers, programs: Dict[str, Path], plan: Plan) -> Section:
    made = Section("Short runs on a cluster", "Not measured.")
    if not peers.has(paramo.NAME):
        return made
    binary = peers.paths[paramo.NAME]
    name = f"bench-{os.getpid()}"
    done = subprocess.run([str(RIG), "private", name, str(os.getpid())], capture_output=True, text=True, timeout=120)
    if done.returncode != 0:
        made.absent["the cluster"] = done.stderr.strip()[-200:] or "it does not start"
        return made
    conf = json.loads(done.stdout)["environment"]["SLURM_CONF"]
    contestants = [
        Contestant(SBATCH, ARRAY, lambda directory, runs: array(conf, directory, runs)),
        *(Contestant(each, RUNS, lambda directory, runs, each=each: study(binary, conf, each, directory, runs)) for each in (SITE, LOCAL)),
    ]
    if peers.has(HYPERQUEUE):
        python = peers.paths[HYPERQUEUE]
        contestants.append(Contestant(HYPERQUEUE, TASKS, lambda directory, runs: hyperqueue(python, conf, directory, runs)))
    with tempfile.TemporaryDirectory(dir=plan.scratch) as scratch:
        few = Plan(Path(scratch), min(plan.repetitions, 3), plan.warm_ups, plan.share, plan.log)
        return section(hold(contestants, few))
