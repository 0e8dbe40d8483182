"""Exercise 4.6: the reverse KL of a perfect sampler."""

import numpy as np
from scipy.special import xlogy
from scipy.stats import binom

from ganlib.teaching.exercises.answers import compare

ASKS = ("expected_kl(modes, n)",)
HINTS = (
    "Write a share as (1 + ε)/K. The ε sum to zero, so the first order is gone: what is left of (1 + ε) log(1 + ε)?",
    "KL is about Σ ε²/(2K), and a count is binomial: the variance of ε is (K - 1)/n.",
)
MISTAKES = (
    (lambda K, n: (K - 1) / n, "A factor 2: what is the second-order term of (1 + ε) log(1 + ε)?"),
    (lambda K, n: K / (2 * n), "The counts sum to n: how many of them are free? What is a binomial's variance?"),
    (lambda K, n: (K - 1) / (2 * n * np.log(2)), "That is in bits. The logarithm here is the natural one."),
    (lambda K, n: (K - 1) / (2 * n * K), "That is the mean over the modes. The divergence sums over them."),
    (lambda K, n: 1 / (2 * n), "That is one mode's part. How many are there?"),
    (lambda K, n: (K - 1) / (2 * np.sqrt(n)), "ε is of the order 1/√n, and it stands squared."),
    (lambda K, n: -(K - 1) / (2 * n), "A divergence is not negative: which sign has the second order?"),
    (
        lambda K, n: (1 - 1 / K) / n,
        "That is the variance of K ε over K: put it into the sum over all modes, with its half.",
    ),
    (lambda K, n: 0.0, "Only for endless samples. How far from equal are n counts?"),
    (lambda K, n: np.log(K), "That is the divergence of a G with a single mode."),
)


def right(modes, n):
    """The exact mean, over a binomial count."""
    counts = np.arange(n + 1)
    share = counts / n
    return float(modes * np.sum(binom.pmf(counts, n, 1 / modes) * xlogy(share, modes * share)))


def check(rng, expected_kl):
    cases = [(2, 3000), (8, 2500), (25, 10_000), (int(rng.integers(4, 12)), int(rng.integers(3000, 9000)))]
    compare(expected_kl, right, cases, MISTAKES, rtol=0.05)
