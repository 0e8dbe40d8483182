"""Chapter 6. Number → (answers, part of the hint)."""

import numpy as np


def solve(beta, sign=1, whole=True):
    """The conjugate gradient method with another weight of the last direction."""

    def path(a, b):
        x, r = np.zeros(len(b)), sign * b
        d, places = r, [np.zeros(len(b))]
        for _ in b:
            x = x + (r @ d) / (d @ a @ d) * d
            r = sign * b - a @ x
            d = r + beta * d
            places.append(x)
        return np.array(places if whole else places[1:])

    return path


def betas(order=(0, 1, 2, 3), sign=1):
    """The four formulas, in another order or with another sign of the change."""

    def found(g, before, d):
        y = sign * (g - before)
        values = g @ g / (before @ before), g @ y / (before @ before), g @ y / (d @ y), g @ g / (d @ y)
        return tuple(values[i] for i in order)

    return found


def flipped(g, before, d):
    y = before - g
    return g @ g / (before @ before), -g @ y / (before @ before), g @ y / (d @ y) * -1, g @ g / (d @ y)


def agreed(g, before, d):
    return (g @ g / (before @ before),) * 4


def share(j, part):
    return np.sum(part**2) / np.sum(j**2)


def simultaneous(m, x, y, h):
    return x - h * (m @ y), y + h * (m.T @ x)


def in_turns(m, x, y, h):
    x = x - h * (m @ y)
    return x, y + h * (m.T @ x)


def implicit(m, x, y, h):
    return np.linalg.solve(np.eye(len(x)) + h**2 * m @ m.T, x - h * m @ y)


def steps_only(m, x, y, h):
    new = implicit(m, x, y, h)
    return new - x, h * m.T @ new


def old_answer(m, x, y, h):
    return implicit(m, x, y, h), y + h * m.T @ x


def enough(singular, h, share, ratio=np.sqrt, factor=2, power=2, rounded=np.ceil):
    values = 1 + (h * singular) ** power
    root = ratio(values.max() / values.min())
    if root == 1:
        return 1
    return max(0, int(rounded(np.log(share / factor) / np.log((root - 1) / (root + 1)))))


WRONG = {
    "6.1": [
        ((solve(0.0),), "forgets the last one"),
        ((solve(1.0),), "with a weight β"),
        ((lambda a, b: np.linalg.solve(a, b),), "whole path"),
    ],
    "6.2": [
        ((betas((0, 1, 3, 2)),), "last two"),
        ((betas((1, 0, 2, 3)),), "first two"),
        ((agreed,), "nothing is given"),
        ((flipped,), "minus the old one"),
    ],
    "6.3": [
        ((lambda j: share(j, (j + j.T) / 2),), "Which part turns"),
        ((lambda j: share(j, j - j.T),), "Half of the difference"),
        ((lambda j: np.sqrt(share(j, (j - j.T) / 2)),), "ratio of the norms"),
        ((lambda j: np.abs(j - j.T).sum() / 2 / np.abs(j).sum(),), "Squared entries"),
    ],
    "6.4": [
        ((simultaneous,), "simultaneous step"),
        ((in_turns,), "does not reckon"),
        ((steps_only,), "These are the steps"),
        ((old_answer,), "where x *will* be"),
    ],
    "6.5": [
        ((lambda s, h, t: enough(s, h, t, ratio=float),), "it is √κ"),
        ((lambda s, h, t: enough(s, h, t, factor=1),), "factor of 2"),
        ((lambda s, h, t: enough(s, h, t, power=1),), "are squared"),
        ((lambda s, h, t: enough(s, h, t, rounded=np.floor),), "One too few"),
    ],
    "6.6": [
        ((lambda k: k**-2,), "What is h?"),
        ((lambda k: k,), "the smaller the rate"),
        ((lambda k: 0.5 / k,), "no 2"),
    ],
}
