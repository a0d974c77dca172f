"""The runner, spoken to as the worker speaks to it."""

import json
import math
import mmap
import os
import struct
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

RUNNER = Path(__file__).parent.parent / "paramo" / "_runner.py"


class Conversation:
    """A runner with a module of this text."""

    def __init__(self, text, function="f", sent=False):
        self.directory = tempfile.TemporaryDirectory()
        if not sent:
            (Path(self.directory.name) / "module.py").write_text(text, "utf-8")
        calls_child, self.calls = os.pipe()
        results, results_child = os.pipe()
        word = os.memfd_create("word")
        os.ftruncate(word, 24)
        self.word = mmap.mmap(word, 24)
        self.allow(1 << 40)
        numbers = [calls_child, results_child, word]
        arguments = [str(number) for number in numbers] + ["module", function, self.directory.name, "sent" if sent else "found"]
        self.process = subprocess.Popen(
            [sys.executable, "-c", RUNNER.read_text("utf-8"), *arguments],
            pass_fds=numbers,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        for number in numbers:
            os.close(number)
        self.results = os.fdopen(results, "rb")
        if sent:
            os.write(self.calls, (json.dumps(text) + "\n").encode())

    def allow(self, last):
        self.word[16:24] = struct.pack("Q", last)

    def current(self):
        return struct.unpack("Q", self.word[:8])[0]

    def line(self):
        return self.results.readline().decode().rstrip("\n")

    def frame(self, calls):
        """Sends a frame. Returns the rows of results, and the output sent ahead of them."""
        os.write(self.calls, (json.dumps(calls) + "\n").encode())
        rows, ahead = [], []
        while (line := self.line()) != "E":
            if line.startswith("R"):
                rows += [json.loads(row) for row in line[1:].split("\x1e")]
            elif line.startswith("T"):
                ahead.append((len(rows), int(line[1]), json.loads(line[2:])))
            else:
                raise AssertionError(f"unexpected line {line!r}, {self.process.stderr.read()!r}")
        return rows, ahead

    def __enter__(self):
        return self

    def __exit__(self, *_):
        os.close(self.calls)
        self.stdout, self.stderr = self.process.communicate(timeout=30)
        self.results.close()
        self.directory.cleanup()


class RunnerTest(unittest.TestCase):
    def test_values_are_returned(self):
        with Conversation("def f(x, y=2):\n    return x * y") as runner:
            self.assertEqual(runner.line(), "Y")
            rows, _ = runner.frame([{"x": 1}, {"x": 0.5, "y": 4}, {"x": "ü\n"}, {"x": None, "y": 1}])
            self.assertEqual([row[3] for row in rows], [2, 2.0, "ü\nü\n", None])
            self.assertTrue(all(len(row) == 4 and row[1] > 0 for row in rows[:3]))
            self.assertEqual(rows[3][4:6], [1, "TypeError: unsupported operand type(s) for *: 'NoneType' and 'int'"])
            self.assertEqual(runner.current(), 0)
        self.assertEqual(runner.process.returncode, 0)

    def test_numbers_that_json_lacks(self):
        module = "def f(x):\n    return [float('nan'), float('inf'), -float('inf'), True, 2**70][x]"
        with Conversation(module) as runner:
            runner.line()
            rows, _ = runner.frame([{"x": x} for x in range(5)])
            values = [row[3] for row in rows]
            self.assertTrue(math.isnan(values[0]))
            self.assertEqual(values[1:], [math.inf, -math.inf, True, 2**70])

    def test_objects_that_know_their_value(self):
        module = "class A:\n    def tolist(self):\n        return [1, 2]\ndef f(x):\n    return {'a': A()} if x else {1}"
        with Conversation(module) as runner:
            runner.line()
            rows, _ = runner.frame([{"x": 1}, {"x": 0}])
            self.assertEqual(rows[0][3], {"a": [1, 2]})
            self.assertEqual(rows[1][4], 2)
            self.assertIn("a value of type set cannot be written as JSON", rows[1][5])

    def test_output_belongs_to_its_call(self):
        module = "import sys\ndef f(x):\n    print('a', x)\n    sys.stderr.write('b' * x)\n    sys.stdout.close()"
        with Conversation(module) as runner:
            runner.line()
            rows, _ = runner.frame([{"x": 1}, {"x": 2}])
            self.assertEqual([row[4:] for row in rows], [[0, "", "a 1\n", "b"], [0, "", "a 2\n", "bb"]])
        self.assertEqual((runner.stdout, runner.stderr), (b"", b""))

    def test_large_output_goes_ahead_after_what_came_before(self):
        with Conversation("def f(x):\n    print('z' * x)\n    return x") as runner:
            runner.line()
            rows, ahead = runner.frame([{"x": 1}, {"x": 100_000}])
            self.assertEqual([row[3] for row in rows], [1, 100_000])
            self.assertEqual({(before, stream) for before, stream, _ in ahead}, {(1, 1)})
            self.assertEqual(sum(len(text) for *_, text in ahead) + len(rows[1][6]), 100_001)

    def test_a_frame_can_be_cut_short(self):
        with Conversation("def f(x):\n    return x") as runner:
            runner.line()
            runner.allow(2)
            rows, _ = runner.frame([{"x": x} for x in range(4)])
            self.assertEqual([row[3] for row in rows], [0, 1])
            runner.allow(6)
            # Calls are counted as they were sent.
            rows, _ = runner.frame([{"x": x} for x in range(3)])
            self.assertEqual([row[3] for row in rows], [0, 1])

    def test_surroundings_are_set(self):
        with Conversation("import os\ndef f(x):\n    return [os.getcwd(), os.environ['A']]") as runner:
            runner.line()
            rows, _ = runner.frame([[{"x": 1}, "/", {"A": "é"}]])
            self.assertEqual(rows[0][3], ["/", "é"])

    def test_what_cannot_be_imported_is_explained(self):
        for module, function, message in [
            ("import nothing_here", "f", "ModuleNotFoundError: No module named 'nothing_here'"),
            ("f = 3", "f", "TypeError: module:f is int, not a function"),
            ("raise SystemExit(3)", "f", "SystemExit: 3"),
            ("", "f", "AttributeError: module 'module' has no attribute 'f'"),
        ]:
            with Conversation(module, function) as runner:
                line = runner.line()
                self.assertEqual((line[0], json.loads(line[1:])[0]), ("F", message))
            self.assertEqual(runner.process.returncode, 1)

    def test_a_module_comes_as_text(self):
        text = "import dataclasses\n\n@dataclasses.dataclass\nclass A:\n    x: int\n\ndef f(x):\n    return A(x).x / 'ü'"
        with Conversation(text, sent=True) as runner:
            self.assertEqual(runner.line(), "Y")
            rows, _ = runner.frame([{"x": 3}])
            self.assertEqual(rows[0][5], "TypeError: unsupported operand type(s) for /: 'int' and 'str'")
            self.assertIn("return A(x).x / 'ü'", rows[0][7].encode("latin-1").decode(), "the trace shows the line")

    def test_methods_are_found(self):
        with Conversation("class A:\n    @staticmethod\n    def g(x):\n        return x", "A.g") as runner:
            runner.line()
            self.assertEqual(runner.frame([{"x": 3}])[0][0][3], 3)


if __name__ == "__main__":
    unittest.main()
