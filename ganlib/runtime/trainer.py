"""The loop around the step, shared by both frameworks: batches and draws, history, failures, files.

The step itself is written twice, in `step.py` of each framework, whose `trainer.py` supplies what this one leaves open.
"""

import time
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from ganlib import architectures, arguments, initialise
from ganlib.errors import TrainingFailed
from ganlib.recipe import Recipe
from ganlib.runtime import checks, failure
from ganlib.runtime.framework import Network, Sources, State, Tensor
from ganlib.runtime.progress import late_interrupt, progress_bar
from ganlib.runtime.resume import Resumable
from ganlib.runtime.sampling import EXAMPLES, Sampling

METRICS = ("d_loss", "g_loss", "d_real", "d_fake", "penalty", "d_terms", "g_terms", "solver_steps")
BLOCK = 100  # steps after which metrics that wait on a device are fetched and checked
TOGETHER = 50  # steps at most that are handed to the framework together
PATIENCE = 0.1  # seconds that such a block may take, so that Ctrl-C and the progress bar stay quick


class BaseTrainer(Sampling, Resumable):
    """Trains a generator against a discriminator as a recipe says.

    Args:
        recipe: the experiment, from `ganlib.recipe`.
        seed: of the initial weights, the latents and the order of the data: the same numbers in both frameworks.
        precision: "float64", "float32", "bfloat16" (mixed: float32 weights, bfloat16 arithmetic) or "auto", the
            fastest the machine does well; None takes the recipe's.
        device: the framework's name of a device; None takes a GPU where there is one.
        compiled: whether the framework's compiler makes the step, in up to a minute. `torch.compile` takes the
            networks, but not what has second derivatives; XLA takes all of the step, and draws other masks of dropout.
        loss: a loss of your own in place of the recipe's: an object with the functions `discriminator` and `generator`
            of (real_logits, fake_logits), each to a scalar.
        generator, discriminator: networks of your own in place of the recipe's. They keep their weights.

    Attributes:
        game, generator, discriminator, average: the framework's `Game`, the networks, and G's moving average or None.
        metric_names, steps_done: what `history` holds, and steps of G since the start.
        workers, rank: how many devices share each batch, and which is this process's; see `distributed.py`.
        broken_off: whether a step was begun and not finished, by an error or a second Ctrl-C.

    >>> trainer = gl.Trainer(ganlib.recipe("dcgan-digits"), seed=0)
    >>> history = trainer.fit(ganlib.data.load("digits"), steps=500)
    >>> images = trainer.sample(64, seed=1)
    """

    def __init__(
        self,
        recipe: Recipe,
        seed: int = 0,
        precision: str | None = None,
        device: str | None = None,
        *,
        compiled: bool = False,
        loss: Any = None,
        generator: Network = None,
        discriminator: Network = None,
    ) -> None:
        own = {"generator": generator, "discriminator": discriminator}
        checks.check_arguments(recipe, precision, device, compiled, loss, own, self._network)
        self.recipe, self.seed, self.compiled = recipe, arguments.whole("seed", seed, 0), compiled
        self.rank, self.workers = self._distributed.start()
        checks.check_workers(recipe, self.workers)
        self.device = self._choose_device(device)
        precision = recipe.precision if precision is None else precision
        self.precision = self._fastest_precision() if precision == "auto" else precision
        self.loss = loss
        named = recipe.discriminator_labels in architectures.NAMING
        asked = {"penalty": recipe.penalty != "none", "solver_steps": recipe.update == "competitive"}
        asked |= {"d_terms": named, "g_terms": named or recipe.feature_weight + recipe.reconstruction_weight > 0}
        self.metric_names = tuple(name for name in METRICS if asked.get(name, True))
        self.steps_done = 0
        self.broken_off = False
        self._streams = initialise.streams(self.seed)
        self._batches = initialise.Batches(self._streams["batches"], recipe.batch_size)
        self._rows: list[Tensor] = []  # metrics (steps, columns) in blocks, still where the framework computed them
        self._waiting = 0  # steps in these blocks
        self._history: dict[str, list[np.ndarray]] = {}
        self._stop = False
        # On the CPU looking at a number is free. Elsewhere it would make Python wait for the device at every step.
        self._block = 1 if self.device.lower().startswith("cpu") else BLOCK
        # Steps of one player alone that are handed over together. Of images the draws would fill the memory.
        self._at_once = TOGETHER if len(recipe.shape) == 1 and recipe.penalty_every == 1 else 1
        self._kept: State = None  # what the last step known to be good left
        self._inputs: Any = None  # sources, indices and draws of the last step, which is taken again where it failed
        with failure.memory(recipe):
            self._build(generator, discriminator)

    def fit(
        self, data: object, steps: int | None = None, callbacks: Iterable[object] = (), progress: bool | None = None
    ) -> Mapping[str, np.ndarray]:
        """Trains, and returns the history of all steps so far.

        Args:
            data: what `ganlib.data.load` gives, or a NumPy array of samples (n, *recipe.shape); images in [-1, 1]. A
                recipe with classes needs the data's labels too.
            steps: how many more steps; None goes on to the recipe's number of steps.
            callbacks: objects with any of the methods on_start(trainer), on_step(trainer, metrics), on_end(trainer)
                and, where an error ends the run, on_fail(trainer). `metrics` maps names to the floats of this step.
            progress: whether to show a progress bar; None: in a terminal and a notebook, unless GANLIB_PROGRESS is 0.

        Returns:
            Metric name → NumPy array (steps,): `d_loss` and `g_loss` without penalties and terms, `d_real` and
            `d_fake`, the mean logits of D's last batch; where there are some, the weighted `penalty`, `d_terms` and
            `g_terms` of that step; and in a competitive update `solver_steps`, those of conjugate gradient.

        Ctrl-C or a notebook's stop button ends the run after the step under way; fit called again goes on from there.

        Raises:
            TrainingFailed: a number became NaN or infinite. The error names the step, the first tensor and likely
                causes, and the trainer is left as the last good look found it, to the bit: on the CPU each step is
                looked at; on a GPU each 100th, or each one with a callback that has on_step, and only the metrics.
        """
        sources = self._sources(data)
        if steps is None:
            steps = self.recipe.steps - self.steps_done
            if steps <= 0:
                further = "To train further say how far, fit(data, steps=500); to start again make a new Trainer."
                raise ValueError(f"All {self.recipe.steps} steps of this recipe are done. {further}")
        steps, callbacks = arguments.whole("steps", steps, 1), checks.check_callbacks(callbacks)
        heard = any(hasattr(callback, "on_step") for callback in callbacks)
        # Several workers would have to agree on how many steps; and all steps of a block are penalised, or none.
        together = not heard and self.workers == 1 and self.recipe.penalty_every == 1
        self._stop = False
        try:
            with (
                progress_bar(steps, self.recipe.name, False if self.rank else progress) as bar,
                late_interrupt(self.stop),
            ):
                _call(callbacks, "on_start", self)
                left, size = steps, 1
                while left:
                    start = time.perf_counter()
                    self._advance(sources, size)
                    left -= size
                    if heard:
                        _call(callbacks, "on_step", self, self._last())
                    bar.advance(self._last, size)
                    if self._distributed.any_of(self._stop):
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

    def step(self, real: np.ndarray, labels: np.ndarray | None = None) -> dict[str, float]:
        """One step of the game on given samples (discriminator_steps · batch_size, *recipe.shape); its metrics.

        A recipe with classes needs the samples' labels too, (discriminator_steps · batch_size,).
        """
        turns, expected = self.recipe.discriminator_steps, self.recipe.discriminator_steps * self.recipe.batch_size
        real = self.check_samples(real, minimum=expected)
        if len(real) != expected:
            needed = f"needs discriminator_steps · batch_size = {expected}"
            raise ValueError(f"step got {len(real)} samples and {needed}. Slice them, or let fit draw the batches.")
        drawn = self.recipe.discriminator_labels == "information"
        if self.recipe.source != "latents":
            given = checks.check_conditions(self.recipe, real, expected)
        else:
            given = {} if drawn else self._conditions(labels, expected, "step")
        sources = {"samples": real, **given}
        sources = {name: self._to_device(array) for name, array in sources.items()}
        self._advance(sources, 1, np.arange(expected).reshape(1, turns, -1))
        return self._last()

    def fit_discriminator(self, data: object, steps: int, fake: np.ndarray | None = None) -> dict[str, np.ndarray]:
        """Trains D alone: the inner maximum of the game. G, `history` and `steps_done` stay as they are.

        The data are as for `fit`. `fake` are samples (n, *recipe.shape) to tell from the real ones, drawn in batches;
        None takes fresh samples of G in training mode at each step, as it must where the recipe has classes. Returns
        metric name → NumPy array (steps,): `d_loss`, `d_real`, `d_fake`, and `penalty` if there is one.

        >>> trainer.fit_discriminator(real, steps=500, fake=fake)
        >>> density_ratio = np.exp(trainer.logits(points))
        """
        if fake is not None and self.recipe.classes:
            asked = "With labels D also asks what fake samples were made for"
            raise ValueError(f"{asked}: leave fake out, so that G makes them.")
        return self._fit_alone("discriminator", data, steps, None if fake is None else self.check_samples(fake))

    def fit_generator(self, data: object, steps: int) -> dict[str, np.ndarray]:
        """Trains G alone against D as it is. D, `history` and `steps_done` stay as they are.

        The data are as for `fit`; only the relativistic loss looks at them. Returns `g_loss` → NumPy array (steps,).
        """
        return self._fit_alone("generator", data, steps, None)

    def stop(self) -> None:
        """Ends the run after the step under way. For callbacks."""
        self._stop = True

    def _sources(self, data: object) -> dict[str, Tensor]:
        """The samples of what `fit` takes and their conditions, checked, on the device."""
        samples = self.check_samples(data)
        arrays = {"samples": samples, **checks.check_conditions(self.recipe, data, len(samples))}
        if self.recipe.source != "latents":
            self._examples = arrays[self.recipe.source][:EXAMPLES]
        with failure.memory(self.recipe):
            return {name: self._to_device(array) for name, array in arrays.items()}

    def _given(self, sources: Sources, indices: np.ndarray) -> dict[str, Tensor]:
        return {name: self._take(sources[name], indices) for name in sources if name not in ("samples", "fake")}

    def draw(self, step: int) -> dict[str, np.ndarray]:
        """Every random number of one step, drawn with NumPy so that both frameworks use the same."""
        return initialise.draw(self.recipe, self._streams, step)

    def _columns(self, who: str) -> tuple[str, ...]:
        """The names of what `_play` returns. The last, the sum of all weights, is there to be checked."""
        of_one = {
            "discriminator": ("d_loss", "d_real", "d_fake", "penalty", "d_terms"),
            "generator": ("g_loss", "g_terms"),
        }
        return (*(name for name in self.metric_names if name in of_one.get(who, METRICS)), "weights")

    def _named(self, who: str, values: np.ndarray) -> dict[str, np.ndarray]:
        """The metrics of steps (steps, columns) by name, without the sum of the weights."""
        return {n: column for n, column in zip(self._columns(who), values.T, strict=True) if n != "weights"}

    def _advance(self, sources: Sources, steps: int, indices: np.ndarray | None = None) -> None:
        """The next steps, on batches of the sources; `indices` (steps, D's turns, batch) may say on which."""
        turns = self.recipe.discriminator_steps
        self._keep()
        self.broken_off = True
        if indices is None:
            drawn = [self._batches.next(len(sources["samples"])) for _ in range(steps * turns)]
            indices = np.stack(drawn).reshape(steps, turns, -1)
        draws = [self.draw(self.steps_done + i) for i in range(steps)]
        self._inputs = sources, indices[-1], draws[-1]
        with failure.memory(self.recipe):
            rows = self._play("both", sources, indices, draws)
        # Where one of several goes bad, all are taken again one by one, so that the error names it.
        if steps > 1 and self._block == 1 and not np.isfinite(self._to_numpy([rows])).all():
            self._restore()
            for _ in range(steps):
                self._advance(sources, 1)
            return
        self._rows.append(rows)
        self._waiting += steps
        self.steps_done += steps
        self.broken_off = False
        if self._waiting >= self._block:
            self._flush()

    def _fit_alone(self, player: str, data: object, steps: int, fake: np.ndarray | None) -> dict[str, np.ndarray]:
        """Steps of one player; if a number goes bad, it is put back where it was before them."""
        sources, batch = self._sources(data), self.recipe.batch_size
        if fake is not None:
            sources["fake"] = self._to_device(fake)
        steps, rows = arguments.whole("steps", steps, 1), []
        self._keep()
        for start in range(0, steps, self._at_once):
            indices, chosen, draws = [], [], []
            for i in range(start, min(start + self._at_once, steps)):
                indices.append(self._batches.next(len(sources["samples"])))
                if fake is not None:
                    chosen.append(self._streams["latents"].integers(len(fake), size=batch))
                drawn = self.draw(self.steps_done)
                drawn.pop("penalty_weight", None)
                if self.recipe.penalty != "none" and i % self.recipe.penalty_every == 0:  # by the count of these steps
                    drawn["penalty_weight"] = initialise.penalty_weight(self.recipe, self.steps_done)
                draws.append(drawn)
            shown = np.stack(chosen)[:, None] if chosen else None
            rows.append(self._play(player, sources, np.stack(indices)[:, None], draws, shown))
        values = self._to_numpy(rows)
        bad = ~np.isfinite(values).all(axis=1)
        if bad.any():
            step = int(bad.argmax())
            self._restore()
            found, metric = values[: step + 1], failure.bad_metric(self._columns(player), values[step])
            raise failure.error(self, step + 1, metric, self._named(player, found), [sources["samples"]])
        return self._named(player, values)

    def _keep(self) -> None:
        """Copies what a step changes, where all steps before are known to be good."""
        if not self._rows:
            self._kept = self._copy_state(), self.steps_done, self._batches.state(), self._stream_states()

    def _restore(self) -> None:
        state, self.steps_done, batches, streams = self._kept
        self._restore_state(state)
        self._batches.restore(batches)
        self._restore_streams(streams)

    def _flush(self) -> None:
        """Moves the metrics that wait on the device into the history, in one transfer."""
        if not self._rows:
            return
        values = self._to_numpy(self._rows)
        self._rows, self._waiting = [], 0
        bad = ~np.isfinite(values).all(axis=1)
        if bad.any():
            self._fail(values[: int(bad.argmax()) + 1])
        for name, column in self._named("both", values).items():
            self._history.setdefault(name, []).append(np.array(column, dtype=np.float64))

    def _last(self) -> dict[str, float]:
        self._flush()
        return {name: float(blocks[-1][-1]) for name, blocks in self._history.items()}

    def _fail(self, values: np.ndarray) -> None:
        """Raises TrainingFailed for the last of the steps since the last good state, to which it goes back."""
        exact = len(values) == 1 and self.steps_done == self._kept[1] + 1
        step = self._kept[1] + len(values)
        history = {
            name: np.concatenate([*self._history.get(name, ()), column])
            for name, column in self._named("both", values).items()
        }
        self._restore()
        sources, indices, draws = self._inputs
        real = [self._take(sources["samples"], chosen) for chosen in indices]
        given = [self._given(sources, chosen) for chosen in indices]
        found = failure.first_bad(self, real, given, draws) if exact else None
        if exact:
            self._restore()
        bad = found or failure.bad_metric(self._columns("both"), values[-1])
        raise failure.error(self, step, bad, history, real)


def _end(callbacks: tuple[object, ...], trainer: BaseTrainer) -> None:
    try:
        _call(callbacks, "on_end", trainer)
    except Exception:
        _call(callbacks, "on_fail", trainer)
        raise


def _call(callbacks: tuple[object, ...], event: str, *arguments: object) -> None:
    for callback in callbacks:
        if hasattr(callback, event):
            getattr(callback, event)(*arguments)
