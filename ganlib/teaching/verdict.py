"""Which method is better, said from several measures at once, with effect sizes and for as many tests as are made.

    runs = {"GAN": {"modes": [8, 7, …], "reverse_kl": […], "good_percent": […]}, "R1": {…}, …}     # one value a seed
    for method, effects in verdict.compare(runs, plain="GAN").items():
        print(method, verdict.decide(effects), effects["modes"])

The share of good samples rises when a generator gives up modes, so it never decides alone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike
from scipy.stats import mannwhitneyu, norm

HIGHER = ("modes", "good_percent", "coverage")  # is better; of every other measure it is the lower
NEVER_ALONE = "good_percent"


class Effect(NamedTuple):
    """By how much one measure of a method differs from the plain one's."""

    shift: float  # the median of all differences between a run of one and a run of the other (Hodges & Lehmann 1963)
    low: float  # and its interval, of 95 percent by itself
    high: float
    superiority: float  # the chance that a run of the one lies above a run of the other, ties counted half
    p: float  # of the rank test of Mann and Whitney; from `compare`, after Holm's correction


def effect(found: ArrayLike, plain: ArrayLike) -> Effect:
    """How the values of one method differ from those of another, each one value a seed.

    The interval holds the shifts that the rank test at 5 percent does not refuse, by its normal approximation.

    >>> effect([8, 8, 8, 8], [2, 3, 3, 4]).shift
    5.0
    """
    a, b = (np.asarray(values, dtype=np.float64) for values in (found, plain))
    n, m = len(a), len(b)
    differences = np.sort((a[:, None] - b[None]).ravel())
    half_width = norm.ppf(0.975) * np.sqrt(n * m * (n + m + 1) / 12)
    out = max(0, int(n * m / 2 - half_width - 0.5))  # so many differences lie beyond either end of the interval
    shift, low, high = np.median(differences), differences[out], differences[-1 - out]
    both = np.concatenate([a, b])
    if np.ptp(both) == 0:
        return Effect(0.0, 0.0, 0.0, 0.5, 1.0)
    test = mannwhitneyu(a, b, method="exact" if len(np.unique(both)) == n + m else "asymptotic")
    return Effect(*map(float, (shift, low, high, test.statistic / (n * m), test.pvalue)))


def holm(pvalues: Sequence[float]) -> list[float]:
    """The p values of so many tests, such that at any level the chance of one false alarm or more is that level.

    That is Holm's correction (1979): of k the smallest times k, the next times k - 1, …, and none below one before it.
    """
    order = np.argsort(pvalues, kind="stable")
    raised = np.maximum.accumulate(np.asarray(pvalues)[order] * np.arange(len(order), 0, -1))
    corrected = np.empty(len(order))
    corrected[order] = np.minimum(raised, 1)
    return corrected.tolist()


def compare(runs: Mapping[Any, Mapping[str, ArrayLike]], plain: Any) -> dict[Any, dict[str, Effect]]:
    """The effects of every method on every measure against the plain method, corrected for all of these tests.

    `runs` are of each method the values of each measure, one a seed; a name may be a pair of method and data set.
    `plain` names the plain method, or, where there are several data sets, for each name that of its own.
    """
    plains = plain if isinstance(plain, Mapping) else dict.fromkeys(runs, plain)
    tests = [
        (name, measure, effect(values, runs[plains[name]][measure]))
        for name, measures in runs.items()
        if name != plains[name]
        for measure, values in measures.items()
    ]
    found: dict[Any, dict[str, Effect]] = {}
    for (name, measure, one), p in zip(tests, holm([one.p for *_, one in tests]), strict=True):
        found.setdefault(name, {})[measure] = one._replace(p=p)
    return found


def decide(effects: Mapping[str, Effect], level: float = 0.05) -> str:
    """One verdict from all measures: "better", "worse", "mixed", "no difference", or what good samples alone say.

    "better": a measure of the modes, or of the whole distribution, is better and no measure worse. "worse": one of them
    is worse, whatever the share of good samples says. Where nothing but that share differs it is "only sharper" or
    "only blurrier"; "mixed" is everything between.
    """
    signs = {}
    for measure, one in effects.items():
        above = int(np.sign(one.superiority - 0.5)) if one.p < level else 0
        signs[measure] = above if measure in HIGHER else -above
    sharper = signs.pop(NEVER_ALONE, 0)
    better, worse = 1 in signs.values(), -1 in signs.values()
    if better and (worse or sharper < 0):
        return "mixed"
    if better or worse:
        return "better" if better else "worse"
    return {1: "only sharper", 0: "no difference", -1: "only blurrier"}[sharper]


def by_seed(rows: Sequence[Mapping[str, Any]], measure: str, absent: float = np.nan) -> np.ndarray:
    """One value a seed from a ledger's rows: the mean of both frameworks, whose runs start from the same weights.

    The rows are of one method, as `ganlib.ledger.Ledger.select` gives them; `measure` is the name of the result,
    `absent` what stands where a run has no value, such as a reverse KL without a single good sample.
    """
    seeds: dict[int, list[float]] = {}
    for row in rows:
        value = row["result"][measure]
        seeds.setdefault(row["key"]["seed"], []).append(absent if value is None else value)
    return np.array([np.mean(values) for values in seeds.values()])
