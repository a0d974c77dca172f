"""Compares classical designs and sensitivity matrices with those of pyDOE3 and SALib, through the binary.

    classical.py PARAMO          ends with 1 if anything differs

Designs that are the same by definition are compared value by value; those of which there are many equally good ones by
what makes them good.
"""

import itertools
import sys
import tempfile
import warnings
from unittest import mock

import numpy as np
import pyDOE3
import SALib.analyze.fast
import SALib.analyze.morris
import SALib.analyze.sobol
import SALib.sample.fast_sampler
import SALib.sample.sobol
from pyDOE3.doe_optimal import optimal_design
from pyDOE3.doe_optimal.model import build_design_matrix

from compare import Binary, check, failures

warnings.filterwarnings("ignore")


def coded(points):
    """From -1 to 1, as pyDOE codes levels."""
    return 2 * points - 1


def rows(matrix):
    """The rows in an order of their own, rounded so that equal ones are equal."""
    return np.array(sorted(map(tuple, np.round(matrix, 9) + 0.0)))


def claim(what, holds):
    if not holds:
        failures.append(what)
    print(f"{what}: {'yes' if holds else 'no'}")


def factorials(binary):
    ours = binary.points('{ method = "full-factorial", levels = [2, 3, 4] }', 3)
    check("full factorial", ours, pyDOE3.fullfact([4, 3, 2])[:, ::-1] / [1, 2, 3])
    check("two levels", coded(binary.points('{ method = "full-factorial" }', 5)), pyDOE3.ff2n(5))
    for words in ["a b ab", "a b -ab c +abc", "a b c d abc -bcd acd", "-a b c abc"]:
        ours = binary.points(f'{{ method = "fractional-factorial", generators = "{words}" }}', len(words.split()))
        check(f"fraction {words}", coded(ours), pyDOE3.fracfact(words))
    folded = binary.points('{ method = "fractional-factorial", generators = "a b c ab ac", fold_over = true }', 5)
    check("fold-over", coded(folded), pyDOE3.fold(pyDOE3.fracfact("a b c ab ac")))
    for k, resolution in itertools.product(range(3, 12), [3, 4, 5]):
        ours = binary.points(f'{{ method = "fractional-factorial", resolution = {resolution} }}', k)
        try:
            peer = pyDOE3.fracfact_by_res(k, resolution)
        except ValueError:
            peer = pyDOE3.ff2n(k)
        # Some of pyDOE's are of lower resolution than they are asked for.
        theirs = len(peer) if resolution_of(peer) >= resolution else 2**k
        claim(f"resolution {resolution} of {k} in {len(ours)} runs, pyDOE in {theirs}", len(ours) <= theirs)
        claim(f"its resolution is {resolution} at least", resolution_of(coded(ours)) >= resolution)


def resolution_of(design):
    """The least number of columns whose product is constant, up to 5."""
    for size in range(1, 6):
        for columns in itertools.combinations(range(design.shape[1]), size):
            if abs(design[:, columns].prod(axis=1).sum()) == len(design):
                return size
    return 6


def triples(design):
    """How much each product of three columns is mixed up, sorted: the same for designs that differ by order and signs."""
    return sorted(abs(design[:, c].prod(axis=1).sum()) for c in itertools.combinations(range(design.shape[1]), 3))


def plackett_burman(binary):
    for k in [3, 7, 11, 15, 19, 22, 23, 27, 35, 50, 75, 90, 99]:
        ours = coded(binary.points('{ method = "plackett-burman" }', k))
        check(f"columns of {k} in {len(ours)} runs are orthogonal", ours.T @ ours, len(ours) * np.eye(k))
        check("and balanced", ours.sum(axis=0), np.zeros(k))
    for k in [11, 19]:
        ours = coded(binary.points('{ method = "plackett-burman" }', k))
        check(f"mixing of three columns of {k}", triples(ours), triples(pyDOE3.pbdesign(k)))


def response_surfaces(binary):
    def ranges(k):
        return {f"x{i}": "{ from = -1, to = 1 }" for i in range(k)}

    for k, (kind, face) in itertools.product(
        [2, 3, 4, 5], [("circumscribed", "ccc"), ("inscribed", "cci"), ("faced", "ccf")]
    ):
        for alpha, theirs in [("rotatable", "r"), ("blocks", "o")]:
            if kind == "faced" and alpha == "blocks":
                continue
            option = "" if kind == "faced" else f', alpha = "{alpha}"'
            sample = f'{{ method = "central-composite", kind = "{kind}", centre = [3, 2]{option} }}'
            table = binary.table(sample, ranges(k))
            ours = np.array([[float(x) for x in table[name]] for name in table]).T
            expected = pyDOE3.ccdesign(k, center=(3, 2), alpha=theirs, face=face)
            check(f"central composite {kind} {alpha} of {k}", ours, expected, absolute=1e-12)
    for k in [3, 4, 5]:
        ours = coded(binary.points('{ method = "box-behnken", centre = 3 }', k))
        check(f"Box-Behnken of {k}", rows(ours), rows(pyDOE3.bbdesign(k, center=3)))
    # Larger ones differ from pyDOE, which takes pairs throughout; those of the paper fit a quadratic model in fewer runs.
    for k in [6, 7, 9, 10, 11, 12]:
        ours = coded(binary.points('{ method = "box-behnken" }', k))
        model = build_design_matrix(ours, 2)
        claim(f"Box-Behnken of {k} fits", np.linalg.matrix_rank(model) == (k + 1) * (k + 2) // 2)
        claim(f"and has {len(ours)} runs", len(ours) <= len(pyDOE3.bbdesign(k)))


def d_optimal(binary):
    for k, count in [(2, 8), (3, 12), (3, 16), (4, 18)]:
        ours = coded(binary.points(f'{{ method = "d-optimal", model = "quadratic", count = {count}, seed = 1 }}', k))
        grid = np.array(list(itertools.product([-1.0, 0.0, 1.0], repeat=k)))

        def determinant(design):
            model = build_design_matrix(design, 2)
            return np.linalg.det(model.T @ model)

        best = max(
            determinant(optimal_design(grid, count, 2, method=method)[0])
            for method in ["sequential", "fedorov", "detmax"]
        )
        ratio = (determinant(ours) / best) ** (2 / ((k + 1) * (k + 2)))
        # Both are searches that may end at a design that is nearly the best.
        claim(f"d-optimal of {k} in {count} is {ratio:.4f} of pyDOE's best", ratio > 0.98)


def problem(k):
    return {"num_vars": k, "names": [f"x{i}" for i in range(k)], "bounds": [[0, 1]] * k}


def ishigami(x):
    a, b, c = (2 * np.pi * (x - 0.5)).T
    return np.sin(a) + 7 * np.sin(b) ** 2 + 0.1 * c**4 * np.sin(a)


def sensitivity(binary):
    for k, count, skip, second in [(1, 8, 0, True), (3, 64, 64, True), (3, 64, 0, False), (7, 100, 128, True)]:
        text = f"second_order = {str(second).lower()}, skip = {skip}"
        ours = binary.points(f'{{ method = "saltelli", count = {count}, scramble = "none", {text} }}', k)
        theirs = SALib.sample.sobol.sample(
            problem(k), count, calc_second_order=second, scramble=False, skip_values=skip
        )
        check(f"Saltelli of {k}, {text}", ours, theirs)
    points = binary.points('{ method = "saltelli", count = 4096, seed = 3 }', 3)
    found = SALib.analyze.sobol.analyze(problem(3), ishigami(points), seed=1)
    check("first order of Ishigami", found["S1"], [0.3139, 0.4424, 0.0], absolute=0.02)
    check("total order", found["ST"], [0.5576, 0.4424, 0.2437], absolute=0.02)

    for k, count, harmonics in [(2, 65, 4), (3, 200, 4), (5, 129, 2), (12, 257, 4), (30, 200, 2)]:
        ours = binary.points(f'{{ method = "efast", count = {count}, harmonics = {harmonics} }}', k)
        without_phase = mock.Mock(random=lambda: 0.0)
        with mock.patch.object(SALib.sample.fast_sampler, "handle_seed", return_value=without_phase):
            theirs = SALib.sample.fast_sampler.sample(problem(k), count, M=harmonics)
        # Near its ends the arcsine magnifies the rounding of the sine.
        check(f"eFAST of {k}", ours, theirs, absolute=2e-8)
    points = binary.points('{ method = "efast", count = 2049, seed = 5 }', 3)
    found = SALib.analyze.fast.analyze(problem(3), ishigami(points), seed=1)
    check("first order of Ishigami by eFAST", found["S1"], [0.3139, 0.4424, 0.0], absolute=0.03)


def morris(binary):
    coefficients = np.array([3.0, -2.0, 0.0, 1.0, 0.5])
    for options, levels in [("trajectories = 6", 4), ("trajectories = 6, levels = 8", 8), ("trajectories = 6, optimised = true", 4)]:
        points = binary.points(f'{{ method = "morris", seed = 4, {options} }}', 5)
        y = points @ coefficients
        found = SALib.analyze.morris.analyze(problem(5), points, y, num_levels=levels, seed=1)
        check(f"Morris, {options}: means", found["mu"], coefficients, absolute=1e-9)
        check("spread", found["sigma"], np.zeros(5), absolute=1e-9)
    x = binary.points('{ method = "morris", seed = 4, trajectories = 200 }', 5)
    y = x[:, 0] * x[:, 1] + x[:, 2]
    found = SALib.analyze.morris.analyze(problem(5), x, y, num_levels=4, seed=1)
    claim("Morris finds what interacts", found["sigma"][0] > 0.2 and found["sigma"][2] < 1e-9)
    claim("and what does nothing", np.all(found["mu_star"][3:] == 0))

    def spread(seed, more):
        points = binary.points(f'{{ method = "morris", seed = {seed}, trajectories = 4{more} }}', 5).reshape(4, 6, 5)
        pairs = itertools.combinations(points, 2)
        return np.sqrt(sum(np.linalg.norm(a[:, None] - b[None], axis=2).sum() ** 2 for a, b in pairs))

    plain = [spread(seed, "") for seed in range(10)]
    best = [spread(seed, ", optimised = true") for seed in range(3)]
    claim(f"optimised trajectories are further apart ({min(best):.0f}, others to {max(plain):.0f})", min(best) > max(plain))


def main():
    with tempfile.TemporaryDirectory() as directory:
        binary = Binary(sys.argv[1], directory)
        for part in [factorials, plackett_burman, response_surfaces, d_optimal, sensitivity, morris]:
            part(binary)
    if failures:
        sys.exit("\n".join(failures))


if __name__ == "__main__":
    main()
