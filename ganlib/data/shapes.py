"""Pictures with known factors, which are independent and uniform, and the way back from a picture to its factors.

Because the factors can be read off a generated picture, coverage of shape × colour is counted, not estimated.
"""

import functools
import math

import numpy as np

from ganlib import arguments
from ganlib.data.arrays import CHUNK, check_memory, check_samples
from ganlib.errors import DataError

SHAPES = ("circle", "square", "triangle", "cross", "moon")
COLOURS = ("red", "yellow", "green", "cyan", "blue", "pink")

_RGB = np.array([[235, 70, 60], [245, 200, 60], [70, 185, 80], [70, 205, 215], [60, 95, 225], [215, 90, 205]])
_BACKGROUND = (np.array([24, 26, 36]) / 127.5 - 1).astype(np.float32)
_TINTS = (_RGB / 127.5 - 1).astype(np.float32) - _BACKGROUND
_RADIUS = (0.2, 0.3)  # as a fraction of the image's side


def draw_shapes(size: int, n: int, rng: np.random.Generator) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """Draw n pictures of one shape on a dark ground: (n, size, size, 3) float32 in [-1, 1], and the factors."""
    if size < 16:
        raise DataError(f"shapes need a size of at least 16 to be told apart, not {size}")
    check_memory((n, size, size, 3))
    shape, colour = rng.integers(len(SHAPES), size=n), rng.integers(len(COLOURS), size=n)
    radius = rng.uniform(*_RADIUS, size=n).astype(np.float32)
    margin = radius[:, None] + 0.5 / size  # half a pixel more, for the blended edge
    place = (margin + (1 - 2 * margin) * rng.random((n, 2))).astype(np.float32)
    images = np.empty((n, size, size, 3), np.float32)
    for k in range(len(SHAPES)):
        chosen = np.flatnonzero(shape == k)
        for part in np.split(chosen, range(CHUNK, len(chosen), CHUNK)):
            cover = _cover(k, place[part] * size, radius[part] * size, size)
            images[part] = _BACKGROUND + cover[..., None] * _TINTS[colour[part], None, None]
    return images, {"shape": shape, "colour": colour, "place": place, "radius": radius}


def shape_factors(images: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Recognise shape and colour in pictures like those of `shapes`, by drawing them again.

    The colour is the one whose direction from the background is nearest to the picture's. The area and the centroid of
    what has that colour say how large each shape would be and where; the shape that, drawn there, comes nearest wins.

    Of images (n, size, size, 3) in [-1, 1], size at least 16, it returns shape and colour, (n,) int64, indices into
    `SHAPES` and `COLOURS`, and distance, (n,) float32: how far each is from the one drawn again, relative to what that
    has on its ground. It is below 0.3 for the data set's own, 1 for an empty picture, about 0.8 for two shapes at once.
    """
    images = arguments.array("images", images, "an array (n, size, size, 3)")
    if images.ndim != 4 or images.shape[1] != images.shape[2] or images.shape[3] != 3 or images.shape[1] < 16:
        raise DataError(f"expected images of shape (n, size, size, 3), size at least 16, not {images.shape}")
    if len(images):
        check_samples("images", images, 4, limit=10)  # generated ones may go a little beyond [-1, 1]
    size = images.shape[1]
    pixels = np.arange(size, dtype=np.float32) + 0.5
    directions = _TINTS / np.linalg.norm(_TINTS, axis=1, keepdims=True)
    area, centroid = _moments()
    shape, colour = np.empty(len(images), np.int64), np.empty(len(images), np.int64)
    distance = np.empty(len(images), np.float32)
    for start in range(0, len(images), CHUNK):
        part = slice(start, start + CHUNK)
        chunk = images[part].astype(np.float32) - _BACKGROUND
        # Weighted by length, so that the shape outvotes a noisy background.
        direction = (chunk * np.linalg.norm(chunk, axis=-1, keepdims=True)).sum((1, 2))
        colour[part] = (direction @ directions.T).argmax(1)
        tint = _TINTS[colour[part], None, None]
        cover = (chunk * tint).sum(-1) / (tint**2).sum(-1)
        cover = np.clip(2 * cover - 0.5, 0, 1)  # steeper: edges keep their place, weak noise vanishes
        total = np.maximum(cover.sum((1, 2)), 1e-6)
        middle = np.stack([cover.sum(1) @ pixels / total, cover.sum(2) @ pixels / total], axis=1)
        error, power = np.empty((2, len(SHAPES), len(chunk)), np.float32)
        for k in range(len(SHAPES)):
            # Without bounds, an empty picture would be a perfect one of a shape of no size, or far outside.
            radius = np.clip(np.sqrt(total / area[k]), 0.9 * _RADIUS[0] * size, 1.1 * _RADIUS[1] * size)
            centre = np.clip((middle - centroid[k] * radius[:, None]).T, radius, size - radius).T
            again = _cover(k, centre, radius, size)[..., None] * tint
            error[k], power[k] = ((chunk - again) ** 2).sum((1, 2, 3)), (again**2).sum((1, 2, 3))
        shape[part] = best = error.argmin(0)
        distance[part] = np.sqrt(error[best, np.arange(len(best))] / power[best, np.arange(len(best))])
    return shape, colour, distance


def _cover(k: int, centre: np.ndarray, radius: np.ndarray, size: int) -> np.ndarray:
    """How much of each pixel shape k covers, (n, size, size); centre (n, 2) and radius (n,) in pixels.

    `outline` is about the distance from it, negative inside; one pixel's width across it is blended.
    """
    pixels = np.arange(size, dtype=np.float32) + 0.5
    x = ((pixels - centre[:, :1]) / radius[:, None])[:, None, :]  # to the right, in radii
    y = ((pixels - centre[:, 1:]) / radius[:, None])[:, :, None]  # downwards
    if SHAPES[k] == "circle":
        outline = np.hypot(x, y) - 1
    elif SHAPES[k] == "square":
        outline = np.maximum(abs(x), abs(y)) - 0.85
    elif SHAPES[k] == "triangle":  # equilateral: three half-planes, each as far from the centroid
        low = y - 0.2
        outline = np.maximum(low, abs(x) * (math.sqrt(3) / 2) - low / 2) - 0.575
    elif SHAPES[k] == "cross":
        outline = np.maximum(np.maximum(abs(x), abs(y)) - 1, np.minimum(abs(x), abs(y)) - 0.33)
    else:  # a moon is a disc without a part of another one
        outline = np.maximum(np.hypot(x, y) - 1, 0.8 - np.hypot(x - 0.5, y + 0.15))
    return np.clip(0.5 - outline * radius[:, None, None], 0, 1)


@functools.cache
def _moments() -> tuple[np.ndarray, np.ndarray]:
    """Area, (k,), and centroid, (k, 2), of the shapes of radius 1 at the origin, from a large picture."""
    size, radius = 512, 200.0
    pixels = ((np.arange(size) + 0.5 - size / 2) / radius).astype(np.float32)
    covers = [_cover(k, np.full((1, 2), size / 2), np.full(1, radius), size)[0] for k in range(len(SHAPES))]
    area = [cover.sum() / radius**2 for cover in covers]
    centroid = [[cover.sum(axis) @ pixels / cover.sum() for axis in (0, 1)] for cover in covers]
    return np.array(area, np.float32), np.array(centroid, np.float32)
