"""Wrong answers to the exercises of the chapter "Other questions"."""

import itertools

import numpy as np

# 7.1


def told(mean, log_variance, half=0.5, one=1.0):
    return half * (mean**2 + np.exp(log_variance) - one - log_variance).sum(axis=1)


# 7.2


def mean_square(images, copies):
    return ((images - copies) ** 2).mean()


def one_by_one(images, copies):
    return np.mean([np.sqrt(mean_square(*one)) for one in zip(images, copies, strict=True)])


# 7.3


def attack(images, slopes, epsilon, low=-1, high=1):
    return np.clip(images + epsilon * np.sign(slopes), low, high)


def unit_slope(images, slopes, epsilon):
    lengths = np.linalg.norm(slopes.reshape(len(slopes), -1), axis=1)
    return np.clip(images + epsilon * slopes / lengths[:, None, None, None], -1, 1)


# 7.4


def area(members, others, tie=0.5):
    won = [1.0 if m > o else tie if m == o else 0.0 for m, o in itertools.product(members, others)]
    return sum(won) / len(won)


def accuracy(members, others):
    threshold = np.median(np.concatenate([members, others]))
    return ((members > threshold).mean() + (others <= threshold).mean()) / 2


# 7.5


def take_away(value, k):
    whole = frozenset(range(k))
    return [value(whole) - value(whole - {part}) for part in range(k)]


def banzhaf(value, k):
    result = np.zeros(k)
    for part in range(k):
        others = [p for p in range(k) if p != part]
        for bits in itertools.product([0, 1], repeat=k - 1):
            shown = frozenset(p for p, bit in zip(others, bits, strict=True) if bit)
            result[part] += (value(shown | {part}) - value(shown)) / 2 ** (k - 1)
    return result


def in_order(value, k):
    shown = [frozenset(range(m)) for m in range(k + 1)]
    return [value(shown[m + 1]) - value(shown[m]) for m in range(k)]


WRONG = {
    "7.1": [
        ((lambda m, v: told(m, v, half=1),), "Twice too large"),
        ((lambda m, v: told(m, v, half=-0.5),), "never negative"),
        ((lambda m, v: told(m, v, one=0),), "Which constant"),
        ((lambda m, v: told(m, v) / m.shape[1],), "where a sum is"),
        ((lambda m, v: told(m, v).mean(),), "over the samples was not asked"),
        ((lambda m, v: told(m, 2 * v),), "no further square"),
        ((lambda m, v: told(m * np.exp(-v / 2), -v),), "the other way round"),
    ],
    "7.2": [
        ((mean_square,), "is its root"),
        ((lambda x, y: np.sqrt(len(x[0].ravel()) * mean_square(x, y)),), "You divided by the images only"),
        ((lambda x, y: np.sqrt(mean_square(x, y) / 2),), "cancels"),
        ((lambda x, y: (x - y).std(),), "mean away first"),
        ((lambda x, y: abs(x - y).mean(),), "Laplace"),
        (
            (lambda x, y: np.mean([np.sqrt(mean_square(*one)) for one in zip(x, y, strict=True)]),),
            "the mean comes first",
        ),
    ],
    "7.3": [
        ((lambda x, g, e: attack(x, -g, e),), "goes uphill"),
        ((lambda x, g, e: attack(x, g, e, low=-9, high=9),), "What brings them back"),
        ((lambda x, g, e: attack(x, g, e, low=0),), "begin at -1"),
        ((lambda x, g, e: np.clip(x + e * g, -1, 1),), "in proportion"),
        ((unit_slope,), "at length 1"),
        ((lambda x, g, e: attack(x, g + 1e-9, e),), "without a slope"),
        ((lambda x, g, e: attack(x, g, e) * 0 + e * np.sign(g),), "the change alone"),
    ],
    "7.4": [
        ((lambda m, o: area(m, o, tie=0),), "Ties count nothing"),
        ((lambda m, o: area(m, o, tie=1),), "Ties count as won"),
        ((lambda m, o: area(o, m),), "exchanged"),
        ((lambda m, o: m.mean() - o.mean(),), "difference of the means"),
        ((accuracy,), "accuracy at one threshold"),
    ],
    "7.5": [
        ((take_away,), "that is occlusion"),
        ((lambda value, k: [value(frozenset([part])) - value(frozenset()) for part in range(k)],), "by itself"),
        ((banzhaf,), "Banzhaf"),
        ((in_order,), "one order"),
    ],
}
