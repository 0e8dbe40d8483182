"""Exercise 5.1: what a loss on logits can and cannot reach when it is given probabilities."""

import numpy as np

from ganlib.teaching.exercises.answers import compare

ASKS = ("lowest(label)", "slope(logit)")
HINTS = (
    "The numbers that the loss takes for logits lie between 0 and 1. Which end is best for a real sample, which for a "
    "generated one? The slope is a product of two derivatives.",
    "softplus(-1) with the label 1 and softplus(0) with the label 0. And softplus(σ(l)) has the slope "
    "σ(σ(l)) · σ(l) (1 - σ(l)).",
)


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def lowest(label):
    return np.log1p(np.exp(-1)) if label else np.log(2)


LOWEST = (
    (lambda label: 0.0, "That is the floor of the right loss. Which 'logit' is the largest that a sigmoid can give?"),
    (lambda label: np.log(2), "With the label 1 a sigmoid's highest value, 1, costs less than its lowest, 0."),
    (lambda label: np.log1p(np.exp(-1)), "With the label 0 a 'logit' far below 0 would be best. A sigmoid ends at 0."),
    (lambda label: lowest(1 - label), "You have the two labels the other way round."),
    (
        lambda label: np.log1p(np.exp(-0.5 if label else 0.5)),
        "That is D undecided, at the 'logit' of one half. What does the best D reach?",
    ),
    (lambda label: lowest(1) + lowest(0), "That is the sum of both. Asked for is one sample's loss, by its label."),
)
SLOPES = (
    (sigmoid, "That is the slope with one sigmoid. Between the logit and the loss stand two."),
    (lambda logit: sigmoid(sigmoid(logit)), "The inner sigmoid has a derivative, too."),
    (lambda logit: sigmoid(logit) * (1 - sigmoid(logit)), "That is the inner derivative. Softplus has one, too."),
    (lambda logit: sigmoid(logit) ** 2 * (1 - sigmoid(logit)), "Softplus is given σ(l), so its slope is σ of that."),
    (
        lambda logit: (sigmoid(sigmoid(logit)) - 1) * sigmoid(logit) * (1 - sigmoid(logit)),
        "That is for the label 1. A generated sample has the label 0.",
    ),
)


def right(logit):
    return sigmoid(sigmoid(logit)) * sigmoid(logit) * (1 - sigmoid(logit))


def check(rng, answer, slope):
    compare(answer, lowest, [(1,), (0,)], LOWEST, atol=1e-3)
    compare(slope, right, [(0.0,), (-8.0,), (float(rng.normal()),)], SLOPES)
