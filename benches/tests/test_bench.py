"""The parts that a wrong figure would hide in: whole process trees, turns, and the page.

`python3 -m unittest discover -s benches/tests -t benches`
"""

import subprocess
import sys
import tempfile
import time
import unittest
from pathlib import Path

from bench import contest, measure, report
from bench.contest import Contestant, Plan, Sample

# Burns CPU time in a daemon: a grandchild in a session of its own whose parent has ended.
DAEMON = """
import os, time
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        while time.process_time() < 0.4:
            pass
    os._exit(0)
os.wait()
"""

STUBBORN = """
import signal, os, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
if os.fork() == 0:
    os.setsid()
open("pids", "a").write(f"{os.getpid()}\\n")
time.sleep(600)
"""


def alive(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


class Measuring(unittest.TestCase):
    def setUp(self):
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.directory = Path(directory.name)

    def test_the_time_of_daemons_is_counted(self):
        usage = measure.measure([sys.executable, "-c", DAEMON], self.directory)
        self.assertGreater(usage.cpu, 0.39)

    def test_a_failure_is_told_with_the_end_of_what_was_said(self):
        with self.assertRaisesRegex(measure.Failed, "ended with status 3: first / last"):
            measure.measure(["sh", "-c", "echo first >&2; echo last >&2; exit 3"], self.directory)
        with self.assertRaisesRegex(measure.Failed, "could not be started"):
            measure.measure(["/nowhere/program"], self.directory)

    def test_what_does_not_end_is_ended_with_all_its_processes(self):
        with self.assertRaisesRegex(measure.Failed, "was ended after 1 s"):
            measure.measure([sys.executable, "-c", STUBBORN], self.directory, limit=1.0)
        pids = (self.directory / "pids").read_text().split()
        self.assertEqual([len(pids), [pid for pid in pids if alive(pid)]], [2, []])

    def test_an_interrupted_measurement_leaves_nothing(self):
        code = "import sys; from pathlib import Path; from bench.measure import measure; "
        code += "measure([sys.executable, '-c', sys.argv[1]], Path(sys.argv[2]))"
        words = [sys.executable, "-c", code, STUBBORN, str(self.directory)]
        process = subprocess.Popen(words, cwd=Path(__file__).parents[1])
        file = self.directory / "pids"
        while not file.exists() or len(file.read_text().split()) < 2:
            self.assertIsNone(process.poll())
            time.sleep(0.01)
        process.kill()
        process.wait()
        pids, deadline = file.read_text().split(), time.monotonic() + 30
        while any(map(alive, pids)) and time.monotonic() < deadline:
            time.sleep(0.01)
        self.assertEqual([pid for pid in pids if alive(pid)], [])

    def test_the_memory_of_a_process_is_seen(self):
        code = "x = bytearray(80_000_000); import time; time.sleep(0.2)"
        watched = measure.watch([sys.executable, "-c", code], self.directory)
        self.assertGreater(watched.memory, 80_000_000)
        self.assertGreater(watched.wall, 0.2)

    def test_contestants_take_turns_and_one_that_fails_is_named(self):
        calls = []

        def once(name, fails=False):
            def do(directory, runs):
                calls.append((name, runs, directory.is_dir()))
                if fails:
                    raise measure.Failed("it fell over")
                return {name: Sample(runs, 1.0, 2.0)}

            return do

        contestants = [Contestant("a", 100, once("a")), Contestant("b", 10, once("b", True)), Contestant("c", 50, once("c"))]
        outcome = contest.hold(contestants, Plan(self.directory, repetitions=2))
        expected = [("a", 10), ("b", 2), ("c", 5), ("a", 100), ("c", 50), ("a", 100), ("c", 50)]
        self.assertEqual(calls, [(name, runs, True) for name, runs in expected])
        self.assertEqual(outcome.failed, {"b": "it fell over"})
        self.assertEqual([len(outcome.samples["a"]), len(outcome.samples["c"])], [2, 2])
        self.assertEqual(list(self.directory.iterdir()), [])

    def test_ratios_are_taken_within_a_repetition(self):
        # The machine became three times slower: neither system did.
        slow = [Sample(10, 1, cpu) for cpu in (2.0, 6.0, 2.0)]
        fast = [Sample(10, 1, cpu) for cpu in (1.0, 3.0, 1.0)]
        self.assertEqual(contest.ratio(slow, fast, lambda s: s.cpu_each), 2.0)


class Reporting(unittest.TestCase):
    def test_figures_have_three_digits(self):
        values = [0, 0.0000123, 0.8471, 1.5, 31.26, 148.6, 1160.4, 2_345_678]
        expected = ["0", "0.000012", "0.847", "1.5", "31.3", "149", "1,160", "2,350,000"]
        self.assertEqual([report.figure(value) for value in values], expected)

    def test_a_missed_target_is_said_plainly(self):
        targets = [report.Target("speed", "≥ 2", "1", False), report.Target("size", "< 2", "1", True)]
        page = report.page(["today"], [report.Section("One", "text", targets=targets)], {"Ray": "no wheel"})
        self.assertIn("2 targets, 1 missed.", page)
        self.assertIn("| speed  |    ≥ 2 |        1 | **missed** |", page)
        self.assertIn("- Ray: no wheel.", page)

    def test_only_what_is_between_the_markers_is_replaced(self):
        with tempfile.TemporaryDirectory() as directory:
            page = Path(directory) / "page.md"
            page.write_text(f"before\n{report.BEGIN}\nold\n{report.END}\nafter\n")
            report.place("new\n", page)
            self.assertEqual(page.read_text(), f"before\n{report.BEGIN}\n\nnew\n\n{report.END}\nafter\n")
            report.place("new\n", page)
            self.assertEqual(page.read_text().count("new"), 1)
            page.write_text(f"before\n{report.BEGIN}\nold\n")
            with self.assertRaisesRegex(ValueError, "but not"):
                report.place("new\n", page)


if __name__ == "__main__":
    unittest.main()
