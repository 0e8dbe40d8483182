"""Exercise 3.3: the size of a signal through a layer with random weights."""

import numpy as np

from ganlib import reference
from ganlib.teaching.exercises.answers import compare

ASKS = ("leaves(tau, inputs)", "taps(kernel, stride, channels)", "keeps(inputs)")
HINTS = (
    "Variances of independent terms add up. A ReLU sets half of a symmetric signal to zero.",
    "The variance after the layer is τ² · inputs, a ReLU halves the mean square, and (kernel / stride)² stamps of each "
    "channel meet in a pixel.",
)
LEAVES = (
    (lambda tau, n: tau**2 * n, "That is the variance. The standard deviation was asked for."),
    (lambda tau, n: tau * n, "You added standard deviations. Of independent terms it is the variances that add up."),
    (lambda tau, n: tau / np.sqrt(n), "That is the spread of a mean. Each output here is a sum."),
    (lambda tau, n: tau, "That is one product's. Each output adds up many of them."),
    (lambda tau, n: tau * np.sqrt(n / 2), "You have the ReLU in it already. It comes after this layer."),
    (lambda tau, n: np.sqrt(tau * n), "The root is over n only if τ² stands beside it: what is a weight's variance?"),
)
TAPS = (
    (lambda k, s, c: k * k * c, "That is the whole kernel, as for a convolution. How many stamps meet in one pixel?"),
    (lambda k, s, c: k // s * c, "You counted along one axis. An image has two."),
    (lambda k, s, c: (k // s) ** 2, "That is right for one channel. How many does each output add up?"),
    (lambda k, s, c: s * s * c, "Those are the places between two inputs. How many kernels of that stride overlap?"),
    (lambda k, s, c: k * k // s * c, "You divided by the stride once, but stamps are put apart along both axes."),
)
KEEPS = (
    (lambda n: np.sqrt(1 / n), "That keeps it through the layer alone. What does the ReLU take away?"),
    (lambda n: 2 / n, "That is the weights' variance. τ is their standard deviation."),
    (
        lambda n: np.sqrt(1 / (2 * n)),
        "The 2 stands on the wrong side: the ReLU halves, so must τ be larger or smaller?",
    ),
    (lambda n: np.sqrt(6 / n), "That is the bound of a uniform distribution. τ is a standard deviation."),
    (lambda n: np.sqrt(n / 2), "Upside down: do more inputs want larger weights, or smaller ones?"),
    (lambda n: 2 / np.sqrt(n), "It is the mean square that a ReLU halves, not the root of it. What does τ² become?"),
    (
        lambda n: np.sqrt(1 / (n * (0.5 - 0.5 / np.pi))),
        "That keeps the standard deviation after the ReLU. The mean square was asked for, the mean included.",
    ),
)


def counted(kernel, stride, channels):
    """The stamps of ones that meet in a pixel in the middle."""
    x, stamp = np.ones((1, 9, 9, channels)), np.ones((kernel, kernel, 1, channels))
    y = reference.conv_transpose2d(x, stamp, stride=stride)[0, :, :, 0]
    return int(y[len(y) // 2, len(y) // 2])


def check(rng, leaves, taps, keeps):
    inputs = [int(n) for n in rng.integers(10, 1000, size=3)]
    compare(leaves, lambda tau, n: tau * np.sqrt(n), [(float(rng.uniform(0.01, 0.5)), n) for n in inputs], LEAVES)
    compare(taps, counted, [(4, 2, 3), (6, 3, 2), (6, 2, 1), (3, 1, 5)], TAPS)
    compare(keeps, lambda n: np.sqrt(2 / n), [(n,) for n in inputs], KEEPS)
