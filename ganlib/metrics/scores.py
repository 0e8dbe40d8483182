"""What every metric returns and needs: a number beside a perfect sampler's, and the checks of what is compared."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import gammaln, xlogy

from ganlib import arguments

_ENTRIES = 1 << 22  # of the largest temporary matrix of distances: 32 MiB
ROUNDING = 1e-13  # of a squared distance, as a share of both squared norms; more than the products leave


class Score(float):
    """A measured number that also knows what a perfect sampler would get at the same sample sizes.

    It is a float, and `value` a plain one. A perfect sampler gets `perfect` on average, with the standard deviation
    `spread`, None where that is not known.

    >>> Score(0.5, perfect=0.25, spread=0.125)
    0.5 (perfect sampler: 0.25 ± 0.12)
    """

    perfect: float
    spread: float | None
    value = property(float)

    def __new__(cls, value: float, perfect: float, spread: float | None = None) -> Score:
        self = super().__new__(cls, value)
        self.perfect = float(perfect)
        self.spread = None if spread is None else float(spread)
        return self

    def __reduce__(self) -> tuple[type[Score], tuple[float, float, float | None]]:  # so that it can be copied
        return Score, (self.value, self.perfect, self.spread)

    def __repr__(self) -> str:
        return f"{self.value:.4g} (perfect sampler: {self._perfect()})"

    def _perfect(self) -> str:
        return f"{self.perfect:.4g}" + ("" if self.spread is None else f" ± {self.spread:.2g}")


class Table:
    """Results that print as a table: a line a score, the measured value and a perfect sampler's."""

    def _table(self) -> tuple[str, dict[str, Score]]:
        """The title, and the scores by their labels."""
        raise NotImplementedError

    def __repr__(self) -> str:
        title, scores = self._table()
        rows = [(title, "measured", "perfect sampler")]
        rows += [(f"  {label}", f"{score.value:.4g}", score._perfect()) for label, score in scores.items()]
        first, second = (max(len(row[column]) for row in rows) for column in (0, 1))
        return "\n".join(f"{a:<{first}}  {b:>{second}}  {c}" for a, b, c in rows)


# A class that should not be there makes it infinite; a chance too small for a number is 0. NumPy may raise on neither.
@np.errstate(divide="ignore", under="ignore")
def divergence_score(counts: np.ndarray, shares: np.ndarray, n: int) -> Score:
    """KL(counts / total ‖ shares) in nats, beside its expectation for n independent samples from the shares.

    It is infinite if there is nothing to count. The counts of a perfect sampler are binomial, so that the expectation
    is a sum over each count's distribution. Its spread is that of the chi-squared distribution which 2 n KL has when n
    """
    measured = counts / max(1, counts.sum())
    value = max(0.0, float((xlogy(measured, measured) - xlogy(measured, shares)).sum())) if counts.any() else np.inf
    count = np.arange(n + 1)
    log_choose = gammaln(n + 1) - gammaln(count + 1) - gammaln(n - count + 1)
    expected = 0.0
    for share, times in zip(*np.unique(shares[shares > 0], return_counts=True), strict=True):
        chance = np.exp(log_choose + xlogy(count, share) + xlogy(n - count, 1 - share))
        expected += times * float(chance @ xlogy(count / n, count / (n * share)))
    freedom = np.count_nonzero(shares) - 1
    return Score(value, max(0.0, expected), np.sqrt(freedom / 2) / n)


def matrix(name: str, array: ArrayLike) -> np.ndarray:
    """(n, d) float64, or an error that says what to do."""
    x = arguments.array(name, array)
    if x.ndim != 2 or 0 in x.shape:
        hint = "; ganlib.metrics.features(images) makes them from images" if x.ndim > 2 else ""
        raise ValueError(f"{name} must have shape (n, d), with at least one of each, not {x.shape}{hint}")
    if not np.isfinite(x).all():
        rows = np.count_nonzero(~np.isfinite(x).all(axis=1))
        raise ValueError(f"{name} contain NaN or infinity in {rows} of {len(x)} rows: has the training diverged?")
    return x.astype(np.float64)


def pair(real: ArrayLike, fake: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
    """Two sets of features of the same number, at least two samples of each."""
    one, two = matrix("real", real), matrix("fake", fake)
    if one.shape[1] != two.shape[1]:
        raise ValueError(f"real and fake must have the same number of features, not {one.shape[1]} and {two.shape[1]}")
    if min(len(one), len(two)) < 2:
        raise ValueError(f"{'real' if len(one) < 2 else 'fake'} must hold at least 2 samples; there is 1")
    return one, two


def squared_distances(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """|x|² + |y|² - 2 x·y; what only rounding keeps from 0 is 0, so that copies are copies."""
    norms = (x**2).sum(axis=1)[:, None] + (y**2).sum(axis=1)
    distance = norms - 2 * (x @ y.T)
    distance[distance < ROUNDING * norms] = 0
    return distance


def blocks(rows: int, columns: int) -> Iterator[slice]:
    """Slices of the rows, such that one of them by all columns is a matrix of bounded size."""
    step = max(1, _ENTRIES // columns)
    return (slice(start, min(start + step, rows)) for start in range(0, rows, step))
