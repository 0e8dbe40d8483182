"""Exercise 5.4: descent whose gradients are never cleared."""

import numpy as np

from ganlib.teaching.exercises.answers import compare

ASKS = ("descend(slope, x, rate, steps)", "period(rate)")
HINTS = (
    "Keep a sum beside x. In each step the slope is added to the sum, and x moves against the sum. For the loss x²/2, "
    "write both as a matrix: what is its determinant?",
    "The matrix (1 - h, -h; 1, 1) of x and sum has the determinant 1 and the trace 2 - h, so it turns by the angle θ "
    "with cos θ = 1 - h/2. How many turns of θ make 2π?",
)


def right(slope, x, rate, steps, *, keep=1.0, first=True):
    path, total = [x], 0.0
    for _ in range(steps):
        new = float(slope(path[-1]))
        step = keep * total + new if first else total
        path.append(path[-1] - rate * step)
        total = keep * total + new
    return np.array(path)


PATHS = (
    (
        lambda *given: right(*given, keep=0.0),
        "That clears the gradient in each step, as one should. What if nobody does?",
    ),
    (lambda *given: right(*given, keep=0.9), "That is momentum of .9. Nothing is forgotten here."),
    (lambda *given: right(*given, first=False), "Backward comes before the step: the new slope is in the sum already."),
    (lambda *given: right(*given)[1:], "The start is missing: steps + 1 numbers."),
    (lambda *given: right(*given)[:-1], "The last place is missing: steps + 1 numbers."),
    (lambda *given: 2 * given[1] - right(*given), "You went uphill."),
)
PERIODS = (
    (lambda rate: 2 * np.pi / rate**0.5, "That is so in the limit of small steps. What is it exactly?"),
    (lambda rate: np.arccos(1 - rate / 2), "That is the angle of one step. How many steps make a whole turn?"),
    (lambda rate: 2 * np.pi / np.arccos(1 - rate), "The trace is 2 - h, and it is 2 cos θ."),
    (lambda rate: np.pi / np.arccos(1 - rate / 2), "That is half a turn: it is on the other side then."),
    (
        lambda rate: 2 * np.pi / rate,
        "The sum grows with the steps, so the angle is not h. What is the matrix of a step?",
    ),
)


def check(rng, descend, period):
    start = float(rng.uniform(1, 2))
    cases = [(_parabola, start, 0.1, 30), (_quartic, 1.0, 0.05, 25), (_parabola, -1.0, 0.5, 7)]
    compare(descend, right, cases, PATHS)
    compare(period, lambda rate: 2 * np.pi / np.arccos(1 - rate / 2), [(0.1,), (1.0,), (2.0,)], PERIODS)


def _parabola(x):
    """x, the slope of x²/2"""
    return x


def _quartic(x):
    """x³, the slope of x⁴/4"""
    return x**3
