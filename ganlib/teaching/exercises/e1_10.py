"""Exercise 1.10: the share of variance that repeats with the stride."""

import numpy as np

from ganlib.teaching.exercises.answers import compare

ASKS = ("share(mean, deviation, s)",)
HINTS = (
    "A pixel is a sum of h products, input times entry, with the h entries of its phase. Split each input into its "
    "mean μ and the rest. What the means give repeats from tile to tile: that is the pattern. What the rest gives is "
    "noise. Which variance has each of the two, if the entries have variance ω²?",
    "The pattern has the variance μ²ω²h(1 - 1/s²): its s² numbers vary around their own mean, not around zero. The "
    "noise has τ²ω²h. The share is the first over the sum of both.",
)


def right(mean, deviation, s):
    """From the values of the s² phases: the mean of their variance, and the noise's."""
    centre = np.eye(s**2) - 1 / s**2  # takes away the phases' own mean
    pattern = mean**2 * np.trace(centre) / s**2
    return float(pattern / (pattern + deviation**2))


MISTAKES = (
    (
        lambda m, d, s: m**2 / (m**2 + d**2),
        "You measure the pattern against its true mean, zero. It varies around the mean of its own s² numbers.",
    ),
    (
        lambda m, d, s: m**2 * (1 - 1 / s) / (m**2 * (1 - 1 / s) + d**2),
        "In the plane, how many phases are there? You took away the mean of s of them.",
    ),
    (
        lambda m, d, s: m**2 / s**2 / (m**2 / s**2 + d**2),
        "1/s² is the part that goes away with the mean of the phases. What is left?",
    ),
    (
        lambda m, d, s: m**2 * (1 - 1 / s**2) / (m**2 * (1 - 1 / s**2) + d),
        "The noise's variance goes with the variance of the inputs, and you are given their standard deviation.",
    ),
    (
        lambda m, d, s: m * (1 - 1 / s**2) / (m * (1 - 1 / s**2) + d),
        "These are standard deviations. The share is one of variances.",
    ),
    (
        lambda m, d, s: m * (1 - 1 / s**2) / (m * (1 - 1 / s**2) + d**2),
        "With the mean μ the pattern grows, and its variance with which power of μ?",
    ),
    (
        lambda m, d, s: np.divide(m**2 * (1 - 1 / s**2), d**2),
        "That is the pattern's variance over the noise's. A share is a part of the whole.",
    ),
    (lambda m, d, s: 1 - right(m, d, s), "This is the noise's share. What repeats with period s is the rest."),
    (lambda m, d, s: np.sqrt(right(m, d, s)), "You took a square root. The share of the variance was asked for."),
    (
        lambda m, d, s: m**2 * (1 - 1 / s**2) / (m**2 + d**2),
        "The mean of the phases is no variance of the image: it leaves the denominator too.",
    ),
    (
        lambda m, d, s: m**2 * (s**2 - 1) / (m**2 * (s**2 - 1) + d**2),
        "You added up the s² phases and took the noise only once. Take means of both.",
    ),
)


def check(rng, share):
    drawn = [(*map(float, rng.uniform(0.2, 2, size=2)), s) for s in (2, 3, 4)]
    compare(share, right, [(0.5, 0.8, 2), *drawn, (-1.0, 0.5, 2), (0.7, 0.6, 1), (0.0, 1.0, 3)], MISTAKES)
