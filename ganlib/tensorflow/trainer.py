"""Makes a game of a recipe and takes its steps in TensorFlow: tracing, devices, workers. The step is in `step.py`."""

import contextlib
import logging
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from tensorflow import Tensor

from ganlib.runtime import hardware
from ganlib.runtime.framework import BATCH_AXES, Draws, Sources, State
from ganlib.runtime.trainer import BaseTrainer
from ganlib.tensorflow import distributed, losses, networks, optimisers, penalties, step, terms, updates
from ganlib.tensorflow.game import Game, trainable
from ganlib.tensorflow.networks import Discriminator, Generator, neutral_weights

AS_THEY_ARE = ("progress", "dropout", "indices", "chosen", "labels")  # not in the networks' precision


def _not_about_trainers(record: logging.LogRecord) -> bool:
    """Keeps TensorFlow from warning that a function is traced too often: each trainer traces its own, once."""
    message = record.getMessage()
    return not ("triggered tf.function retracing" in message and "Trainer." in message)


tf.get_logger().addFilter(_not_about_trainers)


class Trainer(BaseTrainer):
    """Trains a generator against a discriminator as a recipe says.

    Its arguments and methods stand in `ganlib.runtime.trainer.BaseTrainer`, which both frameworks share.
    """

    backend = "tensorflow"
    _network = keras.Model
    _distributed = distributed
    get_weights = staticmethod(networks.get_weights)
    set_weights = staticmethod(networks.set_weights)
    game: Game

    def _place(self) -> contextlib.AbstractContextManager[object]:
        """Where tensors and variables go: to the device, or to those of the strategy."""
        return tf.device(self.device) if self.workers == 1 else self._strategy.scope()

    def _build(self, generator: keras.Model | None, discriminator: keras.Model | None) -> None:
        recipe, precision = self.recipe, self.precision
        self._strategy = tf.distribute.get_strategy()
        self.dtype = tf.float64 if precision == "float64" else tf.float32
        with self._place():
            self.generator = generator or Generator(recipe, self.seed, precision)
            self.discriminator = discriminator or Discriminator(recipe, self.seed, precision)
            distributed.prepare(self.generator)
            distributed.prepare(self.discriminator)
            self.average = self._copy_of_generator() if recipe.moving_average else None
            self._optimisers = {
                "generator": optimisers.get(recipe.generator_optimiser, trainable(self.generator)),
                "discriminator": optimisers.get(recipe.discriminator_optimiser, trainable(self.discriminator)),
            }
            moves = {player: distributed.averaging(optimiser) for player, optimiser in self._optimisers.items()}
        self.game = Game(
            self.generator,
            self.discriminator,
            moves["generator"],
            moves["discriminator"],
            self.loss or losses.get(recipe.loss, recipe.real_label),
            penalties.get(recipe.penalty),
            self._move_average,
            recipe.pack,
            terms.get(recipe),
        )
        self._updates = {"both": updates.get(recipe), **updates.ALONE}
        self._state = self._changing()
        layers = networks.plain_layers(self.discriminator)
        self._dropouts = [layer for _, layer in layers if isinstance(layer, networks.Dropout)]
        self._traced: dict[tuple[str, ...], Callable[..., Tensor]] = {}  # by who moves, and what was drawn

    def _move_average(self) -> None:
        """average ← decay · average + (1 - decay) · generator, moving statistics included."""
        if self.average is None:
            return
        pairs = zip(neutral_weights(self.average).values(), neutral_weights(self.generator).values(), strict=True)
        for average, new in pairs:
            average.assign_sub((1 - self.recipe.moving_average) * (average - new))

    def _play(
        self, who: str, sources: Sources, indices: np.ndarray, draws: Sequence[Draws], chosen: np.ndarray | None = None
    ) -> Tensor:
        if self.workers > 1 and len(draws) > 1:  # a strategy takes its steps one by one
            ones = [slice(i, i + 1) for i in range(len(draws))]
            shown = [None if chosen is None else chosen[one] for one in ones]
            turns = zip(ones, shown, strict=True)
            return tf.concat([self._play(who, sources, indices[i], draws[i], c) for i, c in turns], axis=0)
        numbers = {name: np.stack([drawn[name] for drawn in draws]) for name in draws[0]} | {"indices": indices}
        if chosen is not None:
            numbers["chosen"] = chosen[:, 0]
        with self._place():
            inputs = {name: self._number(name, array) for name, array in numbers.items()}
            sources, key = dict(sources), (who, *sources, *inputs)
            if key not in self._traced:
                # For any number of steps and samples: each new shape would be traced again, which takes seconds.
                like = tf.nest.map_structure(lambda t: tf.TensorSpec([None, *t.shape[1:]], t.dtype), (sources, inputs))
                self._traced[key] = tf.function(self._steps_of(who), like, autograph=False)
            return self._traced[key](sources, inputs)

    def _steps_of(self, who: str) -> Callable[..., Tensor]:
        """Several steps without a return to Python, which would take longer than a step of a small network."""

        def one(sources: Sources, drawn: dict[str, Tensor]) -> Tensor:
            shares = {name: distributed.share(drawn[name], axis) for name, axis in BATCH_AXES.items() if name in drawn}
            drawn = {**drawn, **shares}
            turns = [distributed.share(turn) for turn in tf.unstack(drawn["indices"])]
            real = [tf.gather(sources["samples"], turn) for turn in turns]
            given = [self._given(sources, turn) for turn in turns]
            if "labels" in drawn:  # drawn for G, and not of the data
                given = [{"labels": turn} for turn in tf.unstack(drawn["labels"])]
            if any(given):
                drawn["given"] = given
            if "chosen" in drawn:
                drawn["fake"] = tf.gather(sources["fake"], distributed.share(drawn["chosen"]))
            found = self._updates[who](self.game, real, drawn)
            return distributed.average([tf.stack([found[name] for name in self._columns(who)[:-1]])])[0]

        made = tf.function(one, autograph=False, jit_compile=True) if self.compiled and self.workers == 1 else one

        def turn(sources: Sources, inputs: dict[str, Tensor], i: Tensor | int) -> Tensor:
            drawn = {name: values[i] for name, values in inputs.items()}
            self._seed_dropout(drawn["dropout"][0])
            if self.workers == 1:
                return made(sources, drawn)
            # The metrics of the first device: they are averaged, so all agree.
            return self._strategy.experimental_local_results(self._strategy.run(made, (sources, drawn)))[0]

        def several(sources: Sources, inputs: dict[str, Tensor]) -> Tensor:
            def body(i: Tensor, rows: tf.TensorArray) -> tuple[Tensor, tf.TensorArray]:
                return i + 1, rows.write(i, turn(sources, inputs, i))

            steps = tf.shape(inputs["progress"])[0]
            start = (0, tf.TensorArray(self.dtype, steps))
            rows = tf.while_loop(lambda i, _: i < steps, body, start, parallel_iterations=1)[1].stack()
            # A weight that went bad stays bad, so one look at the end will do.
            weights = tf.concat([tf.zeros_like(rows[1:, :1]), [[self._sum_of_state()]]], axis=0)
            return tf.concat([rows, weights], axis=1)

        def single(sources: Sources, inputs: dict[str, Tensor]) -> Tensor:
            return tf.concat([turn(sources, inputs, 0), [self._sum_of_state()]], axis=0)[None]

        return several if self.workers == 1 else single

    def replay(self, game: Game, real: Sequence[Tensor], given: Sequence[Sources], draws: Draws) -> None:
        if self.workers > 1:
            return  # a strategy's steps cannot be taken operation by operation
        with self._place():
            self._seed_dropout(int(draws["dropout"][0]))
            numbers = {name: self._number(name, array) for name, array in draws.items()}
            if "labels" in numbers:
                given = [{"labels": turn} for turn in tf.unstack(numbers["labels"])]
            self._updates["both"](game, real, {**numbers, **({"given": given} if any(given) else {})})

    def _seed_dropout(self, seed: Tensor | int) -> None:
        for place, layer in enumerate(self._dropouts):
            layer.seed.assign([seed, place << 32])

    def _number(self, name: str, array: np.ndarray) -> Tensor:
        return tf.constant(array) if name in AS_THEY_ARE else self._tensor(array)

    def _generate(self, latents: np.ndarray, model: keras.Model, given: Mapping[str, np.ndarray]) -> np.ndarray:
        with self._place():
            # Not traced: it takes longer than some samples do, for each number of them and each trainer again.
            return model(self._tensor(latents), **self._condition(given), training=False).numpy().copy()

    def _outputs(self, samples: np.ndarray, given: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        with self._place():
            packed = step.discriminator_input(self.game, self._tensor(samples), {}, 0, 0)
            outputs = self.discriminator(packed, **self._condition(given), training=False)
            named = outputs if isinstance(outputs, Mapping) else {"real": outputs}
            return {name: output.numpy().copy() for name, output in named.items()}

    def _condition(self, given: Mapping[str, np.ndarray]) -> dict[str, Any]:
        """As `step.conditions`, of arrays."""
        return {"given": {name: self._to_device(array) for name, array in given.items()}} if given else {}

    def _tensor(self, array: np.ndarray) -> Tensor:
        with self._place():
            return tf.constant(np.asarray(array, dtype=self.dtype.as_numpy_dtype))

    def _to_device(self, samples: np.ndarray) -> Tensor:
        if samples.dtype.kind in "iu":  # labels
            with self._place():
                return tf.constant(samples)
        return self._tensor(samples)

    def _take(self, samples: Tensor, indices: np.ndarray) -> Tensor:
        with self._place():
            return tf.gather(samples, indices)

    def _to_numpy(self, rows: list[Tensor]) -> np.ndarray:
        return tf.concat(rows, axis=0).numpy().astype(np.float64)

    def _changing(self) -> list[tf.Variable]:
        """Every variable that a step changes."""
        models = [model for model in (self.generator, self.discriminator, self.average) if model is not None]
        weights = [variable.value for model in models for variable in neutral_weights(model).values()]
        slots = [slot for optimiser in self._optimisers.values() for slot in optimiser.slots.values()]
        moments = [variable for slot in slots for variable in slot]
        return [*(variable for variable in weights if variable.dtype.is_floating), *moments]

    def _sum_of_state(self) -> Tensor:
        """NaN or infinite where any weight, moving statistic or moment is."""
        return tf.add_n([tf.reduce_sum(variable) for variable in self._state])

    def _copy_state(self) -> State:
        # Not traced: that takes longer than a short run's copies do.
        steps = {player: int(optimiser.steps.numpy()) for player, optimiser in self._optimisers.items()}
        return [tf.identity(variable) for variable in self._state], steps

    def _restore_state(self, state: State) -> None:
        copies, steps = state
        for variable, copy in zip(self._state, copies, strict=True):
            variable.assign(copy)
        for player, optimiser in self._optimisers.items():
            optimiser.set_steps(steps[player])

    def _optimiser_state(self, player: str) -> dict[str, np.ndarray]:
        optimiser, names = self._optimisers[player], _trainable_names(getattr(self, player))
        state = {
            f"{slot}/{name}": moment.numpy().copy()
            for slot, moments in optimiser.state().items()
            for moment, name in zip(moments, names, strict=True)
        }
        return {**state, "steps": np.array(optimiser.steps.numpy(), dtype=np.int64)}

    def _set_optimiser_state(self, player: str, state: Mapping[str, np.ndarray]) -> None:
        optimiser, names = self._optimisers[player], _trainable_names(getattr(self, player))
        for slot, variables in optimiser.slots.items():
            flat = np.concatenate([state[f"{slot}/{name}"].ravel() for name in names])
            ends = np.cumsum([variable.shape.num_elements() for variable in variables])
            for variable, part in zip(variables, np.split(flat, ends[:-1]), strict=True):
                variable.assign(part.reshape(variable.shape).astype(variable.dtype.as_numpy_dtype))
        optimiser.set_steps(int(state["steps"]))

    def _choose_device(self, device: str | None) -> str:
        found = [found.name.removeprefix("/physical_device:") for found in tf.config.list_physical_devices()]
        if device is None:
            return "GPU:0" if "GPU:0" in found else "CPU:0"
        name = device.upper().removeprefix("/")
        name = name if ":" in name else f"{name}:0"
        if name not in found:
            raise ValueError(f"TensorFlow cannot use the device {device!r} here. It sees {', '.join(found)}.")
        return name

    def _fastest_precision(self) -> str:
        if self.device.startswith("GPU"):
            details = tf.config.experimental.get_device_details(tf.config.list_physical_devices("GPU")[0])
            return "bfloat16" if details.get("compute_capability", (0, 0))[0] >= 8 else "float32"
        return "bfloat16" if hardware.fast_bfloat16() else "float32"

    def _copy_of_generator(self) -> keras.Model:
        if isinstance(self.generator, Generator):
            copy = Generator(self.recipe, self.seed, self.precision)
        else:
            copy = keras.models.clone_model(self.generator)
        networks.set_weights(copy, networks.get_weights(self.generator))
        return copy


def device_name() -> str:
    """What training runs on unless it is told otherwise: "CPU", or the first GPU's model, such as "Tesla T4"."""
    gpus = tf.config.list_physical_devices("GPU")
    return tf.config.experimental.get_device_details(gpus[0]).get("device_name", "GPU") if gpus else "CPU"


def _trainable_names(model: keras.Model) -> list[str]:
    """The neutral name of each trainable variable, in the order of `step.trainable`."""
    named = {id(variable): name for name, variable in neutral_weights(model).items()}
    return [named[id(variable)] for variable in model.trainable_variables]
