"""Replays of a training: recorders, which keep it while it runs, and the figure that plays what they kept."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, NotRequired, TypedDict, TypeVar

import numpy as np
from numpy.typing import ArrayLike

from ganlib import arguments, metrics
from ganlib.arguments import whole
from ganlib.runtime import pictures
from ganlib.runtime.pictures import COLOURS
from ganlib.teaching.interactive.element import Interactive, data_uri, draw_sheets, encode, interactive

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from ganlib.data import Data
    from ganlib.runtime.trainer import BaseTrainer

F = TypeVar("F", "Frame", "ImageFrame")
T = TypeVar("T")


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


class Curve(TypedDict):
    """The curve below the losses: heights from 0 to 1, what stands beside it and what is read out, frame by frame."""

    name: str
    heights: list[float]
    texts: list[str]
    said: list[str]
    ticks: list[str]
    floor: float | None
    note: NotRequired[str]


class _Recording(Generic[F]):
    """What both recorders do: a frame before the first step, after each `every` steps, and at the end; all losses."""

    def __init__(self, name: str, every: int, seed: int) -> None:
        self.name, self.every, self.seed = name, whole("every", every, 1), whole("seed", seed, 0)
        self.frames: list[F] = []
        self.losses: list[tuple[float, float]] = []

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.name!r}: {len(self.frames)} frames of {len(self.losses)} steps)"

    def on_start(self, trainer: BaseTrainer) -> None:
        """Keeps the state before the first step."""
        if self.frames and trainer.steps_done != self.frames[-1].step:
            raise ValueError(
                f"This recorder ends at step {self.frames[-1].step} of a run, and the trainer is at step "
                f"{trainer.steps_done}. Make a new {type(self).__name__} for a new run."
            )
        if not self.frames:
            self.frames.append(self._frame(trainer))

    def on_step(self, trainer: BaseTrainer, metrics: dict[str, float]) -> None:
        """Keeps the losses, and each `every` steps a frame."""
        self.losses.append((metrics["d_loss"], metrics["g_loss"]))
        if trainer.steps_done % self.every == 0:
            self.frames.append(self._frame(trainer))

    def on_end(self, trainer: BaseTrainer) -> None:
        """Keeps the state at the end."""
        if self.frames[-1].step != trainer.steps_done:
            self.frames.append(self._frame(trainer))

    def _generate(self, trainer: BaseTrainer, n: int) -> np.ndarray:
        """Samples of the trainer's generator as it is now, always from the same latents."""
        latents = np.random.default_rng(self.seed).standard_normal((n, trainer.recipe.latent))
        return np.asarray(trainer.generate(latents), dtype=np.float32)

    def _replay(self, count: int) -> Interactive:
        frames = _evenly(self.frames, count)
        title = f"Replay of a training on {self.name}"
        alt = f"{title}, steps {frames[0].step} to {frames[-1].step}. {self._describe(frames)}."
        data = _timeline([frame.step for frame in frames], np.array(self.losses)) | self._payload(frames)
        return interactive("replay", "drawTrainingReplay", title, alt, lambda figure: self._draw(figure, frames), data)

    def _frame(self, trainer: BaseTrainer) -> F:
        """The trainer's state."""
        raise NotImplementedError

    def _payload(self, frames: list[F]) -> dict[str, object]:
        """What the page needs of the frames."""
        raise NotImplementedError

    def _describe(self, frames: list[F]) -> str:
        """What the text alternative says of the frames."""
        raise NotImplementedError

    def _draw(self, figure: Figure, frames: list[F]) -> None:
        """Draws the static picture."""
        raise NotImplementedError


class Recorder(_Recording[Frame]):
    """A callback for `Trainer.fit` that keeps what `training_replay` shows, for data in the plane.

    It keeps a frame before the first step, after each `every` steps, and at the end. Going on with `fit` goes on with
    the same recording.

    Args:
        data: what `ganlib.data.load` gives for points, or an array (n, 2): the real points.
        every: steps from one frame to the next.
        samples: how many samples to keep in a frame.
        grid: D's logits are kept on grid × grid points of the square around the data.
        arrows: at how many of the samples the gradient of D's logit is kept. Going along it lowers G's loss, with every
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
        self,
        data: Data | ArrayLike,
        every: int = 100,
        samples: int = 256,
        *,
        grid: int = 36,
        arrows: int = 48,
        seed: int = 0,
    ) -> None:
        super().__init__(str(getattr(data, "name", "points")), every, seed)
        points = arguments.array("data", getattr(data, "samples", data), "points in the plane, an array (n, 2)")
        if points.ndim != 2 or points.shape[1] != 2 or not len(points) or points.dtype.kind not in "fiu":
            raise ValueError(
                f"The data have shape {points.shape} and type {points.dtype}; a replay needs points in the plane, "
                'numbers of shape (n, 2). Use ganlib.data.load("ring"), or "grid", or points of your own.'
            )
        if not np.isfinite(points).all():
            raise ValueError("The data hold NaN or infinite values. Remove or repair them first.")
        self.samples, self.grid = whole("samples", samples, 1), whole("grid", grid, 2, 256)
        self.arrows = min(whole("arrows", arrows, 0), self.samples)
        self.centers: np.ndarray | None = getattr(data, "centers", None)
        self.std: float | None = getattr(data, "std", None)
        self.real = points[:: -(-len(points) // 400)].astype(np.float32)
        low, high = points.min(axis=0).astype(float), points.max(axis=0).astype(float)
        self.centre, self.half = (low + high) / 2, 0.625 * float((high - low).max()) or 1.0
        places = self.half * ((2 * np.arange(self.grid) + 1) / self.grid - 1)
        x, y = np.meshgrid(places + self.centre[0], places + self.centre[1])
        self.points = np.stack([x.ravel(), y.ravel()], axis=1).astype(np.float32)

    def on_start(self, trainer: BaseTrainer) -> None:
        """Keeps the state before the first step."""
        if trainer.recipe.pack > 1:
            raise ValueError(
                f"D judges samples in groups of {trainer.recipe.pack} with this recipe, so it has no surface over the "
                "plane. Record a recipe with pack=1."
            )
        super().on_start(trainer)

    def _frame(self, trainer: BaseTrainer) -> Frame:
        samples = self._generate(trainer, self.samples)
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
            assert self.std is not None  # a mixture has both
            modes = int(metrics.mode_coverage(samples[finite], self.centers, self.std).modes) if finite.any() else 0
        return Frame(trainer.steps_done, samples, surface.reshape(self.grid, self.grid), gradients, modes)

    def _payload(self, frames: list[Frame]) -> dict[str, object]:
        """Points are uint16 over a square twice as wide as the view; logits and gradients are bytes."""
        reach, score = _reach(frames), None
        if self.centers is not None:
            of, modes = len(self.centers), [frame.modes or 0 for frame in frames]
            score = {
                "name": "Modes",
                "heights": [m / of for m in modes],
                "texts": [f"{m} of {of}" for m in modes],
                "said": [f"{m} of {of} modes reached" for m in modes],
                "ticks": [str(of), "0"],
                "floor": None,
            }
        return {
            "score": score,
            "grid": self.grid,
            "count": self.samples,
            "arrows": self.arrows,
            "reach": reach,
            "real": encode(self._places(self.real), "<u2"),
            "samples": encode(np.stack([self._places(frame.samples) for frame in frames]), "<u2"),
            "logits": encode(np.stack([_signed(frame.logits / reach) for frame in frames]), "u1"),
            "gradients": encode(np.stack([_signed(_lengths(frame.gradients)) for frame in frames]), "u1"),
        }

    def _places(self, points: np.ndarray) -> np.ndarray:
        """Points as 0 to 65535 over a square twice as wide as the view; those outside move to its edge."""
        inside = (points - self.centre) / (4 * self.half) + 0.5
        return np.rint(65535 * np.clip(np.nan_to_num(inside, nan=0.0), 0, 1))

    def _describe(self, frames: list[Frame]) -> str:
        about = (
            "Real and generated points in the plane over D's probability that a point is real, from vermilion over "
            "white to blue, with arrows where D's logit rises; below, both losses"
        )
        if self.centers is None:
            return about
        some = ", ".join(f"{frame.modes} at step {frame.step}" for frame in _evenly(frames, 4))
        return f"{about} and the modes reached. Of {len(self.centers)} modes the samples reach {some}"

    def _draw(self, figure: Figure, frames: list[Frame]) -> None:
        from matplotlib.colors import to_rgb

        reach, frames = _reach(frames), _evenly(frames, 4)
        figure.set_size_inches(7.2, 7.2 / len(frames) + 0.4)
        figure.set_layout_engine("constrained", h_pad=0.1)
        real, generated = (np.array(to_rgb(COLOURS[name])) for name in ("real", "generated"))
        (left, low), (right, high) = self.centre - self.half, self.centre + self.half
        for ax, frame in zip(figure.subplots(1, len(frames), squeeze=False)[0], frames, strict=True):
            # 2σ(ℓ) - 1 = tanh(ℓ/2), from generated to real
            lean = np.clip(np.tanh(np.nan_to_num(frame.logits) / 2) / np.tanh(reach / 2), -1, 1)[..., None]
            field = 1 + (np.where(lean > 0, real, generated) - 1) * 0.6 * np.abs(lean)
            ax.imshow(field, extent=(left, right, low, high), origin="lower", interpolation="bilinear")
            ax.scatter(*self.real.T, s=1.5, color="#00507D", linewidths=0)
            arrows, starts = _lengths(frame.gradients), frame.samples[: self.arrows]
            ok = np.isfinite(arrows).all(axis=1) & np.isfinite(starts).all(axis=1)
            if ok.any():
                ax.quiver(*starts[ok].T, *arrows[ok].T, angles="xy", scale=10, width=0.006, color="#14202B", zorder=2)
            ax.scatter(*frame.samples.T, s=7, color=COLOURS["generated"], edgecolors="white", linewidths=0.4, zorder=3)
            reached = "" if self.centers is None else f": {frame.modes} of {len(self.centers)} modes"
            ax.set_title(f"Step {frame.step}{reached}")
            ax.set(xlim=(left, right), ylim=(low, high), xticks=[], yticks=[])
        figure.supxlabel("Blue points: real. Vermilion: generated. Field: D's verdict, white at one half.", fontsize=8)


class ImageRecorder(_Recording[ImageFrame]):
    """A callback for `Trainer.fit` that keeps what `training_replay` shows, for images.

    It keeps frames as a `Recorder` does.

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
        score: Callable[[BaseTrainer], float] | None = None,
        score_name: str = "Fréchet",
        seed: int = 0,
    ) -> None:
        super().__init__("images", every, seed)
        self.images = whole("images", images, 1)
        if score is not None and not callable(score):
            raise TypeError(f"score must be a function of the trainer, or None, not {arguments.describe(score)}.")
        if not isinstance(score_name, str):
            raise TypeError(f"score_name must be a text, not {arguments.describe(score_name)}.")
        self.score, self.score_name = score, score_name
        self.floor: float | None = None

    def _frame(self, trainer: BaseTrainer) -> ImageFrame:
        if len(trainer.recipe.shape) != 3:
            raise ValueError(
                f"An ImageRecorder keeps images, and this recipe makes samples of shape {trainer.recipe.shape}. "
                "For points use ganlib.interactive.Recorder(data)."
            )
        self.name = trainer.recipe.data
        images = self._generate(trainer, self.images)
        score = None if self.score is None else self.score(trainer)
        if isinstance(score, metrics.Score):
            self.floor = score.perfect
        return ImageFrame(trainer.steps_done, images, None if score is None else float(score))

    def _payload(self, frames: list[ImageFrame]) -> dict[str, object]:
        """The sheets are one picture, one below the other."""
        from PIL import Image

        sheets = np.concatenate([pictures.tile(frame.images) for frame in frames])
        grey = sheets.shape[2] == 1
        image = Image.fromarray(sheets[..., 0] if grey else sheets).quantize(16 if grey else 256)
        return {"sheets": data_uri(image), "score": self._curve(frames)}

    def _curve(self, frames: list[ImageFrame]) -> Curve | None:
        """The score on a logarithmic scale, on which it falls by as much again and again."""
        values = np.array([np.nan if frame.score is None else frame.score for frame in frames])
        if not np.isfinite(values).any():
            return None
        known = values[np.isfinite(values) & (values > 0)]
        ends = [*known, *([self.floor] if self.floor else [])] or [1.0]
        low, high = min(ends), max(max(ends), 1.01 * min(ends))

        def height(value: float) -> float:
            return round(float(np.log(min(max(value, low), high) / low) / np.log(high / low)), 4)

        texts = ["–" if not np.isfinite(v) else f"{v:.3g}" if v < 100 else f"{v:.0f}" for v in values]
        best = "" if self.floor is None else f"; dotted: a perfect sampler's, {self.floor:.2g}"
        return {
            "name": self.score_name,
            "heights": [
                height(v) if np.isfinite(v) else 1.0 for v in values
            ],  # of a training that broke down: no better
            "texts": texts,
            "said": [f"{self.score_name} {text}" for text in texts],
            "ticks": [f"{high:.3g}", f"{low:.2g}"],
            "floor": height(self.floor) if self.floor else None,
            "note": f"{self.score_name} on a logarithmic scale{best}.",
        }

    def _describe(self, frames: list[ImageFrame]) -> str:
        about = f"A sheet of {self.images} generated images, from the same latents in all frames; below, both losses"
        curve = self._curve(frames)
        if curve is None:
            return about
        texts = _evenly(list(zip(curve["texts"], frames, strict=True)), 4)
        some = ", ".join(f"{text} at step {frame.step}" for text, frame in texts)
        best = "" if self.floor is None else f"; a perfect sampler has {self.floor:.2g}"
        return f"{about} and the score, {self.score_name}: {some}{best}"

    def _draw(self, figure: Figure, frames: list[ImageFrame]) -> None:
        curve = self._curve(frames)
        said = [f": {text}" for text in curve["said"]] if curve else [""] * len(frames)
        chosen = _evenly(list(zip(frames, said, strict=True)), 4)
        figure.set_size_inches(7.2, 7.2 / len(chosen) + 0.25)
        draw_sheets(figure, {f"Step {frame.step}{text}": frame.images for frame, text in chosen})


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
    return recorder._replay(whole("frames", frames, 2))


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


def _evenly(values: list[T], count: int) -> list[T]:
    """At most this many of the values, evenly chosen, the first and the last among them."""
    return [values[round(i)] for i in np.linspace(0, len(values) - 1, min(count, len(values)))]


def _reach(frames: list[Frame]) -> float:
    """The logit at which the field's colours end; few logits of few frames lie beyond."""
    sizes = [np.quantile(np.abs(np.nan_to_num(frame.logits, posinf=8, neginf=-8)), 0.99) for frame in frames]
    return round(float(np.clip(np.quantile(sizes, 0.9), 0.01, 8)), 4)


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
