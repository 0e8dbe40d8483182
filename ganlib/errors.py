"""The package's own errors. Each says what was given, what was expected and what to do."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np


class GanlibError(Exception):
    """The base of every error that ganlib raises on purpose."""


class RecipeError(GanlibError, ValueError):
    """A recipe with an unknown name, an unknown field, or a value or combination that cannot work."""


class DataError(GanlibError, ValueError):
    """A data set that is missing, damaged, or not of the form that was asked for."""


class CheckpointError(GanlibError, ValueError):
    """A checkpoint that is missing, damaged, or does not fit what it is loaded into."""


class CheckpointNotSaved(CheckpointError, OSError):
    """A checkpoint that could not be written: a full disk, a folder without permission. Those before it are intact."""


class OutOfMemory(GanlibError, MemoryError):
    """A training that needs more memory than the machine or the device has."""


class WorkerLost(GanlibError, RuntimeError):
    """Another worker of a training on several devices ended, or did not answer in time."""


class MissingBackend(GanlibError, ImportError):
    """A framework that was asked for and is not installed."""


class TrainingFailed(GanlibError, ArithmeticError):
    """A training in which a number became NaN or infinite.

    Attributes:
        step: the step at which it happened, counted from 1.
        tensor: the first tensor that went bad, in the order of computation: "batch", "generator/output", "d_loss",
            "discriminator_gradient/dense0.kernel", "discriminator_optimiser/v/dense0.kernel", …
        history: metric name → NumPy array, from the start up to this step; the last value is this step's.
    """

    def __init__(self, message: str, step: int, tensor: str, history: Mapping[str, np.ndarray]) -> None:
        super().__init__(message)
        self.step, self.tensor, self.history = step, tensor, dict(history)
