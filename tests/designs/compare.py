"""Compares sequences, measures and distributions with those of SciPy, through the binary.

    compare.py PARAMO            the comparison; ends with 1 if anything differs
    compare.py --rate PROGRAM    how long SciPy takes for 10^7 Sobol' points of 10 dimensions beside the program of ours

The values are read from `paramo space export`, which writes every float so that it reads back exactly.
"""

import csv
import json
import math
import subprocess
import sys
import tempfile
import time
import warnings
from pathlib import Path

import numpy as np
from scipy import stats
from scipy.spatial.distance import pdist
from scipy.stats import qmc

warnings.filterwarnings("ignore", message="The balance properties")


class Binary:
    """Study files written, and what the binary answers for them."""

    def __init__(self, path, directory):
        self.path, self.directory = path, Path(directory)

    def ask(self, what, sample, axes, parameters=""):
        names = "".join(f', "{{{name}}}"' for name in axes)
        space = "\n".join(f"{name} = {axis}" for name, axis in axes.items())
        text = f'name = "compared"\n[application]\ncommand = ["echo"{names}]\n'
        text += f"[application.parameters]\n{parameters}\n[space]\nsample = {sample}\n{space}\n"
        file = self.directory / "compared.toml"
        file.write_text(text)
        answer = subprocess.run([self.path, "space", *what, str(file)], capture_output=True, text=True)
        if answer.returncode != 0:
            sys.exit(f"{text}\n{answer.stderr}")
        return answer.stdout

    def table(self, sample, axes, parameters=""):
        rows = list(csv.DictReader(self.ask(["export"], sample, axes, parameters).splitlines()))
        return {name: [row[name] for row in rows] for name in axes}

    def points(self, sample, dimensions):
        """The points in the unit cube, an array of shape (points, dimensions)."""
        axes = {f"x{i}": "{ from = 0, to = 1 }" for i in range(dimensions)}
        table = self.table(sample, axes)
        return np.array([[float(x) for x in table[name]] for name in axes]).T

    def measures(self, sample, dimensions):
        axes = {f"x{i}": "{ from = 0, to = 1 }" for i in range(dimensions)}
        answer = json.loads(self.ask(["show", "--json", "--points", "0"], sample, axes))
        return answer["designs"][0]["measures"]


failures = []


def check(what, ours, theirs, relative=0.0, absolute=0.0):
    ours, theirs = np.asarray(ours, dtype=float), np.asarray(theirs, dtype=float)
    if ours.shape != theirs.shape:
        failures.append(f"{what}: {ours.shape} values, expected {theirs.shape}")
        return
    error = np.abs(ours - theirs) - relative * np.abs(theirs) - absolute
    worst = int(np.argmax(error))
    if not error.flat[worst] <= 0:
        failures.append(f"{what}: {ours.flat[worst]!r} at {worst}, expected {theirs.flat[worst]!r}")
    print(f"{what}: {ours.size} values, largest difference {np.max(np.abs(ours - theirs)):.2g}")


def sequences(binary):
    for dimensions, count in [(1, 1024), (10, 1000), (400, 64)]:
        ours = binary.points(f'{{ method = "sobol", count = {count}, scramble = "none" }}', dimensions)
        check(f"sobol of {dimensions}", ours, qmc.Sobol(dimensions, scramble=False).random(count))
    ours = binary.points('{ method = "sobol", count = 100, start = 1000, scramble = "none" }', 5)
    check("sobol from point 1000 on", ours, qmc.Sobol(5, scramble=False).fast_forward(1000).random(100))
    for dimensions, count in [(1, 1000), (30, 500), (200, 20)]:
        ours = binary.points(f'{{ method = "halton", count = {count}, scramble = "none" }}', dimensions)
        check(f"halton of {dimensions}", ours, qmc.Halton(dimensions, scramble=False).random(count), absolute=1e-15)


def designs(binary):
    for sample, dimensions in [
        ('{ method = "random", count = 300, seed = 1 }', 4),
        ('{ method = "latin-hypercube", count = 121, seed = 2, kind = "orthogonal-array" }', 6),
        ('{ method = "latin-hypercube", count = 60, seed = 2, kind = "maximin" }', 3),
        ('{ method = "latin-hypercube", count = 60, seed = 2, kind = "nearly-orthogonal" }', 5),
        ('{ method = "sobol", count = 256, seed = 3, scramble = "owen" }', 8),
        ('{ method = "halton", count = 200, seed = 4 }', 12),
        ('{ method = "r-sequence", count = 200 }', 3),
    ]:
        points, measures = binary.points(sample, dimensions), binary.measures(sample, dimensions)
        check(f"discrepancy of {sample}", measures["centred_discrepancy"], qmc.discrepancy(points, method="CD"), absolute=1e-12)
        check(f"distance of {sample}", measures["minimum_distance"], pdist(points).min(), 1e-12)
        correlations = np.abs(np.corrcoef(points.T) - np.eye(dimensions)).max()
        check(f"correlation of {sample}", measures["worst_correlation"], correlations, absolute=1e-12)
    # Scrambled points are as even as SciPy's on the average over seeds.
    ours, theirs = [], []
    for seed in range(1, 9):
        points = binary.points(f'{{ method = "sobol", count = 128, seed = {seed}, scramble = "owen" }}', 6)
        ours.append(qmc.discrepancy(points))
        theirs.append(qmc.discrepancy(qmc.Sobol(6, seed=seed).random(128)))
    check("mean discrepancy of scrambled sobol", np.mean(ours), np.mean(theirs), relative=0.2)


def distributions(binary):
    sample = '{ method = "sobol", count = 2000, start = 1, scramble = "none" }'
    cases = {
        "uniform": ("{ from = -3, to = 5 }", lambda u: stats.uniform.ppf(u, -3, 8)),
        "loguniform": ("{ loguniform = [1e-3, 50] }", lambda u: stats.loguniform.ppf(u, 1e-3, 50)),
        "normal": ("{ mean = 10, sd = 2 }", lambda u: stats.norm.ppf(u, 10, 2)),
        "cut": ("{ mean = 1, sd = 2, from = -0.5, to = 4 }", lambda u: stats.truncnorm.ppf(u, -0.75, 1.5, 1, 2)),
        "low": ("{ mean = 1, sd = 2, to = 0 }", lambda u: stats.truncnorm.ppf(u, -np.inf, -0.5, 1, 2)),
        "tail": ("{ mean = 0, sd = 1, from = 5, to = 9 }", lambda u: stats.truncnorm.ppf(u, 5, 9)),
        "bounded": ("{ normal = [0, 1] }", lambda u: stats.truncnorm.ppf(u, -1, 2)),
        "lognormal": ("{ median = 100, gsd = 2 }", lambda u: stats.lognorm.ppf(u, math.log(2), scale=100)),
        "logs": ("{ log_mean = 1.5, log_sd = 0.3 }", lambda u: stats.lognorm.ppf(u, 0.3, scale=math.exp(1.5))),
        "cutlog": (
            "{ median = 1, gsd = 3, from = 0.5, to = 4 }",
            lambda u: np.exp(stats.truncnorm.ppf(u, math.log(0.5) / math.log(3), math.log(4) / math.log(3), 0, math.log(3))),
        ),
        "triangular": ("{ from = 2, mode = 3, to = 7 }", lambda u: stats.triang.ppf(u, 0.2, 2, 5)),
        "falling": ("{ triangular = [0, 0, 1] }", lambda u: stats.triang.ppf(u, 0)),
        "dice": ("{ from = 1, to = 6 }", lambda u: stats.randint.ppf(u, 1, 7)),
        "rounded": ("{ normal = [0, 5] }", lambda u: np.round(stats.norm.ppf(u, 0, 5))),
    }
    names = [*cases, "weighted"]
    axes = {name: axis for name, (axis, _) in cases.items()}
    axes["weighted"] = '{ values = ["a", "b", "c"], weights = [1, 2, 5] }'
    parameters = 'bounded = { type = "float", min = -1, max = 2 }\ndice = "integer"\nrounded = "integer"'
    table, uniform = binary.table(sample, axes, parameters), binary.points(sample, len(names))
    for column, (name, (_, inverse)) in enumerate(cases.items()):
        # Probabilities of cut-off tails are differences of two, here and there.
        tolerance = 1e-12 if name in ("cut", "low", "tail", "bounded", "cutlog") else 2e-14
        values = [float(x) for x in table[name]]
        expected = inverse(uniform[:, column])
        if name == "dice":
            # An integer of SciPy's ends where ours begins: at multiples of 1/6 the next one has begun.
            expected = np.where(np.abs(uniform[:, column] * 6 % 1) < 1e-9, values, expected)
        check(f"distribution {name}", values, expected, tolerance, tolerance)
    places = np.searchsorted(np.cumsum([1, 2, 5]) / 8, uniform[:, len(cases)], side="right")
    if table["weighted"] != ["abc"[place] for place in places]:
        failures.append("distribution weighted: other values than numpy.searchsorted gives")


def rate(program):
    """Both in blocks and as one array; the least of three times each."""
    def least(what):
        times = []
        for _ in range(3):
            started = time.process_time()
            what()
            times.append(time.process_time() - started)
        return min(times)

    def blocks(scramble, size):
        engine = qmc.Sobol(10, scramble=scramble, seed=1)
        for first in range(0, 10**7, size):
            engine.random(min(size, 10**7 - first))

    for scramble in (False, True):
        word = "scrambled" if scramble else "plain"
        best = min(least(lambda: blocks(scramble, 2**bits)) for bits in (9, 11, 13, 15, 17))
        print(f"SciPy {word}, blocks of the size that suits it best: {best:.3f} s", flush=True)
        whole = least(lambda: qmc.Sobol(10, scramble=scramble, seed=1).random(10**7))
        print(f"SciPy {word}, one array: {whole:.3f} s", flush=True)
    subprocess.run([program], check=True)


if __name__ == "__main__":
    if sys.argv[1] == "--rate":
        rate(sys.argv[2])
        sys.exit(0)
    with tempfile.TemporaryDirectory() as directory:
        binary = Binary(sys.argv[1], directory)
        sequences(binary)
        designs(binary)
        distributions(binary)
    if failures:
        sys.exit("\n".join(failures))
