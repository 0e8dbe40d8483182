"""Run ledgers: every result of the experiments that cost more than a chapter may.

A command in `benchmarks/` makes the runs and writes one row for each; the chapters read them here. The files lie in the
package, in `ganlib/teaching/ledgers`, so that a notebook finds them on Colab too.

    >>> ledger = ganlib.ledger.load("scoreboard")
    >>> ledger.command
    'python benchmarks/scoreboard.py'
    >>> ledger.values("modes", method="R1", data="grid", backend="torch")     # one number a seed

A ledger is a JSON file, `scoreboard.json` for example, with one row on a line. What many rows share stands once above
them, and a row names it: the recipes, and the environments, which are a machine and its versions. Arrays, such as the
samples of a run, lie in a second file, `scoreboard.npz`, those of all rows one after the other. A row says where its
own are: `"npz": {"samples": [400, 800]}` stands for the entries 400 to 799 of the array `samples` in that file.
"""

from __future__ import annotations

import base64
import bz2
import contextlib
import copy
import hashlib
import io
import json
import lzma
import os
import platform
import tempfile
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import filelock
import numpy as np

from ganlib.errors import DataError
from ganlib.runtime import files

FOLDER = Path(__file__).with_name("ledgers")
END, ARRAYS = ".json", ".npz"
OLDER = ".json.bz2"  # a ledger of an earlier ganlib, whole in one file; it is read, and no longer written


@dataclass(frozen=True)
class Ledger:
    """The rows of one experiment.

    `rows` are dicts with "key" (what tells this run from the others: method, backend, seed …), "result" (what was
    measured), "recipe" (the name of the recipe and the changes to it), "seconds", "machine" and "versions".
    """

    name: str
    about: str
    command: str  # what made the rows
    rows: tuple[dict[str, Any], ...]

    def select(self, **key: object) -> list[dict[str, Any]]:
        """The rows whose key holds all these values, or a ValueError that says which values there are."""
        found = [row for row in self.rows if all(row["key"].get(name) == value for name, value in key.items())]
        if not found:
            known = {name: list(dict.fromkeys(str(row["key"].get(name)) for row in self.rows)) for name in key}
            there = "; ".join(f"{name} is one of {', '.join(values)}" for name, values in known.items())
            raise ValueError(f"No row of the ledger {self.name!r} has {key}. There {there}.")
        return found

    def values(self, result: str, **key: object) -> np.ndarray:
        """One result of all rows that `select` finds, (rows,), in the order of the rows."""
        rows = self.select(**key)
        lacking = [row for row in rows if result not in row["result"]]
        if lacking:
            raise ValueError(f"These rows have no {result!r}. They have {', '.join(lacking[0]['result'])}.")
        return np.array([row["result"][result] for row in rows], dtype=np.float64)


def load(name: str, folder: str | os.PathLike[str] = FOLDER) -> Ledger:
    """Reads the ledger of that name, "scoreboard" for example, by default from the package.

    Raises:
        DataError: there is none, or a file is damaged.
    """
    if not isinstance(name, str):
        raise TypeError(f"name must be the name of a ledger, a text, not {name!r}.")
    known = {path.name.removesuffix(end) for end in (END, OLDER) for path in Path(folder).glob(f"*{end}")}
    if name not in known:
        raise DataError(f"There is no ledger {name!r}. There are: {', '.join(sorted(known)) or 'none'}.")
    with _damage_is_told(name):
        content = _read(Path(folder), name)
        return Ledger(name, content.about, content.command, tuple(map(content.row, content.rows)))


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
        name, about, command: of the ledger; see `Ledger`.
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

    def row(self, line: Mapping[str, Any]) -> dict[str, Any]:
        """A row as `Ledger` has it, from its line in the file. Nothing in it is shared with other rows."""
        result = dict(line["result"])
        for name, (start, stop) in line.get("npz", {}).items():
            part = self.arrays[name][start:stop]
            if len(part) != stop - start:
                raise ValueError(f"its array {name!r} ends before {stop}")
            result[name] = base64.b64encode(part.tobytes()).decode() if part.dtype == np.uint8 else part.tolist()
        recipe, environment = self.recipes[line["recipe"]], self.environments[line["environment"]]
        shared = {"recipe": recipe, "seconds": line["seconds"], **environment}
        return {"key": line["key"], "result": result, **copy.deepcopy(shared)}

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


@contextlib.contextmanager
def _damage_is_told(name: str) -> Iterator[None]:
    """Errors of reading become a DataError that says what to do."""
    try:
        yield
    except (
        *(OSError, ValueError, LookupError, TypeError, AttributeError),  # of JSON, or of what is in it
        *(EOFError, RuntimeError, zipfile.BadZipFile, zlib.error, lzma.LZMAError),  # of compressed files
    ) as error:
        raise DataError(f"The ledger {name} is damaged: {error}. Install ganlib again.") from error


def _read(folder: Path, name: str) -> _Content:
    """What the files of a ledger hold; nothing where there are none."""
    path, older = folder / f"{name}{END}", folder / f"{name}{OLDER}"
    if path.exists():
        stored = json.loads(path.read_text(encoding="utf-8"))
        content = _Content(**{part: stored[part] for part in ("about", "command", "recipes", "environments", "rows")})
        if any("npz" in row for row in content.rows):
            with np.load(io.BytesIO(path.with_suffix(ARRAYS).read_bytes()), allow_pickle=False) as arrays:
                content.arrays = dict(arrays)
        return content
    content = _Content()
    if older.exists():
        stored = json.loads(bz2.decompress(older.read_bytes()))
        content = _Content(stored["about"], stored["command"])
        for row in stored["rows"]:
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
