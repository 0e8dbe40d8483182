"""Exercise 2.8: the distance W₁ on the line, and a critic that attains it."""

import numpy as np
from scipy.stats import wasserstein_distance

from ganlib.teaching.exercises.answers import Wrong, array, compare, require, show

ASKS = ("wasserstein(a, b)", "critic(x, a, b)")
HINTS = (
    "Merge and sort all samples. Between two neighbours F_a and F_b are constant: what does that stretch add? A critic "
    "may climb or fall by its length: which of the two makes E_a f - E_b f larger?",
    "The distance is the sum of |F_a - F_b| × (gap to the next sample). The critic's slope in each gap is the sign of "
    "F_b - F_a; add up slope × gap, and np.interp does the rest.",
)


def stairs(a, b):
    """The merged samples, and F_a - F_b in each gap."""
    x = np.sort(np.concatenate([a, b]))
    return x, (a <= x[:-1, None]).mean(axis=1) - (b <= x[:-1, None]).mean(axis=1)


def truncated(a, b):
    """Sorted pairs, as far as the smaller set reaches."""
    n = min(len(a), len(b))
    return np.abs(np.sort(a)[:n] - np.sort(b)[:n]).mean()


def root_mean_square(a, b):
    """W₂, by stretching both to equal numbers of samples."""
    a, b = np.repeat(np.sort(a), len(b)), np.repeat(np.sort(b), len(a))
    return np.sqrt(((a - b) ** 2).mean())


DISTANCE = (
    (truncated, "You compared only as many samples as the smaller set has. What has become of the others?"),
    (
        lambda a, b: abs(a.mean() - b.mean()),
        "This is the distance of the means: opposite differences cancel in it. Where must the absolute value stand?",
    ),
    (lambda a, b: a.mean() - b.mean(), "This is the difference of the means. Where must an absolute value stand?"),
    (
        lambda a, b: np.abs(np.subtract.outer(a, b)).mean(),
        "You averaged over all pairs. W₁ moves each sample to one place only.",
    ),
    (root_mean_square, "You squared the distances: that is W₂. W₁ takes them as they are."),
    (
        lambda a, b: np.abs(stairs(a, b)[1]).sum(),
        "You added up the heights of the strips. How wide is each?",
    ),
    (
        lambda a, b: np.abs(stairs(a, b)[1]).mean(),
        "You averaged the heights of the strips. An integral weighs each with its width.",
    ),
    (
        lambda a, b: np.abs(np.quantile(a, np.linspace(0, 1, len(b))) - np.sort(b)).mean(),
        "Interpolating between samples changes the stairs. Where are they flat, where do they jump?",
    ),
    (
        lambda a, b: np.abs((stairs(a, b)[1] * np.diff(stairs(a, b)[0])).sum()),
        "Opposite differences cancel in your integral. Where must the absolute value stand?",
    ),
    (
        lambda a, b: np.abs(stairs(a, b)[1]).max(),
        "This is the statistic of Kolmogorov and Smirnov, the largest difference.",
    ),
)

STRAIGHT = "With one slope everywhere a critic compares the means only. Where b lies on both sides of a, it must turn."
FLAT = "Is the slope 1 or -1 wherever F_a and F_b differ? Only its sign should depend on them."


def judge(critic, a, b, x):
    """The critic's values, each by itself, its slope, and what it attains."""
    given = f"Given a = {show(a)}, b = {show(b)}."
    values = array(critic(x, a, b), x.shape, "critic(x, a, b)")
    few = array(critic(x[9::-1], a, b), (10,), "critic(x, a, b)")
    require(
        np.allclose(few, values[9::-1], rtol=1e-4, atol=1e-4),
        f"critic: f(x) changes when other points, or fewer, are asked for with it.\n{given}",
        "Each f(x) depends on a, b and that x alone. Is there a sum or a mean that runs over x?",
    )
    on_a, on_b = (array(critic(samples, a, b), samples.shape, "critic") for samples in (a, b))
    gain, distance, tolerance = on_a.mean() - on_b.mean(), wasserstein_distance(a, b), 1e-3
    failed = f"critic: the mean over a minus that over b is {gain:.4f}, expected {distance:.4f}.\n{given}"
    require(abs(gain + distance) > tolerance, failed, "Upside down: it should be high on a, the data, and low on b.")
    require(
        not np.isin(np.round(values, 6), (-1, 0, 1)).all(),
        failed,
        "This is the slope. The critic climbs by slope × distance from corner to corner.",
    )
    climbs, gaps = np.abs(np.subtract.outer(values, values)), np.abs(np.subtract.outer(x, x))
    steepest = (climbs / np.where(gaps > 0.01, gaps, np.inf)).max()
    require(
        steepest < 1 + tolerance,
        f"critic: between two points it changes by {steepest:.4f} times their distance, at most 1 is allowed.\n{given}",
        "Which slopes has your critic, between the samples and outside them? None may be beyond 1 or -1.",
    )
    if abs(gain - distance) > tolerance:
        straight = abs(abs(gain) - abs(a.mean() - b.mean())) < tolerance
        raise Wrong(failed, STRAIGHT if straight else FLAT)


def check(rng, wasserstein, critic):
    sets = [
        (rng.normal(1, 1, size=4), rng.normal(size=4)),
        (rng.normal(0, 0.5, size=5), rng.normal(0.3, 3, size=8)),
        (rng.normal(0, 2, size=30), rng.normal(1, 1, size=12)),
        (rng.normal(0, 1, size=6), rng.normal(20, 1, size=4)),
    ]
    compare(wasserstein, wasserstein_distance, sets, DISTANCE)
    for a, b in sets:
        judge(critic, a, b, rng.uniform(-8, 25, size=60))
