"""Exercise 3.4: a dense layer for shuffled pixels."""

import numpy as np

from ganlib.teaching.exercises.answers import compare

ASKS = ("shuffled(first, order)",)
HINTS = (
    "Pixel order[i] of the old images is pixel i of the shuffled ones. Which row of the kernel belonged to it?",
    "x[:, order] @ first[order] adds up the same products as x @ first, in another order.",
)
MISTAKES = (
    (lambda first, order: first, "You changed nothing. Which pixel does the first row of the kernel meet now?"),
    (
        lambda first, order: first[np.argsort(order)],
        "You shuffled back. The rows must stay with their pixels: where is pixel 0 after the shuffle?",
    ),
    (lambda first, order: first[:, order], "You shuffled the units. Which axis of the kernel belongs to the pixels?"),
    (lambda first, order: first[:, np.argsort(order)], "You shuffled the units, and back. Pixels are the other axis."),
    (lambda first, order: first[order][:, order], "Rows and columns both: the units did not move."),
    (lambda first, order: first[order].T, "The rows are right, and then you transposed: the kernel is (n, m)."),
)


def right(first, order):
    """With the shuffle as a matrix P, x P · Pᵀ W = x W."""
    return np.eye(len(order))[:, order].T @ first


def check(rng, shuffled):
    def case(pixels, units):
        order = np.roll(np.arange(pixels), 1)  # no order that is its own inverse
        order[2:] = rng.permutation(order[2:])
        return rng.normal(size=(pixels, units)), order

    compare(shuffled, right, [case(6, 6), case(7, 7)], MISTAKES)
    compare(shuffled, right, [case(9, 4), case(4, 9)], MISTAKES)
