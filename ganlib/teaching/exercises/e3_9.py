"""Exercise 3.9: the Fréchet distance's floor, and a line that removes it."""

import numpy as np

from ganlib import metrics
from ganlib.teaching.exercises.answers import compare, number, require

ASKS = ("floor(n, d, scale)", "extrapolated(real, fake, sizes, seed)")
HINTS = (
    "The distance of n to n samples is about the true one plus a constant over n: a straight line over 1/n.",
    "For each size draw rng.choice(len(x), n, replace=False) of both, note 1/n and the distance, and take the constant "
    "of np.polyfit(inverse, distance, 1), its second number.",
)
FLOOR = (
    (
        lambda n, d, s: s / n * (d + d * (d + 1) / 4),
        "That is for one set of n. Both sets are drawn, real and generated.",
    ),
    (lambda n, d, s: 2 * s / n * d, "That is what the means add. What do the covariances add?"),
    (lambda n, d, s: 2 * s / n * (d * (d + 1) / 4), "That is what the covariances add. The means are missing."),
    (
        lambda n, d, s: 2 * s / n * (d + d * (d - 1) / 4),
        "Those are the terms off the diagonal; on it a square has a variance too.",
    ),
    (
        lambda n, d, s: 2 * s / n * (d + d * (d + 1) / 2),
        "The covariances count twice with you. What stands before their sum?",
    ),
    (lambda n, d, s: 2 * s / n * (d + d * (d + 1)), "The quarter before the covariances' sum is missing."),
    (
        lambda n, d, s: 2 * s**2 / n * (d + d * (d + 1) / 4),
        "The distance grows like a variance, and `scale` is one already.",
    ),
    (
        lambda n, d, s: 2 * np.sqrt(s) / n * (d + d * (d + 1) / 4),
        "`scale` is λ, the variance, not a standard deviation.",
    ),
    (
        lambda n, d, s: 2 / n * (1 + (d + 1) / 4),
        "That is the share of the variance λd. The floor itself was asked for.",
    ),
)


def check(rng, floor, extrapolated):
    cases = [(int(n), int(d), float(rng.uniform(0.5, 5))) for n, d in zip((50, 400, 5000), (16, 3, 64), strict=True)]
    compare(floor, lambda n, d, s: 2 * s / n * (d + d * (d + 1) / 4), cases, FLOOR)

    sizes = (300, 500, 800, 1200)
    real, fake = rng.normal(size=(2, 2000, 24))
    small, large = (metrics.frechet_distance(real[:n], fake[:n]) for n in (sizes[0], sizes[-1]))

    def read(real, fake, seed=1):
        return number(extrapolated(real, fake, sizes, seed), "extrapolated(real, fake, sizes, seed)")

    found = read(real, fake)
    require(found == read(real, fake), "With the same seed it gives another number.", "Draw from default_rng(seed).")
    require(found != read(real, fake, 2), "With another seed it gives the same number.", "Who draws the subsets?")
    if abs(found) > 0.8 * large:
        hint = ""
        if found > 10:
            hint = "That is the line's slope. Where the line meets 1/n = 0 is its other number."
        elif found > 0.8 * small:
            hint = "Your line runs over n, and 0 is no sample at all. With endless samples it is 1/n that is 0."
        elif found > 0:
            hint = "That is a distance of as many as you drew, or a mean of such. The line is to be read at 1/n = 0."
        raise_(found, "for two sets from one law. Expected nearly 0", hint)

    found = read(real, fake + 0.5)
    hint = "The floor is gone, and with it the distance: how far apart are the means?"
    if abs(found - 6) > 1:
        raise_(found, "with the second set shifted by 0.5 in 24 dimensions. Expected about 6", hint)

    apart = np.zeros((2000, 24))  # two classes, in order in one set and mixed in the other
    apart[1000:, 0] = 3
    found = read(real + apart, fake + rng.permutation(apart))
    hint = "Did you take the first n rows? Features may come in an order: draw n of them at random."
    if abs(found) > 0.8 * large:
        raise_(found, "when the real features come class by class. Expected nearly 0: their order means nothing", hint)


def raise_(found, words, hint):
    """Says what `extrapolated` gave."""
    require(False, f"extrapolated gives {found:.4g} {words}.", hint)
