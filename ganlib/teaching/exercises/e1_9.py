"""Exercise 1.9: sub-pixel convolution as a transposed convolution."""

import numpy as np

from ganlib.reference import conv2d, depth_to_space
from ganlib.teaching.exercises.answers import compare

ASKS = ("merge(kernels)",)
HINTS = (
    "The merged kernel is what one input pixel stamps. Put a single 1 into the sub-pixel layer: where does each of the "
    "nine entries of channel 0 appear?",
    "Entry (u, v) of channel 2a + b goes to (a + 4 - 2u, b + 4 - 2v): turned, and two apart.",
)


def right(kernels):
    """The answer of the sub-pixel layer to a single 1, which is the stamp."""
    x = np.zeros((1, 5, 5, 1))
    x[0, 2, 2] = 1
    return depth_to_space(conv2d(x, kernels[:, :, None, :]))[0, 2:8, 2:8, 0]


def exchanged(kernels):
    """The kernels with the channels of the block's row and column exchanged."""
    return kernels[:, :, [0, 2, 1, 3]]


def unturned(kernels):
    """The kernels interleaved as they are."""
    return right(kernels[::-1, ::-1])


MISTAKES = (
    (
        unturned,
        "The phases are right, but not turned. A convolution gathers and the transposed one stamps: what turns?",
    ),
    (
        lambda kernels: unturned(kernels)[::-1, ::-1],
        "You turned the whole kernel, and with it each block: channel 0 now comes last. Turn the four kernels alone.",
    ),
    (
        lambda kernels: right(exchanged(kernels)),
        "Rows and columns of the blocks are exchanged: which of a and b does the 2 of channel 2a + b belong to?",
    ),
    (lambda kernels: right(kernels).T, "Rows and columns are exchanged throughout: entry (u, v) has row u."),
    (
        lambda kernels: np.block([[kernels[:, :, 2 * a + b] for b in (0, 1)] for a in (0, 1)]),
        "You put the four kernels side by side. Neighbouring places of the result belong to different phases.",
    ),
    (
        lambda kernels: np.block([[kernels[::-1, ::-1, 2 * a + b] for b in (0, 1)] for a in (0, 1)]),
        "They are turned, but stand next to each other. Neighbours in the result belong to different channels.",
    ),
    (
        lambda kernels: kernels.reshape(6, 6),
        "A reshape keeps the order of the numbers. Here rows and channels interleave.",
    ),
    (
        lambda kernels: kernels.transpose(2, 0, 1).reshape(6, 6),
        "A reshape keeps the numbers' order: two rows for each channel. Here rows and channels interleave.",
    ),
    (
        lambda kernels: np.pad(right(kernels), 1)[2:, 2:],
        "This is one pixel off. “Same” with K = 6 cuts off two pixels first.",
    ),
    (
        lambda kernels: np.pad(right(kernels), 1)[:-2, :-2],
        "This is one pixel off, down and to the right. “Same” with K = 6 cuts off two pixels first.",
    ),
)


def check(rng, merge):
    compare(merge, right, [(rng.normal(size=(3, 3, 4)),) for _ in range(3)], MISTAKES)
