"""``paramo.sweep``: a function over a space, in one call."""

import json
import os
import sys

from ._client import Client
from ._embedded import engine
from ._errors import Conflict, ParamoError
from ._function import application_of, check_call
from ._results import Results
from ._space import space_of


def sweep(
    function, space, *, name=None, outputs=None, where=None, slots=None, retries=None, resources=None, run=None,
    server=None, store=".paramo", timeout=None, progress=None, wait=True,
):
    """Calls ``function(**point)`` at every point of ``space`` and gives the result table.

    ``space``: a dictionary from parameters to ``range``s, lists, arrays, single values, or tables as in a study file; their product is swept. A list of
    such dictionaries is swept one after another.

    What the function returns is the column ``result``; the fields of a dictionary are columns of their own. ``outputs`` names the columns, as a list
    of fields or as the table ``outputs`` of a study file.

    The runs are a study, called after the function unless ``name`` is given, that is remembered in ``store`` or on ``server`` (an address or a
    :class:`Client`): the same sweep again gives what is there and runs only what has not ended, one with more values at the end of its first axis goes on,
    and another is a new version. A call that raises fails
    its run and no other; the rows of failed runs have a ``cause``. With ``wait=False`` the :class:`Study` is given at once.
    """
    if os.environ.get("PARAMO_STUDY"):
        raise ParamoError("this is a run of a study: put what starts a sweep below `if __name__ == \"__main__\":`")
    far = server is not None
    space = space_of(space)
    check_call(function, _parameters(space))
    application, directory = application_of(function, far=far)
    application.update(_outputs(outputs))
    if resources:
        application["resources"] = dict(resources)
    if not far:
        application["python"] = sys.executable
    if where is not None:
        space = _with_condition(space, where)
    policy = dict(run or {})
    for key, value in (("slots", slots), ("retries", retries)):
        if value is not None:
            policy[key] = value
    client = (server if isinstance(server, Client) else Client(server)) if far else engine(store).client
    parts = {
        "name": name or _name_of(function),
        "application": application,
        "space": space,
        "run": policy or None,
        "directory": None if far else directory,
    }
    try:
        study = client.create(**parts)
    except Conflict:
        # It differs from the one that is there.
        study = client.create(**parts, changed="new-version")
    if not wait:
        return study
    if not study.done:
        study.wait(timeout=timeout, progress=progress)
    return _spread(study.results()) if outputs is None else study.results()


def _parameters(space):
    blocks = space if isinstance(space, list) else [space]
    names = {}
    for block in blocks:
        for key, axis in block.items():
            # A design or a list of points has its parameters inside; the server knows them.
            if key in ("zip", "product", "sample", "points", "block", "where", "list"):
                return []
            names[key] = axis
    return list(names)


def _with_condition(space, where):
    if isinstance(space, list):
        return [{**block, "where": where} for block in space]
    return {**space, "where": where}


def _outputs(outputs):
    if outputs is None:
        return {}
    if isinstance(outputs, dict):
        return {"outputs": outputs}
    return {"outputs": {field: {"json": field} for field in ([outputs] if isinstance(outputs, str) else outputs)}}


def _name_of(function):
    name = getattr(function, "__name__", "sweep")
    return name if name.isidentifier() else "sweep"


def _spread(results):
    """Dictionaries in the column ``result`` become columns."""
    if "result" not in results.columns:
        return results
    read = [_dictionary(row.get("result")) for row in results]
    if not any(read):
        return results
    fields = list(dict.fromkeys(key for fields in read if fields for key in fields))
    taken = set(results.columns) - {"result"}
    names = {field: f"{field}_" if field in taken else field for field in fields}
    rows = []
    for row, fields_of_row in zip(results, read):
        new = {}
        for key, value in row.items():
            if key != "result":
                new[key] = value
            else:
                new.update({names[field]: (fields_of_row or {}).get(field) for field in fields})
        rows.append(new)
    return Results(rows)


def _dictionary(text):
    if not isinstance(text, str) or not text.startswith("{"):
        return None
    try:
        found = json.loads(text)
    except ValueError:
        return None
    return found if isinstance(found, dict) else None
