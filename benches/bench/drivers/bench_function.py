"""The function that every system calls: it takes a number and returns one that no store can compress."""

import math


def f(x):
    return math.sin(x)
