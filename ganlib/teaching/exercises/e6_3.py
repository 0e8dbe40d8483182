"""Exercise 6.3: how much of a game's Jacobian turns."""

import numpy as np

from ganlib.teaching.exercises.answers import compare

ASKS = ("turning(jacobian)",)
HINTS = (
    "Any square matrix is the mean of itself and its transpose, plus half their difference.",
    "K = (J - Jᵀ) / 2; then the sum of its squared entries, over that of J.",
)


def turning(j, sign=-1.0, half=2.0, power=2):
    return float((np.abs((j + sign * j.T) / half) ** power).sum() / (np.abs(j) ** power).sum())


MISTAKES = (
    (lambda j: turning(j, sign=1.0), "That is the symmetric part, which descends. Which part turns?"),
    (lambda j: turning(j, half=1.0), "Half of the difference: else J is not the sum of its parts."),
    (lambda j: np.sqrt(turning(j)), "That is the ratio of the norms. The squares add up to one."),
    (lambda j: turning(j, power=1), "Squared entries, so that the shares of both parts add up to one."),
)


def check(rng, answer):
    compare(answer, turning, [(rng.normal(size=(n, n)),) for n in (2, 3, 5)], MISTAKES)
