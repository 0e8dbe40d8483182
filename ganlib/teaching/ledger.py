"""Run ledgers: every result of the experiments that cost more than a chapter may.

A command in `benchmarks/` makes the runs and writes one row for each; the chapters read them here. The files lie in the
package, in `ganlib/teaching/ledgers`, so that a notebook finds them on Colab too.

    >>> ledger = ganlib.ledger.load("scoreboard")
    >>> ledger.command
    'python benchmarks/scoreboard.py'
    >>> ledger.values("modes", method="R1", data="grid", backend="torch")     # one number a seed
"""

from __future__ import annotations

import importlib.metadata
import json
import os
import platform
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import filelock
import numpy as np

import ganlib
from ganlib.errors import DataError

FOLDER = Path(__file__).with_name("ledgers")
PARTS: dict[str, Any] = {  # of a row
    "key": dict,
    "result": dict,
    "recipe": dict,
    "seconds": (int, float),
    "machine": str,
    "versions": dict,
}


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

    def select(self, **key: Any) -> list[dict[str, Any]]:
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

    def values(self, result: str, **key: Any) -> np.ndarray:
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
        rows = tuple(stored["rows"])
        for row in rows:
            wrong = [part for part, kind in PARTS.items() if not isinstance(row[part], kind)]
            if wrong:
                raise ValueError(f"a row's {wrong[0]} is {row[wrong[0]]!r}")
        return Ledger(name, str(stored["about"]), str(stored["command"]), rows)
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        reason = f"it lacks {error}" if isinstance(error, KeyError) else str(error)
        raise DataError(f"The ledger {path.name} is damaged: {reason}. Install ganlib again.") from error


def record(
    name: str,
    about: str,
    command: str,
    key: Mapping[str, Any],
    result: Mapping[str, Any],
    recipe: Mapping[str, Any],
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
    path = Path(folder) / f"{name}.json"
    row = {
        "key": dict(key),
        "result": dict(result),
        "recipe": dict(recipe),
        "seconds": round(seconds, 2),
        "machine": f"{platform.system()} {platform.machine()}, {os.cpu_count()} CPU cores",
        "versions": _versions(key.get("backend")),
    }
    with filelock.FileLock(Path(tempfile.gettempdir()) / f"ganlib-ledger-{name}.lock"):
        rows = list(load(name, folder).rows) if path.exists() else []
        rows = [*(old for old in rows if old["key"] != row["key"]), row]
        # A row a line, so that a difference between two ledgers can be read.
        lines = ",\n".join(json.dumps(row, ensure_ascii=False, allow_nan=False) for row in rows)
        head = json.dumps({"about": about, "command": command}, indent=1, ensure_ascii=False).removesuffix("\n}")
        temporary = path.with_suffix(".part")
        temporary.write_text(f'{head},\n "rows": [\n{lines}\n]}}\n', encoding="utf-8")
        os.replace(temporary, path)


def _versions(backend: Any) -> dict[str, str]:
    names = ("numpy", *((backend,) if backend in ("torch", "tensorflow") else ()))
    versions = {name: importlib.metadata.version(name) for name in names}
    return {"ganlib": ganlib.__version__, "python": platform.python_version(), **versions}
