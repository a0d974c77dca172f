"""Takes the time of commands: a whole process tree, or the memory of one process."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

REAPER = Path(__file__).with_name("reaper.py")


class Failed(Exception):
    """A command that did not do what it was measured for, with the end of what it said."""


@dataclass
class Usage:
    """Wall time of a command, and user and system time of everything that it started; seconds."""

    wall: float
    cpu: float


def tail(path: Path, lines: int = 3) -> str:
    """The last lines of a log that say something."""
    text = path.read_text(errors="replace") if path.exists() else ""
    return " / ".join([line.strip() for line in text.splitlines() if line.strip()][-lines:])


def measure(argv, directory: Path, stdin=None, environment=None, limit=180.0) -> Usage:
    """Runs a command in a directory, its outputs into the files `out` and `err` there."""
    os.sync()  # what the one before has written is not this one's to wait for
    read_end, write_end = os.pipe()
    out, err = directory / "out", directory / "err"
    with open(stdin or os.devnull, "rb") as source, open(out, "wb") as to, open(err, "wb") as errors:
        process = subprocess.Popen(
            [sys.executable, "-I", "-S", str(REAPER), str(write_end), str(limit), *map(str, argv)],
            cwd=directory,
            env={**os.environ, **(environment or {})},
            stdin=source,
            stdout=to,
            stderr=errors,
            pass_fds=[write_end],
        )
    os.close(write_end)
    try:
        with os.fdopen(read_end) as pipe:
            text = pipe.read()
        process.wait()
    except BaseException:
        process.terminate()
        process.wait()
        raise
    if not text:
        raise Failed(f"could not be started: {tail(err)}")
    result = json.loads(text)
    if result["too_late"]:
        raise Failed(f"was ended after {limit:.0f} s: {tail(err)}")
    if result["status"] != 0:
        raise Failed(f"ended with status {result['status']}: {tail(err) or tail(out)}")
    return Usage(result["wall"], result["cpu"])


def peak_memory(pid: int) -> int | None:
    """The largest resident set that a process has had so far, bytes; `None` when it has ended."""
    try:
        for line in Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
    except OSError:
        pass
    return None


@dataclass
class Watched:
    """Wall time, seconds, and the largest resident set, bytes, of one process without its children."""

    wall: float
    memory: int


def watch(argv, directory: Path, limit=180.0) -> Watched:
    """Runs a command and looks at its memory every few milliseconds: its children's are not in it, unlike in rusage."""
    os.sync()
    with open(directory / "err", "wb") as errors:
        begin = time.monotonic()
        process = subprocess.Popen(
            list(map(str, argv)), cwd=directory, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=errors
        )
        memory, pause = 0, 0.0005
        try:
            while process.poll() is None:
                memory = max(memory, peak_memory(process.pid) or 0)
                if time.monotonic() - begin > limit:
                    raise Failed(f"was ended after {limit:.0f} s")
                time.sleep(pause)
                pause = min(pause * 1.1, 0.01)
        finally:
            if process.returncode is None:
                stop(process)
        wall = time.monotonic() - begin
    if process.returncode != 0:
        raise Failed(f"ended with status {process.returncode}: {tail(directory / 'err')}")
    return Watched(wall, memory)


def stop(process: subprocess.Popen, patience=10.0) -> float:
    """Ends a process politely, then not; returns the seconds it took."""
    begin = time.monotonic()
    process.terminate()
    try:
        process.wait(patience)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    return time.monotonic() - begin
