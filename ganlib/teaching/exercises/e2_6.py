"""Exercise 2.6: the best discriminator of least squares, and its loss."""

import numpy as np

from ganlib.teaching.exercises.answers import compare

ASKS = ("optimal_critic(p, q, a, b)", "optimal_loss(p, q, a, b)")
HINTS = (
    "At one point D minimises p (D - b)² + q (D - a)². Where is the derivative by D zero? And which loss remains?",
    "D* is the mean of b and a with the weights p and q, and the loss is (b - a)² times the sum of pq/(p + q).",
)


def critic(p, q, a, b):
    """The mean of the labels, weighted with the densities."""
    return np.array([np.average([b, a], weights=shares) for shares in np.c_[p, q]])


def loss(p, q, a, b):
    """The loss at the best D, term by term."""
    d = critic(p, q, a, b)
    return float((p * (d - b) ** 2).sum() + (q * (d - a) ** 2).sum())


CRITIC = (
    (
        lambda p, q, a, b: critic(p, q, b, a),
        "a and b, or p and q, are exchanged: b and p belong to the real samples.",
    ),
    (lambda p, q, a, b: p / (p + q), "That is D* for the labels 0 and 1. Where are a and b?"),
    (
        lambda p, q, a, b: b * p / (p + q),
        "The label of the fake samples is missing: where q alone is positive D* is a.",
    ),
    (lambda p, q, a, b: b * p + a * q, "This is not yet divided: at each point p and q need not add to 1."),
    (lambda p, q, a, b: (b * p + a * q) / 2, "The weights p and q add to p + q at each point, not to 2."),
    (lambda p, q, a, b: (b * p - a * q) / (p + q), "A sign is flipped: where q alone is positive D* should be a."),
    (
        lambda p, q, a, b: np.log(p / q),
        "That is the logit of the minimax game. Here D itself is to be near the labels.",
    ),
    (lambda p, q, a, b: np.full(len(p), (a + b) / 2), "That is D* where p = q. It depends on the densities."),
    (lambda p, q, a, b: np.where(p > q, b, a), "D need not decide: a squared error is least at a mean of the labels."),
)
LOSS = (
    (lambda p, q, a, b: loss(p, q, 0, 1), "Where are the labels? Twice as far apart, how much larger is the loss?"),
    (lambda p, q, a, b: (b - a) * loss(p, q, 0, 1), "The distances to the labels are squared, so b - a is too."),
    (lambda p, q, a, b: loss(p, q, a, b) / 2, "You took half of it. Some papers do, but not this exercise."),
    (
        lambda p, q, a, b: loss(p, q, a, b) / len(p),
        "You took a mean over the points. p and q weigh them already: add up.",
    ),
    (
        lambda p, q, a, b: (b - a) ** 2 / 2,
        "That is the loss of D = (a + b)/2. The best D has less wherever p and q differ.",
    ),
    (
        lambda p, q, a, b: (b - a) ** 2 * ((p - q) ** 2 / (p + q)).sum(),
        "That grows as p and q move apart. The best D's loss falls.",
    ),
    (
        lambda p, q, a, b: ((p - q) ** 2 / (p + q)).sum(),
        "That is the triangular discrimination, which grows as p and q move apart. The best D's loss falls.",
    ),
    (lambda p, q, a, b: (p * (critic(p, q, a, b) - b) ** 2).sum(), "The part of the fake samples is missing."),
    (lambda p, q, a, b: (q * (critic(p, q, a, b) - a) ** 2).sum(), "The part of the real samples is missing."),
    (
        lambda p, q, a, b: ((critic(p, q, a, b) - b) ** 2 + (critic(p, q, a, b) - a) ** 2).sum(),
        "You forgot to weigh the squares with p and q.",
    ),
    (
        lambda p, q, a, b: (p * (critic(p, q, a, b) - a) ** 2 + q * (critic(p, q, a, b) - b) ** 2).sum(),
        "The labels are exchanged in the loss: real samples are to be near b.",
    ),
)


def check(rng, optimal_critic, optimal_loss):
    labels = [(0.0, 1.0), (-1.0, 1.0), (-3.0, 0.5), (0.5, 4.0)]
    cases = [(*rng.dirichlet(np.ones(size), size=2), a, b) for size, (a, b) in zip((4, 6, 3, 9), labels, strict=True)]
    compare(optimal_critic, critic, cases, CRITIC)
    compare(optimal_loss, loss, cases, LOSS)
