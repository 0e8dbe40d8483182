"""Exercise 7.1: what an encoder gives away, the divergence of its normal distribution from the standard one."""

import numpy as np

from ganlib.teaching.exercises.answers import compare

ASKS = ("told(mean, log_variance)",)
HINTS = (
    "Take the mean over z ~ N(μ, s²) of log N(z; μ, s²) - log N(z; 0, 1): the mean of z² is μ² + s².",
    "Each number of the latent adds (μ² + s² - 1 - log s²) / 2, and s² is the exponential of log_variance.",
)
MISTAKES = (
    (
        lambda m, v: (m**2 + np.exp(v) - 1 - v).sum(axis=1),
        "Twice too large: both densities' logarithms have ½.",
    ),
    (lambda m, v: (m**2 + np.exp(v) - 1 - v).mean(axis=1) / 2, "The mean over the latent's numbers, where a sum is."),
    (lambda m, v: (m**2 + np.exp(v) - 1 - v).sum() / 2, "One number for all samples; each sample's own was asked for."),
    (lambda m, v: (m**2 + np.exp(v) - 1 - v).sum(axis=1).mean() / 2, "The mean over the samples was not asked for."),
    (lambda m, v: (m**2 + np.exp(v) - 1 - v).sum(axis=0) / 2, "You summed over the samples instead of the latent."),
    (lambda m, v: -(m**2 + np.exp(v) - 1 - v).sum(axis=1) / 2, "The sign is flipped: a divergence is never negative."),
    (
        lambda m, v: (m**2 + np.exp(v) - v).sum(axis=1) / 2,
        "Not zero at μ = 0 and s = 1. Which constant fails?",
    ),
    (
        lambda m, v: (m**2 + np.exp(2 * v) - 1 - 2 * v).sum(axis=1) / 2,
        "You took log_variance for log s. It is log s²: no further square.",
    ),
    (lambda m, v: (m**2 + v - 1 - np.log(v)).sum(axis=1) / 2, "You took log_variance for s² itself."),
    (
        lambda m, v: ((1 + m**2) * np.exp(-v) - 1 + v).sum(axis=1) / 2,
        "This is the divergence the other way round, of the standard normal from the encoder's.",
    ),
)


def right(mean, log_variance):
    return (mean**2 + np.exp(log_variance) - 1 - log_variance).sum(axis=1) / 2


def check(rng, told):
    some = rng.normal(size=(5, 3)), rng.normal(size=(5, 3))
    silent = np.zeros((2, 4)), np.zeros((2, 4))
    compare(told, right, [some, silent, (rng.normal(size=(1, 6)), rng.normal(-2, 1, size=(1, 6)))], MISTAKES)
