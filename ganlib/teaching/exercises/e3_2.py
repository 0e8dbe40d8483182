"""Exercise 3.2: batch normalisation folded into the convolution before it."""

import numpy as np

from ganlib import reference
from ganlib.teaching.exercises.answers import compare

ASKS = ("fold(kernel, scale, shift, mean, variance, epsilon)",)
HINTS = (
    "In inference the layer is scale · (y - mean) / √(variance + ε) + shift. What multiplies y, and what does not?",
    "With r = scale / √(variance + ε) it is r · y + (shift - r · mean), and y is linear in the kernel.",
)


def right(kernel, scale, shift, mean, variance, epsilon):
    """What the normalisation does to zeros is the bias; what it adds to that for the kernel is the kernel."""
    bias = reference.batch_norm_inference(np.zeros_like(kernel), scale, shift, mean, variance, epsilon)
    both = reference.batch_norm_inference(kernel, scale, shift, mean, variance, epsilon)
    return both - bias, bias[0, 0, 0]


def mistake(ratio, bias=lambda b, r, m: b - r * m, spread=lambda kernel, r: kernel * r):
    """A wrong `fold` from another ratio, another bias, or a ratio put elsewhere."""

    def fold(kernel, scale, shift, mean, variance, epsilon):
        r = ratio(scale, variance, epsilon)
        return spread(kernel, r), bias(shift, r, mean)

    return fold


def usual(scale, variance, epsilon):
    """The right ratio."""
    return scale / np.sqrt(variance + epsilon)


MISTAKES = (
    (lambda *a: right(*a)[::-1], "You returned the bias first. The kernel was asked for first."),
    (mistake(lambda a, v, e: a / (v + e)), "You divided by the variance. By what does a normalisation divide?"),
    (mistake(lambda a, v, e: a / np.sqrt(v)), "Epsilon is missing. Where does it stand in the layer?"),
    (
        mistake(lambda a, v, e: a / (np.sqrt(v) + e)),
        "Your epsilon stands outside the root. Where does the layer add it?",
    ),
    (mistake(lambda a, v, e: 1 / np.sqrt(v + e)), "The layer's own scale is missing from your ratio."),
    (
        mistake(lambda a, v, e: a * np.sqrt(v + e)),
        "You multiplied by the standard deviation: normalising divides by it.",
    ),
    (
        mistake(usual, lambda b, r, m: b - m),
        "Your bias takes away the mean as it is. The layer scales it as well: when?",
    ),
    (
        lambda k, a, b, m, v, e: (k * usual(a, v, e), b - a * m),
        "In your bias the mean is scaled, and not divided by the standard deviation.",
    ),
    (
        lambda k, a, b, m, v, e: (k * usual(a, v, e), b - m / np.sqrt(v + e)),
        "In your bias the mean is divided by the standard deviation. The layer's scale comes after it.",
    ),
    (mistake(usual, lambda b, r, m: b + r * m), "A sign in your bias: is the mean added, or taken away?"),
    (mistake(usual, lambda b, r, m: r * m - b), "Your bias has the opposite sign: what comes out for y = mean?"),
    (mistake(usual, lambda b, r, m: b), "Your bias is the shift alone. What becomes of the mean?"),
    (mistake(usual, lambda b, r, m: r * (b - m)), "You scaled the shift too. In which order does the layer work?"),
    (mistake(usual, spread=lambda k, r: k), "You returned the kernel as it was. What multiplies y, and so the kernel?"),
    (
        mistake(usual, spread=lambda k, r: k * r[:, None]),
        "You scaled the input channels. Whose channels does the normalisation see, and on which axis are they?",
    ),
    (
        mistake(usual, spread=lambda k, r: k * r[:, None, None, None]),
        "You scaled the kernel's rows. The output channels are its last axis, which is also where NumPy aligns r.",
    ),
)


def check(rng, fold):
    """Square cases first, so that a wrong axis is a wrong number and not only an error."""

    def case(inputs, outputs, epsilon):
        kernel, (scale, shift, mean) = rng.normal(size=(4, 4, inputs, outputs)), rng.normal(size=(3, outputs))
        return kernel, scale, shift, mean, rng.uniform(0.1, 2, size=outputs), epsilon

    compare(fold, right, [case(4, 4, 0.1), case(4, 4, 0.5)], MISTAKES)
    compare(fold, right, [case(3, 2, 1e-3)], MISTAKES)
