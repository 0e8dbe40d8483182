"""Exercise 2.7: the hinge loss of a discriminator with one threshold."""

import numpy as np

from ganlib.teaching.exercises.answers import compare

ASKS = ("threshold_hinge(real, fake)",)
HINTS = (
    "With ℓ = ±1 a sample costs 0 or 2. Which shares of them are on the wrong side of t, for u = 1 and for u = -1?",
    "The lowest loss is 2 - 2 max |F_p(t) - F_q(t)|, with F the share of samples up to t, over all t.",
)


def losses(real, fake, signs=(1, -1)):
    """The hinge loss for each u and each t between neighbours, or beyond them all."""
    x = np.sort(np.concatenate([real, fake]))
    places = np.concatenate([[x[0] - 1], (x[1:] + x[:-1]) / 2, [x[-1] + 1]])
    sides = [u * np.sign(np.subtract.outer(places, samples)) for u in signs for samples in (real, fake)]
    per_real, per_fake = (np.concatenate(sides[k::2]) for k in (0, 1))  # minus the logits
    return np.maximum(0, 1 + per_real), np.maximum(0, 1 - per_fake)


def lowest(real, fake, signs=(1, -1)):
    """The lowest loss over all places and signs."""
    on_real, on_fake = losses(real, fake, signs)
    return float((on_real.mean(axis=1) + on_fake.mean(axis=1)).min())


def statistic(real, fake):
    """max |F_p - F_q|."""
    return 1 - lowest(real, fake) / 2


def pooled(real, fake):
    """The same with one mean over all samples."""
    on_real, on_fake = losses(real, fake)
    return np.concatenate([on_real, on_fake], axis=1).mean(axis=1).min()


MISTAKES = (
    (
        lambda r, f: lowest(r, f, signs=(1,)),
        "You tried u = 1 alone. What if the generated samples lie on the right of the real ones?",
    ),
    (lambda r, f: lowest(r, f, signs=(-1,)), "You tried u = -1 alone. What if the real samples lie on the right?"),
    (lambda r, f: 2 - statistic(r, f), "A sample on the wrong side of t costs max(0, 1 + 1). Which factor is missing?"),
    (lambda r, f: 1 - statistic(r, f), "These are shares of samples. What does one on the wrong side of t cost?"),
    (statistic, "This is the statistic in it, max |F_p - F_q|. How does the loss follow from it?"),
    (lambda r, f: 2 * statistic(r, f), "This grows as the samples move apart. The loss starts from 2 and falls."),
    (
        lambda r, f: 0.0,
        "That is what a discriminator reaches that may be any function. This one has a single threshold.",
    ),
    (
        lambda r, f: sum(part.sum(axis=1) for part in losses(r, f)).min(),
        "You added up the samples. The loss has means.",
    ),
    (pooled, "You took one mean over all samples. The real and the generated ones have a mean each."),
    (
        lambda r, f: sum(part.mean(axis=1) for part in losses(r, f)).max(),
        "This is the highest loss. The discriminator wants the lowest.",
    ),
    (lambda r, f: lowest(r, f) / 2, "You took half of it. L_D is the sum of its two parts."),
    (
        lambda r, f: 2 - 2 * np.abs(np.mean(np.sign(np.subtract.outer(r, f)))),
        "You compared all pairs. One threshold is compared with all samples.",
    ),
)


def check(rng, threshold_hinge):
    cases = [
        (rng.normal(1, 1, size=5), rng.normal(size=7)),
        (rng.normal(-1, 1, size=20), rng.normal(0.5, 1, size=12)),
        (rng.normal(0, 2, size=30), rng.normal(0, 0.5, size=30)),
        (rng.uniform(3, 4, size=3), rng.uniform(0, 1, size=4)),
    ]
    compare(threshold_hinge, lowest, cases, MISTAKES)
