"""Exercise 5.3: a cross-entropy whose labels are stretched to all pairs."""

import numpy as np

from ganlib.teaching.exercises.answers import compare

ASKS = ("loss(p, y)", "best(y)")
HINTS = (
    "The matrix holds y_j log p_i for every i and j. The mean over all pairs is a product of means.",
    "With ȳ the mean label: -ȳ · mean(log p) - (1 - ȳ) · mean(log(1 - p)). Set its slope by one p_i to 0.",
)


def pairs(p, y):
    """By the matrix."""
    return float(-(y * np.log(p[:, None]) + (1 - y) * np.log(1 - p[:, None])).mean())


def entropy(p, y):
    return -(y * np.log(p) + (1 - y) * np.log(1 - p))


LOSS = (
    (lambda p, y: entropy(p, y).mean(), "That is the loss that was meant: each image meets only its own label there."),
    (lambda p, y: pairs(p, y) * len(p), "You have a sum over one of the two axes. The mean is over both."),
    (lambda p, y: pairs(p, y) * len(p) ** 2, "You have the sum over all pairs. The mean is asked for."),
    (lambda p, y: -pairs(p, y), "A sign: logarithms of probabilities are negative, and a cross-entropy is not."),
    (lambda p, y: entropy(p.mean(), y.mean()), "The mean of the logarithms is not the logarithm of the mean."),
    (lambda p, y: -y.mean() * np.log(p).mean(), "The labels 0 are missing: what do they add?"),
)
BEST = (
    (lambda y: y, "Those are the right answers. Can an image's output know which label it meets?"),
    (lambda y: np.full(len(y), 0.5), "That is so for halves of real and fake. And for another share?"),
    (lambda y: np.ones(len(y)), "Certainty costs without end where a label is 0, and each image meets all labels."),
    (lambda y: 1 - np.full(len(y), y.mean()), "The other way round: p is the probability of the label 1."),
    (lambda y: np.full(len(y), y.sum()), "That is a number of images. A probability is asked for."),
)


def check(rng, loss, best):
    labels = [(rng.random(n) < share).astype(float) for n, share in ((7, 0.5), (40, 0.3))]
    labels.append(np.array([1.0, 0, 0, 1, 0]))
    compare(loss, pairs, [(rng.uniform(0.05, 0.95, size=len(y)), y) for y in labels], LOSS)
    compare(best, lambda y: np.full(len(y), y.mean()), [(y,) for y in labels], BEST)
