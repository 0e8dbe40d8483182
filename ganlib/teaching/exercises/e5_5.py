"""Exercise 5.5: can D win against a G that stands still?"""

import numpy as np

from ganlib.teaching.exercises.answers import compare

ASKS = ("accuracy(slopes, real, fake)",)
HINTS = (
    "D's logits are x · w + b. By the chain rule the gradient by w is the sum of slope times x over both batches, and "
    "by b the sum of the slopes. Both begin at 0, and both move in each step.",
    "In each step: a, b = slopes(real @ w + c, fake @ w + c); w -= .5 (real.T @ a + fake.T @ b); c -= .5 (a.sum() + "
    "b.sum()). At the end: the mean over both batches of real @ w + c > 0 and fake @ w + c < 0.",
)


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def trained(slopes, real, fake, *, steps=200, bias=True, sign=1.0, half=(True, True)):
    """The logits after the training."""
    w, c = np.zeros(real.shape[1]), 0.0
    for _ in range(steps):
        a, b = slopes(real @ w + c, fake @ w + c)
        a, b = a * half[0], b * half[1]
        w, c = w - sign * 0.5 * (real.T @ a + fake.T @ b), c - sign * bias * 0.5 * (a.sum() + b.sum())
    return real @ w + c, fake @ w + c


def share(real, fake):
    return float(np.concatenate([real > 0, fake < 0]).mean())


def right(slopes, real, fake, **options):
    return share(*trained(slopes, real, fake, **options))


MISTAKES = (
    (lambda *given: right(*given, bias=False), "Without b the boundary runs through the origin. Does the data?"),
    (lambda *given: right(*given, steps=1), "That is after one step. Asked for are 200."),
    (lambda *given: right(*given, sign=-1.0), "D went uphill."),
    (lambda *given: 1 - right(*given), "A real sample is recognised where its logit is above 0."),
    (lambda *given: float((trained(*given)[0] > 0).mean()), "Those are the real samples alone. Count both batches."),
    (lambda *given: right(*given, half=(True, False)), "The generated samples' slopes move D as well."),
)


def as_it_should_be(real, fake):
    """cross-entropy, real 1 and generated 0"""
    return np.stack([sigmoid(real) - 1, sigmoid(fake)]) / len(real)


def one_label(real, fake):
    """cross-entropy, both labels 1"""
    return np.stack([sigmoid(real) - 1, sigmoid(fake) - 1]) / len(real)


def all_pairs(real, fake):
    """cross-entropy, each logit with each label"""
    return np.stack([sigmoid(real) - 0.5, sigmoid(fake) - 0.5]) / len(real)


def check(rng, accuracy):
    real, fake = rng.normal(size=(2, 40, 2)) + np.array([[[2.5, 0.5]], [[0.5, 1.0]]])
    compare(accuracy, right, [(slopes, real, fake) for slopes in (as_it_should_be, one_label, all_pairs)], MISTAKES)
