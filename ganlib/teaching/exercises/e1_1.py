"""Exercise 1.1: a transposed convolution by hand."""

import contextlib

from ganlib.teaching.exercises.answers import Wrong, compare_value

ASKS = ("y",)
HINTS = (
    "Each input puts a stamp, the kernel times itself, and neighbouring inputs put theirs two places apart.",
    "Write three stamps of width 3 below each other, from places 0, 2 and 4, and add up the columns.",
)
RIGHT = [1, 2, 1, 0, 3, 6, 3]
MISTAKES = (
    (
        [1, 2, 1, 0, 0, 0, 3, 6, 3],
        "You put the stamps side by side, three apart: where do they start with a stride of 2?",
    ),
    ([1, 2, 4, 6, 3], "You moved the stamps by one. With a stride of 2 neighbouring stamps start two places apart."),
    ([1, 2, 1, 0, 3, 6], "The last stamp is as wide as the others: nothing is cropped."),
    ([2, 1, 0, 3, 6], "These are the middle numbers. Nothing is cropped here, so the ends stay."),
    ([2, 3], "This takes numbers away from the input: that is a convolution. Here each input adds a stamp."),
)


def check(rng, y):
    for same in ([RIGHT], [[one] for one in RIGHT]):  # as a row or a column of a matrix
        with contextlib.suppress(Wrong):
            return compare_value(y, same)
    return compare_value(y, RIGHT, MISTAKES)
