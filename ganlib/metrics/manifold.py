"""Precision, recall, density and coverage: whose samples lie near whose."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from numbers import Integral

import numpy as np
from numpy.typing import ArrayLike

from ganlib.metrics.scores import ROUNDING, Score, Table, blocks, pair, squared_distances


@dataclass(frozen=True, repr=False, eq=False)
class Prdc(Table):
    """What `prdc` found.

    Attributes:
        precision: share of the fake samples that are near a real one.
        recall: share of the real samples that are near a fake one.
        density: how many real samples a fake one is near to, over how many it should be; may exceed 1.
        coverage: share of the real samples that have a fake one near.
        k: the neighbours that say what near is.
    """

    precision: Score
    recall: Score
    density: Score
    coverage: Score
    k: int

    def _title(self) -> str:
        return f"among {self.k} nearest neighbours"

    def _rows(self) -> Iterator[tuple[str, Score]]:
        for name in ("precision", "recall", "density", "coverage"):
            yield name, getattr(self, name)


def prdc(real: ArrayLike, fake: ArrayLike, k: int = 5) -> Prdc:
    """Precision and recall (Kynkäänniemi et al. 2019), density and coverage (Naeem et al. 2020).

    Each sample's ball reaches to its k-th nearest neighbour in its own set. Precision: fake samples inside any real
    ball. Recall: real samples inside any fake ball. Density: real balls around a fake sample, on average, over k.
    Coverage: real balls with a fake sample inside. As in Naeem's published code, a point on the rim is outside.

    A perfect sampler's values, for N real and M fake samples:
        density: 1, exactly, for every continuous distribution.
        coverage: 1 - (N-1)…(N-k) / ((N+M-1)…(N+M-k)), exactly: the k nearest of N - 1 + M neighbours are all real.
        precision: the chance that one more sample lies in a ball of the real ones. By leaving one out: the share of the
            real samples that are among the k nearest neighbours of another one. Depends on the distribution.
        recall: the same for M balls instead of N, by leaving one out of min(N, M + 1) real samples.

    Args:
        real, fake: (n, d) features, more than k of each.
        k: 5 is what the papers of Naeem et al. use, 3 that of Kynkäänniemi et al.

    Returns:
        Prdc: four scores. Time grows with n², memory does not.

    Raises:
        ValueError: other shapes, NaN or infinity, a k that is too large.

    >>> print(prdc(features(data.images), features(trainer.sample(1000))))
    """
    real, fake = pair(real, fake)
    if not isinstance(k, Integral) or isinstance(k, bool) or k < 1:
        raise ValueError(f"k must be a positive integer, a number of neighbours; got {k!r}")
    n_real, n_fake = len(real), len(fake)
    if k >= (fewest := min(n_real, n_fake)):
        raise ValueError(f"k={k} neighbours need at least {k + 1} real and fake samples; there are {fewest}")
    middle = real.mean(axis=0)  # the nearer to 0, the more digits are left for differences
    real, fake = real - middle, fake - middle
    real_radius, lone = _neighbours(real, int(k))
    fake_radius, _ = _neighbours(fake, int(k))
    if n_fake + 1 < n_real:
        _, lone_recall = _neighbours(np.random.default_rng(0).permutation(real)[: n_fake + 1], int(k))
    else:
        lone_recall = lone

    precise, recalled = np.zeros(n_fake, bool), np.zeros(n_real, bool)
    covered, inside = np.zeros(n_real, bool), 0
    for part in blocks(n_real, n_fake):
        distance = squared_distances(real[part], fake)
        in_real = distance < real_radius[part, None]
        precise |= in_real.any(axis=0)
        covered[part] = in_real.any(axis=1)
        inside += np.count_nonzero(in_real)
        recalled[part] = (distance < fake_radius).any(axis=1)
    steps = np.arange(1, k + 1)
    return Prdc(
        precision=Score(precise.mean(), lone),
        recall=Score(recalled.mean(), lone_recall),
        density=Score(inside / (k * n_fake), 1),
        coverage=Score(covered.mean(), 1 - np.prod((n_real - steps) / (n_real + n_fake - steps))),
        k=int(k),
    )


def _neighbours(x: np.ndarray, k: int) -> tuple[np.ndarray, float]:
    """Squared distance of each to its k-th nearest other; the share that are among those k of any other."""
    radius, chosen, squares = np.empty(len(x)), np.zeros(len(x), bool), (x**2).sum(axis=1)
    for part in blocks(len(x), len(x)):
        distance = squared_distances(x[part], x)
        rows = np.arange(len(distance))
        distance[rows, part.start + rows] = np.inf  # not itself
        nearest = np.argpartition(distance, k - 1, axis=1)[:, :k]
        last = nearest[:, k - 1]
        # What lies on the border is outside: rounding, which differs between two products, must not let it in.
        radius[part] = distance[rows, last] - ROUNDING * (squares[part] + squares[last])
        chosen[nearest] = True
    return radius, float(chosen.mean())
