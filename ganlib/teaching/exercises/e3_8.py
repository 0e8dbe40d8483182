"""Exercise 3.8: the sizes that the architecture `dcgan` can make."""

from ganlib.teaching.exercises.answers import Raised, compare, require

ASKS = ("fits(size)", "down_to(height, width)")
HINTS = (
    "The first grid has 4, 5, 6 or 7 pixels a side, and each layer doubles it, at least once.",
    "Halve an even size for as long as it is above 7; at the end it must be 4 to 7. `down_to` tries sizes from the "
    "shorter side down.",
)


def sizes(starts=(4, 5, 6, 7), doublings=range(1, 12)):
    """All starts, doubled."""
    return {start * 2**k for start in starts for k in doublings}


SIZES = sizes()
FITS = (
    (lambda size: size in sizes((4,)), "Powers of 2 are not the only ones: where else may the first grid start?"),
    (lambda size: size in sizes(doublings=range(12)), "One of 4 to 7 pixels is a first grid. Is it an image already?"),
    (
        lambda size: size % 4 == 0 and size >= 8,
        "Not every multiple of 4: halve 36 for as long as you can, where do you end?",
    ),
    (lambda size: size % 2 == 0 and size >= 8, "An even size can be halved once. What must be left at the end?"),
    (lambda size: size % 8 == 0, "10, 12 and 14 come from one doubling. Need there be more?"),
    (lambda size: size in sizes((4, 6)), "Must the first grid be even? It is only ever doubled."),
    (lambda size: size in sizes((5, 7)), "A first grid may be even as well."),
    (
        lambda size: size in sizes(range(4, 16)),
        "Your first grids are too large: which are the starts of the architecture?",
    ),
    (lambda size: size in sizes(range(4, 8), range(2, 12)), "One doubling is enough."),
)


def right(height, width):
    """By trying."""
    return max(size for size in SIZES if size <= min(height, width))


DOWN = (
    (lambda h, w: right(max(h, w), max(h, w)), "It must fit into the shorter side too."),
    (lambda h, w: right(h, h), "You look at the height alone. The width may be the shorter side."),
    (lambda h, w: right(w, w), "You look at the width alone. The height may be the shorter side."),
    (lambda h, w: min(size for size in SIZES if size >= min(h, w)), "You enlarge: the image has no such pixels."),
    (lambda h, w: 2 ** (min(h, w).bit_length() - 1), "Powers of 2 are not the only sizes: take those that fit."),
    (lambda h, w: right(min(h, w) - 1, 9999), "An image that has a size already need not lose a pixel."),
    (lambda h, w: (right(h, h), right(w, w)), "One size is wanted: the images are square."),
    (lambda h, w: min(h, w) - right(h, w), "That is what is lost. What remains?"),
)


def check(rng, fits, down_to):
    compare(fits, lambda size: size in SIZES, [(size,) for size in (*range(1, 301), 384, 416, 1000, 1792)], FITS)
    cases = [tuple(map(int, rng.integers(8, 600, size=2))) for _ in range(30)]
    compare(down_to, right, [(28, 28), (178, 218), (120, 100), (8, 8), (448, 500), *cases], DOWN)
    for size in ((7, 300), (300, 7), (1, 1)):
        hint = "No size fits: that is no result, but an error to raise."
        try:
            found = down_to(*size)
        except Raised as raised:
            require(isinstance(raised.error, ValueError), f"{raised.failed}\nExpected a ValueError.", hint)
        else:
            require(False, f"down_to{size} returned {found!r}.\nExpected a ValueError.", hint)
