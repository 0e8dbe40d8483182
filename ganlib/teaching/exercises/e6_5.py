"""Exercise 6.5: how many steps of conjugate gradient a competitive step needs."""

import numpy as np

from ganlib.teaching.exercises.answers import compare

ASKS = ("enough(singular, h, share)",)
HINTS = (
    "The eigenvalues of I + h² M Mᵀ follow from the singular values. κ is the largest by the smallest.",
    "2 qᵏ ≤ share with q = (√κ - 1) / (√κ + 1): take logarithms, and round up. κ = 1 is a case of its own.",
)


def enough(singular, h, share, root=np.sqrt, factor=2.0, power=2, rounded=np.ceil):
    values = 1 + np.abs(h * np.asarray(singular)) ** power
    ratio = root(values.max() / values.min())
    if ratio == 1:
        return 1 if share < factor else 0
    return max(0, int(rounded(np.log(share / factor) / np.log((ratio - 1) / (ratio + 1)) - 1e-12)))


MISTAKES = (
    (lambda s, e, t: enough(s, e, t, root=lambda k: k), "That is steepest descent's bound, with κ. Here it is √κ."),
    (lambda s, e, t: enough(s, e, t, factor=1.0), "The bound begins with a factor of 2."),
    (lambda s, e, t: enough(s, e, t, power=1), "M stands twice in the matrix: the singular values are squared."),
    (lambda s, e, t: enough(s, e, t, rounded=np.floor), "One too few: rounded down, the bound is not reached."),
    (lambda s, e, t: enough(s, e, t) + 1, "One step fewer is enough already."),
)


def check(rng, answer):
    cases = [(rng.uniform(0.5, 3, size=4), e, t) for e, t in ((0.1, 1e-3), (1.0, 1e-6), (20.0, 1e-6))]
    compare(answer, enough, [*cases, (np.array([0.0, 2.0]), 3.0, 1e-4), (np.array([2.0, 2.0]), 3.0, 1e-4)], MISTAKES)
