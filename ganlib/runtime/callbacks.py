"""Callbacks for `Trainer.fit` that write pictures and logs while a training runs.

>>> pictures = ganlib.callbacks.Samples("runs/digits/samples", every=500)
>>> trainer.fit(data, callbacks=[pictures, ganlib.callbacks.TensorBoard("runs/digits/tensorboard")])
"""

import importlib.util
import os
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType

import numpy as np

from ganlib import arguments
from ganlib.data import Data
from ganlib.errors import MissingBackend
from ganlib.runtime import pictures
from ganlib.runtime.files import write_aside
from ganlib.runtime.trainer import BaseTrainer


class Samples:
    """Draws n samples of the same latents, from `seed`, at regular steps and the last: directory/step-00000500.png.

    `data` is `ganlib.data.Data` to draw points over; images need none.
    """

    def __init__(
        self, directory: str | os.PathLike[str], every: int = 500, n: int = 64, seed: int = 0, data: Data | None = None
    ) -> None:
        self.directory, self.every = Path(directory), arguments.whole("every", every, 1)
        self.n, self.seed, self.data = n, seed, data

    def on_step(self, trainer: BaseTrainer, metrics: Mapping[str, float]) -> None:
        if trainer.steps_done % self.every == 0:
            self._draw(trainer)

    def on_end(self, trainer: BaseTrainer) -> None:
        if trainer.steps_done % self.every:
            self._draw(trainer)

    def _draw(self, trainer: BaseTrainer) -> None:
        n = self.n if len(trainer.recipe.shape) == 3 else max(self.n, 1000)
        path = self.directory / f"step-{trainer.steps_done:08d}.png"
        samples = trainer.sample(n, seed=self.seed)
        if np.isfinite(samples.reshape(n, -1)).all(axis=1).any():  # a training that fails may leave nothing to draw
            columns = pictures.columns_of(trainer.recipe.classes)
            write_aside(path, pictures.png(samples, self.data, columns=columns))


class TensorBoard:
    """Logs the metrics, and samples, for TensorBoard: `tensorboard --logdir DIRECTORY` shows them.

    `every` and `every_picture` are the steps from one logged value, and picture, to the next; 0 for no picture.
    """

    def __init__(self, directory: str | os.PathLike[str], every: int = 10, every_picture: int = 500) -> None:
        if importlib.util.find_spec("tensorboard") is None:
            raise MissingBackend("TensorBoard is not installed. pip install tensorboard, or train without its logs.")
        self.directory, self.every = Path(directory), arguments.whole("every", every, 1)
        self.every_picture = arguments.whole("every_picture", every_picture, 0)

    def on_start(self, trainer: BaseTrainer) -> None:
        if "tensorflow" not in sys.modules:
            # Where TensorFlow is installed tensorboard imports it, which takes seconds, unless this module exists.
            sys.modules.setdefault("tensorboard.compat.notf", ModuleType("tensorboard.compat.notf"))
        from tensorboard.summary.writer.event_file_writer import EventFileWriter

        self.writer = EventFileWriter(str(self.directory))

    def on_step(self, trainer: BaseTrainer, metrics: Mapping[str, float]) -> None:
        step = trainer.steps_done
        if step % self.every == 0:
            self._log(step, [{"tag": name, "simple_value": value} for name, value in metrics.items()])
        if self.every_picture and step % self.every_picture == 0 and len(trainer.recipe.shape) == 3:
            samples = trainer.sample(64)
            sizes = dict(zip(("height", "width", "colorspace"), pictures.tile(samples).shape, strict=True))
            image = {**sizes, "encoded_image_string": pictures.png(samples, scale=1)}
            self._log(step, [{"tag": "samples", "image": image}])

    def on_end(self, trainer: BaseTrainer) -> None:
        self.writer.close()

    on_fail = on_end

    def _log(self, step: int, values: list[dict[str, object]]) -> None:
        from tensorboard.compat.proto.event_pb2 import Event

        self.writer.add_event(Event(step=step, wall_time=time.time(), summary={"value": values}))
