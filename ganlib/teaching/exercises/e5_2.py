"""Exercise 5.2: the scale of a weight before batch normalisation is a rate."""

from ganlib.teaching.exercises.answers import compare

ASKS = ("rate(h, a)",)
HINTS = (
    "Differentiate L(a w) = L(w) by w: how long is the gradient at a w? Then take a out of the new weight as a factor.",
    "The gradient at a w is ∇L(w) / a, and the step ends at a (w - h/a² ∇L(w)).",
)
MISTAKES = (
    (lambda h, a: h / a, "That is the shorter gradient. The weight that it moves is also longer, by a."),
    (lambda h, a: h * a**2, "The wrong way round: do large weights turn faster, or more slowly?"),
    (lambda h, a: h * a, "The wrong way round, and once only: both the gradient and the weight change with a."),
    (lambda h, a: h, "The loss does not see a, but its gradient does: differentiate L(a w) = L(w)."),
    (lambda h, a: h / a**3, "One a too many: the gradient gives one, and taking a out of the weight another."),
    (lambda h, a: h / a**0.5, "No root: the gradient gives one a, and taking a out of the weight another."),
)


def check(rng, rate):
    cases = [(0.1, 10.0), (1.0, 0.5), (float(rng.uniform(0.1, 1)), float(rng.uniform(2, 5)))]
    compare(rate, lambda h, a: h / a**2, cases, MISTAKES, atol=1e-9)
