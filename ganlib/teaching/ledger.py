"""Run ledgers: every result of the experiments that cost more than a chapter may.

A command in `benchmarks/` makes the runs and writes one row for each; the chapters read them here. The files lie in the
package, in `ganlib/teaching/ledgers`, so that a notebook finds them on Colab too.

A file is JSON with one row on each line. What many rows share (a recipe, a machine, versions) stands once in a table,
and the row holds its place there. Long lists of numbers stand together as compressed columns, and the row holds their
type and shape: {"<f8": [400, 2]} is the next 800 numbers of its column. A single file can be replaced at once, which
keeps it whole when a run is killed.

    >>> ledger = ganlib.ledger.load("scoreboard")
    >>> ledger.command
    'python benchmarks/scoreboard.py'
    >>> ledger.values("modes", method="R1", data="grid", backend="torch")     # one number a seed
"""

from __future__ import annotations

import base64
import contextlib
import copy
import importlib.metadata
import json
import os
import platform
import tempfile
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import filelock
import numpy as np

import ganlib
from ganlib.errors import DataError
from ganlib.runtime import files

FOLDER = Path(__file__).with_name("ledgers")
TABLES = {"recipe": "recipes", "machine": "machines", "versions": "versions"}  # part of a row → table in the file
LONG = 8  # a list of at least this many numbers stands in a column
KINDS = ("<i4", "<f4", "<f8")  # of such a column, as NumPy names them; the first that is exact


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
        """The rows whose key holds all these values.

        Raises:
            ValueError: no row does; it says which values there are.
        """
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
    """Reads the ledger of that name.

    Args:
        name: such as "scoreboard".
        folder: where the ledgers lie; by default in the package.

    Raises:
        DataError: there is none, or the file is damaged.
    """
    if not isinstance(name, str):
        raise TypeError(f"name must be the name of a ledger, a text, not {name!r}.")
    path = Path(folder) / f"{name}.json"
    known = sorted(found.stem for found in Path(folder).glob("*.json"))
    if name not in known:
        raise DataError(f"There is no ledger {name!r}. There are: {', '.join(known) or 'none'}.")
    try:
        stored = json.loads(path.read_text(encoding="utf-8"))
        return Ledger(name, str(stored["about"]), str(stored["command"]), _unpacked(stored))
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError, zlib.error) as error:
        reason = f"it lacks {error}" if isinstance(error, KeyError) else str(error)
        raise DataError(f"The ledger {path.name} is damaged: {reason}. Install ganlib again.") from error


def rows(name: str, folder: str | os.PathLike[str] = FOLDER) -> tuple[dict[str, Any], ...]:
    """The rows that are there already: none where there is no ledger of that name yet. For commands that add to it."""
    return load(name, folder).rows if (Path(folder) / f"{name}.json").exists() else ()


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

    Several processes may write to one ledger. A process that is killed leaves the file as it was.

    Args:
        name, about, command: of the ledger; see `Ledger`.
        key, result, recipe: of the run, as JSON can hold them.
        seconds: how long it took.
        folder: as for `load`.
    """
    row = {
        "key": dict(key),
        "result": dict(result),
        "recipe": dict(recipe),
        "seconds": round(seconds, 2),
        "machine": f"{platform.system()} {platform.machine()}, {os.cpu_count()} CPU cores",
        "versions": _versions(key.get("backend")),
    }
    with filelock.FileLock(Path(tempfile.gettempdir()) / f"ganlib-ledger-{name}.lock"):
        others = [other for other in rows(name, folder) if other["key"] != row["key"]]
        files.write_aside(Path(folder) / f"{name}.json", _packed(about, command, [*others, row]))


def _packed(about: str, command: str, rows: Iterable[Mapping[str, Any]]) -> str:
    """The text of a ledger's file."""
    tables: dict[str, dict[str, int]] = {part: {} for part in TABLES}  # what stands in each, as text → its place
    columns: dict[str, list[np.ndarray]] = {}
    lines = []
    for row in rows:
        places = {part: table.setdefault(_json(row[part]), len(table)) for part, table in tables.items()}
        result = dict(row["result"])
        for name, value in result.items():
            if (array := _array(value)) is not None:
                columns.setdefault(f"{name} {array.dtype.str}", []).append(array.ravel())
                result[name] = {array.dtype.str: array.shape}
        lines.append(_json({**row, "result": result, **places}))
    packed = {name: zlib.compress(np.concatenate(arrays).tobytes(), 9) for name, arrays in columns.items()}
    parts = {"about": _json(about), "command": _json(command)}
    parts |= {TABLES[part]: _lines(table) for part, table in tables.items()}
    parts["columns"] = json.dumps({name: base64.b64encode(data).decode() for name, data in packed.items()}, indent=0)
    parts["rows"] = _lines(lines)
    return "{\n" + ",\n".join(f'"{name}": {text}' for name, text in parts.items()) + "\n}\n"


def _unpacked(stored: Mapping[str, Any]) -> tuple[dict[str, Any], ...]:
    """The rows of a ledger's file, with what stands in its tables and columns put back."""
    left = {
        name: np.frombuffer(zlib.decompress(base64.b64decode(text)), name.rpartition(" ")[2])
        for name, text in stored["columns"].items()
    }
    rows = tuple(dict(row) for row in stored["rows"])
    for row in rows:
        for part, table in TABLES.items():  # a copy, so that changing one row's recipe changes no other's
            row[part] = copy.copy(stored[table][row[part]])
        for name, value in row["result"].items():
            if isinstance(value, dict) and value.keys() & KINDS:
                [(kind, shape)] = value.items()
                column, size = f"{name} {kind}", int(np.prod(shape))
                row["result"][name] = left[column][:size].reshape(shape).tolist()
                left[column] = left[column][size:]
        if not (isinstance(row["key"], dict) and isinstance(row["seconds"], int | float)):
            raise ValueError(f"a row's key is {row['key']!r}, and its seconds are {row['seconds']!r}")
    if any(len(rest) for rest in left.values()):
        raise ValueError("it holds more numbers than its rows name")
    return rows


def _array(value: object) -> np.ndarray | None:
    """A long list of numbers in the smallest type that gives back every one of them; None for anything else."""
    if isinstance(value, list):
        for kind in KINDS:
            with contextlib.suppress(ValueError, TypeError, OverflowError), np.errstate(over="ignore"):
                array = np.array(value, kind)
                # Compared as text, which tells 1 from 1.0 and refuses NaN.
                if array.size >= LONG and _json(array.tolist()) == _json(value):
                    return array
    return None


def _lines(texts: Iterable[str]) -> str:
    return "[\n" + ",\n".join(texts) + "\n]"


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, allow_nan=False)


def _versions(backend: object) -> dict[str, str]:
    names = ("numpy", *((backend,) if backend in ("torch", "tensorflow") else ()))
    versions = {name: importlib.metadata.version(name) for name in names}
    return {"ganlib": ganlib.__version__, "python": platform.python_version(), **versions}
