"""A server, as Python speaks to it."""

import os
import sys
import urllib.parse
from pathlib import Path

from ._errors import ParamoError
from ._events import Events
from ._http import Transport
from ._space import space_of
from ._study import Study


class Client:
    """Speaks to a Paramo server. Safe to use from several threads.

    ``url`` and ``token`` are those of the environment (``PARAMO_SERVER``, ``PARAMO_TOKEN``) unless given; after ``paramo login`` the stored token is
    used. ``certificates``: a file with the certificate of the authority that the server's is signed by.
    """

    def __init__(self, url=None, token=None, *, project=None, timeout=60.0, certificates=None):
        url = url or os.environ.get("PARAMO_SERVER")
        if not url:
            raise ParamoError("no server is named: give its address, or set PARAMO_SERVER")
        certificates = certificates or os.environ.get("PARAMO_CA_FILE")
        token = token or os.environ.get("PARAMO_TOKEN")
        self._transport = Transport(url, token, timeout=timeout, certificates=certificates)
        if self._transport._token is None:
            self._transport._token = _stored_token(self._transport.address)
        self.project = project

    @property
    def url(self):
        return self._transport.address

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def __repr__(self):
        return f"<Client {self.url}>"

    def close(self):
        """Closes the connection of this thread."""
        self._transport.forget()

    def version(self):
        """Which version the server is."""
        return self._transport.json("GET", "/version")["version"]

    def whoami(self):
        """Who one is to the server, and what one may do."""
        return self._transport.json("GET", "/session")

    def studies(self, state=None, name=None):
        """The studies, the newest first."""
        found, before = [], None
        while True:
            query = {"state": state, "name": name, "project": self.project, "before": before, "limit": 1000}
            page = self._transport.json("GET", "/studies", query=query)
            found += [Study(self, detail) for detail in page]
            if len(page) < 1000:
                return found
            before = page[-1]["id"]

    def study(self, name):
        """A study by its name (``"hes1"``, ``"hes1@2"``, ``"project:hes1"``) or number."""
        word = str(name)
        if self.project and not word.isdigit() and ":" not in word:
            word = f"{self.project}:{word}"
        return Study(self, self._transport.json("GET", f"/studies/{urllib.parse.quote(word, safe='@:')}"))

    def create(
        self, file=None, *, name=None, application=None, space=None, run=None, description=None,
        attachments=(), changed=None, directory=None, start=True,
    ):
        """Begins a study, or goes on with the one that it is.

        Either ``file``, the path of a study file, or its parts: ``name``, ``application`` (a table as in a study file, or ``"project/name@version"`` of a
        registered one), ``space`` and ``run``. ``attachments``: paths of the point files that it names. ``changed`` says what to do with a stored
        study of the same name that differs: ``"new-version"`` or ``"continue"``.
        """
        body = {"start": start}
        if file is not None:
            if application is not None or space is not None or run is not None:
                raise ParamoError("expected either a study file or the parts of a study, found both")
            file = Path(file)
            body["file"] = file.read_text("utf-8")
            attached = {str(path): (file.parent / path).read_bytes() for path in attachments}
        else:
            if application is None or name is None:
                raise ParamoError("expected a study file, or at least a name and an application")
            attached = {str(path): Path(path).read_bytes() for path in attachments}
            parts = {"name": name, "description": description, "space": space_of(space or {}), "run": run}
            if isinstance(application, str):
                body.update({key: value for key, value in parts.items() if value is not None}, application=application)
            else:
                parts["application"] = application
                body["definition"] = {key: value for key, value in parts.items() if value is not None}
        if attached:
            import base64

            body["attachments"] = {path: "base64:" + base64.b64encode(data).decode() for path, data in attached.items()}
        for key, value in (("project", self.project), ("changed", changed), ("directory", directory)):
            if value is not None:
                body[key] = value
        return Study(self, self._transport.json("POST", "/studies", body))

    def run(self, *arguments, timeout=None, progress=None, **more):
        """Begins a study as :meth:`create` does, waits for its end and gives its results."""
        return self.create(*arguments, **more).wait(timeout=timeout, progress=progress).results()

    def applications(self):
        """The registered applications, each in its newest version."""
        return self._transport.json("GET", "/applications", query={"project": self.project})

    def workers(self):
        return self._transport.json("GET", "/workers")

    def events(self, study=None):
        """What happens, as it happens: pairs of a name and a dictionary, without end."""
        return (event for event in Events(self._transport, study) if event[0] != "connected")


def connect(url=None, token=None, **more):
    """A :class:`Client`."""
    return Client(url, token, **more)


def _stored_token(address):
    """The token that ``paramo login`` has stored for a server, or ``None``."""
    if sys.version_info < (3, 11):
        # The standard library reads TOML from then on.
        return None
    import tomllib

    home = os.environ.get("XDG_CONFIG_HOME") or os.path.join(os.path.expanduser("~"), ".config")
    try:
        with open(os.path.join(home, "paramo", "credentials.toml"), "rb") as file:
            known = tomllib.load(file)
    except (OSError, tomllib.TOMLDecodeError):
        return None
    for server, entry in (known.get("servers") or known).items():
        if server.rstrip("/") == address and isinstance(entry, dict):
            return entry.get("token")
    return None
