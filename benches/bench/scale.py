"""Measurement `scale`: Paramo alone, with a study of 10⁹ points and with a million finished runs."""

from __future__ import annotations

import json
import statistics
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Dict, List

from . import paramo
from .contest import Plan
from .measure import Failed, Watched, peak_memory, stop, tail, watch
from .peers import Peers
from .report import Section, Target, figure

MEGABYTE = 1e6
BILLION = 10**9
MILLION = 10**6

# What is asked of a million results, and how it is typed.
QUESTIONS = (
    ("show", ()),
    ("filter", ("--where", "result > 0.5 and x < 700000")),
    ("sort", ("--sort", "-result")),
    ("group and summarise, 2 groups", ("--by", "slot", "--mean", "result", "--sd", "result", "--median", "wall")),
    ("group and summarise, a group a run", ("--by", "x", "--mean", "result")),
)


def first_start(binary: str, stamp: Path, directory: Path) -> Dict[str, float]:
    """Seconds to the first run of a study of 10⁹ points, memory one second later, and seconds until it has ended on SIGTERM."""
    mark = directory / "mark"
    (directory / "study.toml").write_text(
        'name = "billion"\n'
        "[application]\n"
        f'command = {json.dumps([str(stamp), str(mark), "{a}", "{b}", "{c}"])}\n'
        "[space]\n" + "".join(f"{axis} = {{ from = 1, to = 1000, step = 1 }}\n" for axis in "abc")
    )
    with open(directory / "err", "wb") as errors:
        begin = time.monotonic()
        process = subprocess.Popen(
            [binary, "run", "study.toml", "--quiet"],
            cwd=directory,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=errors,
        )
        try:
            while not (mark.exists() and mark.read_text().endswith("\n")):
                if process.poll() is not None:
                    raise Failed(f"ended before a run had started: {tail(directory / 'err')}")
                if time.monotonic() - begin > 60:
                    raise Failed("no run had started after 60 s")
                time.sleep(0.001)
            started = float(mark.read_text()) - begin
            time.sleep(1.0)
            memory = peak_memory(process.pid)
            if memory is None:
                raise Failed(f"ended by itself: {tail(directory / 'err')}")
        finally:
            stopping = stop(process)
    return {"started": started, "memory": memory, "stopping": stopping}


def billion(peers: Peers, programs: Dict[str, Path], plan: Plan, made: Section) -> None:
    taken: List[Dict[str, float]] = []
    for turn in range(-plan.warm_ups, plan.repetitions):
        with tempfile.TemporaryDirectory(dir=plan.scratch) as directory:
            sample = first_start(peers.paths[paramo.NAME], programs["stamp"], Path(directory))
        if turn >= 0:
            taken.append(sample)
    middle = {key: statistics.median(sample[key] for sample in taken) for key in taken[0]}
    milliseconds, megabytes = middle["started"] * 1e3, middle["memory"] / MEGABYTE
    name = "a study of 10⁹ points"
    add(made, f"{name}: the first run has started after", f"{figure(milliseconds)} ms", "≤ 100 ms", milliseconds <= 100)
    add(made, f"{name}: memory, a second later", f"{figure(megabytes)} MB", "< 60 MB", megabytes < 60)
    made.rows.append((f"{name}: has ended after SIGTERM in", f"{figure(middle['stopping'])} s"))


def add(made: Section, promise: str, measured: str, wanted: str, holds: bool) -> None:
    made.rows.append((promise, measured))
    made.targets.append(Target(promise, wanted, measured, holds))


def disk_use(directory: Path) -> int:
    """Bytes that the files of a directory take on the disk."""
    return sum(path.lstat().st_blocks * 512 for path in directory.rglob("*") if path.is_file())


def repeated(argv, directory: Path, plan: Plan) -> Watched:
    """Medians of wall time and memory."""
    taken = [watch(argv, directory) for _ in range(plan.warm_ups + plan.repetitions)][plan.warm_ups :]
    return Watched(statistics.median(t.wall for t in taken), int(statistics.median(t.memory for t in taken)))


def million(peers: Peers, plan: Plan, made: Section) -> None:
    binary, runs = peers.paths[paramo.NAME], plan.count(MILLION)
    with tempfile.TemporaryDirectory(dir=plan.scratch) as name:
        directory = Path(name)
        paramo.write_function_study(directory, runs)
        ran = watch([binary, "run", "study.toml", "--quiet"], directory, limit=300)
        paramo.check(binary, directory, "bench", runs)
        plan.log(f"  {runs:,} runs in {ran.wall:.1f} s")
        each = disk_use(directory / ".paramo") / runs
        status = repeated([binary, "status", "bench"], directory, plan)
        export = repeated([binary, "export", "bench", "--format", "parquet", "--output", "bench.parquet"], directory, plan)
        parquet = (directory / "bench.parquet").stat().st_size
        answers = [
            (what, repeated([binary, "results", "bench", *words], directory, plan)) for what, words in QUESTIONS
        ]
    name = f"{runs:,} finished runs"
    made.rows.append((f"{name}: made in", f"{figure(ran.wall)} s, {figure(runs / ran.wall)} runs/s"))
    for what, watched in (("while they are made", ran), ("while they are exported", export)):
        megabytes = watched.memory / MEGABYTE
        add(made, f"{name}: memory {what}", f"{figure(megabytes)} MB", "< 200 MB", megabytes < 200)
    add(made, f"{name}: on disk", f"{figure(each)} bytes a run", "< 120 bytes a run", each < 120)
    milliseconds = status.wall * 1e3
    add(made, f"{name}: status", f"{figure(milliseconds)} ms", "< 50 ms", milliseconds < 50)
    made.rows.append((f"{name}: memory of status", f"{figure(status.memory / MEGABYTE)} MB"))
    add(made, f"{name}: export to Parquet", f"{figure(export.wall)} s", "< 3 s", export.wall < 3)
    made.rows.append((f"{name}: the Parquet file", f"{figure(parquet / MEGABYTE)} MB"))
    for what, answer in answers:
        add(made, f"{name}: results, {what}", f"{figure(answer.wall)} s", "< 0.5 s", answer.wall < 0.5)


def run(peers: Peers, programs: Dict[str, Path], plan: Plan) -> Section:
    made = Section(
        "Large studies",
        "Memory is the largest resident set of Paramo's process. The first start is told by the run itself. The runs of the second study are "
        "calls of a Python function; *on disk* is all that `.paramo` takes, which holds no captured output then.",
        ("what", "measured"),
    )
    if not peers.has(paramo.NAME):
        return made
    for name, measurement in (
        ("the study of 10⁹ points", lambda: billion(peers, programs, plan, made)),
        ("the finished runs", lambda: million(peers, plan, made)),
    ):
        try:
            measurement()
        except (Failed, OSError) as error:
            plan.log(f"  {name}: {error}")
            made.absent[name] = str(error)
    return made
