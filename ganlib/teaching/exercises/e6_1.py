"""Exercise 6.1: the conjugate gradient method."""

import numpy as np

from ganlib import reference
from ganlib.teaching.exercises.answers import compare

ASKS = ("solve(a, b)",)
HINTS = (
    "x, residual r = b - Ax and direction d change in each step. How far along d? As far as makes the new residual "
    "orthogonal to d.",
    "α = r·r / d·Ad, then x + αd and r - αAd, then d = r + (r·r / the r·r before) d. Keep every x.",
)


def steepest(a, b, forget=True):
    """Without the share of the last direction, or with a share of 1."""
    x, r = np.zeros(len(b)), b
    d, path = r, [x]
    for _ in b:
        x = x + (r @ d) / (d @ a @ d) * d
        r = b - a @ x
        d = r if forget else r + d
        path.append(x)
    return np.array(path)


MISTAKES = (
    (steepest, "That is steepest descent: the new direction forgets the last one."),
    (lambda a, b: steepest(a, b, forget=False), "The last direction counts with a weight β, not with 1."),
    (lambda a, b: reference.conjugate_gradient(a, b)[-1], "That is the end. The whole path was asked for."),
    (lambda a, b: reference.conjugate_gradient(a, b)[1:], "The path starts at zeros: n steps, n + 1 places."),
    (lambda a, b: reference.conjugate_gradient(a, -b), "The residual is b - Ax, not Ax - b."),
)


def check(rng, solve):
    cases = []
    for n in (2, 5):
        root = rng.normal(size=(n, n))
        cases.append((root @ root.T + np.eye(n), rng.normal(size=n)))
    compare(solve, reference.conjugate_gradient, cases, MISTAKES)
