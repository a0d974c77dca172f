"""A Python function as an application: named where it can be imported, otherwise as a text that stands alone.

A function of a notebook, or of the script that is being run, cannot be imported by another process without running everything around it. So its text is taken,
with what it uses: imports, other functions and classes, and values that can be written down.
"""

import ast
import builtins
import inspect
import os
import sys
import textwrap
import types

from ._errors import ParamoError

_MODULE = "sweep"


def application_of(function, *, far):
    """The application table of a function and the directory to look for its module in.

    ``far``: it runs on another machine, so a module of one's own is sent as text.
    """
    name = getattr(function, "__name__", None)
    module = sys.modules.get(getattr(function, "__module__", None) or "")
    if not callable(function) or name is None or module is None:
        raise ParamoError(f"expected a function, found {type(function).__name__}")
    plain = name.isidentifier() and getattr(function, "__qualname__", "") == name
    file = getattr(module, "__file__", None)
    if plain and module.__name__ != "__main__" and getattr(module, name, None) is function:
        table = {"function": f"{module.__name__}:{name}"}
        own = file is not None and not _installed(file)
        if own and far:
            table["source"] = _text_of(file)
        return table, _root(module, file) if own else _here()
    identifier = name if name.isidentifier() else "call"
    return {"function": f"{_MODULE}:{identifier}", "source": source_of(function, identifier)}, _here()


def check_call(function, names):
    """Raises unless the function can be called with these parameters by name."""
    try:
        signature = inspect.signature(function)
    except (TypeError, ValueError):
        return
    try:
        signature.bind(**dict.fromkeys(names))
    except TypeError as error:
        raise ParamoError(f"{function.__name__}{signature} cannot be called with the parameters of the space: {error}") from None


def source_of(function, name):
    """A text that defines the function under a name, with all that it uses."""
    pieces = _Pieces()
    pieces.function(function, name)
    return pieces.text()


class _Pieces:
    """Definitions, each after what it uses."""

    def __init__(self):
        self.imports = []
        self.definitions = []
        self.known = {}

    def text(self):
        lines = ["from __future__ import annotations", *dict.fromkeys(self.imports)]
        return "\n".join(lines) + "\n\n" + "\n\n".join(self.definitions) + "\n"

    def function(self, function, name):
        node = _node(function)
        self.known[name] = function
        closed = inspect.getclosurevars(function).nonlocals
        around = {**getattr(function, "__globals__", {}), **closed}
        own = name if isinstance(node, ast.Lambda) else node.name
        for used in _names(node):
            if used in around and used != own:
                self.value(used, around[used], function.__name__)
        if isinstance(node, ast.Lambda):
            self.definitions.append(f"{name} = {ast.unparse(node)}")
            return
        self.definitions.append(ast.unparse(node))
        if node.name != name:
            self.definitions.append(f"{name} = {node.name}")

    def value(self, name, value, user):
        if name in self.known:
            if self.known[name] is not value:
                raise ParamoError(f"{user} and what it uses mean different things by `{name}`; put them into a module")
            return
        if hasattr(builtins, name) and getattr(builtins, name) is value:
            return
        self.known[name] = value
        if isinstance(value, types.ModuleType):
            self.imports.append(f"import {value.__name__} as {name}")
            return
        home = getattr(value, "__module__", None)
        own = getattr(value, "__qualname__", None)
        if own and home and home != "__main__" and "<" not in own and _found(home, own) is value:
            first, *rest = own.split(".")
            self.imports.append(f"from {home} import {first} as {name}" if not rest else f"import {home}")
            if rest:
                self.definitions.append(f"{name} = {home}.{own}")
        elif isinstance(value, types.FunctionType):
            self.function(value, name)
        elif isinstance(value, type):
            self.of_class(value, name)
        else:
            self.literal(name, value, user)

    def of_class(self, value, name):
        try:
            node = ast.parse(textwrap.dedent(inspect.getsource(value))).body[0]
        except (OSError, TypeError, SyntaxError):
            raise ParamoError(f"the text of class {name} cannot be found; put it into a module") from None
        around = vars(sys.modules[value.__module__])
        for used in _names(node):
            if used in around and used != value.__name__:
                self.value(used, around[used], name)
        self.definitions.append(ast.unparse(node))

    def literal(self, name, value, user):
        text = repr(value)
        try:
            same = len(text) <= 1 << 16 and ast.literal_eval(text) == value
        except (ValueError, SyntaxError, TypeError):
            same = isinstance(value, float)
            text = f"float({str(value)!r})"
        if not same:
            raise ParamoError(
                f"{user} uses `{name}`, a {type(value).__name__}, which cannot be written into the study; "
                "make it inside the function, pass it as a parameter, or put both into a module"
            )
        self.definitions.append(f"{name} = {text}")


def _names(node):
    """The names that a definition reads, in order."""
    found = (part.id for part in ast.walk(node) if isinstance(part, ast.Name) and isinstance(part.ctx, ast.Load))
    return list(dict.fromkeys(found))


def _node(function):
    """The definition of a function, as Python reads it."""
    try:
        lines = textwrap.dedent(inspect.getsource(function))
    except (OSError, TypeError):
        raise ParamoError(f"the text of {function.__name__} cannot be found; put it into a module") from None
    if function.__name__ != "<lambda>":
        return ast.parse(lines).body[0]
    found = [part for part in ast.walk(_parsed(lines)) if isinstance(part, ast.Lambda)]
    names = inspect.getfullargspec(function).args
    found = [part for part in found if [argument.arg for argument in part.args.args] == names]
    if len(found) != 1:
        raise ParamoError("which of the lambdas of a line is meant cannot be told; give it a name with `def`")
    return found[0]


def _parsed(lines):
    """What begins in the middle of a statement, such as the argument of a call, is tried without its end."""
    text = lines.strip()
    start = text.find("lambda")
    for candidate in [text, *(text[start:end] for end in range(len(text), start, -1))]:
        try:
            return ast.parse(candidate)
        except SyntaxError:
            continue
    raise ParamoError("the text of the lambda cannot be read; give it a name with `def`")


def _found(module, name):
    found = sys.modules.get(module)
    for part in name.split("."):
        found = getattr(found, part, None)
    return found


def _installed(file):
    path = os.path.abspath(file)
    return any(part in path.split(os.sep) for part in ("site-packages", "dist-packages")) or path.startswith(
        os.path.abspath(os.path.dirname(os.__file__)) + os.sep
    )


def _text_of(file):
    try:
        with open(file, encoding="utf-8") as text:
            return text.read()
    except (OSError, UnicodeDecodeError) as error:
        raise ParamoError(f"the module {file} cannot be sent: {error}") from None


def _root(module, file):
    """The directory from which a module is imported."""
    path = os.path.dirname(os.path.abspath(file))
    steps = module.__name__.count(".") + (os.path.basename(file) == "__init__.py")
    for _ in range(steps):
        path = os.path.dirname(path)
    return path


def _here():
    """Where modules of one's own are: beside the script that runs, or in the working directory."""
    script = getattr(sys.modules.get("__main__"), "__file__", None)
    return os.path.dirname(os.path.abspath(script)) if script else os.getcwd()
