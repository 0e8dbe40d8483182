"""The adversarial step in PyTorch (Goodfellow et al. 2014, algorithm 1)."""

import copy
import os
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.optim.swa_utils import get_ema_multi_avg_fn

from ganlib.runtime import hardware
from ganlib.runtime.trainer import BATCH_AXES, METRICS, BaseTrainer
from ganlib.torch import distributed, losses, networks, optimisers, penalties, solvers
from ganlib.torch.networks import DTYPES, Discriminator, Generator, from_neutral, neutral_weights, to_neutral


class Trainer(BaseTrainer):
    """Trains a generator against a discriminator as a recipe says.

    Its arguments and methods stand in `ganlib.training.BaseTrainer`, which both frameworks share.
    """

    backend = "torch"
    _network = nn.Module

    def _join(self) -> tuple[int, int]:
        return distributed.start()

    def _any_stops(self) -> bool:
        return distributed.any_of(self._stop)

    def _build(self, generator: nn.Module | None, discriminator: nn.Module | None) -> None:
        recipe, precision = self.recipe, self.precision
        self.dtype = DTYPES[precision]
        self.generator = (generator or Generator(recipe, self.seed, precision)).to(self.device, self.dtype)
        self.discriminator = (discriminator or Discriminator(recipe, self.seed, precision)).to(self.device, self.dtype)
        distributed.prepare(self.generator)
        distributed.prepare(self.discriminator)
        self.average = copy.deepcopy(self.generator).requires_grad_(False) if recipe.moving_average else None
        self._generator_optimiser = optimisers.get(recipe.generator_optimiser, _trainable(self.generator))
        self._discriminator_optimiser = optimisers.get(recipe.discriminator_optimiser, _trainable(self.discriminator))
        self._state = self._changing()
        self._copy = self._state[0].new_empty(sum(tensor.numel() for tensor in self._state))
        self._averaging, self._averaged = _floats(self.generator), _floats(self.average)
        self._to_average = get_ema_multi_avg_fn(recipe.moving_average)
        self._loss = losses.get(recipe.loss)
        self._smooth = {} if recipe.real_label == 1 else {"real_label": recipe.real_label}
        self._g, self._d = self.generator, self.discriminator  # as a step calls them
        # Compiled networks have no second derivatives. A penalty on D alone calls D itself.
        if self.compiled and recipe.update != "competitive" and recipe.penalty != "consensus":
            self._g, self._d = torch.compile(self.generator), torch.compile(self.discriminator)
        self._random = torch.Generator(self.device)
        for module in self.discriminator.modules():
            if isinstance(module, networks.Dropout):
                module.random = self._random

    def _play(self, samples: Tensor, indices: np.ndarray, draws: list[dict[str, np.ndarray]], penalise: bool) -> Tensor:
        turns = zip(indices, draws, strict=True)
        rows = [self._step(self._take(samples, list(chosen)), drawn, penalise) for chosen, drawn in turns]
        # A weight that went bad stays bad, so one look at the end will do.
        state = torch.zeros_like(rows[0][:1]).repeat(len(rows), 1)
        state[-1] = distributed.average([self._sum_of_state()])[0]
        return torch.cat([torch.stack(rows), state], dim=1)

    def _step(self, real: list[Tensor], draws: dict[str, np.ndarray], penalise: bool) -> Tensor:
        if self.recipe.update != "alternating":
            return self._step_from_one_point(real[0], draws, penalise)
        recipe = self.recipe
        inputs = self._prepare(draws)
        latents, progress = inputs["latents"], inputs["progress"]

        for turn in range(recipe.discriminator_steps):
            # G's step needs a graph through this batch only if it reuses it.
            with torch.set_grad_enabled(not recipe.fresh_noise):
                fake = self._g(latents[turn])
            d_loss, penalty, d_real, d_fake, d_gradients = self._judge(
                real[turn], fake.detach(), inputs, turn, penalise
            )
            self._discriminator_optimiser.apply(d_gradients, progress)

        if recipe.fresh_noise:
            fake = self._g(latents[-1])
        g_loss, g_gradients = self._improve(real[-1], fake, inputs)
        self._generator_optimiser.apply(g_gradients, progress)
        self._update_average()
        return self._row([d_loss, g_loss, d_real.mean(), d_fake.mean(), penalty])

    def _step_from_one_point(self, real: Tensor, draws: dict[str, np.ndarray], penalise: bool) -> Tensor:
        """Both players move by the gradients of one point: where they are, or where a first step would lead them."""
        inputs = self._prepare(draws)
        d_gradients, g_gradients, metrics = self._field(real, inputs, penalise)
        if self.recipe.update == "extragradient":
            weights = [*_trainable(self.generator), *_trainable(self.discriminator)]
            before = [weight.detach().clone() for weight in weights]
            self._move(d_gradients, g_gradients, inputs["progress"])
            d_gradients, g_gradients, _ = self._field(real, inputs, penalise)
            with torch.no_grad():
                for weight, kept in zip(weights, before, strict=True):
                    weight.copy_(kept)
        self._move(d_gradients, g_gradients, inputs["progress"])
        self._update_average()
        return self._row(metrics)

    def _field(self, real: Tensor, inputs: dict[str, Any], penalise: bool) -> Any:
        """Both players' gradients at the point where they are, and the metrics."""
        consensus = penalise and self.recipe.penalty == "consensus"
        competitive = self.recipe.update == "competitive"
        linked = consensus or competitive  # which ask how D's gradient changes with G
        once = self._judged_once
        fake = self._g(inputs["latents"][0])
        d_loss, penalty, d_real, d_fake, d_gradients = self._judge(
            real, fake if linked or once else fake.detach(), inputs, 0, penalise, create_graph=linked, again=once
        )
        if self.recipe.fresh_noise:
            fake = self._g(inputs["latents"][-1])
        logits = (d_real, d_fake) if once else None
        g_loss, g_gradients = self._improve(real, fake, inputs, logits, create_graph=linked)
        metrics = [d_loss, g_loss, d_real.mean(), d_fake.mean(), penalty]
        if competitive:
            d_gradients, g_gradients, steps = self._compete(d_loss + penalty, g_loss, d_gradients, g_gradients, inputs)
            metrics.append(steps)
        if consensus:
            # v ← v + γ∇(½‖v‖²) with v both players' gradients (Mescheder et al. 2017, section 4).
            weight = self.recipe.penalty_every * self._penalty_weight(inputs)
            metrics[-1] = penalty = (
                weight / 2 * torch.stack([g.square().sum() for g in (*d_gradients, *g_gradients)]).sum()
            )
            players = _trainable(self.discriminator), _trainable(self.generator)
            extra = torch.autograd.grad(penalty, [*players[0], *players[1]])
            moved = [(g + e).detach() for g, e in zip((*d_gradients, *g_gradients), extra, strict=True)]
            d_gradients, g_gradients = moved[: len(players[0])], moved[len(players[0]) :]
        return d_gradients, g_gradients, metrics

    def _compete(
        self, d_loss: Tensor, g_loss: Tensor, d_gradients: Sequence[Tensor], g_gradients: Sequence[Tensor], inputs: Any
    ) -> tuple[list[Tensor], list[Tensor], Tensor]:
        """What to move against instead of the gradients, so that each step answers the other, and the solver's steps.

        With a and b for D's and G's these solve

            a + η_G (∂∇_D L_D / ∂G) b = ∇_D L_D,   b + η_D (∂∇_G L_G / ∂D) a = ∇_G L_G

        (Schäfer & Anandkumar 2019: the equilibrium of the game with both losses made bilinear).
        """
        d, g = _trainable(self.discriminator), _trainable(self.generator)
        optimiser, other = self._discriminator_optimiser, self._generator_optimiser
        d_rate, g_rate = (optimisers.rate(o.settings, inputs["progress"], o.steps + 1) for o in (optimiser, other))
        d_loss_by_g = torch.autograd.grad(d_loss, g, create_graph=True, materialize_grads=True)
        g_loss_by_d = torch.autograd.grad(g_loss, d, create_graph=True, materialize_grads=True)

        def product(v: Sequence[Tensor]) -> list[Tensor]:
            a, b = v[: len(d)], v[len(d) :]
            return [*_plus(a, g_rate, _mixed(d_loss_by_g, d, b)), *_plus(b, d_rate, _mixed(g_loss_by_d, g, a))]

        def transposed(v: Sequence[Tensor]) -> list[Tensor]:
            a, b = v[: len(d)], v[len(d) :]
            return [*_plus(a, d_rate, _mixed(g_gradients, d, b)), *_plus(b, g_rate, _mixed(d_gradients, g, a))]

        solution, steps = solvers.conjugate_gradient(
            product, transposed, [*d_gradients, *g_gradients], self.recipe.solver_steps, self.recipe.solver_tolerance
        )
        return solution[: len(d)], solution[len(d) :], steps

    def _move(self, d_gradients: Sequence[Tensor], g_gradients: Sequence[Tensor], progress: float) -> None:
        self._discriminator_optimiser.apply(d_gradients, progress)
        self._generator_optimiser.apply(g_gradients, progress)

    def _row(self, metrics: list[Tensor]) -> Tensor:
        kept = [metric.detach() for name, metric in zip(METRICS, metrics, strict=False) if name in self.metric_names]
        row = torch.stack(kept)
        return distributed.average([row])[0]

    def _play_discriminator(
        self,
        samples: Tensor,
        fakes: Tensor | None,
        indices: Sequence[np.ndarray],
        chosen: Sequence[np.ndarray],
        draws: Sequence[dict[str, np.ndarray]],
        penalise: bool,
    ) -> Tensor:
        reals = self._take(samples, list(indices))
        others = [None] * len(reals) if fakes is None else self._take(fakes, list(chosen))
        turns = zip(reals, others, draws, strict=True)
        return torch.stack([self._discriminator_step(*turn, penalise) for turn in turns])

    def _play_generator(
        self, samples: Tensor, indices: Sequence[np.ndarray], draws: Sequence[dict[str, np.ndarray]]
    ) -> Tensor:
        turns = zip(self._take(samples, list(indices)), draws, strict=True)
        return torch.stack([self._generator_step(*turn) for turn in turns])

    def _discriminator_step(
        self, real: Tensor, fake: Tensor | None, draws: dict[str, np.ndarray], penalise: bool
    ) -> Tensor:
        inputs = self._prepare(draws)
        if fake is None:
            with torch.no_grad():
                fake = self._g(inputs["latents"][0])
        d_loss, penalty, d_real, d_fake, gradients = self._judge(real, fake, inputs, 0, penalise)
        self._discriminator_optimiser.apply(gradients, inputs["progress"])
        metrics = torch.stack([metric.detach() for metric in (d_loss, d_real.mean(), d_fake.mean(), penalty)])
        return distributed.average([metrics])[0]

    def _generator_step(self, real: Tensor, draws: dict[str, np.ndarray]) -> Tensor:
        inputs = self._prepare(draws)
        g_loss, gradients = self._improve(real, self._g(inputs["latents"][-1]), inputs)
        self._generator_optimiser.apply(gradients, inputs["progress"])
        self._update_average()
        return distributed.average([g_loss.detach()[None]])[0]

    def _prepare(self, draws: dict[str, np.ndarray]) -> dict[str, Any]:
        """Both networks in training mode, dropout seeded, and the drawn numbers as tensors."""
        self.generator.train()
        self.discriminator.train()
        self._random.manual_seed(int(draws["dropout"][0]))
        inputs = {key: self._tensor(distributed.share(draws[key], axis)) for key, axis in BATCH_AXES if key in draws}
        return {**inputs, "progress": float(draws["progress"])}

    def _judge(
        self,
        real: Tensor,
        fake: Tensor,
        inputs: dict[str, Any],
        turn: int,
        penalise: bool,
        create_graph: bool = False,
        again: bool = False,
    ) -> Any:
        """D's loss, its penalty, both kinds of logits, and the gradients of loss and penalty in D's weights.

        `again` keeps the logits' graph, for G's loss.
        """
        noise, mix = inputs.get("instance_noise"), inputs.get("mix")
        real_input, fake_input = self._pack(real, noise, turn, 0), self._pack(fake, noise, turn, 1)
        d_real, d_fake = self._d(real_input), self._d(fake_input)
        d_loss = self._loss.discriminator(d_real, d_fake, **self._smooth)
        penalty = torch.zeros_like(d_loss)
        if penalise and self.recipe.penalty != "consensus":
            penalty = self._penalty(real_input, fake_input, None if mix is None else mix[turn])
            penalty = self.recipe.penalty_every * self._penalty_weight(inputs) * penalty
        gradients = torch.autograd.grad(
            d_loss + penalty,
            _trainable(self.discriminator),
            create_graph=create_graph,
            retain_graph=create_graph or again,
        )
        return d_loss, penalty, d_real, d_fake, distributed.average(gradients)

    def _improve(
        self, real: Tensor, fake: Tensor, inputs: dict[str, Any], logits: Any = None, create_graph: bool = False
    ) -> Any:
        """G's loss and its gradients in G's weights. Asking for these alone spares those of D's weights.

        Args:
            logits: what D said of both in its own step, where that is what it would say here.
        """
        if logits is not None:
            real_logits, fake_logits = logits
        else:
            noise = inputs.get("instance_noise")
            fake_logits = self._d(self._pack(fake, noise, -1, 1))
            # Only the relativistic loss looks at real samples in G's step.
            real_logits = fake_logits.detach()
            if self._relativistic:
                real_logits = self._d(self._pack(real, noise, -1, 0))
        g_loss = self._loss.generator(real_logits, fake_logits)
        gradients = torch.autograd.grad(g_loss, _trainable(self.generator), create_graph=create_graph)
        return g_loss, distributed.average(gradients)

    def _penalty_weight(self, inputs: dict[str, Any]) -> float:
        """γ or λ, as the recipe lets it fall."""
        return self.recipe.penalty_weight * self.recipe.penalty_end ** inputs["progress"]

    def _penalty(self, real: Tensor, fake: Tensor, mix: Any) -> Tensor:
        """The penalty on D, at weight 1."""
        match self.recipe.penalty:
            case "r1":
                return 0.5 * penalties.r1(self.discriminator, real)
            case "r2":
                return 0.5 * penalties.r2(self.discriminator, fake)
            case "r1+r2":
                both = penalties.r1(self.discriminator, real) + penalties.r2(self.discriminator, fake)
                return 0.5 * both
            case _:
                return penalties.wgan_gp(self.discriminator, real, fake, mix)

    def _pack(self, samples: Tensor, noise: Tensor | None, turn: int, which: int) -> Tensor:
        """D's input: the samples, with instance noise, `pack` of them behind one another in the channels."""
        if noise is not None:
            samples = samples + self._native(noise[turn][which])
        pack = self.recipe.pack
        return samples.reshape(-1, pack * samples.shape[1], *samples.shape[2:]) if pack > 1 else samples

    @torch.no_grad()
    def _update_average(self) -> None:
        """average ← decay · average + (1 - decay) · generator, moving statistics included."""
        if self.average is None:
            return
        self._to_average(self._averaged, self._averaging, None)

    @torch.no_grad()
    def _generate(self, latents: np.ndarray, model: nn.Module) -> np.ndarray:
        samples = model.eval()(self._tensor(latents))
        return (samples.permute(0, 2, 3, 1) if samples.ndim == 4 else samples).cpu().numpy().copy(order="C")

    @torch.no_grad()
    def _logits(self, samples: np.ndarray) -> np.ndarray:
        return self.discriminator.eval()(self._pack(self._to_device(samples), None, 0, 0)).cpu().numpy().copy()

    def _tensor(self, array: np.ndarray) -> Tensor:
        return self._sent(torch.as_tensor(array, dtype=self.dtype))

    def _sent(self, tensor: Tensor) -> Tensor:
        """The tensor on the device. From ordinary memory a copy to a GPU would wait for all that the GPU has to do."""
        if self.device.startswith("cuda"):
            return tensor.pin_memory().to(self.device, non_blocking=True)
        return tensor.to(self.device)

    def _native(self, samples: Tensor) -> Tensor:
        return samples.permute(0, 3, 1, 2) if samples.ndim == 4 else samples

    def _to_device(self, samples: np.ndarray) -> Tensor:
        return self._native(self._tensor(samples))

    def _take(self, samples: Tensor, indices: list[np.ndarray]) -> list[Tensor]:
        return [samples[self._sent(torch.as_tensor(distributed.share(i)))] for i in indices]

    def _to_numpy(self, rows: list[Tensor]) -> np.ndarray:
        return torch.cat(rows).cpu().double().numpy()

    def _changing(self) -> list[Tensor]:
        """Every tensor that a step changes."""
        models = [model for model in (self.generator, self.discriminator, self.average) if model is not None]
        weights = [tensor for model in models for tensor, _ in neutral_weights(model).values()]
        optimisers = self._generator_optimiser, self._discriminator_optimiser
        moments = [moment for optimiser in optimisers for slot in optimiser.state().values() for moment in slot]
        return [_as_it_lies(tensor) for tensor in (*weights, *moments) if tensor.is_floating_point()]

    @torch.no_grad()
    def _sum_of_state(self) -> Tensor:
        """NaN or infinite where any weight, moving statistic or moment is."""
        return torch.stack([tensor.sum() for tensor in self._state]).sum()

    @torch.no_grad()
    def _copy_state(self) -> Any:
        # Always into the same memory: a fresh block of many megabytes costs more than the copy itself.
        torch.cat([tensor.flatten() for tensor in self._state], out=self._copy)
        return self._copy, self._generator_optimiser.steps, self._discriminator_optimiser.steps

    @torch.no_grad()
    def _restore_state(self, state: Any) -> None:
        flat, generator_steps, discriminator_steps = state
        tensors = self._state
        for tensor, part in zip(tensors, flat.split([tensor.numel() for tensor in tensors]), strict=True):
            tensor.copy_(part.view(tensor.shape))
        self._generator_optimiser.set_steps(generator_steps)
        self._discriminator_optimiser.set_steps(discriminator_steps)

    def _weights(self, model: nn.Module) -> dict[str, np.ndarray]:
        return networks.get_weights(model)

    def _set_weights(self, model: nn.Module, weights: Mapping[str, np.ndarray]) -> None:
        networks.set_weights(model, weights)

    def _optimiser_state(self, model: nn.Module, optimiser: Any) -> dict[str, np.ndarray]:
        state = {
            f"{slot}/{name}": to_neutral(moment, axes)
            for slot, moments in optimiser.state().items()
            for moment, (name, axes) in zip(moments, _trainable_names(model), strict=True)
        }
        return {**state, "steps": np.array(optimiser.steps, dtype=np.int64)}

    def _set_optimiser_state(self, model: nn.Module, optimiser: Any, state: Mapping[str, np.ndarray]) -> None:
        for slot, moments in optimiser.state().items():
            for moment, (name, axes) in zip(moments, _trainable_names(model), strict=True):
                from_neutral(moment, axes, state[f"{slot}/{name}"])
        optimiser.set_steps(int(state["steps"]))

    def _choose_device(self, device: str | None) -> str:
        if device is None or (device == "cuda" and self.workers > 1):
            return self._own_device()
        try:
            torch.empty(0, device=device)
        except (RuntimeError, AssertionError, TypeError) as error:
            reason = str(error).splitlines()[0]
            raise ValueError(f"PyTorch cannot use the device {device!r} here ({reason}). Try 'cpu'.") from error
        return device

    def _own_device(self) -> str:
        """A GPU where there is one; of several workers each takes its own."""
        if not torch.cuda.is_available():
            return "cpu"
        if self.workers == 1:
            return "cuda"
        local, found = int(os.environ.get("LOCAL_RANK", 0)), torch.cuda.device_count()
        if local >= found:
            raise ValueError(
                f"torchrun started more workers than this machine's {found} GPUs. "
                f"Use --nproc-per-node {found}, or device='cpu'."
            )
        torch.cuda.set_device(local)
        return f"cuda:{local}"

    def _fastest_precision(self) -> str:
        if self.device.startswith("cuda"):
            return "bfloat16" if torch.cuda.get_device_capability()[0] >= 8 else "float32"
        return "bfloat16" if self.device == "cpu" and hardware.fast_bfloat16() else "float32"

    @property
    def _relativistic(self) -> bool:
        return self.recipe.loss == "relativistic"

    @property
    def _judged_once(self) -> bool:
        """Whether G's step from D's point looks at the very inputs that D's step has judged."""
        return not (self.recipe.fresh_noise or self.recipe.instance_noise)


def device_name() -> str:
    """What training runs on unless it is told otherwise: "CPU", or the first GPU's model, such as "Tesla T4"."""
    return torch.cuda.get_device_name() if torch.cuda.is_available() else "CPU"


def _floats(model: nn.Module | None) -> list[Tensor]:
    """All weights and moving statistics of a network."""
    tensors = [] if model is None else model.state_dict(keep_vars=True).values()
    return [tensor for tensor in tensors if tensor.is_floating_point()]


def _as_it_lies(tensor: Tensor) -> Tensor:
    """The same numbers, the axes in the order in which memory has them, so that copies and sums read it in one go."""
    return tensor.detach().permute(sorted(range(tensor.ndim), key=lambda axis: -tensor.stride()[axis]))


def _trainable(model: nn.Module) -> list[Tensor]:
    return [parameter for parameter in model.parameters() if parameter.requires_grad]


def _mixed(gradient: Sequence[Tensor], weights: Sequence[Tensor], vector: Sequence[Tensor]) -> Sequence[Tensor]:
    """∇(gradient · vector) in the weights: a Hessian–vector product, without the Hessian."""
    # A gradient that is constant, as that of a critic's last bias, has no graph.
    pairs = [(g, v) for g, v in zip(gradient, vector, strict=True) if g.requires_grad]
    outputs, vectors = zip(*pairs, strict=True)
    return torch.autograd.grad(outputs, weights, vectors, retain_graph=True, materialize_grads=True)


def _plus(vector: Sequence[Tensor], rate: float, other: Sequence[Tensor]) -> list[Tensor]:
    return [v + rate * o for v, o in zip(vector, other, strict=True)]


def _trainable_names(model: nn.Module) -> list[tuple[str, tuple[int, ...]]]:
    """The neutral name and permutation of each trainable parameter, in the order of `_trainable`."""
    named = {id(tensor): (name, axes) for name, (tensor, axes) in neutral_weights(model).items()}
    return [named[id(parameter)] for parameter in _trainable(model)]
