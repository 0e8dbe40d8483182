"""The HTML of a report: page.html, which lies beside this file, filled with pictures, curves and tables.

The page stands alone: pictures, curves and styles are in it, and nothing in it is a script.
"""

from __future__ import annotations

import base64
import html
import itertools
import math
import os
import platform
import re
import string
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from ganlib.backends import TITLES
from ganlib.data import Data
from ganlib.metrics import Score
from ganlib.recipe import RECIPES, Recipe
from ganlib.runtime import files, pictures
from ganlib.runtime.files import Json
from ganlib.runtime.scores import ABOUT, number, perfect

POINTS = 120  # across a chart
WITHOUT_FEATURES = (
    " ganlib ships a feature network for digits only, so these pictures get no Fréchet distance; beside their "
    "checkerboard stands the data's own."
)
COLOURS = {"Discriminator": "green", "Generator": "vermilion", "Generated": "vermilion", "Real": "blue"}


def page(
    summary: Json,
    recipe: Recipe,
    history: Mapping[str, np.ndarray],
    found: Mapping[str, Score],
    data: Data | np.ndarray,
    samples: np.ndarray,
    folder: Path,
) -> str:
    """The HTML of what `summary` says, as report.json holds it. `folder` may hold pictures drawn on the way."""
    template = Path(__file__).with_name("page.html").read_text(encoding="utf-8")
    seconds = summary["seconds"]
    facts = {
        "Framework": f"{TITLES[summary['framework']]} {summary['versions'][summary['framework']]}",
        "Data": f"{summary['data']['name']}, {summary['data']['samples']:,} samples",
        "Steps": f"{summary['steps']:,} of {recipe.steps:,}, batches of {recipe.batch_size}",
        "Seed": str(summary["seed"]),
        "Precision": f"{summary['precision']} on {summary['device']}",
        **({} if seconds is None else {"Time": duration(seconds)}),
    }
    # The fields that this run changed, with the shipped recipe's values.
    ours = files.fields(recipe)
    shipped = files.differing(recipe, RECIPES[recipe.name]) if recipe.name in RECIPES else {}
    changed = ", ".join(f"{name} {ours[name]} instead of {value}" for name, value in shipped.items())
    system = f"{platform.system()} {platform.machine()}, {os.cpu_count()} CPU cores"
    return string.Template(template).substitute(
        name=_text(recipe.name),
        about=_text(recipe.about),
        changed=f"<p>Changed in this run: {_text(changed)}.</p>" if changed else "",
        facts="".join(f"<div><dt>{name}</dt><dd>{_text(value)}</dd></div>" for name, value in facts.items()),
        samples=_samples(data, samples),
        progress=_progress(folder),
        metrics=_metrics(found),
        scored=f"{len(samples):,}",
        without_features=_text(WITHOUT_FEATURES) if "spread" in found else "",
        charts=_charts(history, recipe),
        findings=_findings(summary["findings"]),
        command=_command(summary),
        fields=_fields(ours, shipped),
        versions="".join(_row(name, _text(value)) for name, value in {**summary["versions"], "system": system}.items()),
    )


def duration(seconds: float) -> str:
    """Seconds as people say them: "41 s", "3 min 20 s", "2 h 5 min"."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s" if whole else f"{seconds:.1f} s"
    minutes, rest = divmod(whole, 60)
    return f"{minutes} min {rest} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"


def _text(value: object) -> str:
    return html.escape(str(value))


def _row(name: str, cell: str) -> str:
    return f"<tr><th scope=row>{_text(name)}</th><td>{cell}</td></tr>"


def _fields(ours: Mapping[str, object], shipped: Mapping[str, object]) -> str:
    return "".join(
        _row(name, _text(value) + (f" <mark>changed from {_text(shipped[name])}</mark>" if name in shipped else ""))
        for name, value in ours.items()
        if name not in ("name", "about")
    )


def _figure(content: bytes, alt: str, caption: str = "") -> str:
    """A PNG file as a figure of the page."""
    width, height = int.from_bytes(content[16:20]), int.from_bytes(content[20:24])  # PNG's first chunk says
    source = f"data:image/png;base64,{base64.b64encode(content).decode()}"
    image = f'<img src="{source}" alt="{_text(alt)}" width="{width}" height="{height}">'
    return f"<figure>{image}{caption and f'<figcaption>{caption}</figcaption>'}</figure>"


def _samples(data: Data | np.ndarray, samples: np.ndarray) -> str:
    if samples.ndim == 2:
        alt = "Scatter plot of 1,000 generated points over real ones."
        return _figure(pictures.png(samples[:1000], data if isinstance(data, Data) else None), alt)
    real = data.samples if isinstance(data, Data) else data
    some = real[np.random.default_rng(0).choice(len(real), 64, replace=len(real) < 64)]
    return "".join(
        _figure(pictures.png(images), f"{len(images)} {kind.lower()} images in a grid.", kind)
        for kind, images in (("Generated", samples[:64]), ("Real", some))
    )


def _progress(folder: Path) -> str:
    """At most six of the pictures that were drawn on the way, evenly chosen."""
    found = {int(p.stem[5:]): p for p in folder.glob("step-*.png") if re.fullmatch(r"step-\d{8,}", p.stem)}
    contents = {step: found[step].read_bytes() for step in sorted(found)}
    steps = [step for step, content in contents.items() if content.startswith(b"\x89PNG\r\n\x1a\n")]
    if len(steps) < 2:
        return ""
    chosen = [steps[i] for i in sorted({round(x) for x in np.linspace(0, len(steps) - 1, 6)})]
    figures = (_figure(contents[step], f"Samples after {step:,} steps.", f"Step {step:,}") for step in chosen)
    return f"<h3>On the way</h3><p>The same latents at each step.</p><div class=strip>{''.join(figures)}</div>"


def _metrics(found: Mapping[str, Score]) -> str:
    return "".join(
        f"<tr><th scope=row>{_text(ABOUT[name][0])}<small>{_text(ABOUT[name][1])}</small></th>"
        f"<td>{number(score)}</td><td>{perfect(score)}</td></tr>"
        for name, score in found.items()
    )


def _findings(findings: Sequence[Json]) -> str:
    if not findings:
        return ""
    items = "".join(f"<li>{_text(finding['sentence'])}</li>" for finding in findings)
    return f"<section aria-labelledby=findings><h2 id=findings>What the monitor saw</h2><ul>{items}</ul></section>"


def _command(summary: Json) -> str:
    if summary["command"] is not None:
        return f"<pre tabindex=0><code>{_text(summary['command'])}</code></pre>"
    return (
        f"<p>The recipe {_text(repr(summary['recipe']['name']))} is not one of the shipped ones. "
        "<code>ganlib.Recipe.from_json</code> reads the object <code>recipe</code> of report.json, beside this "
        "page.</p>"
    )


# ---- the curves --------------------------------------------------------------------------------------------


def _charts(history: Mapping[str, np.ndarray], recipe: Recipe) -> str:
    plateau = {"log 4": math.log(4)} if recipe.loss in ("minimax", "nonsaturating") else {}
    logits = {"Real": history["d_real"], "Generated": history["d_fake"]}
    charts = [
        _chart("Losses", {"Discriminator": history["d_loss"], "Generator": history["g_loss"]}, plateau),
        _chart("D's logits, their mean over the batch", logits, {}),
    ]
    if "penalty" in history:
        # On the steps between, a lazy penalty is 0.
        every = recipe.penalty_every
        charts.append(_chart("Penalty", {"Discriminator": history["penalty"][::every]}, {}, every))
    return "".join(charts)


def _chart(title: str, series: Mapping[str, np.ndarray], levels: Mapping[str, float], every: int = 1) -> str:
    """Curves as an SVG that stretches, with its labels in HTML, so that they can be read at any width."""
    steps = every * max(map(len, series.values()))
    blocks = {name: _blocks(np.asarray(values, float)) for name, values in series.items()}
    means = np.concatenate([block[:, 1] for block in blocks.values()] + [np.array(list(levels.values()))])
    means = means[np.isfinite(means)]
    if not len(means):
        return ""
    low, high = np.quantile(means, 0.005), np.quantile(means, 0.995)
    if 0 < low < high / 3:  # zero is near enough to be shown
        low = min(low, *levels.values(), 0)
    high = max(high, *levels.values(), high)
    ticks = _ticks(low, high)
    low, high = ticks[0], ticks[-1]

    def place(value: float) -> float:  # from the top, in percent
        return float(np.clip(100 * (high - value) / (high - low), -50, 150))

    drawn, legend, told = [], [], []
    for name, block in blocks.items():
        colour = COLOURS[name]
        finite = block[np.isfinite(block).all(axis=1)]
        if not len(finite):
            continue
        x = 100 * (every * finite[:, 3] + 1) / steps
        lower, middle, upper = (
            [f"{a:.2f},{place(b):.2f}" for a, b in zip(x, heights, strict=True)] for heights in finite[:, :3].T
        )
        drawn.append(f'<polygon class="{colour}" points="{" ".join(upper + lower[::-1])}"/>')
        drawn.append(f'<polyline class="{colour}" points="{" ".join(middle)}"/>')
        legend.append(f'<span class="key {colour}">{_text(name)}</span>')
        tenth = max(1, len(finite) // 10)
        told.append(
            f"{name.lower()} {number(finite[:tenth, 1].mean())} over the first tenth, "
            f"{number(finite[-tenth:, 1].mean())} over the last"
        )
    for label, level in levels.items():
        drawn.append(_line("level", place(level)))
        legend.append(f'<span class="key level">{_text(label)}</span>')
    grid = "".join(_line("grid", place(t)) for t in ticks)
    y_labels = "".join(f'<span style="top:{place(t):.2f}%">{number(round(t, 10))}</span>' for t in ticks)
    x_ticks = [t for t in _ticks(0, steps) if t <= steps]
    x_labels = "".join(f'<span style="left:{100 * t / steps:.2f}%">{int(t):,}</span>' for t in x_ticks)
    alt = f"{title} over {steps:,} steps: {'; '.join(told)}."
    return (
        f"<figure class=chart><figcaption><b>{_text(title)}</b> <span class=keys>{''.join(legend)}</span></figcaption>"
        f'<div class=plot role=img aria-label="{_text(alt)}"><div class=y aria-hidden=true>{y_labels}</div>'
        f'<svg viewBox="0 0 100 100" preserveAspectRatio="none" aria-hidden="true">{grid}{"".join(drawn)}</svg>'
        f"<div class=x aria-hidden=true>{x_labels}</div></div></figure>"
    )


def _line(kind: str, height: float) -> str:
    return f'<line class="{kind}" x1="0" x2="100" y1="{height:.2f}" y2="{height:.2f}"/>'


def _blocks(values: np.ndarray) -> np.ndarray:
    """(blocks, 4): the least, the mean and the largest value of neighbouring steps, and the block's middle."""
    edges = np.linspace(0, len(values), min(len(values), POINTS) + 1).round().astype(int)
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
