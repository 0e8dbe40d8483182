"""Writes run ledgers, which `ganlib.ledger` reads and describes: each command here adds its runs to one of them."""

from __future__ import annotations

import hashlib
import io
import json
import os
import platform
import tempfile
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import filelock
import numpy as np

from ganlib.runtime import files
from ganlib.teaching.ledger import ARRAYS, END, FOLDER, OLDER, load


def rows(name: str, folder: str | os.PathLike[str] = FOLDER) -> tuple[dict[str, Any], ...]:
    """The rows that are there already: none where there is no ledger of that name yet. For commands that add to it."""
    there = any((Path(folder) / f"{name}{end}").exists() for end in (END, OLDER))
    return load(name, folder).rows if there else ()


def record(
    name: str,
    about: str,
    command: str,
    key: Mapping[str, object],
    result: Mapping[str, object],
    recipe: Mapping[str, object],
    seconds: float,
    folder: str | os.PathLike[str] = FOLDER,
) -> None:
    """Adds one run's row to the ledger of that name; a row with the same key gives way.

    Several processes may write to one ledger. A process that is killed leaves the ledger as it was.

    Args:
        name, about, command: of the ledger; see `ganlib.ledger.Ledger`.
        key, result, recipe: of the run, as JSON can hold them. A value of the result may also be a NumPy array of
            floats, which `load` gives as lists, or the bytes of a file, a picture's for example, which `load` gives as
            text in base64.
        seconds: how long it took.
        folder: as for `load`.
    """
    row = {
        "key": dict(key),
        "result": dict(result),
        "recipe": dict(recipe),
        "seconds": round(seconds, 2),
        "machine": f"{platform.system()} {platform.machine()}, {os.cpu_count()} CPU cores",
        "versions": files.versions(str(key.get("backend"))),
    }
    with filelock.FileLock(Path(tempfile.gettempdir()) / f"ganlib-ledger-{name}.lock"):
        rows(name, folder)  # refuses a damaged ledger before anything is added to it
        content = _read(Path(folder), name)
        content.about, content.command = about, command
        content.add(row)
        _write(Path(folder), name, content)


@dataclass
class _Content:
    """What the files of a ledger hold."""

    about: str = ""
    command: str = ""
    recipes: dict[str, Any] = field(default_factory=dict)
    environments: dict[str, Any] = field(default_factory=dict)
    rows: list[dict[str, Any]] = field(default_factory=list)
    arrays: dict[str, np.ndarray] = field(default_factory=dict)

    def add(self, row: Mapping[str, Any]) -> None:
        """Adds a row as `Ledger` has it, in place of one with the same key, whose arrays stay where they are."""
        recipe, environment = row["recipe"], {"machine": row["machine"], "versions": row["versions"]}
        apart = {name: value for name, value in row["result"].items() if isinstance(value, np.ndarray | bytes)}
        line = {
            "key": row["key"],
            "recipe": _named(recipe.get("name", "recipe"), recipe),
            "environment": _named("environment", environment),
            "seconds": row["seconds"],
            "result": {name: value for name, value in row["result"].items() if name not in apart},
        }
        if apart:
            line["npz"] = {name: self._append(name, value) for name, value in apart.items()}
        self.recipes[line["recipe"]] = recipe
        self.environments[line["environment"]] = environment
        self.rows = [*(other for other in self.rows if other["key"] != row["key"]), line]

    def _append(self, name: str, value: np.ndarray | bytes) -> tuple[int, int]:
        """Puts an array behind those of the other rows, and returns where it starts and where it stops."""
        if isinstance(value, bytes):
            array = np.frombuffer(value, np.uint8)
        elif value.dtype.kind == "f" and value.ndim and np.isfinite(value).all():
            array = value.astype(np.float64)
        else:
            raise ValueError(f"{name!r} is no array of finite floats. Give numbers of another kind as a list.")
        there = self.arrays.get(name, array[:0])
        if (there.dtype, there.shape[1:]) != (array.dtype, array.shape[1:]):
            raise ValueError(
                f"{name!r} has entries of {array.dtype} and shape {array.shape[1:]}, "
                f"and in other rows of {there.dtype} and {there.shape[1:]}."
            )
        self.arrays[name] = np.concatenate([there, array])
        return len(there), len(there) + len(array)


def _named(kind: str, value: Mapping[str, Any]) -> str:
    """A name that comes from the content, so that the rows which two people add to one ledger fit together."""
    return f"{kind}-{hashlib.sha256(_json(value).encode()).hexdigest()[:10]}"


def _read(folder: Path, name: str) -> _Content:
    """What the files of a ledger hold; nothing where there are none."""
    path = folder / f"{name}{END}"
    if path.exists():
        content = _Content(**json.loads(path.read_text(encoding="utf-8")))
        if path.with_suffix(ARRAYS).exists():
            with np.load(path.with_suffix(ARRAYS), allow_pickle=False) as arrays:
                content.arrays = dict(arrays)
        return content
    content = _Content()
    if path.with_name(f"{name}{OLDER}").exists():
        older = load(name, folder)
        content = _Content(older.about, older.command)
        for row in older.rows:
            content.add(row)
    return content


def _write(folder: Path, name: str, content: _Content) -> None:
    """Writes the files of a ledger."""
    parts = [f'"{part}": {_json(text)}' for part, text in (("about", content.about), ("command", content.command))]
    for part, table in (("recipe", content.recipes), ("environment", content.environments)):
        used = {row[part] for row in content.rows}
        lines = [f"{_json(entry)}: {_json(value)}" for entry, value in table.items() if entry in used]
        parts.append(f'"{part}s": {{\n' + ",\n".join(lines) + "\n}")
    parts.append('"rows": [\n' + ",\n".join(map(_json, content.rows)) + "\n]")
    # The arrays first: they hold all that the rows had before, so the rows fit them whenever the process is killed.
    if content.arrays:
        files.write_aside(folder / f"{name}{ARRAYS}", _npz(content.arrays))
    files.write_aside(folder / f"{name}{END}", "{\n" + ",\n".join(parts) + "\n}\n")


def _npz(arrays: Mapping[str, np.ndarray]) -> bytes:
    """The file that `np.savez_compressed` makes, smaller by a third with LZMA, and without the time of day in it."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as file:
        for name, array in arrays.items():
            np.lib.format.write_array(member := io.BytesIO(), array, allow_pickle=False)
            file.writestr(zipfile.ZipInfo(f"{name}.npy"), member.getvalue(), zipfile.ZIP_LZMA)
    return buffer.getvalue()


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, allow_nan=False)
