"""An estimate of pi by throwing points at a square, for `paramo run study.toml`."""

import random


def estimate(samples, seed):
    """Four times the share of `samples` random points that fall inside the quarter circle, and its error."""
    draw = random.Random(seed).random
    inside = sum(draw() ** 2 + draw() ** 2 < 1.0 for _ in range(samples))
    value = 4.0 * inside / samples
    return {"pi": value, "error": abs(value - 3.141592653589793)}
