"""What Python says of functions and spaces, before a server sees any of it."""

import collections
import json
import math
import random
import subprocess
import sys
import tempfile
import textwrap
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

import paramo
from paramo._function import application_of, check_call, source_of
from paramo._progress import words
from paramo._results import Results
from paramo._space import space_of
from paramo._sweep import _spread

SCALE = 3
POINTS = collections.OrderedDict(a=1)
MUTABLE = {1, 2}
UNWRITABLE = object()


def half(x):
    return x / 2


def uses_much(x, n=SCALE):
    def inner(y):
        return math.sqrt(y) * SCALE

    return inner(half(x)) + n + random.Random(1).random() * 0


def uses_object(x):
    return UNWRITABLE


def uses_itself(n):
    return 1 if n < 2 else n * uses_itself(n - 1)


def made(text):
    """What a text defines."""
    scope = {}
    exec(text, scope)
    return scope


class FunctionTest(unittest.TestCase):
    def test_what_can_be_imported_is_named(self):
        table, directory = application_of(half, far=False)
        self.assertEqual(table["function"], f"{__name__}:half")
        self.assertEqual(directory, str(Path(__file__).parent) if "." not in __name__ else str(Path(__file__).parent.parent))
        table, _ = application_of(half, far=True)
        self.assertIn("def half", table["source"])
        self.assertEqual(application_of(json.dumps, far=True)[0], {"function": "json:dumps"}, "everybody has the standard library")

    def test_a_text_has_all_that_a_function_uses(self):
        scope = made(source_of(uses_much, "f"))
        self.assertEqual(scope["f"](8), uses_much(8))
        self.assertEqual(made(source_of(uses_itself, "uses_itself"))["uses_itself"](5), 120)

    def test_closures_and_lambdas(self):
        for factor in (2, math.inf, "ab", [1, {"x": None}]):
            def inner(x):
                return [x, factor]

            table, _ = application_of(inner, far=False)
            self.assertEqual(made(table["source"])["inner"](1), [1, factor])
        offset = 4
        add = lambda x: x + offset  # noqa: E731
        table, _ = application_of(add, far=False)
        self.assertEqual(made(table["source"])[table["function"].split(":")[1]](3), 7)
        table, _ = application_of((lambda y: y * offset), far=False)
        self.assertEqual(made(table["source"])["call"](3), 12)

    def test_what_cannot_be_written_down_is_named(self):
        with self.assertRaisesRegex(paramo.ParamoError, "uses_object uses `UNWRITABLE`, a object"):
            source_of(uses_object, "f")
        with self.assertRaisesRegex(paramo.ParamoError, "expected a function, found int"):
            application_of(3, far=False)

    def test_parameters_are_compared_with_the_space(self):
        check_call(half, ["x"])
        with self.assertRaisesRegex(paramo.ParamoError, r"half\(x\) cannot be called .*'y'"):
            check_call(half, ["x", "y"])
        with self.assertRaisesRegex(paramo.ParamoError, "missing a required argument: 'x'"):
            check_call(half, [])

    def test_a_function_of_a_script_is_taken_without_the_script(self):
        script = """
            import sys
            from dataclasses import dataclass
            sys.path.insert(0, sys.argv[1])
            from paramo._function import application_of
            import math as m
            K = 2.5
            @dataclass
            class Pair:
                a: float
                b: float = K
            def f(x: "int") -> Pair:
                return Pair(m.floor(x)).b
            print("loud")
            sys.stdout.write(application_of(f, far=False)[0]["source"])
        """
        with tempfile.TemporaryDirectory() as directory:
            path = Path(directory) / "script.py"
            path.write_text(textwrap.dedent(script))
            said = subprocess.run(
                [sys.executable, path, Path(paramo.__file__).parent.parent], check=True, capture_output=True, text=True
            )
        text = said.stdout.split("loud\n")[1]
        self.assertNotIn("loud", text)
        self.assertEqual(subprocess.run([sys.executable, "-c", text + "\nprint(f(1))"], capture_output=True, text=True).stdout, "2.5\n")


class SpaceTest(unittest.TestCase):
    def test_ranges_lists_and_tables(self):
        space = {"a": range(0, 10, 3), "b": (1, 2.5), "c": "x", "d": {"from": 0, "to": 1, "count": 3}, "e": range(5, 6), "f": range(3, 0, -1)}
        self.assertEqual(
            space_of(space),
            {
                "a": {"from": 0, "to": 9, "step": 3},
                "b": [1, 2.5],
                "c": "x",
                "d": {"from": 0, "to": 1, "count": 3},
                "e": [5],
                "f": {"from": 3, "to": 1, "step": -1},
            },
        )
        self.assertEqual(space_of([{"a": 1}, {"a": 2}]), [{"a": 1}, {"a": 2}])

    def test_what_knows_its_value(self):
        class Number:
            shape = ()

            def item(self):
                return 7

        self.assertEqual(space_of({"a": [Number(), 1], "b": Number()}), {"a": [7, 1], "b": 7})

    def test_mistakes(self):
        for space, message in [
            ({"a": []}, "'a' has no values"),
            ({"a": range(0)}, "'a' has no values"),
            ({"a": [object()]}, "'a': expected numbers, texts or booleans, found object"),
            (3, "expected a dictionary"),
        ]:
            with self.assertRaisesRegex(paramo.ParamoError, message):
                space_of(space)


class ResultsTest(unittest.TestCase):
    def test_columns(self):
        rows = Results([{"x": 1, "y": 0.123456789}, {"x": 2, "y": None}])
        self.assertEqual((rows.columns, rows.column("x"), len(rows)), (["x", "y"], [1, 2], 2))
        self.assertIn("<td>0.123457</td></tr><tr><td>2</td><td></td>", rows._repr_html_())
        with self.assertRaisesRegex(KeyError, "no column 'z'; the columns are x, y"):
            rows.column("z")
        self.assertEqual(Results().columns, [])

    def test_dictionaries_become_columns(self):
        rows = Results([{"x": 1, "result": '{"a": 1, "x": [2]}'}, {"x": 2, "result": None}])
        self.assertEqual(list(_spread(rows)), [{"x": 1, "a": 1, "x_": [2]}, {"x": 2, "a": None, "x_": None}])
        plain = Results([{"result": "{not json"}])
        self.assertIs(_spread(plain), plain)

    def test_the_line(self):
        self.assertEqual(
            words("s", {"points": 1200, "left_out": 200, "succeeded": 400, "failed": 100, "runs_per_second": 12.34, "remaining_seconds": 75}),
            ("s  500 of 1,000  100 failed  12.3/s  1 min 15 s left", 0.5),
        )
        self.assertEqual(words("s", {}), ("s  0 of 0", 1.0))


if __name__ == "__main__":
    unittest.main()
