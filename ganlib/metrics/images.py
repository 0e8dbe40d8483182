"""Scores of images: checkerboards in any, and for digits their classes and every metric at once."""

from __future__ import annotations

from dataclasses import dataclass
from numbers import Integral

import numpy as np
from numpy.typing import ArrayLike

from ganlib import arguments
from ganlib.features import classify, features
from ganlib.metrics.distances import Prdc, frechet_distance, kernel_distance, prdc
from ganlib.metrics.scores import Score, Table, divergence_score


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


@dataclass(frozen=True, repr=False, eq=False)
class ClassHistogram(Table):
    """What `class_histogram` found.

    Attributes:
        counts: (10,) images of each digit.
        kl: divergence of their shares from those expected, in nats.
    """

    counts: np.ndarray
    kl: Score

    def _table(self) -> tuple[str, dict[str, Score]]:
        return f"digits 0 to 9: {' '.join(map(str, self.counts))}", {"KL of the classes": self.kl}


def class_histogram(images: ArrayLike, real: ArrayLike | ClassHistogram | None = None) -> ClassHistogram:
    """How often is each digit drawn, and how far is that from how often it should be?

    The digit is the likeliest one by `classify`. The divergence is KL(h ‖ p), h the images' shares and p the expected
    ones: as Srivastava et al. 2017 (VEEGAN) measure stacked MNIST. It is infinite if a digit appears that should not.

    The perfect sampler's value is the exact expectation for as many independent images. If `real` is itself a sample, a
    histogram or counts of N images, its noise adds (c - 1) / (2 N) to first order, c the number of classes in it.

    Args:
        images: as for `features`.
        real: what to expect: the histogram of the real images, or (10,) counts or shares; None for equal shares.

    >>> print(class_histogram(trainer.sample(1000), real=class_histogram(data.images)))
    """
    counted = real.counts if isinstance(real, ClassHistogram) else np.ones(10) / 10 if real is None else real
    expected = arguments.array("real", counted, "a ClassHistogram or ten counts or shares")
    if expected.shape != (10,):
        raise ValueError(f"real must be a ClassHistogram or ten counts or shares, not of shape {expected.shape}")
    total = expected.sum()
    if not np.isfinite(expected).all() or expected.min() < 0 or total == 0:
        given = expected.tolist()
        raise ValueError(f"real must be ten counts or shares, finite, none negative and not all 0; got {given}")
    counts = np.bincount(classify(images).argmax(axis=1), minlength=10)
    kl = divergence_score(counts, expected / total, int(counts.sum()))
    if not np.isclose(total, 1):  # counts, not shares
        noise = (np.count_nonzero(expected) - 1) / (2 * total)
        scale = 1 + counts.sum() / total
        kl = Score(kl, kl.perfect + noise, (kl.spread or 0) * scale)
    return ClassHistogram(counts, kl)


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
    """Every metric for images of digits, on the features of the network that ships with ganlib.

    Args:
        real, fake: images, as for `features`; the two sizes and numbers may differ.
        k: neighbours for `prdc`.

    >>> print(evaluate(data.images, trainer.sample(len(data))))
    """
    for name, given in (("real", real), ("fake", fake)):
        shape = arguments.array(name, given).shape
        if len(shape) == 2 and shape[1] == 2:
            raise ValueError(f"{name} consists of points {shape}, not images: use mode_coverage(samples, centers, std)")
    pair = features(real), features(fake)
    classes = class_histogram(fake, class_histogram(real))
    return Evaluation(frechet_distance(*pair), kernel_distance(*pair), prdc(*pair, k), classes, *map(len, pair))
