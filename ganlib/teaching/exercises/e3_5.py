"""Exercise 3.5: the chance that a harmless change wins or loses all pairs."""

import math

from scipy.stats import binomtest

from ganlib.teaching.exercises.answers import compare

ASKS = ("chance(n)", "pairs(changes, level)")
HINTS = (
    "All lost is one outcome of 2ⁿ, all won another. Of many changes at once any one may do it.",
    "chance(n) is 2 · 2⁻ⁿ. `pairs` counts n up until changes · chance(n) is below the level.",
)
CHANCE = (
    (lambda n: 0.5**n, "That is the chance to lose all of them. To win all would count as well."),
    (lambda n: 0.25**n, "Won all *and* lost all? It is one or the other: do the two chances multiply, or add?"),
    (lambda n: 1 - 2 * 0.5**n, "That is the chance of a mixed result. Won all or lost all is the opposite."),
    (lambda n: 1 - 0.5**n, "That is the chance of not losing all. Lost all or won all is asked for."),
    (lambda n: n * 0.5**n, "You counted the ways to lose (or win) just one pair. In how many ways can all be lost?"),
    (lambda n: 1 / n, "Each pair is a toss of a coin of its own. What is the chance of n heads?"),
)


def least(changes, level):
    """The smallest n by trying."""
    return next(n for n in range(1, 1000) if changes * 2 * 0.5**n < level)


PAIRS = (
    (lambda m, level: least(1, level), "That is enough for one change. Any of them may win or lose all."),
    (
        lambda m, level: least(m, level) - 1,
        "One too few: is the chance below the level there already, of losing all *or* winning all?",
    ),
    (lambda m, level: least(m, level) + 1, "One too many: is the n before it not below the level already?"),
    (lambda m, level: math.log2(2 * m / level), "Pairs come whole. Which way must you round, to be below the level?"),
    (lambda m, level: least(1, level * m), "You multiplied the level by the changes. More changes want more pairs."),
)


def check(rng, chance, pairs):
    compare(chance, lambda n: binomtest(n, n).pvalue, [(n,) for n in (10, 1, 2, 5, 14)], CHANCE, rtol=1e-6, atol=0)
    cases = [(19, 0.05), (1, 0.05)]
    while len(cases) < 5:
        changes, level = int(rng.integers(2, 100)), float(rng.uniform(0.001, 0.1))
        # 1 - (1 - chance)ᵐ is the exact form of m · chance; both are right answers, where both say the same.
        exact = next(n for n in range(1, 1000) if 1 - (1 - 2 * 0.5**n) ** changes < level)
        if exact == least(changes, level):
            cases.append((changes, level))
    compare(pairs, least, cases, PAIRS, rtol=0)
