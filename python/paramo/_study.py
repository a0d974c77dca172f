"""A study on a server."""

import time
import urllib.parse
from pathlib import Path

from . import _progress
from ._errors import NotFound, ParamoError, TimedOut
from ._events import Events
from ._results import Results

_FORMATS = ("csv", "parquet", "jsonl", "json")


class Study:
    """A study: many runs of one application, one result table.

    What it says of itself is as of the last look: :meth:`refresh` looks again, and so does everything that changes something.
    """

    def __init__(self, client, detail):
        self._client = client
        self._transport = client._transport
        #: Everything that the server says of it.
        self.detail = detail

    @property
    def id(self):
        return self.detail["id"]

    @property
    def name(self):
        return self.detail["name"]

    @property
    def version(self):
        return self.detail["version"]

    @property
    def state(self):
        """``open``, ``paused``, ``finished`` or ``cancelled``."""
        return self.detail["state"]

    @property
    def points(self):
        """Points of its space."""
        return self.detail.get("points")

    @property
    def succeeded(self):
        return self.detail["succeeded"]

    @property
    def failed(self):
        return self.detail["failed"]

    @property
    def done(self):
        """Whether nothing is left to do."""
        return self.state in ("finished", "cancelled")

    def __repr__(self):
        return f"<Study {self.name}@{self.version} {self.state}: {self.succeeded} succeeded, {self.failed} failed>"

    def _path(self, rest=""):
        return f"/studies/{self.id}{rest}"

    def refresh(self):
        """Looks at it again."""
        self.detail = self._transport.json("GET", self._path())
        return self

    def _ask(self, what, body=None):
        answer = self._transport.json("POST", self._path(f"/{what}"), body)
        if isinstance(answer, dict) and "id" in answer:
            self.detail = answer
            return self
        return self.refresh()

    def start(self):
        return self._ask("start")

    def pause(self):
        """Starts no more runs; what runs may end."""
        return self._ask("pause")

    def resume(self):
        return self._ask("resume")

    def cancel(self):
        """Ends what runs; what has ended stays."""
        return self._ask("cancel")

    def retry(self, runs=None):
        """Makes failed runs again: all of them, or those with these indices."""
        return self._ask("retry", {} if runs is None else {"runs": list(runs)})

    def extend(self, space):
        """Adds points. Those that are there keep their indices and results."""
        from ._space import space_of

        return self._ask("extend", {"space": space_of(space)})

    def slots(self, slots):
        """So many runs at once; ``None``: as many as the study says."""
        self._transport.json("PUT", self._path("/slots"), {"slots": slots})
        return self.refresh()

    def delete(self):
        """Removes it and its results for good."""
        self._transport.json("DELETE", self._path())

    def why(self):
        """What stands in the way of its next run, and what would change it: a dictionary with ``code``, ``what`` and ``change``, or ``None``."""
        return self._transport.json("GET", self._path("/why"))

    def run(self, index):
        """A run that has ended, with its attempts."""
        return self._transport.json("GET", self._path(f"/runs/{int(index)}"))

    def log(self, index, stream="stdout"):
        """The end of what a run wrote to ``stdout`` or ``stderr``."""
        return self._transport.bytes("GET", self._path(f"/runs/{int(index)}/{stream}")).decode("utf-8", "replace")

    def wait(self, timeout=None, progress=None):
        """Waits until nothing of it is left to do, or somebody pauses or cancels it.

        ``timeout``: seconds, after which :class:`TimedOut` is raised; the study goes on. ``progress``: whether to show a bar; ``None`` shows one in a
        terminal or a notebook. The server may be started again meanwhile.
        """
        events = Events(self._transport, self.id)
        return self._wait(events, timeout, progress)

    def _wait(self, events, timeout, progress):
        until = None if timeout is None else time.monotonic() + timeout
        timer = None
        if timeout is not None:
            import threading

            timer = threading.Timer(timeout, events.close)
            timer.daemon = True
            timer.start()
        try:
            with events, _progress.shown(progress) as bar:
                for name, data in events:
                    if name == "progress":
                        bar.say(self.name, data.get("progress"))
                    elif name == "study-failed":
                        raise ParamoError(f"the server has stopped working on {self.name}: {data.get('message')}")
                    elif name != "notice":
                        try:
                            self.refresh()
                        except NotFound:
                            raise NotFound(f"{self.name} was removed while waiting for it") from None
                        if self.done or (self.state == "paused" and not self.detail.get("working")):
                            bar.say(self.name, self._progress(), last=True)
                            return self
        finally:
            if timer is not None:
                timer.cancel()
        if until is not None and time.monotonic() >= until:
            raise TimedOut(f"{self.name} has not ended within {timeout:g} s; it goes on")
        raise ParamoError(f"waiting for {self.name} was broken off")

    def _progress(self):
        points = self.points if self.state != "finished" else self.succeeded + self.failed
        return {"points": points or 0, "succeeded": self.succeeded, "failed": self.failed}

    def results(self, where=None, columns=None, sort=None, limit=None, succeeded=False):
        """The result table: a list of dictionaries, a row for each run that has ended.

        ``where``: a condition such as ``"period > 2 and k1 < 1e-9"``. ``sort``: a column, with ``-`` in front from high to low.
        """
        query = {
            "where": where,
            "columns": ",".join(columns) if columns else None,
            "sort": sort,
            "limit": limit,
            "succeeded": "true" if succeeded else None,
        }

        def parquet():
            return self._transport.bytes("GET", self._path("/results"), query={**query, "format": "parquet"})

        rows = self._transport.json("GET", self._path("/results"), query={**query, "format": "json"})
        return Results(rows, list(rows[0]) if rows else columns, parquet)

    def aggregate(self, by, of, where=None):
        """What groups of rows come to: ``study.aggregate(["k1"], ["mean:period"])``."""
        query = {"by": _listed(by), "of": _listed(of), "where": where}
        table = self._transport.json("GET", self._path("/aggregate"), query=query)
        names = [column["name"] for column in table["columns"]]
        return Results((dict(zip(names, row)) for row in table["rows"]), names)

    def download(self, path, where=None, columns=None, sort=None):
        """Writes the result table to a file; its ending says the format: .csv, .parquet, .jsonl or .json."""
        path = Path(path)
        form = path.suffix.lstrip(".").lower()
        if form not in _FORMATS:
            raise ParamoError(f"{path}: expected a name that ends in .{', .'.join(_FORMATS)}")
        query = {"format": form, "where": where, "columns": _listed(columns) if columns else None, "sort": sort}
        data = self._transport.bytes("GET", self._path("/results"), query=query)
        # A file is either whole or not there.
        part = path.with_name(path.name + ".part")
        part.write_bytes(data)
        part.replace(path)
        return path

    def plot(self, kind, **options):
        """The numbers behind a picture (``heatmap``, ``line``, ``histogram``, …), as the server's documentation describes them."""
        return self._transport.json("GET", self._path(f"/plot/{urllib.parse.quote(kind)}"), query=options)

    def picture(self, kind, format="svg", **options):
        """A picture as ``paramo plot`` draws it: the bytes of an SVG or PNG file."""
        return self._transport.bytes("GET", self._path(f"/plot/{urllib.parse.quote(kind)}.{format}"), query=options)


def _listed(words):
    return words if isinstance(words, str) else ",".join(words)
