"""The client, spoken to a real engine: studies, waiting, results, sweeps, and what goes wrong."""

import asyncio
import importlib.util
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import textwrap
import threading
import unittest
from pathlib import Path

HERE = Path(__file__).resolve()
sys.path.insert(0, str(HERE.parent.parent))

import paramo
from paramo._embedded import Engine


def binary():
    """The program that was built for these tests."""
    target = Path(os.environ.get("CARGO_TARGET_DIR") or HERE.parents[2] / "target")
    built = target / "debug" / "paramo"
    return str(built) if built.exists() else shutil.which("paramo")


PARAMO = binary()
os.environ["PARAMO"] = PARAMO or ""
SQUARES = {"function": "m:f", "source": "def f(x):\n    if x == 7:\n        raise ValueError('seven')\n    return x * x"}


def square(x, offset=0):
    return {"y": x * x + offset, "even": x % 2 == 0}


@unittest.skipUnless(PARAMO, "the program `paramo` is not built: cargo build")
class EngineTest(unittest.TestCase):
    def setUp(self):
        self.home = tempfile.TemporaryDirectory()
        self.addCleanup(self.home.cleanup)
        self.store = Path(self.home.name) / ".paramo"

    def engine(self):
        engine = Engine(self.store, program=PARAMO)
        self.addCleanup(engine.close)
        return engine

    def test_a_study_from_its_parts(self):
        client = self.engine().client
        study = client.create(name="squares", application=SQUARES, space={"x": range(1, 11)}, run={"retries": 0})
        self.assertIs(study.wait(timeout=60, progress=False), study)
        self.assertEqual((study.state, study.succeeded, study.failed, study.points), ("finished", 9, 1, 10))
        rows = study.results(columns=["x", "result"], succeeded=True, sort="-x", limit=2)
        self.assertEqual(list(rows), [{"x": 10, "result": 100}, {"x": 9, "result": 81}])
        self.assertEqual([row["x"] for row in study.results(where="result > 50")], [8, 9, 10])
        self.assertEqual(study.run(6)["attempts"][0]["message"], "exception: ValueError: seven")
        self.assertIn("seven", study.log(6, "stderr"))
        self.assertEqual([found.id for found in client.studies(state="finished")], [study.id])
        self.assertEqual(client.study("squares").id, study.id)
        path = study.download(Path(self.home.name) / "table.csv", columns=["x", "result"])
        self.assertEqual(path.read_text().splitlines()[:2], ["x,result", "1,1"])
        self.assertTrue(study.download(Path(self.home.name) / "table.parquet").read_bytes().startswith(b"PAR1"))
        [total] = study.aggregate([], ["mean:result"])
        self.assertAlmostEqual(total["mean_result"], (385 - 49) / 9)
        self.assertEqual(study.plot("histogram", x="result")["kind"], "histogram")
        self.assertIn(b"<svg", study.picture("histogram", x="result"))
        study.extend({"x": [20]})
        self.assertEqual(study.wait(timeout=60, progress=False).results(where="x == 20")[0]["result"], 400)
        study.delete()
        with self.assertRaisesRegex(paramo.NotFound, "squares"):
            client.study("squares")

    def test_mistakes_are_named(self):
        client = self.engine().client
        with self.assertRaises(paramo.BadDocument) as caught:
            client.create(name="s", application=SQUARES, space={"x": {"from": 0, "to": 1, "stepp": 1}})
        self.assertIn("space.x.stepp", [error["field"] for error in caught.exception.errors])
        self.assertIn("space.x.stepp", str(caught.exception))
        with self.assertRaises(paramo.NotFound):
            client.study(77)
        with self.assertRaises(paramo.Unauthorized):
            paramo.Client(client.url, "x" * 32).studies()
        with self.assertRaisesRegex(paramo.ParamoError, "no server is named"):
            paramo.Client()
        with self.assertRaisesRegex(paramo.ParamoError, "expected the address of a server"):
            paramo.Client("ftp://x")

    def test_waiting_ends_when_time_is_up_and_the_study_goes_on(self):
        client = self.engine().client
        study = client.create(name="long", application={"command": ["sleep", "{t}"]}, space={"t": [600]})
        with self.assertRaisesRegex(paramo.TimedOut, "long has not ended within 0.5 s"):
            study.wait(timeout=0.5, progress=False)
        self.assertEqual(study.refresh().state, "open")
        self.assertEqual(study.cancel().wait(timeout=60, progress=False).state, "cancelled")

    def test_waiting_outlives_the_engine(self):
        first = self.engine()
        address = first.link.partition("/?")[0].partition("//")[2]
        gate = Path(self.home.name) / "gate"
        wait = f"until test -e {gate}; do sleep 0.05; done; echo {{x}}"
        study = first.client.create(name="s", application={"command": ["sh", "-c", wait]}, space={"x": [1, 2]})
        ended = []
        waiter = threading.Thread(target=lambda: ended.append(study.wait(timeout=120, progress=False).state))
        waiter.start()
        first._process.send_signal(signal.SIGKILL)
        first._process.wait()
        command = [PARAMO, "--store", str(self.store), "ui", "--listen", address, "--while-stdin"]
        second = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        self.addCleanup(second.communicate)
        second.stdout.readline()
        gate.touch()
        waiter.join()
        self.assertEqual(ended, ["finished"])

    def test_an_engine_ends_with_the_process_that_has_started_it(self):
        script = f"import sys; sys.path.insert(0, {str(HERE.parent.parent)!r}); from paramo import Engine; import os, signal\n"
        script += f"engine = Engine({str(self.store)!r}); print(engine._process.pid, flush=True); os.kill(os.getpid(), signal.SIGKILL)"
        said = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
        descriptor = None
        try:
            descriptor = os.pidfd_open(int(said.stdout))
        except ProcessLookupError:
            return
        import select

        self.assertTrue(select.select([descriptor], [], [], 30)[0], "it has not ended")
        os.close(descriptor)

    def test_awaited(self):
        engine = self.engine()

        async def work():
            async with paramo.AsyncClient(engine.link) as client:
                studies = await asyncio.gather(
                    *(client.create(name=f"s{n}", application=SQUARES, space={"x": [n, n + 1]}) for n in range(3))
                )
                await asyncio.gather(*(study.wait(timeout=60, progress=False) for study in studies))
                rows = await studies[2].results(columns=["result"])
                long = await client.create(name="long", application={"command": ["sleep", "{t}"]}, space={"t": [600]})
                waiting = asyncio.create_task(long.wait(progress=False))
                async for name, data in client.events(long.id):
                    if data["study"] == long.id:
                        break
                waiting.cancel()
                with self.assertRaises(asyncio.CancelledError):
                    await waiting
                await long.cancel()
                return [row["result"] for row in rows], len(await client.studies())

        self.assertEqual(asyncio.run(work()), ([4, 9], 4))


@unittest.skipUnless(PARAMO, "the program `paramo` is not built: cargo build")
class SweepTest(unittest.TestCase):
    def setUp(self):
        self.home = tempfile.TemporaryDirectory()
        self.addCleanup(self.home.cleanup)
        self.store = Path(self.home.name) / ".paramo"

    def test_three_lines(self):
        table = paramo.sweep(square, {"x": range(4), "offset": [0, 0.5]}, store=self.store, timeout=60)
        self.assertEqual([row["y"] for row in table], [0, 0.5, 1, 1.5, 4, 4.5, 9, 9.5])
        self.assertEqual(table.column("even")[2], False)
        study = paramo.sweep(square, {"x": range(4), "offset": [0, 0.5]}, store=self.store, wait=False)
        self.assertEqual((study.state, study.version), ("finished", 1), "the same sweep again runs nothing")
        table = paramo.sweep(square, {"x": [9]}, store=self.store, outputs=["y"], timeout=60)
        self.assertEqual([(row["x"], row["y"]) for row in table], [(9, 81)])

    def test_a_script_and_a_notebook_need_no_module(self):
        script = """
            import sys
            sys.path.insert(0, sys.argv[1])
            import paramo
            FACTOR = 3
            def f(x):
                return FACTOR * x
            print([row["result"] for row in paramo.sweep(f, {"x": [1, 2]}, store=sys.argv[2], timeout=60)])
        """
        path = Path(self.home.name) / "script.py"
        path.write_text(textwrap.dedent(script))
        words = [sys.executable, str(path), str(HERE.parent.parent), str(self.store)]
        said = subprocess.run(words, capture_output=True, text=True)
        self.assertEqual(said.stdout, "[3, 6]\n", said.stderr)

    @unittest.skipUnless(importlib.util.find_spec("pyarrow"), "pandas and pyarrow are not installed")
    def test_data_frames(self):
        import numpy

        table = paramo.sweep(square, {"x": numpy.arange(3), "offset": numpy.linspace(0, 1, 2)}, store=self.store, timeout=60)
        frame = table.to_pandas()
        self.assertEqual(frame["y"].tolist(), [0, 1, 1, 2, 4, 5])
        study = paramo.sweep(square, {"x": range(2)}, outputs=["y"], store=self.store, timeout=60)
        arrow = study.to_arrow()
        self.assertEqual((str(arrow.schema.field("x").type), arrow["y"].to_pylist()), ("int64", [0, 1]))

    @unittest.skipUnless(importlib.util.find_spec("nbclient"), "nbclient is not installed")
    def test_a_notebook_shows_a_bar(self):
        import nbclient
        import nbformat

        cells = [
            f"import sys; sys.path.insert(0, {str(HERE.parent.parent)!r}); import paramo",
            "OFFSET = 1\ndef f(x):\n    return {'y': x + OFFSET}",
            f"table = paramo.sweep(f, {{'x': range(5)}}, store={str(self.store)!r}, timeout=60)",
            "table",
        ]
        notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
        nbclient.NotebookClient(notebook, timeout=120, kernel_name="python3").execute()
        shown = [output["data"]["text/html"] for cell in notebook.cells for output in cell.outputs if "data" in output]
        self.assertIn('<progress max="1" value="1.0000"', shown[0])
        self.assertIn("<td>0</td><td>1</td>", shown[1].replace(" ", ""))


if __name__ == "__main__":
    unittest.main()
