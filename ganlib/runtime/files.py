"""What the files of a run have in common: how one is written, what wrote it, and which recipe it belongs to.

Every file is written aside and then renamed, so that neither a full disk nor a process that is killed leaves half of
one. A checkpoint is a safetensors file whose header holds format, versions, step, recipe and random states as JSON, and
a SHA-256 of the whole file. Nothing in it is ever executed or unpickled. `ganlib.runtime.checkpoint` keeps a folder of
such files.
"""

from __future__ import annotations

import contextlib
import dataclasses
import errno
import hashlib
import json
import math
import os
import platform
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

import numpy as np

from ganlib import __version__
from ganlib.errors import CheckpointError
from ganlib.recipe import RECIPES, Recipe

Json = dict[str, Any]  # an object of a JSON file
HEADER_LIMIT = 100_000_000  # bytes; safetensors' own
NO_DIGEST = "0" * 64  # stands in the header while the digest is computed
LOADED = {"torch": ("torch",), "tensorflow": ("tensorflow", "keras")}  # framework → the modules that make it up


# ---- how a file is written ---------------------------------------------------------------------------------


def write_aside(path: str | os.PathLike[str], content: bytes | str | Callable[[BinaryIO], object]) -> Path:
    """Writes a file, all of it or nothing, and returns its path. Its folder is made if it is missing.

    The file is written beside its place and renamed once the disk holds it, so it outlives even a power cut. `content`
    is bytes, text, or a function that writes to the open file.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    aside = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        with open(aside, "wb") as file:
            if callable(content):
                content(file)
            else:
                file.write(content.encode() if isinstance(content, str) else content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(aside, path)
    except BaseException:
        with contextlib.suppress(OSError):
            aside.unlink()
        raise
    _sync_folder(path.parent)
    return path


def _sync_folder(folder: Path) -> None:
    """Makes a rename outlive a power cut. Windows needs no such thing, and some network file systems know none."""
    if os.name == "nt":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    except OSError as error:
        if error.errno not in (errno.EINVAL, errno.ENOTSUP):
            raise
    finally:
        os.close(handle)


def versions(framework: str | None = None) -> dict[str, str]:
    """The versions of ganlib, Python, NumPy and the frameworks that are loaded, or the one that is named.

    A framework that is not loaded is left out: to import it for its version would take seconds.
    """
    names = [name for key, parts in LOADED.items() if framework in (None, key) for name in parts]
    loaded = {
        name: str(sys.modules[name].__version__) for name in names if hasattr(sys.modules.get(name), "__version__")
    }
    return {"ganlib": __version__, "python": platform.python_version(), "numpy": np.__version__, **loaded}


# ---- which recipe it belongs to ----------------------------------------------------------------------------


def fields(recipe: Recipe) -> dict[str, object]:
    """Every field of a recipe, flat: name → value, an optimiser's as "generator_optimiser.rate"."""
    flat: dict[str, object] = {}
    for name, value in dataclasses.asdict(recipe).items():
        flat.update(
            {f"{name}.{key}": part for key, part in value.items()} if isinstance(value, dict) else {name: value}
        )
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
    free = {"about", "steps"}
    if saved.data.startswith("folder:") and expected.data.startswith("folder:"):
        free.add("data")
    there = fields(saved)
    return [
        f"{name} is {there[name]!r} there and {here!r} here"
        for name, here in differing(saved, expected).items()
        if name not in free
    ]


# ---- a checkpoint's format ---------------------------------------------------------------------------------


class Added(NamedTuple):
    """A field that the files of older formats lack."""

    since: int  # the first format that has it
    value: object  # what a file of an older format means by lacking it


# When a checkpoint gets a field, in its header or in the state that the trainer hands over, FORMAT goes up by one and
# the field gets a row here: older files then go on loading, and an older ganlib refuses the new ones by name. Nothing
# is older than format 1. What a recipe in JSON means by a field that it lacks, `Recipe.from_json` knows.
FORMAT = 1
ADDED: dict[str, dict[str, Added]] = {"header": {}, "state": {}}


class Unreadable(Exception):
    """Why a file is no good checkpoint."""


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
    place, digest = content.index(NO_DIGEST.encode()), hashlib.sha256(content).hexdigest().encode()
    view = memoryview(content)
    write_aside(path, lambda file: file.writelines((view[:place], digest, view[place + len(digest) :])))


def read_header(path: Path) -> tuple[int, Json]:
    """The length of the safetensors header, and ganlib's part of it. Reads no array and trusts no length.

    Raises:
        Unreadable: it is damaged, or no checkpoint.
        CheckpointError: it was written by a newer ganlib.
    """
    try:
        with open(path, "rb") as file:
            size = os.fstat(file.fileno()).st_size
            length = int.from_bytes(file.read(8), "little")
            if size < 8 or not 2 <= length <= min(size - 8, HEADER_LIMIT):
                raise Unreadable("it is truncated, or no safetensors file")
            outer = json.loads(file.read(length))
        metadata = outer.get("__metadata__") if isinstance(outer, dict) else None
        if not isinstance(metadata, dict) or not isinstance(metadata.get("ganlib"), str):
            raise Unreadable("it is a safetensors file, but not one of ganlib's checkpoints")
        header = json.loads(metadata["ganlib"])
    except OSError as error:
        raise Unreadable(f"it cannot be read ({error})") from error
    except (ValueError, RecursionError) as error:
        raise Unreadable(f"its header is no JSON ({error})") from error
    kind = header.get("format") if isinstance(header, dict) else None
    if not isinstance(kind, int):
        raise Unreadable("its header names no format")
    if kind > FORMAT:
        by = header.get("versions")
        writer = by.get("ganlib", "?") if isinstance(by, dict) else "?"
        raise CheckpointError(
            f"{path} has format {kind}, newer than this ganlib {__version__} reads, which knows formats up to "
            f"{FORMAT}. It was written by ganlib {writer}: upgrade to that."
        )
    header = _completed("header", header, kind)
    kinds = {"sha256": str, "step": int, "score": int | float | None, "versions": dict, "state": dict}
    for key, expected in kinds.items():
        if key not in header or not isinstance(header[key], expected):
            raise Unreadable(f"its header has no right {key!r}")
    return length, {**header, "state": _completed("state", header["state"], kind)}


def _completed(part: str, found: Json, kind: int) -> Json:
    return {**{name: added.value for name, added in ADDED[part].items() if kind < added.since}, **found}


def read_checkpoint(path: Path) -> tuple[bytes, Json]:
    """The whole file, its checksum verified, and ganlib's header. Raises as `read_header` does."""
    length, header = read_header(path)
    try:
        content = path.read_bytes()
    except OSError as error:
        raise Unreadable(f"it cannot be read ({error})") from error
    digest = header["sha256"].encode()
    place = content.find(digest, 8, 8 + length)
    if len(digest) != len(NO_DIGEST) or place < 0:
        raise Unreadable("its checksum is missing")
    view, found = memoryview(content), hashlib.sha256()
    for part in (view[:place], NO_DIGEST.encode(), view[place + len(digest) :]):
        found.update(part)
    if found.hexdigest().encode() != digest:
        raise Unreadable(f"its SHA-256 is {found.hexdigest()}, and it was written with {header['sha256']}")
    if path.name != checkpoint_name(header["step"]):
        raise Unreadable(f"it was written as step {header['step']} and renamed")
    return content, header
