"""The replay of a training: two callbacks that keep what it shows, and the figure with a slider over the steps."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any, Generic, NamedTuple, TypeVar

import numpy as np
from numpy.typing import ArrayLike

from ganlib import arguments, metrics
from ganlib.runtime import pictures
from ganlib.teaching.interactive.element import Interactive, data_uri, draw_sheets, encode, interactive

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from ganlib.data import Data
    from ganlib.runtime.trainer import BaseTrainer

SHOWN = 40  # frames in a replay at most; points take about 3 kB a frame, 64 digits twice as much
F = TypeVar("F", "Frame", "ImageFrame")
T = TypeVar("T")
Shown = tuple[dict[str, object], str, Callable[["Figure"], None]]  # the page's data, a text, the static picture


class Frame(NamedTuple):
    """What a `Recorder` keeps at one step, with the samples always of the same latents."""

    step: int
    samples: np.ndarray  # (samples, 2)
    logits: np.ndarray  # (grid, grid), D's at `Recorder.points`; the first row is the lowest
    gradients: np.ndarray  # (arrows, 2), of D's logit at the first samples
    modes: int | None  # that the samples reach; None where the data's centres are not known


class ImageFrame(NamedTuple):
    """What an `ImageRecorder` keeps at one step, with the images always of the same latents."""

    step: int
    images: np.ndarray  # (images, height, width, channels)
    score: float | None  # what the recorder's `score` gave


class _Recording(Generic[F]):
    """What both recorders do: keep all losses, and frames before the first step, every `every` steps and at the end."""

    def __init__(self, name: str, every: int) -> None:
        self.name, self.every = name, arguments.whole("every", every, 1)
        self.frames: list[F] = []
        self.losses: list[tuple[float, float]] = []

    def on_start(self, trainer: BaseTrainer) -> None:
        if self.frames and trainer.steps_done != self.frames[-1].step:
            ends = f"This recorder ends at step {self.frames[-1].step} of a run"
            raise ValueError(f"{ends}, and the trainer is at step {trainer.steps_done}. Make a new one for a new run.")
        if not self.frames:
            self.frames.append(self._frame(trainer))

    def on_step(self, trainer: BaseTrainer, metrics: dict[str, float]) -> None:
        self.losses.append((metrics["d_loss"], metrics["g_loss"]))
        if trainer.steps_done % self.every == 0:
            self.frames.append(self._frame(trainer))

    def on_end(self, trainer: BaseTrainer) -> None:
        if self.frames[-1].step != trainer.steps_done:
            self.frames.append(self._frame(trainer))

    def _frame(self, trainer: BaseTrainer) -> F:
        raise NotImplementedError


class Recorder(_Recording[Frame]):
    """A callback for `Trainer.fit` that keeps what `training_replay` shows, for data in the plane.

    It keeps a frame before the first step, every `every` steps, and at the end; another `fit` of the same trainer goes
    on with it. The data are what `ganlib.data.load` gives for points, or an array (n, 2).

    Attributes:
        samples, grid, arrows: how many samples a frame has, logits of D along a side of the square around the data, and
            gradients of them at samples; a subclass may set others.
        frames, losses: the list of `Frame`s; (d_loss, g_loss) of each step.
        real, centre, half: the real points, 400 at most; of the square around the data the middle and half a side.
        points: (grid · grid, 2), where D's logits are taken.

    A ValueError for data that are no points in the plane, `every` below 1, or a recipe that packs samples.
    """

    samples, grid, arrows = 256, 36, 48

    def __init__(self, data: Data | ArrayLike, every: int = 100) -> None:
        super().__init__(str(getattr(data, "name", "points")), every)
        points = pictures.points("data", getattr(data, "samples", data))
        if not np.isfinite(points).all():
            raise ValueError("The data hold NaN or infinite values. Remove or repair them first.")
        self.centers, self.std = getattr(data, "centers", None), getattr(data, "std", None)
        self.real = points[:: -(-len(points) // 400)].astype(np.float32)
        low, high = points.min(axis=0), points.max(axis=0)
        self.centre, self.half = (low + high) / 2, 0.625 * float((high - low).max()) or 1.0
        places = self.half * ((2 * np.arange(self.grid) + 1) / self.grid - 1)
        x, y = np.meshgrid(places + self.centre[0], places + self.centre[1])
        self.points = np.stack([x.ravel(), y.ravel()], axis=1).astype(np.float32)

    def _frame(self, trainer: BaseTrainer) -> Frame:
        if trainer.recipe.pack > 1:
            groups = f"D judges samples in groups of {trainer.recipe.pack} with this recipe"
            raise ValueError(f"{groups}, so it has no surface over the plane. Record a recipe with pack=1.")
        samples = _generate(trainer, self.samples)
        # Central differences, in one call with the surface. A generator that broke down leaves NaN: no arrow there.
        finite = np.isfinite(samples).all(axis=1)
        start = np.where(finite[:, None], samples, 0)[: self.arrows].astype(float)
        h = 1e-3 * self.half
        moves = h * np.array([[1, 0], [-1, 0], [0, 1], [0, -1]])
        around = (start[:, None] + moves).reshape(-1, 2).astype(np.float32)
        logits = np.asarray(trainer.logits(np.concatenate([self.points, around])), dtype=float)
        surface, beside = logits[: len(self.points)], logits[len(self.points) :].reshape(-1, 2, 2)
        with np.errstate(invalid="ignore"):
            gradients = (beside[..., 0] - beside[..., 1]) / (2 * h)
        gradients[~finite[: self.arrows]] = np.nan
        modes = None
        if self.centers is not None and self.std is not None:
            modes = int(metrics.mode_coverage(samples[finite], self.centers, self.std).modes) if finite.any() else 0
        return Frame(trainer.steps_done, samples, surface.reshape(self.grid, self.grid), gradients, modes)


class ImageRecorder(_Recording[ImageFrame]):
    """A callback for `Trainer.fit` that keeps what `training_replay` shows, for images, when a `Recorder` does.

    It keeps a frame each `every` steps. The score is called with the trainer there, and drawn below the losses: lower
    is better. Where it is a `ganlib.metrics.Score`, the replay shows a perfect sampler's value, `floor`, too. `frames`
    are a list of `ImageFrame`s, `losses` (d_loss, g_loss) of each step.

    >>> recorder = ganlib.interactive.ImageRecorder(every=100, score=ganlib.report.distance(data))
    """

    images = 64  #: in a frame; a square number makes a full sheet; it may be set before the training
    score_name = "Fréchet"  #: what the replay calls the score; likewise

    def __init__(self, every: int = 100, *, score: Callable[[BaseTrainer], float] | None = None) -> None:
        super().__init__("images", every)
        if score is not None and not callable(score):
            raise TypeError(f"score must be a function of the trainer, or None, not {arguments.describe(score)}.")
        self.score = score
        self.floor: float | None = None

    def _frame(self, trainer: BaseTrainer) -> ImageFrame:
        if len(trainer.recipe.shape) != 3:
            made = f"this recipe makes samples of shape {trainer.recipe.shape}"
            raise ValueError(f"An ImageRecorder keeps images, and {made}. For points use Recorder(data).")
        self.name = trainer.recipe.data
        images = _generate(trainer, self.images)
        score = None if self.score is None else self.score(trainer)
        if isinstance(score, metrics.Score):
            self.floor = score.perfect
        return ImageFrame(trainer.steps_done, images, None if score is None else float(score))


def _generate(trainer: BaseTrainer, n: int) -> np.ndarray:
    latents = np.random.default_rng(0).standard_normal((n, trainer.recipe.latent))
    return np.asarray(trainer.generate(latents), dtype=np.float32)


def training_replay(recorder: Recorder | ImageRecorder) -> Interactive:
    """The training that a recorder kept, with a slider: the samples of each frame over one timeline of curves.

    Of many frames 40 are shown, evenly chosen. For points it is a picture like GAN Lab's (Kahng and others 2018): the
    field is D's probability σ(ℓ) that a point is real, white at one half, at one scale throughout; arrows point where
    D's logit rises, the longer the steeper within a frame; below stand the losses and the modes reached. For images it
    is a sheet of samples, below it the losses and the recorder's score on a logarithmic scale, with a dotted line at a
    perfect sampler's. A ValueError if the recorder holds less than two frames.
    """
    if not isinstance(recorder, Recorder | ImageRecorder):
        raise TypeError(f"training_replay takes a Recorder or ImageRecorder, not {arguments.describe(recorder)}.")
    if len(recorder.frames) < 2:
        held = f"The recorder holds {len(recorder.frames)} frames and a replay needs two"
        raise ValueError(f"{held}. Give it to the training first: trainer.fit(data, callbacks=[recorder]).")
    if isinstance(recorder, Recorder):
        data, text, draw = _points(recorder, _evenly(recorder.frames, SHOWN))
    else:
        data, text, draw = _images(recorder, _evenly(recorder.frames, SHOWN))
    steps = _evenly([frame.step for frame in recorder.frames], SHOWN)
    title = f"Replay of a training on {recorder.name}"
    alt = f"{title}, steps {steps[0]} to {steps[-1]}. {text}."
    data = _timeline(steps, np.array(recorder.losses)) | data
    return interactive("replay", "drawTrainingReplay", title, alt, draw, data)


def _points(recorder: Recorder, frames: list[Frame]) -> Shown:
    """Points are sent as uint16 over a square twice as wide as the view, logits and gradients as bytes."""
    # The logit at which the field's colours end; few logits of few frames lie beyond.
    sizes = [np.quantile(np.abs(np.nan_to_num(frame.logits, posinf=8, neginf=-8)), 0.99) for frame in frames]
    reach = round(float(np.clip(np.quantile(sizes, 0.9), 0.01, 8)), 4)
    score, four = None, _evenly(frames, 4)
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
        "arrows": len(frames[0].gradients),
        "reach": reach,
        "real": encode(_places(recorder, recorder.real), "<u2"),
        "samples": encode(np.stack([_places(recorder, frame.samples) for frame in frames]), "<u2"),
        "logits": encode(np.stack([_signed(frame.logits / reach) for frame in frames]), "u1"),
        "gradients": encode(np.stack([_signed(_lengths(frame.gradients)) for frame in frames]), "u1"),
    }
    return data, text, lambda figure: _draw_points(figure, recorder, four, reach)


def _images(recorder: ImageRecorder, frames: list[ImageFrame]) -> Shown:
    """Sheets are sent as one picture, one below the other."""
    from PIL import Image

    sheets = np.concatenate([pictures.tile(frame.images) for frame in frames])
    grey = sheets.shape[2] == 1
    image = Image.fromarray(sheets[..., 0] if grey else sheets).quantize(16 if grey else 256)
    text = f"A sheet of {recorder.images} generated images, from the same latents in all frames; below, both losses"
    score, four = _score(recorder, frames), _evenly(range(len(frames)), 4)
    if score:
        some = ", ".join(f"{score['texts'][i]} at step {frames[i].step}" for i in four)
        text += f" and the score, {recorder.score_name}: {some}"
        text += "" if recorder.floor is None else f"; a perfect sampler has {recorder.floor:.2g}"
    drawn = {f"Step {frames[i].step}{': ' + score['said'][i] if score else ''}": frames[i].images for i in four}
    return {"sheets": data_uri(image), "score": score}, text, lambda figure: draw_sheets(figure, drawn, 0.25)


def _score(recorder: ImageRecorder, frames: list[ImageFrame]) -> dict[str, Any] | None:
    """The curve of the score on a logarithmic scale: heights from 0 to 1, texts beside it, what is read out."""
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
        arrows = _lengths(frame.gradients)
        ok = np.isfinite(arrows).all(axis=1)
        if ok.any():
            starts = frame.samples[: len(arrows)][ok].T
            ax.quiver(*starts, *arrows[ok].T, angles="xy", scale=10, width=0.006, color="#14202B", zorder=2)
        ax.scatter(*frame.samples.T, s=7, color=generated, edgecolors="white", linewidths=0.4, zorder=3)
        reached = "" if recorder.centers is None else f": {frame.modes} of {len(recorder.centers)} modes"
        ax.set(xlim=(left, right), ylim=(low, high), xticks=[], yticks=[], title=f"Step {frame.step}{reached}")
    figure.supxlabel("Blue points: real. Vermilion: generated. Field: D's verdict, white at one half.", fontsize=8)


def _timeline(steps: list[int], losses: np.ndarray) -> dict[str, object]:
    """The steps of the frames, and the losses, from `low` to `high` as 0 to 65534; 65535 where there is no number."""
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
        "losses": [round(float(low), 4), round(float(high), 4)],
        "d_loss": encode(np.rint(heights[:, 0]), "<u2"),
        "g_loss": encode(np.rint(heights[:, 1]), "<u2"),
        "d_mean": d_mean,
        "g_mean": g_mean,
    }


def _means(losses: np.ndarray, edges: Iterable[int]) -> np.ndarray:
    with np.errstate(invalid="ignore"):
        return np.array([losses[a:b].mean(axis=0) for a, b in itertools.pairwise(edges)])


def _evenly(values: Sequence[T], count: int) -> list[T]:
    """At most this many of the values, evenly chosen, the first and the last among them."""
    return [values[round(i)] for i in np.linspace(0, len(values) - 1, min(count, len(values)))]


def _places(recorder: Recorder, points: np.ndarray) -> np.ndarray:
    """Points as 0 to 65535; those outside the square move to its edge."""
    inside = (points - recorder.centre) / (4 * recorder.half) + 0.5
    return np.rint(65535 * np.clip(np.nan_to_num(inside, nan=0.0), 0, 1))


def _signed(values: np.ndarray) -> np.ndarray:
    """Values from -1 to 1 as 0 to 254; 127 is zero: a logit of 0, no gradient in this direction."""
    return np.rint(127 + 127 * np.clip(np.nan_to_num(values, nan=0.0), -1, 1))


def _lengths(gradients: np.ndarray) -> np.ndarray:
    """Gradients relative to the steep ones of their frame, which get length 1 and no longer."""
    lengths = np.linalg.norm(gradients, axis=1, keepdims=True)
    steep = lengths[np.isfinite(lengths) & (lengths > 0)]
    with np.errstate(invalid="ignore"):
        scaled = gradients / (np.quantile(steep, 0.9) if steep.size else np.inf)
        return scaled / np.maximum(1, np.linalg.norm(scaled, axis=1, keepdims=True))
