"""Exercise 2.13: a generator trained by the witness function of a kernel, without a discriminator."""

import numpy as np

from ganlib.teaching.exercises.answers import compare

ASKS = ("witness(x, real, fake, width)", "descend(real, fake, width, rate, steps)")
HINTS = (
    "f(x) is the mean of k(x, real) less the mean of k(x, fake). For the slope differentiate the kernel by x: what "
    "stands before it?",
    "With d = x[:, None] - real[None, :] and k = exp(-d²/(2 width²)), the slope of k by x is -d/width² · k. Each "
    "step is fake + rate · f'(fake), with f of these fakes.",
)


def kernel(x, centres, width):
    """k and its slope by x, (len(x), len(centres)) each."""
    apart = np.subtract.outer(x, centres) / width
    height = np.exp(-(apart**2) / 2)
    return height, -apart * height / width


def right(x, real, fake, width):
    """The witness and its slope."""
    (on_real, up), (on_fake, down) = kernel(x, real, width), kernel(x, fake, width)
    return on_real.mean(axis=1) - on_fake.mean(axis=1), up.mean(axis=1) - down.mean(axis=1)


def part(x, centres, width):
    """The mean kernel and its slope, of one set."""
    height, slope = kernel(x, centres, width)
    return height.mean(axis=1), slope.mean(axis=1)


def moved(real, fake, width, rate, steps, force=lambda x, real, fake, width: right(x, real, fake, width)[1]):
    """The fakes after so many steps of this force."""
    for _ in range(steps):
        fake = fake + rate * force(fake, real, fake, width)
    return fake


def frozen(real, fake, width, rate, steps):
    """A mistake: the witness of the first fakes in every step."""
    return moved(real, fake, width, rate, steps, lambda x, real, _, width: right(x, real, fake, width)[1])


WITNESS = (
    (lambda x, r, f, w: tuple(-one for one in right(x, r, f, w)), "Upside down: it should be high where the data are."),
    (
        lambda x, r, f, w: (right(x, r, f, w)[0], -right(x, r, f, w)[1]),
        "The sign of the slope is flipped: to the right of a centre the kernel falls.",
    ),
    (
        lambda x, r, f, w: (right(x, r, f, w)[0], right(x, r, f, w)[1] * w**2),
        "The inner derivative is missing: that of -(x - y)²/(2 width²) is -(x - y)/width².",
    ),
    (
        lambda x, r, f, w: (right(x, r, f, w)[0], right(x, r, f, w)[1] * w),
        "The slope lacks a factor 1/width: that of -(x - y)²/(2 width²) is -(x - y)/width².",
    ),
    (lambda x, r, f, w: right(x, r, f, w)[::-1], "The two are exchanged: the values come first, then the slopes."),
    (
        lambda x, r, f, w: part(x, r, w),
        "The fakes are missing. Then they would all gather at the data's highest point.",
    ),
    (
        lambda x, r, f, w: tuple(a * len(r) - b * len(f) for a, b in zip(part(x, r, w), part(x, f, w), strict=True)),
        "You added the kernels up. Both parts are means, each over its own samples.",
    ),
    (
        lambda x, r, f, w: (right(x, r, f, w / np.sqrt(2))[0], ...),
        "Your kernel is exp(-(x - y)²/width²). Asked for is exp(-(x - y)²/(2 width²)).",
    ),
)
DESCEND = (
    (
        frozen,
        "You computed the witness once, from the first fakes. It changes with them: compute it anew in every step.",
    ),
    (
        lambda r, f, w, rate, steps: moved(r, f, w, -rate, steps),
        "The samples flee. The witness is high where the data are: go uphill.",
    ),
    (lambda r, f, w, rate, steps: moved(r, f, w, rate, 1), "You took one step. How many are asked for?"),
    (lambda r, f, w, rate, steps: moved(r, f, w, rate, steps + 1), "You took one step too many."),
    (lambda r, f, w, rate, steps: moved(r, f, w, rate, steps - 1), "You took one step too few."),
    (
        lambda r, f, w, rate, steps: moved(r, f, w, rate / len(f), steps),
        "You divided the steps by the number of fakes. Each sample moves by the rate times its own slope.",
    ),
    (
        lambda r, f, w, rate, steps: moved(r, f, w, rate, steps, lambda x, r, f, w: part(x, r, w)[1]),
        "Without the fakes' own kernel all samples fall into one point: what keeps them apart?",
    ),
    (
        lambda r, f, w, rate, steps: moved(r, f, w, rate, steps, lambda x, r, f, w: right(x, r, f, w)[0]),
        "You moved the samples by the witness itself. Uphill is the way of its slope.",
    ),
)


def check(rng, witness, descend):
    cases = [
        (rng.normal(size=size), rng.normal(1, 1, size=n), rng.normal(-1, 0.5, size=k), width)
        for size, n, k, width in ((4, 6, 3, 0.7), (5, 3, 8, 2.0), (6, 12, 10, 0.4))
    ]
    compare(witness, right, cases, WITNESS)
    descents = [
        (rng.normal(2, 1, size=n), rng.normal(size=k), width, rate, steps)
        for n, k, width, rate, steps in ((6, 4, 1.0, 0.3, 2), (10, 14, 1.5, 0.5, 8), (20, 12, 2.0, 1.0, 60))
    ]
    compare(descend, moved, descents, DESCEND)
