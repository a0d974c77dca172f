"""Contestants take turns (A B C A B C …), so that what disturbs the machine disturbs all of them."""

from __future__ import annotations

import shutil
import statistics
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Callable, Dict, List, Optional

from .measure import Failed, Usage


@dataclass
class Sample:
    """One repetition: how many runs or calls, what they cost, and the cost of the start where it can be told apart. Seconds."""

    runs: int
    wall: float
    cpu: float
    start: Optional[Usage] = None

    @property
    def cpu_each(self) -> float:
        return self.cpu / self.runs

    @property
    def rate(self) -> float:
        return self.runs / self.wall

    @property
    def cpu_with_start(self) -> float:
        return self.cpu + (self.start.cpu if self.start else 0)

    @property
    def wall_with_start(self) -> float:
        return self.wall + (self.start.wall if self.start else 0)


@dataclass
class Contestant:
    """`once` does a number of runs in an empty directory and gives a sample for each way of doing them that it has."""

    name: str
    runs: int
    once: Callable[[Path, int], Dict[str, Sample]]


@dataclass
class Plan:
    """How much is measured: of each number of runs the share, and how often, after how many turns that do not count."""

    scratch: Path
    repetitions: int = 5
    warm_ups: int = 1
    share: float = 1.0
    log: Callable[[str], None] = lambda line: None

    def count(self, runs: int) -> int:
        return max(2, int(runs * self.share))


@dataclass
class Outcome:
    samples: Dict[str, List[Sample]] = field(default_factory=dict)
    # Who could not take part, and why.
    failed: Dict[str, str] = field(default_factory=dict)


def hold(contestants: List[Contestant], plan: Plan) -> Outcome:
    """All repetitions. A contestant that fails once takes no further part."""
    outcome = Outcome()
    for turn in range(-plan.warm_ups, plan.repetitions):
        for contestant in contestants:
            if contestant.name in outcome.failed:
                continue
            # A tenth is enough to have files in memory.
            runs = plan.count(contestant.runs if turn >= 0 else contestant.runs // 10)
            directory = Path(tempfile.mkdtemp(dir=plan.scratch))
            begin = time.monotonic()
            try:
                samples = contestant.once(directory, runs)
            except (Failed, OSError) as error:
                outcome.failed[contestant.name] = str(error)
                plan.log(f"  {contestant.name}: {error}")
                continue
            finally:
                shutil.rmtree(directory, ignore_errors=True)
            told = f"{turn + 1}/{plan.repetitions}" if turn >= 0 else "warm-up"
            plan.log(f"  {told:>7}  {contestant.name:<28} {time.monotonic() - begin:6.2f} s")
            if turn >= 0:
                for name, sample in samples.items():
                    outcome.samples.setdefault(name, []).append(sample)
    return outcome


def median(samples: List[Sample], value: Callable[[Sample], float]) -> float:
    return statistics.median(value(sample) for sample in samples)


def ratio(samples: List[Sample], floor: List[Sample], value: Callable[[Sample], float]) -> float:
    """The median of the ratios of repetitions that were measured one after the other."""
    return statistics.median(value(one) / value(other) for one, other in zip(samples, floor))
