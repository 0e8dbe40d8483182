"""Exercise 1.3: how many inputs touch each output pixel."""

import numpy as np

from ganlib.teaching.exercises.answers import compare, require

ASKS = ("stamps(n, K, s)",)
HINTS = (
    "Input k touches the places from sk to sk + K - 1. How many places are there in all, and which is the last?",
    "Begin with s(n - 1) + K zeros. For each k from 0 to n - 1 add 1 to the K places from sk on.",
)


def right(n, K, s):
    """Asks each output pixel which inputs reach it."""
    return np.array([sum(s * k <= place < s * k + K for k in range(n)) for place in range(s * (n - 1) + K)])


def without_border(n, K, s):
    """The count of each phase, as it is in the middle, at every pixel."""
    return np.array([len(range(place % s, K, s)) for place in range(s * (n - 1) + K)])


MISTAKES = (
    (
        without_border,
        "You counted as in the middle. Near the border some of these stamps would come from outside the input.",
    ),
    (lambda n, K, s: np.minimum(right(n, K, s), 1), "You wrote 1 where stamps overlap. There they add up."),
    (lambda n, K, s: right(n, K, 1), "Your stamps start one place apart. With stride s they start s apart."),
    (lambda n, K, s: right(n, s, K), "You exchanged K and s: the stamps are K wide and start s apart."),
    (
        lambda n, K, s: np.append(right(n, K, s), np.zeros(s - 1)),
        "There are s - 1 places too many at the end: nothing follows the last stamp.",
    ),
    (
        lambda n, K, s: right(n, K, s)[: s * n],
        "This is sn long, as with padding “same”. Here nothing is cropped.",
    ),
    (lambda n, K, s: np.full(n, K), "You counted the outputs that each input touches. Ask each output pixel instead."),
    (lambda n, K, s: right(n, K, s) ** 2, "You squared: that is for the plane. The function is for one dimension."),
)


def check(rng, stamps):
    drawn = [tuple(int(one) for one in rng.integers(2, 8, size=3)) for _ in range(4)]
    compare(stamps, right, [(6, 3, 2), (5, 4, 2), (4, 7, 3), (3, 2, 4), (1, 3, 2), *drawn], MISTAKES, rtol=0)
    kind = np.asarray(stamps(6, 3, 2)).dtype
    require(
        kind.kind in "iu",
        f"stamps: the numbers are right, but of type {kind}.\nExpected whole numbers.",
        "Make the array with dtype=int.",
    )
