"""What both trainers share and no framework touches: checks, random draws, the loop, its history, its files.

The adversarial step itself is written twice, in `ganlib.torch.training` and `ganlib.tensorflow.training`.
"""

from __future__ import annotations

import abc
import contextlib
import importlib.util
import os
import re
import signal
import sys
import threading
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Self

import numpy as np

from ganlib import architectures, arguments, initialise
from ganlib.errors import CheckpointError, OutOfMemory, RecipeError, TrainingFailed
from ganlib.recipe import PRECISIONS, Recipe
from ganlib.runtime import checkpoint, failure

EVENTS = ("on_start", "on_step", "on_end", "on_fail")
BATCH_AXES = (("latents", 1), ("instance_noise", 2), ("mix", 1))  # of the random numbers that go into the networks
METRICS = ("d_loss", "g_loss", "d_real", "d_fake", "penalty", "solver_steps")
SAMPLE_BATCH = 256  # samples generated at once
BLOCK = 100  # steps after which metrics that wait on a device are fetched and checked
TOGETHER = 50  # steps at most that are handed to the framework together
PATIENCE = 0.1  # seconds that such a block may take, so that Ctrl-C and the progress bar stay quick


class BaseTrainer(abc.ABC):
    """Trains a generator against a discriminator as a recipe says.

    Args:
        recipe: the experiment, from `ganlib.recipe`.
        seed: of the initial weights, the latents and the order of the data. The same seed gives the same numbers in
            both frameworks.
        precision: "float64", "float32", "bfloat16" (mixed: float32 weights, bfloat16 arithmetic) or "auto", the
            fastest the machine does well; None takes the recipe's.
        device: the framework's name of a device; None takes a GPU where there is one.
        compiled: whether the framework's compiler makes the step, `torch.compile` or XLA. It takes up to a minute
            before the first step and is meant for long runs on a GPU, where it has not been measured yet. PyTorch
            compiles the networks, but not what takes second derivatives; TensorFlow compiles all of the step, and
            draws other masks of dropout then.
        generator, discriminator: networks of your own in place of the recipe's. They keep their weights.

    With several devices (`ganlib.torch.distributed`, `ganlib.tensorflow.distributed`) `workers` says how many share
    each batch, and `rank` which of them this process is; with one they are 1 and 0.

    Example:
        >>> trainer = gl.Trainer(ganlib.recipe("dcgan-digits"), seed=0)
        >>> history = trainer.fit(ganlib.data.load("digits"), steps=500)
        >>> images = trainer.sample(64, seed=1)
    """

    backend: str

    def __init__(
        self,
        recipe: Recipe,
        seed: int = 0,
        precision: str | None = None,
        device: str | None = None,
        *,
        compiled: bool = False,
        generator: Any = None,
        discriminator: Any = None,
    ) -> None:
        if not isinstance(recipe, Recipe):
            raise TypeError(f'recipe must be a Recipe, not {recipe!r}. Make one: ganlib.recipe("dcgan-digits").')
        for name, network in (("generator", generator), ("discriminator", discriminator)):
            if network is not None and not isinstance(network, self._network):
                kind = f"{self._network.__module__.split('.')[0]}'s {self._network.__name__}"
                raise TypeError(f"{name} must be a network, {kind}, not {arguments.describe(network)}.")
        if device is not None and not isinstance(device, str):
            raise TypeError(
                f"device must be the name of a device, 'cpu' for example, not {arguments.describe(device)}."
            )
        precision = recipe.precision if precision is None else precision
        if precision not in PRECISIONS:
            raise ValueError(f"precision must be one of {', '.join(PRECISIONS)}, not {precision!r}.")
        if not isinstance(compiled, bool):
            raise TypeError(f"compiled must be True or False, not {compiled!r}.")
        self.compiled = compiled
        self.recipe, self.seed = recipe, arguments.whole("seed", seed, 0)
        self.rank, self.workers = self._join()
        if recipe.batch_size % (self.workers * recipe.pack):
            raise RecipeError(
                f"batch_size={recipe.batch_size} cannot be shared by {self.workers} workers"
                + (f" in groups of pack={recipe.pack}." if recipe.pack > 1 else ".")
                + f" Use a multiple of {self.workers * recipe.pack}."
            )
        if recipe.penalty == "consensus" and self.workers > 1:
            raise RecipeError(
                "The penalty 'consensus' cannot be shared by several workers. Use one, or another penalty."
            )
        if recipe.update == "competitive" and self.workers > 1:
            raise RecipeError(
                "The update 'competitive' cannot be shared by several workers. Use one, or another update."
            )
        self.device = self._choose_device(device)
        self.precision = self._fastest_precision() if precision == "auto" else precision
        left_out = {"penalty"} if recipe.penalty == "none" else set()
        left_out |= {"solver_steps"} if recipe.update != "competitive" else set()
        self.metric_names = tuple(name for name in METRICS if name not in left_out)
        self.steps_done = 0
        self._streams = initialise.streams(self.seed)
        self._batches = initialise.Batches(self._streams["batches"], recipe.batch_size)
        self._rows: list[Any] = []  # metrics (steps, names) in blocks, still where the framework computed them
        self._waiting = 0  # steps in these blocks
        self._history: dict[str, list[np.ndarray]] = {}
        self._stop = False
        self.broken_off = False  # whether a step was begun and not finished, by an error or a second Ctrl-C
        # On the CPU looking at a number is free. Elsewhere it would make Python wait for the device at every step.
        self._block = 1 if self.device.lower().startswith("cpu") else BLOCK
        # Steps of one player alone that are handed over together. Of images the draws would fill the memory.
        self._at_once = TOGETHER if len(recipe.shape) == 1 else 1
        self._kept: Any = None  # what the last step known to be good left
        self._inputs: Any = None  # of the step that is looked at where one fails
        with _memory(recipe):
            self._build(generator, discriminator)

    def fit(
        self,
        data: Any,
        steps: int | None = None,
        callbacks: Iterable[Any] = (),
        progress: bool | None = None,
    ) -> Mapping[str, np.ndarray]:
        """Trains, and returns the history of all steps so far.

        Args:
            data: what `ganlib.data.load` gives, or a NumPy array of samples (n, *recipe.shape); images in [-1, 1].
            steps: so many steps more; None goes on to the recipe's number of steps.
            callbacks: objects with any of the methods on_start(trainer), on_step(trainer, metrics), on_end(trainer)
                and, where an error ends the run, on_fail(trainer). `metrics` maps names to the floats of this step;
                `trainer.stop()` ends the run.
            progress: whether to show a progress bar with the losses. None shows one in a terminal and in a notebook,
                unless the environment variable GANLIB_PROGRESS is 0.

        Returns:
            Metric name → NumPy array (steps,). `d_loss` and `g_loss` are the losses without penalties, `d_real` and
            `d_fake` the mean logits of D's last batch, `penalty` the weighted penalty of that step, `solver_steps`
            the steps of conjugate gradient in a competitive update.

        A KeyboardInterrupt (Ctrl-C, a notebook's stop button) ends the run after the step under way and keeps what was
        trained; calling fit again goes on from there.

        Raises:
            TrainingFailed: a number became NaN or infinite. The error names the step, the first tensor and likely
                causes. On the CPU every step is checked, and the trainer is left as the last good step left it, to
                the bit. On a GPU, where a look at each step would slow all of them, that is done every 100 steps: the
                trainer is left as the last good look found it, up to 100 steps back, and the tensor is known only as
                one of the metrics. With a callback that has on_step each step is looked at there too.
        """
        samples = self._check_samples(data)
        if steps is None:
            steps = self.recipe.steps - self.steps_done
            if steps <= 0:
                raise ValueError(
                    f"All {self.recipe.steps} steps of this recipe are done. To train further say how far, for "
                    "example fit(data, steps=500); to start again make a new Trainer."
                )
        steps = arguments.whole("steps", steps, 1)
        if not isinstance(callbacks, Iterable):
            raise TypeError(f"callbacks must be a list of callbacks, not {arguments.describe(callbacks)}.")
        callbacks = tuple(callbacks)
        for callback in callbacks:
            if isinstance(callback, type):
                raise TypeError(
                    f"{callback.__name__} is a class; give an object of it: callbacks=[{callback.__name__}(…)]."
                )
            if not any(hasattr(callback, event) for event in EVENTS):
                raise TypeError(f"{callback!r} is no callback: it has none of the methods {', '.join(EVENTS)}.")
        heard = any(hasattr(callback, "on_step") for callback in callbacks)
        # Several workers would have to agree on how many steps; and a block is penalised as a whole.
        together = not heard and self.workers == 1 and self.recipe.penalty_every == 1
        with _memory(self.recipe):
            device_samples = self._to_device(samples)
        self._stop = False
        try:
            with (
                _progress_bar(steps, self.recipe.name, False if self.rank else progress) as bar,
                _late_interrupt(self.stop),
            ):
                _call(callbacks, "on_start", self)
                left, size = steps, 1
                while left:
                    start = time.perf_counter()
                    self._advance(device_samples, size)
                    left -= size
                    if heard:
                        _call(callbacks, "on_step", self, self._last())
                    bar.advance(self._last, size)
                    if self._any_stops():
                        break
                    if together:
                        fitting = int(size * PATIENCE / max(time.perf_counter() - start, 1e-6))
                        size = max(1, min(left, TOGETHER, 2 * size, fitting))
        except KeyboardInterrupt:
            bar.note(f"Stopped at step {self.steps_done}; what was trained is kept, and fit goes on from here.")
        except TrainingFailed:
            _end(callbacks, self)  # the trainer holds a good state: let it be saved
            raise
        except BaseException:
            _call(callbacks, "on_fail", self)
            raise
        _end(callbacks, self)
        return self.history

    def step(self, real: np.ndarray) -> dict[str, float]:
        """One step of the game on the given samples: D's step or steps, then G's. Returns its metrics.

        Args:
            real: (discriminator_steps · batch_size, *recipe.shape), in the data's layout and range.
        """
        real = self._check_samples(real, minimum=self.recipe.discriminator_steps * self.recipe.batch_size)
        expected = self.recipe.discriminator_steps * self.recipe.batch_size
        if len(real) != expected:
            raise ValueError(
                f"step got {len(real)} samples and needs discriminator_steps · batch_size = {expected}. "
                "Slice your data, or let fit draw the batches."
            )
        self._advance(self._to_device(real), 1, np.arange(expected).reshape(1, self.recipe.discriminator_steps, -1))
        return self._last()

    def fit_discriminator(self, data: Any, steps: int, fake: np.ndarray | None = None) -> dict[str, np.ndarray]:
        """Trains D alone: the inner maximum of the game. G, `history` and `steps_done` stay as they are.

        Args:
            data: the real samples, as for `fit`.
            steps: steps of D.
            fake: samples (n, *recipe.shape) to tell from the real ones, drawn from in batches; None takes fresh
                samples of G in training mode at each step.

        Returns:
            Metric name → NumPy array (steps,): `d_loss`, `d_real`, `d_fake`, and `penalty` if there is one.

        Example:
            >>> trainer.fit_discriminator(real, steps=500, fake=fake)
            >>> density_ratio = np.exp(trainer.logits(points))
        """
        samples, batch = self._check_samples(data), self.recipe.batch_size
        fakes = None if fake is None else self._check_samples(fake)
        real_device = self._to_device(samples)
        fake_device = None if fakes is None else self._to_device(fakes)
        self._keep()
        steps, rows = arguments.whole("steps", steps, 1), []
        size = self._at_once if self.recipe.penalty_every == 1 else 1  # a block is penalised as a whole
        for start in range(0, steps, size):
            indices, chosen, draws = [], [], []
            for _ in range(min(size, steps - start)):
                indices.append(self._batches.next(len(samples)))
                if fakes is not None:
                    chosen.append(self._streams["latents"].integers(len(fakes), size=batch))
                draws.append(self._draw(self.steps_done))
            penalise = self.recipe.penalty != "none" and start % self.recipe.penalty_every == 0
            rows.append(self._play_discriminator(real_device, fake_device, indices, chosen, draws, penalise))
        names = ("d_loss", "d_real", "d_fake", "penalty")[: 3 + (self.recipe.penalty != "none")]
        return self._alone(names, rows)

    def fit_generator(self, data: Any, steps: int) -> dict[str, np.ndarray]:
        """Trains G alone against D as it is. D, `history` and `steps_done` stay as they are.

        Args:
            data: the real samples, as for `fit`; only the relativistic loss looks at them.
            steps: steps of G.

        Returns:
            `g_loss` → NumPy array (steps,).
        """
        samples = self._check_samples(data)
        device_samples = self._to_device(samples)
        self._keep()
        steps, rows = arguments.whole("steps", steps, 1), []
        for start in range(0, steps, self._at_once):
            indices, draws = [], []
            for _ in range(min(self._at_once, steps - start)):
                indices.append(self._batches.next(len(samples)))
                draws.append(self._draw(self.steps_done))
            rows.append(self._play_generator(device_samples, indices, draws))
        return self._alone(("g_loss",), rows)

    def logits(self, samples: np.ndarray) -> np.ndarray:
        """D's logits (n,) of samples (n, *recipe.shape), as NumPy, in inference mode.

        With packing (`recipe.pack` above 1) one logit for each `pack` samples that follow one another.
        """
        samples = self._check_samples(samples, minimum=1)
        if len(samples) % self.recipe.pack:
            raise ValueError(f"{len(samples)} samples cannot be judged in groups of pack={self.recipe.pack}.")
        size = SAMPLE_BATCH * self.recipe.pack
        blocks = [samples[i : i + size] for i in range(0, len(samples), size)]
        return np.concatenate([self._logits(block) for block in blocks])

    def stop(self) -> None:
        """Ends the run after the step under way. For callbacks."""
        self._stop = True

    @property
    def history(self) -> dict[str, np.ndarray]:
        """Metric name → NumPy array with one value for each step since the start."""
        self._flush()
        return {name: np.concatenate(blocks) for name, blocks in self._history.items()}

    def sample(self, n: int, seed: int = 0) -> np.ndarray:
        """n generated samples (n, *recipe.shape) as NumPy, in the data's layout and range.

        They come from the moving average of the generator where the recipe keeps one, and in inference mode: batch
        normalisation uses its moving statistics, so a sample does not depend on its neighbours.

        Args:
            n: how many.
            seed: of the latents.
        """
        n = arguments.whole("n", n, 1)
        latents = np.random.default_rng(arguments.whole("seed", seed, 0)).standard_normal((n, self.recipe.latent))
        return self.generate(latents)

    def generate(self, latents: np.ndarray, averaged: bool = True) -> np.ndarray:
        """The samples of given latents (n, recipe.latent), like `sample`; averaged=False asks the generator itself."""
        latents = arguments.array("latents", latents)
        if latents.ndim != 2 or latents.shape[1] != self.recipe.latent or not len(latents):
            raise ValueError(f"latents has shape {latents.shape}; expected (n, {self.recipe.latent}).")
        if not np.isfinite(latents).all():
            raise ValueError("The latents hold NaN or infinite values; expected finite numbers.")
        blocks = [latents[i : i + SAMPLE_BATCH] for i in range(0, len(latents), SAMPLE_BATCH)]
        model = self.generator if self.average is None or not averaged else self.average
        return np.concatenate([self._generate(block, model) for block in blocks])

    def save(self, directory: str | os.PathLike[str], keep: int | None = 3, score: float | None = None) -> Path:
        """Saves everything that training goes on from into one file in `directory`, and returns its path.

        Weights, moving average, both optimisers' moments, random states, data order, history, recipe, versions. The
        file is called by the step, for example step-00001000.safetensors. It is written aside and then renamed, so an
        interrupted save leaves the ones before intact. `ganlib.checkpoint.Saver` calls this while `fit` runs.

        Args:
            directory: the run's folder, which holds no other run; made if it is not there.
            keep: so many last checkpoints are kept, and the best one; None keeps all.
            score: how good this one is, the smaller the better.

        Raises:
            CheckpointNotSaved: the disk is full, the folder cannot be written to, …
            CheckpointError: the folder holds another run or a later step, or another process works in it.
        """
        if self.rank:
            return Path(directory)  # of several workers the first one writes
        arrays = {
            **_prefixed("generator", self._weights(self.generator)),
            **_prefixed("discriminator", self._weights(self.discriminator)),
            **_prefixed("generator_optimiser", self._optimiser_state(self.generator, self._generator_optimiser)),
            **_prefixed(
                "discriminator_optimiser",
                self._optimiser_state(self.discriminator, self._discriminator_optimiser),
            ),
            **_prefixed("history", self.history),
        }
        if self.average is not None:
            arrays.update(_prefixed("average", self._weights(self.average)))
        state = {
            "recipe": self.recipe.to_json(),
            "backend": self.backend,
            "seed": self.seed,
            "precision": self.precision,
            "steps_done": self.steps_done,
            "batches": self._batches.state(),
            "streams": {name: rng.bit_generator.state for name, rng in self._streams.items() if name != "batches"},
        }
        return checkpoint.save(directory, self.steps_done, arrays, state, keep, score)

    @classmethod
    def load(
        cls,
        directory: str | os.PathLike[str],
        which: str | int = "latest",
        precision: str | None = None,
        device: str | None = None,
        *,
        recipe: Recipe | None = None,
        compiled: bool = False,
        generator: Any = None,
        discriminator: Any = None,
    ) -> Self:
        """The trainer that `save` wrote, from either framework, ready to sample or to go on training.

        Args:
            directory: the folder that was given to `save`.
            which: "latest", "best" (the one with the smallest score), or a step.
            precision: None keeps the saved one.
            device: None takes a GPU where there is one.
            recipe: the one that you expect. Another one is refused, field by field; only `about`, `steps` and the
                folder of images may differ, and those of your recipe are taken. None takes the saved recipe.
            compiled: as for a new trainer; it is not saved.
            generator, discriminator: the networks of your own that the run was started with, if it was.

        Raises:
            CheckpointError: there is no checkpoint, it is damaged, or it does not fit. A damaged one is not passed over
                in silence: the error names the newest good one.
        """
        arrays, state = checkpoint.load(directory, which)
        own = {"generator": generator, "discriminator": discriminator}
        with _fitting(directory):
            saved = Recipe.from_json(state["recipe"])
            _check_state(arrays, state, saved, [name for name, network in own.items() if network is None])
        if recipe is not None and (differing := checkpoint.differences(saved, recipe)):
            raise CheckpointError(
                f"The checkpoint in {os.fspath(directory)} is of another recipe: {'; '.join(differing)}. Give that "
                "recipe, or none to take the saved one."
            )
        trainer = cls(recipe or saved, state["seed"], precision or state["precision"], device, compiled=compiled, **own)
        with _fitting(directory):
            trainer._set_weights(trainer.generator, _part("generator", arrays))
            trainer._set_weights(trainer.discriminator, _part("discriminator", arrays))
            if trainer.average is not None:
                trainer._set_weights(trainer.average, _part("average", arrays))
            for player in ("generator", "discriminator"):
                trainer._set_optimiser_state(
                    getattr(trainer, player),
                    getattr(trainer, f"_{player}_optimiser"),
                    _part(f"{player}_optimiser", arrays),
                )
            kept = _part("history", arrays)  # a file keeps no order
            trainer._history = {name: [kept[name]] for name in trainer.metric_names if kept}
            trainer.steps_done = state["steps_done"]
            trainer._batches.restore(state["batches"])
            for name, rng in state["streams"].items():
                trainer._streams[name].bit_generator.state = rng
        return trainer

    # What a framework supplies.

    _network: type  # the framework's class of networks
    generator: Any
    discriminator: Any
    average: Any  # the generator's moving average, or None
    metric_names: tuple[str, ...]
    _generator_optimiser: Any
    _discriminator_optimiser: Any

    @abc.abstractmethod
    def _join(self) -> tuple[int, int]: ...

    @abc.abstractmethod
    def _any_stops(self) -> bool: ...

    @abc.abstractmethod
    def _choose_device(self, device: str | None) -> str: ...

    @abc.abstractmethod
    def _fastest_precision(self) -> str: ...

    @abc.abstractmethod
    def _build(self, generator: Any, discriminator: Any) -> None: ...

    @abc.abstractmethod
    def _to_device(self, samples: np.ndarray) -> Any: ...

    @abc.abstractmethod
    def _take(self, samples: Any, indices: list[np.ndarray]) -> list[Any]: ...

    @abc.abstractmethod
    def _play(self, samples: Any, indices: np.ndarray, draws: list[dict[str, np.ndarray]], penalise: bool) -> Any: ...

    @abc.abstractmethod
    def _step(self, real: list[Any], draws: dict[str, np.ndarray], penalise: bool) -> Any: ...

    @abc.abstractmethod
    def _play_discriminator(
        self,
        samples: Any,
        fakes: Any | None,
        indices: Sequence[np.ndarray],
        chosen: Sequence[np.ndarray],
        draws: Sequence[dict[str, np.ndarray]],
        penalise: bool,
    ) -> Any: ...

    @abc.abstractmethod
    def _play_generator(
        self, samples: Any, indices: Sequence[np.ndarray], draws: Sequence[dict[str, np.ndarray]]
    ) -> Any: ...

    @abc.abstractmethod
    def _logits(self, samples: np.ndarray) -> np.ndarray: ...

    @abc.abstractmethod
    def _generate(self, latents: np.ndarray, model: Any) -> np.ndarray: ...

    @abc.abstractmethod
    def _tensor(self, array: np.ndarray) -> Any: ...

    @abc.abstractmethod
    def _to_numpy(self, rows: list[Any]) -> np.ndarray: ...

    @abc.abstractmethod
    def _weights(self, model: Any) -> dict[str, np.ndarray]: ...

    @abc.abstractmethod
    def _set_weights(self, model: Any, weights: Mapping[str, np.ndarray]) -> None: ...

    @abc.abstractmethod
    def _sum_of_state(self) -> Any: ...

    @abc.abstractmethod
    def _copy_state(self) -> Any: ...

    @abc.abstractmethod
    def _restore_state(self, state: Any) -> None: ...

    @abc.abstractmethod
    def _optimiser_state(self, model: Any, optimiser: Any) -> dict[str, np.ndarray]: ...

    @abc.abstractmethod
    def _set_optimiser_state(self, model: Any, optimiser: Any, state: Mapping[str, np.ndarray]) -> None: ...

    # What no framework touches.

    def _advance(self, samples: Any, steps: int, indices: np.ndarray | None = None) -> None:
        """The next so many steps, on batches of the samples; `indices` (steps, D's turns, batch) may say on which.

        Where one of several goes bad, all of them are taken again one by one, so that the error names it.
        """
        recipe = self.recipe
        self._keep()
        self.broken_off = True
        if indices is None:
            turns = [self._batches.next(len(samples)) for _ in range(steps * recipe.discriminator_steps)]
            indices = np.stack(turns).reshape(steps, recipe.discriminator_steps, -1)
        draws = [self._draw(self.steps_done + i) for i in range(steps)]
        penalise = recipe.penalty != "none" and self.steps_done % recipe.penalty_every == 0
        self._inputs = samples, indices[-1], draws[-1], penalise
        with _memory(recipe):
            rows = self._play(samples, indices, draws, penalise)
        if steps > 1 and self._block == 1 and not np.isfinite(self._to_numpy([rows])).all():
            self._restore()
            for _ in range(steps):
                self._advance(samples, 1)
            return
        self._rows.append(rows)
        self._waiting += steps
        self.steps_done += steps
        self.broken_off = False
        if self._waiting >= self._block:
            self._flush()

    def _keep(self) -> None:
        """Copies what a step changes, where all steps before are known to be good."""
        if not self._rows:
            streams = {name: rng.bit_generator.state for name, rng in self._streams.items() if name != "batches"}
            self._kept = self._copy_state(), self.steps_done, self._batches.state(), streams

    def _restore(self) -> None:
        """Goes back to what `_keep` copied."""
        state, self.steps_done, batches, streams = self._kept
        self._restore_state(state)
        self._batches.restore(batches)
        for name, kept in streams.items():
            self._streams[name].bit_generator.state = kept

    def _fail(self, rows: np.ndarray) -> None:
        """Goes back to the last good state, finds what went bad first, and raises TrainingFailed.

        Args:
            rows: the metrics of the steps since then; the last is the bad one.
        """
        exact = len(rows) == 1 and self.steps_done == self._kept[1] + 1
        step = self._kept[1] + len(rows)
        history = {
            name: np.concatenate([*self._history.get(name, ()), column])
            for name, column in zip(self.metric_names, rows.T, strict=False)
        }
        self._restore()
        samples, indices, draws, penalise = self._inputs
        self._inputs = self._take(samples, list(indices)), draws, penalise
        found = failure.first_bad(self, *self._inputs) if exact else None
        if exact:
            self._restore()
        raise failure.error(self, step, found or failure.bad_metric(self.metric_names, rows[-1]), history)

    def _alone(self, names: tuple[str, ...], rows: list[Any]) -> dict[str, np.ndarray]:
        """The metrics of one player's steps; if one is bad, the player goes back to where it was before them."""
        values = self._to_numpy(rows)
        bad = ~np.isfinite(values).all(axis=1)
        bad[-1] |= not np.isfinite(self._to_numpy([self._sum_of_state()[None]])).all()
        if bad.any():
            step = int(bad.argmax())
            history = dict(zip(names, values[: step + 1].T, strict=False))
            self._restore()
            raise failure.error(self, step + 1, failure.bad_metric(names, values[step]), history)
        return dict(zip(names, values.T, strict=False))

    def _draw(self, step: int) -> dict[str, np.ndarray]:
        """Every random number of one step, drawn with NumPy so that both frameworks use the same."""
        recipe, streams = self.recipe, self._streams
        turns, batch = recipe.discriminator_steps, recipe.batch_size
        draws = {
            "latents": streams["latents"].standard_normal((turns + recipe.fresh_noise, batch, recipe.latent)),
            "dropout": streams["dropout"].integers(2**31, size=1),
            "progress": np.array(min(1.0, step / recipe.steps)),  # for what changes along the run
        }
        if recipe.penalty == "wgan_gp":
            draws["mix"] = streams["mix"].uniform(size=(turns, batch // recipe.pack))
        if recipe.instance_noise:
            left = 1.0
            if recipe.instance_noise_steps:
                left = max(0.0, 1 - step / recipe.instance_noise_steps)
            # For D's real and fake inputs at each of its turns, and for both at G's.
            shape = (turns + 1, 2, batch, *recipe.shape)
            draws["instance_noise"] = recipe.instance_noise * left * streams["instance_noise"].standard_normal(shape)
        return draws

    def _last(self) -> dict[str, float]:
        self._flush()
        return {name: float(blocks[-1][-1]) for name, blocks in self._history.items()}

    def _flush(self) -> None:
        """Moves the metrics that wait on the device into the history, in one transfer."""
        if self._rows:
            values = self._to_numpy(self._rows)
            self._rows, self._waiting = [], 0
            bad = ~np.isfinite(values).all(axis=1)
            if bad.any():
                self._fail(values[: int(bad.argmax()) + 1])
            # Behind the metrics stands the sum of all weights, which is there to be checked.
            for name, column in zip(self.metric_names, values.T, strict=False):
                self._history.setdefault(name, []).append(np.array(column, dtype=np.float64))

    def _check_samples(self, data: Any, minimum: int | None = None) -> np.ndarray:
        samples = getattr(data, "samples", data)
        if not isinstance(samples, np.ndarray):
            raise TypeError(f"data must come from ganlib.data.load or be a NumPy array, not {type(data).__name__}.")
        shape, minimum = self.recipe.shape, minimum or self.recipe.batch_size
        if samples.ndim != len(shape) + 1 or samples.shape[1:] != shape:
            hint = "Load the data at that size, or change the recipe's shape."
            if samples.ndim == 4 and samples.shape[1:] == (shape[-1], *shape[:-1]):
                hint = "These look channel-first: use np.transpose(data, (0, 2, 3, 1))."
            raise ValueError(f"The samples have shape {samples.shape}; this recipe needs (n, *{shape}). {hint}")
        if not np.issubdtype(samples.dtype, np.floating):
            raise ValueError(
                f"The samples are {samples.dtype}; expected floating-point numbers, images in [-1, 1]. "
                "For images of 0 to 255 use data / 127.5 - 1 as float32."
            )
        if len(samples) < minimum:
            raise ValueError(
                f"{len(samples)} samples do not fill one batch of {minimum}. Use more data or a smaller batch_size."
            )
        if not np.isfinite(samples).all():
            raise ValueError("The samples hold NaN or infinite values. Remove or repair them first.")
        if len(shape) == 3 and (samples.min() < -1.001 or samples.max() > 1.001):
            raise ValueError(
                f"The images reach from {samples.min():.3g} to {samples.max():.3g}; expected [-1, 1]. "
                "For images of 0 to 255 use data / 127.5 - 1, for 0 to 1 use data * 2 - 1."
            )
        return samples


class _Bar:
    """tqdm with the losses behind it, read from the device only when they are shown."""

    def __init__(self, tqdm_bar: Any) -> None:
        self.bar, self.shown, self.silent = tqdm_bar, 0.0, tqdm_bar.disable

    def advance(self, last: Any, steps: int) -> None:
        self.bar.update(steps)
        if not self.silent and (time.monotonic() - self.shown > 0.5 or self.bar.n == self.bar.total):
            self.bar.set_postfix({name: f"{value:.3f}" for name, value in last().items() if name.endswith("loss")})
            self.shown = time.monotonic()

    def note(self, text: str) -> None:
        if not self.silent:
            self.bar.write(text, file=sys.stderr)


@contextlib.contextmanager
def _fitting(directory: str | os.PathLike[str]) -> Iterator[None]:
    """Turns what a checkpoint that holds something else comes to into CheckpointError."""
    try:
        yield
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
        reason = f"it lacks {error}." if isinstance(error, KeyError) else str(error)
        raise CheckpointError(
            f"The checkpoint in {os.fspath(directory)} does not fit: {reason} If it was trained with networks of "
            "your own, pass them as generator= and discriminator=."
        ) from error


@contextlib.contextmanager
def _memory(recipe: Recipe) -> Iterator[None]:
    """Turns every framework's way to say that memory is short into OutOfMemory, with what to lower."""
    try:
        yield
    except Exception as error:
        names = {kind.__name__ for kind in type(error).__mro__}
        said = isinstance(error, RuntimeError) and re.search("not enough memory|out of memory", str(error))
        if not said and names.isdisjoint({"MemoryError", "OutOfMemoryError", "ResourceExhaustedError"}):
            raise
        reason = (str(error).strip().splitlines() or [type(error).__name__])[0]
        size = "×".join(map(str, recipe.shape[:-1])) if len(recipe.shape) == 3 else ""
        raise OutOfMemory(
            f"There is not enough memory to train this recipe here. Lower batch_size (now {recipe.batch_size}) first, "
            f"then width (now {recipe.width})"
            + (f", or the size of the images (now {size})" if size else "")
            + f': ganlib.recipe("{recipe.name}", batch_size={max(1, recipe.batch_size // 2)}). '
            f"Checkpoints already saved are intact. ({reason})"
        ) from error


@contextlib.contextmanager
def _progress_bar(steps: int, name: str, progress: bool | None) -> Iterator[_Bar]:
    in_notebook = "ipykernel" in sys.modules
    if in_notebook and importlib.util.find_spec("ipywidgets") is not None:
        from tqdm.notebook import tqdm
    else:
        from tqdm import tqdm
    if progress is None:
        progress = (sys.stderr.isatty() or in_notebook) and os.environ.get("GANLIB_PROGRESS") != "0"
    with tqdm(total=steps, desc=name, unit="step", disable=not progress, mininterval=0.2) as bar:
        yield _Bar(bar)


@contextlib.contextmanager
def _late_interrupt(stop: Any) -> Iterator[None]:
    """Lets the first Ctrl-C wait for the end of the step, so that no step is left half done; the second does not."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    pressed = False

    def handler(number: int, frame: Any) -> None:
        nonlocal pressed
        if pressed:
            raise KeyboardInterrupt
        pressed = True
        stop()

    before = signal.signal(signal.SIGINT, handler)
    try:
        yield
        if pressed:
            raise KeyboardInterrupt
    finally:
        signal.signal(signal.SIGINT, before)


def _end(callbacks: tuple[Any, ...], trainer: Any) -> None:
    try:
        _call(callbacks, "on_end", trainer)
    except Exception:
        _call(callbacks, "on_fail", trainer)
        raise


def _call(callbacks: tuple[Any, ...], event: str, *arguments: Any) -> None:
    for callback in callbacks:
        if hasattr(callback, event):
            getattr(callback, event)(*arguments)


def _check_state(
    arrays: Mapping[str, np.ndarray], state: Mapping[str, Any], recipe: Recipe, players: list[str]
) -> None:
    """Raises a ValueError, KeyError or TypeError if a checkpoint does not hold together.

    It is called before anything is built, so that a recipe without its weights does not allocate them. `players` are
    those whose networks are the recipe's.
    """
    arguments.whole("seed", state["seed"], 0), arguments.whole("steps_done", state["steps_done"], 0)
    if state["precision"] not in PRECISIONS:
        raise ValueError(f"precision is {state['precision']!r}.")
    if set(state["streams"]) != set(initialise.STREAMS) - {"batches"}:
        raise ValueError(f"it has the random states {', '.join(state['streams'])}.")
    for name, values in _part("history", arrays).items():
        if values.shape != (state["steps_done"],):
            raise ValueError(f"the history of {name} has shape {values.shape} after {state['steps_done']} steps.")
    layers = {
        "generator": (architectures.generator_layers(recipe), (recipe.latent,)),
        "discriminator": (architectures.discriminator_layers(recipe), architectures.discriminator_input(recipe)),
    }
    for player in players:
        weights = _part(player, arrays)
        for cost in architectures.costs(*layers[player]):
            parts = [weights.get(f"{cost.name}.{part}") for part in ("kernel", "bias", "scale", "shift")]
            found = sum(part.size for part in parts if part is not None)
            if found != cost.parameters:
                raise ValueError(f"the {player}'s {cost.name} has {cost.parameters} weights, and the file {found}.")
    for player in ("generator", "discriminator"):
        for name, moment in _part(f"{player}_optimiser", arrays).items():
            weight = arrays.get(f"{player}/{name.partition('/')[2]}")
            if name != "steps" and (weight is None or weight.shape != moment.shape):
                raise ValueError(f"the {player}'s optimiser has {name} of shape {moment.shape}.")


def _prefixed(prefix: str, arrays: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    return {f"{prefix}/{name}": array for name, array in arrays.items()}


def _part(prefix: str, arrays: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    return {name.removeprefix(f"{prefix}/"): a for name, a in arrays.items() if name.startswith(f"{prefix}/")}
