"""The package's own errors. Each says what was given, what was expected and what to do."""


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


class MissingBackend(GanlibError, ImportError):
    """A framework that was asked for and is not installed."""
