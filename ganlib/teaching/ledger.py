"""Run ledgers: every result of the experiments that cost more than a chapter may.

A command in `benchmarks/` makes the runs and writes one row for each; the chapters read them here. The files lie in the
package, in `ganlib/teaching/ledgers`, so that a notebook finds them on Colab too. Each is compressed JSON with one row
on a line: `bzless scoreboard.json.bz2` shows them.

    >>> ledger = ganlib.ledger.load("scoreboard")
    >>> ledger.command
    'python benchmarks/scoreboard.py'
    >>> ledger.values("modes", method="R1", data="grid", backend="torch")     # one number a seed
"""

from __future__ import annotations

import bz2
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

from ganlib.errors import DataError
from ganlib.runtime import files

FOLDER = Path(__file__).with_name("ledgers")
END = ".json.bz2"


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
        DataError: there is none, or the file is damaged.
    """
    if not isinstance(name, str):
        raise TypeError(f"name must be the name of a ledger, a text, not {name!r}.")
    known = sorted(path.name.removesuffix(END) for path in Path(folder).glob(f"*{END}"))
    if name not in known:
        raise DataError(f"There is no ledger {name!r}. There are: {', '.join(known) or 'none'}.")
    try:
        stored = json.loads(bz2.decompress((Path(folder) / f"{name}{END}").read_bytes()))
        return Ledger(name, stored["about"], stored["command"], tuple(stored["rows"]))
    except (OSError, ValueError, LookupError, TypeError) as error:
        raise DataError(f"The ledger {name}{END} is damaged: {error}. Install ganlib again.") from error


def rows(name: str, folder: str | os.PathLike[str] = FOLDER) -> tuple[dict[str, Any], ...]:
    """The rows that are there already: none where there is no ledger of that name yet. For commands that add to it."""
    return load(name, folder).rows if (Path(folder) / f"{name}{END}").exists() else ()


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
        "versions": files.versions(str(key.get("backend"))),
    }
    with filelock.FileLock(Path(tempfile.gettempdir()) / f"ganlib-ledger-{name}.lock"):
        others = [other for other in rows(name, folder) if other["key"] != row["key"]]
        texts = [json.dumps(one, ensure_ascii=False, allow_nan=False) for one in [*others, row]]
        head = json.dumps({"about": about, "command": command}, ensure_ascii=False).removesuffix("}")
        content = head + ', "rows": [\n' + ",\n".join(texts) + "\n]}\n"
        files.write_aside(Path(folder) / f"{name}{END}", bz2.compress(content.encode()))
