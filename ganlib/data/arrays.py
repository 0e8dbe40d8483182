"""What every data set needs: arguments checked, samples selected, pixels scaled."""

import functools
import math
from typing import Any

import numpy as np

from ganlib import arguments
from ganlib.errors import DataError

_LIMIT = 16 << 30  # bytes; what asks for more is taken for a mistake
CHUNK = 512  # images worked on at once, so that temporary arrays stay small


def check_memory(shape: tuple[int, ...]) -> None:
    """Refuse a float32 array that no reader's machine would hold, before it is allocated."""
    if (wanted := 4 * math.prod(shape)) > _LIMIT:
        taken = f"{wanted / 2**30:.1f} GiB, more than {_LIMIT >> 30} GiB"
        raise DataError(f"{' x '.join(map(str, shape))} values would take {taken}; take a smaller n or size")


def check_samples(what: str, samples: Any, axes: int, limit: float | None = 1.001) -> np.ndarray:
    """The array (n, height, width, channels) if `axes` is 4, (n, 2) if it is 2, or an error.

    Images must be floating-point numbers in [-limit, limit], unless that is None.
    """
    expected = "(n, 2)" if axes == 2 else f"(n, height, width, channels){' in [-1, 1]' if limit else ''}"
    array = arguments.array(what, samples, f"an array {expected}")
    shape, hint = array.shape, ""
    if axes == 4 and len(shape) in (2, 3):
        hint = f"; images[{'None, :, :' if len(shape) == 2 else '...'}, None] adds what is missing"
    if len(shape) != axes or not array.size or (axes == 2 and shape[1] != 2):
        raise DataError(f"{what} must be {expected}, at least one of each, not of shape {shape}{hint}")
    if axes == 4 and shape[1] in (1, 3) and shape[3] not in (1, 3):
        hint = "which looks channel-first: use np.transpose(images, (0, 2, 3, 1))"
        raise DataError(f"{what} must be {expected}, not of shape {shape}, {hint}")
    low, high = array.min(), array.max()  # NaN and infinity show in these too
    if not np.isfinite([low, high]).all():
        raise DataError(f"{what} must be finite, and hold NaN or infinity: repair them, or has the training diverged?")
    if axes == 4 and limit is not None and (array.dtype.kind != "f" or low < -limit or high > limit):
        hint = ": images / 127.5 - 1 brings 0 to 255 there" if low >= 0 and 2 < high <= 255 else ""
        given = f"{array.dtype} from {low:.4g} to {high:.4g}{hint}"
        raise DataError(f"{what} must be floating-point numbers in [-1, 1], not {given}")
    return array


def select(name: str, total: int, n: int | None, rng: np.random.Generator) -> np.ndarray:
    """The indices of n of `total` samples, ascending; random, since files are often sorted by class."""
    if n is None:
        return np.arange(total)
    if n > total:
        raise DataError(f"{name!r} has {total} samples, so n={n} is too many; leave n out to take them all")
    return np.sort(rng.choice(total, n, replace=False))


@functools.cache
def resizing(old: int, new: int) -> np.ndarray:
    """The matrix (new, old) that resizes a column of pixels: the resized identity, since resizing is linear."""
    from PIL import Image

    identity = Image.fromarray(np.eye(old, dtype=np.float32))
    return np.asarray(identity.resize((old, new), Image.Resampling.BICUBIC))


def scaled(raw: np.ndarray, top: float, size: int | None) -> np.ndarray:
    """Bring (n, h, w, c) numbers in [0, top] to float32 in [-1, 1]; with `size`, squares to that side."""
    n, height, width, channels = raw.shape
    shape = (n, size or height, size or width, channels)
    check_memory(shape)
    out = np.empty(shape, np.float32)
    for start in range(0, n, CHUNK):
        chunk = raw[start : start + CHUNK].astype(np.float32)
        if shape[1] != height:
            matrix = resizing(height, shape[1])
            chunk = (matrix @ chunk.transpose(0, 3, 1, 2) @ matrix.T).transpose(0, 2, 3, 1)
        np.clip(chunk / (top / 2) - 1, -1, 1, out=out[start : start + CHUNK])  # bicubic overshoots at edges
    return out
