"""Views of pictures: what is left of each for a network to translate back, so that every pair is of one and the same.

A view of images (n, height, width, c) in [-1, 1] is (n, height, width, c) too, but for "grey", which has one channel.
"""

from collections.abc import Callable, Mapping

import numpy as np

from ganlib import arguments
from ganlib.data.arrays import check_samples

EDGE = 0.2  # a pixel that differs so much from a neighbour lies on an outline
FACTOR = 4  # pixels that "low" makes one, along each side


def view(name: str, images: np.ndarray) -> np.ndarray:
    """The view of this name, of `VIEWS`, of images (n, height, width, c) in [-1, 1]: float32, in the same range.

    >>> pairs = view("grey", images), images
    """
    arguments.one_of("name", name, VIEWS)
    return VIEWS[name](check_samples("images", images, 4).astype(np.float32))


def outline(images: np.ndarray) -> np.ndarray:
    """The pixels that differ from a neighbour to the right or below, in their colours; -1 elsewhere."""
    edge = np.zeros(images.shape[:3], bool)
    for axis in (1, 2):
        step = np.abs(np.diff(images, axis=axis)).max(axis=3) > EDGE
        edge |= np.pad(step, [(0, 0), *((0, int(axis == own)) for own in (1, 2))])
    return np.where(edge[..., None], images, np.float32(-1))


def grey(images: np.ndarray) -> np.ndarray:
    """The mean over the channels."""
    return images.mean(axis=3, keepdims=True)


def low(images: np.ndarray) -> np.ndarray:
    """A quarter of the resolution: each block of 4 × 4 pixels has its mean; a smaller one at the right and below."""
    for axis in (1, 2):
        starts = np.arange(0, images.shape[axis], FACTOR)
        sizes = np.diff([*starts, images.shape[axis]])
        means = np.add.reduceat(images, starts, axis=axis) / np.expand_dims(sizes, [i for i in range(4) if i != axis])
        images = means.repeat(sizes, axis=axis)
    return images.astype(np.float32)


def holes(images: np.ndarray) -> np.ndarray:
    """A square of half the side is gone, 0, at a place that is drawn for each picture, always alike for its number."""
    n, height, width, _ = images.shape
    rng, side = np.random.default_rng(0), min(height, width) // 2
    top, left = rng.integers([height - side + 1, width - side + 1], size=(n, 2)).T
    rows, columns = np.arange(height) - top[:, None], np.arange(width) - left[:, None]
    gone = ((rows >= 0) & (rows < side))[:, :, None] & ((columns >= 0) & (columns < side))[:, None, :]
    return np.where(gone[..., None], np.float32(0), images)


VIEWS: Mapping[str, Callable[[np.ndarray], np.ndarray]] = {"outline": outline, "grey": grey, "low": low, "holes": holes}
