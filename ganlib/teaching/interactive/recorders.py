"""Callbacks that keep what `training_replay` shows, while the training runs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, TypeVar

import numpy as np
from numpy.typing import ArrayLike

from ganlib import arguments, metrics
from ganlib.arguments import whole

if TYPE_CHECKING:
    from ganlib.data import Data
    from ganlib.runtime.trainer import BaseTrainer

F = TypeVar("F", "Frame", "ImageFrame")


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


class _Recording(Generic[F]):
    """What both recorders do: keep all losses, and frames before the first step, every `every` steps and at the end."""

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
        """Keeps the losses, and a frame every `every` steps."""
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

    def _frame(self, trainer: BaseTrainer) -> F:
        """What is kept of the trainer as it is now."""
        raise NotImplementedError


class Recorder(_Recording[Frame]):
    """A callback for `Trainer.fit` that keeps what `training_replay` shows, for data in the plane.

    It keeps a frame before the first step, every `every` steps, and at the end. Another `fit` of the same trainer goes
    on with the same recording.

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

    def _frame(self, trainer: BaseTrainer) -> Frame:
        if trainer.recipe.pack > 1:
            raise ValueError(
                f"D judges samples in groups of {trainer.recipe.pack} with this recipe, so it has no surface over the "
                "plane. Record a recipe with pack=1."
            )
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


class ImageRecorder(_Recording[ImageFrame]):
    """A callback for `Trainer.fit` that keeps what `training_replay` shows, for images.

    It keeps its frames when a `Recorder` does.

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
