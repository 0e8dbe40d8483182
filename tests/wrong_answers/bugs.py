"""Chapter 5. Number → (answers, part of the hint)."""

import numpy as np


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def softplus(x):
    return np.logaddexp(0, x)


def lowest(label):
    return np.log(1 + np.exp(-1)) if label else np.log(2)


def two(logit):
    return sigmoid(sigmoid(logit)) * sigmoid(logit) * sigmoid(-logit)


def kept(logit):
    return 2 * sigmoid(logit) - 1


def both(logit):
    return softplus(logit) + softplus(-logit)


def all_pairs(p, y):
    return -(y * np.log(p[:, None]) + (1 - y) * np.log(1 - p[:, None])).mean()


def mean_label(y):
    return 0 * y + y.mean()


def descend(slope, x, rate, steps, keep=1.0):
    path, total = [x], 0.0
    for _ in range(steps):
        total = keep * total + float(slope(path[-1]))
        path.append(path[-1] - rate * total)
    return path


def period(rate):
    return 2 * np.pi / np.arccos(1 - rate / 2)


def accuracy(slopes, real, fake, bias=0.5, steps=200, sign=1.0):
    w, c = np.zeros(2), 0.0
    for _ in range(steps):
        a, b = slopes(real @ w + c, fake @ w + c)
        w, c = w - sign * 0.5 * (real.T @ a + fake.T @ b), c - sign * bias * (a.sum() + b.sum())
    return np.mean([real @ w + c > 0, fake @ w + c < 0])


def follow(pull, x, steps=300, factor=0.1):
    for _ in range(steps):
        x = x + factor * pull(2 - (x**2).sum(axis=1))[:, None] * x
    return x


WRONG = {
    "5.1": [
        ((lambda label: 0.0, two), "the floor of the right loss"),
        ((lambda label: np.log(2), two), "costs less than its lowest"),
        ((lambda label: lowest(1 - label), two), "the other way round"),
        ((lowest, sigmoid), "with one sigmoid"),
        ((lowest, lambda logit: sigmoid(sigmoid(logit))), "The inner sigmoid"),
        ((lowest, lambda logit: sigmoid(logit) * sigmoid(-logit)), "the inner derivative. Softplus"),
    ],
    "5.2": [
        ((lambda logit: sigmoid(logit) - 1, both), "slope of G's own loss"),
        ((sigmoid, both), "what D's loss has left"),
        ((lambda logit: -kept(logit), both), "not the way downhill"),
        ((kept, lambda logit: softplus(-logit)), "what G should want"),
        ((kept, softplus), "what D wants of"),
        ((kept, lambda logit: both(logit) / 2), "mean of the two gradients"),
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
        ((lambda *given: descend(*given, keep=0.0), period), "clears the gradient in each step"),
        ((lambda *given: descend(*given, keep=0.9), period), "momentum of .9"),
        ((lambda *given: descend(*given)[1:], period), "The start is missing"),
        ((descend, lambda rate: 2 * np.pi / np.sqrt(rate)), "limit of small steps"),
        ((descend, lambda rate: np.arccos(1 - rate / 2)), "the angle of one step"),
    ],
    "5.5": [
        ((lambda *given: accuracy(*given, bias=0.0),), "runs through the origin"),
        ((lambda *given: accuracy(*given, steps=1),), "after one step"),
        ((lambda *given: accuracy(*given, sign=-1.0),), "uphill"),
        ((lambda *given: 1 - accuracy(*given),), "is recognised where"),
    ],
    "5.6": [
        ((lambda *given: follow(*given, steps=1), np.sqrt), "That is one step"),
        ((lambda *given: follow(*given, factor=0.05), np.sqrt), "A factor is missing"),
        ((follow, lambda c: c), "is c²"),
        ((follow, lambda c: 0), "as it should"),
        ((follow, lambda c: np.sqrt(c - 1)), "There l is 1"),
    ],
}
