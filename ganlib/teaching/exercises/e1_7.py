"""Exercise 1.7: what three ways to enlarge a grid cost."""

from ganlib.architectures import Conv, ConvTranspose, DepthToSpace, Layer, Upsample, costs
from ganlib.teaching.exercises.answers import compare

ASKS = ("multiply_adds(n, K, s, c_in, c_out)",)
HINTS = (
    "A convolution of stride 1 costs (pixels of its grid) × K² × (channels in) × (channels out). On which grid does "
    "each layer's convolution run, and to how many channels?",
    "Transposed: n² K² c_in c_out. Resizing runs on s²n² pixels. Sub-pixel runs on n² pixels, to s² c_out channels.",
)


def right(n, K, s, c_in, c_out):
    """As `ganlib.architectures.costs` counts."""
    ways: list[list[Layer]] = [
        [ConvTranspose(c_out, K, s, "same", bias=False)],
        [Upsample(s), Conv(c_out, K, 1, "same", bias=False)],
        [Conv(s**2 * c_out, K, 1, "same", bias=False), DepthToSpace(s)],
    ]
    return tuple(sum(cost.multiply_adds for cost in costs(way, (n, n, c_in))) for way in ways)


def scaled(*factors):
    """A mistake: the three as so many times the transposed layer's cost."""

    def wrong(n, K, s, c_in, c_out):
        base = n**2 * K**2 * c_in * c_out
        return tuple(base * factor(n, K, s, c_in, c_out) for factor in factors)

    return wrong


def one(*_):
    """As much as the transposed layer."""
    return 1


def enlarged(n, K, s, *_):
    """Once for each pixel of the large grid."""
    return s**2


MISTAKES = (
    (
        scaled(enlarged, enlarged, enlarged),
        "You let the transposed layer run over the large grid. How many pixels put a stamp?",
    ),
    (
        scaled(one, one, enlarged),
        "Resizing comes before the convolution: how large is the grid that its convolution runs over?",
    ),
    (scaled(one, enlarged, one), "How many channels must the sub-pixel layer's convolution make for a block of s × s?"),
    (scaled(one, one, one), "They do not cost the same. Over how many pixels, to how many channels, does each run?"),
    (
        scaled(one, lambda n, K, s, *_: s, lambda n, K, s, *_: s),
        "The grid grows along both sides: there are how many times as many pixels?",
    ),
    (
        scaled(lambda n, K, *_: 1 / K, *[lambda n, K, s, *_: s**2 / K] * 2),
        "The kernel is K wide and K high. You counted K entries of it.",
    ),
    (
        scaled(lambda n, *_: 1 / n, *[lambda n, K, s, *_: s**2 / n] * 2),
        "The grid is n wide and n high. You counted n of its pixels.",
    ),
    (
        scaled(lambda n, *_: 1 / n**2, lambda n, *_: 1 / n**2, lambda n, K, s, *_: s**2 / n**2),
        "These are the kernels' entries. How often is each of them used?",
    ),
    (
        scaled(lambda n, K, s, c_in, c_out: 1 / c_in, *[lambda n, K, s, c_in, c_out: s**2 / c_in] * 2),
        "Each output channel sums over all input channels. Where is c_in?",
    ),
    (
        scaled(lambda *_: 2, *[lambda n, K, s, *_: 2 * s**2] * 2),
        "You counted a multiplication and an addition as two. A multiply-add is one.",
    ),
    (
        scaled(enlarged, one, one),
        "You have it the other way round: the transposed layer's inputs are the pixels of the small grid.",
    ),
)


def check(rng, multiply_adds):
    drawn = [tuple(int(k) for k in rng.integers((3, 4, 2, 2, 2), (10, 8, 4, 9, 9))) for _ in range(3)]
    compare(multiply_adds, right, [(4, 4, 2, 64, 32), (8, 3, 2, 5, 1), *drawn], MISTAKES, rtol=1e-9, atol=0)
