"""An engine of one's own: ``paramo ui`` beside this process, over the store of a directory."""

import atexit
import os
import shutil
import subprocess
import threading
from pathlib import Path

from ._client import Client
from ._errors import NoAnswer, ParamoError

_engines = {}
_lock = threading.Lock()


class Engine:
    """An engine on this machine, for as long as it is open. ``store``: the directory that remembers everything.

    It ends when this process does, however that ends; what runs then stays open, and the next engine goes on with it.
    """

    def __init__(self, store=".paramo", *, cpus=None, program=None):
        program = program or os.environ.get("PARAMO") or shutil.which("paramo")
        if program is None:
            raise ParamoError("the program `paramo` is not on the PATH: install it, or set PARAMO to where it is")
        command = [program, "--store", str(store), "ui", "--listen", "127.0.0.1:0", "--while-stdin"]
        if cpus is not None:
            command += ["--cpus", str(cpus)]
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
        )
        link = self._process.stdout.readline().strip()
        if not link:
            said = self._process.communicate()[1].strip()
            raise NoAnswer(f"the engine does not start: {said or f'exit code {self._process.returncode}'}")
        # What it says from here on is for nobody, and must not fill the pipe.
        threading.Thread(target=self._process.stderr.read, daemon=True).start()
        #: The page, with its token. It opens in a browser.
        self.link = link
        self.client = Client(link)

    def close(self):
        """Ends the engine and what runs."""
        self.client.close()
        if self._process.poll() is None:
            self._process.stdin.close()
            self._process.wait()
        self._process.stdout.close()

    def __enter__(self):
        return self.client

    def __exit__(self, *_):
        self.close()


def engine(store=".paramo"):
    """The engine of this process over a store, started when it is first needed."""
    path = str(Path(store).absolute())
    with _lock:
        found = _engines.get(path)
        if found is None or found._process.poll() is not None:
            found = _engines[path] = Engine(path)
        return found


@atexit.register
def _close_all():
    with _lock:
        for found in _engines.values():
            found.close()
        _engines.clear()
