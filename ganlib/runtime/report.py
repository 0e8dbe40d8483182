"""What a training gave: its scores beside a perfect sampler's, and one page that shows everything.

>>> trainer.fit(data)
>>> ganlib.report.write(trainer, data, "runs/digits")       # runs/digits/report.html, report.json, history.csv
>>> ganlib.report.compare(["runs/digits", "runs/digits-r1"])
"""

from __future__ import annotations

import base64
import dataclasses
import functools
import html
import importlib.metadata
import itertools
import json
import math
import os
import platform
import re
import shlex
import string
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

import ganlib
from ganlib import metrics
from ganlib.data import COLOURS, SHAPES, shape_factors
from ganlib.metrics import Score
from ganlib.recipe import RECIPES, Recipe
from ganlib.runtime import checkpoint, pictures

SAMPLES = 2500  # scored, as in PacGAN's protocol
JUDGED = 1000  # samples by which checkpoints are compared: quicker, and still far above the noise
REAL = 10_000  # real images they are compared with, at most: time grows with the square
DIGITS = ("digits", "mnist")  # what the feature network knows
COLUMNS = ("d_loss", "g_loss", "d_real", "d_fake", "penalty")  # of history.csv; a loaded history has another order
FRAMEWORKS = {"torch": "PyTorch", "tensorflow": "TensorFlow"}

# Name in report.json → what the page calls it, and what it says.
ABOUT = {
    "modes": ("Modes", "how many of the mixture's modes own a good sample"),
    "good_percent": ("Good samples, %", "within three standard deviations of a mode"),
    "reverse_kl": ("Reverse KL", "how unevenly the good samples spread over the modes; lower is better"),
    "std_ratio": ("Std ratio", "spread within the modes over what it should be; below 1 is too narrow"),
    "frechet": ("Fréchet distance", "between Gaussians that fit the features of both sets; lower is better"),
    "kernel": ("Kernel distance", "between the features of both sets, unbiased; lower is better"),
    "precision": ("Precision", "generated images that lie near a real one"),
    "recall": ("Recall", "real images that lie near a generated one"),
    "density": ("Density", "real images around a generated one, over how many there should be"),
    "coverage": ("Coverage", "real images that have a generated one near"),
    "classes_kl": ("KL of the classes", "how far the digits' shares are from the data's; lower is better"),
    "recognised_percent": ("Recognised, %", "images that show one of the shapes in one of the colours"),
    "kinds": ("Kinds", "combinations of shape and colour among those recognised"),
    "spread": ("Spread", "standard deviation of the pixels over the data's; near 0 the generator has collapsed"),
    "checkerboard": ("Checkerboard", "share of the variance in a pattern that repeats every two pixels"),
}


def scores(data: Any, samples: np.ndarray) -> dict[str, Score]:
    """What can be measured of samples, by the data they imitate; each score beside a perfect sampler's.

    Points of a mixture: mode coverage. Digits: distances and neighbours in the features of the network that ships with
    ganlib. Shapes: how many can be recognised, and of how many kinds. Of other images, for which no feature network is
    shipped: their spread, and how much of a checkerboard they show, beside the data's.

    Args:
        data: what `ganlib.data.load` gives. Of more than 10,000 images so many are taken, evenly.
        samples: (n, …) as `Trainer.sample` gives them.

    Returns:
        Name → score. `ganlib.report.ABOUT` says what each name means.

    Example:
        >>> ganlib.report.scores(data, trainer.sample(2500, seed=1))
    """
    real = getattr(data, "samples", data)
    name, centers = getattr(data, "name", ""), getattr(data, "centers", None)
    if centers is not None:
        modes = metrics.mode_coverage(samples, centers, data.std)
        return {key: getattr(modes, key) for key in ("modes", "good_percent", "reverse_kl", "std_ratio")}
    real = _some(real, REAL)
    if name in DIGITS and samples.shape[-1] == 1:
        found = metrics.evaluate(real, samples)
        near = {key: getattr(found.prdc, key) for key in ("precision", "recall", "density", "coverage")}
        return {"frechet": found.frechet, "kernel": found.kernel, **near, "classes_kl": found.classes.kl}
    if name == "shapes" and samples.shape[-1] == 3:
        counts = _kinds(samples)
        return {
            "recognised_percent": Score(100 * counts.sum() / len(samples), 100),
            "kinds": Score(int(np.count_nonzero(counts)), counts.size),
        }
    spread = float(np.sqrt(samples.var(axis=0).sum() / max(real.var(axis=0).sum(), 1e-30)))
    result = {"spread": Score(spread, 1)}
    if samples.ndim == 4 and min(samples.shape[1:3]) >= 12:
        result["checkerboard"] = Score(metrics.checkerboard(samples), metrics.checkerboard(real))
    return result


def distance(data: Any) -> Callable[[Any], float] | None:
    """What tells how far a trainer's samples are from the data, by which `ganlib.checkpoint.Saver` keeps the best.

    Digits: the Fréchet distance. Mixtures and shapes: the total variation distance of the good samples' shares, by mode
    or by kind, from equal shares; a bad sample has no share. Infinite if a
    sample is not finite. Of other data no distance is known: None.

    Example:
        >>> saver = ganlib.checkpoint.Saver("runs/digits", best=ganlib.report.distance(data))
    """
    name, centers = getattr(data, "name", ""), getattr(data, "centers", None)
    far: Callable[[np.ndarray], float]
    if centers is not None:
        far = lambda samples: _variation(metrics.mode_coverage(samples, centers, data.std).counts)  # noqa: E731
    elif name == "shapes":
        far = lambda samples: _variation(_kinds(samples))  # noqa: E731
    elif name in DIGITS:
        real = functools.cache(lambda: metrics.features(_some(data.samples, 2 * JUDGED)))  # not before it is needed
        far = lambda samples: metrics.frechet_distance(real(), metrics.features(samples))  # noqa: E731
    else:
        return None

    def measure(trainer: Any) -> float:
        samples = trainer.sample(JUDGED, seed=1)
        return far(samples) if np.isfinite(samples).all() else math.inf

    return measure


def _variation(counts: np.ndarray) -> float:
    """Σ |share − 1/k| / 2, the bad samples being a class of their own that should be empty."""
    return float(1 - np.minimum(counts / JUDGED, 1 / counts.size).sum())


def _kinds(images: np.ndarray) -> np.ndarray:
    """(shapes, colours): how many images show each combination."""
    shape, colour, far = shape_factors(images)
    counts = np.zeros((len(SHAPES), len(COLOURS)), np.int64)
    np.add.at(counts, (shape[far < 0.5], colour[far < 0.5]), 1)
    return counts


def _some(samples: np.ndarray, n: int) -> np.ndarray:
    """At most n of the samples, evenly chosen."""
    return samples[np.linspace(0, len(samples) - 1, min(len(samples), n)).round().astype(int)]


def table(found: Mapping[str, Score]) -> str:
    """Scores as text: a line each, the measured value and a perfect sampler's."""
    rows = [("", "measured", "perfect sampler")]
    rows += [(ABOUT[name][0], _number(score), _perfect(score)) for name, score in found.items()]
    return columns(rows)


def columns(rows: Sequence[Sequence[str]]) -> str:
    """Rows of text as aligned columns."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join("  ".join(f"{cell:<{w}}" for cell, w in zip(row, widths, strict=True)).rstrip() for row in rows)


def versions(backend: str | None = None) -> dict[str, str]:
    """The versions of what takes part, without importing it; the framework's too if one is named."""
    packages = ["numpy", *{"torch": ["torch"], "tensorflow": ["tensorflow", "keras"]}.get(backend or "", [])]
    found = {name: importlib.metadata.version(name) for name in packages}
    return {"ganlib": ganlib.__version__, "python": platform.python_version(), **found}


def changes(recipe: Recipe) -> dict[str, Any]:
    """The fields in which a recipe differs from the shipped one of its name; optimisers' as "generator_optimiser.rate".

    Raises:
        KeyError: no shipped recipe has that name.
    """
    ours, shipped = fields(recipe), fields(RECIPES[recipe.name])
    return {name: value for name, value in ours.items() if value != shipped[name]}


def fields(recipe: Recipe) -> dict[str, Any]:
    """Every field of a recipe, flat: name → value, an optimiser's as "generator_optimiser.rate"."""
    result: dict[str, Any] = {}
    for name, value in dataclasses.asdict(recipe).items():
        if isinstance(value, dict):
            result.update({f"{name}.{key}": inner for key, inner in value.items()})
        else:
            result[name] = value
    return result


def command(recipe: Recipe, backend: str, seed: int, precision: str, directory: str) -> str | None:
    """The command that trains this again; None for a recipe that does not come from a shipped one."""
    if recipe.name not in RECIPES:
        return None
    words = ["ganlib", "train", recipe.name, "--framework", backend]
    for name, value in changes(recipe).items():
        if name == "precision":
            continue
        words += [f"--{name}", str(value)] if name in ("data", "steps") else ["--set", f"{name}={value}"]
    words += ["--seed", str(seed), "--precision", precision, "--out", directory]
    return shlex.join(words)


def write(
    trainer: Any,
    data: Any,
    directory: str | os.PathLike[str],
    *,
    findings: Iterable[Any] = (),
    seconds: float | None = None,
) -> Path:
    """Scores a trained generator, and writes report.html, report.json and history.csv.

    The page stands alone: pictures, curves and styles are in it, and nothing in it is a script. If the directory has
    pictures of `ganlib.callbacks.Samples` in `samples`, some of them are shown.

    Args:
        trainer: of either framework, trained.
        data: what it was trained on, from `ganlib.data.load`; or an array of samples.
        directory: where to write; made if it is not there.
        findings: what `ganlib.monitor.Monitor` found: objects with `step` and `sentence`.
        seconds: how long the training took, if that is to be told.

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
        "versions": versions(trainer.backend),
        "last": {name: _finite(values[-1]) for name, values in history.items()},
        "metrics": {name: as_json(score) for name, score in found.items()},
        "findings": [{"step": int(finding.step), "sentence": str(finding.sentence)} for finding in findings],
        "command": command(trainer.recipe, trainer.backend, trainer.seed, trainer.precision, str(directory)),
    }
    write_history(history, directory / "history.csv")
    pictures.write(directory / "report.json", (json.dumps(summary, indent=2, ensure_ascii=False) + "\n").encode())
    page = _page(summary, trainer.recipe, history, found, data, samples, directory / "samples")
    return pictures.write(directory / "report.html", page.encode())


def write_history(history: Mapping[str, np.ndarray], path: str | os.PathLike[str]) -> Path:
    """The history as a table: a line a step, `step,d_loss,g_loss,…`, numbers in full."""
    names = sorted(history, key=lambda name: (COLUMNS.index(name) if name in COLUMNS else len(COLUMNS), name))
    lines = [",".join(["step", *names])]
    for step, row in enumerate(zip(*(history[name] for name in names), strict=True), 1):
        lines.append(",".join([str(step), *(repr(float(value)) for value in row)]))
    return pictures.write(path, ("\n".join(lines) + "\n").encode())


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
    recipes = [fields(one["recipe"]) for one in described]
    reports = [read(directory, one["step"]) for directory, one in zip(directories, described, strict=True)]
    differing = [name for name in recipes[0] if any(one[name] != recipes[0][name] for one in recipes)]
    run = ("backend", "seed", "precision", "step")
    names = [name for name in ABOUT if any(name in report for report in reports)]
    return {
        "fields": {name: [one[name] for one in recipes] for name in differing if name != "about"},
        "run": {name: [one[name] for one in described] for name in run},
        "metrics": {name: [report.get(name) for report in reports] for name in names},
    }


def as_json(score: Score) -> dict[str, float | None]:
    """A score for a JSON file: value, perfect and spread; None where a number is not finite."""
    spread = None if score.spread is None else _finite(score.spread)
    return {"value": _finite(score), "perfect": _finite(score.perfect), "spread": spread}


def comparison(names: Sequence[str], found: Mapping[str, Mapping[str, Sequence[Any]]]) -> str:
    """What `compare` found as text, a column a run."""
    rows = [["", *names]]
    for part in ("fields", "run"):
        rows += [[name, *map(str, values)] for name, values in found[part].items()]
    for name, row in found["metrics"].items():
        perfect = next(score.perfect for score in row if score is not None)
        label = f"{ABOUT[name][0]} (perfect {_number(perfect)})"
        rows.append([label, *("–" if score is None else _number(score) for score in row)])
    return columns(rows)


def read(directory: str | os.PathLike[str], step: int | None = None) -> dict[str, Score]:
    """The scores in a run's report.json; empty if there is no report, or it is not of the step that is asked for."""
    try:
        found = json.loads((Path(directory) / "report.json").read_text(encoding="utf-8"))
        if step is not None and found["steps"] != step:
            return {}
        known = {name: one for name, one in found["metrics"].items() if name in ABOUT}
        return {name: Score(_float(one["value"]), _float(one["perfect"]), one["spread"]) for name, one in known.items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return {}


def _finite(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None


def _float(value: Any) -> float:
    return math.nan if value is None else float(value)


def _number(value: float, digits: int = 4) -> str:
    if math.isnan(value):
        return "–"
    return f"{value:.{digits}g}".replace("inf", "∞").replace("-", "−")


def _perfect(score: Score) -> str:
    return _number(score.perfect, 3) + (f" ± {score.spread:.2g}" if score.spread is not None else "")


# ---- the page ----------------------------------------------------------------------------------------------


def _page(
    summary: Mapping[str, Any],
    recipe: Recipe,
    history: Mapping[str, np.ndarray],
    found: Mapping[str, Score],
    data: Any,
    samples: np.ndarray,
    folder: Path,
) -> str:
    """The template, ganlib/assets/report.html, filled."""
    template = (Path(__file__).parents[1] / "assets" / "report.html").read_text(encoding="utf-8")
    seconds = summary["seconds"]
    facts = {
        "Framework": f"{FRAMEWORKS[summary['framework']]} {summary['versions'][summary['framework']]}",
        "Data": f"{summary['data']['name']}, {summary['data']['samples']:,} samples",
        "Steps": f"{summary['steps']:,} of {recipe.steps:,}, batches of {recipe.batch_size}",
        "Seed": str(summary["seed"]),
        "Precision": f"{summary['precision']} on {summary['device']}",
        **({} if seconds is None else {"Time": duration(seconds)}),
    }
    return string.Template(template).substitute(
        name=_text(recipe.name),
        about=_text(recipe.about),
        changed=_changed(recipe),
        facts="".join(f"<div><dt>{name}</dt><dd>{_text(value)}</dd></div>" for name, value in facts.items()),
        samples=_samples(data, samples),
        progress=_progress(folder),
        metrics=_metrics(found),
        metrics_note=_text(_metrics_note(summary["data"]["name"], len(samples), found)),
        charts=_charts(history, recipe),
        findings=_findings(summary["findings"]),
        command=_commands(summary["command"], summary),
        fields=_fields(recipe),
        versions="".join(f"<tr><th scope=row>{_text(k)}</th><td>{_text(v)}</td></tr>" for k, v in _machine(summary)),
    )


def duration(seconds: float) -> str:
    """Seconds as people say them: "41 s", "3 min 20 s", "2 h 5 min"."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s" if whole else f"{seconds:.1f} s"
    minutes, rest = divmod(whole, 60)
    return f"{minutes} min {rest} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"


def _text(value: Any) -> str:
    return html.escape(str(value))


def _changed(recipe: Recipe) -> str:
    if recipe.name not in RECIPES or not (changed := changes(recipe)):
        return ""
    shipped = fields(RECIPES[recipe.name])
    told = ", ".join(f"{name} {value} instead of {shipped[name]}" for name, value in changed.items())
    return f"<p>Changed in this run: {_text(told)}.</p>"


def _image(content: bytes, alt: str) -> str:
    width, height = int.from_bytes(content[16:20]), int.from_bytes(content[20:24])  # PNG's first chunk says
    source = f"data:image/png;base64,{base64.b64encode(content).decode()}"
    return f'<img src="{source}" alt="{_text(alt)}" width="{width}" height="{height}">'


def _samples(data: Any, samples: np.ndarray) -> str:
    if samples.ndim == 2:
        alt = "Scatter plot of 1,000 generated points over real ones."
        return f"<figure>{_image(pictures.png(samples[:1000], data), alt)}</figure>"
    real = getattr(data, "samples", data)
    some = real[np.random.default_rng(0).choice(len(real), 64, replace=len(real) < 64)]
    shown = (("Generated", samples[:64]), ("Real", some))
    return "".join(
        f"<figure>{_image(pictures.png(images), f'{len(images)} {kind.lower()} images in a grid.')}"
        f"<figcaption>{kind}</figcaption></figure>"
        for kind, images in shown
    )


def _progress(folder: Path) -> str:
    """At most six of the pictures that were drawn on the way, evenly chosen."""
    found = {int(p.stem[5:]): p for p in folder.glob("step-*.png") if re.fullmatch(r"step-\d{8,}", p.stem)}
    contents = {step: found[step].read_bytes() for step in sorted(found)}
    steps = [step for step, content in contents.items() if content.startswith(b"\x89PNG\r\n\x1a\n")]
    if len(steps) < 2:
        return ""
    chosen = [steps[i] for i in sorted({round(x) for x in np.linspace(0, len(steps) - 1, 6)})]
    figures = "".join(
        f"<figure>{_image(contents[step], f'Samples after {step:,} steps.')}"
        f"<figcaption>Step {step:,}</figcaption></figure>"
        for step in chosen
    )
    return f"<h3>On the way</h3><p>The same latents at each step.</p><div class=strip>{figures}</div>"


def _metrics(found: Mapping[str, Score]) -> str:
    return "".join(
        f"<tr><th scope=row>{_text(ABOUT[name][0])}<small>{_text(ABOUT[name][1])}</small></th>"
        f"<td>{_number(score)}</td><td>{_perfect(score)}</td></tr>"
        for name, score in found.items()
    )


def _metrics_note(name: str, n: int, found: Mapping[str, Score]) -> str:
    note = (
        f"{n:,} samples, seed 1. A perfect sampler draws from the data's own distribution; finite samples keep even "
        "its scores from the ideal, so what counts is the distance from it."
    )
    if "spread" in found:
        note += (
            " ganlib ships a feature network for digits only, so these pictures get no Fréchet distance; beside their "
            "checkerboard stands the data's own."
        )
    return note


def _findings(findings: Sequence[Mapping[str, Any]]) -> str:
    if not findings:
        return ""
    items = "".join(f"<li>{_text(finding['sentence'])}</li>" for finding in findings)
    return f"<section aria-labelledby=findings><h2 id=findings>What the monitor saw</h2><ul>{items}</ul></section>"


def _commands(line: str | None, summary: Mapping[str, Any]) -> str:
    if line is None:
        return (
            f"<p>The recipe {_text(repr(summary['recipe']['name']))} is not one of the shipped ones. "
            "<code>ganlib.Recipe.from_json</code> reads the object <code>recipe</code> of report.json, beside this "
            "page.</p>"
        )
    return f"<pre tabindex=0><code>{_text(line)}</code></pre>"


def _fields(recipe: Recipe) -> str:
    changed = changes(recipe) if recipe.name in RECIPES else {}
    rows = []
    for name, value in fields(recipe).items():
        if name in ("name", "about"):
            continue
        mark = f" <mark>changed from {_text(fields(RECIPES[recipe.name])[name])}</mark>" if name in changed else ""
        rows.append(f"<tr><th scope=row>{_text(name)}</th><td>{_text(value)}{mark}</td></tr>")
    return "".join(rows)


def _machine(summary: Mapping[str, Any]) -> list[tuple[str, str]]:
    return [
        *summary["versions"].items(),
        ("system", f"{platform.system()} {platform.machine()}, {os.cpu_count()} CPU cores"),
    ]


def _charts(history: Mapping[str, np.ndarray], recipe: Recipe) -> str:
    plateau = {"log 4": math.log(4)} if recipe.loss in ("minimax", "nonsaturating") else {}
    charts = [
        _chart("Losses", {"Discriminator": history["d_loss"], "Generator": history["g_loss"]}, plateau),
        _chart(
            "D's logits, their mean over the batch", {"Real": history["d_real"], "Generated": history["d_fake"]}, {}
        ),
    ]
    if "penalty" in history:
        # On the steps between, a lazy penalty is 0.
        every = recipe.penalty_every
        charts.append(_chart("Penalty", {"Discriminator": history["penalty"][::every]}, {}, every))
    return "".join(charts)


_CLASSES = {"Discriminator": "green", "Generator": "vermilion", "Generated": "vermilion", "Real": "blue"}
_POINTS = 120  # across a chart


def _chart(title: str, series: Mapping[str, np.ndarray], levels: Mapping[str, float], every: int = 1) -> str:
    """Curves as an SVG that stretches, with its labels in HTML, so that they can be read at any width."""
    steps = every * max(map(len, series.values()))
    blocks = {name: _blocks(np.asarray(values, float)) for name, values in series.items()}
    means = np.concatenate([block[:, 1] for block in blocks.values()] + [np.array(list(levels.values()))])
    means = means[np.isfinite(means)]
    if not len(means):
        return ""
    low, high = np.quantile(means, 0.005), np.quantile(means, 0.995)
    low, high = min(low, *levels.values(), 0) if low > 0 and low < high / 3 else low, max(high, *levels.values(), high)
    ticks = _ticks(low, high)
    low, high = ticks[0], ticks[-1]

    def place(value: float) -> float:  # from the top, in percent
        return float(np.clip(100 * (high - value) / (high - low), -50, 150))

    drawn, legend, told = [], [], []
    for name, block in blocks.items():
        colour = _CLASSES[name]
        finite = block[np.isfinite(block).all(axis=1)]
        if not len(finite):
            continue
        x = 100 * (every * finite[:, 3] + 1) / steps
        upper = [f"{a:.2f},{place(b):.2f}" for a, b in zip(x, finite[:, 2], strict=True)]
        lower = [f"{a:.2f},{place(b):.2f}" for a, b in zip(x, finite[:, 0], strict=True)]
        middle = [f"{a:.2f},{place(b):.2f}" for a, b in zip(x, finite[:, 1], strict=True)]
        drawn.append(f'<polygon class="{colour}" points="{" ".join(upper + lower[::-1])}"/>')
        drawn.append(f'<polyline class="{colour}" points="{" ".join(middle)}"/>')
        legend.append(f'<span class="key {colour}">{_text(name)}</span>')
        tenth = max(1, len(finite) // 10)
        told.append(
            f"{name.lower()} {_number(finite[:tenth, 1].mean())} over the first tenth, "
            f"{_number(finite[-tenth:, 1].mean())} over the last"
        )
    for label, level in levels.items():
        drawn.append(f'<line class="level" x1="0" x2="100" y1="{place(level):.2f}" y2="{place(level):.2f}"/>')
        legend.append(f'<span class="key level">{_text(label)}</span>')
    grid = "".join(f'<line class="grid" x1="0" x2="100" y1="{place(t):.2f}" y2="{place(t):.2f}"/>' for t in ticks)
    y_labels = "".join(f'<span style="top:{place(t):.2f}%">{_number(round(t, 10))}</span>' for t in ticks)
    x_ticks = [t for t in _ticks(0, steps) if t <= steps]
    x_labels = "".join(f'<span style="left:{100 * t / steps:.2f}%">{int(t):,}</span>' for t in x_ticks)
    alt = f"{title} over {steps:,} steps: {'; '.join(told)}."
    return (
        f"<figure class=chart><figcaption><b>{_text(title)}</b> <span class=keys>{''.join(legend)}</span></figcaption>"
        f'<div class=plot role=img aria-label="{_text(alt)}"><div class=y aria-hidden=true>{y_labels}</div>'
        f'<svg viewBox="0 0 100 100" preserveAspectRatio="none" aria-hidden="true">{grid}{"".join(drawn)}</svg>'
        f"<div class=x aria-hidden=true>{x_labels}</div></div></figure>"
    )


def _blocks(values: np.ndarray) -> np.ndarray:
    """(blocks, 4): the least, the mean and the largest value of neighbouring steps, and the block's middle."""
    edges = np.linspace(0, len(values), min(len(values), _POINTS) + 1).round().astype(int)
    parts = [(values[a:b], (a + b - 1) / 2) for a, b in itertools.pairwise(edges)]
    return np.array([(part.min(), part.mean(), part.max(), middle) for part, middle in parts])


def _ticks(low: float, high: float) -> np.ndarray:
    """Round numbers from at most `low` to at least `high`."""
    if not low < high:
        low, high = low - (abs(low) or 1) / 2, high + (abs(high) or 1) / 2
    raw = (high - low) / 4
    unit = 10 ** math.floor(math.log10(raw))
    step = next(m * unit for m in (1, 2, 2.5, 5, 10) if m * unit >= raw * 0.999)
    return np.arange(math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9) + 1) * step
