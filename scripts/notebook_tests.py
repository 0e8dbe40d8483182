"""Runs every notebook under each framework, and none again until its text or the package has changed.

    python scripts/notebook_tests.py          what has not passed here as it is now
    python scripts/notebook_tests.py --all    every notebook, and the exercises solved (_build/solved.ipynb)

A notebook passes when it runs to its end and its claims, the cells tagged nbval-check-output, print what is stored,
which is the same for both frameworks. In their chapters the exercises are blank, as readers first meet them. That
each solution is right in each framework, tests/test_exercises.py sees too.

What passed is kept in _build/passed.json, with a hash of whatever the result depends on: the notebook, every file of
the package, and the version of everything that is installed. Git does not know that file, so a fresh clone runs all.
"""

import argparse
import hashlib
import json
import os
import sys
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor, as_completed
from importlib.metadata import distributions
from pathlib import Path
from typing import Any, NamedTuple

import notebooks
from status import run_one

ROOT = notebooks.ROOT
RECORD = ROOT / "_build" / "passed.json"
TOGETHER = 2  # notebooks that run at once, each in a process of one thread
UNKNOWN = 600.0  # seconds of a notebook of which nobody knows: it goes first, so that no long one is left for the end


class Task(NamedTuple):
    """One notebook under one framework."""

    path: Path
    backend: str

    def __str__(self) -> str:
        return f"{self.path.stem} under {self.backend}"


def environment(root: Path = ROOT) -> str:
    """A hash of all that every notebook depends on: the package, the requirements, and what is installed."""
    found = hashlib.sha256(sys.version.encode())
    for name in sorted(f"{one.metadata['Name']}=={one.version}" for one in distributions()):
        found.update(name.encode())
    files = [path for path in (root / "ganlib").rglob("*") if path.is_file() and "__pycache__" not in path.parts]
    for path in [*sorted(files), root / "requirements.txt", root / "pyproject.toml"]:
        found.update(path.relative_to(root).as_posix().encode() + b"\0")
        found.update(hashlib.sha256(path.read_bytes()).digest())
    return found.hexdigest()


def fingerprint(task: Task, of_environment: str) -> str:
    """Changes with whatever the task's result depends on."""
    return hashlib.sha256(of_environment.encode() + task.path.read_bytes()).hexdigest()


def passed(record: Path = RECORD) -> dict[str, dict[str, Any]]:
    """Task → the hash with which it last passed here, and how long it took; empty where nothing can be read."""
    try:
        found = json.loads(record.read_text(encoding="utf-8"))
        return {name: {"hash": str(one["hash"]), "seconds": float(one["seconds"])} for name, one in found.items()}
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        return {}


def expected(task: Task, known: dict[str, dict[str, Any]]) -> float:
    """How many seconds the task will take: as many as the last time here, or when its outputs were stored."""
    stored = json.loads(task.path.read_text(encoding="utf-8"))["metadata"]
    outputs = task.path.parent / "outputs" / f"{task.path.stem}.json"  # the second framework's
    if task.backend != notebooks.BACKENDS[0] and outputs.exists():
        stored = json.loads(outputs.read_text(encoding="utf-8"))
    return float(known.get(str(task), stored.get("ganlib", {})).get("seconds", UNKNOWN))


def run(
    tasks: Iterable[Task],
    every: bool = False,
    record: Path = RECORD,
    root: Path = ROOT,
    run_one: Callable[[Path, str], dict[str, Any]] = run_one,
) -> list[str]:
    """Runs the tasks that have not passed as they are now, the longest first; returns the names of those that fail."""
    here, known = environment(root), passed(record)
    hashes = {task: fingerprint(task, here) for task in tasks}
    left = [task for task, now in hashes.items() if every or known.get(str(task), {}).get("hash") != now]
    if len(left) < len(hashes):
        print(f"Skipped, unchanged since they passed here: {', '.join(str(t) for t in hashes if t not in left)}.")
    left.sort(key=lambda task: expected(task, known), reverse=True)
    minutes = sum(expected(task, known) for task in left) / TOGETHER / 60
    print(f"To run: {len(left)} of {len(hashes)} notebooks, {TOGETHER} at once; about {minutes:.0f} min.", flush=True)
    failed = []
    with ThreadPoolExecutor(TOGETHER) as pool:
        running = {pool.submit(run_one, *task): task for task in left}
        for number, done in enumerate(as_completed(running), start=1):
            task, result = running[done], done.result()
            how = "passed" if result["passed"] else "FAILED"
            print(f"{number} of {len(left)}: {task} {how} in {result['seconds']} s", flush=True)
            known = passed(record)
            if result["passed"]:
                known[str(task)] = {"hash": hashes[task], "seconds": result["seconds"]}
            else:
                known.pop(str(task), None)
                failed.append(str(task))
                print(f"{result['output']}\nTo see all of it: {command(task)}", flush=True)
            notebooks.write(record, json.dumps(known, indent=1) + "\n")
    return failed


def command(task: Task) -> str:
    """What a person types to run one notebook alone."""
    python = Path(sys.executable)
    python = python.relative_to(ROOT) if python.is_relative_to(ROOT) else python
    path = task.path.relative_to(ROOT) if task.path.is_relative_to(ROOT) else task.path
    return f"GANLIB_BACKEND={task.backend} {python} -m pytest --nbval-lax {path}"


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--all", action="store_true", help="every notebook, and the exercises solved")
    options = parser.parse_args()
    # TensorFlow would start a thread for each core in both of the notebooks that run at once.
    os.environ["TF_NUM_INTRAOP_THREADS"] = os.environ["TF_NUM_INTEROP_THREADS"] = "1"
    paths = [notebooks.notebook_path(chapter) for chapter in notebooks.chapters()]
    if options.all:
        paths.append(notebooks.solved(notebooks.chapters()))
    failed = run([Task(path, backend) for backend in notebooks.BACKENDS for path in paths], options.all)
    if failed:
        sys.exit(f"Failed: {', '.join(failed)}.")


if __name__ == "__main__":
    main()
