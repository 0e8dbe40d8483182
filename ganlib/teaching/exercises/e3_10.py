"""Exercise 3.10: features that fool the scores."""

import numpy as np

from ganlib import metrics
from ganlib.teaching.exercises.answers import array, require

ASKS = ("impostor(n, seed)", "lure(real)")
HINTS = (
    "Both distances see no more than moments up to the third. A coin has some of a normal number's. And the outlier's "
    "neighbours are all far from it: how far does its ball reach?",
    "Let both coordinates be +1 or -1, each by its own fair coin. Put all generated points around (50, 0).",
)


def moments(fake):
    """The hint for the first moment that is not that of N(0, I), or ""."""
    error = 6 / np.sqrt(len(fake))
    covariance = np.cov(fake.T)
    if np.abs(fake.mean(axis=0)).max() > error:
        return "Your points have not the mean 0."
    if np.abs(np.diag(covariance) - 1).max() > 2 * error:
        return f"Your coordinates have the variances {np.diag(covariance).round(2).tolist()}. Which has N(0, I)?"
    if abs(covariance[0, 1]) > error:
        return "Your two coordinates depend on each other. The covariance sees it."
    return "Mean and covariance agree. The kernel sees third moments too: is your distribution symmetric?"


def check_impostor(rng, impostor):
    """At two sizes, against perfect samplers."""
    for n, seed in ((2000, 1), (2500, 2)):
        real, fake = rng.normal(size=(n, 2)), array(impostor(n, seed), (n, 2), f"impostor({n}, {seed})").astype(float)
        for name, distance in (("Fréchet", metrics.frechet_distance), ("kernel", metrics.kernel_distance)):
            score = distance(real, fake)
            if abs(score - score.perfect) > 4 * (score.spread or 0):
                perfect = f"{score.perfect:.4f} ± {score.spread:.4f}"
                require(False, f"Its {name} distance is {score:.4f}, a perfect sampler's {perfect}.", moments(fake))
        coverage = metrics.prdc(real, fake).coverage
        hint = "The distances are fooled, but your points still fill the plane. With how few can it be done?"
        if np.mean(fake**4) > 2.5:
            hint = "That is as good as the perfect sampler itself. Keep three moments, and change the next."
        require(coverage < 0.5, f"Its coverage is {coverage:.2f}. Expected less than 0.5.", hint)


def check_lure(rng, lure):
    """With an outlier at (50, 0). Points 10 away from the rest reach no more than it, so the coverage is low."""
    real = np.concatenate([rng.normal(size=(999, 2)), [[50.0, 0.0]]])
    fake = array(lure(real), real.shape, "lure(real)").astype(float)
    scores = metrics.prdc(real, fake)
    nearest = np.linalg.norm(fake, axis=1).min()
    hint = (
        "A collapsed G has a high precision too, but it draws what is in the data. Keep away, and follow the outlier."
    )
    if scores.coverage >= 0.05:
        hint = "You generate points among the data, and those are good. Which real point can be followed far from it?"
    require(nearest >= 10, f"A point lies {nearest:.3g} from the origin. Expected at least 10.", hint)
    distances = np.linalg.norm(fake - real[-1], axis=1)
    hint = "Your points are not in the outlier's ball: it ends at its fifth neighbour. How far is that?"
    if np.median(distances) < 40:
        hint = "Some of your points are lost. All should lie within the outlier's ball."
    failed = f"The precision is {scores.precision:.2f}. Expected at least 0.95."
    require(scores.precision >= 0.95, failed, hint)


def check(rng, impostor, lure):
    check_impostor(rng, impostor)
    check_lure(rng, lure)
