"""Exercise 2.9: label smoothing."""

import numpy as np

from ganlib.reference import losses
from ganlib.teaching.exercises.answers import compare

ASKS = ("smoothed(p, q, t, s)", "resting_loss(t)")
HINTS = (
    "At one point the loss is a cross-entropy: collect what stands before log D and what stands before log(1 - D). "
    "Then put p = q and s = 0 into D*.",
    "D* = (tp + sq)/(p + q). For p = q, one-sided, D* = t/2, and the loss is -t log D* - (2 - t) log(1 - D*).",
)


def best(p, q, t, s):
    """The mean label at each point."""
    labels = np.stack([np.full(p.shape, t), np.full(p.shape, s)])
    return np.average(labels, axis=0, weights=np.stack([p, q]))


SMOOTHED = (
    (
        lambda p, q, t, s: p / (p + q),
        "That is D* without smoothing. Which share of the real samples counts as real now?",
    ),
    (
        lambda p, q, t, s: best(p, q, t, 0),
        "The label of the fake samples is missing: a share s of them counts as real.",
    ),
    (
        lambda p, q, t, s: best(p, q, s, t),
        "t and s, or p and q, are exchanged: t and p belong to the real samples.",
    ),
    (lambda p, q, t, s: best(p, q, t, 1 - s), "A share s of the fakes counts as real, and 1 - s as fake."),
    (
        lambda p, q, t, s: t * p / (t * p + (1 - s) * q),
        "The labels share out each density, and nothing of it is lost: what do all the weights add to?",
    ),
    (lambda p, q, t, s: t * p / (t * p + s * q), "The weights of log D and log(1 - D) add to p + q, not to tp + sq."),
    (lambda p, q, t, s: t * p / (t * p + q), "The weights of log D and log(1 - D) add to p + q, not to tp + q."),
    (lambda p, q, t, s: t * p + s * q, "That is the weight of log D. D* is its share of both weights."),
    (lambda p, q, t, s: np.clip(p / (p + q), s, t), "Smoothing does not clip: it shrinks the whole range from s to t."),
)


def resting(t):
    """The reference's loss at the logit of D = t/2."""
    logit = np.full(1, np.log(t / (2 - t)))
    return losses.minimax.discriminator(logit, logit, real_label=t)


RESTING = (
    (lambda t: 2 * np.log(2), "That is the loss of D = 1/2. What is D* for p = q, now that real samples count t?"),
    (lambda t: resting(t) / 2, "You took half of it. L_D is the sum of its two parts."),
    (lambda t: resting(t) / np.log(2), "You took the logarithm to base 2. The loss has the natural one."),
    (lambda t: -resting(t), "The sign is flipped: logarithms of probabilities are negative, the loss is not."),
    (
        lambda t: -t * np.log(t / 2) - np.log(1 - t / 2),
        "The part 1 - t of the real samples that counts as fake is missing.",
    ),
    (
        lambda t: -np.log(t / 2) - np.log(1 - t / 2),
        "You scored the real samples with the label 1. Which label do they have?",
    ),
    (
        lambda t: -t * np.log(t / 2) - (1 - t) * np.log(1 - t / 2),
        "The fake samples are missing: they too are scored with log(1 - D).",
    ),
    (
        lambda t: -t * np.log(t) - (1 - t) * np.log(1 - t) if t < 1 else 0.0,
        "That is the least loss of real samples alone. For p = q, D cannot tell them from fakes.",
    ),
    (lambda t: t / 2, "That is D* there. The loss at this D was asked for."),
)


def check(rng, smoothed, resting_loss):
    labels = [(0.9, 0.1), (0.9, 0.0), (1.0, 0.0), (0.7, 0.2)]
    cases = [(*rng.dirichlet(np.ones(5), size=2), t, s) for t, s in labels]
    cases.append((rng.uniform(0.1, 3, size=(2, 3)), rng.uniform(0.1, 3, size=(2, 3)), 0.8, 0.1))
    compare(smoothed, best, cases, SMOOTHED)
    compare(resting_loss, resting, [(0.9,), (0.7,), (float(rng.uniform(0.3, 0.95)),), (1.0,)], RESTING)
