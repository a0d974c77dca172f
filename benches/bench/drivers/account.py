"""What every driver tells about itself: the cost of its start, and of its work, with all processes that take part.

CPU time is read from /proc for the whole tree below the measuring process, daemons included, while all of it is alive. Some systems
(Ray) have their processes reaped by nobody who keeps an account, so waiting for them at the end would miss most of their time.
"""

import json
import math
import os
import sys
import time

from bench_function import f

TICK = os.sysconf("SC_CLK_TCK")


def tree_cpu():
    """User and system time of every process below this one's parent (the measuring process), seconds."""
    top, parents, own, waited = os.getppid(), {}, {}, {}
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            try:
                with open(f"/proc/{entry}/stat") as stat:
                    fields = stat.read().rpartition(")")[2].split()
            except OSError:
                continue
            pid = int(entry)
            parents.setdefault(int(fields[1]), []).append(pid)
            own[pid] = int(fields[11]) + int(fields[12])
            waited[pid] = int(fields[13]) + int(fields[14])
    total, todo = waited.get(top, 0), [top]
    while todo:
        for pid in parents.get(todo.pop(), []):
            total += own[pid] + waited[pid]
            todo.append(pid)
    return total / TICK


class Account:
    """`started` once an empty job has been answered, then `did` after each kind of work; the document is written at exit of `with`.

    A driver is called as `driver.py RESULT_FILE CALLS [ARGUMENT…]`.
    """

    def __init__(self):
        self.result, self.calls, self.arguments = sys.argv[1], int(sys.argv[2]), sys.argv[3:]
        self.begin = time.monotonic()
        self.phases = []
        self.check = {"wall": 0.0, "cpu": 0.0}

    def __enter__(self):
        return self

    def started(self):
        self.wall, self.cpu = time.monotonic(), tree_cpu()
        self.start = {"wall": self.wall - self.begin, "cpu": self.cpu}

    def did(self, name, calls, results=None):
        """`results`: what `f` returned for 0, 1, … calls-1, in any order."""
        wall, cpu = time.monotonic(), tree_cpu()
        self.phases.append({"name": name, "calls": calls, "wall": wall - self.wall, "cpu": cpu - self.cpu})
        own = time.process_time()
        if results is not None and math.fsum(results) != math.fsum(map(f, range(calls))):
            raise SystemExit(f"{name}: the results of {calls} calls are wrong")
        self.check["cpu"] += time.process_time() - own
        # Looking at results and at /proc is not part of the next phase.
        self.wall, self.cpu = time.monotonic(), tree_cpu()
        self.check["wall"] += self.wall - wall

    def __exit__(self, kind, value, trace):
        if kind is None:
            with open(self.result, "w") as file:
                json.dump({"start": self.start, "phases": self.phases, "check": self.check}, file)
