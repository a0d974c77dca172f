"""Requests over connections that are kept, one for each thread, with nothing but the standard library."""

import http.client
import json
import socket
import ssl
import threading
import time
import urllib.parse
import uuid

from ._errors import NoAnswer, ParamoError, of_answer

# A server that is being started again is back within seconds.
_PATIENCE = 10.0


class Transport:
    """Speaks to one server. Safe to use from several threads."""

    def __init__(self, url, token=None, *, timeout=60.0, certificates=None):
        parts = urllib.parse.urlsplit(url if "://" in url else f"http://{url}")
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ParamoError(f"expected the address of a server, as in https://paramo.example, not {url!r}")
        query = urllib.parse.parse_qs(parts.query)
        if token is None and "token" in query:
            # The link that an embedded engine prints.
            token = query["token"][0]
        self.base = parts.path.rstrip("/")
        self.address = f"{parts.scheme}://{parts.netloc}{self.base}"
        self._host, self._port = parts.hostname, parts.port
        self._token = token
        self._timeout = timeout
        self._tls = ssl.create_default_context(cafile=certificates) if parts.scheme == "https" else None
        self._local = threading.local()

    def connect(self, timeout=None):
        """A new connection, not opened yet."""
        timeout = self._timeout if timeout is None else timeout
        if self._tls is not None:
            return http.client.HTTPSConnection(self._host, self._port, timeout=timeout, context=self._tls)
        return http.client.HTTPConnection(self._host, self._port, timeout=timeout)

    def headers(self, accept="application/json"):
        headers = {"Accept": accept, "User-Agent": "paramo-python"}
        if self._token:
            headers["Authorization"] = f"Bearer {self._token}"
        return headers

    def path(self, path, query=None):
        pairs = [(key, value) for key, value in (query or {}).items() if value is not None]
        text = f"{self.base}/api/v1{path}"
        return f"{text}?{urllib.parse.urlencode(pairs)}" if pairs else text

    def json(self, method, path, body=None, query=None, headers=None):
        """The JSON of an answer; ``None`` for one without a body."""
        data = self.bytes(method, path, body, query, headers)
        if not data:
            return None
        try:
            return json.loads(data)
        except ValueError:
            raise ParamoError(f"{self.address} does not answer as a Paramo server does") from None

    def bytes(self, method, path, body=None, query=None, headers=None):
        """The body of an answer. What was asked is asked again when the connection breaks: a creation carries a key by which the server
        knows it again."""
        sent = self.headers("*/*")
        sent.update(headers or {})
        data = None
        if body is not None:
            data = json.dumps(body).encode()
            sent["Content-Type"] = "application/json"
        if method == "POST":
            sent.setdefault("Idempotency-Key", str(uuid.uuid4()))
        path = self.path(path, query)
        until = time.monotonic() + _PATIENCE
        wait = 0.05
        while True:
            kept = getattr(self._local, "connection", None)
            connection = kept or self.connect()
            self._local.connection = connection
            try:
                connection.request(method, path, body=data, headers=sent)
                answer = connection.getresponse()
                content = answer.read()
                break
            except (OSError, http.client.HTTPException) as error:
                self.forget()
                if isinstance(error, ssl.SSLCertVerificationError):
                    raise NoAnswer(f"the certificate of {self.address} is not trusted: {error}") from None
                if kept is not None:
                    # The server may have closed a connection that was not used for long.
                    continue
                if time.monotonic() > until or isinstance(error, socket.gaierror):
                    raise NoAnswer(f"{self.address} does not answer: {error}") from None
                time.sleep(wait)
                wait = min(2 * wait, 1.0)
        if answer.status >= 300:
            raise of_answer(answer.status, _parsed(content))
        return content

    def forget(self):
        """Closes the connection of this thread."""
        connection = getattr(self._local, "connection", None)
        if connection is not None:
            connection.close()
            self._local.connection = None


def _parsed(content):
    try:
        return json.loads(content)
    except ValueError:
        return None
