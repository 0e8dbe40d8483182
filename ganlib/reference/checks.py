"""What the reference's functions check of their arguments: arrays of real numbers and their shapes."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from ganlib import arguments

Array = np.ndarray


def array(name: str, values: ArrayLike) -> Array:
    """The values as float64."""
    return arguments.array(name, values).astype(np.float64, copy=False)


def one_shape(**arrays: ArrayLike) -> list[Array]:
    """The arguments as arrays of one and the same shape."""
    converted = [array(name, values) for name, values in arrays.items()]
    if len({a.shape for a in converted}) > 1:
        given = ", ".join(f"{name} {a.shape}" for name, a in zip(arrays, converted, strict=True))
        raise ValueError(f"These must have one shape: {given}.")
    return converted


def vector(name: str, values: ArrayLike, length: int) -> Array:
    """The values as a vector of this length."""
    result = array(name, values)
    if result.shape != (length,):
        raise ValueError(f"{name} must have shape ({length},), not {result.shape}.")
    return result


def images(x: ArrayLike) -> Array:
    """x as a batch of images."""
    x = array("x", x)
    if x.ndim != 4:
        raise ValueError(f"x must be (n, height, width, channels), not {x.shape}. Use x[None] for one image.")
    return x
