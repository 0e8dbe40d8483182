"""Run ledgers: every result of the experiments that cost more than a chapter may.

A command in `benchmarks/` makes the runs and writes a row for each, by `benchmarks/recording.py`. The files lie in the
package, so that a notebook finds them on Colab too.

    >>> ledger = ganlib.ledger.load("scoreboard")
    >>> ledger.command
    'python benchmarks/scoreboard.py'
    >>> ledger.values("modes", method="R1", data="grid", backend="torch")     # one number a seed

A ledger is a JSON file, `scoreboard.json` for example, with one row on a line. What many rows share, recipes and
environments (a machine and its versions), stands once above them, and a row names it. Arrays lie in `scoreboard.npz`,
those of all rows one after the other: `"npz": {"samples": [400, 800]}` stands for the entries 400 to 799 of `samples`.
"""

import base64
import bz2
import copy
import io
import json
import lzma
import os
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ganlib.errors import DataError
from ganlib.runtime.files import Json

FOLDER = Path(__file__).with_name("ledgers")
END, ARRAYS = ".json", ".npz"
OLDER = ".json.bz2"  # a ledger of an earlier ganlib, whole in one file; it is read, and no longer written
PARTS = ("key", "result", "recipe", "seconds", "machine", "versions")  # of a row


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
    """Reads the ledger of that name, by default the package's. A DataError if there is none, or a file is damaged."""
    if not isinstance(name, str):
        raise TypeError(f"name must be the name of a ledger, a text, not {name!r}.")
    known = {path.name.removesuffix(end) for end in (END, OLDER) for path in Path(folder).glob(f"*{end}")}
    if name not in known:
        raise DataError(f"There is no ledger {name!r}. There are: {', '.join(sorted(known)) or 'none'}.")
    path = Path(folder) / f"{name}{END}"
    try:
        if not path.exists():
            stored = json.loads(bz2.decompress(path.with_name(f"{name}{OLDER}").read_bytes()))
            rows = [{part: row[part] for part in PARTS} for row in stored["rows"]]
        else:
            stored = json.loads(path.read_text(encoding="utf-8"))
            arrays = {}
            if any("npz" in line for line in stored["rows"]):
                # Read whole first: numpy.load leaves a damaged file open.
                with np.load(io.BytesIO(path.with_suffix(ARRAYS).read_bytes()), allow_pickle=False) as file:
                    arrays = dict(file)
            rows = [_row(line, stored["recipes"], stored["environments"], arrays) for line in stored["rows"]]
        return Ledger(name, stored["about"], stored["command"], tuple(rows))
    except (
        *(OSError, ValueError, LookupError, TypeError, AttributeError),  # of JSON, or of what is in it
        *(EOFError, RuntimeError, zipfile.BadZipFile, zlib.error, lzma.LZMAError),  # of compressed files
    ) as error:
        raise DataError(f"The ledger {name} is damaged: {error}. Install ganlib again.") from error


def _row(line: Json, recipes: Json, environments: Json, arrays: Mapping[str, np.ndarray]) -> Json:
    """A row as `Ledger` has it, from its line in the file. Nothing in it is shared with other rows."""
    result = dict(line["result"])
    for name, (start, stop) in line.get("npz", {}).items():
        part = arrays[name][start:stop]
        if len(part) != stop - start:
            raise ValueError(f"its array {name!r} ends before {stop}")
        result[name] = base64.b64encode(part.tobytes()).decode() if part.dtype == np.uint8 else part.tolist()
    shared = {"recipe": recipes[line["recipe"]], "seconds": line["seconds"], **environments[line["environment"]]}
    return {"key": line["key"], "result": result, **copy.deepcopy(shared)}
