"""Figures that the reader moves: in a notebook, in Colab and on a static page, without a kernel or another host.

    >>> ganlib.interactive.transposed_convolution(kernel=3)         # the last line of a cell shows it
    >>> ganlib.interactive.dirac_portrait("r1")
    >>> recorder = ganlib.interactive.Recorder(data, every=100)
    >>> history = trainer.fit(data, callbacks=[recorder])
    >>> ganlib.interactive.training_replay(recorder).save("replay.html")
    >>> ganlib.interactive.latent_explorer(trainer)                 # the generator itself runs in the page

Each function returns an `Interactive`: a static picture, and the script that takes its place where scripts run.
"""

from __future__ import annotations

import base64
import hashlib
import html
import io
import itertools
import json
import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from ganlib import architectures, arguments, metrics
from ganlib.arguments import whole as _whole
from ganlib.runtime import pictures
from ganlib.teaching import dynamics
from ganlib.teaching.interactive import portable
from ganlib.teaching.plots import COLOURS

if TYPE_CHECKING:
    from matplotlib.figure import Figure

# How far the sliders of `transposed_convolution` go: so far the cells can still be told apart on a phone.
LIMITS: dict[str, dict[str, Any]] = {
    "inputs": {"label": "Inputs", "symbol": "n", "low": 1, "high": 7},
    "kernel": {"label": "Kernel", "symbol": "K", "low": 1, "high": 7},
    "stride": {"label": "Stride", "symbol": "s", "low": 1, "high": 4},
    "padding": {"label": "Padding", "symbol": "P", "low": 0, "high": 6},
    "output_padding": {"label": "Output padding", "symbol": "R", "low": 0, "high": 3},
}

# The methods of `dirac_portrait`: the loss, and which number of the game the slider sets, from where, called what.
DIRAC: dict[str, dict[str, Any]] = {
    "gan": {"label": "Minimax GAN", "loss": "minimax"},
    "nsgan": {"label": "Non-saturating", "loss": "nonsaturating"},
    "wgan": {"label": "WGAN", "loss": "wasserstein"},
    "wgan_clip": {"label": "WGAN, clipped", "loss": "wasserstein", "field": "clip", "knob": "Clip", "symbol": "c"},
    "wgan_gp": {"label": "WGAN-GP", "loss": "wasserstein", "field": "wgan_gp", "knob": "Weight", "symbol": "λ"},
    "noise": {"label": "Instance noise", "loss": "minimax", "field": "noise", "knob": "Deviation", "symbol": "τ"},
    "r1": {"label": "R₁ penalty", "loss": "minimax", "field": "r1", "knob": "Weight", "symbol": "γ"},
    "consensus": {"label": "Consensus", "loss": "minimax", "field": "consensus", "knob": "Weight", "symbol": "w"},
}
DIRAC_UPDATES = ("alternating", "simultaneous", "extragradient")
DIRAC_STRENGTHS = {"wgan_clip": 1.0, "wgan_gp": 0.35, "noise": 0.7, "r1": 0.3, "consensus": 1.0}
DIRAC_RATES, DIRAC_RANGE = {"min": 0.02, "max": 1.0, "step": 0.02}, {"min": 0.05, "max": 2.0, "step": 0.05}

# So many weights `latent_explorer` puts into a page: 1.1 MB.
MOST_WEIGHTS = 400_000


@dataclass(frozen=True)
class Interactive:
    """A figure that moves. A notebook shows it when it is the value of a cell's last line.

    Attributes:
        title: what the figure is.
        alt: the text alternative of the static picture.
        html: one element that stands alone. It holds the static picture and the script that replaces it.
    """

    title: str
    alt: str = field(repr=False)
    html: str = field(repr=False)

    def _repr_html_(self) -> str:
        return self.html

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Writes the figure as a page of its own, which a browser opens without a server. Returns its path."""
        path = Path(path)
        page = (
            '<!DOCTYPE html>\n<html lang="en">\n<meta charset="utf-8">\n'
            '<meta name="viewport" content="width=device-width">\n'
            f"<title>{html.escape(self.title)}</title>\n{self.html}\n</html>\n"
        )
        temporary = path.with_name(path.name + ".partial")
        temporary.write_text(page, encoding="utf-8")
        os.replace(temporary, path)
        return path


def transposed_convolution(
    inputs: int = 4, kernel: int = 4, stride: int = 2, padding: int = 1, output_padding: int = 0
) -> Interactive:
    """Which inputs of a transposed convolution touch which outputs, and how often; the reader moves the numbers.

    Inputs and outputs in one dimension, the count of touches under each output, and the map of the counts in two
    dimensions, where uneven counts are a checkerboard (Odena, Dumoulin and Olah 2016).

    Args:
        inputs: n at the start, 1 to 7.
        kernel: K at the start, 1 to 7.
        stride: s at the start, 1 to 4.
        padding: P, outputs cropped on each side, 0 to K - 1; at least one output must remain.
        output_padding: R, outputs added at the end, 0 to s - 1.

    Raises:
        ValueError: a number out of its range.

    Example:
        >>> ganlib.interactive.transposed_convolution(inputs=7, kernel=5, stride=2, padding=2, output_padding=1)
    """
    given = dict(inputs=inputs, kernel=kernel, stride=stride, padding=padding, output_padding=output_padding)
    start = {name: _whole(name, value, LIMITS[name]["low"], LIMITS[name]["high"]) for name, value in given.items()}
    n, k, s, p, r = start.values()
    if p >= k:
        raise ValueError(f"padding must be less than the kernel, which is {k}, not {p}: more crops whole stamps away.")
    if r >= s:
        raise ValueError(f"output_padding must be less than the stride, which is {s}, not {r}.")
    size = s * (n - 1) + k - 2 * p + r
    if size < 1:
        raise ValueError(
            f"Nothing remains of the output: s(n - 1) + K - 2P + R = {size}. Use a smaller padding than {p}, "
            "or more inputs."
        )
    counts = _touches(n, k, s, p, r)
    alt = (
        f"Which inputs touch which outputs of a transposed convolution with {n} inputs, kernel {k}, stride {s}, "
        f"padding {p} and output padding {r}: {size} outputs, touched {', '.join(map(str, counts))} times. "
        + _verdict(n, k, s, p, r)
    )
    data = {"start": start, "limits": LIMITS}
    title = "Transposed convolution: which inputs touch which outputs, and how often"
    return _interactive("transposed_convolution", title, alt, lambda: _draw_touches(n, k, s, p, r), data)


def _touches(n: int, k: int, s: int, p: int, r: int) -> np.ndarray:
    """How many stamps touch each output that is kept."""
    full = np.zeros(max(s * (n - 1) + k, s * (n - 1) + k - p + r), dtype=int)
    for i in range(n):
        full[s * i : s * i + k] += 1
    return full[p : s * (n - 1) + k - p + r]


def _verdict(n: int, k: int, s: int, p: int, r: int) -> str:
    """What the counts mean, in the words that the page's script uses too; a test compares the two."""

    def times(count: int) -> str:
        return "once" if count == 1 else f"{count} times"

    def either(values: set[int]) -> str:
        *rest, last = map(str, sorted(values))
        return f"{', '.join(rest)} or {last} times"

    kept = {int(count) for count in _touches(n, k, s, p, r)}
    few, away = k // s, "Away from the border"
    if len(kept) == 1:
        return f"Every output is touched equally often: {times(*kept)}."
    if k % s == 0:
        if few in kept:
            return f"{away} every output is touched equally often, {times(few)}: even overlap."
        return f"Outputs are touched {either(kept)}, fewer towards the border: even overlap."
    why = "the kernel is smaller than the stride" if k < s else f"{k} is not a multiple of {s}"
    turn = {count for count in kept if count >= few}  # what neighbours away from the border get in turn
    if turn < kept and len(turn) == 2:
        return f"{away} outputs are touched {either(turn)}: a checkerboard of counts, because {why}."
    return f"Outputs are touched {either(kept)}: a checkerboard of counts, because {why}."


def _draw_touches(n: int, k: int, s: int, p: int, r: int) -> Figure:
    from matplotlib.figure import Figure
    from matplotlib.patches import Polygon, Rectangle

    counts = _touches(n, k, s, p, r)
    size = len(counts)
    figure = Figure(figsize=(7.2, 2.9), layout="constrained")
    figure.suptitle(_verdict(n, k, s, p, r), x=0.01, ha="left", fontsize=10, fontweight="bold", wrap=True)
    row, square = figure.subplots(1, 2, width_ratios=(2.2, 1))
    total = max(s * (n - 1) + k, p + size)
    full = np.concatenate([_touches(n, k, s, 0, 0), np.zeros(total, dtype=int)])[:total]
    blue = COLOURS["real"]
    for i in range(n):
        x = s * i + (k - 1) / 2
        corners = [(x, 3), (x + 1, 3), (s * i + k, 1), (s * i, 1)]
        row.add_patch(Polygon(corners, facecolor=blue, edgecolor=blue, alpha=0.2))
        row.add_patch(Rectangle((x, 3), 1, 0.5, facecolor="white", edgecolor="black"))
    for j, count in enumerate(full):
        kept = p <= j < p + size
        grey = "black" if kept else COLOURS["reference"]
        look: dict[str, Any] = {} if kept else {"linestyle": ":", "hatch": "////"}
        row.add_patch(Rectangle((j, 0.5), 1, 0.5, facecolor="white", edgecolor=grey, **look))
        row.text(j + 0.5, 0.2, str(count), ha="center", va="center", color=grey, fontsize=9)
        row.add_patch(Rectangle((j + 0.05, -0.05 - 0.25 * count), 0.9, 0.25 * count, color=blue if kept else "#D1D5DB"))
    row.set(xlim=(-0.1, total + 0.1), ylim=(-0.2 - 0.25 * full.max(), 3.6))
    row.set_title("Inputs above, outputs below; dotted: cropped", loc="left", fontsize=9)
    row.set_axis_off()
    square.imshow(np.outer(counts, counts), cmap="Blues", vmin=0, vmax=max(1, 1.4 * counts.max() ** 2))
    square.set_title("Touches in two dimensions", loc="left", fontsize=9)
    square.set(xticks=[], yticks=[])
    return figure


@dataclass(frozen=True, eq=False)
class Frame:
    """What a `Recorder` kept at one step.

    Attributes:
        step: how many steps were done.
        samples: (samples, 2), always from the same latents.
        logits: (grid, grid), D's logits at `Recorder.points`; the first row is the lowest.
        gradients: (arrows, 2), of D's logit at the first samples.
        modes: how many modes the samples reach, or None where the data's centres are not known.
    """

    step: int
    samples: np.ndarray
    logits: np.ndarray
    gradients: np.ndarray
    modes: int | None


class _Recording:
    """What both recorders do: a frame before the first step, after each `every` steps, and at the end; all losses."""

    name: str
    every: int

    def __init__(self) -> None:
        self.frames: list[Any] = []
        self.losses: list[tuple[float, float]] = []

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.name!r}: {len(self.frames)} frames of {len(self.losses)} steps)"

    def on_start(self, trainer: Any) -> None:
        """Keeps the state before the first step."""
        if self.frames and trainer.steps_done != self.frames[-1].step:
            raise ValueError(
                f"This recorder ends at step {self.frames[-1].step} of a run, and the trainer is at step "
                f"{trainer.steps_done}. Make a new {type(self).__name__} for a new run."
            )
        if not self.frames:
            self._keep(trainer)

    def on_step(self, trainer: Any, metrics: dict[str, float]) -> None:
        """Keeps the losses, and each `every` steps a frame."""
        self.losses.append((metrics["d_loss"], metrics["g_loss"]))
        if trainer.steps_done % self.every == 0:
            self._keep(trainer)

    def on_end(self, trainer: Any) -> None:
        """Keeps the state at the end."""
        if self.frames[-1].step != trainer.steps_done:
            self._keep(trainer)

    def _keep(self, trainer: Any) -> None:
        raise NotImplementedError

    def _latents(self, trainer: Any, n: int, seed: int) -> np.ndarray:
        return np.random.default_rng(seed).standard_normal((n, trainer.recipe.latent))


class Recorder(_Recording):
    """A callback for `Trainer.fit` that keeps what `training_replay` shows, for data in the plane.

    It keeps a frame before the first step, after each `every` steps, and at the end. Going on with `fit` goes on with
    the same recording.

    Args:
        data: what `ganlib.data.load` gives for points, or an array (n, 2): the real points.
        every: steps from one frame to the next.
        samples: how many samples to keep in a frame.
        grid: D's logits are kept on grid × grid points of the square around the data.
        arrows: at so many of the samples the gradient of D's logit is kept. Going along it lowers G's loss, with every
            loss but least squares, whose G wants logits near 1.
        seed: of the latents.

    Attributes:
        frames: the list of `Frame`s.
        losses: (d_loss, g_loss) of each step.
        real: the real points, 400 at most.
        centre, half: of the square around the data, half its side.
        points: (grid · grid, 2), where D's logits are taken.

    Raises:
        ValueError: data that are no points in the plane; numbers below 1; a recipe that packs samples.

    Example:
        >>> recorder = ganlib.interactive.Recorder(data, every=100)
        >>> history = trainer.fit(data, callbacks=[recorder])
        >>> ganlib.interactive.training_replay(recorder)
    """

    def __init__(
        self, data: Any, every: int = 100, samples: int = 256, *, grid: int = 36, arrows: int = 48, seed: int = 0
    ) -> None:
        super().__init__()
        points = arguments.array("data", getattr(data, "samples", data), "points in the plane, an array (n, 2)")
        if points.ndim != 2 or points.shape[1] != 2 or not len(points) or points.dtype.kind not in "fiu":
            raise ValueError(
                f"The data have shape {points.shape} and type {points.dtype}; a replay needs points in the plane, "
                'numbers of shape (n, 2). Use ganlib.data.load("ring"), or "grid", or points of your own.'
            )
        if not np.isfinite(points).all():
            raise ValueError("The data hold NaN or infinite values. Remove or repair them first.")
        self.every, self.samples = _whole("every", every, 1), _whole("samples", samples, 1)
        self.grid, self.arrows = (
            _whole("grid", grid, 2, 256),
            min(_whole("arrows", arrows, 0), self.samples),
        )
        self.seed = _whole("seed", seed, 0)
        self.name = str(getattr(data, "name", "points"))
        self.centers: Any = getattr(data, "centers", None)
        self.std: Any = getattr(data, "std", None)
        self.real = points[:: -(-len(points) // 400)].astype(np.float32)
        low, high = points.min(axis=0).astype(float), points.max(axis=0).astype(float)
        self.centre, self.half = (low + high) / 2, 0.625 * float((high - low).max()) or 1.0
        places = self.half * ((2 * np.arange(self.grid) + 1) / self.grid - 1)
        x, y = np.meshgrid(places + self.centre[0], places + self.centre[1])
        self.points = np.stack([x.ravel(), y.ravel()], axis=1).astype(np.float32)

    def on_start(self, trainer: Any) -> None:
        """Keeps the state before the first step."""
        if trainer.recipe.pack > 1:
            raise ValueError(
                f"D judges samples in groups of {trainer.recipe.pack} with this recipe, so it has no surface over the "
                "plane. Record a recipe with pack=1."
            )
        super().on_start(trainer)

    def _keep(self, trainer: Any) -> None:
        samples = np.asarray(trainer.generate(self._latents(trainer, self.samples, self.seed)), dtype=np.float32)
        # Central differences, in one call with the surface. A generator that broke down leaves NaN: no arrow there.
        finite = np.all(np.isfinite(samples), axis=1)
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
        if self.centers is not None:
            modes = int(metrics.mode_coverage(samples[finite], self.centers, self.std).modes) if finite.any() else 0
        surface = surface.reshape(self.grid, self.grid)
        self.frames.append(Frame(trainer.steps_done, samples, surface, gradients, modes))


@dataclass(frozen=True, eq=False)
class ImageFrame:
    """What an `ImageRecorder` kept at one step.

    Attributes:
        step: how many steps were done.
        images: (images, height, width, channels), always from the same latents.
        score: what the recorder's `score` gave, or None.
    """

    step: int
    images: np.ndarray
    score: float | None


class ImageRecorder(_Recording):
    """A callback for `Trainer.fit` that keeps what `training_replay` shows, for images.

    It keeps a frame before the first step, after each `every` steps, and at the end. Going on with `fit` goes on with
    the same recording.

    Args:
        every: steps from one frame to the next.
        images: how many images to keep in a frame; a square number makes a full sheet.
        score: called with the trainer at each frame, and drawn below the losses: lower is better. Where it returns a
            `ganlib.metrics.Score`, the replay shows a perfect sampler's value too.
        score_name: what the score is called, briefly.
        seed: of the latents.

    Attributes:
        frames: the list of `ImageFrame`s.
        losses: (d_loss, g_loss) of each step.
        floor: a perfect sampler's score, or None.

    Raises:
        TypeError: a score that cannot be called. ValueError: numbers below 1; a recipe of points.

    Example:
        >>> real = ganlib.metrics.features(data.images)
        >>> def score(trainer):
        ...     return ganlib.metrics.frechet_distance(real, ganlib.metrics.features(trainer.sample(len(real))))
        >>> recorder = ganlib.interactive.ImageRecorder(every=100, score=score)
        >>> history = trainer.fit(data, callbacks=[recorder])
        >>> ganlib.interactive.training_replay(recorder)
    """

    def __init__(
        self,
        every: int = 100,
        images: int = 64,
        *,
        score: Callable[[Any], float] | None = None,
        score_name: str = "Fréchet",
        seed: int = 0,
    ) -> None:
        super().__init__()
        self.every, self.images, self.seed = (
            _whole("every", every, 1),
            _whole("images", images, 1),
            _whole("seed", seed, 0),
        )
        if score is not None and not callable(score):
            raise TypeError(f"score must be a function of the trainer, or None, not {arguments.describe(score)}.")
        if not isinstance(score_name, str):
            raise TypeError(f"score_name must be a text, not {arguments.describe(score_name)}.")
        self.score, self.score_name = score, score_name
        self.floor: float | None = None
        self.name = "images"

    def _keep(self, trainer: Any) -> None:
        if len(trainer.recipe.shape) != 3:
            raise ValueError(
                f"An ImageRecorder keeps images, and this recipe makes samples of shape {trainer.recipe.shape}. "
                "For points use ganlib.interactive.Recorder(data)."
            )
        self.name = trainer.recipe.data
        images = np.asarray(trainer.generate(self._latents(trainer, self.images, self.seed)), dtype=np.float32)
        score = None if self.score is None else self.score(trainer)
        if isinstance(score, metrics.Score):
            self.floor = score.perfect
        self.frames.append(ImageFrame(trainer.steps_done, images, None if score is None else float(score)))


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
        frames: at most so many are shown, evenly chosen; each takes about 3 kB, of 64 digits twice as much.

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
    count = min(_whole("frames", frames, 2), len(recorder.frames))
    chosen = [recorder.frames[round(i)] for i in np.linspace(0, len(recorder.frames) - 1, count)]
    title = f"Replay of a training on {recorder.name}"
    data = _timeline(recorder, chosen)
    if isinstance(recorder, Recorder):
        alt, data = _describe_points(recorder, chosen), data | _points_data(recorder, chosen)
        return _interactive("training_replay", title, alt, lambda: _draw_points(recorder, chosen), data)
    alt, data = _describe_images(recorder, chosen), data | _images_data(recorder, chosen)
    return _interactive("training_replay", title, alt, lambda: _draw_images(recorder, chosen), data)


def _timeline(recorder: Recorder | ImageRecorder, frames: list[Any]) -> dict[str, Any]:
    """The steps and losses, for the page. Arrays are base64."""
    steps = [frame.step - frames[0].step for frame in frames]
    losses = np.array(recorder.losses)
    edges = np.linspace(0, len(losses), min(300, len(losses)) + 1).astype(int)
    curves = _means(losses, edges)
    finite = curves[np.isfinite(curves)]
    low, high = (min(0.0, finite.min()), 1.1 * np.quantile(finite, 0.99)) if finite.size else (0.0, 1.0)
    high = max(high, low + 1e-3)
    with np.errstate(invalid="ignore"):
        heights = np.where(np.isfinite(curves), 65534 * (np.clip(curves, low, high) - low) / (high - low), 65535)
    means = np.round(_means(losses, steps), 3).tolist()
    d_mean, g_mean = ([None, *(m if np.isfinite(m) else None for m in column)] for column in zip(*means, strict=True))
    return {
        "steps": [frame.step for frame in frames],
        # From `low` to `high` as 0 to 65534; 65535 where there is no number.
        "losses": [round(float(low), 4), round(float(high), 4)],
        "d_loss": _encode(heights[:, 0], "<u2"),
        "g_loss": _encode(heights[:, 1], "<u2"),
        "d_mean": d_mean,
        "g_mean": g_mean,
    }


def _score(
    name: str, heights: list[float], texts: list[str], said: list[str], ticks: list[str], floor: float | None
) -> dict[str, Any]:
    """The curve below the losses: heights from 0 to 1, what stands beside it and what is read out, frame by frame."""
    return {"name": name, "heights": heights, "texts": texts, "said": said, "ticks": ticks, "floor": floor}


def _points_data(recorder: Recorder, frames: list[Frame]) -> dict[str, Any]:
    """Points and field, for the page: places as uint16 over twice the view, the rest as below."""
    reach, score = _reach(frames), None
    if recorder.centers is not None:
        of, modes = len(recorder.centers), [frame.modes or 0 for frame in frames]
        said = [f"{m} of {of} modes reached" for m in modes]
        score = _score("Modes", [m / of for m in modes], [f"{m} of {of}" for m in modes], said, [str(of), "0"], None)
    return {
        "score": score,
        "grid": recorder.grid,
        "count": recorder.samples,
        "arrows": recorder.arrows,
        "reach": reach,
        "real": _encode(_places(recorder, recorder.real), "<u2"),
        "samples": _encode(np.stack([_places(recorder, frame.samples) for frame in frames]), "<u2"),
        # 127 is zero: a logit of 0, no gradient in this direction.
        "logits": _encode(np.stack([_signed(frame.logits / reach) for frame in frames]), "u1"),
        "gradients": _encode(np.stack([_signed(_lengths(frame.gradients)) for frame in frames]), "u1"),
    }


def _images_data(recorder: ImageRecorder, frames: list[ImageFrame]) -> dict[str, Any]:
    """The sheets, one below the other in one picture, and the score, for the page."""
    from PIL import Image

    sheets = np.concatenate([pictures.tile(frame.images) for frame in frames])
    grey = sheets.shape[2] == 1
    image = Image.fromarray(sheets[..., 0] if grey else sheets).quantize(16 if grey else 256)
    buffer = io.BytesIO()
    image.save(buffer, format="png", optimize=True)
    encoded = base64.b64encode(buffer.getvalue()).decode()
    return {"sheets": f"data:image/png;base64,{encoded}", "score": _image_score(recorder, frames)}


def _image_score(recorder: ImageRecorder, frames: list[ImageFrame]) -> dict[str, Any] | None:
    """On a logarithmic scale: a score falls by as much again and again."""
    values = np.array([np.nan if frame.score is None else frame.score for frame in frames])
    if not np.isfinite(values).any():
        return None
    known = values[np.isfinite(values) & (values > 0)]
    ends = [*known, *([recorder.floor] if recorder.floor else [])] or [1.0]
    low, high = min(ends), max(max(ends), 1.01 * min(ends))

    def height(value: float) -> float:
        return round(float(np.log(min(max(value, low), high) / low) / np.log(high / low)), 4)

    texts = ["–" if not np.isfinite(v) else f"{v:.3g}" if v < 100 else f"{v:.0f}" for v in values]
    said = [f"{recorder.score_name} {text}" for text in texts]
    heights = [height(v) if np.isfinite(v) else 1.0 for v in values]  # of a training that broke down: no better
    floor = height(recorder.floor) if recorder.floor else None
    note = f"{recorder.score_name} on a logarithmic scale"
    if recorder.floor is not None:
        note += f"; dotted: a perfect sampler's, {recorder.floor:.2g}"
    ticks = [f"{high:.3g}", f"{low:.2g}"]
    return _score(recorder.score_name, heights, texts, said, ticks, floor) | {"note": f"{note}."}


def _reach(frames: list[Frame]) -> float:
    """The logit at which the field's colours end; few logits of few frames lie beyond."""
    sizes = [np.quantile(np.abs(np.nan_to_num(frame.logits, posinf=8, neginf=-8)), 0.99) for frame in frames]
    return round(float(np.clip(np.quantile(sizes, 0.9), 0.01, 8)), 4)


def _places(recorder: Recorder, points: np.ndarray) -> np.ndarray:
    """Points as 0 to 65535 over a square twice as wide as the view; those outside move to its edge."""
    inside = (points - recorder.centre) / (4 * recorder.half) + 0.5
    return 65535 * np.clip(np.nan_to_num(inside, nan=0.0), 0, 1)


def _signed(values: np.ndarray) -> np.ndarray:
    return 127 + 127 * np.clip(np.nan_to_num(values, nan=0.0), -1, 1)


def _lengths(gradients: np.ndarray) -> np.ndarray:
    """Gradients relative to the steep ones of their frame, which get length 1 and no longer."""
    lengths = np.linalg.norm(gradients, axis=1, keepdims=True)
    finite = lengths[np.isfinite(lengths) & (lengths > 0)]
    if not finite.size:
        return np.zeros_like(gradients)
    scaled = gradients / np.quantile(finite, 0.9)
    with np.errstate(invalid="ignore"):
        return scaled / np.maximum(1, np.linalg.norm(scaled, axis=1, keepdims=True))


def _means(losses: np.ndarray, edges: Iterable[int]) -> np.ndarray:
    """The means of the steps between two edges each."""
    with np.errstate(invalid="ignore"):
        return np.array([losses[a:b].mean(axis=0) for a, b in itertools.pairwise(edges)])


def _encode(values: np.ndarray, dtype: str) -> str:
    return base64.b64encode(np.rint(values).astype(dtype).tobytes()).decode()


def _describe_points(recorder: Recorder, frames: list[Frame]) -> str:
    start, end = frames[0], frames[-1]
    about = (
        f"Replay of a training on {recorder.name}, steps {start.step} to {end.step}. Real and generated points in the "
        "plane over D's probability that a point is real, from vermilion over white to blue, with arrows where D's "
        "logit rises; below, both losses"
    )
    if end.modes is None:
        return f"{about}."
    some = ", ".join(f"{frame.modes} at step {frame.step}" for frame in _four(frames))
    return f"{about} and the modes reached. Of {len(recorder.centers)} modes the samples reach {some}."


def _describe_images(recorder: ImageRecorder, frames: list[ImageFrame]) -> str:
    about = (
        f"Replay of a training on {recorder.name}, steps {frames[0].step} to {frames[-1].step}. A sheet of "
        f"{recorder.images} generated images, from the same latents in all frames; below, both losses"
    )
    score = _image_score(recorder, frames)
    if score is None:
        return f"{about}."
    texts = dict(zip([frame.step for frame in frames], score["texts"], strict=True))
    some = ", ".join(f"{texts[frame.step]} at step {frame.step}" for frame in _four(frames))
    best = "" if recorder.floor is None else f"; a perfect sampler has {recorder.floor:.2g}"
    return f"{about} and the score, {recorder.score_name}: {some}{best}."


def _draw_images(recorder: ImageRecorder, frames: list[ImageFrame]) -> Figure:
    from matplotlib.figure import Figure

    score = _image_score(recorder, frames)
    texts = {frame.step: "" if score is None else f": {score['said'][i]}" for i, frame in enumerate(frames)}
    four = _four(frames)
    figure = Figure(figsize=(7.2, 7.2 / len(four) + 0.25), layout="constrained")
    for ax, frame in zip(figure.subplots(1, len(four), squeeze=False)[0], four, strict=True):
        ax.imshow(pictures.tile(frame.images), cmap="gray", vmin=0, vmax=255, interpolation="nearest")
        ax.set_title(f"Step {frame.step}{texts[frame.step]}", loc="left", fontsize=9)
        ax.set_axis_off()
    return figure


def _four(frames: list[Any]) -> list[Any]:
    """The frames of the static picture: four, or fewer where there are fewer."""
    return [frames[round(i)] for i in np.linspace(0, len(frames) - 1, min(4, len(frames)))]


def _draw_points(recorder: Recorder, frames: list[Frame]) -> Figure:
    from matplotlib.colors import to_rgb
    from matplotlib.figure import Figure
    from matplotlib.layout_engine import ConstrainedLayoutEngine

    reach, frames = _reach(frames), _four(frames)
    figure = Figure(figsize=(7.2, 7.2 / len(frames) + 0.4), layout=ConstrainedLayoutEngine(h_pad=0.1))
    real, generated = (np.array(to_rgb(COLOURS[name])) for name in ("real", "generated"))
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
        ax.scatter(*frame.samples.T, s=7, color=COLOURS["generated"], edgecolors="white", linewidths=0.4, zorder=3)
        reached = "" if frame.modes is None else f": {frame.modes} of {len(recorder.centers)} modes"
        ax.set_title(f"Step {frame.step}{reached}", loc="left", fontsize=9)
        ax.set(xlim=(left, right), ylim=(low, high), xticks=[], yticks=[])
    figure.supxlabel("Blue points: real. Vermilion: generated. Field: D's verdict, white at one half.", fontsize=8)
    return figure


def dirac_portrait(
    method: str = "gan",
    update: str = "alternating",
    rate: float = 0.2,
    strength: float | None = None,
    start: ArrayLike = (1.0, 1.0),
) -> Interactive:
    """The phase portrait of the Dirac-GAN: its field, 500 steps from a start that the reader drags, and the distance.

    Beside it stand the eigenvalues at the equilibrium and the factor by which an update multiplies small deviations.
    The numbers are those of `ganlib.dynamics`.

    Args:
        method: at the start, one of "gan", "nsgan", "wgan", "wgan_clip", "wgan_gp", "noise", "r1", "consensus".
        update: at the start, "alternating" (D first), "simultaneous" or "extragradient".
        rate: the step size h at the start, 0.02 to 1.
        strength: the method's number at the start, 0.05 to 2: the clip c, WGAN-GP's λ, the noise's standard deviation
            τ, R₁'s γ, the weight w of consensus. None: the number of the authors' notebook.
        start: θ and ψ, each from -2 to 2.

    Raises:
        ValueError: an unknown name, a number out of its range, a strength for a method that has none.

    Example:
        >>> ganlib.interactive.dirac_portrait("r1", strength=0.3)

    Source: Mescheder, Geiger and Nowozin 2018, whose figures 1 to 3 show such portraits.
    """
    arguments.one_of("method", method, tuple(DIRAC))
    arguments.one_of("update", update, DIRAC_UPDATES)
    rate = arguments.real("rate", rate, DIRAC_RATES["min"], DIRAC_RATES["max"])
    if strength is None:
        strength = DIRAC_STRENGTHS.get(method, 1.0)
    elif method not in DIRAC_STRENGTHS:
        raise ValueError(f"The method {method!r} has no strength to choose. Leave strength={strength!r} out.")
    strength = arguments.real("strength", strength, DIRAC_RANGE["min"], DIRAC_RANGE["max"])
    theta, psi = arguments.pair("start", start, dynamics.POINT).tolist()
    if max(abs(theta), abs(psi)) > 2:
        raise ValueError(f"start must be two numbers from -2 to 2, what the portrait shows, not {(theta, psi)}.")
    chosen = {"method": method, "update": update, "rate": rate, "strength": strength, "start": [theta, psi]}
    nodes, weights = dynamics.quadrature(1.0)
    data = {
        "start": chosen,
        "methods": {name: {**look, "start": DIRAC_STRENGTHS.get(name)} for name, look in DIRAC.items()},
        "updates": {name: name.capitalize() for name in DIRAC_UPDATES},
        "rates": DIRAC_RATES,
        "strengths": DIRAC_RANGE,
        "normal": {"nodes": nodes.tolist(), "weights": weights.tolist()},
    }
    game, clip = _dirac(method, strength)
    path = dynamics.simulate(game, (theta, psi), rate, 500, update=update, clip=clip)
    title = "Phase portrait of the Dirac-GAN"
    alt = (
        f"{title}, {DIRAC[method]['label']}, {update} updates with step size {rate:g}: the field of both players' "
        f"velocities, and the path of 500 steps from θ = {theta:g}, ψ = {psi:g}, which ends at a distance of "
        f"{np.hypot(*path[-1]):.2g} from the equilibrium. " + " ".join(_judge(game, rate, update))
    )
    return _interactive("dirac_portrait", title, alt, lambda: _draw_dirac(game, path, method, rate, update), data)


def _dirac(method: str, strength: float) -> tuple[dynamics.DiracGAN, float | None]:
    """The game of a method, and the clip."""
    look = DIRAC[method]
    if look.get("field") == "clip":
        return dynamics.DiracGAN(look["loss"]), strength
    return dynamics.DiracGAN(look["loss"], **({look["field"]: strength} if "field" in look else {})), None


def _judge(game: dynamics.DiracGAN, rate: float, update: str) -> list[str]:
    """What the eigenvalues mean, in the words that the page's script uses too; a test compares the two."""
    if game.wgan_gp:
        return ["The field jumps at ψ = 0: no eigenvalues.", "No factor: look at the curve below."]

    def number(value: float) -> str:
        return "0" if abs(value) < 5e-4 else f"{value:.3f}".rstrip("0").rstrip(".").replace("-", "−")

    jacobian = game.jacobian()
    one, other = dynamics.eigenvalues(jacobian)
    if one.imag:
        real = number(one.real)
        pair = ("±" if real == "0" else f"{real} ± ") + f"{number(one.imag)}i"
    else:
        pair = f"{number(one.real)} and {number(other.real)}"
    factor = dynamics.contraction(jacobian, rate, update=update)
    verdict = "below 1, they die out." if factor < 1 else "above 1, they grow."
    if abs(factor - 1) < 1e-9:
        verdict = "exactly 1, they neither grow nor shrink."
    return [
        f"Eigenvalues of the field: {pair}.",
        f"An update multiplies small deviations by {factor:.5f}: {verdict}",
    ]


def _draw_dirac(game: dynamics.DiracGAN, path: np.ndarray, method: str, rate: float, update: str) -> Figure:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7.2, 3.4), layout="constrained")
    figure.suptitle(
        f"{DIRAC[method]['label']}, {update}, step size {rate:g}", x=0.01, ha="left", fontsize=10, fontweight="bold"
    )
    plane, curve = figure.subplots(1, 2, width_ratios=(1, 1.1))
    theta, psi = np.meshgrid(np.linspace(-1.9, 1.9, 13), np.linspace(-1.9, 1.9, 13))
    velocity = np.array(game(theta, psi))
    speed = np.maximum(np.linalg.norm(velocity, axis=0), 1e-9)
    plane.quiver(theta, psi, *(velocity * np.tanh(speed) / speed), pivot="mid", color=COLOURS["reference"], scale=14)
    plane.plot(*path.T, ".-", color=COLOURS["real"], markersize=3, linewidth=0.6)
    plane.plot(*path[0], "o", color=COLOURS["generated"])
    plane.plot(0, 0, "+", color="black", markersize=10)
    plane.set(xlim=(-2, 2), ylim=(-2, 2), aspect="equal", xlabel="θ, the generator", ylabel="ψ, the discriminator")
    curve.semilogy(np.hypot(*path.T), color=COLOURS["real"])
    curve.set(xlabel="Step")
    curve.set_title("Distance to the equilibrium", loc="left", fontsize=9)
    return figure


def latent_explorer(trainer: Any, latents: ArrayLike | None = None, *, seed: int = 0) -> Interactive:
    """A square of latents between four corners, and the images that a generator running in the page makes of them.

    The page holds the weights, those of the moving average where the recipe keeps one, and computes every image
    itself: 7 × 7 of the square, and one at the place that the reader moves. The way between the corners is an arc
    around the origin, which stays at the distance where latents lie (White 2016), or straight. A factor makes the
    latent shorter or longer, and a button draws other corners. The images are those of `Trainer.generate` in float32,
    within 1e-3 where they lie in [-1, 1].

    Args:
        trainer: of a recipe for images of one or three channels, with at most 400,000 weights in its generator. Two
            bytes a weight are stored, as text: "dcgan-digits" takes 280 kB.
        latents: (4, recipe.latent), the corners at the start, row by row. None: drawn from N(0, I).
        seed: of the latents, where none are given.

    Raises:
        TypeError: not a trainer.
        ValueError: a recipe for points, a network of your own, too many weights, weights that are not finite; latents
            of another shape.

    Example:
        >>> history = trainer.fit(data)
        >>> ganlib.interactive.latent_explorer(trainer)
    """
    from ganlib.backends import backend
    from ganlib.runtime.trainer import BaseTrainer

    if not isinstance(trainer, BaseTrainer):
        raise TypeError(
            f"latent_explorer takes a Trainer, such as gl.Trainer(recipe), not {arguments.describe(trainer)}."
        )
    recipe = trainer.recipe
    if len(recipe.shape) != 3 or recipe.shape[2] not in (1, 3):
        raise ValueError(
            f"This recipe makes samples of shape {recipe.shape}, and the page draws images: it needs a shape (height, "
            "width, 1 or 3)."
        )
    gl, model = backend(trainer.backend), trainer.generator if trainer.average is None else trainer.average
    if not isinstance(model, gl.Generator):
        raise ValueError(
            f"The page can compute what a recipe describes, not a network of your own ({type(model).__name__}). Use a "
            "trainer that built its generator from the recipe."
        )
    layers = architectures.generator_layers(recipe)
    count = sum(cost.parameters for cost in architectures.costs(layers, (recipe.latent,)))
    if count > MOST_WEIGHTS:
        raise ValueError(
            f"The generator has {count:,} weights, too many for a page, which takes at most {MOST_WEIGHTS:,}. Use a "
            f"recipe with a width smaller than {recipe.width}."
        )
    rng = np.random.default_rng(_whole("seed", seed, 0))
    given = rng.standard_normal((4, recipe.latent)) if latents is None else latents
    corners = arguments.array("latents", given, f"the four corners, (4, {recipe.latent})").astype(float).round(6)
    if corners.shape != (4, recipe.latent):
        raise ValueError(f"latents has shape {corners.shape}; expected the four corners, (4, {recipe.latent}).")
    if not np.isfinite(corners).all():
        raise ValueError("The latents hold NaN or infinite values; expected finite numbers.")
    data = {
        "operations": portable.operations(layers, gl.get_weights(model), recipe.latent),
        "corners": corners.tolist(),
        "shape": recipe.shape,
        "weights": f"{count:,}",
    }
    title = f"Latent space of {recipe.name} after {trainer.steps_done} steps"
    ways = {"On arcs around the origin": False, "On straight lines": True}
    squares = {name: _square(corners, straight) for name, straight in ways.items()}
    norms = [np.linalg.norm(square[len(square) // 2]) for square in squares.values()]
    alt = (
        f"{title}. Generated images of {recipe.shape[0]} × {recipe.shape[1]} pixels, five rows of five, on a square "
        f"between four latents at its corners: on arcs around the origin, and on straight lines. In the middle the "
        f"norm of the latent is {norms[0]:.1f} on arcs and {norms[1]:.1f} on straight lines; latents lie at "
        f"{np.sqrt(recipe.latent):.1f}."
    )
    images = {name: trainer.generate(square) for name, square in squares.items()}
    return _interactive("latent_explorer", title, alt, lambda: _draw_squares(images), data)


def _between(a: np.ndarray, b: np.ndarray, t: float, straight: bool) -> np.ndarray:
    """The place t from 0 to 1 on the way from a to b, as the page's script takes it; a test compares the two."""
    lengths = np.linalg.norm(a) * np.linalg.norm(b)
    angle = np.arccos(np.clip(a @ b / lengths, -1, 1)) if lengths else 0.0
    if straight or np.sin(angle) <= 1e-4:  # the two lie on one line through the origin
        return (1 - t) * a + t * b
    return (np.sin((1 - t) * angle) * a + np.sin(t * angle) * b) / np.sin(angle)


def _square(corners: np.ndarray, straight: bool) -> np.ndarray:
    """25 latents between four, row by row."""
    parts = np.linspace(0, 1, 5)
    above, below = ([_between(a, b, t, straight) for t in parts] for a, b in (corners[:2], corners[2:]))
    return np.array([_between(a, b, t, straight) for t in parts for a, b in zip(above, below, strict=True)])


def _draw_squares(images: dict[str, np.ndarray]) -> Figure:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7.2, 3.8), layout="constrained")
    for ax, (name, square) in zip(figure.subplots(1, len(images)), images.items(), strict=True):
        ax.imshow(pictures.tile(square), cmap="gray", vmin=0, vmax=255, interpolation="nearest")
        ax.set_title(name, loc="left", fontsize=9)
        ax.set_axis_off()
    return figure


# What the figures share.


def _interactive(name: str, title: str, alt: str, draw: Callable[[], Figure], data: dict[str, Any]) -> Interactive:
    """The element: the script first, so that where it runs the picture is never seen and nothing moves on the page."""
    folder = files("ganlib") / "assets"
    shell, own, look, own_look = (
        (folder / file).read_text(encoding="utf-8")
        for file in ("interactive.js", f"{name}.js", "interactive.css", f"{name}.css")
    )
    function = "draw" + name.title().replace("_", "")
    picture, width, height = _png(draw)
    payload = _script_json(data)
    # The same content gives the same key, so that running a notebook again gives the same bytes.
    key = hashlib.sha256((shell + own + look + own_look + payload + picture).encode()).hexdigest()[:12]
    call = f"mount({json.dumps(key)}, {_script_json(look + own_look)}, {function}, {payload});"
    label, text = html.escape(title), html.escape(alt)
    return Interactive(
        title,
        alt,
        f'<div data-ganlib="{key}" data-lm-suppress-shortcuts="true" role="group" aria-label="{label}">\n'
        f'<script>\n(() => {{\n"use strict";\n{shell}\n{own}\n{call}\n}})();\n</script>\n'
        f'<img alt="{text}" width="{width}" height="{height}" style="max-width: 100%; height: auto" src="{picture}">\n'
        "<p><em>A picture of a figure that moves where scripts run: in the book, in Jupyter, in Colab.</em></p>\n"
        "</div>",
    )


def _script_json(value: Any) -> str:
    """JSON that may stand in a script element, which the first "</script" would end."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).replace("<", "\\u003c")


def _png(draw: Callable[[], Figure]) -> tuple[str, int, int]:
    """The figure as a data URI, and the width and height to show it at: two thirds of its own, for sharp screens."""
    import matplotlib.style
    from PIL import Image

    buffer, small = io.BytesIO(), io.BytesIO()
    with matplotlib.style.context("default"):  # whatever the reader has set
        draw().savefig(buffer, format="png", dpi=144, facecolor="white")
    image = Image.open(buffer).convert("RGB")
    # A palette takes a quarter of the bytes. This method keeps the few lines and the white paper as they are.
    image = image.quantize(256, method=Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE)
    image.save(small, format="png", optimize=True)
    encoded = base64.b64encode(small.getvalue()).decode()
    return f"data:image/png;base64,{encoded}", round(image.width / 1.5), round(image.height / 1.5)
