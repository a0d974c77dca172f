"""Paramo: describe a scientific application once; sweep it, serve it, chain it, schedule it.

>>> import paramo
>>> table = paramo.sweep(f, {"x": range(10), "y": [0.1, 0.2]})   # doctest: +SKIP

sweeps a function on this machine; :func:`connect` speaks to a server. Nothing but the standard library is needed.
"""

from ._aio import AsyncClient, AsyncStudy
from ._client import Client, connect
from ._embedded import Engine
from ._errors import BadDocument, Conflict, Forbidden, NoAnswer, NotFound, ParamoError, TimedOut, Unauthorized
from ._results import Results
from ._study import Study
from ._sweep import sweep

__version__ = "0.1.0"

__all__ = [
    "AsyncClient",
    "AsyncStudy",
    "BadDocument",
    "Client",
    "Conflict",
    "Engine",
    "Forbidden",
    "NoAnswer",
    "NotFound",
    "ParamoError",
    "Results",
    "Study",
    "TimedOut",
    "Unauthorized",
    "connect",
    "sweep",
]
