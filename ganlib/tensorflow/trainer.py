"""The adversarial step in TensorFlow (Goodfellow et al. 2014, algorithm 1)."""

import contextlib
import functools
import logging
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from tensorflow import Tensor

from ganlib.runtime import hardware
from ganlib.runtime.trainer import BATCH_AXES, METRICS, BaseTrainer
from ganlib.tensorflow import distributed, losses, networks, optimisers, penalties, solvers
from ganlib.tensorflow.networks import Discriminator, Generator, neutral_weights


def _not_about_trainers(record: logging.LogRecord) -> bool:
    """Keeps TensorFlow from warning that a function is traced too often: each trainer traces its own, once."""
    message = record.getMessage()
    return not ("triggered tf.function retracing" in message and "Trainer." in message)


tf.get_logger().addFilter(_not_about_trainers)


class Trainer(BaseTrainer):
    """Trains a generator against a discriminator as a recipe says.

    Its arguments and methods stand in `ganlib.training.BaseTrainer`, which both frameworks share.
    """

    backend = "tensorflow"
    _network = keras.Model

    def _join(self) -> tuple[int, int]:
        self._strategy = tf.distribute.get_strategy()
        return distributed.start()

    def _any_stops(self) -> bool:
        return distributed.any_of(self._stop)

    def _place(self) -> contextlib.AbstractContextManager[Any]:
        """Where tensors and variables go: to the device, or to those of the strategy."""
        return tf.device(self.device) if self.workers == 1 else self._strategy.scope()

    def _on_each(self, step: Callable[..., Tensor]) -> Callable[..., Tensor]:
        """The step on every device of the strategy, with the metrics of the first: they are averaged, so all agree."""
        if self.workers == 1:
            return step
        return lambda *inputs: self._strategy.experimental_local_results(self._strategy.run(step, inputs))[0]

    def _build(self, generator: keras.Model | None, discriminator: keras.Model | None) -> None:
        recipe, precision = self.recipe, self.precision
        self.dtype = tf.float64 if precision == "float64" else tf.float32
        with self._place():
            self.generator = generator or Generator(recipe, self.seed, precision)
            self.discriminator = discriminator or Discriminator(recipe, self.seed, precision)
            distributed.prepare(self.generator)
            distributed.prepare(self.discriminator)
            self.average = self._copy_of_generator() if recipe.moving_average else None
            self._generator_optimiser = optimisers.get(recipe.generator_optimiser, _trainable(self.generator))
            self._discriminator_optimiser = optimisers.get(
                recipe.discriminator_optimiser, _trainable(self.discriminator)
            )
        self._state = self._changing()
        self._loss = losses.get(recipe.loss)
        self._smooth = {} if recipe.real_label == 1 else {"real_label": recipe.real_label}
        layers = getattr(self.discriminator, "stack", ())
        self._dropouts = [layer for layer in layers if isinstance(layer, networks.Dropout)]
        self._blocks: dict[tuple[Any, ...], Callable[..., Tensor]] = {}  # by who moves, and whether it is penalised
        self._graph = tf.function(self._on_each(self._graph_step), autograph=False)
        self._discriminator_graph = tf.function(self._on_each(self._graph_discriminator_step), autograph=False)
        self._generator_graph = tf.function(self._on_each(self._graph_generator_step), autograph=False)
        self._sum = tf.function(self._graph_sum, autograph=False)

    def _play(self, samples: Tensor, indices: np.ndarray, draws: list[dict[str, np.ndarray]], penalise: bool) -> Tensor:
        if self.workers > 1:
            turns = zip(indices, draws, strict=True)
            rows = [self._step(self._take(samples, list(chosen)), drawn, penalise) for chosen, drawn in turns]
            return self._with_state(tf.stack(rows))

        def step(sources: list[Tensor], drawn: dict[str, Tensor]) -> Tensor:
            real = [tf.gather(sources[0], chosen) for chosen in tf.unstack(drawn["indices"])]
            return self._graph_step(real, drawn, penalise)

        return self._together(("both", penalise), step, [samples], {"indices": indices}, draws)

    def _play_discriminator(
        self,
        samples: Tensor,
        fakes: Tensor | None,
        indices: Sequence[np.ndarray],
        chosen: Sequence[np.ndarray],
        draws: Sequence[dict[str, np.ndarray]],
        penalise: bool,
    ) -> Tensor:
        if self.workers > 1:
            reals = self._take(samples, list(indices))
            others = [None] * len(reals) if fakes is None else self._take(fakes, list(chosen))
            turns = zip(reals, others, draws, strict=True)
            return tf.stack([self._discriminator_step(*turn, penalise) for turn in turns])

        def step(sources: list[Tensor], drawn: dict[str, Tensor]) -> Tensor:
            fake = tf.gather(sources[1], drawn["chosen"]) if fakes is not None else None
            return self._graph_discriminator_step(tf.gather(sources[0], drawn["indices"]), fake, drawn, penalise)

        numbers = {"indices": np.stack(indices)} | ({"chosen": np.stack(chosen)} if chosen else {})
        sources = [samples] if fakes is None else [samples, fakes]
        return self._together(("discriminator", penalise, fakes is None), step, sources, numbers, draws)

    def _play_generator(
        self, samples: Tensor, indices: Sequence[np.ndarray], draws: Sequence[dict[str, np.ndarray]]
    ) -> Tensor:
        if self.workers > 1:
            turns = zip(self._take(samples, list(indices)), draws, strict=True)
            return tf.stack([self._generator_step(*turn) for turn in turns])

        def step(sources: list[Tensor], drawn: dict[str, Tensor]) -> Tensor:
            return self._graph_generator_step(tf.gather(sources[0], drawn["indices"]), drawn)

        return self._together(("generator",), step, [samples], {"indices": np.stack(indices)}, draws)

    def _together(
        self,
        key: tuple[Any, ...],
        step: Callable[..., Tensor],
        sources: list[Tensor],
        numbers: dict[str, np.ndarray],
        draws: Sequence[dict[str, np.ndarray]],
    ) -> Tensor:
        """Several steps without a return to Python, which would take longer than a step of a small network."""
        together = {name: np.stack([drawn[name] for drawn in draws]) for name in draws[0]}
        with self._place():
            inputs = {name: self._tensor(together[name]) for name, _ in BATCH_AXES if name in together}
            inputs |= {name: tf.constant(together[name]) for name in ("progress", "dropout")}
            inputs |= {name: tf.constant(array) for name, array in numbers.items()}
            if key not in self._blocks:
                if self.compiled:
                    step = tf.function(step, autograph=False, jit_compile=True)
                # For any number of steps and samples: each new shape would be traced again, which takes seconds.
                shapes = tf.nest.map_structure(
                    lambda t: tf.TensorSpec([None, *t.shape[1:]], t.dtype), (sources, inputs)
                )
                steps = functools.partial(self._graph_steps, step, key[0] == "both")
                self._blocks[key] = tf.function(steps, shapes, autograph=False)
            return self._blocks[key](sources, inputs)

    def _graph_steps(
        self, step: Callable[..., Tensor], with_state: bool, sources: list[Tensor], inputs: dict[str, Tensor]
    ) -> Tensor:
        steps = tf.shape(inputs["progress"])[0]

        def turn(i: Tensor, rows: tf.TensorArray) -> tuple[Tensor, tf.TensorArray]:
            drawn = {name: values[i] for name, values in inputs.items()}
            for place, layer in enumerate(self._dropouts):
                layer.seed.assign([drawn["dropout"][0], place << 32])
            return i + 1, rows.write(i, step(sources, drawn))

        start = (0, tf.TensorArray(self.dtype, steps))
        _, rows = tf.while_loop(lambda i, _: i < steps, turn, start, parallel_iterations=1)
        return self._with_state(rows.stack()) if with_state else rows.stack()

    def _with_state(self, rows: Tensor) -> Tensor:
        # A weight that went bad stays bad, so one look at the end will do.
        state = tf.concat([tf.zeros_like(rows[1:, :1]), [[self._sum_of_state()]]], axis=0)
        return tf.concat([rows, state], axis=1)

    def _step(self, real: list[Tensor], draws: dict[str, np.ndarray], penalise: bool) -> Tensor:
        with self._place():
            return self._graph(real, self._prepare(draws), penalise)

    def _discriminator_step(
        self, real: Tensor, fake: Tensor | None, draws: dict[str, np.ndarray], penalise: bool
    ) -> Tensor:
        with self._place():
            return self._discriminator_graph(real, fake, self._prepare(draws), penalise)

    def _generator_step(self, real: Tensor, draws: dict[str, np.ndarray]) -> Tensor:
        with self._place():
            return self._generator_graph(real, self._prepare(draws))

    def _prepare(self, draws: dict[str, np.ndarray]) -> dict[str, Tensor]:
        """Dropout seeded, and the drawn numbers as tensors."""
        for i, layer in enumerate(self._dropouts):
            layer.seed.assign([int(draws["dropout"][0]), i << 32])
        inputs = {key: distributed.share(self._tensor(draws[key]), axis) for key, axis in BATCH_AXES if key in draws}
        return {**inputs, "progress": tf.constant(draws["progress"], tf.float64)}

    def _graph_step(self, real: list[Tensor], draws: dict[str, Tensor], penalise: bool) -> Tensor:
        if self.recipe.update != "alternating":
            return self._graph_step_from_one_point(real[0], draws, penalise)
        recipe = self.recipe
        latents, progress = draws["latents"], draws["progress"]

        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch(_trainable(self.generator))
            for turn in range(recipe.discriminator_steps):
                fake = self.generator(latents[turn], training=True)
                with tape.stop_recording():
                    d_loss, penalty, d_real, d_fake, d_gradients = self._judge(real[turn], fake, draws, turn, penalise)
                    self._discriminator_optimiser.apply(d_gradients, progress)

            if recipe.fresh_noise:
                fake = self.generator(latents[-1], training=True)
            g_loss = self._generator_loss(real[-1], fake, draws)
        # The tape watches G's variables alone, which spares the gradients of D's weights.
        g_gradients = distributed.average(tape.gradient(g_loss, _trainable(self.generator)))
        self._generator_optimiser.apply(g_gradients, progress)
        self._update_average()
        return self._row([d_loss, g_loss, tf.reduce_mean(d_real), tf.reduce_mean(d_fake), penalty])

    def _graph_step_from_one_point(self, real: Tensor, draws: dict[str, Tensor], penalise: bool) -> Tensor:
        """Both players move by the gradients of one point: where they are, or where a first step would lead them."""
        d_gradients, g_gradients, metrics = self._field(real, draws, penalise)
        if self.recipe.update == "extragradient":
            weights = [*_trainable(self.generator), *_trainable(self.discriminator)]
            before = [tf.identity(weight) for weight in weights]
            self._move(d_gradients, g_gradients, draws["progress"])
            d_gradients, g_gradients, _ = self._field(real, draws, penalise)
            for weight, kept in zip(weights, before, strict=True):
                weight.assign(kept)
        self._move(d_gradients, g_gradients, draws["progress"])
        self._update_average()
        return self._row(metrics)

    def _field(self, real: Tensor, draws: dict[str, Tensor], penalise: bool) -> Any:
        """Both players' gradients at the point where they are, and the metrics."""
        consensus = penalise and self.recipe.penalty == "consensus"
        competitive = self.recipe.update == "competitive"
        once = self._judged_once
        players = _trainable(self.discriminator), _trainable(self.generator)
        with tf.GradientTape(persistent=competitive, watch_accessed_variables=False) as outer:
            if consensus or competitive:
                outer.watch([*players[0], *players[1]])
            with tf.GradientTape(persistent=competitive, watch_accessed_variables=False) as tape:
                tape.watch([*players[0], *players[1]] if competitive else players[1])
                fake = self.generator(draws["latents"][0], training=True)
                with contextlib.nullcontext() if competitive or once else tape.stop_recording():
                    # Consensus and competitive ask how D's gradient changes with G: the outer tape records on.
                    d_loss, penalty, d_real, d_fake, d_gradients = self._judge(real, fake, draws, 0, penalise)
                if self.recipe.fresh_noise:
                    fake = self.generator(draws["latents"][-1], training=True)
                g_loss = self._generator_loss(real, fake, draws, (d_real, d_fake) if once else None)
            g_gradients = distributed.average(tape.gradient(g_loss, players[1]))
            metrics = [d_loss, g_loss, tf.reduce_mean(d_real), tf.reduce_mean(d_fake), penalty]
            if competitive:
                crossed = (
                    tape.gradient([d_loss, penalty], players[1], unconnected_gradients="zero"),
                    tape.gradient(g_loss, players[0], unconnected_gradients="zero"),
                )
            if consensus:
                # v ← v + γ∇(½‖v‖²) with v both players' gradients (Mescheder et al. 2017, section 4).
                weight = self.recipe.penalty_every * self._penalty_weight(draws)
                metrics[-1] = penalty = (
                    weight / 2 * tf.add_n([tf.reduce_sum(tf.square(g)) for g in (*d_gradients, *g_gradients)])
                )
        if consensus:
            extra = outer.gradient(penalty, [*players[0], *players[1]], unconnected_gradients="zero")
            moved = [g + e for g, e in zip((*d_gradients, *g_gradients), extra, strict=True)]
            d_gradients, g_gradients = moved[: len(players[0])], moved[len(players[0]) :]
        if competitive:
            d_gradients, g_gradients, steps = self._compete(outer, crossed, d_gradients, g_gradients, draws["progress"])
            metrics.append(steps)
        return d_gradients, g_gradients, metrics

    def _compete(
        self, tape: tf.GradientTape, crossed: Any, d_gradients: Any, g_gradients: Any, progress: Tensor
    ) -> tuple[list[Tensor], list[Tensor], Tensor]:
        """What to move against instead of the gradients, so that each step answers the other, and the solver's steps.

        With a and b for D's and G's these solve

            a + η_G (∂∇_D L_D / ∂G) b = ∇_D L_D,   b + η_D (∂∇_G L_G / ∂D) a = ∇_G L_G

        (Schäfer & Anandkumar 2019: the equilibrium of the game with both losses made bilinear). `crossed` are the
        gradients of L_D in G's weights and of L_G in D's.
        """
        d, g = _trainable(self.discriminator), _trainable(self.generator)
        d_loss_by_g, g_loss_by_d = crossed
        d_rate, g_rate = (
            tf.cast(optimisers.rate(o.settings, progress, o.steps + 1), self.dtype)
            for o in (self._discriminator_optimiser, self._generator_optimiser)
        )

        def mixed(gradient: Sequence[Tensor], weights: Sequence[tf.Variable], vector: Sequence[Tensor]) -> list[Tensor]:
            """∇(gradient · vector) in the weights: a Hessian–vector product, without the Hessian."""
            return tape.gradient(gradient, weights, output_gradients=vector, unconnected_gradients="zero")

        def product(v: Sequence[Tensor]) -> list[Tensor]:
            a, b = v[: len(d)], v[len(d) :]
            return [*_plus(a, g_rate, mixed(d_loss_by_g, d, b)), *_plus(b, d_rate, mixed(g_loss_by_d, g, a))]

        def transposed(v: Sequence[Tensor]) -> list[Tensor]:
            a, b = v[: len(d)], v[len(d) :]
            return [*_plus(a, d_rate, mixed(g_gradients, d, b)), *_plus(b, g_rate, mixed(d_gradients, g, a))]

        solution, steps = solvers.conjugate_gradient(
            product, transposed, [*d_gradients, *g_gradients], self.recipe.solver_steps, self.recipe.solver_tolerance
        )
        return solution[: len(d)], solution[len(d) :], steps

    def _move(self, d_gradients: Sequence[Tensor], g_gradients: Sequence[Tensor], progress: Tensor) -> None:
        self._discriminator_optimiser.apply(d_gradients, progress)
        self._generator_optimiser.apply(g_gradients, progress)

    def _row(self, metrics: list[Tensor]) -> Tensor:
        kept = [metric for name, metric in zip(METRICS, metrics, strict=False) if name in self.metric_names]
        return distributed.average([tf.stack(kept)])[0]

    def _graph_discriminator_step(
        self, real: Tensor, fake: Tensor | None, draws: dict[str, Tensor], penalise: bool
    ) -> Tensor:
        if fake is None:
            fake = self.generator(draws["latents"][0], training=True)
        d_loss, penalty, d_real, d_fake, gradients = self._judge(real, fake, draws, 0, penalise)
        self._discriminator_optimiser.apply(gradients, draws["progress"])
        return distributed.average([tf.stack([d_loss, tf.reduce_mean(d_real), tf.reduce_mean(d_fake), penalty])])[0]

    def _graph_generator_step(self, real: Tensor, draws: dict[str, Tensor]) -> Tensor:
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch(_trainable(self.generator))
            g_loss = self._generator_loss(real, self.generator(draws["latents"][-1], training=True), draws)
        gradients = tape.gradient(g_loss, _trainable(self.generator))
        self._generator_optimiser.apply(distributed.average(gradients), draws["progress"])
        self._update_average()
        return distributed.average([g_loss[None]])[0]

    def _judge(self, real: Tensor, fake: Tensor, draws: dict[str, Tensor], turn: int, penalise: bool) -> Any:
        """D's loss, its penalty, both kinds of logits, and the gradients of loss and penalty in D's weights."""
        noise, mix = draws.get("instance_noise"), draws.get("mix")
        real_input, fake_input = self._pack(real, noise, turn, 0), self._pack(fake, noise, turn, 1)
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch(_trainable(self.discriminator))
            d_real = self.discriminator(real_input, training=True)
            d_fake = self.discriminator(fake_input, training=True)
            d_loss = self._loss.discriminator(d_real, d_fake, **self._smooth)
            penalty = tf.zeros_like(d_loss)
            if penalise and self.recipe.penalty != "consensus":
                penalty = self._penalty(real_input, fake_input, None if mix is None else mix[turn])
                penalty = self.recipe.penalty_every * self._penalty_weight(draws) * penalty
            total = d_loss + penalty
        gradients = distributed.average(tape.gradient(total, _trainable(self.discriminator)))
        return d_loss, penalty, d_real, d_fake, gradients

    def _generator_loss(self, real: Tensor, fake: Tensor, draws: dict[str, Tensor], logits: Any = None) -> Tensor:
        """G's loss; `logits` are what D said of both in its own step, where that is what it would say here."""
        if logits is not None:
            real_logits, fake_logits = logits
        else:
            noise = draws.get("instance_noise")
            fake_logits = self.discriminator(self._pack(fake, noise, -1, 1), training=True)
            # Only the relativistic loss looks at real samples in G's step.
            real_logits = tf.stop_gradient(fake_logits)
            if self._relativistic:
                real_logits = self.discriminator(self._pack(real, noise, -1, 0), training=True)
        return self._loss.generator(real_logits, fake_logits)

    def _penalty_weight(self, draws: dict[str, Tensor]) -> Tensor:
        """γ or λ, as the recipe lets it fall."""
        end = tf.constant(self.recipe.penalty_end, tf.float64)
        return tf.cast(self.recipe.penalty_weight * end ** draws["progress"], self.dtype)

    def _penalty(self, real: Tensor, fake: Tensor, mix: Any) -> Tensor:
        """The penalty on D, at weight 1."""
        discriminator = functools.partial(self.discriminator, training=True)
        match self.recipe.penalty:
            case "r1":
                return 0.5 * penalties.r1(discriminator, real)
            case "r2":
                return 0.5 * penalties.r2(discriminator, fake)
            case "r1+r2":
                both = penalties.r1(discriminator, real) + penalties.r2(discriminator, fake)
                return 0.5 * both
            case _:
                return penalties.wgan_gp(discriminator, real, fake, mix)

    def _pack(self, samples: Tensor, noise: Tensor | None, turn: int, which: int) -> Tensor:
        """D's input: the samples, with instance noise, `pack` of them behind one another in the channels."""
        if noise is not None:
            samples = samples + noise[turn][which]
        pack = self.recipe.pack
        if pack == 1:
            return samples
        groups = tf.reshape(samples, (-1, pack, *samples.shape[1:]))
        return tf.concat(tf.unstack(groups, axis=1), axis=-1)

    def _update_average(self) -> None:
        """average ← decay · average + (1 - decay) · generator, moving statistics included."""
        if self.average is None:
            return
        pairs = zip(neutral_weights(self.average).values(), neutral_weights(self.generator).values(), strict=True)
        for average, new in pairs:
            average.assign_sub((1 - self.recipe.moving_average) * (average - new))

    def _generate(self, latents: np.ndarray, model: keras.Model) -> np.ndarray:
        with self._place():
            # Not traced: it takes longer than some samples do, for each number of them and each trainer again.
            return model(self._tensor(latents), training=False).numpy().copy()

    def _logits(self, samples: np.ndarray) -> np.ndarray:
        with self._place():
            return self.discriminator(self._pack(self._tensor(samples), None, 0, 0), training=False).numpy().copy()

    def _tensor(self, array: np.ndarray) -> Tensor:
        with self._place():
            return tf.constant(np.asarray(array, dtype=self.dtype.as_numpy_dtype))

    def _to_device(self, samples: np.ndarray) -> Tensor:
        return self._tensor(samples)

    def _take(self, samples: Tensor, indices: list[np.ndarray]) -> list[Tensor]:
        with self._place():
            return [distributed.share(tf.gather(samples, chosen)) for chosen in indices]

    def _to_numpy(self, rows: list[Tensor]) -> np.ndarray:
        return tf.concat(rows, axis=0).numpy().astype(np.float64)

    def _changing(self) -> list[tf.Variable]:
        """Every variable that a step changes."""
        models = [model for model in (self.generator, self.discriminator, self.average) if model is not None]
        weights = [variable.value for model in models for variable in neutral_weights(model).values()]
        optimisers = self._generator_optimiser, self._discriminator_optimiser
        moments = [variable for optimiser in optimisers for slot in optimiser.slots.values() for variable in slot]
        return [*(variable for variable in weights if variable.dtype.is_floating), *moments]

    def _graph_sum(self) -> Tensor:
        return tf.add_n([tf.reduce_sum(variable) for variable in self._state])

    def _sum_of_state(self) -> Tensor:
        """NaN or infinite where any weight, moving statistic or moment is."""
        return self._sum()

    def _copy_state(self) -> Any:
        # Not traced: that takes longer than a short run's copies do.
        copies = [tf.identity(variable) for variable in self._state]
        return copies, int(self._generator_optimiser.steps.numpy()), int(self._discriminator_optimiser.steps.numpy())

    def _restore_state(self, state: Any) -> None:
        copies, generator_steps, discriminator_steps = state
        for variable, copy in zip(self._state, copies, strict=True):
            variable.assign(copy)
        self._generator_optimiser.set_steps(generator_steps)
        self._discriminator_optimiser.set_steps(discriminator_steps)

    def _weights(self, model: keras.Model) -> dict[str, np.ndarray]:
        return networks.get_weights(model)

    def _set_weights(self, model: keras.Model, weights: Mapping[str, np.ndarray]) -> None:
        networks.set_weights(model, weights)

    def _optimiser_state(self, model: keras.Model, optimiser: Any) -> dict[str, np.ndarray]:
        state = {
            f"{slot}/{name}": moment.numpy().copy()
            for slot, moments in optimiser.state().items()
            for moment, name in zip(moments, _trainable_names(model), strict=True)
        }
        return {**state, "steps": np.array(optimiser.steps.numpy(), dtype=np.int64)}

    def _set_optimiser_state(self, model: keras.Model, optimiser: Any, state: Mapping[str, np.ndarray]) -> None:
        for slot, variables in optimiser.slots.items():
            flat = np.concatenate([state[f"{slot}/{name}"].ravel() for name in _trainable_names(model)])
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

    @property
    def _relativistic(self) -> bool:
        return self.recipe.loss == "relativistic"

    @property
    def _judged_once(self) -> bool:
        """Whether G's step from D's point looks at the very inputs that D's step has judged."""
        return not (self.recipe.fresh_noise or self.recipe.instance_noise)


def device_name() -> str:
    """What training runs on unless it is told otherwise: "CPU", or the first GPU's model, such as "Tesla T4"."""
    gpus = tf.config.list_physical_devices("GPU")
    return tf.config.experimental.get_device_details(gpus[0]).get("device_name", "GPU") if gpus else "CPU"


def _trainable(model: keras.Model) -> list[tf.Variable]:
    return [variable.value for variable in model.trainable_variables]


def _plus(vector: Sequence[Tensor], rate: Tensor, other: Sequence[Tensor]) -> list[Tensor]:
    return [v + rate * o for v, o in zip(vector, other, strict=True)]


def _trainable_names(model: keras.Model) -> list[str]:
    """The neutral name of each trainable variable, in the order of `_trainable`."""
    named = {id(variable): name for name, variable in neutral_weights(model).items()}
    return [named[id(variable)] for variable in model.trainable_variables]
