"""Exercise 1.8: how far a wrong output padding moves the picture."""

import numpy as np

from ganlib.reference import conv_transpose2d
from ganlib.teaching.exercises.answers import compare

ASKS = ("offset(L)",)
HINTS = (
    "Follow a bright pixel through one layer. From column p the middle of its stamp comes to column 2p + 1 in Keras "
    "and to column 2p in PyTorch. If the two pictures were q pixels apart before a layer, how far apart are they after "
    "it?",
    "Each layer doubles the distance and adds one: 0, 1, 3, 7, … Which power of 2 is near these?",
)


def right(L):
    """Follows a bright pixel through both frameworks' layers."""
    keras = torch = np.pad(np.ones((1, 1, 1, 1)), ((0, 0), (3, 3), (3, 3), (0, 0)))
    kernel = np.ones((3, 3, 1, 1))
    for _ in range(L):
        keras = conv_transpose2d(keras, kernel, stride=2)
        torch = conv_transpose2d(torch, kernel, stride=2, padding=1, output_padding=1)
    return int(keras.any((0, 1, 3)).argmax() - torch.any((0, 1, 3)).argmax())


MISTAKES = (
    (lambda L: L, "You added one pixel for each layer. What do the layers that follow do to it?"),
    (lambda L: 2**L, "Almost: the first layer is off by 1, and no layer has come before it."),
    (lambda L: 1 - 2**L, "The direction is PyTorch's, to the left, but only the number of pixels was asked for."),
    (lambda L: 2 ** (L - 1), "You doubled the first layer's pixel. Each later layer adds one of its own."),
    (lambda L: 2 ** (L - 1) - 1, "One layer is missing: for L = 1 the two already differ."),
    (lambda L: 2 ** (L + 1) - 1, "That is one layer too many: for L = 1 they are one pixel apart."),
    (lambda L: L * (L + 1) // 2, "You let the shifts grow by one more each time. A doubling doubles them."),
    (lambda L: L**2, "You let the shifts grow like a square. What does one layer do to a shift q from before?"),
    (lambda L: 1, "One pixel is what a single layer is off. What do the layers that follow do to it?"),
    (
        lambda L: (2**L - 1) / 2,
        "Of 2n + 1 numbers Keras keeps the first 2n and PyTorch the last. That is a whole pixel, not half of one.",
    ),
)


def check(rng, offset):
    compare(offset, right, [(L,) for L in (1, 2, 3, 4, 5)], MISTAKES)
