"""Exercise 2.2: the best discriminator and the value of the game, for any two densities on the line."""

import numpy as np
from scipy.special import expit, xlogy

from ganlib.teaching.exercises.answers import Wrong, compare

ASKS = ("optimal_discriminator(x, p, q)", "value(p, q, low, high)")
HINTS = (
    "Where p + q is 0, no fraction helps: give the answer 1/2 there. And t log t tends to 0 for t to 0.",
    "np.where(total > 0, p / safe, 0.5) with a `safe` that is never 0; then the integral of "
    "xlogy(p, D*) + xlogy(q, 1 - D*) over a fine grid from low to high.",
)


def gaussian(mean, deviation=1.0):
    """A Gaussian, with a docstring for the reader."""

    def density(x):
        return np.exp(-((np.asarray(x, float) - mean) ** 2) / (2 * deviation**2)) / (deviation * np.sqrt(2 * np.pi))

    density.__doc__ = f"N({mean:.3g}, {deviation:.3g}²)"
    return density


def uniform(low, high):
    """The same for a uniform density."""

    def density(x):
        return np.where((np.asarray(x, float) >= low) & (np.asarray(x, float) <= high), 1 / (high - low), 0.0)

    density.__doc__ = f"uniform on [{low:.3g}, {high:.3g}]"
    return density


def discriminator(x, p, q):
    """From the logit log p - log q, which is not a number where both densities are 0."""
    logit = np.log(p(x)) - np.log(q(x))
    return np.where(np.isnan(logit), 0.5, expit(logit))


def nowhere(answer):
    """A mistake: another answer where both densities are 0."""
    return lambda x, p, q: np.where(p(x) + q(x) > 0, discriminator(x, p, q), answer)


POSITIVE = (
    (
        lambda x, p, q: discriminator(x, q, p),
        "You exchanged the two: D is the probability that a sample is real, so p stands above.",
    ),
    (lambda x, p, q: 2 * discriminator(x, p, q), "You divided by the mean of p and q. D* is p's share of their sum."),
    (lambda x, p, q: np.log(p(x)) - np.log(q(x)), "This is the logit. D* is its sigmoid."),
    (lambda x, p, q: p(x) / q(x), "This is the ratio p/q. D* is a probability: p's share of the sum."),
    (lambda x, p, q: np.where(p(x) > q(x), 1, 0), "D need not decide: where p is three times q, how many are real?"),
)
ZERO = (
    (nowhere(np.nan), "Where both densities are 0 you divide 0 by 0. Which answer was asked for there?"),
    (nowhere(0), "Where both densities are 0 you answer 0. Asked for is 1/2 there."),
    (nowhere(1), "Where both densities are 0 you answer 1. Asked for is 1/2 there."),
    (
        lambda x, p, q: np.where(p(x) * q(x) > 0, discriminator(x, p, q), 0.5),
        "You answer 1/2 also where only one density is 0. What does D know there?",
    ),
)
SMALL = "A number added to p or q, however small, drowns small densities. Treat the points where both are 0 apart."


def integral(integrand):
    """A function of (p, q, low, high) from one of two densities' values."""

    def over(p, q, low, high):
        edges = np.linspace(low, high, 100_001)
        middles = (edges[1:] + edges[:-1]) / 2
        return float(integrand(p(middles), q(middles)).sum() * (edges[1] - edges[0]))

    return over


def part(p, q):
    """p log D*, with D* = σ(log p - log q), and 0 where p is."""
    return np.where(p > 0, -p * np.logaddexp(0, np.log(q) - np.log(p)), 0)


right = integral(lambda p, q: part(p, q) + part(q, p))


VALUE = (
    (lambda *case: -right(*case), "The sign is flipped: this is D's loss, V is its negative."),
    (lambda *case: (np.log(4) + right(*case)) / 2, "This is the Jensen–Shannon divergence. V is -log 4 + 2 JSD."),
    (lambda *case: np.log(4) + right(*case), "This is 2 JSD. Which constant does V have besides?"),
    (integral(part), "You took the real samples alone. What does V say of the generated ones?"),
    (lambda *case: right(*case) / 2, "V is the sum of its two terms, not their mean."),
    (lambda *case: right(*case) / np.log(2), "You took the logarithm to base 2. V has the natural one."),
    (
        integral(lambda p, q: part(p, q) + xlogy(q, p / np.maximum(p + q, 1e-300))),
        "Generated samples are scored with log(1 - D), not with log D.",
    ),
    (
        integral(lambda p, q: xlogy(p, q / np.maximum(p + q, 1e-300)) + xlogy(q, p / np.maximum(p + q, 1e-300))),
        "You scored each density with the other one's share: D* for the real samples, 1 - D* for the generated.",
    ),
)
NO_TERM = (
    "Right where both densities are positive. Where one is 0 its term counts as 0, but 0 · log 0 is NaN in floats: "
    "see scipy.special.xlogy."
)


def check(rng, optimal_discriminator, value):
    one, wide = gaussian(0), gaussian(float(rng.uniform(1, 2)), 2)
    left, overlapping = uniform(0, 1), uniform(0.4, 2)
    cases = [(rng.uniform(-2, 3, size=size), one, wide) for size in (5, (2, 3), (1, 2, 2))]
    compare(optimal_discriminator, discriminator, cases, POSITIVE)
    cases = [(np.array([-1.0, 0.2, 0.7, 1.5, 9.0]), left, overlapping), (np.array([[100.0, 0.5]]), one, gaussian(1))]
    compare(optimal_discriminator, discriminator, cases, ZERO)
    try:
        compare(optimal_discriminator, discriminator, [(np.array([7.0, 9.0, 12.0]), one, gaussian(-3))])
    except Wrong as wrong:
        raise Wrong(wrong.failed, SMALL) from None
    games = [(one, gaussian(float(rng.uniform(0.5, 2))), -5.5, 7.5), (gaussian(1, 0.8), one, -5.5, 6.5)]
    compare(value, right, games, VALUE, rtol=0, atol=1e-3)
    far = [(left, overlapping, -1.0, 3.0), (one, gaussian(8), -40.0, 45.0), (uniform(-2, 0), left, -3.0, 2.0)]
    try:
        compare(value, right, far, rtol=0, atol=1e-3)
    except Wrong as wrong:
        raise Wrong(wrong.failed, NO_TERM) from None
