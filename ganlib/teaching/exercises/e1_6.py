"""Exercise 1.6: Landweber's iteration."""

import numpy as np

from ganlib.teaching.exercises.answers import Raised, Wrong, compare

ASKS = ("landweber(y, C, steps, rate)",)
HINTS = (
    "Each step needs the x of the step before: first y - Cx, then Cᵀ times that, then rate times that is added to x.",
    "x = zeros, as many as C has columns; then, `steps` times, x = x + rate * C.T @ (y - C @ x).",
)


def right(y, C, steps, rate):
    """In closed form: along each singular vector 1 - (1 - rate σ²)ᵗ of the way is done."""
    U, sigma, rows = np.linalg.svd(C, full_matrices=False)
    done = 1 - (1 - rate * sigma**2) ** steps
    return rows.T @ (done / sigma * (U.T @ y))


def repeat(step):
    """The iteration with another step."""

    def wrong(y, C, steps, rate):
        x = np.zeros(C.shape[1])
        for _ in range(steps):
            x = step(x, y, C, rate)
        return x

    return wrong


MISTAKES = (
    (
        repeat(lambda x, y, C, rate: x + rate * C.T @ (C @ x - y)),
        "The sign is flipped: x moves away from what explains y. Which difference is still to be explained?",
    ),
    (
        repeat(lambda x, y, C, rate: x + rate * C @ (y - C @ x)),
        "You went back with C itself. What is left of y is an output: which matrix takes outputs to inputs?",
    ),
    (
        repeat(lambda x, y, C, rate: x + rate * C.T @ (y - C.T @ x)),
        "You blurred x with Cᵀ. Inside the bracket stands the convolution itself.",
    ),
    (repeat(lambda x, y, C, rate: x + rate * (y - C @ x)), "You added what is left of y itself. Where is Cᵀ?"),
    (repeat(lambda x, y, C, rate: x + C.T @ (y - C @ x)), "You left out the rate."),
    (
        repeat(lambda x, y, C, rate: x + 2 * rate * C.T @ (y - C @ x)),
        "Your steps are twice as long. The 2 from the derivative of a square is not in the formula.",
    ),
    (
        repeat(lambda x, y, C, rate: rate * C.T @ (y - C @ x)),
        "You replace x by the step. The step is added to the old x.",
    ),
    (
        lambda y, C, steps, rate: steps * rate * C.T @ y,
        "All your steps are alike. Is y - Cx computed anew in each of them?",
    ),
    (lambda y, C, steps, rate: right(y, C, steps - 1, rate), "One step is missing. How often does your loop run?"),
    (lambda y, C, steps, rate: right(y, C, steps + 1, rate), "That is one step more than `steps`."),
    (
        lambda y, C, steps, rate: (
            right(y, C, steps, rate) + np.linalg.matrix_power(np.eye(C.shape[1]) - rate * C.T @ C, steps) @ C.T @ y
        ),
        "You started from Cᵀy. The iteration starts from zero.",
    ),
    (lambda y, C, steps, rate: C @ right(y, C, steps, rate), "You returned Cx. The image x itself was asked for."),
    (lambda y, C, steps, rate: y - C @ right(y, C, steps, rate), "You returned what is left of y. x was asked for."),
)


def case(rng, outputs, inputs, steps):
    """A random problem, and a rate at which the steps converge."""
    C = rng.normal(size=(outputs, inputs))
    return rng.normal(size=outputs), C, steps, float(rng.uniform(0.5, 1.5)) / np.linalg.norm(C, 2) ** 2


def check(rng, landweber):
    compare(landweber, right, [case(rng, 5, 5, steps) for steps in (1, 2, 7, 30)], MISTAKES)
    try:
        compare(landweber, right, [case(rng, 4, 6, 3), case(rng, 7, 5, 10)])
    except Raised as raised:
        raise Wrong(raised.failed, "C need not be square: x has as many entries as C has columns.") from None
