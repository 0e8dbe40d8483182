"""Exercise 1.4: a transposed convolution with one call of np.convolve."""

import numpy as np

from ganlib.reference import conv_transpose2d
from ganlib.teaching.exercises.answers import compare

ASKS = ("up(x, w, s)",)
HINTS = (
    "First spread x out: s - 1 zeros between neighbours. What does np.convolve add at the ends, and does it turn w?",
    "Make s(n - 1) + 1 zeros, write x into every s-th, and convolve with w as it is, in the mode “full”.",
)


def right(x, w, s):
    """The reference's layer on an image of one row."""
    return conv_transpose2d(x[None, None, :, None], w[None, :, None, None], stride=s, padding=0)[0, 0, :, 0]


def spread(x, s, after=0):
    """x with s - 1 zeros between neighbours, and some after the last."""
    wide = np.zeros(s * (len(x) - 1) + 1 + after)
    wide[: s * (len(x) - 1) + 1 : s] = x
    return wide


MISTAKES = (
    (
        lambda x, w, s: right(x, w[::-1], s),
        "You turned the kernel. `gather` had to, but np.convolve turns it too: what do two turns make?",
    ),
    (
        lambda x, w, s: np.convolve(spread(x, s, s - 1), w),
        "There are s - 1 zeros too many at the end: they belong between the inputs, none after the last.",
    ),
    (lambda x, w, s: right(x, w, s + 1), "You put s zeros between two inputs. How far apart are they then?"),
    (
        lambda x, w, s: np.convolve(np.repeat(x, s), w),
        "You repeated each input s times. What should stand between two?",
    ),
    (
        lambda x, w, s: np.convolve(spread(x, s), w, "same"),
        "The mode “same” crops. Which mode keeps every place that a stamp touches?",
    ),
    (
        lambda x, w, s: np.convolve(spread(x, s), w, "valid"),
        "The mode “valid” keeps only where the kernel lies wholly on the input. Which mode keeps everything?",
    ),
    (
        lambda x, w, s: np.convolve(x, w)[::s],
        "Keeping every s-th number is a convolution with stride s, which shrinks.",
    ),
    *(
        (
            lambda x, w, s, axes=axes: np.expand_dims(right(x, w, s), axes),
            "The numbers are right, in an array with more than one axis. Return a row of numbers, as x is one.",
        )
        for axes in (0, 1, (0, 1), (0, 2))
    ),
    (lambda x, w, s: np.convolve(x, w), "You left out the stride: neighbouring stamps start s places apart."),
    (
        lambda x, w, s: np.convolve(x, spread(w, s)),
        "You spread the kernel out, which is dilation. Spread out the input instead.",
    ),
)


def check(rng, up):
    sizes = [(4, 3, 2), (5, 2, 3), (3, 6, 2), (2, 3, 1), (1, 4, 2)]
    compare(up, right, [(rng.normal(size=n), rng.normal(size=K), s) for n, K, s in sizes], MISTAKES)
