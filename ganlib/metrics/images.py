"""Scores of images: checkerboards in any, and for digits their classes and every metric at once."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from ganlib import arguments
from ganlib.data.arrays import check_samples
from ganlib.features import classify, features
from ganlib.metrics.distances import Prdc, frechet_distance, kernel_distance, prdc
from ganlib.metrics.scores import Score, Table, divergence_score


def checkerboard(images: ArrayLike, period: int = 2) -> Score:
    """The share of the variance within images that a pattern repeated every `period` pixels makes up.

    A pattern that repeats every s pixels has power only at the frequencies k/s of each axis. The share is the power at
    these s² - 1 frequencies, less what the eight around each let expect there, over the power at all frequencies but 0:
    1 for nothing but such a pattern, about 0 or a little below for noise and photographs, whatever the size. Power is
    averaged over images and channels: patterns of opposite sign do not cancel. For what the images have in common give
    their mean, `images.mean(0, keepdims=True)`.

    The outer `period` pixels are left out, and as many more as leave whole tiles: fewer stamps of a transposed
    convolution meet there (Odena et al. 2016). The period is the stride in pixels, at least 2, or for several layers
    the product of their strides; images (n, height, width, channels) of any range have at least 6 periods a side.
    """
    x = check_samples("images", images, axes=4, limit=None)
    period = arguments.whole("period", period, 2)
    if min(x.shape[1:3]) < 6 * period:
        raise ValueError(f"period {period} needs images of at least {6 * period} pixels a side, not {x.shape[1:3]}")
    height, width = (period * (side // period - 2) for side in x.shape[1:3])  # of whole tiles
    top, left = (x.shape[1] - height) // 2, (x.shape[2] - width) // 2
    inner = x[:, top : top + height, left : left + width].astype(np.float64)
    power = (np.abs(np.fft.fft2(inner, axes=(1, 2))) ** 2).mean(axis=(0, 3))
    with_mean, power[0, 0] = power.sum(), 0
    if power.sum() <= 1e-24 * with_mean:  # constant but for rounding
        return Score(0, 0)
    around = sum((np.roll(power, np.subtract(shift, 1), axis=(0, 1)) for shift in np.ndindex(3, 3)), start=-power)
    lines = (power - around / 8)[:: height // period, :: width // period]
    return Score((lines.sum() - lines[0, 0]) / power.sum(), 0)


@dataclass(frozen=True, repr=False, eq=False)
class ClassHistogram(Table):
    """What `class_histogram` found."""

    counts: np.ndarray  #: (10,) images of each digit
    kl: Score  #: divergence of their shares from those expected, in nats

    def _table(self) -> tuple[str, dict[str, Score]]:
        return f"digits 0 to 9: {' '.join(map(str, self.counts))}", {"KL of the classes": self.kl}


def class_histogram(images: ArrayLike, real: ClassHistogram | None = None) -> ClassHistogram:
    """How often is each digit drawn, and how far is that from how often it should be?

    The digit is the likeliest one by `classify`. The divergence is KL(h ‖ p), h the images' shares and p the expected
    ones: as Srivastava et al. 2017 (VEEGAN) measure stacked MNIST. It is infinite if a digit appears that should not.

    What to expect is the histogram of the real images, or equal shares. The perfect sampler's value is exact for as
    many independent images; the noise of N real ones of c classes adds (c - 1) / (2 N) to first order.

    >>> print(class_histogram(trainer.sample(1000), real=class_histogram(data.images)))
    """
    if real is not None and not isinstance(real, ClassHistogram):
        raise TypeError(f"real must be a ClassHistogram or None, not {arguments.describe(real)}")
    expected = np.ones(10) if real is None else real.counts
    counts = np.bincount(classify(images).argmax(axis=1), minlength=10)
    kl = divergence_score(counts, expected / expected.sum(), counts.sum())
    if real is not None:
        noise = (np.count_nonzero(expected) - 1) / (2 * expected.sum())
        kl = Score(kl, kl.perfect + noise, (kl.spread or 0) * (1 + counts.sum() / expected.sum()))
    return ClassHistogram(counts, kl)


@dataclass(frozen=True, repr=False, eq=False)
class StackedModes(Table):
    """What `stacked_modes` found."""

    modes: Score  #: how many of the 1,000 triples of digits are drawn at least once
    kl: Score  #: divergence of the triples' shares from equal shares, in nats
    counts: np.ndarray  #: (1000,) images of each triple, at 100 red + 10 green + blue

    def _table(self) -> tuple[str, dict[str, Score]]:
        return f"triples of digits in {self.counts.sum()} images", {"modes, of 1000": self.modes, "KL": self.kl}


def stacked_modes(images: ArrayLike) -> StackedModes:
    """How many of the 1,000 triples do images with a digit in each colour show, and how evenly?

    The protocol of Stacked MNIST (Metz et al. 2017, Srivastava et al. 2017): 26,000 samples, whose three digits a
    classifier names, here `classify`; the KL of the triples' shares against equal shares.

    A perfect sampler of n images finds 1000 (1 - .999^n) triples, all of 26,000 samples, at a KL of 999 / 2n = .019.

    >>> print(stacked_modes(trainer.sample(26_000)))
    """
    x = check_samples("images", images, axes=4)
    if x.shape[3] != 3:
        raise ValueError(f"images must have a digit in each of three colours, (n, size, size, 3), not {x.shape}")
    red, green, blue = (classify(x[..., [colour]]).argmax(axis=1) for colour in range(3))
    counts = np.bincount(100 * red + 10 * green + blue, minlength=1000)
    perfect = 1000 * (1 - 0.999 ** len(x))
    kl = divergence_score(counts, np.full(1000, 1e-3), len(x))
    return StackedModes(Score(int(np.count_nonzero(counts)), perfect), kl, counts)


@dataclass(frozen=True, repr=False, eq=False)
class Evaluation(Table):
    """What `evaluate` found: a result of each metric."""

    frechet: Score
    kernel: Score
    prdc: Prdc
    classes: ClassHistogram
    n_real: int
    n_fake: int

    def _table(self) -> tuple[str, dict[str, Score]]:
        distances = {"Fréchet distance": self.frechet, "kernel distance": self.kernel}
        scores = distances | self.prdc._table()[1] | self.classes._table()[1]
        return f"{self.n_fake} images against {self.n_real} real ones", scores


def evaluate(real: ArrayLike, fake: ArrayLike, k: int = 5) -> Evaluation:
    """Every metric for images of digits, as for `features`; the two sizes and numbers may differ. k is that of `prdc`.

    >>> print(evaluate(data.images, trainer.sample(len(data))))
    """
    pair = features(real), features(fake)
    classes = class_histogram(fake, class_histogram(real))
    return Evaluation(frechet_distance(*pair), kernel_distance(*pair), prdc(*pair, k), classes, *map(len, pair))
