"""Exercise 2.11: a loss that cannot tell a lost mode from a shift."""

import numpy as np
from scipy.optimize import brentq
from scipy.special import rel_entr

from ganlib.teaching.exercises.answers import compare_value

ASKS = ("delta",)
HINTS = (
    "The best discriminator's loss is log 4 - 2 JSD, so the two generators must have the same JSD from the data. "
    "Compute it for the collapsed one, then move δ until the other one's is the same.",
    "By sums over a grid: JSD = ½ ∫ p log(2p/(p + q)) + q log(2q/(p + q)). It is near 0.216 for the collapsed one, "
    "and scipy.optimize.brentq finds δ between 0.1 and 4.",
)
X = np.linspace(-14, 18, 4001)


def hill(mean):
    """A Gaussian on the grid."""
    return np.exp(-((X - mean) ** 2) / 2) / np.sqrt(2 * np.pi)


def data(shift=0.0):
    """The data's density, moved to the right."""
    return (hill(shift - 4) + hill(shift + 4)) / 2


def jsd(p, q):
    """The Jensen–Shannon divergence."""
    m = (p + q) / 2
    return float((rel_entr(p, m) + rel_entr(q, m)).sum() * (X[1] - X[0]) / 2)


def variation(p, q):
    """The total variation."""
    return float(np.abs(p - q).sum() * (X[1] - X[0]) / 2)


def reverse(p, q):
    """KL(q ‖ p)."""
    return float(rel_entr(q, p).sum() * (X[1] - X[0]))


def same(measure, factor=1.0):
    """The shift at which a measure of the distance from the data is that of the collapsed generator, or a multiple."""
    return brentq(lambda d: measure(data(), data(d)) - factor * measure(data(), hill(4)), 0.01, 3.9)


def check(rng, delta):
    right, divergence = same(jsd), jsd(data(), hill(4))
    mistakes = (
        (-right, "The right distance, but to the left: δ > 0 was asked for."),
        (4.0, "That makes W₁ the same, the mean distance the samples must move. What decides about D's loss?"),
        (same(variation), "That makes the total variation the same. The loss at D* goes with the JSD."),
        (same(reverse), "That makes KL(q ‖ p) the same. The loss at D* goes with the JSD."),
        (divergence, "That is the divergence which both have. At which shift does the second generator have it?"),
        (np.log(4) - 2 * divergence, "That is the loss which both have. At which shift does the second have it?"),
        (same(jsd, 1 / np.log(2)), "One of your two divergences is in bits, and the other is not."),
        (same(jsd, 0.5), "One of your two divergences has a ½ too many, or the other lacks it."),
        (8.0, "There a mode of q lies on the other mode of p. The loss is the same much earlier."),
        (0.0, "Then the second generator is perfect and D's loss is log 4. The collapsed one's is lower."),
    )
    compare_value(delta, right, mistakes, rtol=0, atol=0.01)
