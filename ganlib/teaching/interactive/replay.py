"""The replay of a training that a recorder kept, with a slider over its steps."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from ganlib import arguments
from ganlib.runtime import pictures
from ganlib.teaching.interactive.element import Interactive, data_uri, draw_sheets, encode, interactive
from ganlib.teaching.interactive.recorders import Frame, ImageFrame, ImageRecorder, Recorder

if TYPE_CHECKING:
    from matplotlib.figure import Figure

T = TypeVar("T")
Shown = tuple[dict[str, object], str, Callable[["Figure"], None]]  # the page's data, a text, the static picture


def training_replay(recorder: Recorder | ImageRecorder, frames: int = 40) -> Interactive:
    """The training that a recorder kept, with a slider: the samples of each frame over one timeline of curves.

    For points it is a picture like GAN Lab's. The field is D's probability σ(ℓ) that a point is real: blue where real,
    vermilion where generated, white at one half. The arrows point where D's logit rises, the longer the steeper,
    compared within a frame. Below stand the losses, their means over some steps each, and the number of modes that the
    samples shown reach. The field has one scale throughout, which the key says: a D that hardly decides, as under a
    strong penalty, would be white otherwise.

    For images it shows a sheet of samples, and below the losses the recorder's score on a logarithmic scale, with a
    dotted line at a perfect sampler's.

    Args:
        recorder: a `Recorder` or an `ImageRecorder` that `Trainer.fit` has called.
        frames: how many are shown at most, evenly chosen; each takes about 3 kB, of 64 digits twice as much.

    Raises:
        TypeError: not a recorder.
        ValueError: a recorder that holds less than two frames.

    Example:
        >>> recorder = ganlib.interactive.Recorder(data, every=100)
        >>> history = trainer.fit(data, callbacks=[recorder])
        >>> ganlib.interactive.training_replay(recorder)

    Source: Kahng and others, GAN Lab, 2018, which plays such a picture live.
    """
    if not isinstance(recorder, Recorder | ImageRecorder):
        raise TypeError(
            f"training_replay takes a ganlib.interactive.Recorder or ImageRecorder, not {arguments.describe(recorder)}."
        )
    if len(recorder.frames) < 2:
        raise ValueError(
            f"The recorder holds {len(recorder.frames)} frames and a replay needs two. Give it to the training first: "
            "trainer.fit(data, callbacks=[recorder])."
        )
    count, title = arguments.whole("frames", frames, 2), f"Replay of a training on {recorder.name}"
    if isinstance(recorder, Recorder):
        data, text, draw = _points(recorder, _evenly(recorder.frames, count))
    else:
        data, text, draw = _images(recorder, _evenly(recorder.frames, count))
    steps = _evenly([frame.step for frame in recorder.frames], count)
    alt = f"{title}, steps {steps[0]} to {steps[-1]}. {text}."
    data = _timeline(steps, np.array(recorder.losses)) | data
    return interactive("replay", "drawTrainingReplay", title, alt, draw, data)


def _points(recorder: Recorder, frames: list[Frame]) -> Shown:
    """Points are sent as uint16 over a square twice as wide as the view, logits and gradients as bytes.

    The score is the curve below the losses: heights from 0 to 1, texts beside it, and what is read out at each frame.
    """
    reach, score, four = _reach(frames), None, _evenly(frames, 4)
    text = (
        "Real and generated points in the plane over D's probability that a point is real, from vermilion over "
        "white to blue, with arrows where D's logit rises; below, both losses"
    )
    if recorder.centers is not None:
        of, modes = len(recorder.centers), [frame.modes or 0 for frame in frames]
        score = {
            "name": "Modes",
            "heights": [m / of for m in modes],
            "texts": [f"{m} of {of}" for m in modes],
            "said": [f"{m} of {of} modes reached" for m in modes],
            "ticks": [str(of), "0"],
            "floor": None,
        }
        some = ", ".join(f"{frame.modes} at step {frame.step}" for frame in four)
        text += f" and the modes reached. Of {of} modes the samples reach {some}"
    data: dict[str, object] = {
        "score": score,
        "grid": recorder.grid,
        "count": recorder.samples,
        "arrows": recorder.arrows,
        "reach": reach,
        "real": encode(_places(recorder, recorder.real), "<u2"),
        "samples": encode(np.stack([_places(recorder, frame.samples) for frame in frames]), "<u2"),
        "logits": encode(np.stack([_signed(frame.logits / reach) for frame in frames]), "u1"),
        "gradients": encode(np.stack([_signed(_lengths(frame.gradients)) for frame in frames]), "u1"),
    }
    return data, text, lambda figure: _draw_points(figure, recorder, four, reach)


def _images(recorder: ImageRecorder, frames: list[ImageFrame]) -> Shown:
    """The sheets are sent as one picture, one below the other."""
    from PIL import Image

    sheets = np.concatenate([pictures.tile(frame.images) for frame in frames])
    grey = sheets.shape[2] == 1
    image = Image.fromarray(sheets[..., 0] if grey else sheets).quantize(16 if grey else 256)
    text = f"A sheet of {recorder.images} generated images, from the same latents in all frames; below, both losses"
    score, said = _score(recorder, frames), [""] * len(frames)
    if score:
        some = ", ".join(f"{score['texts'][i]} at step {frames[i].step}" for i in _evenly(range(len(frames)), 4))
        text += f" and the score, {recorder.score_name}: {some}"
        text += "" if recorder.floor is None else f"; a perfect sampler has {recorder.floor:.2g}"
        said = [f": {words}" for words in score["said"]]
    four = {f"Step {frame.step}{words}": frame.images for frame, words in _evenly([*zip(frames, said, strict=True)], 4)}
    return {"sheets": data_uri(image), "score": score}, text, lambda figure: draw_sheets(figure, four, 0.25)


def _score(recorder: ImageRecorder, frames: list[ImageFrame]) -> dict[str, Any] | None:
    """The curve of the score on a logarithmic scale, on which it falls by as much again and again."""
    values = np.array([np.nan if frame.score is None else frame.score for frame in frames])
    if not np.isfinite(values).any():
        return None
    name, floor = recorder.score_name, recorder.floor
    known = values[np.isfinite(values) & (values > 0)]
    ends = [*known, *([floor] if floor else [])] or [1.0]
    low, high = min(ends), max(max(ends), 1.01 * min(ends))

    def height(value: float) -> float:
        return round(float(np.log(min(max(value, low), high) / low) / np.log(high / low)), 4)

    texts = ["–" if not np.isfinite(v) else f"{v:.3g}" if v < 100 else f"{v:.0f}" for v in values]
    best = "" if floor is None else f"; dotted: a perfect sampler's, {floor:.2g}"
    return {
        "name": name,
        "heights": [height(v) if np.isfinite(v) else 1.0 for v in values],  # of a training that broke down: no better
        "texts": texts,
        "said": [f"{name} {text}" for text in texts],
        "ticks": [f"{high:.3g}", f"{low:.2g}"],
        "floor": height(floor) if floor else None,
        "note": f"{name} on a logarithmic scale{best}.",
    }


def _draw_points(figure: Figure, recorder: Recorder, frames: list[Frame], reach: float) -> None:
    from matplotlib.colors import to_rgb

    figure.set_size_inches(7.2, 7.2 / len(frames) + 0.4)
    figure.set_layout_engine("constrained", h_pad=0.1)
    real, generated = (np.array(to_rgb(pictures.COLOURS[name])) for name in ("real", "generated"))
    (left, low), (right, high) = recorder.centre - recorder.half, recorder.centre + recorder.half
    for ax, frame in zip(figure.subplots(1, len(frames), squeeze=False)[0], frames, strict=True):
        # 2σ(ℓ) - 1 = tanh(ℓ/2), from generated to real
        lean = np.clip(np.tanh(np.nan_to_num(frame.logits) / 2) / np.tanh(reach / 2), -1, 1)[..., None]
        field = 1 + (np.where(lean > 0, real, generated) - 1) * 0.6 * np.abs(lean)
        ax.imshow(field, extent=(left, right, low, high), origin="lower", interpolation="bilinear")
        ax.scatter(*recorder.real.T, s=1.5, color="#00507D", linewidths=0)
        arrows, starts = _lengths(frame.gradients), frame.samples[: recorder.arrows]
        ok = np.isfinite(arrows).all(axis=1) & np.isfinite(starts).all(axis=1)
        if ok.any():
            ax.quiver(*starts[ok].T, *arrows[ok].T, angles="xy", scale=10, width=0.006, color="#14202B", zorder=2)
        ax.scatter(*frame.samples.T, s=7, color=generated, edgecolors="white", linewidths=0.4, zorder=3)
        reached = "" if recorder.centers is None else f": {frame.modes} of {len(recorder.centers)} modes"
        ax.set(xlim=(left, right), ylim=(low, high), xticks=[], yticks=[], title=f"Step {frame.step}{reached}")
    figure.supxlabel("Blue points: real. Vermilion: generated. Field: D's verdict, white at one half.", fontsize=8)


def _timeline(steps: list[int], losses: np.ndarray) -> dict[str, object]:
    """The steps of the frames, and the losses, for the page."""
    curves = _means(losses, np.linspace(0, len(losses), min(300, len(losses)) + 1).astype(int))
    finite = curves[np.isfinite(curves)]
    low, high = (min(0.0, finite.min()), 1.1 * np.quantile(finite, 0.99)) if finite.size else (0.0, 1.0)
    high = max(high, low + 1e-3)
    with np.errstate(invalid="ignore"):
        heights = np.where(np.isfinite(curves), 65534 * (np.clip(curves, low, high) - low) / (high - low), 65535)
    means = np.round(_means(losses, [step - steps[0] for step in steps]), 3).tolist()
    d_mean, g_mean = ([None, *(m if np.isfinite(m) else None for m in column)] for column in zip(*means, strict=True))
    return {
        "steps": steps,
        # From `low` to `high` as 0 to 65534; 65535 where there is no number.
        "losses": [round(float(low), 4), round(float(high), 4)],
        "d_loss": encode(np.rint(heights[:, 0]), "<u2"),
        "g_loss": encode(np.rint(heights[:, 1]), "<u2"),
        "d_mean": d_mean,
        "g_mean": g_mean,
    }


def _means(losses: np.ndarray, edges: Iterable[int]) -> np.ndarray:
    """The means of the losses from each edge to the next."""
    with np.errstate(invalid="ignore"):
        return np.array([losses[a:b].mean(axis=0) for a, b in itertools.pairwise(edges)])


def _evenly(values: Sequence[T], count: int) -> list[T]:
    """At most this many of the values, evenly chosen, the first and the last among them."""
    return [values[round(i)] for i in np.linspace(0, len(values) - 1, min(count, len(values)))]


def _reach(frames: list[Frame]) -> float:
    """The logit at which the field's colours end; few logits of few frames lie beyond."""
    sizes = [np.quantile(np.abs(np.nan_to_num(frame.logits, posinf=8, neginf=-8)), 0.99) for frame in frames]
    return round(float(np.clip(np.quantile(sizes, 0.9), 0.01, 8)), 4)


def _places(recorder: Recorder, points: np.ndarray) -> np.ndarray:
    """Points as 0 to 65535 over a square twice as wide as the view; those outside move to its edge."""
    inside = (points - recorder.centre) / (4 * recorder.half) + 0.5
    return np.rint(65535 * np.clip(np.nan_to_num(inside, nan=0.0), 0, 1))


def _signed(values: np.ndarray) -> np.ndarray:
    """Values from -1 to 1 as 0 to 254; 127 is zero: a logit of 0, no gradient in this direction."""
    return np.rint(127 + 127 * np.clip(np.nan_to_num(values, nan=0.0), -1, 1))


def _lengths(gradients: np.ndarray) -> np.ndarray:
    """Gradients relative to the steep ones of their frame, which get length 1 and no longer."""
    lengths = np.linalg.norm(gradients, axis=1, keepdims=True)
    finite = lengths[np.isfinite(lengths) & (lengths > 0)]
    if not finite.size:
        return np.zeros_like(gradients)
    scaled = gradients / np.quantile(finite, 0.9)
    with np.errstate(invalid="ignore"):
        return scaled / np.maximum(1, np.linalg.norm(scaled, axis=1, keepdims=True))
