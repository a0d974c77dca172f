"""The process in which a function waits for calls.

Paramo starts it as ``python3 -c SOURCE CALLS RESULTS WORD MODULE FUNCTION DIRECTORY WHENCE`` and talks over two pipes and a piece of shared
memory, given by their file numbers, so that what the function prints cannot disturb the conversation. Only the standard library is used.

WHENCE is ``found`` for a module that is looked for in DIRECTORY first, or ``sent`` for one whose text is the first line of CALLS, a JSON string.

CALLS carries frames, a line each: a JSON array with, for each call, the keyword arguments, or a list of them, a directory to work in (or
null) and variables for the environment.

RESULTS carries lines that begin with a letter:

- ``Y``: ready for calls;
- ``F`` and a JSON array: the function cannot be imported: message, traceback;
- ``R`` and results separated by a record separator (0x1e), each a JSON array: start and length in nanoseconds of the monotonic clock,
  CPU time in nanoseconds, the value; and, where there is something to say: 0, 1 (it raised) or 2 (the value cannot be written as JSON),
  the message, what was printed to standard output and to standard error (one character a byte);
- ``T``, a stream (1 or 2) and a JSON string: a large output of the call in progress;
- ``E``: the frame has ended.

WORD is three 64-bit numbers: the call in progress, counted from 1 since the start (0: none), when it began, and the last call that may
begin. When the process dies, the first tells which call it was.
"""

import importlib
import io
import json
import linecache
import mmap
import os
import sys
import time
import traceback
import types

# Results wait this long for others, in nanoseconds.
LINGER = 10_000_000
# Output is sent ahead of its result once there is so much of it.
LARGE = 65536


class _Output(io.RawIOBase):
    """Where ``sys.stdout`` and ``sys.stderr`` go during a call. Writing to ``fileno()`` directly reaches the worker as well."""

    def __init__(self, number, send):
        super().__init__()
        self.number = number
        self.send = send
        self.held = bytearray()

    def writable(self):
        return True

    def fileno(self):
        return self.number

    def write(self, data):
        self.held += data
        if len(self.held) > LARGE:
            self.send(self)
        return len(data)

    def close(self):
        """A function that closes its standard output closes it for itself only."""

    def take(self):
        text = self.held.decode("latin-1")
        self.held.clear()
        return text


class _Unwritable(Exception):
    """A value that is not JSON."""


def _plain(value):
    """What an object means that JSON has no word for: NumPy's scalars and arrays know, and so do others that follow them."""
    for name in ("tolist", "item"):
        method = getattr(value, name, None)
        if method is not None:
            return method()
    raise TypeError(f"a value of type {type(value).__name__} cannot be written as JSON")


_ENCODER = json.JSONEncoder(separators=(",", ":"), default=_plain)


def encode(value):
    """The JSON text of a result. ``NaN`` and ``Infinity`` are written as such."""
    try:
        text = _ENCODER.encode(value)
        if "\\ud" in text:
            json.dumps(json.loads(text), ensure_ascii=False).encode()
        return text
    except UnicodeEncodeError:
        raise _Unwritable("a string with half a character (a lone surrogate) cannot be written as JSON") from None
    except Exception as error:
        raise _Unwritable(f"the function returned what cannot be written as JSON: {error}") from None


class Runner:
    """Makes calls and reports them."""

    def __init__(self, calls, results, word):
        self.calls = calls
        self.results = results
        self.word = word
        self.pending = []
        self.stdout = _Output(1, self.send_ahead)
        self.stderr = _Output(2, self.send_ahead)

    def say(self, line):
        data = line.encode()
        while data:
            data = data[os.write(self.results, data) :]

    def send_ahead(self, output):
        """Sends output of the call in progress; results before it go first, so that it is clear whose it is."""
        self.flush()
        self.say(f"T{output.number}{json.dumps(output.take())}\n")

    def flush(self, end=""):
        if self.pending:
            self.say("R" + "\x1e".join(self.pending) + "\n" + end)
            self.pending.clear()
        elif end:
            self.say(end)

    def capture(self):
        """Replaces the standard streams by ours. Each call gets them back, whatever the last one did to them."""
        self.text_out = io.TextIOWrapper(self.stdout, "utf-8", "backslashreplace", write_through=True)
        self.text_err = io.TextIOWrapper(self.stderr, "utf-8", "backslashreplace", write_through=True)
        sys.stdout, sys.stderr = self.text_out, self.text_err

    def serve(self, function):
        """Makes the calls of every frame until there are no more."""
        clock, cpu_clock = time.perf_counter_ns, time.process_time_ns
        word, pending, stdout, stderr = self.word, self.pending, self.stdout.held, self.stderr.held
        number = 0
        infinity = float("inf")
        for line in self.calls:
            frame = json.loads(line)
            last = number + len(frame)
            sent = clock()
            cpu = cpu_clock()
            for arguments in frame:
                number += 1
                if type(arguments) is list:
                    arguments = surround(*arguments)
                start = clock()
                word[1] = start
                word[0] = number
                if number > word[2]:
                    break
                try:
                    value = function(**arguments)
                    end = clock()
                    kind = type(value)
                    if kind is float and -infinity < value < infinity or kind is int and -(1 << 63) <= value < 1 << 63:
                        text = repr(value)
                    else:
                        text = encode(value)
                    failure = None
                except _Unwritable as error:
                    text, failure = "null", (2, str(error))
                    end = clock()
                except BaseException as error:
                    end = clock()
                    text, failure = "null", (1, self.explain(error))
                before = cpu
                cpu = cpu_clock()
                if failure or stdout or stderr or sys.stdout is not self.text_out or sys.stderr is not self.text_err:
                    sys.stdout, sys.stderr = self.text_out, self.text_err
                    kind, message = failure or (0, "")
                    said = json.dumps([kind, message, self.stdout.take(), self.stderr.take()])
                    pending.append(f"[{start},{end - start},{cpu - before},{text},{said[1:]}")
                else:
                    pending.append(f"[{start},{end - start},{cpu - before},{text}]")
                if end - sent > LINGER:
                    self.flush()
                    sent = end
            word[0] = 0
            number = last
            self.flush("E\n")

    def explain(self, error):
        """Writes the traceback to standard error and gives the message."""
        try:
            # The first frame is ours.
            trace = error.__traceback__.tb_next
            lines = traceback.format_exception(type(error), error, trace)
            self.stderr.held += "".join(lines).encode("utf-8", "backslashreplace")
            text = str(error)
        except Exception:
            text = ""
        name = type(error).__name__
        message = f"{name}: {text}" if text else name
        return message.encode("utf-8", "backslashreplace").decode()


def surround(arguments, directory, variables):
    """Sets what is around a call, and gives its arguments."""
    if directory is not None:
        os.chdir(directory)
    os.environ.update(variables)
    return arguments


def make(module, text):
    """Makes a module from its text, so that it can be imported and tracebacks show its lines."""
    made = types.ModuleType(module)
    name = f"<{module}>"
    made.__file__ = name
    linecache.cache[name] = (len(text), None, text.splitlines(True), name)
    sys.modules[module] = made
    exec(compile(text, name, "exec"), made.__dict__)


def find(module, function):
    """Imports the function. A dotted name is looked up step by step (``Class.method``)."""
    found = importlib.import_module(module)
    for part in function.split("."):
        found = getattr(found, part)
    if not callable(found):
        raise TypeError(f"{module}:{function} is {type(found).__name__}, not a function")
    return found


def main(arguments):
    calls, results, word = (int(number) for number in arguments[:3])
    module, function, directory, whence = arguments[3:]
    for number in (calls, results, word):
        os.set_inheritable(number, False)
    sys.argv = [module]
    sys.path[0] = directory
    memory = memoryview(mmap.mmap(word, 24)).cast("Q")
    runner = Runner(os.fdopen(calls, "rb", closefd=False), results, memory)
    try:
        import faulthandler

        faulthandler.enable(2)
    except Exception:
        # Only what a crash says is lost.
        pass
    runner.capture()
    try:
        if whence == "sent":
            make(module, json.loads(runner.calls.readline()))
        found = find(module, function)
    except BaseException as error:
        message = runner.explain(error)
        runner.say(f"F{json.dumps([message, runner.stderr.take()])}\n")
        return 1
    runner.stdout.take()
    runner.stderr.take()
    runner.say("Y\n")
    runner.serve(found)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
