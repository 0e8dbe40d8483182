"""Exercise 5.5: a rate belongs to a way of writing the weights."""

from ganlib.teaching.exercises.answers import compare

ASKS = ("plain(h)", "adam(h)")
HINTS = (
    "With u = 2 w: how long is the gradient by u beside that by w? And how much farther must u move than w?",
    "The gradient is half as long and the way twice as far. Adam divides by the gradient's size.",
)
PLAIN = (
    (lambda h: 2 * h, "u must move twice as far, and its gradient is only half as long."),
    (lambda h: h, "The images are the same, but not the gradient: what is ∂L/∂u for u = 2 w?"),
    (lambda h: h / 2, "That moves u less than w. It must move twice as far."),
    (lambda h: h / 4, "The wrong way round: that is the rate on w for one on u."),
    (lambda h: 8 * h, "A factor 2 too many: one is the gradient's, one the way's."),
)
ADAM = (
    (lambda h: 4 * h, "Adam divides by the gradient's size: does it notice that the gradient is half as long?"),
    (lambda h: h, "Adam's step is as long as before. But u has twice the way."),
    (lambda h: h / 2, "Upside down: must u move farther than w, or less far?"),
)


def check(rng, plain, adam):
    cases = [(0.1,), (2e-4,), (float(rng.uniform(0.5, 2)),)]
    compare(plain, lambda h: 4 * h, cases, PLAIN, atol=1e-9)
    compare(adam, lambda h: 2 * h, cases, ADAM, atol=1e-9)
