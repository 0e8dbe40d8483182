"""Exercise 2.1: the value of the game for two uniform densities."""

import numpy as np

from ganlib.teaching.exercises.answers import compare

ASKS = ("value(theta)",)
HINTS = (
    "Only where both densities are positive is log D* not 0. How long is that part of the line, and what is D* there?",
    "On the common part, of length 1 - θ, D* = 1/2, and both terms of V have log ½ there. Is there a part for θ = 2?",
)
LOG4 = np.log(4)
MISTAKES = (
    (
        lambda t: max(0, 1 - t) * LOG4,
        "The sign is flipped: this is D's loss. V is a mean of logarithms of probabilities.",
    ),
    (lambda t: -max(0, 1 - t) * np.log(2), "One of the two terms of V is missing, or you halved their sum."),
    (lambda t: -(1 - t) * LOG4, "Right up to θ = 1. How long is the common part beyond that? It cannot be negative."),
    (lambda t: -abs(1 - t) * LOG4, "Right up to θ = 1. Beyond, do the two intervals still meet?"),
    (lambda t: -2.0 * max(0, 1 - t), "You took the logarithm to base 2. V has the natural one."),
    (lambda t: min(t, 1) * np.log(2), "This is the Jensen–Shannon divergence. V is -log 4 + 2 JSD."),
    (lambda t: min(t, 1) * LOG4, "This is 2 JSD. Which constant does V have besides?"),
    (
        lambda t: -LOG4 if t < 1 else 0.0,
        "How much of the data falls where both densities are positive? It depends on θ.",
    ),
    (lambda t: -LOG4, "That is the value for D = 1/2 everywhere. Where only one density is positive D can do better."),
    (lambda t: -min(t, 1) * LOG4, "You took the length of the parts where D is certain. They add log 1."),
)


def right(theta):
    """V for D* = 1 - 1/2 on the common part, whose ends are measured."""
    common = max(0.0, min(1.0, 1 + theta) - max(0.0, theta))
    return common * (np.log(0.5) + np.log(1 - 0.5))


def check(rng, value):
    compare(value, right, [(0.25,), (0.0,), (0.8,), (float(rng.uniform()),), (1.0,), (1.5,), (4.0,)], MISTAKES)
