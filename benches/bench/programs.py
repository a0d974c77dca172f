"""The small programs that are run, compiled here so that they cost as little as a program can."""

from __future__ import annotations

import subprocess
from pathlib import Path

from .measure import Failed
from .peers import program

TRUE = "int main(void) { return 0; }\n"

SLEEP = """#include <stdlib.h>
#include <unistd.h>
int main(int argc, char **argv) { return argc > 1 ? (int)sleep(atoi(argv[1])) : 2; }
"""

# The first one that starts writes when it did, on the clock that Python calls time.monotonic.
STAMP = """#include <fcntl.h>
#include <stdio.h>
#include <time.h>
int main(int argc, char **argv) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    int file = argc > 1 ? open(argv[1], O_WRONLY | O_CREAT | O_EXCL, 0600) : -1;
    if (file >= 0) dprintf(file, "%lld.%09ld\\n", (long long)now.tv_sec, now.tv_nsec);
    return 0;
}
"""


def compile_all(directory: Path) -> dict:
    """Static programs `true`, `sleep SECONDS` and `stamp FILE`: name → path."""
    compiler = program("cc", "gcc", "libc6-dev")
    if compiler is None:
        raise Failed("there is no C compiler: packages gcc and libc6-dev cannot be installed")
    paths = {}
    for name, source in (("true", TRUE), ("sleep", SLEEP), ("stamp", STAMP)):
        paths[name] = directory / name
        command = [compiler, "-static", "-O2", "-x", "c", "-o", str(paths[name]), "-"]
        done = subprocess.run(command, input=source, text=True, stderr=subprocess.PIPE)
        if done.returncode != 0:
            raise Failed(f"cc: {done.stderr.strip()[-300:]}")
    return paths
