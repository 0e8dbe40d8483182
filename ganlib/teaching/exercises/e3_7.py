"""Exercise 3.7: how many samples an average of latents wants."""

import functools
import math

import numpy as np
from scipy.stats import norm, truncnorm

from ganlib.teaching.exercises.answers import compare

ASKS = ("cosine(n, share, d)", "needed(goal, share, d)")
HINTS = (
    "scipy.stats.norm.isf(share) is u, norm.pdf(u) / share is μ. Along w the average is μ; what is it across?",
    "Set the cosine equal to the goal and solve for n: (d - 1) / (μ² (1/goal² - 1)), rounded up.",
)


@functools.cache
def mean(share):
    """The mean of a normal number beyond u, by SciPy."""
    return float(truncnorm.mean(norm.isf(share), np.inf))


def right(n, share, d):
    """The expected cosine."""
    return mean(share) / math.hypot(mean(share), math.sqrt((d - 1) / n))


def mistake(mu=mean, across=lambda n, d: (d - 1) / n, root=np.sqrt):
    """A wrong `cosine` from another mean, another square of what is across, or another root."""
    return lambda n, share, d: mu(share) / root(mu(share) ** 2 + across(n, d))


COSINE = (
    (mistake(across=lambda n, d: d / n), "One of the d directions is w itself. In how many did chance alone decide?"),
    (
        mistake(across=lambda n, d: d - 1),
        "That is one latent's cosine. What does an average of n make of its variance?",
    ),
    (mistake(across=lambda n, d: (d - 1) / n**2), "Of an average of n the *variance* is a n-th, not an n²-th."),
    (
        mistake(across=lambda n, d: (d - 1) / np.sqrt(n)),
        "The square stands under the root: it is the variance that n divides.",
    ),
    (mistake(across=lambda n, d: 1 / n), "You have one direction across w. There are d - 1 of them."),
    (mistake(root=lambda square: square), "The root is missing below: a length, not its square."),
    (lambda *a: right(*a) ** 2, "That is the squared cosine."),
    (mistake(lambda s: norm.pdf(norm.isf(s))), "φ(u) is not yet the mean of the class: over what share is it spread?"),
    (
        mistake(lambda s: norm.pdf(norm.isf(s)) / (1 - s)),
        "You divided by the share of those that are *not* in the class.",
    ),
    (mistake(lambda s: norm.pdf(s) / s), "φ is to be taken at u. Which u has the share s beyond it?"),
    (mistake(norm.isf), "You took the border u for the mean. Members lie beyond it: how far, on average?"),
    (mistake(lambda s: norm.sf(s) / s), "φ is the density, norm.pdf, and it is taken at u."),
)


def solved(goal, share, d, less=1, square=lambda x: x**2):
    """The n at which the cosine is the goal, not a whole number."""
    return (d - less) / (mean(share) ** 2 * (1 / square(goal) - 1))


def rounded(**changes):
    """`solved` with a mistake, rounded up."""
    return lambda goal, share, d: math.ceil(solved(goal, share, d, **changes))


NEEDED = (
    (solved, "Samples come whole. Which way must you round, so that the goal is reached?"),
    (lambda *a: math.floor(solved(*a)), "You rounded down, and the goal is just missed."),
    (lambda *a: round(solved(*a)), "You rounded to the nearest. The goal is to be reached, not nearly."),
    (lambda *a: math.ceil(solved(*a)) + 1, "One too many: does n - 1 not reach the goal as well?"),
    (
        rounded(less=0),
        "One of the d directions is w itself. In how many did chance alone decide?",
    ),
    (rounded(square=lambda x: x), "The goal stands squared in the equation: solve it again."),
    (
        lambda goal, share, d: math.ceil(solved(goal, share, d) / share),
        "That is how many latents must be drawn in all. How many of them are in the class?",
    ),
)


def smallest(goal, share, d):
    """By trying."""
    return next(n for n in range(1, 100_000) if right(n, share, d) >= goal)


def check(rng, cosine, needed):
    cases = [(int(rng.integers(5, 60)), float(rng.uniform(0.05, 0.6)), int(rng.integers(6, 80))) for _ in range(4)]
    compare(cosine, right, cases, COSINE)
    goals = [(float(rng.uniform(0.7, 0.95)), float(rng.uniform(0.05, 0.6)), d) for d in (8, 32, 80)]
    compare(needed, smallest, [(0.9, 0.1, 64), *goals], NEEDED, rtol=0)
