"""Measurement `sleep`: many runs at once that only wait."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Dict, List

from . import paramo
from .commands import FLOOR, numbers, simple
from .contest import Contestant, Plan, hold, median
from .peers import Peers
from .report import Section, Target, figure

AT_ONCE = 500
# Short runs show what starting them costs, beside a floor that has to start them too; long ones are what people wait for.
SHORT, LONG = 2, 20


def contestants(peers: Peers, program: Path, seconds: int) -> List[Contestant]:
    at, runs = peers.paths, AT_ONCE

    def floor(directory, runs):
        words = [at[FLOOR], "--runs", runs, "--threads", AT_ONCE, program, seconds]
        return simple(FLOOR, words, directory, runs)

    def sweep(directory, runs):
        options = ["--run-cpus", "0", "-j", str(AT_ONCE)]
        return paramo.sweep(at[paramo.NAME], directory, runs, [str(program), str(seconds)], *options)

    def xargs(directory, runs):
        words = [at["xargs"], f"-P{AT_ONCE}", "-n1", program, seconds]
        return simple("xargs", words, directory, runs, stdin=numbers(directory, runs))

    def parallel(directory, runs):
        words = [at["GNU parallel"], "--will-cite", f"-j{AT_ONCE}", program, seconds]
        return simple("GNU parallel", words, directory, runs, stdin=numbers(directory, runs))

    everybody = [Contestant(FLOOR, runs, floor), Contestant(paramo.NAME, runs, sweep)]
    if seconds == SHORT:
        everybody += [Contestant("xargs", runs, xargs), Contestant("GNU parallel", runs, parallel)]
    return [contestant for contestant in everybody if peers.has(contestant.name)]


def run(peers: Peers, programs: Dict[str, Path], plan: Plan) -> Section:
    made = Section(
        "Runs that only wait",
        f"{AT_ONCE} runs at once that sleep (`cpus = 0`), {SHORT} s and {LONG} s. Ideal is the time that they sleep, as if starting cost nothing. "
        f"The floor shows how much of it this machine can reach: it cannot start {AT_ONCE} processes in no time.",
        ("system", "runs", "ideal s", "measured s", "of ideal", "CPU ms/run"),
    )
    for seconds in (SHORT, LONG):
        ideal = float(seconds)
        # Fewer would be another measurement.
        outcome = hold(contestants(peers, programs["sleep"], seconds), replace(plan, share=1.0, warm_ups=0))
        made.absent.update(outcome.failed)
        for name, taken in outcome.samples.items():
            wall, each = median(taken, lambda s: s.wall), median(taken, lambda s: s.cpu_each)
            row = (name, f"{taken[0].runs:,}", figure(ideal), figure(wall), f"{ideal / wall:.3f}", figure(each * 1e3))
            made.rows.append(row)
            if name == paramo.NAME and seconds == LONG:
                promise = f"{AT_ONCE} runs at once that sleep {seconds} s: of ideal"
                made.targets.append(Target(promise, "≥ 0.97", f"{ideal / wall:.3f}", ideal / wall >= 0.97))
    return made
