"""Figures of one style, for the book and for the reader's own runs. Matplotlib is imported on first use.

    >>> ganlib.plots.style()
    >>> ganlib.plots.image_grid({"Real": data.images[:64], "Generated": trainer.sample(64)})
    >>> ganlib.plots.losses(history).savefig("losses.png")

Each function draws into a new figure, or into the axes it is given, and returns the figure. In a notebook end the line
with a semicolon, or the figure is shown twice: because it is open, and as the cell's value. `Table` shows numbers.
"""

from __future__ import annotations

import html
import math
import sys
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ganlib import architectures, arguments
from ganlib.runtime import pictures
from ganlib.runtime.pictures import COLOURS

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from ganlib.architectures import Layer, Shape
    from ganlib.data import Data
    from ganlib.recipe import Recipe


def style() -> None:
    """Sets Matplotlib's defaults for the rest of the session: sizes, quiet axes, the palette, sharp notebooks."""
    import matplotlib.style

    if "IPython" in sys.modules and sys.modules["IPython"].get_ipython() is not None:
        from matplotlib_inline.backend_inline import set_matplotlib_formats

        set_matplotlib_formats("retina")
    matplotlib.style.use(Path(__file__).with_name("book.mplstyle"))


def image_grid(images: np.ndarray | Mapping[str, np.ndarray], *, columns: int = 8, title: str | None = None) -> Figure:
    """Images in rows and columns; with a mapping, one block of them for each name, side by side.

    The images are (n, height, width, 1 or 3) in [-1, 1]; a ValueError if they are not. A block has so many columns.
    """
    columns = arguments.whole("columns", columns, 1)
    blocks = dict(images) if isinstance(images, Mapping) else {"": images}
    if not blocks:
        raise ValueError("Nothing to draw: the mapping is empty. Give at least one name and its images.")
    tiles = {name: _tile(name, block, columns) for name, block in blocks.items()}
    across = sum(min(columns, len(block)) for block in blocks.values())
    ratio = max(tile.shape[0] / tile.shape[1] for tile in tiles.values())
    width = min(7.2, max(4.0, 0.8 * across))  # of the figure, in inches
    extra = 0.3 * (title is not None) + 0.25 * any(tiles)
    figure, axes = _subplots(1, len(tiles), title, figsize=(width, ratio * width / len(tiles) + extra))
    for ax, (name, tile) in zip(axes, tiles.items(), strict=True):
        ax.imshow(tile, cmap="gray", vmin=0, vmax=1, interpolation="nearest")
        ax.set_axis_off()
        if name:
            ax.set_title(name, fontweight="normal")
    return figure


def losses(
    history: Mapping[str, np.ndarray], *, levels: Mapping[str, float] | None = None, ax: Axes | None = None
) -> Figure:
    """Both players' losses over the steps: each step pale, a running mean over it.

    Of the history, what `Trainer.fit` returns, `d_loss` and `g_loss` are drawn; a ValueError if it lacks one of them or
    holds no step. The levels are horizontal lines to compare with, from a label to a loss.
    """
    if not isinstance(history, Mapping):
        raise TypeError(f"history must be what Trainer.fit() returned, not {arguments.describe(history)}.")
    names = ("d_loss", "g_loss")
    missing = [name for name in names if name not in history or not len(history[name])]
    if missing:
        raise ValueError(f"The history has no {' and no '.join(missing)}; give what Trainer.fit() returned.")
    d_loss, g_loss = (arguments.array(f"The history's {name}", history[name]).astype(float) for name in names)
    if d_loss.ndim != 1 or d_loss.shape != g_loss.shape:
        raise ValueError(f"d_loss and g_loss have shapes {d_loss.shape} and {g_loss.shape}; expected (steps,) of both.")
    if levels is not None and not isinstance(levels, Mapping):
        raise TypeError(f"levels must be a mapping from labels to losses, not {arguments.describe(levels)}.")
    levels = {label: arguments.real(f"The level {label!r}", level) for label, level in (levels or {}).items()}
    figure, ax = _axes(ax)
    pictures.curves(ax, {"discriminator": d_loss, "generator": g_loss}, levels)
    ax.set_ylabel("Loss")
    return figure


def scatter(samples: np.ndarray, data: Data | np.ndarray | None = None, *, ax: Axes | None = None) -> Figure:
    """Generated points, over the real ones.

    The samples are (n, 2), the data `ganlib.data.Data` with points, an array (n, 2), or None for the samples alone; a
    ValueError if one of the two holds no points in the plane.
    """
    generated = pictures.points("samples", samples)
    real = None if data is None else pictures.points("data", getattr(data, "samples", data))
    figure, ax = _axes(ax, figsize=(4, 4))
    pictures.scatter(ax, generated, real)
    return figure


def matrices(arrays: Mapping[str, np.ndarray], *, title: str | None = None) -> Figure:
    """Matrices (rows, columns) by name, side by side at one scale: negative entries vermilion, positive ones blue."""
    from matplotlib.colors import LinearSegmentedColormap

    if not isinstance(arrays, Mapping):
        raise TypeError(f"arrays must be a mapping from names to matrices, not {arguments.describe(arrays)}.")
    if not arrays:
        raise ValueError("Nothing to draw: the mapping is empty. Give at least one name and its matrix.")
    arrays = {name: arguments.array(repr(name), array) for name, array in arrays.items()}
    for name, array in arrays.items():
        if array.ndim != 2 or not array.size:
            raise ValueError(f"{name!r} has shape {array.shape}; a matrix has two axes, and needs at least one entry.")
        if not np.isfinite(array).all():
            raise ValueError(f"{name!r} must be finite, and holds NaN or infinity. Remove or repair them first.")
    colours = LinearSegmentedColormap.from_list("", [COLOURS["generated"], "white", COLOURS["real"]])
    limit = max(float(np.abs(array).max()) for array in arrays.values()) or 1.0
    columns = [array.shape[1] for array in arrays.values()]
    rows = max(array.shape[0] for array in arrays.values())
    height = min(4.5, 6.6 * rows / sum(columns)) + 0.8
    figure, axes = _subplots(1, len(arrays), title, figsize=(7.2, height), width_ratios=columns)
    for ax, (name, array) in zip(axes, arrays.items(), strict=True):
        image = ax.imshow(array, cmap=colours, vmin=-limit, vmax=limit, interpolation="nearest")
        ax.set_anchor("N")
        ax.set_title(f"{name}: {array.shape[0]} × {array.shape[1]}", fontweight="normal")
        ax.set(xticks=[], yticks=[])
        ax.spines[:].set(visible=True, color="#9CA3AF")
        ax.grid(False)
    figure.colorbar(image, ax=list(axes), shrink=0.8, aspect=30, pad=0.02, panchor=False)
    return figure


def players(*, title: str | None = None) -> Figure:
    """The two players of the game as boxes: what each is given, what it gives, and what comes back from D to G."""
    figure, [ax] = _subplots(1, 1, title, figsize=(7.2, 2.9))
    ax.set(xlim=(0, 9.7), ylim=(-0.7, 2.8), aspect="equal")
    ax.set_axis_off()
    for x, y, text, colour in (
        (2.1, 0.6, "Generator $G$", COLOURS["generator"]),
        (6.5, 1.4, "Discriminator $D$", COLOURS["discriminator"]),
        (2.1, 2.3, "Data", COLOURS["real"]),
    ):
        box = {"boxstyle": "round,pad=0.6", "facecolor": "white", "edgecolor": colour, "linewidth": 2}
        ax.text(x, y, text, ha="center", va="center", bbox=box, color=colour, fontweight="bold")
    arrow = {"arrowstyle": "-|>", "color": "#374151", "shrinkA": 0, "shrinkB": 0, "linewidth": 1.4}
    for start, end, label, place in (
        ((0.2, 0.6), (0.95, 0.6), "latent $z$", (0.5, 0.78)),
        ((3.25, 0.6), (5.3, 1.15), "$G(z)$, drawn from $q$", (4.85, 0.62)),
        ((2.75, 2.3), (5.3, 1.65), "$x$, drawn from $p$", (4.85, 2.2)),
        ((7.9, 1.4), (8.8, 1.4), "logit $\\ell$", (8.35, 1.62)),
    ):
        ax.annotate("", end, start, arrowprops=arrow)
        ax.text(*place, label, ha="center", va="center" if label.startswith("$") else "bottom", fontsize=9)
    ax.text(8.95, 1.4, "real?", va="center", fontsize=9)
    back = {**arrow, "color": COLOURS["generator"], "linestyle": "--", "connectionstyle": "arc3,rad=-0.25"}
    ax.annotate("", (2.1, 0.2), (6.5, 1.0), arrowprops=back)
    ax.text(5.9, -0.45, "gradient: the way uphill for $\\ell$", color=COLOURS["generator"], fontsize=9, ha="center")
    return figure


def networks(recipe: Recipe, *, title: str | None = None) -> Figure:
    """Both players of a recipe as a row of blocks: what each layer is and the shape of what it gives.

    A block's face stands for height and width, its depth for the channels, a bar for a vector; none is to scale.
    """
    players = {
        "generator": (architectures.generator_layers(recipe), (recipe.latent,)),
        "discriminator": (architectures.discriminator_layers(recipe), architectures.discriminator_input(recipe)),
    }
    tensors = {player: _tensors(layers, shape) for player, (layers, shape) in players.items()}
    longest = max(map(len, tensors.values()))
    size = min(8.0, 56 / longest)  # of the letters
    arrow = {"arrowstyle": "-|>", "color": "#374151", "shrinkA": 3, "shrinkB": 3}
    figure, axes = _subplots(2, 1, title, figsize=(7.2, 4.6))
    for ax, (player, given) in zip(axes, tensors.items(), strict=True):
        ax.set(xlim=(-0.6, longest - 0.4), ylim=(-1.15, 0.62))
        ax.set_axis_off()
        ax.set_title(player.capitalize(), fontweight="normal", color=COLOURS[player])
        before = 0.0  # where the block before ends
        for i, (shape, made_by) in enumerate(given):
            start, end = _block(ax, i, shape, COLOURS[player])
            if i:
                ax.annotate("", (start, 0), (before, 0), arrowprops=arrow)
            before = end
            ax.text(i, -0.52, "×".join(map(str, shape)), ha="center", va="center", fontsize=size, fontweight="bold")
            text = "\n".join(made_by) or ("latent" if player == "generator" else "sample")
            ax.text(i, -0.62, text, ha="center", va="top", fontsize=0.85 * size, color="#374151")
    return figure


@dataclass(frozen=True)
class Table:
    """A table that a notebook shows as HTML where it is the last line of a cell, and as aligned text elsewhere.

    >>> ganlib.plots.Table(["kernel", "parameters"], [["2", 16], ["4", 64]], best={(0, 1)})
    kernel  parameters
    2       16
    4       64

    """

    head: Sequence[str]
    rows: Sequence[Sequence[object]]  # shown as `str` writes them; the first cell of a row names the row
    best: Collection[tuple[int, int]] = ()  # places (row, column), counted from 0, that HTML shows in bold

    def __repr__(self) -> str:
        lines = [list(map(str, line)) for line in (self.head, *self.rows)]
        widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
        return "\n".join("  ".join(map(str.ljust, line, widths)).rstrip() for line in lines)

    def _repr_html_(self) -> str:
        head = "".join(f'<th scope="col">{html.escape(title)}</th>' for title in self.head)
        body = ""
        for i, row in enumerate(self.rows):
            first, *others = (
                f"<strong>{html.escape(str(cell))}</strong>" if (i, k) in self.best else html.escape(str(cell))
                for k, cell in enumerate(row)
            )
            cells = "".join(f"<td>{cell}</td>" for cell in others)
            body += f'<tr><th scope="row">{first}</th>{cells}</tr>'
        return f'<table class="table"><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>'


def _tensors(layers: list[Layer], shape: Shape) -> list[tuple[Shape, list[str]]]:
    """Each shape on the way, and the layers that led to it, those that keep the shape with the one before them."""
    found: list[tuple[Shape, list[str]]] = [(shape, [])]
    for layer, after in zip(layers, architectures.shapes(layers, shape), strict=True):
        kind = type(layer).__name__.lower()
        match layer:
            case architectures.Conv():
                kind = f"conv {layer.kernel}×{layer.kernel}\nstride {layer.stride}"
            case architectures.ConvTranspose():
                kind = f"transposed {layer.kernel}×{layer.kernel}\nstride {layer.stride}"
            case architectures.LeakyReLU():
                kind = f"LeakyReLU {layer.slope:g}" if layer.slope else "ReLU"
            case architectures.BatchNorm():
                kind = "batch norm"
            case architectures.AveragePool():
                kind = f"average {layer.size}×{layer.size}"
        if after == found[-1][0]:
            found[-1][1].append(kind)
        else:
            found.append((after, [kind]))
    return found


def _block(ax: Axes, place: float, shape: Shape, colour: str) -> tuple[float, float]:
    """Draws a shape's block in the middle of its place, and returns where arrows to it end and arrows from it begin."""
    from matplotlib.colors import to_rgb
    from matplotlib.patches import Polygon

    if len(shape) == 1:
        width, tall, deep = 0.05, 0.07 * math.log2(shape[0] + 1), 0.0
    else:
        width, tall, deep = 0.05 * math.sqrt(shape[1]), 0.08 * math.sqrt(shape[0]), 0.035 * math.log2(shape[2] + 1)
    x = place - (width + deep) / 2
    right, low, high, rgb = x + width, -tall / 2, tall / 2, np.array(to_rgb(colour))
    for corners, shade in (
        ([(x, high), (right, high), (right + deep, high + deep), (x + deep, high + deep)], 0.35),
        ([(right, low), (right, high), (right + deep, high + deep), (right + deep, low + deep)], 0.55),
        ([(x, low), (right, low), (right, high), (x, high)], 0.18),
    ):
        face = tuple(1 - shade * (1 - rgb))
        ax.add_patch(Polygon(corners, facecolor=face, edgecolor=colour, linewidth=1.2, joinstyle="round"))
    return x, right + deep / 2


def _tile(name: str, images: np.ndarray, columns: int) -> np.ndarray:
    """The images as one picture in [0, 1], white between them."""
    what = f"The images {name!r}" if name else "The images"
    images = arguments.array(what, images, "an array (n, height, width, channels) in [-1, 1]")
    if images.ndim != 4 or images.shape[-1] not in (1, 3) or not len(images):
        expected = "(n, height, width, channels), at least one image, one or three channels"
        raise ValueError(f"{what} have shape {images.shape}; expected {expected}.")
    finite = images[np.isfinite(images)]  # a broken generator's NaN leave holes
    if not finite.size:
        raise ValueError(f"{what} hold nothing but NaN or infinity, expected [-1, 1]: has the training diverged?")
    # Beyond [-1, 1], where a generator without tanh may go a little, pixels are clipped.
    if images.dtype.kind != "f" or np.abs(finite).max() > 10:
        given = f"{what} are {images.dtype} from {finite.min():.4g} to {finite.max():.4g}"
        raise ValueError(f"{given}; expected floating-point numbers in [-1, 1]. Of 0 to 255 use images / 127.5 - 1.")
    picture = pictures.arrange(np.clip((images + 1) / 2, 0, 1).astype(float), columns, 1)
    return picture[..., 0] if picture.shape[2] == 1 else picture


def _subplots(rows: int, columns: int, title: str | None, **options: Any) -> tuple[Figure, list[Axes]]:
    import matplotlib.pyplot as plt

    if title is not None and not isinstance(title, str):
        raise TypeError(f"title must be a text or None, not {arguments.describe(title)}.")
    figure, axes = plt.subplots(rows, columns, squeeze=False, **options)
    if title:
        figure.suptitle(title, x=0.01, ha="left")
    return figure, list(axes.ravel())


def _axes(ax: Axes | None, **options: Any) -> tuple[Figure, Axes]:
    from matplotlib.axes import Axes

    if ax is not None and not isinstance(ax, Axes):
        raise TypeError(f"ax must be Matplotlib axes or None, not {arguments.describe(ax)}. Use plt.subplots()[1].")
    ax = ax or _subplots(1, 1, None, **options)[1][0]
    figure = ax.get_figure(root=True)
    assert figure is not None
    return figure, ax
