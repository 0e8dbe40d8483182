"""Exercise 2.14: an objective that estimates KL(p ‖ q), both halves of it."""

import numpy as np

from ganlib.teaching.exercises.answers import compare

ASKS = ("losses(real_scores, fake_scores)", "best_score(p, q)")
HINTS = (
    "D makes the bound large, so it minimises its negative. Which part of the bound can G change? For the best T, "
    "differentiate p t - q exp(t - 1) by t at one point.",
    "L_D is the mean of exp(fake - 1) less the mean of the real scores, L_G the negative mean of exp(fake - 1), and "
    "T* = 1 + log(p/q).",
)


def right(real, fake):
    """Both losses."""
    return np.mean(np.exp(fake - 1)) - np.mean(real), -np.mean(np.exp(fake - 1))


def best(p, q):
    """Where p t - q exp(t - 1) is largest."""
    return 1 + np.log(p) - np.log(q)


LOSSES = (
    (
        lambda r, f: tuple(-one for one in right(r, f)),
        "Both signs are flipped: D makes the bound large, G makes it small.",
    ),
    (
        lambda r, f: (-right(r, f)[0], right(r, f)[1]),
        "L_D is the bound itself. D makes it large: minimise the negative.",
    ),
    (
        lambda r, f: (right(r, f)[0], -right(r, f)[1]),
        "The sign of L_G is flipped: G makes the bound small, and there -φ* of its scores stands.",
    ),
    (
        lambda r, f: (right(r, f)[0], -right(r, f)[0]),
        "Your L_G holds the real scores too. G cannot change that part: leave it out.",
    ),
    (
        lambda r, f: (right(r, f)[0], -np.mean(f)),
        "That is another loss for G, as -log D is beside log(1 - D). Asked for is the part of the bound.",
    ),
    (
        lambda r, f: (np.mean(np.exp(f)) - np.mean(r), -np.mean(np.exp(f))),
        "The conjugate of u log u is exp(t - 1): the maximum of t u - u log u lies at u = exp(t - 1).",
    ),
    (
        lambda r, f: (np.sum(np.exp(f - 1)) - np.sum(r), -np.sum(np.exp(f - 1))),
        "You added the samples up. Losses are means, each over its own samples.",
    ),
    (
        lambda r, f: (np.mean(np.exp(f) - 1) - np.mean(r), -np.mean(np.exp(f) - 1)),
        "The 1 belongs into the exponent: exp(t - 1), not exp(t) - 1.",
    ),
    (
        lambda r, f: (np.mean(np.exp(r - 1)) - np.mean(f), -np.mean(np.exp(r - 1))),
        "Real and fake are exchanged: the conjugate stands over the generated samples.",
    ),
    (lambda r, f: right(r, f)[::-1], "The two are exchanged: D's loss comes first."),
)
BEST = (
    (lambda p, q: np.log(p) - np.log(q), "That is the logit of the minimax game. Here φ'(u) is not log u."),
    (lambda p, q: 1 - np.log(p) + np.log(q), "p and q are exchanged: the score is high where real samples are."),
    (
        lambda p, q: np.log(p) - np.log(q) - 1,
        "The sign of the 1 is flipped: where is the derivative p - q exp(t - 1) zero?",
    ),
    (lambda p, q: p / q, "That is the ratio. The best score is φ' of it."),
    (lambda p, q: p / (p + q), "That is the best D of the minimax game, a probability."),
)


def check(rng, losses, best_score):
    cases = [(rng.normal(1, 1, size=n), rng.normal(size=k)) for n, k in ((4, 6), (7, 3), (5, 5))]
    compare(losses, right, cases, LOSSES)
    cases = [tuple(rng.uniform(0.1, 2, size=(2, *size))) for size in ((4,), (6,), (2, 3))]
    compare(best_score, best, cases, BEST)
