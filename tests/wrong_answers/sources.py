"""Chapter 5. Number → (answers, part of the hint)."""

import numpy as np


def difference(units):
    return units[:, 0] - units[:, 1]


def probabilities(units):
    return np.exp(units) / np.exp(units).sum(axis=1, keepdims=True)


def slope(units):
    return probabilities(units) - np.array([1, 0])


def all_pairs(p, y):
    return -(y * np.log(p[:, None]) + (1 - y) * np.log(1 - p[:, None])).mean()


def mean_label(y):
    return 0 * y + y.mean()


def eigenvalues(swapped, fake_labels):
    return [0.5, -0.5] if fake_labels else [0.5j, -0.5j]


WRONG = {
    "5.1": [
        ((lambda u: u[:, 1] - u[:, 0], slope), "of the other unit"),
        ((lambda u: u[:, 0], slope), "second unit is missing"),
        ((lambda u: probabilities(u)[:, 0], slope), "the probability itself"),
        ((difference, lambda u: -slope(u)), "does the loss of a real image rise"),
        ((difference, probabilities), "has a 1 to lose"),
        ((difference, lambda u: slope(u) / len(u)), "each sample's own loss"),
    ],
    "5.2": [
        ((lambda h, a: h / a,), "is also longer"),
        ((lambda h, a: h * a * a,), "turn faster"),
        ((lambda h, a: h,), "its gradient does"),
    ],
    "5.3": [
        ((lambda p, y: -(y * np.log(p) + (1 - y) * np.log(1 - p)).mean(), mean_label), "loss that was meant"),
        ((lambda p, y: all_pairs(p, y) * len(y), mean_label), "over one of the two axes"),
        (
            (lambda p, y: -y.mean() * np.log(p.mean()) - (1 - y.mean()) * np.log(1 - p.mean()), mean_label),
            "logarithm of the mean",
        ),
        ((all_pairs, lambda y: y), "the right answers"),
        ((all_pairs, lambda y: 0 * y + 0.5), "another share"),
    ],
    "5.4": [
        ((lambda s, f: [1, -1] if f else [1j, -1j], lambda s, f: f), "has ½, not 1"),
        ((lambda s, f: [0.5j, -0.5j], lambda s, f: f), "another matrix"),
        ((lambda s, f: [0.5, -0.5] if s or f else [0.5j, -0.5j], lambda s, f: f), "eigenvalues of -J"),
        ((eigenvalues, lambda s, f: s or f), "the same circle"),
        ((eigenvalues, lambda s, f: s), "whose eigenvalues are real"),
    ],
    "5.5": [
        ((lambda h: 2 * h, lambda h: 2 * h), "only half as long"),
        ((lambda h: h, lambda h: h), "but not the gradient"),
        ((lambda h: 4 * h, lambda h: 4 * h), "does it notice"),
        ((lambda h: 4 * h, lambda h: h), "twice the way"),
    ],
}
