"""What a training gave: its scores beside a perfect sampler's, and one page that shows everything.

>>> trainer.fit(data)
>>> ganlib.report.write(trainer, data, "runs/digits")       # runs/digits/report.html, report.json, history.csv
>>> ganlib.report.compare(["runs/digits", "runs/digits-r1"])
"""

import base64
import dataclasses
import html
import io
import json
import math
import os
import platform
import shlex
import string
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ganlib.backends import TITLES
from ganlib.data import Data
from ganlib.metrics import Score
from ganlib.recipe import RECIPES, Recipe
from ganlib.runtime import checkpoint, checks, files, pictures
from ganlib.runtime.files import Folder, Json
from ganlib.runtime.monitor import Finding
from ganlib.runtime.scores import ABOUT, as_json, columns, distance, finite, from_json, number, perfect, scores, table
from ganlib.runtime.trainer import BaseTrainer

__all__ = ["ABOUT", "as_json", "compare", "comparison", "distance", "read", "scores", "table", "write", "write_history"]

Scores = Mapping[str, Score]
SAMPLES = 2500  # scored, as in PacGAN's protocol
# Of history.csv; a loaded history has another order.
COLUMNS = ("d_loss", "g_loss", "d_real", "d_fake", "penalty", "d_terms", "g_terms")
WITHOUT_FEATURES = (
    " ganlib ships a feature network for digits only, so these pictures get no Fréchet distance; beside their "
    "checkerboard stands the data's own."
)


def write(
    trainer: BaseTrainer,
    data: Data | np.ndarray,
    directory: Folder,
    *,
    findings: Iterable[Finding] = (),
    seconds: float | None = None,
) -> Path:
    """Scores a trained generator, and writes report.html, report.json and history.csv.

    The page stands alone, without a script; of pictures that `ganlib.callbacks.Samples` left in `samples` it shows
    some. The trainer is trained, on the data, from `ganlib.data.load` or an array. Findings are those of
    `ganlib.monitor.Monitor`, seconds how long the training took. Returns the path of report.html.
    """
    directory, history = Path(directory), trainer.history
    if not trainer.steps_done:
        raise ValueError("This trainer has done no step yet, so there is nothing to report. Call fit(data) first.")
    samples = trainer.sample(SAMPLES, seed=1)
    found = scores(data, samples, trainer.classes_in_turn(SAMPLES))
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
    page = _page(trainer, summary, found, data, samples, directory / "samples")
    return files.write_aside(directory / "report.html", page)


def _command(trainer: BaseTrainer, directory: str) -> str | None:
    """The command that trains this again; None for a recipe that does not come from a shipped one."""
    if trainer.recipe.name not in RECIPES:
        return None
    words = ["ganlib", "train", trainer.recipe.name, "--framework", trainer.backend]
    for name, value in files.changes(trainer.recipe).items():
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


def read(directory: Folder, step: int | None = None) -> dict[str, Score]:
    """The scores in a run's report.json; empty if there is no report, or it is not of the step that is asked for."""
    try:
        found = json.loads((Path(directory) / "report.json").read_text(encoding="utf-8"))
        if step is not None and found["steps"] != step:
            return {}
        return {name: from_json(one) for name, one in found["metrics"].items() if name in ABOUT}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return {}


def compare(directories: Sequence[Folder]) -> dict[str, dict[str, list[Any]]]:
    """Runs side by side: the fields in which their recipes differ, how far they are, and their scores.

    "fields", "run" and "metrics" are each a mapping from a name to one value a directory, in their order. A metric is
    None where the run has no report of its last step. A CheckpointError if a folder has no checkpoint.
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
    rows += [[name, *map(str, values)] for part in ("fields", "run") for name, values in found[part].items()]
    for name, row in found["metrics"].items():
        best = next(score.perfect for score in row if score is not None)
        label = f"{ABOUT[name][0]} (perfect {number(best)})"
        rows.append([label, *("–" if score is None else number(score) for score in row)])
    return columns(rows)


# ---- the page ----------------------------------------------------------------------------------------------


def _page(
    trainer: BaseTrainer, summary: Json, found: Scores, data: Data | np.ndarray, samples: np.ndarray, folder: Path
) -> str:
    """The HTML of what `summary` says, as report.json holds it. `folder` may hold pictures drawn on the way."""
    recipe = trainer.recipe
    facts = {
        "Framework": f"{TITLES[summary['framework']]} {summary['versions'][summary['framework']]}",
        "Data": f"{summary['data']['name']}, {summary['data']['samples']:,} samples",
        "Steps": f"{summary['steps']:,} of {recipe.steps:,}, batches of {recipe.batch_size}",
        "Seed": summary["seed"],
        "Precision": f"{summary['precision']} on {summary['device']}",
        **({} if summary["seconds"] is None else {"Time": _duration(summary["seconds"])}),
    }
    # The fields that this run changed, with the shipped recipe's values.
    ours = files.fields(recipe)
    shipped = files.differing(recipe, RECIPES[recipe.name]) if recipe.name in RECIPES else {}
    changed = ", ".join(f"{name} {ours[name]} instead of {value}" for name, value in shipped.items())
    marks = {name: f" <mark>changed from {_text(value)}</mark>" for name, value in shipped.items()}
    told = "".join(f"<li>{_text(finding['sentence'])}</li>" for finding in summary["findings"])
    findings = f"<section aria-labelledby=findings><h2 id=findings>What the monitor saw</h2><ul>{told}</ul></section>"
    command = f"<pre tabindex=0><code>{_text(summary['command'])}</code></pre>"
    if summary["command"] is None:
        command = (
            f"<p>The recipe {_text(repr(recipe.name))} is not one of the shipped ones. <code>ganlib.Recipe.from_json"
            "</code> reads the object <code>recipe</code> of report.json, beside this page.</p>"
        )
    system = f"{platform.system()} {platform.machine()}, {os.cpu_count()} CPU cores"
    return string.Template(Path(__file__).with_name("page.html").read_text(encoding="utf-8")).substitute(
        name=_text(recipe.name),
        about=_text(recipe.about),
        changed=f"<p>Changed in this run: {_text(changed)}.</p>" if changed else "",
        facts="".join(f"<div><dt>{name}</dt><dd>{_text(value)}</dd></div>" for name, value in facts.items()),
        samples=_samples(data, samples, recipe),
        progress=_progress(folder),
        metrics="".join(
            f"<tr><th scope=row>{_text(ABOUT[name][0])}<small>{_text(ABOUT[name][1])}</small></th>"
            f"<td>{number(score)}</td><td>{perfect(score)}</td></tr>"
            for name, score in found.items()
        ),
        scored=f"{len(samples):,}",
        without_features=_text(WITHOUT_FEATURES) if "spread" in found else "",
        charts=_charts(trainer.history, recipe),
        findings=findings if summary["findings"] else "",
        command=command,
        fields=_rows({name: value for name, value in ours.items() if name not in ("name", "about")}, marks),
        versions=_rows({**summary["versions"], "system": system}),
    )


def _duration(seconds: float) -> str:
    """Seconds as people say them: "41 s", "3 min 20 s", "2 h 5 min"."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s" if whole else f"{seconds:.1f} s"
    minutes, rest = divmod(whole, 60)
    return f"{minutes} min {rest} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"


def _text(value: object) -> str:
    return html.escape(str(value))


def _rows(cells: Mapping[str, object], marks: Mapping[str, str] | None = None) -> str:
    marks = marks or {}
    rows = (f"<th scope=row>{_text(name)}</th><td>{_text(cell)}{marks.get(name, '')}" for name, cell in cells.items())
    return "".join(f"<tr>{row}</td></tr>" for row in rows)


def _figure(content: bytes, alt: str, caption: str = "") -> str:
    width, height = int.from_bytes(content[16:20]), int.from_bytes(content[20:24])  # PNG's first chunk says
    source = f"data:image/png;base64,{base64.b64encode(content).decode()}"
    image = f'<img src="{source}" alt="{_text(alt)}" width="{width}" height="{height}">'
    return f"<figure>{image}{caption and f'<figcaption>{caption}</figcaption>'}</figure>"


def _samples(data: Data | np.ndarray, samples: np.ndarray, recipe: Recipe) -> str:
    if samples.ndim == 2:
        alt = "Scatter plot of 1,000 generated points over real ones."
        return _figure(pictures.png(samples[:1000], data if isinstance(data, Data) else None), alt)
    if recipe.source != "latents":
        return _translated(data, samples, recipe)
    if isinstance(data, Data) and data.labels is not None and (columns := pictures.columns_of(recipe.classes)):
        return _side_by_side(data, samples, columns)
    real = data.samples if isinstance(data, Data) else data
    some = real[np.random.default_rng(0).choice(len(real), 64, replace=len(real) < 64)]
    return "".join(
        _figure(pictures.png(images), f"{len(images)} {kind.lower()} images in a grid.", kind)
        for kind, images in (("Generated", samples[:64]), ("Real", some))
    )


def _translated(data: Data | np.ndarray, samples: np.ndarray, recipe: Recipe) -> str:
    """Sources in a row, under each what was made of it, and then the real image, four times over."""
    columns, rows = 8, min(4, max(1, len(data) // 8))
    real = (data.samples if isinstance(data, Data) else data)[: columns * rows]
    source: Any = checks.source_of(recipe, data)
    source = np.broadcast_to(source[: len(real)], real.shape)
    sets = [part.reshape(rows, -1, *real.shape[1:]) for part in (source, samples[: len(real)], real)]
    images = np.stack(sets, axis=1).reshape(-1, *real.shape[1:])
    told = f"In threes, one under the other: {recipe.source}, generated, real"
    return _figure(pictures.png(images, columns=columns), f"Images in a grid. {told}.", told)


def _side_by_side(data: Data, samples: np.ndarray, classes: int) -> str:
    """Samples of the classes in turn, and real ones, with a column for each class."""
    assert data.labels is not None
    rng, rows = np.random.default_rng(0), 8
    held = [np.flatnonzero(data.labels == k) for k in range(classes)]
    drawn = [rng.choice(own, rows, replace=len(own) < rows) for own in held if len(own)]
    real = data.samples[np.stack(drawn, axis=1).ravel()]
    names = ", ".join(data.label_names[:classes]) or f"0 to {classes - 1}"
    return "".join(
        _figure(pictures.png(images, columns=columns), f"{kind} images with a column for each class: {names}.", kind)
        for kind, images, columns in (("Generated", samples[: rows * classes], classes), ("Real", real, len(drawn)))
    )


def _progress(folder: Path) -> str:
    """At most six of the pictures that were drawn on the way, evenly chosen."""
    found = sorted((int(path.stem[5:]), path) for path in folder.glob(f"step-{'[0-9]' * 8}.png"))
    if len(found) < 2:
        return ""
    chosen = [found[i] for i in sorted({round(x) for x in np.linspace(0, len(found) - 1, 6)})]
    figures = (_figure(path.read_bytes(), f"Samples after {n:,} steps.", f"Step {n:,}") for n, path in chosen)
    return f"<h3>On the way</h3><p>The same latents at each step.</p><div class=strip>{''.join(figures)}</div>"


def _charts(history: Mapping[str, np.ndarray], recipe: Recipe) -> str:
    losses = {"Discriminator": history["d_loss"], "Generator": history["g_loss"]}
    charts = _chart("Losses", losses, {"log 4": math.log(4)} if recipe.loss in ("minimax", "nonsaturating") else {})
    charts += _chart("Mean logits of D", {"Real": history["d_real"], "Generated": history["d_fake"]})
    if "penalty" in history:  # on the steps between, a lazy penalty is 0
        charts += _chart("Penalty", {"Discriminator": history["penalty"][:: recipe.penalty_every]})
    return charts


def _chart(title: str, curves: Mapping[str, np.ndarray], levels: Mapping[str, float] | None = None) -> str:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(4.8, 2.7), layout="constrained")
    pictures.curves(figure.subplots(), curves, levels or {})
    figure.savefig(buffer := io.BytesIO(), format="png", dpi=192)
    told = []
    for name, values in curves.items():
        tenth = max(1, len(values) // 10)
        first, last = number(values[:tenth].mean()), number(values[-tenth:].mean())
        told.append(f"{name.lower()} {first} over the first tenth, {last} over the last")
    return _figure(buffer.getvalue(), f"{title} over the steps: {'; '.join(told)}.", title)
