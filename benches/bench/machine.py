"""What the figures were measured on."""

from __future__ import annotations

import os
import platform
from pathlib import Path


def processor() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith(("model name", "Model", "cpu model")):
            return line.partition(":")[2].strip()
    return platform.machine()


def memory_gib() -> float:
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30


def file_system(path: Path) -> str:
    """The type of the file system that a path is on, such as ext4."""
    path, best = path.resolve(), ("", "unknown")
    for line in Path("/proc/self/mounts").read_text().splitlines():
        _, point, kind = line.split()[:3]
        inside = point == "/" or str(path) == point or str(path).startswith(point + "/")
        if inside and len(point) >= len(best[0]):
            best = (point, kind)
    return best[1]


def load() -> float:
    return os.getloadavg()[0]


def describe(scratch: Path) -> str:
    cores = len(os.sched_getaffinity(0))
    return (
        f"{cores} core{'s' if cores != 1 else ''} ({processor()}), {memory_gib():.0f} GiB of memory, "
        f"{platform.system()} {platform.release()}, {file_system(scratch)}, Python {platform.python_version()}"
    )
