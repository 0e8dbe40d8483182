"""What is measured of a generator's samples, by the kind of data they imitate: scores beside a perfect sampler's."""

import functools
import math
from collections.abc import Callable, Mapping, Sequence

import numpy as np

from ganlib import features, metrics
from ganlib.data import COLOURS, SHAPES, Data, shape_factors
from ganlib.metrics import Score
from ganlib.runtime.files import Json
from ganlib.runtime.trainer import BaseTrainer

JUDGED = 1000  # samples by which checkpoints are compared: quicker, and still far above the noise
RECOGNISED = 0.5  # how far a picture may be from the shape that is recognised in it, see `shape_factors`
REAL = 10_000  # real images they are compared with, at most: time grows with the square

# Name in report.json → what the page calls it, and what it says.
ABOUT = {
    "modes": ("Modes", "how many of the mixture's modes own a good sample"),
    "good_percent": ("Good samples, %", "within three standard deviations of a mode"),
    "reverse_kl": ("Reverse KL", "how unevenly the good samples spread over the modes; lower is better"),
    "std_ratio": ("Std ratio", "spread within the modes over what it should be; below 1 is too narrow"),
    "frechet": ("Fréchet distance", "between Gaussians that fit the features of both sets; lower is better"),
    "kernel": ("Kernel distance", "between the features of both sets, unbiased; lower is better"),
    "precision": ("Precision", "generated images that lie near a real one"),
    "recall": ("Recall", "real images that lie near a generated one"),
    "density": ("Density", "real images around a generated one, over how many there should be"),
    "coverage": ("Coverage", "real images that have a generated one near"),
    "classes_kl": ("KL of the classes", "how far the digits' shares are from the data's; lower is better"),
    "recognised_percent": ("Recognised, %", "images that show one of the shapes in one of the colours"),
    "right_class_percent": ("Right class, %", "samples that show the class that they were made for"),
    "kinds": ("Kinds", "combinations of shape and colour among those recognised"),
    "spread": ("Spread", "standard deviation of the pixels over the data's; near 0 the generator has collapsed"),
    "checkerboard": ("Checkerboard", "share of the variance in a pattern that repeats every two pixels"),
}


def kind(data: Data | np.ndarray) -> str:
    """What samples of this data are judged as: a "mixture", "digits", "shapes", or "other" where nothing is known."""
    if not isinstance(data, Data):
        return "other"
    if data.centers is not None and data.std is not None:
        return "mixture"
    channels = data.samples.shape[-1]
    if data.name in ("digits", "mnist") and channels == 1:  # what the feature network knows
        return "digits"
    return "shapes" if data.name == "shapes" and channels == 3 else "other"


def scores(data: Data | np.ndarray, samples: np.ndarray, labels: np.ndarray | None = None) -> dict[str, Score]:
    """What can be measured of samples, by the data they imitate; each score beside a perfect sampler's.

    Points of a mixture: mode coverage. Digits: distances and neighbours in the features of the network that ships with
    ganlib. Shapes: how many can be recognised, and of how many kinds. Other images: their spread, and how much of a
    checkerboard they show, beside the data's. Where `labels` (n,) say which class each sample was made for, how many
    show it is measured too, by the nearest mode, the same network, or recognition.

    The data are what `ganlib.data.load` gives, or an array (of more than 10,000 images 10,000 are taken, evenly), the
    samples (n, …), such as `trainer.sample(2500, seed=1)`. `ganlib.report.ABOUT` says what each name means.
    """
    found = _scores(data, samples)
    if labels is not None and isinstance(data, Data) and kind(data) != "other":
        shown, real = shown_classes(data, samples), shown_classes(data, some := _some(data, REAL))
        true = data.labels if data.labels is None else data.labels[_evenly(len(data), len(some))]
        at_best = 100.0 if true is None else 100 * float(np.mean(real == true))
        found["right_class_percent"] = Score(100 * float(np.mean(shown == labels)), at_best)
    return found


def shown_classes(data: Data, samples: np.ndarray) -> np.ndarray:
    """Which of the data's classes each sample shows, (n,) int64; -1 for none. The data are no "other", see `kind`."""
    which = kind(data)
    if which == "mixture":
        assert data.centers is not None
        return np.square(samples[:, None] - data.centers).sum(axis=2).argmin(axis=1)
    if which == "digits":
        return features.classify(samples).argmax(axis=1)
    shape, colour, far = shape_factors(samples)
    return np.where(far < RECOGNISED, shape * len(COLOURS) + colour, -1)


def _scores(data: Data | np.ndarray, samples: np.ndarray) -> dict[str, Score]:
    which = kind(data)
    if which == "mixture":
        modes = _coverage(data, samples)
        return {name: getattr(modes, name) for name in ("modes", "good_percent", "reverse_kl", "std_ratio")}
    if which == "shapes":
        counts = _kinds(samples)
        return {
            "recognised_percent": Score(100 * counts.sum() / len(samples), 100),
            "kinds": Score(int(np.count_nonzero(counts)), counts.size),
        }
    real = _some(data, REAL)
    if which == "digits":
        found = metrics.evaluate(real, samples)
        near = {name: getattr(found.prdc, name) for name in ("precision", "recall", "density", "coverage")}
        return {"frechet": found.frechet, "kernel": found.kernel, **near, "classes_kl": found.classes.kl}
    result = {"spread": Score(np.sqrt(samples.var(axis=0).sum() / max(real.var(axis=0).sum(), 1e-30)), 1)}
    if samples.ndim == 4 and min(samples.shape[1:3]) >= 12:
        result["checkerboard"] = Score(metrics.checkerboard(samples), metrics.checkerboard(real))
    return result


def distance(data: Data | np.ndarray) -> Callable[[BaseTrainer], float] | None:
    """How far a trainer's samples are from the data, for `ganlib.checkpoint.Saver(directory, best=distance(data))`.

    Digits: the Fréchet distance. Mixtures and shapes: the total variation distance of the good samples' shares, by mode
    or by kind, from equal shares; a bad sample has no share. Infinite if a sample is not finite. Of other data no
    distance is known: None.
    """
    which = kind(data)
    if which == "other":
        return None
    real = functools.cache(lambda: metrics.features(_some(data, 2 * JUDGED)))  # not before it is needed

    def measure(trainer: BaseTrainer) -> float:
        samples = trainer.sample(JUDGED, seed=1)
        if not np.isfinite(samples).all():
            return math.inf
        if which == "digits":
            return metrics.frechet_distance(real(), metrics.features(samples))
        counts = _coverage(data, samples).counts if which == "mixture" else _kinds(samples)
        # Σ |share − 1/k| / 2, the bad samples being a class of their own that should be empty.
        return float(1 - np.minimum(counts / JUDGED, 1 / counts.size).sum())

    return measure


def _coverage(mixture: Data | np.ndarray, samples: np.ndarray) -> metrics.ModeCoverage:
    assert isinstance(mixture, Data)
    assert mixture.centers is not None
    assert mixture.std is not None  # `kind` has seen to it
    return metrics.mode_coverage(samples, mixture.centers, mixture.std)


def _kinds(images: np.ndarray) -> np.ndarray:
    """(shapes, colours): how many images show each combination."""
    shape, colour, far = shape_factors(images)
    good = (shape * len(COLOURS) + colour)[far < RECOGNISED]
    return np.bincount(good, minlength=len(SHAPES) * len(COLOURS)).reshape(len(SHAPES), len(COLOURS))


def _some(data: Data | np.ndarray, n: int) -> np.ndarray:
    """At most n of the samples, evenly chosen."""
    samples = data.samples if isinstance(data, Data) else data
    return samples[_evenly(len(samples), n)]


def _evenly(of: int, n: int) -> np.ndarray:
    return np.linspace(0, of - 1, min(of, n)).round().astype(int)


def table(found: Mapping[str, Score]) -> str:
    """Scores as text: a line each, the measured value and a perfect sampler's."""
    rows = [(ABOUT[name][0], number(score), perfect(score)) for name, score in found.items()]
    return columns([("", "measured", "perfect sampler"), *rows])


def columns(rows: Sequence[Sequence[str]]) -> str:
    """Rows of text as aligned columns."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join("  ".join(f"{cell:<{w}}" for cell, w in zip(row, widths, strict=True)).rstrip() for row in rows)


def number(value: float, digits: int = 4) -> str:
    """A number for people: four digits, a true minus sign, a dash where there is none."""
    if math.isnan(value):
        return "–"
    return f"{value:.{digits}g}".replace("inf", "∞").replace("-", "−")


def perfect(score: Score) -> str:
    """What a perfect sampler gets, for people, with its spread where that is known."""
    return number(score.perfect, 3) + (f" ± {score.spread:.2g}" if score.spread is not None else "")


def finite(value: float) -> float | None:
    """A number as JSON can hold it: None where it is not finite."""
    return float(value) if math.isfinite(value) else None


def as_json(score: Score) -> dict[str, float | None]:
    """A score for a JSON file: value, perfect and spread; None where a number is not finite."""
    spread = None if score.spread is None else finite(score.spread)
    return {"value": finite(score), "perfect": finite(score.perfect), "spread": spread}


def from_json(stored: Json) -> Score:
    """The score that `as_json` wrote; NaN stands for what was not finite."""
    value, at_best = (math.nan if stored[name] is None else float(stored[name]) for name in ("value", "perfect"))
    return Score(value, at_best, stored["spread"])
