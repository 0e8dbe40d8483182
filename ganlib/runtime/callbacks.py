"""Callbacks for `Trainer.fit` that write pictures and logs while a training runs.

>>> pictures = ganlib.callbacks.Samples("runs/digits/samples", every=500)
>>> trainer.fit(data, callbacks=[pictures, ganlib.callbacks.TensorBoard("runs/digits/tensorboard")])
"""

from __future__ import annotations

import importlib.util
import os
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from ganlib.errors import MissingBackend
from ganlib.runtime import pictures


class Samples:
    """Draws samples of the same latents every so many steps: directory/step-00000500.png.

    Args:
        directory: where the pictures go; made if it is not there.
        every: steps from one picture to the next. The last step gets one too.
        n: samples in a picture.
        seed: of their latents.
        data: `ganlib.data.Data` to draw points over; images need none.
    """

    def __init__(
        self, directory: str | os.PathLike[str], every: int = 500, n: int = 64, seed: int = 0, data: Any = None
    ) -> None:
        if every < 1:
            raise ValueError(f"every must be at least 1, not {every!r}.")
        self.directory, self.every, self.n, self.seed, self.data = Path(directory), every, n, seed, data

    def on_step(self, trainer: Any, metrics: dict[str, float]) -> None:
        if trainer.steps_done % self.every == 0:
            self._draw(trainer)

    def on_end(self, trainer: Any) -> None:
        if trainer.steps_done % self.every:
            self._draw(trainer)

    def _draw(self, trainer: Any) -> None:
        n = self.n if len(trainer.recipe.shape) == 3 else max(self.n, 1000)
        path = self.directory / f"step-{trainer.steps_done:08d}.png"
        samples = trainer.sample(n, seed=self.seed)
        if (
            np.isfinite(samples.reshape(n, -1)).all(axis=1).any()
        ):  # of a training that fails nothing may be left to draw
            pictures.write(path, pictures.png(samples, self.data))


class TensorBoard:
    """Logs the metrics, and samples, for TensorBoard, with the trainer's framework's own writer.

    Args:
        directory: where the event files go: `tensorboard --logdir DIRECTORY` shows them.
        every: steps from one logged value to the next.
        every_picture: steps from one picture of samples to the next; 0 for none.

    Raises:
        MissingBackend: the package tensorboard is not installed.
    """

    def __init__(self, directory: str | os.PathLike[str], every: int = 10, every_picture: int = 500) -> None:
        if importlib.util.find_spec("tensorboard") is None:
            raise MissingBackend(
                "TensorBoard is not installed, and its logs cannot be written without it. "
                "Install it: pip install tensorboard; or train without these logs."
            )
        self.directory, self.every, self.every_picture = Path(directory), every, every_picture

    def on_start(self, trainer: Any) -> None:
        self.writer = (_TorchWriter if trainer.backend == "torch" else _TensorFlowWriter)(self.directory)

    def on_step(self, trainer: Any, metrics: dict[str, float]) -> None:
        step = trainer.steps_done
        if step % self.every == 0:
            self.writer.scalars(metrics, step)
        if self.every_picture and step % self.every_picture == 0 and len(trainer.recipe.shape) == 3:
            self.writer.picture("samples", pictures.tile(trainer.sample(64)), step)

    def on_end(self, trainer: Any) -> None:
        self.writer.close()

    on_fail = on_end


class _TorchWriter:
    def __init__(self, directory: Path) -> None:
        # Where TensorFlow is installed too, tensorboard imports it, which takes seconds, unless this module exists.
        sys.modules.setdefault("tensorboard.compat.notf", ModuleType("tensorboard.compat.notf"))
        from torch.utils.tensorboard import SummaryWriter

        self.writer = SummaryWriter(str(directory))

    def scalars(self, metrics: dict[str, float], step: int) -> None:
        for name, value in metrics.items():
            self.writer.add_scalar(name, value, step)

    def picture(self, name: str, picture: np.ndarray, step: int) -> None:
        self.writer.add_image(name, picture, step, dataformats="HWC")

    def close(self) -> None:
        self.writer.close()


class _TensorFlowWriter:
    def __init__(self, directory: Path) -> None:
        import tensorflow as tf

        self.summary = tf.summary
        self.writer = tf.summary.create_file_writer(str(directory))

    def scalars(self, metrics: dict[str, float], step: int) -> None:
        with self.writer.as_default(step):
            for name, value in metrics.items():
                self.summary.scalar(name, value)

    def picture(self, name: str, picture: np.ndarray, step: int) -> None:
        with self.writer.as_default(step):
            self.summary.image(name, picture[None])

    def close(self) -> None:
        self.writer.close()
