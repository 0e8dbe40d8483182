"""Exercise 7.5: Shapley's values from their definition."""

import itertools

import numpy as np

from ganlib.teaching.exercises.answers import compare

ASKS = ("shapley_values(value, k)",)
HINTS = (
    "Let the parts arrive one after the other, and credit each with what its arrival changes. Take all orders.",
    "For each of itertools.permutations(range(k)) grow a frozenset from empty; add value(with part) - value(without) "
    "to the part's share; divide by the number of orders at the end.",
)


def right(value, k):
    shares = np.zeros(k)
    orders = list(itertools.permutations(range(k)))
    for order in orders:
        shares += arrivals(value, order)
    return shares / len(orders)


def arrivals(value, order):
    """What each part's arrival changes, in one order."""
    shares, shown = np.zeros(len(order)), frozenset[int]()
    for part in order:
        shares[part] = value(shown | {part}) - value(shown)
        shown |= {part}
    return shares


def sets_without(part, k):
    rest = [other for other in range(k) if other != part]
    return [frozenset(chosen) for size in range(k) for chosen in itertools.combinations(rest, size)]


def occlusion(value, k):
    every = frozenset(range(k))
    return np.array([value(every) - value(every - {part}) for part in range(k)])


def alone(value, k):
    return np.array([value(frozenset({part})) - value(frozenset()) for part in range(k)])


def equal_sets(value, k):
    return np.array([np.mean([value(s | {part}) - value(s) for s in sets_without(part, k)]) for part in range(k)])


MISTAKES = (
    (occlusion, "You only took each part away from the whole: that is occlusion. What of the other orders?"),
    (alone, "You only showed each part by itself. In most orders others have come before it."),
    (
        equal_sets,
        "Every set counts alike: these are Banzhaf's values. In how many orders does a part meet just this set?",
    ),
    (lambda v, k: (occlusion(v, k) + alone(v, k)) / 2, "First and last place only. The places between count as well."),
    (lambda v, k: arrivals(v, tuple(range(k))), "This is one order, 0, 1, 2, … Take all of them."),
    (lambda v, k: -right(v, k), "The sign is flipped: with the part less without it."),
    (lambda v, k: right(v, k) * np.prod(np.arange(1, k + 1)), "Divide by the number of orders."),
    (
        lambda v, k: right(v, k) + v(frozenset()) / k,
        "The values share out what the whole has beyond the empty set. Yours share out the whole.",
    ),
)


def check(rng, shapley_values):
    def game(k):
        values = {
            frozenset(chosen): rng.normal() for m in range(k + 1) for chosen in itertools.combinations(range(k), m)
        }
        return lambda shown: values[frozenset(int(part) for part in shown)]

    compare(shapley_values, right, [(game(3), 3), (game(4), 4)], MISTAKES)
