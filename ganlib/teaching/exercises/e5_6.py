"""Exercise 5.6: where does G go when D stands still?"""

import numpy as np

from ganlib.teaching.exercises.answers import compare

ASKS = ("follow(pull, x)", "radius(c)")
HINTS = (
    "By the chain rule the gradient at x is pull(l) times the gradient of l = 2 - |x|², which is -2x. The pull is "
    "taken anew at each step.",
    "x = x + 0.05 · pull(2 - (x²).sum(axis=1))[:, None] · 2 x, 300 times. With the gradients kept the pull is 0 where "
    "l is 0.",
)


def moved(pull, x, *, steps=300, sign=1.0, inner=2.0):
    for _ in range(steps):
        x = x + sign * 0.05 * np.asarray(pull(2 - (x**2).sum(axis=1)))[:, None] * inner * x
    return x


MISTAKES = (
    (lambda *given: moved(*given, steps=1), "That is one step. Asked for are 300."),
    (lambda *given: moved(*given, inner=1.0), "A factor is missing: what is the gradient of |x|²?"),
    (lambda *given: given[1] + 300 * (moved(*given, steps=1) - given[1]), "The pull changes as the points move."),
    (lambda pull, x: moved(lambda logit: 0 * logit - 0.5, x), "Use the pull that is given, not one of your own."),
    (lambda *given: moved(*given, sign=-1.0, steps=300), "A sign: descend, so against pull times the gradient of l."),
)
RADII = (
    (lambda c: c, "There |x|² is c². Where is l = c - |x|² zero?"),
    (lambda c: 0.0, "There l is greatest, which is where G goes as it should. Where is the pull 2σ(l) - 1 zero?"),
    (lambda c: np.sqrt(c - 1), "There l is 1. Where is the pull 2σ(l) - 1 zero?"),
    (lambda c: np.sqrt(c / 2), "There l is half of what it is at the origin. Where is the pull 2σ(l) - 1 zero?"),
)


def own(logit):
    """σ(l) - 1, as it should be"""
    return 1 / (1 + np.exp(-logit)) - 1


def kept(logit):
    """2σ(l) - 1, with the gradients of D's loss"""
    return 2 / (1 + np.exp(-logit)) - 1


def check(rng, follow, radius):
    angles, far = rng.uniform(0, 2 * np.pi, 6), rng.uniform(0.4, 1.9, 6)
    x = far[:, None] * np.stack([np.cos(angles), np.sin(angles)], axis=1)
    compare(follow, moved, [(pull, x) for pull in (own, kept)], MISTAKES, atol=1e-4)
    compare(radius, np.sqrt, [(2.0,), (float(rng.uniform(3, 5)),)], RADII, rtol=1e-3)
