"""One file that training goes on from, the same for both frameworks.

The arrays are safetensors; the rest is JSON in the file's header. Nothing in it is ever executed or unpickled.
"""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from ganlib.errors import CheckpointError

FILE = "checkpoint.safetensors"
FORMAT = 1


def save(directory: str | os.PathLike[str], arrays: Mapping[str, np.ndarray], state: Mapping[str, Any]) -> Path:
    """Writes arrays and a JSON-able state into directory/checkpoint.safetensors, all of it or nothing."""
    import safetensors.numpy

    directory = Path(directory)
    directory.mkdir(parents=True, exist_ok=True)
    content = safetensors.numpy.save(
        {name: np.asarray(array, order="C") for name, array in arrays.items()},
        {"format": str(FORMAT), "state": json.dumps(state)},
    )
    handle, temporary = tempfile.mkstemp(prefix=".checkpoint-", dir=directory)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, directory / FILE)
    except BaseException:
        os.unlink(temporary)
        raise
    return directory / FILE


def load(directory: str | os.PathLike[str]) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    """The arrays and the state that `save` wrote.

    Raises:
        CheckpointError: there is no such file, it is damaged, or it was written by a newer ganlib.
    """
    import safetensors

    path = Path(directory) / FILE
    if not path.is_file():
        raise CheckpointError(f"There is no checkpoint at {path}. Trainer.save(directory) writes one.")
    try:
        with safetensors.safe_open(path, "numpy") as file:
            header = file.metadata() or {}
            arrays = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 (not a dict)
    except (safetensors.SafetensorError, OSError) as error:
        raise CheckpointError(f"{path} is damaged or no safetensors file ({error}). Load an earlier copy.") from error
    if not header.get("format", "").isdecimal() or "state" not in header:
        raise CheckpointError(f"{path} is a safetensors file, but not one of ganlib's checkpoints.")
    if int(header["format"]) > FORMAT:
        raise CheckpointError(f"{path} has format {header['format']}, newer than this ganlib reads. Upgrade ganlib.")
    try:
        return arrays, json.loads(header["state"])
    except ValueError as error:
        raise CheckpointError(f"{path} is damaged: its state is no JSON ({error}). Load an earlier copy.") from error
