"""The transposed convolution: which inputs touch which outputs, and how often."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ganlib.arguments import whole
from ganlib.runtime.pictures import COLOURS
from ganlib.teaching.interactive.element import Interactive, interactive

if TYPE_CHECKING:
    from matplotlib.figure import Figure


# Up to these numbers the cells can still be told apart on a phone.
LIMITS: dict[str, dict[str, Any]] = {
    "inputs": {"label": "Inputs", "symbol": "n", "low": 1, "high": 7},
    "kernel": {"label": "Kernel", "symbol": "K", "low": 1, "high": 7},
    "stride": {"label": "Stride", "symbol": "s", "low": 1, "high": 4},
    "padding": {"label": "Padding", "symbol": "P", "low": 0, "high": 6},
    "output_padding": {"label": "Output padding", "symbol": "R", "low": 0, "high": 3},
}


def transposed_convolution(
    inputs: int = 4, kernel: int = 4, stride: int = 2, padding: int = 1, output_padding: int = 0
) -> Interactive:
    """Which inputs of a transposed convolution touch which outputs, and how often; the reader moves the numbers.

    Inputs and outputs in one dimension, the count of touches under each output, and the map of the counts in two
    dimensions, where uneven counts are a checkerboard (Odena, Dumoulin and Olah 2016).

    At the start there are n inputs and a kernel of K, both from 1 to 7, a stride s from 1 to 4, P outputs cropped on
    each side, up to K - 1, and R added at the end, up to s - 1. A ValueError if a number is out of its range.
    """
    given = dict(inputs=inputs, kernel=kernel, stride=stride, padding=padding, output_padding=output_padding)
    start = {name: whole(name, value, LIMITS[name]["low"], LIMITS[name]["high"]) for name, value in given.items()}
    n, k, s, p, r = start.values()
    if p >= k:
        raise ValueError(f"padding must be less than the kernel, which is {k}, not {p}: more crops whole stamps away.")
    if r >= s:
        raise ValueError(f"output_padding must be less than the stride, which is {s}, not {r}.")
    size = s * (n - 1) + k - 2 * p + r
    if size < 1:
        raise ValueError(
            f"Nothing remains of the output: s(n - 1) + K - 2P + R = {size}. Use a smaller padding than {p}, "
            "or more inputs."
        )
    title = "Transposed convolution: which inputs touch which outputs, and how often"
    alt = (
        f"Which inputs touch which outputs of a transposed convolution with {n} inputs, kernel {k}, stride {s}, "
        f"padding {p} and output padding {r}: {size} outputs, touched "
        f"{', '.join(map(str, touches(n, k, s, p, r)))} times."
    )
    data = {"start": start, "limits": LIMITS}
    return interactive("convolution", "drawTransposedConvolution", title, alt, lambda f: _draw(f, n, k, s, p, r), data)


def touches(n: int, k: int, s: int, p: int, r: int) -> np.ndarray:
    """How many stamps touch each output that is kept."""
    full = np.zeros(s * (n - 1) + k + r, dtype=int)
    for i in range(n):
        full[s * i : s * i + k] += 1
    return full[p : s * (n - 1) + k - p + r]


def _draw(figure: Figure, n: int, k: int, s: int, p: int, r: int) -> None:
    from matplotlib.patches import Polygon, Rectangle

    counts = touches(n, k, s, p, r)
    size, blue = len(counts), COLOURS["real"]
    figure.set_size_inches(7.2, 2.9)
    row, square = figure.subplots(1, 2, width_ratios=(2.2, 1))
    total = max(s * (n - 1) + k, p + size)
    full = touches(n, k, s, 0, r)[:total]
    for i in range(n):
        x = s * i + (k - 1) / 2
        corners = [(x, 3), (x + 1, 3), (s * i + k, 1), (s * i, 1)]
        row.add_patch(Polygon(corners, facecolor=blue, edgecolor=blue, alpha=0.2))
        row.add_patch(Rectangle((x, 3), 1, 0.5, facecolor="white", edgecolor="black"))
    for j, count in enumerate(full):
        kept = p <= j < p + size
        grey, line, hatch = ("black", "-", None) if kept else (COLOURS["reference"], ":", "////")
        row.add_patch(Rectangle((j, 0.5), 1, 0.5, facecolor="white", edgecolor=grey, linestyle=line, hatch=hatch))
        row.text(j + 0.5, 0.2, str(count), ha="center", va="center", color=grey, fontsize=9)
        row.add_patch(Rectangle((j + 0.05, -0.05 - 0.25 * count), 0.9, 0.25 * count, color=blue if kept else "#D1D5DB"))
    row.set(xlim=(-0.1, total + 0.1), ylim=(-0.2 - 0.25 * full.max(), 3.6))
    row.set_title("Inputs above, outputs below; dotted: cropped")
    row.set_axis_off()
    square.imshow(np.outer(counts, counts), cmap="Blues", vmin=0, vmax=max(1, 1.4 * counts.max() ** 2))
    square.set_title("Touches in two dimensions")
    square.set(xticks=[], yticks=[])
