"""Mode coverage: the score of points that should follow a mixture of Gaussians."""

from __future__ import annotations

from dataclasses import dataclass
from numbers import Real

import numpy as np
from numpy.typing import ArrayLike
from scipy.spatial.distance import cdist, pdist

from ganlib.metrics.scores import Score, Table, divergence_score, matrix


@dataclass(frozen=True, repr=False, eq=False)
class ModeCoverage(Table):
    """What `mode_coverage` found."""

    modes: Score  #: how many modes own at least one good sample
    good_percent: Score  #: share of the samples that are good, in percent
    reverse_kl: Score  #: divergence of the good samples' shares per mode from equal shares, in nats
    std_ratio: Score  #: spread of the good samples within their modes, over the spread that it should be
    counts: np.ndarray  #: (k,) good samples of each mode
    n: int  #: how many samples were looked at

    def _table(self) -> tuple[str, dict[str, Score]]:
        return f"mode coverage of {self.n} samples", {
            f"modes, of {len(self.counts)}": self.modes,
            "good samples, %": self.good_percent,
            "reverse KL": self.reverse_kl,
            "std ratio": self.std_ratio,
        }


@np.errstate(under="ignore")  # as in divergence_score
def mode_coverage(samples: ArrayLike, centers: ArrayLike, std: float) -> ModeCoverage:
    """Which modes of a mixture of equal round Gaussians do the samples reach, how precisely and how evenly?

    The protocol of PacGAN (Lin et al. 2018, section 4.1): a sample is good if it lies within 3 `std` of the nearest
    centre; a mode counts if it owns at least one good sample; the reverse KL is KL(h ‖ uniform), h the good samples'
    shares per mode. `std_ratio` stands beside them because samples that are too narrow look better than perfect.

    A perfect sampler's values, for n samples, k modes and m = n (1 - e^(-9/2)) good samples:
        modes: k (1 - (1 - m/(n k))^n), all that are expected to be hit.
        good_percent: 100 (1 - e^(-9/2)) = 98.9, since squared distances are exponential.
        reverse_kl: the exact expectation over multinomial counts; (k - 1) / (2 n) when n is large.
        std_ratio: 1. It is s / (std √c), s² the variance of the good samples about their own modes' means, unbiased,
            and c = 1 - (9/2) / (e^(9/2) - 1) = 0.949, since those beyond 3 std are cut off.
    They suppose centres more than 6 std apart. Without any good sample reverse_kl is infinite; std_ratio is NaN while
    no mode has two of them.

    Samples and centres are (n, 2) and (k, 2), all centres different; std is of each coordinate within a mode, above 0.

    >>> data = ganlib.data.load("ring", n=2500)
    >>> print(mode_coverage(data.points, data.centers, data.std))
    """
    samples, centers = matrix("samples", samples), matrix("centers", centers)
    for name, array in (("samples", samples), ("centers", centers)):
        if array.shape[1] != 2:
            raise ValueError(f"{name} must be points in the plane, (n, 2), not {array.shape}")
    if not isinstance(std, Real) or not 0 < std < np.inf:
        raise ValueError(f"std must be a positive number, the standard deviation within each mode; got {std!r}")
    if pdist(centers).min(initial=np.inf) < 1e-3 * std:
        hint = "the ends of linspace(0, 2π, k) meet on a circle: use 2π · arange(k) / k"
        raise ValueError(f"some of the {len(centers)} centers are the same; {hint}")
    n, k = len(samples), len(centers)
    distance = cdist(samples, centers)
    good = distance.min(axis=1) <= 3 * std
    own, points = distance.argmin(axis=1)[good], samples[good]
    counts = np.bincount(own, minlength=k)
    found, m = np.count_nonzero(counts), len(points)

    reach = 1 - np.exp(-4.5)  # a perfect sample's chance to be good
    inside = 1 - 4.5 / np.expm1(4.5)  # its variance then, over that of all
    ratio = np.nan
    if m > found:
        sums = np.stack([np.bincount(own, points[:, axis], k) for axis in (0, 1)], axis=1)
        offsets = points - (sums / np.maximum(counts, 1)[:, None])[own]
        ratio = np.sqrt((offsets**2).sum() / (2 * (m - found) * inside)) / std

    expected = n * reach
    missed, both_missed = (1 - reach / k) ** n, max(0, 1 - 2 * reach / k) ** n
    modes_spread = np.sqrt(max(0, k * missed + k * (k - 1) * both_missed - (k * missed) ** 2)).round(6)
    # Variance of r²/2 for a good sample: an exponential cut off at 4.5.
    quartic = 1 - 4.5**2 * np.exp(-4.5) / reach**2
    freedom = expected - k * (1 - missed)  # each mode's mean takes one
    return ModeCoverage(
        modes=Score(found, k * (1 - missed), modes_spread),
        good_percent=Score(100 * m / n, 100 * reach, 100 * np.sqrt(reach * (1 - reach) / n)),
        reverse_kl=divergence_score(counts, np.full(k, 1 / k), max(1, round(expected))),
        std_ratio=Score(ratio, 1, np.sqrt(quartic / freedom) / (2 * inside) if freedom > 1 else None),
        counts=counts,
        n=n,
    )
