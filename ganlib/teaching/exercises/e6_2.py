"""Exercise 6.2: the formulas for β."""

from ganlib import reference
from ganlib.teaching.exercises.answers import compare

ASKS = ("betas(g, before, d)",)
HINTS = (
    "Two numerators, g·g and g·y, and two denominators, the old gradient with itself and d·y, with y the change.",
    "FR = g·g / g₀·g₀, PR = g·y / g₀·g₀, HS = g·y / d·y, DY = g·g / d·y, with y = g - g₀.",
)
ORDER = ("fletcher_reeves", "polak_ribiere", "hestenes_stiefel", "dai_yuan")


def right(g, before, d, order=ORDER, sign=1):
    return tuple(reference.conjugate_beta(rule, g, before, sign * d) for rule in order)


MISTAKES = (
    (lambda g, b, d: right(g, b, d, (*ORDER[:2], *ORDER[:1:-1])), "The last two are in the other order."),
    (lambda g, b, d: right(g, b, d, (*ORDER[1::-1], *ORDER[2:])), "The first two are in the other order."),
    (lambda g, b, d: right(g, b, d, sign=-1), "y is the new gradient minus the old one."),
    (lambda g, b, d: (right(g, b, d)[0],) * 4, "On a quadratic with line searches they agree. Here nothing is given."),
)


def check(rng, betas):
    compare(betas, right, [tuple(rng.normal(size=(3, n))) for n in (3, 6)], MISTAKES)
