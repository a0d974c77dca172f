"""What a space is in Python: ranges, lists and arrays become the axes of a study file."""

from ._errors import ParamoError


def space_of(space):
    """The space as a study file has it: a table of axes, or a list of blocks."""
    if isinstance(space, (list, tuple)):
        return [_block(block) for block in space]
    return _block(space)


def _block(block):
    if not hasattr(block, "items"):
        raise ParamoError(f"expected a dictionary from parameters to their values, not {type(block).__name__}")
    return {str(name): axis_of(name, values) for name, values in block.items()}


def axis_of(name, values):
    """One axis: a ``range``, a list, an array, one value, or a table as in a study file (``{"from": 0, "to": 1, "count": 11}``)."""
    if isinstance(values, range):
        return _of_range(name, values)
    if isinstance(values, dict):
        return {key: _plain(name, value) for key, value in values.items()}
    if isinstance(values, (str, bytes)) or not hasattr(values, "__iter__") or getattr(values, "shape", None) == ():
        return _plain(name, values)
    found = [_plain(name, value) for value in values]
    if not found:
        raise ParamoError(f"parameter {name!r} has no values")
    return found


def _of_range(name, values):
    if not values:
        raise ParamoError(f"parameter {name!r} has no values: {values!r} is empty")
    if len(values) == 1:
        return [values[0]]
    return {"from": values[0], "to": values[-1], "step": values.step}


def _plain(name, value):
    if isinstance(value, dict):
        return {str(key): _plain(name, inner) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(name, inner) for inner in value]
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    # NumPy's numbers and arrays know what they are.
    for method in ("item", "tolist"):
        known = getattr(value, method, None)
        if known is not None and (method == "tolist" or getattr(value, "shape", ()) == ()):
            return _plain(name, known())
    raise ParamoError(f"parameter {name!r}: expected numbers, texts or booleans, found {type(value).__name__}")
