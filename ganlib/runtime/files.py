"""What the files of a run have in common: how one is written, what wrote it, and which recipe it belongs to.

A checkpoint is a safetensors file whose header holds format, versions, step, recipe and random states as JSON, and a
SHA-256 of the whole file. Nothing in it is ever executed or unpickled.
"""

import contextlib
import dataclasses
import errno
import hashlib
import json
import math
import os
import platform
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from ganlib import __version__
from ganlib.errors import CheckpointError
from ganlib.recipe import RECIPES, Recipe

Json = dict[str, Any]  # an object of a JSON file
Folder = str | os.PathLike[str]
HEADER_LIMIT = 100_000_000  # bytes; safetensors' own
NO_DIGEST = "0" * 64  # stands in the header while the digest is computed
LOADED = {"torch": ("torch",), "tensorflow": ("tensorflow", "keras")}  # framework → the modules that make it up

# When a checkpoint gets a field, FORMAT goes up by one, so that an older ganlib refuses the new files by name; and a
# new field of the trainer's state gets a value here, which is what older files mean by lacking it. What a recipe in
# JSON means by a field that it lacks, `Recipe.from_json` knows.
FORMAT = 1
ADDED: Json = {}


class Unreadable(Exception):
    """Why a file is no good checkpoint."""


def write_aside(path: str | os.PathLike[str], content: bytes | str) -> Path:
    """Writes a file, all of it or nothing, and returns its path. Its folder is made if it is missing.

    The file is written beside its place and renamed once the disk holds it, so neither a full disk nor a process that
    is killed leaves half of one, and it outlives even a power cut.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    aside = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        with open(aside, "wb") as file:
            file.write(content.encode() if isinstance(content, str) else content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(aside, path)
    except BaseException:
        with contextlib.suppress(OSError):
            aside.unlink()
        raise
    if os.name != "nt":  # Windows needs no such thing for a rename to last, and some network file systems know none
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        except OSError as error:
            if error.errno not in (errno.EINVAL, errno.ENOTSUP):
                raise
        finally:
            os.close(folder)
    return path


def versions(framework: str | None = None) -> dict[str, str]:
    """The versions of ganlib, Python, NumPy and the frameworks that are loaded, or the one that is named.

    A framework that is not loaded is left out: to import it for its version would take seconds.
    """
    names = [name for key, parts in LOADED.items() if framework in (None, key) for name in parts]
    loaded = {name: getattr(sys.modules.get(name), "__version__", None) for name in names}
    known = {name: str(version) for name, version in loaded.items() if version is not None}
    return {"ganlib": __version__, "python": platform.python_version(), "numpy": np.__version__, **known}


def fields(recipe: Recipe) -> dict[str, object]:
    """Every field of a recipe, flat: name → value, an optimiser's as "generator_optimiser.rate"."""
    flat: dict[str, object] = {}
    for name, value in dataclasses.asdict(recipe).items():
        flat |= {f"{name}.{key}": part for key, part in value.items()} if isinstance(value, dict) else {name: value}
    return flat


def differing(one: Recipe, other: Recipe) -> dict[str, object]:
    """The fields in which two recipes differ, named as in `fields`, with the other's values."""
    first = fields(one)
    return {name: value for name, value in fields(other).items() if value != first[name]}


def changes(recipe: Recipe) -> dict[str, object]:
    """The fields in which a recipe differs from the shipped one of its name; none where no shipped one has its name."""
    return differing(RECIPES[recipe.name], recipe) if recipe.name in RECIPES else {}


def differences(saved: Recipe, expected: Recipe) -> list[str]:
    """In what a saved recipe differs from the expected one, a phrase for each field.

    What they are about and how many steps they take does not count. Nor does the path where both read a folder of
    images: it may have moved.
    """
    folders = all(recipe.data.startswith("folder:") for recipe in (saved, expected))
    free, there = ("about", "steps", "data") if folders else ("about", "steps"), fields(saved)
    found = {name: here for name, here in differing(saved, expected).items() if name not in free}
    return [f"{name} is {there[name]!r} there and {here!r} here" for name, here in found.items()]


def checkpoint_name(step: int) -> str:
    """What the file of a step is called."""
    return f"step-{step:08d}.safetensors"


def write_checkpoint(path: Path, step: int, arrays: Mapping[str, np.ndarray], state: Json, score: float | None) -> None:
    """Writes one checkpoint; `ganlib.runtime.checkpoint.save` says what each argument is."""
    import safetensors.numpy

    header = {
        "sha256": NO_DIGEST,  # the first, so that its place is found
        "format": FORMAT,
        "step": step,
        "score": None if score is None or not math.isfinite(score) else float(score),
        "versions": versions(),
        "state": state,
    }
    contiguous = {name: np.asarray(array, order="C") for name, array in arrays.items()}
    content = safetensors.numpy.save(contiguous, {"ganlib": json.dumps(header)})
    digest = hashlib.sha256(content).hexdigest()
    write_aside(path, content.replace(NO_DIGEST.encode(), digest.encode(), 1))


def read_checkpoint(path: Path, whole: bool = True) -> tuple[bytes, Json]:
    """All of a file, its checksum verified, and ganlib's header; whole=False reads the header alone, and no array.

    Unreadable where it is damaged, or no checkpoint; CheckpointError where a newer ganlib wrote it.
    """
    try:
        with open(path, "rb") as file:
            size = os.fstat(file.fileno()).st_size
            length = int.from_bytes(file.read(8), "little")
            if size < 8 or not 2 <= length <= min(size - 8, HEADER_LIMIT):
                raise Unreadable("it is truncated, or no safetensors file")
            outer = json.loads(file.read(length))
            file.seek(0)
            content = file.read() if whole else b""
        metadata = outer.get("__metadata__") if isinstance(outer, dict) else None
        if not isinstance(metadata, dict) or not isinstance(metadata.get("ganlib"), str):
            raise Unreadable("it is a safetensors file, but not one of ganlib's checkpoints")
        header = json.loads(metadata["ganlib"])
    except OSError as error:
        raise Unreadable(f"it cannot be read ({error})") from error
    except (ValueError, RecursionError) as error:
        raise Unreadable(f"its header is no JSON ({error})") from error
    _check_header(path, header)
    if whole:
        digest = header["sha256"].encode()
        place = content.find(digest, 8, 8 + length)
        if len(digest) != len(NO_DIGEST) or place < 0:
            raise Unreadable("its checksum is missing")
        found = hashlib.sha256(content[:place] + NO_DIGEST.encode() + content[place + len(digest) :]).hexdigest()
        if found != header["sha256"]:
            raise Unreadable(f"its SHA-256 is {found}, and it was written with {header['sha256']}")
        if path.name != checkpoint_name(header["step"]):
            raise Unreadable(f"it was written as step {header['step']} and renamed")
    return content, {**header, "state": {**ADDED, **header["state"]}}


def _check_header(path: Path, header: object) -> None:
    kind = header.get("format") if isinstance(header, dict) else None
    if not isinstance(header, dict) or not isinstance(kind, int):
        raise Unreadable("its header names no format")
    if kind > FORMAT:
        by = header.get("versions")
        writer = by.get("ganlib", "?") if isinstance(by, dict) else "?"
        newer = f"{path} has format {kind}, newer than this ganlib {__version__} reads, which knows up to {FORMAT}"
        raise CheckpointError(f"{newer}. It was written by ganlib {writer}: upgrade to that.")
    kinds = {"sha256": str, "step": int, "score": int | float | None, "versions": dict, "state": dict}
    for key, expected in kinds.items():
        if key not in header or not isinstance(header[key], expected):
            raise Unreadable(f"its header has no right {key!r}")
