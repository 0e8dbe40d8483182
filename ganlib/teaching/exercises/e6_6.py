"""Exercise 6.6: a rate at which the local game has no answer."""

from ganlib.teaching.exercises.answers import compare

ASKS = ("no_answer(k)",)
HINTS = (
    "The matrix of one number is 1 - h² times the product of both mixed derivatives. When is it zero?",
    "Both mixed derivatives are -k, so 1 - h²k² = 0.",
)
MISTAKES = (
    (lambda k: 1 / k**2, "That is h². What is h?"),
    (lambda k: k, "The larger the influence, the smaller the rate."),
    (lambda k: -1 / k, "A rate is positive; the sign of k goes away in the square."),
    (lambda k: 1 / (2 * k), "Both mixed derivatives are -k: one factor each, and no 2."),
)


def check(rng, no_answer):
    compare(no_answer, lambda k: 1 / k, [(float(k),) for k in rng.uniform(0.3, 4, size=4)], MISTAKES)
