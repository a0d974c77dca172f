"""Measurement `watchers`: what a server uses while many look on.

A thousand connections read the events of a server in which something changes a hundred times a second. The readers are in a process of their own, so that
what they use is not the server's; every one of them must get every change.
"""

from __future__ import annotations

import http.client
import json
import os
import re
import select
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Dict, List

from . import paramo
from .contest import Plan
from .measure import Failed, peak_memory, stop, tail
from .peers import Peers
from .report import Section, Target, figure

WATCHERS = 1000
CHANGES = 100
SECONDS = 10.0
# A connection of which no more than this has passed since it was used is open.
IDLE = 1.0
# Each of them a change that is not a reader's to miss.
CHANGED = re.compile(rb"event: study-changed\n")

STUDY = 'name = "watched"\n[application]\ncommand = ["true", "{x}"]\n[space]\nx = { from = 1, to = 10, step = 1 }\n'


class Server:
    """A server of a directory of its own."""

    def __init__(self, binary: str, directory: Path):
        self.errors = directory / "err"
        with open(self.errors, "wb") as errors:
            self.process = subprocess.Popen(
                [binary, "ui", "--listen", "127.0.0.1:0"],
                cwd=directory,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=errors,
            )
        link = self.process.stdout.readline().decode().strip()
        found = re.fullmatch(r"http://127\.0\.0\.1:(\d+)/\?token=(\w+)", link)
        if not found:
            stop(self.process)
            raise Failed(f"the server does not start: {tail(self.errors)}")
        self.port, self.token = int(found[1]), found[2]
        self.connection = http.client.HTTPConnection("127.0.0.1", self.port)
        self.asked = time.monotonic()

    def ask(self, method: str, path: str, body=None):
        if time.monotonic() - self.asked > IDLE:
            # It may have been closed meanwhile, and is opened again.
            self.connection.close()
        self.asked = time.monotonic()
        headers = {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"}
        self.connection.request(method, f"/api/v1{path}", body=None if body is None else json.dumps(body), headers=headers)
        answer = self.connection.getresponse()
        text = answer.read()
        if answer.status >= 300:
            raise Failed(f"{method} {path}: {answer.status} {text.decode()[:200]}")
        return json.loads(text)

    def cpu(self) -> float:
        """Seconds that the process has used."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def watch(port: int, token: str, watchers: int) -> None:
    """The readers: says `ready`, reads until its standard input ends, and prints how many changes the unluckiest and all of them got."""
    request = (
        f"GET /api/v1/events HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nAuthorization: Bearer {token}\r\nAccept: text/event-stream\r\n\r\n"
    ).encode()
    poll = select.epoll()
    readers: Dict[int, socket.socket] = {}
    # The end of what each has read: an event may come in two pieces.
    rest: Dict[int, bytes] = {}
    counts: Dict[int, int] = {}
    for _ in range(watchers):
        reader = socket.create_connection(("127.0.0.1", port))
        reader.sendall(request)
        readers[reader.fileno()], rest[reader.fileno()], counts[reader.fileno()] = reader, b"", 0
    for number, reader in readers.items():
        head = b""
        while b"retry: 1000\n\n" not in head:
            piece = reader.recv(65536)
            if not piece:
                raise SystemExit(f"a connection was closed: {head[:200]!r}")
            head += piece
        reader.setblocking(False)
        poll.register(number, select.EPOLLIN)
    poll.register(0, select.EPOLLIN)
    print("ready", flush=True)
    going = True
    while going:
        for number, _ in poll.poll():
            if number == 0:
                going = bool(os.read(0, 1))
                continue
            piece = readers[number].recv(1 << 18)
            if not piece:
                raise SystemExit("a connection was closed")
            text = rest[number] + piece
            counts[number] += len(CHANGED.findall(text))
            # An event that is counted here is not in the rest.
            rest[number] = text[text.rfind(b"\n") + 1 :]
    print(min(counts.values(), default=0), sum(counts.values()), flush=True)


def sample(binary: str, directory: Path, watchers: int, seconds: float) -> Dict[str, float]:
    """CPU seconds a second of the server, and the most memory, while so many look on."""
    server = Server(binary, directory)
    readers = None
    try:
        study = server.ask("POST", "/studies", {"file": STUDY, "start": False})["id"]
        readers = subprocess.Popen(
            [sys.executable, "-m", "bench.watchers", str(server.port), server.token, str(watchers)],
            cwd=Path(__file__).parents[1],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        if readers.stdout.readline() != b"ready\n":
            raise Failed("the watchers could not connect")
        cpu, begin = server.cpu(), time.monotonic()
        made = 0
        while (now := time.monotonic() - begin) < seconds:
            if made > now * CHANGES:
                time.sleep(made / CHANGES - now)
            server.ask("PUT", f"/studies/{study}/slots", {"slots": made % 2 + 1})
            made += 1
        # The last changes are on their way for a tenth of a second.
        time.sleep(0.5)
        taken, elapsed = server.cpu() - cpu, time.monotonic() - begin
        readers.stdin.close()
        least, total = map(int, readers.stdout.readline().split())
        if watchers and (least < made or total != made * watchers):
            raise Failed(f"of {made} changes a watcher got {least}")
        return {"cores": taken / elapsed, "memory": peak_memory(server.process.pid) or 0, "changes": made / seconds}
    finally:
        if readers is not None:
            stop(readers)
        stop(server.process)


def run(peers: Peers, programs: Dict[str, Path], plan: Plan) -> Section:
    made = Section(
        "Watching a server",
        f"{WATCHERS:,} connections read `GET /api/v1/events` while a study's slots are changed {CHANGES} times a second; the readers are another process on "
        "the same two cores, and each gets every change. *CPU* is what the server's process uses; without readers it is what the changes themselves cost.",
        ("what", "changes/s", "CPU, cores", "memory, MB"),
    )
    if not peers.has(paramo.NAME):
        return made
    seconds = max(SECONDS * plan.share, 1.0)
    taken: Dict[int, List[Dict[str, float]]] = {0: [], WATCHERS: []}
    try:
        for _ in range(plan.repetitions):
            for watchers, samples in taken.items():
                with tempfile.TemporaryDirectory(dir=plan.scratch) as directory:
                    samples.append(sample(peers.paths[paramo.NAME], Path(directory), watchers, seconds))
    except (Failed, OSError) as error:
        plan.log(f"  watchers: {error}")
        made.absent["watchers"] = str(error)
        return made
    for watchers, samples in taken.items():
        samples.sort(key=lambda one: one["cores"])
        middle = samples[len(samples) // 2]
        made.rows.append(
            (f"{watchers:,} watchers", figure(middle["changes"]), figure(middle["cores"]), figure(middle["memory"] / 1e6))
        )
    cores = taken[WATCHERS][len(taken[WATCHERS]) // 2]["cores"]
    made.targets.append(Target(f"{WATCHERS:,} watchers at {CHANGES} changes/s", "< 1 core", f"{figure(cores)} cores", cores < 1))
    return made


if __name__ == "__main__":
    watch(int(sys.argv[1]), sys.argv[2], int(sys.argv[3]))
