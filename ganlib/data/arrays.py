"""What every data set needs: arguments checked, samples selected, pixels scaled."""

from __future__ import annotations

import functools
import math
from numbers import Integral
from typing import Any

import numpy as np

from ganlib import arguments
from ganlib.errors import DataError

_LIMIT = 16 << 30  # bytes; what asks for more is taken for a mistake
CHUNK = 512  # images worked on at once, so that temporary arrays stay small


def integer(name: str, value: Any, least: int) -> int:
    """Return an argument as an int, or say what is wrong with it."""
    if not isinstance(value, Integral) or isinstance(value, bool):
        raise TypeError(f"{name} must be an integer, not {value!r} ({type(value).__name__})")
    if value < least:
        raise DataError(f"{name} must be at least {least}, not {value}")
    return int(value)


def check_memory(shape: tuple[int, ...]) -> None:
    """Refuse a float32 array that no reader's machine would hold, before it is allocated."""
    if (wanted := 4 * math.prod(shape)) > _LIMIT:
        raise DataError(
            f"{' x '.join(map(str, shape))} values would take {wanted / 2**30:.1f} GiB, "
            f"more than {_LIMIT >> 30} GiB; take a smaller n or size"
        )


def check_samples(what: str, samples: Any, axes: int, limit: float = 1.001) -> np.ndarray:
    """The array (n, height, width, channels) in [-limit, limit] if `axes` is 4, (n, 2) if it is 2; or an error."""
    expected = "(n, height, width, channels) in [-1, 1]" if axes == 4 else "(n, 2)"
    array = arguments.array(what, samples, f"an array {expected}")
    if array.ndim != axes or not array.size or (axes == 2 and array.shape[1] != 2):
        raise DataError(f"{what} must be {expected}, at least one of each, not of shape {array.shape}")
    if axes == 4 and array.shape[1] in (1, 3) and array.shape[3] not in (1, 3):
        raise DataError(
            f"{what} must be {expected}, not of shape {array.shape}, which looks channel-first: "
            "use np.transpose(images, (0, 2, 3, 1))"
        )
    low, high = array.min(), array.max()  # NaN and infinity show in these too
    if not (np.isfinite(low) and np.isfinite(high)):
        raise DataError(f"{what} must be finite, and hold NaN or infinity: remove or repair them first")
    if axes == 4 and (array.dtype.kind != "f" or low < -limit or high > limit):
        raise DataError(
            f"{what} must be floating-point numbers in [-1, 1], not {array.dtype} from {low:.4g} to {high:.4g}: "
            "images / 127.5 - 1 brings 0 to 255 there"
        )
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
    shape = (n, height, width, channels) if size is None else (n, size, size, channels)
    check_memory(shape)
    matrix = None if shape[1] == height else resizing(height, shape[1])
    out = np.empty(shape, np.float32)
    for start in range(0, n, CHUNK):
        chunk = raw[start : start + CHUNK].astype(np.float32)
        if matrix is not None:
            chunk = (matrix @ chunk.transpose(0, 3, 1, 2) @ matrix.T).transpose(0, 2, 3, 1)
        np.clip(chunk / (top / 2) - 1, -1, 1, out=out[start : start + CHUNK])  # bicubic overshoots at edges
    return out
