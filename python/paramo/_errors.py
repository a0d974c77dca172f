"""What can go wrong, as exceptions made from the server's problem details (RFC 9457)."""


class ParamoError(Exception):
    """Something that Paramo does not do. Its text says what is wrong and what can be done."""

    def __init__(self, message, *, status=None, kind=None, errors=()):
        super().__init__(message)
        #: The HTTP status, where a server has answered.
        self.status = status
        #: What kind of problem it is: ``/problems/not-found``.
        self.kind = kind
        #: What is wrong in a document: dictionaries with ``field``, ``message`` and ``help``.
        self.errors = list(errors)


class NoAnswer(ParamoError):
    """The server cannot be reached, or the connection was lost for good."""


class TimedOut(ParamoError, TimeoutError):
    """It has not come to an end in the time that was given. It goes on."""


class Unauthorized(ParamoError):
    """Who asks is not known: there is no token, or it is no longer good."""


class Forbidden(ParamoError):
    """Who asks may not do this."""


class NotFound(ParamoError):
    """There is no such thing, or none that one may see."""


class Conflict(ParamoError):
    """The state of things does not allow it."""


class BadDocument(ParamoError):
    """A study or an application has errors; ``errors`` names each by its field."""


_BY_STATUS = {401: Unauthorized, 403: Forbidden, 404: NotFound, 409: Conflict, 412: Conflict, 422: BadDocument}


def of_answer(status, body):
    """The exception for an answer that is no success. ``body`` is its JSON, or ``None``."""
    problem = body if isinstance(body, dict) else {}
    errors = [error for error in problem.get("errors") or [] if isinstance(error, dict)]
    text = problem.get("detail") or problem.get("title") or f"the server answered with status {status}"
    for error in errors:
        line = f"\n  {error.get('field')}: {error.get('message')}"
        text += line + (f" ({error['help']})" if error.get("help") else "")
    return _BY_STATUS.get(status, ParamoError)(text, status=status, kind=problem.get("type"), errors=errors)
