"""How good are the samples? Mode coverage, Fréchet and kernel distance, precision, recall, classes, checkerboards.

All in NumPy and on NumPy arrays, so that generators from either framework get the same score. Every number is
a `Score`: a float that also knows the value of a perfect sampler, one that draws from the data's own
distribution, at the same sample sizes. That value is rarely 0 or 1, and what matters is how far the measured
one is from it.

    from ganlib import metrics
    print(metrics.evaluate(data.images, images))                        # images of digits, every metric
    print(metrics.mode_coverage(points, data.centers, data.std))        # points: ring and grid
    real, fake = metrics.features(data.images), metrics.features(images)
    print(metrics.frechet_distance(real, fake))                         # one metric, on any features
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from numbers import Integral, Real

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import gammaln, xlogy

from ganlib import arguments
from ganlib.features import about, classify, features

__all__ = [
    "ClassHistogram",
    "Evaluation",
    "ModeCoverage",
    "Prdc",
    "Score",
    "about",
    "checkerboard",
    "class_histogram",
    "classify",
    "evaluate",
    "features",
    "frechet_distance",
    "kernel_distance",
    "mode_coverage",
    "prdc",
]

_ENTRIES = 1 << 22  # of the largest temporary matrix of distances: 32 MiB
_ROUNDING = 1e-13  # of a squared distance, as a share of both squared norms; more than the products leave


class Score(float):
    """A measured number that also knows what a perfect sampler would get at the same sample sizes.

    It is a float: compare it, average it, format it. Printed alone it shows both values.

    Attributes:
        value: the measured number, as a plain float.
        perfect: what a perfect sampler gets on average.
        spread: the standard deviation of a perfect sampler's scores, or None where it is not known.

    >>> Score(0.5, perfect=0.25, spread=0.125)
    0.5 (perfect sampler: 0.25 ± 0.12)
    """

    perfect: float
    spread: float | None

    def __new__(cls, value: float, perfect: float, spread: float | None = None) -> Score:
        self = super().__new__(cls, value)
        self.perfect = float(perfect)
        self.spread = None if spread is None else float(spread)
        return self

    @property
    def value(self) -> float:
        """The measured number, as a plain float."""
        return float(self)

    def __reduce__(self) -> tuple[type[Score], tuple[float, float, float | None]]:  # so that it can be copied
        return Score, (self.value, self.perfect, self.spread)

    def __repr__(self) -> str:
        return f"{self.value:.4g} (perfect sampler: {self._perfect()})"

    __str__ = __repr__

    def _perfect(self) -> str:
        return f"{self.perfect:.4g}" + (f" ± {self.spread:.2g}" if self.spread is not None else "")


class _Table:
    """Results that print as a table: a line a score, the measured value and a perfect sampler's."""

    def _title(self) -> str:
        raise NotImplementedError

    def _rows(self) -> Iterator[tuple[str, Score]]:
        raise NotImplementedError

    def __str__(self) -> str:
        rows = [(self._title(), "measured", "perfect sampler")]
        rows += [(f"  {label}", f"{score.value:.4g}", score._perfect()) for label, score in self._rows()]
        first, second = (max(len(row[column]) for row in rows) for column in (0, 1))
        return "\n".join(f"{a:<{first}}  {b:>{second}}  {c}" for a, b, c in rows)

    __repr__ = __str__


# ---- mixtures of points ------------------------------------------------------------------------------------


@dataclass(frozen=True, repr=False, eq=False)
class ModeCoverage(_Table):
    """What `mode_coverage` found.

    Attributes:
        modes: how many modes own at least one good sample.
        good_percent: share of the samples that are good, in percent.
        reverse_kl: divergence of the good samples' shares per mode from equal shares, in nats.
        std_ratio: spread of the good samples within their modes, over the spread that it should be.
        counts: (k,) good samples of each mode.
        n: how many samples were looked at.
    """

    modes: Score
    good_percent: Score
    reverse_kl: Score
    std_ratio: Score
    counts: np.ndarray
    n: int

    def _title(self) -> str:
        return f"mode coverage of {self.n} samples"

    def _rows(self) -> Iterator[tuple[str, Score]]:
        yield f"modes, of {len(self.counts)}", self.modes
        yield "good samples, %", self.good_percent
        yield "reverse KL", self.reverse_kl
        yield "std ratio", self.std_ratio


def mode_coverage(samples: ArrayLike, centers: ArrayLike, std: float) -> ModeCoverage:
    """Which modes of a mixture of equal round Gaussians do the samples reach, how precisely and how evenly?

    The protocol of PacGAN (Lin et al. 2018, section 4.1): a sample is good if it lies within 3 `std` of the
    nearest centre; a mode counts if it owns at least one good sample; the reverse KL is KL(h ‖ uniform), h
    the good samples' shares per mode. `std_ratio` stands beside them because samples that are too narrow look
    better than perfect.

    A perfect sampler's values, for n samples, k modes and m = n (1 - e^(-9/2)) good samples:
        modes: k (1 - (1 - m/(n k))^n), all that are expected to be hit.
        good_percent: 100 (1 - e^(-9/2)) = 98.9, since squared distances are exponential.
        reverse_kl: the exact expectation over multinomial counts; (k - 1) / (2 n) when n is large.
        std_ratio: 1. The samples beyond 3 std are cut off, which makes the others narrower: the variance of a
            coordinate of a good sample is c std² with c = 1 - (9/2) / (e^(9/2) - 1) = 0.949. So the ratio is
            s / (std √c), s² the variance of the good samples about their own modes' means, unbiased.
    They suppose that the centres are further than 6 std from one another.

    Without any good sample modes and good_percent are 0, reverse_kl is infinite, and std_ratio is NaN; it is
    also NaN while no mode has two good samples.

    Args:
        samples: (n, 2) finite numbers.
        centers: (k, 2), all different.
        std: of each coordinate within a mode, positive.

    Raises:
        ValueError: for anything else.

    >>> data = ganlib.data.load("ring", n=2500)
    >>> print(mode_coverage(data.points, data.centers, data.std))
    """
    samples, centers = _matrix("samples", samples), _matrix("centers", centers)
    for name, array in (("samples", samples), ("centers", centers)):
        if array.shape[1] != 2:
            raise ValueError(f"{name} must be points in the plane, (n, 2), not {array.shape}")
    if not isinstance(std, Real) or not 0 < std < np.inf:
        raise ValueError(f"std must be a positive number, the standard deviation within each mode; got {std!r}")
    apart = _squared_distances(centers, centers)
    if apart[~np.eye(len(centers), dtype=bool)].min(initial=np.inf) < (1e-3 * std) ** 2:
        raise ValueError(
            f"some of the {len(centers)} centers are the same; on a circle that happens with "
            "linspace(0, 2π, k), whose ends meet: use 2π · arange(k) / k"
        )
    n, k = len(samples), len(centers)
    nearest, distance = np.empty(n, np.int64), np.empty(n)
    for part in _blocks(n, k):
        squared = ((samples[part, None] - centers) ** 2).sum(axis=2)
        nearest[part], distance[part] = squared.argmin(axis=1), np.sqrt(squared.min(axis=1))
    good = distance <= 3 * std
    own, points = nearest[good], samples[good]
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
        reverse_kl=_divergence_score(counts, np.full(k, 1 / k), max(1, round(expected))),
        std_ratio=Score(ratio, 1, np.sqrt(quartic / freedom) / (2 * inside) if freedom > 1 else None),
        counts=counts,
        n=n,
    )


def _divergence(counts: np.ndarray, shares: np.ndarray) -> float:
    """KL(counts / total ‖ shares) in nats; infinite if there is nothing to count."""
    if not counts.sum():
        return np.inf
    measured = counts / counts.sum()
    with np.errstate(divide="ignore"):  # a class that should not be there: infinite
        return max(0.0, float((xlogy(measured, measured) - xlogy(measured, shares)).sum()))


def _divergence_score(counts: np.ndarray, shares: np.ndarray, n: int) -> Score:
    """The divergence of the counts, beside its expectation for n independent samples from the shares.

    The counts of a perfect sampler are binomial, so that the expectation is a sum over each count's
    distribution. Its spread is that of the chi-squared distribution which 2 n KL has when n is large (Wilks
    1938).
    """
    count = np.arange(n + 1)
    log_choose = gammaln(n + 1) - gammaln(count + 1) - gammaln(n - count + 1)
    expected = 0.0
    for share, times in zip(*np.unique(shares[shares > 0], return_counts=True), strict=True):
        chance = np.exp(log_choose + xlogy(count, share) + xlogy(n - count, 1 - share))
        expected += times * float(chance @ xlogy(count / n, count / (n * share)))
    freedom = np.count_nonzero(shares) - 1
    return Score(_divergence(counts, shares), max(0.0, expected), np.sqrt(freedom / 2) / n)


# ---- distances between sets of features --------------------------------------------------------------------


def frechet_distance(real: ArrayLike, fake: ArrayLike) -> Score:
    """Fréchet distance: the squared 2-Wasserstein distance of the Gaussians that fit the two sets.

    |μ_r - μ_f|² + tr(C_r + C_f - 2 (C_r^½ C_f C_r^½)^½), Dowson and Landau 1982; on features of generated
    images Heusel et al. 2017. With triangular factors C = Rᵀ R, from a QR decomposition of the centred
    features, the last trace is the sum of the singular values of R_r R_fᵀ: no covariance is formed, no square
    root taken of a matrix that rounding has made indefinite, and sets smaller than the dimension work.

    The perfect sampler's value is not 0: two finite samples of one distribution differ. Expanded to first
    order in 1/n it is (1/n_r + 1/n_f) E h(x, x), and its standard deviation (1/n_r + 1/n_f) √(2 E h(x, x')²),
    where

        h(x, x') = Σ_i z_i z'_i + ½ Σ_ij (z_i z_j - C_ij) (z'_i z'_j - C_ij) / (λ_i + λ_j)

    on the centred features z in the axes of the covariance, λ its eigenvalues: the first sum is what the
    means contribute, the second the covariances. E is the average over the real features, whatever their
    distribution. With less than ten samples per dimension it is some per cent too small, a tenth for
    heavy-tailed features.

    Args:
        real, fake: (n, d) features; the two n may differ, d not. At least 2 of each.

    Returns:
        Score: at least 0, in squared units of the features; a biased estimate, so compare at equal sample
            sizes.

    Raises:
        ValueError: other shapes, NaN or infinity.

    >>> frechet_distance(features(data.images), features(trainer.sample(1000)))
    """
    real, fake = _pair(real, fake)
    means, factors = zip(*map(_moments, (real, fake)), strict=True)
    cross = np.linalg.svd(factors[0] @ factors[1].T, compute_uv=False).sum()
    value = ((means[0] - means[1]) ** 2).sum() + sum((factor**2).sum() for factor in factors) - 2 * cross
    return Score(max(0.0, value), *_frechet_of_perfect(real, len(fake)))


def _moments(x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The mean and a matrix R with Rᵀ R = covariance (unbiased)."""
    mean = x.mean(axis=0)
    return mean, np.asarray(np.linalg.qr((x - mean) / np.sqrt(len(x) - 1), mode="r"))


def _frechet_of_perfect(real: np.ndarray, n_fake: int) -> tuple[float, float]:
    """Mean and standard deviation, by the expansion in the docstring of `frechet_distance`."""
    centred = real - real.mean(axis=0)
    eigenvalues, axes = np.linalg.eigh(centred.T @ centred / (len(real) - 1))
    used = eigenvalues > 1e-12 * eigenvalues[-1]  # no variance, no contribution
    eigenvalues, z = eigenvalues[used], centred @ axes[:, used]
    weights = 1 / (eigenvalues[:, None] + eigenvalues)
    rest = 0.5 * eigenvalues.sum()

    def h(one: np.ndarray, other: np.ndarray) -> np.ndarray:
        both = one * other
        # Multiplied out: the terms with C_ij vanish except on the diagonal.
        covariances = ((both @ weights) * both).sum(1) - 0.5 * ((one**2 + other**2).sum(1)) + rest
        return both.sum(1) + 0.5 * covariances

    scale = 1 / len(real) + 1 / n_fake
    # Pairs of different samples, in an order that is not the data's.
    shuffled = z[np.random.default_rng(0).permutation(len(z))]
    pairs = h(shuffled, np.roll(shuffled, 1, axis=0))
    return scale * float(h(z, z).mean()), scale * float(np.sqrt(2 * (pairs**2).mean()))


def kernel_distance(real: ArrayLike, fake: ArrayLike) -> Score:
    """Kernel distance ("KID"): the squared maximum mean discrepancy with the kernel (x·y / d + 1)³.

    E k(x, x') + E k(y, y') - 2 E k(x, y), Bińkowski et al. 2018; averaged over all pairs of different samples
    at once (the unbiased estimate of Gretton et al. 2012, lemma 6) and not over random blocks, so that it is
    the same every time. Time and not memory grows with n²: seconds for 10,000 samples.

    A perfect sampler gets 0 on average, so it is often below. Its standard deviation is that of any such
    average over pairs, √(2 V (1/(n_r (n_r - 1)) + 1/(n_f (n_f - 1)) + 2/(n_r n_f))), V the mean square of the
    kernel after centring, here over the pairs of at most 2,000 real samples.

    Args:
        real, fake: (n, d) features; the two n may differ, d not. At least 2 of each.

    Returns:
        Score: unbiased, and therefore sometimes below 0. Often quoted times 1,000.

    Raises:
        ValueError: other shapes, NaN or infinity.

    >>> kernel_distance(features(data.images), features(trainer.sample(1000)))
    """
    real, fake = _pair(real, fake)
    n_real, n_fake = len(real), len(fake)
    within = _kernel_sum(real, real, diagonal=False) / (n_real * (n_real - 1))
    within += _kernel_sum(fake, fake, diagonal=False) / (n_fake * (n_fake - 1))
    value = within - 2 * _kernel_sum(real, fake) / (n_real * n_fake)

    some = np.random.default_rng(0).permutation(real)[:2000]
    kernel = _kernel(some, some)
    kernel -= kernel.mean(axis=0)
    kernel -= kernel.mean(axis=1, keepdims=True)
    np.fill_diagonal(kernel, 0)
    variance = (kernel**2).sum() / (len(some) * (len(some) - 1))
    pairs = 1 / (n_real * (n_real - 1)) + 1 / (n_fake * (n_fake - 1)) + 2 / (n_real * n_fake)
    return Score(value, 0, np.sqrt(2 * variance * pairs))


def _kernel(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    base = x @ y.T / x.shape[1] + 1
    return base * base * base  # many times faster than a power


def _kernel_sum(x: np.ndarray, y: np.ndarray, diagonal: bool = True) -> float:
    total = sum(float(_kernel(x[part], y).sum()) for part in _blocks(len(x), len(y)))
    return total if diagonal else total - float((((x**2).sum(axis=1) / x.shape[1] + 1) ** 3).sum())


# ---- precision, recall, density, coverage ------------------------------------------------------------------


@dataclass(frozen=True, repr=False, eq=False)
class Prdc(_Table):
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

    Each sample's ball reaches to its k-th nearest neighbour in its own set. Precision: fake samples inside
    any real ball. Recall: real samples inside any fake ball. Density: real balls around a fake sample, on
    average, over k. Coverage: real balls with a fake sample inside. As in Naeem's published code, a point on
    the rim is outside.

    A perfect sampler's values, for N real and M fake samples:
        density: 1, exactly, for every continuous distribution.
        coverage: 1 - (N-1)…(N-k) / ((N+M-1)…(N+M-k)), exactly: the k nearest of N - 1 + M neighbours are all
            real.
        precision: the chance that one more sample lies in a ball of the real ones. By leaving one out: the
            share of the real samples that are among the k nearest neighbours of another one. Depends on the
            distribution.
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
    real, fake = _pair(real, fake)
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
    for part in _blocks(n_real, n_fake):
        distance = _squared_distances(real[part], fake)
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
    for part in _blocks(len(x), len(x)):
        distance = _squared_distances(x[part], x)
        rows = np.arange(len(distance))
        distance[rows, part.start + rows] = np.inf  # not itself
        nearest = np.argpartition(distance, k - 1, axis=1)[:, :k]
        last = nearest[:, k - 1]
        # What lies on the border is outside: rounding, which differs between two products, must not let it in.
        radius[part] = distance[rows, last] - _ROUNDING * (squares[part] + squares[last])
        chosen[nearest] = True
    return radius, float(chosen.mean())


def _squared_distances(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """|x|² + |y|² - 2 x·y; what only rounding keeps from 0 is 0, so that copies are copies."""
    norms = (x**2).sum(axis=1)[:, None] + (y**2).sum(axis=1)
    distance = x @ y.T
    distance *= -2
    distance += norms
    distance[distance < _ROUNDING * norms] = 0
    return distance


# ---- checkerboards -----------------------------------------------------------------------------------------


def checkerboard(images: ArrayLike, period: int = 2) -> Score:
    """The share of the variance within images that a pattern repeated every `period` pixels makes up.

    A pattern that repeats every s pixels has power only at the frequencies k/s of each axis. The share is the power at
    these s² - 1 frequencies, less what the eight frequencies around each let expect there, over the power at all
    frequencies but 0. It is 1 for nothing but such a pattern, and about 0 for noise and for photographs, whose spectra
    have no lines, whatever the size. Power is averaged over images and channels: patterns of opposite sign do not
    cancel. For what the images have in common give their mean, `images.mean(0, keepdims=True)`.

    Without the subtraction it would be the variance of an image's mean tile of s × s pixels, over that of the image.
    The outer `period` pixels are left out, and as many more as leave whole tiles: fewer stamps of a transposed
    convolution meet there. That such layers draw these patterns is from Odena et al. 2016.

    Args:
        images: (n, height, width, channels), both sides at least 6 periods; any range.
        period: in pixels, at least 2: the stride, or for all of several layers the product of their strides.

    Returns:
        Score: at most 1; a difference of estimates, and so sometimes a little below 0; 0 for constant images.

    Raises:
        ValueError: other shapes, NaN or infinity, a period that is too long.

    >>> checkerboard(trainer.sample(1000))
    """
    x = arguments.array("images", images)
    if x.ndim != 4 or 0 in x.shape:
        hint = {2: "; images[None, :, :, None] makes a single image a batch", 3: "; images[..., None] adds channels"}
        raise ValueError(f"images must be (n, height, width, channels), not {x.shape}{hint.get(x.ndim, '')}")
    if x.shape[1] in (1, 3) and x.shape[3] not in (1, 3):
        raise ValueError(
            f"images must be (n, height, width, channels), not {x.shape}, which looks channel-first: "
            "use np.transpose(images, (0, 2, 3, 1))"
        )
    if not np.isfinite(x).all():
        raise ValueError("images contain NaN or infinity: has the training diverged?")
    if not isinstance(period, Integral) or isinstance(period, bool) or period < 2:
        raise ValueError(f"period must be a whole number of pixels, at least 2, not {period!r}")
    if min(x.shape[1:3]) < 6 * period:
        raise ValueError(
            f"a period of {period} needs images of at least {6 * period} pixels a side, not {x.shape[1:3]}"
        )
    tiles = [side // period - 2 for side in x.shape[1:3]]
    rows, columns = (
        slice(start := (side - period * count) // 2, start + period * count)
        for side, count in zip(x.shape[1:3], tiles, strict=True)
    )
    inner = x[:, rows, columns].astype(np.float64)
    power = (np.abs(np.fft.fft2(inner, axes=(1, 2))) ** 2).mean(axis=(0, 3))
    with_mean, power[0, 0] = power.sum(), 0
    if power.sum() <= 1e-24 * with_mean:  # constant but for rounding
        return Score(0, 0)
    around = -power
    for shift in np.ndindex(3, 3):
        around = around + np.roll(power, np.subtract(shift, 1), axis=(0, 1))
    lines = (power - around / 8)[:: tiles[0], :: tiles[1]]
    return Score((lines.sum() - lines[0, 0]) / power.sum(), 0)


# ---- images of digits --------------------------------------------------------------------------------------


@dataclass(frozen=True, repr=False, eq=False)
class ClassHistogram(_Table):
    """What `class_histogram` found.

    Attributes:
        counts: (10,) images of each digit.
        kl: divergence of their shares from those expected, in nats.
    """

    counts: np.ndarray
    kl: Score

    def _title(self) -> str:
        return f"digits 0 to 9: {' '.join(map(str, self.counts))}"

    def _rows(self) -> Iterator[tuple[str, Score]]:
        yield "KL of the classes", self.kl


def class_histogram(images: ArrayLike, real: ArrayLike | ClassHistogram | None = None) -> ClassHistogram:
    """How often is each digit drawn, and how far is that from how often it should be?

    The digit is the likeliest one by `classify`. The divergence is KL(h ‖ p), h the images' shares and p the
    expected ones: as Srivastava et al. 2017 (VEEGAN) measure stacked MNIST. It is infinite if a digit appears
    that should not.

    The perfect sampler's value is the exact expectation for as many independent images. If `real` is itself a
    sample, a histogram or counts of N images, its noise adds (c - 1) / (2 N) to first order, c the number of
    classes in it.

    Args:
        images: as for `features`.
        real: what to expect: the histogram of the real images, or (10,) counts or shares; None for equal
            shares.

    Raises:
        ValueError: as `features`, or a `real` that is no histogram of ten classes.

    >>> print(class_histogram(trainer.sample(1000), real=class_histogram(data.images)))
    """
    counted = real.counts if isinstance(real, ClassHistogram) else np.ones(10) / 10 if real is None else real
    expected = arguments.array("real", counted, "a ClassHistogram or ten counts or shares")
    if expected.shape != (10,):
        raise ValueError(f"real must be a ClassHistogram or ten counts or shares, not of shape {expected.shape}")
    if not np.isfinite(expected).all():
        raise ValueError(f"real must be ten finite counts or shares, without NaN and infinity; got {expected.tolist()}")
    if expected.min() < 0 or not (total := expected.sum()) > 0:
        raise ValueError(f"real must be ten counts or shares, none negative and not all 0; got {expected.tolist()}")
    counts = np.bincount(classify(images).argmax(axis=1), minlength=10)
    kl = _divergence_score(counts, expected / total, int(counts.sum()))
    if not np.isclose(total, 1):  # counts, not shares
        noise = (np.count_nonzero(expected) - 1) / (2 * total)
        scale = 1 + counts.sum() / total
        kl = Score(kl, kl.perfect + noise, (kl.spread or 0) * scale)
    return ClassHistogram(counts, kl)


@dataclass(frozen=True, repr=False, eq=False)
class Evaluation(_Table):
    """What `evaluate` found: a result of each metric."""

    frechet: Score
    kernel: Score
    prdc: Prdc
    classes: ClassHistogram
    n_real: int
    n_fake: int

    def _title(self) -> str:
        return f"{self.n_fake} images against {self.n_real} real ones"

    def _rows(self) -> Iterator[tuple[str, Score]]:
        yield "Fréchet distance", self.frechet
        yield "kernel distance", self.kernel
        yield from self.prdc._rows()
        yield from self.classes._rows()


def evaluate(real: ArrayLike, fake: ArrayLike, k: int = 5) -> Evaluation:
    """Every metric for images of digits, on the features of the network that ships with ganlib.

    Args:
        real, fake: images, as for `features`; the two sizes and numbers may differ.
        k: neighbours for `prdc`.

    Raises:
        ValueError: as the metrics that it calls.

    >>> print(evaluate(data.images, trainer.sample(len(data))))
    """
    for name, given in (("real", real), ("fake", fake)):
        array = arguments.array(name, given)
        if array.ndim == 2 and array.shape[1] == 2:
            raise ValueError(
                f"{name} consists of points {array.shape}, not images: "
                "use mode_coverage(samples, centers, std) for them"
            )
    real_features, fake_features = features(real), features(fake)
    return Evaluation(
        frechet=frechet_distance(real_features, fake_features),
        kernel=kernel_distance(real_features, fake_features),
        prdc=prdc(real_features, fake_features, k),
        classes=class_histogram(fake, class_histogram(real)),
        n_real=len(real_features),
        n_fake=len(fake_features),
    )


# ---- what all of them need ---------------------------------------------------------------------------------


def _matrix(name: str, array: ArrayLike) -> np.ndarray:
    """(n, d) float64, or an error that says what to do."""
    x = arguments.array(name, array)
    if x.ndim != 2 or 0 in x.shape:
        hint = "; ganlib.metrics.features(images) makes them from images" if x.ndim > 2 else ""
        raise ValueError(f"{name} must have shape (n, d), with at least one of each, not {x.shape}{hint}")
    if not np.isfinite(x).all():
        rows = np.count_nonzero(~np.isfinite(x).all(axis=1))
        raise ValueError(f"{name} contain NaN or infinity in {rows} of {len(x)} rows: has the training diverged?")
    return x.astype(np.float64)


def _pair(real: ArrayLike, fake: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
    one, two = _matrix("real", real), _matrix("fake", fake)
    if one.shape[1] != two.shape[1]:
        raise ValueError(f"real and fake must have the same number of features, not {one.shape[1]} and {two.shape[1]}")
    for name, x in (("real", one), ("fake", two)):
        if len(x) < 2:
            raise ValueError(f"{name} must hold at least 2 samples; there is {len(x)}")
    return one, two


def _blocks(rows: int, columns: int) -> Iterator[slice]:
    """Slices of the rows, such that one of them by all columns is a matrix of bounded size."""
    step = max(1, _ENTRIES // columns)
    return (slice(start, min(start + step, rows)) for start in range(0, rows, step))
