"""Runs one command and takes the CPU time of everything that it started, daemons included.

A process of its own: as a "child subreaper" (prctl(2)) it inherits what the command's processes leave behind, waits for all of it, and
so finds the whole tree in its own account of children. Its own start is not in that account. The result is one JSON document on the
descriptor given.
"""

import ctypes
import json
import os
import resource
import signal
import sys
import time

PR_SET_PDEATHSIG = 1
PR_SET_CHILD_SUBREAPER = 36
# How long daemons may take to end by themselves after the command has, seconds.
GRACE = 10.0
ENDING = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


def descendants():
    """Process ids below this process."""
    children = {}
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            try:
                with open(f"/proc/{entry}/stat") as stat:
                    parent = int(stat.read().rpartition(")")[2].split()[1])
            except (OSError, IndexError, ValueError):
                continue
            children.setdefault(parent, []).append(int(entry))
    found, todo = [], [os.getpid()]
    while todo:
        below = children.get(todo.pop(), [])
        found += below
        todo += below
    return found


def end(with_signal):
    for pid in descendants():
        try:
            os.kill(pid, with_signal)
        except ProcessLookupError:
            pass


def reap(main, ended):
    """Waits for every child that has ended; returns whether any is left."""
    while True:
        try:
            pid, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return False
        if pid == 0:
            return True
        if pid == main:
            ended["status"] = os.WEXITSTATUS(status) if os.WIFEXITED(status) else -os.WTERMSIG(status)
            ended["at"] = time.monotonic()


def follow(main, begin, limit):
    """Until nothing is left. Returns when the command ended and how, and whether it had to be ended."""
    waited_for = {signal.SIGCHLD, *ENDING}
    ended, deadline, forced = {}, begin + limit, 0
    while reap(main, ended):
        if "at" in ended and not forced:
            deadline = min(deadline, ended["at"] + GRACE)
        left = deadline - time.monotonic()
        info = signal.sigtimedwait(waited_for, left) if left > 0 else None
        if info is None or info.si_signo in ENDING:
            end(signal.SIGKILL if forced else signal.SIGTERM)
            forced += 1
            deadline = time.monotonic() + 2.0
            ended.setdefault("too_late", "at" not in ended)
    return ended


def main():
    result, limit, command = int(sys.argv[1]), float(sys.argv[2]), sys.argv[3:]
    libc = ctypes.CDLL(None, use_errno=True)
    for option, argument in ((PR_SET_CHILD_SUBREAPER, 1), (PR_SET_PDEATHSIG, signal.SIGTERM)):
        if libc.prctl(option, argument, 0, 0, 0) != 0:
            raise OSError(ctypes.get_errno(), "prctl")
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGCHLD, *ENDING})
    os.set_inheritable(result, False)
    begin = time.monotonic()
    # A process group of its own, so that Ctrl-C at the terminal reaches this process first.
    child = os.posix_spawnp(command[0], command, os.environ, setpgroup=0, setsigmask=[])
    ended = follow(child, begin, limit)
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    document = {
        "wall": ended["at"] - begin,
        "cpu": usage.ru_utime + usage.ru_stime,
        "status": ended["status"],
        "too_late": ended.get("too_late", False),
    }
    os.write(result, json.dumps(document).encode())


if __name__ == "__main__":
    main()
