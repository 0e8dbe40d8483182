"""Exercise 5.1: two units under a softmax are one unit under a sigmoid."""

import numpy as np

from ganlib.teaching.exercises.answers import compare

ASKS = ("one_logit(units)", "slope(units)")
HINTS = (
    "Divide numerator and denominator of e^a / (e^a + e^b) by e^a, and compare with 1 / (1 + e^-x).",
    "The logit is a - b. The loss is -log σ(a - b): its slope by a is σ(a - b) - 1, and by b the opposite.",
)


def one(units):
    return units[:, 0] - units[:, 1]


def shares(units):
    powers = np.exp(units - units.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)


def right(units):
    return shares(units) - [1, 0]


LOGIT = (
    (lambda u: -one(u), "That is the logit of the other unit, of 'fake': which one stands first?"),
    (lambda u: u[:, 0], "The second unit is missing: what does e^b in the denominator do?"),
    (lambda u: u[:, 0] + u[:, 1], "Raise both units by 1: the softmax stays. Does your logit?"),
    (lambda u: u[:, 0] / u[:, 1], "Exponentials are divided, so exponents are not divided but …?"),
    (lambda u: shares(u)[:, 0], "That is the probability itself. What goes into the sigmoid?"),
)
SLOPE = (
    (lambda u: -right(u), "A sign: does the loss of a real image rise with the unit 'real'?"),
    (shares, "Those are the probabilities. One of them has a 1 to lose."),
    (lambda u: right(u) / len(u), "You divided by the number of samples. Asked for is each sample's own loss."),
    (lambda u: right(u)[:, ::-1], "You have the units in the other order."),
    (lambda u: right(u) * [1, 0], "The loss depends on the second unit as well."),
    (lambda u: 0 * u, "That is the softmax over *one* unit. With two the gradient is not 0."),
)


def check(rng, one_logit, slope):
    cases = [(rng.normal(size=(5, 2)),), (3 * rng.normal(size=(3, 2)),)]
    compare(one_logit, one, cases, LOGIT)
    compare(slope, right, cases, SLOPE)
