"""Samples as PNG files: images pixel by pixel in a grid, points over the data. For figures see `ganlib.plots`."""

from __future__ import annotations

import io
import math
from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from ganlib import arguments

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from ganlib.data import Data

# Of Okabe and Ito (2008): readers with any colour vision can tell them apart. A thing keeps its colour in the book.
COLOURS = {
    "real": "#0072B2",  # blue
    "generated": "#D55E00",  # vermilion
    "generator": "#D55E00",
    "discriminator": "#009E73",  # green
    "other": "#CC79A7",  # purple
    "reference": "#6B7280",  # grey
}


def arrange(images: np.ndarray, columns: int, between: float) -> np.ndarray:
    """The images (n, height, width, channels) in rows and columns, as one picture with this value between them."""
    n, height, width, channels = images.shape
    columns = min(n, columns)
    rows, gap = math.ceil(n / columns), max(1, height // 12)
    cells = np.full((rows * columns, height + gap, width + gap, channels), between, images.dtype)
    cells[:n, :height, :width] = images
    grid = cells.reshape(rows, columns, *cells.shape[1:]).swapaxes(1, 2)
    return grid.reshape(rows * (height + gap), columns * (width + gap), channels)[:-gap, :-gap]


MOST_COLUMNS = 16  # of classes that stand side by side


def columns_of(classes: int) -> int | None:
    """The columns of a picture of images whose classes come in turn: one a class, or None where these are too many."""
    return classes if 1 < classes <= MOST_COLUMNS else None


def tile(images: np.ndarray, columns: int | None = None) -> np.ndarray:
    """The images (n, height, width, 1 or 3) in [-1, 1] as one uint8 picture, 255 between them; None: a square."""
    images = np.asarray(images)
    if images.ndim != 4 or images.shape[-1] not in (1, 3) or not len(images):
        expected = "(n, height, width, channels), at least one image, one or three channels"
        raise ValueError(f"The images have shape {images.shape}; expected {expected}.")
    grey = np.clip(np.nan_to_num(images.astype(np.float64), nan=-1.0) * 127.5 + 127.5, 0, 255).round().astype(np.uint8)
    return arrange(grey, columns or math.ceil(math.sqrt(len(images))), 255)


def points(name: str, values: object) -> np.ndarray:
    """The values as points in the plane, (n, 2), or an error that calls them by this name."""
    result = arguments.array(name, values, "an array of points in the plane (n, 2)").astype(float)
    if result.ndim != 2 or result.shape[1] != 2 or not len(result):
        raise ValueError(f"{name} has shape {result.shape}; expected points in the plane, shape (n, 2).")
    if not np.isfinite(result).all(axis=1).any():  # some are left out, as Matplotlib does
        raise ValueError(f"{name} holds no point without NaN or infinity; expected some: has the training diverged?")
    return result


def scatter(ax: Axes, generated: np.ndarray, real: np.ndarray | None) -> None:
    """Draws generated points, over the real ones where there are some."""
    for name, values, alpha in (("real", real, 0.3), ("generated", generated, 0.5)):
        if values is not None:
            x, y = values.T
            ax.scatter(x, y, s=6, color=COLOURS[name], alpha=alpha, linewidths=0, label=name.capitalize())
    ax.set_aspect("equal")
    ax.legend(loc="upper right", markerscale=2)


def curves(ax: Axes, values: Mapping[str, np.ndarray], levels: Mapping[str, float]) -> None:
    """Draws values over the steps, by the names of `COLOURS`: each step pale, a running mean over it; level lines."""
    for name, each in values.items():
        window, colour = max(1, len(each) // 50), COLOURS[name.lower()]
        steps, smooth = np.arange(1, len(each) + 1), np.convolve(each, np.ones(window) / window, mode="valid")
        ax.plot(steps, each, color=colour, alpha=0.2, linewidth=0.6)
        ax.plot(steps[window - 1 :], smooth, color=colour, label=name.capitalize())
    drawn = np.concatenate(list(values.values()))
    if np.isfinite(drawn).all():  # a few outliers would press the rest flat
        ax.set_ylim(min(0, drawn.min()), 1.2 * max(np.quantile(drawn, 0.99), *levels.values(), 1e-6))
    for label, level in levels.items():
        ax.axhline(level, color=COLOURS["reference"], linestyle="--", linewidth=1)
        place = ax.get_yaxis_transform()  # across the axes in x, a value in y
        paper = {"facecolor": "white", "alpha": 0.8, "linewidth": 0, "pad": 1}
        ax.text(1, level, label, transform=place, ha="right", va="bottom", color=COLOURS["reference"], bbox=paper)
    ax.set_xlabel("Step")
    ax.legend(loc="upper right", ncols=2)


def png(
    samples: np.ndarray, data: Data | np.ndarray | None = None, scale: int | None = None, columns: int | None = None
) -> bytes:
    """Samples as the bytes of a PNG file: images (n, height, width, channels) in [-1, 1] in a grid, or points (n, 2).

    A pixel becomes `scale` pixels each way; None makes the grid about 500 wide. None columns make it square.
    """
    buffer = io.BytesIO()
    if np.ndim(samples) == 2:
        from matplotlib.figure import Figure

        figure = Figure(figsize=(4, 4), dpi=125, layout="constrained")  # without pyplot: no window, nothing to close
        real = getattr(data, "points", None)
        scatter(figure.subplots(), points("samples", samples), None if real is None else real[:2000])
        figure.savefig(buffer, format="png")
    else:
        from PIL import Image

        picture = tile(samples, columns)
        scale = scale or max(1, round(500 / picture.shape[1]))
        picture = picture.repeat(scale, axis=0).repeat(scale, axis=1)
        Image.fromarray(picture[..., 0] if picture.shape[2] == 1 else picture).save(buffer, format="png", optimize=True)
    return buffer.getvalue()
