"""Which exercises were tried and solved: a small JSON file in the user's data folder."""

from __future__ import annotations

import contextlib
import json
import os
from pathlib import Path
from typing import Any

import platformdirs

from ganlib.runtime.files import write_aside

# What this process knows. It is all there is where the folder cannot be written.
_known: dict[str, dict[str, Any]] = {}


def path() -> Path:
    """Where the file is, or will be."""
    folder = os.environ.get("GANLIB_EXERCISES") or platformdirs.user_data_dir("ganlib", appauthor=False)
    return Path(folder).expanduser() / "exercises.json"


def load() -> dict[str, dict[str, Any]]:
    """Number → {"tries": int, "solved": bool}. A file that is no such thing is set aside, and not lost."""
    try:
        found = json.loads(path().read_text(encoding="utf-8"))
        return {str(number): {"tries": int(e["tries"]), "solved": bool(e["solved"])} for number, e in found.items()}
    except FileNotFoundError:
        return dict(_known)
    except OSError:
        return dict(_known)
    except (ValueError, TypeError, KeyError, AttributeError):
        with contextlib.suppress(OSError):
            path().replace(path().with_suffix(".damaged"))
        return dict(_known)


def add(number: str, solved: bool) -> int:
    """Counts a try, and returns how many there were."""
    known = load()
    entry = known.setdefault(number, {"tries": 0, "solved": False})
    entry["tries"] += 1
    entry["solved"] |= solved
    save(known)
    return entry["tries"]


def forget(number: str | None) -> None:
    """Removes one exercise's entry, or all."""
    known = {} if number is None else {k: v for k, v in load().items() if k != number}
    save(known)


def save(known: dict[str, dict[str, Any]]) -> None:
    """Writes the file, all of it or nothing. A folder that cannot be written is no reason to stop an exercise."""
    _known.clear()
    _known.update(known)
    with contextlib.suppress(OSError):
        write_aside(path(), json.dumps(known, indent=1))
