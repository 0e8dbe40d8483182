"""How good are the samples? Mode coverage, Fréchet and kernel distance, precision, recall, classes, checkerboards.

All in NumPy, so that generators from either framework get the same score. Every number is a `Score`: a float that also
knows the value of a perfect sampler, one that draws from the data's own distribution, at the same sample sizes.

    from ganlib import metrics
    print(metrics.evaluate(data.images, images))                        # images of digits, every metric
    print(metrics.mode_coverage(points, data.centers, data.std))        # points: ring and grid
    real, fake = metrics.features(data.images), metrics.features(images)
    print(metrics.frechet_distance(real, fake))                         # one metric, on any features
"""

from ganlib.features import classify, features
from ganlib.metrics.distances import Prdc, frechet_distance, kernel_distance, prdc
from ganlib.metrics.images import (
    ClassHistogram,
    Evaluation,
    StackedModes,
    checkerboard,
    class_histogram,
    evaluate,
    stacked_modes,
)
from ganlib.metrics.points import ModeCoverage, mode_coverage
from ganlib.metrics.scores import Score

__all__ = [
    "ClassHistogram", "Evaluation", "ModeCoverage", "Prdc", "Score", "StackedModes", "checkerboard",
    "class_histogram", "classify", "evaluate", "features", "frechet_distance", "kernel_distance", "mode_coverage",
    "prdc", "stacked_modes",
]  # fmt: skip
