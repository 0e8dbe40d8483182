"""Checks of arguments that many functions share: each refusal says what was given and what was expected."""

from __future__ import annotations

import math
import operator
import reprlib
from collections.abc import Iterable
from numbers import Real
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np

_SHORT = reprlib.Repr()
_SHORT.maxstring = _SHORT.maxother = 100


def describe(value: object) -> str:
    """What was given, in a few words: an array's shape and type, else the value, cut short, and its class."""
    shape, dtype = getattr(value, "shape", None), getattr(value, "dtype", None)
    if shape is not None and dtype is not None and not isinstance(value, type):
        return f"an array of shape {tuple(shape)} and type {dtype} ({type(value).__name__})"
    return "None" if value is None else f"{_SHORT.repr(value)} ({type(value).__name__})"


def array(name: str, value: object, expected: str = "an array of real numbers") -> np.ndarray:
    """The value as a NumPy array of real numbers, or a TypeError. Its shape and range are the caller's to check."""
    import numpy as np

    try:
        result = np.asarray(value)
    except Exception:  # lists of unequal lengths; a tensor with a gradient, or on a GPU
        hint = "Give tensor.detach().cpu().numpy()." if hasattr(value, "detach") else "Give lists of equal lengths."
        raise TypeError(f"{name} must be {expected}, not {describe(value)}. {hint}") from None
    if result.dtype.kind not in "fiub":
        raise TypeError(f"{name} must be {expected}, not {describe(value)}.")
    return result


def whole(name: str, value: Any, low: int, high: int | None = None, error: type[ValueError] = ValueError) -> int:
    """The value as an int from `low` to `high`, or an error."""
    try:
        number = operator.index(value)
    except TypeError:
        number = low - 1
    if isinstance(value, bool) or number < low or (high is not None and number > high):
        wanted = f"of at least {low}" if high is None else f"from {low} to {high}"
        raise error(f"{name} must be a whole number {wanted}, not {_SHORT.repr(value)}.")
    return number


def real(name: str, value: object, low: float = -math.inf, high: float = math.inf) -> float:
    """The value as a finite float from `low` to `high`, or an error."""
    try:
        number = float(value) if isinstance(value, Real) and not isinstance(value, bool) else math.nan
    except OverflowError:  # an int beyond every float
        number = math.inf
    if not math.isfinite(number) or not low <= number <= high:
        bounds = [f"at least {low}"] * (low > -math.inf) + [f"at most {high}"] * (high < math.inf)
        wanted = " of " + " and ".join(bounds) if bounds else ""
        raise ValueError(f"{name} must be a finite number{wanted}, not {_SHORT.repr(value)}.")
    return number


def one_of(name: str, value: object, known: Iterable[str], error: type[ValueError] = ValueError) -> str:
    """The value, one of the known names, or an error."""
    if not isinstance(value, str) or value not in known:
        raise error(f"{name} must be one of {', '.join(map(repr, known))}, not {describe(value)}.")
    return value


def pair(name: str, value: object, expected: str = "a pair of finite numbers") -> np.ndarray:
    """The value as an array of two finite floats, or an error."""
    import numpy as np

    result = array(name, value, expected).astype(float)
    if result.shape != (2,) or not np.isfinite(result).all():
        raise ValueError(f"{name} must be {expected}, not {describe(value)}.")
    return result


def recipe(value: object) -> None:
    """Refuses what is no recipe. It is told by its fields: the class itself is built on what stands on this module."""
    if not hasattr(value, "generator_optimiser"):
        raise TypeError(f'recipe must be a Recipe, not {describe(value)}. Make one: ganlib.recipe("dcgan-digits").')
