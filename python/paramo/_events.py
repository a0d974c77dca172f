"""What happens on a server, as it happens: server-sent events, gone on with where a connection was lost."""

import http.client
import json
import threading
import time

from ._errors import NoAnswer, of_answer

# The server says something at least every 15 seconds, be it a comment.
_SILENCE = 45.0


class Events:
    """An iterator of ``(name, data)``. ``("connected", None)`` comes first and after each reconnection: what was before it is to be asked for.

    :meth:`close` may be called from another thread and ends it.
    """

    def __init__(self, transport, study=None, patience=60.0):
        self._transport = transport
        self._query = {"study": study}
        self._patience = patience
        self._last = None
        self._connection = None
        self._closed = threading.Event()

    def close(self):
        self._closed.set()
        connection = self._connection
        sock = getattr(connection, "sock", None)
        if sock is not None:
            try:
                sock.shutdown(2)
            except OSError:
                pass

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def __iter__(self):
        since = time.monotonic()
        wait = 0.1
        while not self._closed.is_set():
            try:
                answer = self._open()
                yield "connected", None
                for event in self._read(answer):
                    since = time.monotonic()
                    wait = 0.1
                    yield event
            except (OSError, http.client.HTTPException, ValueError) as error:
                if time.monotonic() - since > self._patience:
                    raise NoAnswer(f"{self._transport.address} does not answer any more: {error}") from None
            finally:
                if self._connection is not None:
                    self._connection.close()
            self._closed.wait(wait)
            wait = min(2 * wait, 5.0)

    def _open(self):
        self._connection = self._transport.connect(timeout=_SILENCE)
        headers = self._transport.headers("text/event-stream")
        if self._last is not None:
            headers["Last-Event-ID"] = self._last
        self._connection.request("GET", self._transport.path("/events", self._query), headers=headers)
        answer = self._connection.getresponse()
        if answer.status >= 500:
            raise http.client.HTTPException(f"status {answer.status}")
        if answer.status >= 300:
            try:
                body = json.loads(answer.read())
            except ValueError:
                body = None
            raise of_answer(answer.status, body)
        return answer

    def _read(self, answer):
        name, data = "message", []
        while not self._closed.is_set():
            line = answer.readline()
            if not line:
                return
            line = line.decode().rstrip("\r\n")
            if not line:
                if data:
                    yield name, json.loads("\n".join(data))
                name, data = "message", []
                continue
            field, _, value = line.partition(":")
            value = value[1:] if value.startswith(" ") else value
            if field == "event":
                name = value
            elif field == "data":
                data.append(value)
            elif field == "id":
                self._last = value
