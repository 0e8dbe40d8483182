"""Exercise 3.5: a sign test of paired runs, and how many pairs many changes need."""

import math

from scipy.stats import binom, binomtest

from ganlib.teaching.exercises.answers import compare

ASKS = ("p_value(lost, n)", "pairs(changes, level)")
HINTS = (
    "If the change does nothing, the lost pairs are heads of n fair coins. What is as far from n / 2 as what was seen, "
    "or further, on either side?",
    "p_value adds up C(n, k) / 2ⁿ for k from 0 to min(lost, n - lost), doubles the sum, and is at most 1. `pairs` "
    "counts n up until changes · p_value(n, n) is below the level.",
)


def tail(lost, n):
    """The chance of the rarer side, what was seen included."""
    return binom.cdf(min(lost, n - lost), n, 0.5)


P_VALUE = (
    (tail, "That is one side. A change that wins as many pairs as this one loses would have been as surprising."),
    (
        lambda lost, n: 2 * tail(lost, n),
        "A chance above 1? Of an even number of pairs half lost is counted on both sides.",
    ),
    (
        lambda lost, n: binom.cdf(lost, n, 0.5),
        "You counted everything up to what was lost: for many losses that is nearly 1.",
    ),
    (lambda lost, n: binom.sf(lost - 1, n, 0.5), "That is one side, and for few losses it is nearly 1."),
    (
        lambda lost, n: binom.pmf(lost, n, 0.5),
        "That is the chance of exactly this. Results still further out count too.",
    ),
    (
        lambda lost, n: min(1, 2 * binom.pmf(lost, n, 0.5)),
        "You doubled the chance of exactly this. Results still further out count too.",
    ),
    (
        lambda lost, n: min(1, 2 * binom.cdf(min(lost, n - lost) - 1, n, 0.5)),
        "What was seen itself must be counted, and not only what lies further out.",
    ),
    (lambda lost, n: min(1, 2 * 0.5**n), "That is right where all pairs are lost. There are other results."),
    (lambda lost, n: lost / n, "That is the share of lost pairs, not the chance of it."),
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


def check(rng, p_value, pairs):
    seen = [(9, 10), (10, 10), (5, 10), (1, 8), (3, 7), (0, 5), (4, 12)]
    compare(p_value, lambda lost, n: binomtest(lost, n).pvalue, seen, P_VALUE, rtol=1e-6, atol=0)
    cases = [(19, 0.05), (1, 0.05)]
    while len(cases) < 5:
        changes, level = int(rng.integers(2, 100)), float(rng.uniform(0.001, 0.1))
        # 1 - (1 - chance)ᵐ is the exact form of m · chance; both are right answers, where both say the same.
        exact = next(n for n in range(1, 1000) if 1 - (1 - 2 * 0.5**n) ** changes < level)
        if exact == least(changes, level):
            cases.append((changes, level))
    compare(pairs, least, cases, PAIRS, rtol=0)
