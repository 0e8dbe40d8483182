"""Samples as PNG files: images pixel by pixel in a grid, points over the data. For figures see `ganlib.plots`."""

from __future__ import annotations

import io
import math
import os
from pathlib import Path
from typing import Any

import numpy as np


def tile(images: np.ndarray, columns: int | None = None) -> np.ndarray:
    """The images (n, height, width, channels) in [-1, 1] as one picture: uint8, (rows, columns, 1 or 3), 255 between.

    Raises:
        ValueError: the array is no stack of images with one or three channels, or holds none.
    """
    images = np.asarray(images)
    if images.ndim != 4 or images.shape[-1] not in (1, 3) or not len(images):
        raise ValueError(
            f"The images have shape {images.shape}; expected (n, height, width, channels), at least one image, one or "
            "three channels."
        )
    n, height, width, channels = images.shape
    columns = min(n, columns or math.ceil(math.sqrt(n)))
    gap = max(1, height // 12)
    rows = math.ceil(n / columns)
    picture = np.full((rows * (height + gap) - gap, columns * (width + gap) - gap, channels), 255, np.uint8)
    grey = np.clip(np.nan_to_num(images.astype(np.float64), nan=-1.0) * 127.5 + 127.5, 0, 255).round().astype(np.uint8)
    for i, image in enumerate(grey):
        row, column = divmod(i, columns)
        top, left = row * (height + gap), column * (width + gap)
        picture[top : top + height, left : left + width] = image
    return picture


def png(samples: np.ndarray, data: Any = None, scale: int | None = None) -> bytes:
    """Samples as the bytes of a PNG file: images in a square grid, points as a scatter plot.

    Args:
        samples: (n, height, width, channels) in [-1, 1], or (n, 2).
        data: `ganlib.data.Data` whose points are drawn below the samples; images need none.
        scale: how many pixels an image's pixel becomes each way; None takes so many that the grid is 500 wide.

    Example:
        >>> Path("grid.png").write_bytes(ganlib.pictures.png(trainer.sample(64)))
    """
    buffer = io.BytesIO()
    if np.ndim(samples) == 2:
        from matplotlib.figure import Figure

        from ganlib.teaching import plots

        figure = Figure(figsize=(4, 4), dpi=125, layout="constrained")  # without pyplot: no window, nothing to close
        points = getattr(data, "points", None)
        plots.scatter(samples, None if points is None else points[:2000], ax=figure.subplots())
        figure.savefig(buffer, format="png")
    else:
        from PIL import Image

        picture = tile(samples)
        scale = scale or max(1, round(500 / picture.shape[1]))
        picture = picture.repeat(scale, axis=0).repeat(scale, axis=1)
        Image.fromarray(picture[..., 0] if picture.shape[2] == 1 else picture).save(buffer, format="png", optimize=True)
    return buffer.getvalue()


def write(path: str | os.PathLike[str], content: bytes) -> Path:
    """Writes a file, all of it or nothing: aside first, then renamed. Its folder is made if it is not there."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        temporary.write_bytes(content)
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)
    return path
