"""Exercise 1.5: the singular values of a blur on a ring."""

import numpy as np

from ganlib.teaching.exercises.answers import compare

ASKS = ("singular_values(n)",)
HINTS = (
    "On a ring the waves exp(2πikj / n) pass the blur unchanged but for a factor. What does (1, 2, 1)/4 make of one?",
    "Wave k is multiplied by 1/2 + 1/2 cos(2πk/n), the square of cos(πk/n), for k = 0, …, n - 1. Sort these.",
)


def matrix(n, ring=True):
    """The blur as a matrix."""
    C = np.eye(n) / 2 + (np.eye(n, k=1) + np.eye(n, k=-1)) / 4
    C[0, -1] += ring / 4
    C[-1, 0] += ring / 4
    return C


def right(n):
    """As NumPy decomposes the matrix."""
    return np.linalg.svd(matrix(n), compute_uv=False)


def down(values):
    """From largest to smallest."""
    return np.sort(values)[::-1]


MISTAKES = (
    *(
        (lambda n, k=k: np.cos(np.pi * (np.arange(n) + k) / n) ** 2, "These are the right numbers, not yet in order.")
        for k in (0, 1)
    ),
    (lambda n: right(n)[::-1], "These rise. They are asked for from largest to smallest."),
    (
        lambda n: down(np.cos(2 * np.pi * np.arange(n) / n)),
        "Where is the pixel itself? Its weight is 1/2.",
    ),
    (lambda n: np.sqrt(right(n)), "A square is missing: half of 1 + cos(2t) is not the cosine of t itself."),
    (lambda n: right(n) ** 2, "You squared once too often: these belong to CᵀC. What has C itself?"),
    (lambda n: 4 * right(n), "You left out the division by 4."),
    (
        lambda n: np.linalg.svd(matrix(n, ring=False), compute_uv=False),
        "That is a row with two ends. On the ring the first pixel and the last are neighbours too.",
    ),
    (
        lambda n: down(np.cos(2 * np.pi * np.arange(n) / n) ** 2),
        "Your angle is twice as large as it should be: 1 + cos(2t) is 2 cos²(t).",
    ),
    (
        lambda n: down(0.5 + 0.5 * np.cos(np.pi * np.arange(n) / n)),
        "Your waves do not close: after n pixels the angle must have gone through a multiple of 2π.",
    ),
    (
        lambda n: down(np.cos(np.pi * np.linspace(0, 1, n)) ** 2),
        "The last angle is the first one again: linspace includes its end. k runs from 0 to n - 1 in steps of 1/n.",
    ),
    (
        lambda n: np.unique(np.round(right(n), 12))[::-1],
        "Most values occur twice, for waves k and n - k. List both.",
    ),
)


def check(rng, singular_values):
    sizes = [5, 8, 3, *map(int, rng.integers(9, 30, size=3))]
    compare(singular_values, right, [(n,) for n in sizes], MISTAKES)
