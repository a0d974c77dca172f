"""Measurement `reading`: how long readers of a study of a million runs wait, 20 of them at once.

The study is made by `paramo run`, and looked at through a server's API with wrk. Readers ask the same again and again, or ask what nobody has asked
before; at last the study grows by a thousand results a second while they read.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Dict, Optional, Tuple

from . import paramo
from .contest import Plan
from .measure import Failed, peak_memory, stop, tail, watch
from .peers import Peers, program
from .report import Section, Target, figure
from .watchers import Server

MILLION = 10**6
READERS = 20
SIDE = 100
SECONDS = 2
LIMIT = 50.0
# Between two questions of a reader who thinks, milliseconds.
PAUSE = 1000
FUNCTION = Path(__file__).parent / "drivers" / "bench_reading.py"
SCRIPT = Path(__file__).with_name("reading.lua")

# What is asked, how it is asked again, and how it is asked anew: the condition holds for all runs, which is the most work, but where it says
# otherwise. With a target or without.
ALL = "where=period%3E{}"
QUESTIONS: Tuple[Tuple[str, str, str, bool], ...] = (
    ("first page of runs", "runs?limit=100", "runs?limit=100&" + ALL, True),
    ("page, sorted by an output", "runs?limit=100&sort=-period", "runs?limit=100&sort=-period&" + ALL, True),
    ("page, a range of a parameter", "runs?limit=100&where=k1%3E0.5", "runs?limit=100&where=k1%3E{}", True),
    ("aggregate by one parameter", "aggregate?by=k1&of=mean:period", "aggregate?by=k1&of=mean:period&" + ALL, True),
    (
        "aggregate by two, two statistics",
        "aggregate?by=k1,k2&of=mean:period,max:amplitude",
        "aggregate?by=k1,k2&of=mean:period,max:amplitude&" + ALL,
        True,
    ),
    ("heat map", "plot/heatmap?x=k1&y=k2&value=period", "plot/heatmap?x=k1&y=k2&value=period&" + ALL, True),
    ("histogram", "plot/histogram?x=period", "plot/histogram?x=period&" + ALL, False),
    ("line with its band", "plot/line?x=k1&value=period", "plot/line?x=k1&value=period&" + ALL, False),
    ("scatter", "plot/scatter?x=period&y=amplitude", "plot/scatter?x=period&y=amplitude&" + ALL, False),
    ("parallel coordinates", "plot/parallel", "plot/parallel?" + ALL, False),
    ("Gantt", "plot/gantt", "plot/gantt?" + ALL, False),
    ("throughput", "plot/throughput", "plot/throughput?" + ALL, False),
)


def write_study(directory: Path, runs: int) -> None:
    (directory / FUNCTION.name).write_text(FUNCTION.read_text())
    axis = f"{{ from = 0.0, to = 1.0, count = {SIDE} }}"
    (directory / "study.toml").write_text(
        'name = "bench"\n'
        "[application]\n"
        'function = "bench_reading:f"\n'
        f"python = {json.dumps(sys.executable)}\n"
        "[application.parameters]\n"
        'k1 = { type = "float" }\nk2 = { type = "float" }\nseed = { type = "integer" }\n'
        "[application.outputs]\n"
        'period = { json = "period", type = "float" }\namplitude = { json = "amplitude", type = "float" }\n'
        "[space]\n"
        f"k1 = {axis}\nk2 = {axis}\nseed = {{ replicate = {runs // SIDE**2} }}\n"
    )


def load(server: Server, path: str, readers: int, pause: int, seconds: int) -> Dict[str, float]:
    """What wrk says of readers who ask so."""
    words = ["wrk", "-t1", f"-c{readers}", f"-d{seconds}s", "--timeout", "60s", "-s", str(SCRIPT)]
    words += [f"http://127.0.0.1:{server.port}", "--", server.token, f"/api/v1/studies/bench/{path}", str(pause)]
    done = subprocess.run(words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=300)
    try:
        found = json.loads(done.stdout.strip().splitlines()[-1])
    except (ValueError, IndexError):
        raise Failed(f"wrk: {done.stdout.strip()[-200:]}") from None
    if found["wrong"] or not found["requests"]:
        raise Failed(f"{path}: {found['wrong']} of {found['requests']} requests went wrong")
    return found


def alone(server: Server, path: str, seconds: int) -> Dict[str, float]:
    """One reader who asks anew each time, and the CPU time that the server takes for it."""
    cpu = server.cpu()
    found = load(server, path, 1, 0, seconds)
    return {**found, "cpu": (server.cpu() - cpu) / found["requests"] * 1e3}


class Kinds:
    """The ways of reading, in the order in which they are measured and shown."""

    AGAIN, PAUSED, ANEW, GROWING = "again", "anew, with pauses", "anew, without a pause", "while it grows"


def finished(server: Server, plan: Plan, seconds: int) -> Dict[str, Dict[str, Dict[str, float]]]:
    taken = {}
    for name, again, anew, _ in QUESTIONS:
        taken[name] = {
            "alone": alone(server, anew, 1),
            Kinds.AGAIN: load(server, again, READERS, 0, seconds),
            Kinds.PAUSED: load(server, anew, READERS, PAUSE, 2 * seconds),
            Kinds.ANEW: load(server, anew, READERS, 0, seconds),
        }
        told = ", ".join(f"{kind} {one['p95']:.1f}" for kind, one in taken[name].items())
        plan.log(f"  {name}: p95 in ms: {told}; {taken[name]['alone']['cpu']:.1f} ms of CPU")
    return taken


def growing(server: Server, directory: Path, plan: Plan, seconds: int, taken) -> float:
    """The same questions while results come; how many came a second."""
    (directory / "slowly").touch()
    axis = {"from": 1.0, "to": 2.0, "count": SIDE}
    server.ask("POST", "/studies/bench/extend", {"space": {"k1": axis, "k2": axis, "seed": {"replicate": 100}}})
    ended = lambda: server.ask("GET", "/studies/bench")["succeeded"]  # noqa: E731
    before = ended()
    while (first := ended()) == before:
        time.sleep(0.05)
    begin = time.monotonic()
    for name, again, _, _ in QUESTIONS:
        taken[name][Kinds.GROWING] = load(server, again, READERS, 0, seconds)
        plan.log(f"  {name}: p95 while it grows {taken[name][Kinds.GROWING]['p95']:.1f} ms")
    rate = (ended() - first) / (time.monotonic() - begin)
    server.ask("POST", "/studies/bench/pause")
    return rate


def sample(binary: str, directory: Path, plan: Plan, runs: int, seconds: int):
    write_study(directory, runs)
    ran = watch([binary, "run", "study.toml", "--quiet"], directory, limit=300)
    paramo.check(binary, directory, "bench", runs)
    plan.log(f"  {runs:,} runs in {ran.wall:.1f} s")
    server = Server(binary, directory)
    try:
        before = peak_memory(server.process.pid) or 0
        begin = time.monotonic()
        server.ask("GET", "/studies/bench/runs?limit=100")
        opened = time.monotonic() - begin
        open_memory = peak_memory(server.process.pid) or 0
        taken = finished(server, plan, seconds)
        read_memory = peak_memory(server.process.pid) or 0
        page = browsed(server)
        plan.log(f"  the page in a browser: {page}")
        rate = growing(server, directory, plan, seconds, taken)
        memory = peak_memory(server.process.pid) or 0
        return taken, {
            "rate": rate, "opened": opened, "before": before, "open": open_memory, "read": read_memory, "memory": memory, "page": page
        }
    except Failed as error:
        raise Failed(f"{error} {tail(server.errors)}") from None
    finally:
        stop(server.process)


def browsed(server: Server) -> Optional[Tuple[str, int]]:
    """The longest time for which the page of the study kept a browser busy, and when; `None` without Node and Chromium."""
    script = Path(__file__).parents[2] / "tests" / "portal" / "large.mjs"
    words = ["node", str(script), f"http://127.0.0.1:{server.port}/?token={server.token}", "1", "1000000"]
    try:
        done = subprocess.run(words, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=180)
    except (OSError, subprocess.TimeoutExpired):
        return None
    if done.returncode != 0:
        return None
    longest = re.findall(r"^(.*): \d+ long tasks, the longest (\d+) ms$", done.stdout, re.MULTILINE)
    return max(((what, int(taken)) for what, taken in longest), key=lambda one: one[1], default=("all of it", 0))


def times(one: Dict[str, float]) -> str:
    return " / ".join(figure(one[part]) for part in ("p50", "p95", "p99"))


def section(taken, about: Dict[str, float], runs: int, seconds: int) -> Section:
    made = Section(
        "Reading a large study",
        f"A study of {runs:,} runs (3 parameters, 2 outputs) behind a server, read by {READERS} connections of wrk, which shares the two cores with the server "
        "and reads every byte of the answers. p50 / p95 / p99 in milliseconds, each over "
        f"{figure(seconds)} s or more. *Again*: all ask the same without a pause. *Anew*: every request has another condition, which nobody has asked before and which "
        "all runs meet (but for the range), so that each is computed from all runs; with pauses a reader thinks a second between two questions on average, without one "
        f"{READERS} questions are always being computed, and each waits for the *CPU* of the others. *While it grows*: all ask the same without a pause while "
        f"{figure(about['rate'])} results a second come from two Python processes on the same cores; what they see is up to about a second old. *CPU* is the "
        "server's for one question asked anew by a single reader.",
        ("question", "answer, kB", "CPU, ms", "again", "anew, with pauses", "anew, without a pause", "while it grows"),
    )
    for name, _, _, promised in QUESTIONS:
        kinds = taken[name]
        again = kinds[Kinds.AGAIN]
        made.rows.append(
            (
                name,
                figure(again["bytes"] / again["requests"] / 1e3),
                figure(kinds["alone"]["cpu"]),
                *(times(kinds[kind]) for kind in (Kinds.AGAIN, Kinds.PAUSED, Kinds.ANEW, Kinds.GROWING)),
            )
        )
        for kind in (Kinds.AGAIN, Kinds.PAUSED, Kinds.GROWING) if promised else ():
            p95 = kinds[kind]["p95"]
            promise = f"{runs:,} runs, {READERS} readers, {name}, {kind}: p95"
            made.targets.append(Target(promise, f"< {LIMIT:.0f} ms", f"{figure(p95)} ms", p95 < LIMIT))
    megabytes = {what: figure(about[what] / 1e6) for what in ("before", "open", "read", "memory")}
    made.text += (
        f" The server's memory (largest resident set) is {megabytes['before']} MB before the study is looked at, {megabytes['open']} MB when it has been read "
        f"({figure(about['opened'])} s, the first reader's wait), {megabytes['read']} MB after all questions, and {megabytes['memory']} MB after it has grown while it was read."
    )
    if about["page"] is None:
        made.absent["the page in a browser"] = "Node, Chromium or portal/node_modules is not there"
    else:
        what, longest = about["page"]
        made.text += (
            f" The page of the study in Chromium, its table scrolled from end to end and all charts drawn (`tests/portal/large.mjs`): the longest task, {longest} ms, is of {what}."
        )
        promise = f"{runs:,} runs, the study's page in a browser: longest task"
        made.targets.append(Target(promise, "< 100 ms", f"{longest} ms", longest < 100))
    return made


def run(peers: Peers, programs: Dict[str, Path], plan: Plan) -> Section:
    made = Section("Reading a large study", "Not measured.")
    if not peers.has(paramo.NAME):
        return made
    missing: Optional[str] = None if program("wrk", "wrk") else "package wrk cannot be installed"
    # Of each point there are so many; a tenth of them is still of every point.
    runs = max(SIDE**2, plan.count(MILLION) // SIDE**2 * SIDE**2)
    seconds = max(round(SECONDS * plan.share), 1)
    try:
        if missing:
            raise Failed(missing)
        with tempfile.TemporaryDirectory(dir=plan.scratch) as directory:
            taken, about = sample(peers.paths[paramo.NAME], Path(directory), plan, runs, seconds)
    except (Failed, OSError, subprocess.TimeoutExpired) as error:
        plan.log(f"  reading: {error}")
        made.absent["reading"] = str(error)
        return made
    return section(taken, about, runs, seconds)
