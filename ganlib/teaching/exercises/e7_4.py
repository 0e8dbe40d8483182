"""Exercise 7.4: the area under the curve of an attack on privacy."""

import numpy as np

from ganlib.teaching.exercises.answers import compare

ASKS = ("area(members, others)",)
HINTS = (
    "Look at every pair of a member and another image: who has the higher score?",
    "np.subtract.outer gives all differences. Count 1 where it is positive, ½ where it is zero, and take the mean.",
)


def pairs(members, others, tie):
    differences = np.subtract.outer(members, others)
    return np.mean((differences > 0) + tie * (differences == 0))


MISTAKES = (
    (lambda m, o: pairs(m, o, 0), "Ties count nothing in yours. They are half a pair each."),
    (lambda m, o: pairs(m, o, 1), "Ties count as won in yours. They are half a pair each."),
    (lambda m, o: pairs(o, m, 0.5), "The two are exchanged: the share asked for is the one that members win."),
    (lambda m, o: np.mean(m > o[: len(m)]), "You compared the first with the first. Every pair counts."),
    (lambda m, o: np.mean(m - o.mean() > 0), "You compared each member with the others' mean. Every pair counts."),
    (lambda m, o: np.mean(m) - np.mean(o), "This is the difference of the means. The area only asks who is higher."),
    (lambda m, o: pairs(m, o, 0.5) * len(m) * len(o), "You counted the pairs. The share of all of them was asked for."),
    (
        lambda m, o: (np.mean(m > np.median(np.r_[m, o])) + np.mean(o <= np.median(np.r_[m, o]))) / 2,
        "This is the accuracy at one threshold. The area has none.",
    ),
    (
        lambda m, o: (np.mean(m > 0) + np.mean(o <= 0)) / 2,
        "This is the accuracy at one threshold. The area has none.",
    ),
)


def right(members, others):
    return pairs(members, others, 0.5)


def check(rng, area):
    tied = rng.integers(-3, 4, size=9).astype(float), rng.integers(-4, 3, size=9).astype(float)
    compare(area, right, [tied, (rng.normal(1, 2, size=7), rng.normal(size=11))], MISTAKES)
