"""Exercise 4.7: what packing shows of missing modes."""

from itertools import product

import numpy as np

from ganlib.teaching.exercises.answers import compare

ASKS = ("variation(modes, drawn, pack)",)
HINTS = (
    "Total variation is the mass by which one distribution exceeds the other. Which packs are likelier real?",
    "Those that hold a missing mode; generated packs never do. What is the chance that a real pack holds none?",
)
MISTAKES = (
    (lambda K, j, m: (j / K) ** m, "That is the share of real packs that hold no missing mode. What of the others?"),
    (lambda K, j, m: 1 - j / K, "That is for single samples. A pack has more chances to hold a missing mode."),
    (lambda K, j, m: m * (1 - j / K), "The chances do not add up: a pack may hold two missing modes."),
    (lambda K, j, m: ((K - j) / K) ** m, "That is a pack of *nothing but* missing modes. One is enough to know it."),
    (
        lambda K, j, m: 1 - (1 - j / K) ** m,
        "That is the chance of a pack with at least one *drawn* mode. Which packs tell real from generated?",
    ),
    (lambda K, j, m: 2 * (1 - (j / K) ** m), "That is the sum of all differences. Total variation is half of it."),
    (lambda K, j, m: (1 - (j / K) ** m) / 2, "You halved it twice: one side's excess is the whole of it."),
    (lambda K, j, m: 1 - (j / K) ** (1 / m), "Upside down: does a larger pack show more, or less?"),
    (lambda K, j, m: 1 - (j / K) * m, "A pack's m modes are independent: do their chances add, or multiply?"),
    (lambda K, j, m: (K / j) ** m - 1, "You took the ratio of the densities less one. Weigh it by the real packs."),
)


def right(modes, drawn, pack):
    """Half the sum of differences, over every pack."""
    packs = np.array(list(product(range(modes), repeat=pack)))
    fake = np.where((packs < drawn).all(axis=1), (1 / drawn) ** pack, 0.0)
    return float(np.abs(fake - (1 / modes) ** pack).sum() / 2)


def check(rng, variation):
    cases = [(5, 3, 3), (6, 5, 4), (10, 4, 2), (4, 4, 3), (7, 3, 1), (30, 29, 2)]
    compare(variation, right, cases, MISTAKES)
