"""What a training gave: its scores beside a perfect sampler's, and one page that shows everything.

>>> trainer.fit(data)
>>> ganlib.report.write(trainer, data, "runs/digits")       # runs/digits/report.html, report.json, history.csv
>>> ganlib.report.compare(["runs/digits", "runs/digits-r1"])
"""

from __future__ import annotations

import dataclasses
import json
import os
import shlex
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ganlib.data import Data
from ganlib.metrics import Score
from ganlib.recipe import RECIPES
from ganlib.runtime import checkpoint, files
from ganlib.runtime.page import page
from ganlib.runtime.scores import ABOUT, as_json, columns, distance, finite, from_json, number, scores, table

if TYPE_CHECKING:
    from ganlib.runtime.monitor import Finding
    from ganlib.runtime.trainer import BaseTrainer

__all__ = ["ABOUT", "as_json", "compare", "comparison", "distance", "read", "scores", "table", "write", "write_history"]

SAMPLES = 2500  # scored, as in PacGAN's protocol
COLUMNS = ("d_loss", "g_loss", "d_real", "d_fake", "penalty")  # of history.csv; a loaded history has another order


def write(
    trainer: BaseTrainer,
    data: Data | np.ndarray,
    directory: str | os.PathLike[str],
    *,
    findings: Iterable[Finding] = (),
    seconds: float | None = None,
) -> Path:
    """Scores a trained generator, and writes report.html, report.json and history.csv.

    The page stands alone: pictures, curves and styles are in it, and nothing in it is a script. If the directory has
    pictures of `ganlib.callbacks.Samples` in `samples`, some of them are shown.

    Args:
        trainer: of either framework, trained.
        data: what it was trained on, from `ganlib.data.load`; or an array of samples.
        directory: where to write; made if it is not there.
        findings: what `ganlib.monitor.Monitor` found.
        seconds: how long the training took; None leaves it out of the report.

    Returns:
        The path of report.html.

    Example:
        >>> ganlib.report.write(trainer, ganlib.data.load(trainer.recipe), "runs/digits")
    """
    directory, history = Path(directory), trainer.history
    if not trainer.steps_done:
        raise ValueError("This trainer has done no step yet, so there is nothing to report. Call fit(data) first.")
    samples = trainer.sample(SAMPLES, seed=1)
    found = scores(data, samples)
    summary = {
        "recipe": dataclasses.asdict(trainer.recipe),
        "framework": trainer.backend,
        "steps": trainer.steps_done,
        "seed": trainer.seed,
        "precision": trainer.precision,
        "device": trainer.device,
        "seconds": seconds,
        "data": {"name": getattr(data, "name", "an array"), "samples": len(data)},
        "versions": files.versions(trainer.backend),
        "last": {name: finite(values[-1]) for name, values in history.items()},
        "metrics": {name: as_json(score) for name, score in found.items()},
        "findings": [{"step": int(finding.step), "sentence": str(finding.sentence)} for finding in findings],
        "command": _command(trainer, str(directory)),
    }
    write_history(history, directory / "history.csv")
    files.write_aside(directory / "report.json", json.dumps(summary, indent=2, ensure_ascii=False) + "\n")
    text = page(summary, trainer.recipe, history, found, data, samples, directory / "samples")
    return files.write_aside(directory / "report.html", text)


def _command(trainer: BaseTrainer, directory: str) -> str | None:
    """The command that trains this again; None for a recipe that does not come from a shipped one."""
    recipe = trainer.recipe
    if recipe.name not in RECIPES:
        return None
    words = ["ganlib", "train", recipe.name, "--framework", trainer.backend]
    for name, value in files.changes(recipe).items():
        if name != "precision":
            words += [f"--{name}", str(value)] if name in ("data", "steps") else ["--set", f"{name}={value}"]
    words += ["--seed", str(trainer.seed), "--precision", trainer.precision, "--out", directory]
    return shlex.join(words)


def write_history(history: Mapping[str, np.ndarray], path: str | os.PathLike[str]) -> Path:
    """The history as a table: a line a step, `step,d_loss,g_loss,…`, numbers in full."""
    names = sorted(history, key=lambda name: (COLUMNS.index(name) if name in COLUMNS else len(COLUMNS), name))
    lines = [",".join(["step", *names])]
    for step, row in enumerate(zip(*(history[name] for name in names), strict=True), 1):
        lines.append(",".join([str(step), *(repr(float(value)) for value in row)]))
    return files.write_aside(path, "\n".join(lines) + "\n")


def read(directory: str | os.PathLike[str], step: int | None = None) -> dict[str, Score]:
    """The scores in a run's report.json; empty if there is no report, or it is not of the step that is asked for."""
    try:
        found = json.loads((Path(directory) / "report.json").read_text(encoding="utf-8"))
        if step is not None and found["steps"] != step:
            return {}
        return {name: from_json(one) for name, one in found["metrics"].items() if name in ABOUT}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return {}


def compare(directories: Sequence[str | os.PathLike[str]]) -> dict[str, dict[str, list[Any]]]:
    """Runs side by side: the fields in which their recipes differ, how far they are, and their scores.

    Args:
        directories: the folders of runs, of `ganlib train` or of `Trainer.save`.

    Returns:
        "fields", "run" and "metrics": each a mapping from a name to one value a directory, in their order. A metric is
        None where the run has no report of its last step.

    Raises:
        CheckpointError: a folder has no checkpoint.
    """
    described = [checkpoint.describe(directory) for directory in directories]
    recipes = [files.fields(one["recipe"]) for one in described]
    reports = [read(directory, one["step"]) for directory, one in zip(directories, described, strict=True)]
    differing = [name for name in recipes[0] if any(one[name] != recipes[0][name] for one in recipes)]
    run = ("backend", "seed", "precision", "step")
    names = [name for name in ABOUT if any(name in report for report in reports)]
    return {
        "fields": {name: [one[name] for one in recipes] for name in differing if name != "about"},
        "run": {name: [one[name] for one in described] for name in run},
        "metrics": {name: [report.get(name) for report in reports] for name in names},
    }


def comparison(names: Sequence[str], found: Mapping[str, Mapping[str, Sequence[Any]]]) -> str:
    """What `compare` found as text, a column a run."""
    rows = [["", *names]]
    for part in ("fields", "run"):
        rows += [[name, *map(str, values)] for name, values in found[part].items()]
    for name, row in found["metrics"].items():
        best = next(score.perfect for score in row if score is not None)
        label = f"{ABOUT[name][0]} (perfect {number(best)})"
        rows.append([label, *("–" if score is None else number(score) for score in row)])
    return columns(rows)
