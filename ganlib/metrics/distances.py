"""Two sets of features, (n, d): Fréchet and kernel distance, and whose samples lie near whose.

There must be at least 2 samples of each, of one d; else a ValueError.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from ganlib import arguments
from ganlib.metrics.scores import ROUNDING, Score, Table, blocks, pair, squared_distances


def frechet_distance(real: ArrayLike, fake: ArrayLike) -> Score:
    """Fréchet distance: the squared 2-Wasserstein distance of the Gaussians that fit the two sets.

    |μ_r - μ_f|² + tr(C_r + C_f - 2 (C_r^½ C_f C_r^½)^½), Dowson and Landau 1982; on features of generated images
    Heusel et al. 2017. With triangular factors C = Rᵀ R, from a QR decomposition of the centred features, the last
    trace is the sum of the singular values of R_r R_fᵀ: exact also for sets smaller than the dimension.

    The perfect sampler's value is not 0: to first order in 1/n it is (1/n_r + 1/n_f) E h(x, x), and its standard
    deviation (1/n_r + 1/n_f) √(2 E h(x, x')²), E over the real features, whatever their distribution, where

        h(x, x') = Σ_i z_i z'_i + ½ Σ_ij (z_i z_j - C_ij) (z'_i z'_j - C_ij) / (λ_i + λ_j)

    on the centred features z in the axes of the covariance, λ its eigenvalues: what means and covariances contribute.
    With less than ten samples per dimension it is some per cent too small, a tenth for heavy-tailed features.

    The score is in squared units of the features, and biased: compare at equal sample sizes.
    """
    real, fake = pair(real, fake)
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

    def h(one: np.ndarray, other: np.ndarray) -> np.ndarray:
        both = one * other
        # Multiplied out: the terms with C_ij vanish except on the diagonal.
        covariances = ((both @ weights) * both).sum(1) - 0.5 * ((one**2 + other**2).sum(1)) + 0.5 * eigenvalues.sum()
        return both.sum(1) + 0.5 * covariances

    scale = 1 / len(real) + 1 / n_fake
    shuffled = z[np.random.default_rng(0).permutation(len(z))]  # the data may be sorted
    pairs = h(shuffled, np.roll(shuffled, 1, axis=0))
    return scale * float(h(z, z).mean()), scale * float(np.sqrt(2 * (pairs**2).mean()))


def kernel_distance(real: ArrayLike, fake: ArrayLike) -> Score:
    """Kernel distance ("KID"): the squared maximum mean discrepancy with the kernel (x·y / d + 1)³.

    E k(x, x') + E k(y, y') - 2 E k(x, y), Bińkowski et al. 2018; averaged over all pairs of different samples at once
    (the unbiased estimate of Gretton et al. 2012, lemma 6). Often quoted times 1,000. Time grows with n².

    A perfect sampler gets 0 on average, often less, with the standard deviation of any such average over pairs,
    √(2 V (1/(n_r (n_r - 1)) + 1/(n_f (n_f - 1)) + 2/(n_r n_f))), V the mean square of the kernel after centring, here
    over the pairs of at most 2,000 real samples.
    """
    real, fake = pair(real, fake)
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
    total = sum(float(_kernel(x[part], y).sum()) for part in blocks(len(x), len(y)))
    return total if diagonal else total - float((((x**2).sum(axis=1) / x.shape[1] + 1) ** 3).sum())


@dataclass(frozen=True, repr=False, eq=False)
class Prdc(Table):
    """What `prdc` found."""

    precision: Score  #: share of the fake samples that are near a real one
    recall: Score  #: share of the real samples that are near a fake one
    density: Score  #: how many real samples a fake one is near to, over how many it should be; may exceed 1
    coverage: Score  #: share of the real samples that have a fake one near
    k: int  #: the neighbours that say what near is

    def _table(self) -> tuple[str, dict[str, Score]]:
        names = ("precision", "recall", "density", "coverage")
        return f"among {self.k} nearest neighbours", {name: getattr(self, name) for name in names}


def prdc(real: ArrayLike, fake: ArrayLike, k: int = 5) -> Prdc:
    """Precision and recall (Kynkäänniemi et al. 2019), density and coverage (Naeem et al. 2020).

    Each sample's ball reaches to its k-th nearest neighbour in its own set. Precision: fake samples inside any real
    ball. Recall: real samples inside any fake ball. Density: real balls around a fake sample, on average, over k.
    Coverage: real balls with a fake sample inside. As in Naeem's published code, a point on the rim is outside.

    A perfect sampler's values, for N real and M fake samples:
        density: 1, exactly, for every continuous distribution.
        coverage: 1 - (N-1)…(N-k) / ((N+M-1)…(N+M-k)), exactly: the k nearest of N - 1 + M neighbours are all real.
        precision: the chance that one more sample lies in a real ball, by leaving one out: the share of the real
            samples among the k nearest neighbours of another one. Depends on the distribution. Recall: the same for M
            balls, by leaving one out of min(N, M + 1) real samples.

    There must be more than k samples of each; Naeem et al. take 5, Kynkäänniemi et al. 3. Time grows with n².
    """
    real, fake = pair(real, fake)
    k, n_real, n_fake = arguments.whole("k", k, 1), len(real), len(fake)
    if k >= (fewest := min(n_real, n_fake)):
        raise ValueError(f"k={k} neighbours need at least {k + 1} real and fake samples; there are {fewest}")
    middle = real.mean(axis=0)  # the nearer to 0, the more digits are left for differences
    x, y = real - middle, fake - middle
    real_radius, lone = _neighbours(x, k)
    fake_radius, _ = _neighbours(y, k)
    lone_recall = lone
    if n_fake + 1 < n_real:
        _, lone_recall = _neighbours(np.random.default_rng(0).permutation(x)[: n_fake + 1], k)
    precise, recalled, covered, inside = np.zeros(n_fake, bool), np.zeros(n_real, bool), np.zeros(n_real, bool), 0
    for part in blocks(n_real, n_fake):
        distance = squared_distances(x[part], y)
        in_real = distance < real_radius[part, None]
        precise |= in_real.any(axis=0)
        covered[part] = in_real.any(axis=1)
        inside += int(np.count_nonzero(in_real))
        recalled[part] = (distance < fake_radius).any(axis=1)
    steps = np.arange(1, k + 1)
    perfect = 1 - float(np.prod((n_real - steps) / (n_real + n_fake - steps)))
    precision, recall = Score(precise.mean(), lone), Score(recalled.mean(), lone_recall)
    return Prdc(precision, recall, Score(inside / (k * n_fake), 1), Score(covered.mean(), perfect), k)


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
