"""Makes a game of a recipe and takes its steps in PyTorch: devices, precision, workers. The step is in `step.py`."""

import copy
import dataclasses
import os
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.optim.swa_utils import get_ema_multi_avg_fn

from ganlib.runtime import hardware
from ganlib.runtime.framework import BATCH_AXES, Draws, Sources, State
from ganlib.runtime.trainer import BaseTrainer
from ganlib.torch import distributed, losses, networks, optimisers, penalties, step, terms, updates
from ganlib.torch.game import Game, trainable
from ganlib.torch.networks import DTYPES, Discriminator, Generator, from_neutral, neutral_weights, to_neutral


class Trainer(BaseTrainer):
    """Trains a generator against a discriminator as a recipe says.

    Its arguments and methods stand in `ganlib.runtime.trainer.BaseTrainer`, which both frameworks share.
    """

    backend = "torch"
    _network = nn.Module
    _distributed = distributed
    get_weights = staticmethod(networks.get_weights)
    set_weights = staticmethod(networks.set_weights)
    game: Game

    def _build(self, generator: nn.Module | None, discriminator: nn.Module | None) -> None:
        recipe, precision = self.recipe, self.precision
        self.dtype = DTYPES[precision]
        self.generator = (generator or Generator(recipe, self.seed, precision)).to(self.device, self.dtype)
        self.discriminator = (discriminator or Discriminator(recipe, self.seed, precision)).to(self.device, self.dtype)
        distributed.prepare(self.generator)
        distributed.prepare(self.discriminator)
        self.average = copy.deepcopy(self.generator).requires_grad_(False) if recipe.moving_average else None
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
            self._moving_average(),
            recipe.pack,
            terms.get(recipe),
        )
        # Compiled networks have no second derivatives. A penalty on D alone is given D itself.
        if self.compiled and recipe.update != "competitive" and recipe.penalty != "consensus":
            self.game = self._compiled(self.game)
        self._updates = {"both": updates.get(recipe), **updates.ALONE}
        self._state = self._changing()
        self._copy = self._state[0].new_empty(sum(tensor.numel() for tensor in self._state))
        self._random = torch.Generator(self.device)
        for module in self.discriminator.modules():
            if isinstance(module, networks.Dropout):
                module.random = self._random

    def _compiled(self, game: Game) -> Game:
        generator: Any = torch.compile(game.generator)
        discriminator: Any = torch.compile(game.discriminator)
        game = dataclasses.replace(game, generator=generator, discriminator=discriminator)
        if (penalty := game.penalty) is None:
            return game
        return dataclasses.replace(
            game, penalty=lambda judge, *inputs: penalty(partial(self.discriminator, **judge.keywords), *inputs)
        )

    def _moving_average(self) -> Callable[[], None]:
        """average ← decay · average + (1 - decay) · generator, moving statistics included."""
        if self.average is None:
            return lambda: None
        averaged, own = _floats(self.average), _floats(self.generator)
        move = get_ema_multi_avg_fn(self.recipe.moving_average)
        return torch.no_grad()(lambda: move(averaged, own, None))

    def _play(
        self, who: str, sources: Sources, indices: np.ndarray, draws: Sequence[Draws], chosen: np.ndarray | None = None
    ) -> Tensor:
        columns, rows = self._columns(who)[:-1], []
        for i, drawn in enumerate(draws):
            inputs = self._prepare(drawn, [self._given(sources, turn) for turn in indices[i]])
            if chosen is not None:
                inputs["fake"] = self._take(sources["fake"], chosen[i, 0])
            real = [self._take(sources["samples"], turn) for turn in indices[i]]
            found = self._updates[who](self.game, real, inputs)
            rows.append(torch.stack([found[name] for name in columns]))
        # A weight that went bad stays bad, so one look at the end will do.
        weights = torch.zeros(len(rows), 1, dtype=rows[0].dtype, device=rows[0].device)
        weights[-1] = self._sum_of_state()
        return distributed.average([torch.cat([torch.stack(rows), weights], dim=1)])[0]

    def replay(self, game: Game, real: Sequence[Tensor], given: Sequence[Sources], draws: Draws) -> None:
        self._updates["both"](game, real, self._prepare(draws, given))

    def _prepare(self, draws: Draws, given: Sequence[Sources]) -> dict[str, Any]:
        """Both networks in training mode, dropout seeded, and the drawn numbers as tensors in the native layout."""
        self.generator.train()
        self.discriminator.train()
        self._random.manual_seed(int(draws["dropout"][0]))
        numbers = {name: float(draws[name]) for name in ("progress", "penalty_weight") if name in draws}
        shares = {name: distributed.share(draws[name], axis) for name, axis in BATCH_AXES.items() if name in draws}
        tensors = {name: self._tensor(share) for name, share in shares.items() if name != "labels"}
        if "instance_noise" in tensors and len(self.recipe.shape) == 3:
            tensors["instance_noise"] = tensors["instance_noise"].permute(0, 1, 2, 5, 3, 4)
        if "labels" in draws:  # drawn for G, and not of the data
            given = [{"labels": self._to_device(turn)} for turn in shares["labels"]]
        return {**numbers, **tensors, **({"given": given} if any(given) else {})}

    @torch.no_grad()
    def _generate(self, latents: np.ndarray, model: nn.Module, given: Mapping[str, np.ndarray]) -> np.ndarray:
        samples = model.eval()(self._tensor(latents), **self._condition(given))
        return (samples.permute(0, 2, 3, 1) if samples.ndim == 4 else samples).cpu().numpy().copy(order="C")

    @torch.no_grad()
    def _outputs(self, samples: np.ndarray, given: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        packed = step.discriminator_input(self.game, self._to_device(samples), {}, 0, 0)
        outputs = self.discriminator.eval()(packed, **self._condition(given))
        named = outputs if isinstance(outputs, Mapping) else {"real": outputs}
        return {name: output.cpu().numpy().copy() for name, output in named.items()}

    def _condition(self, given: Mapping[str, np.ndarray]) -> dict[str, Any]:
        """As `step.conditions`, of arrays."""
        return {"given": {name: self._to_device(array) for name, array in given.items()}} if given else {}

    def _tensor(self, array: np.ndarray) -> Tensor:
        return self._sent(torch.as_tensor(array, dtype=self.dtype))

    def _sent(self, tensor: Tensor) -> Tensor:
        """The tensor on the device. From ordinary memory a copy to a GPU would wait for all that the GPU has to do."""
        if self.device.startswith("cuda"):
            return tensor.pin_memory().to(self.device, non_blocking=True)
        return tensor.to(self.device)

    def _to_device(self, samples: np.ndarray) -> Tensor:
        if samples.dtype.kind in "iu":  # labels
            return self._sent(torch.as_tensor(samples))
        tensor = self._tensor(samples)
        return tensor.permute(0, 3, 1, 2) if tensor.ndim == 4 else tensor

    def _take(self, samples: Tensor, indices: np.ndarray) -> Tensor:
        return samples[self._sent(torch.as_tensor(distributed.share(indices)))]

    def _to_numpy(self, rows: list[Tensor]) -> np.ndarray:
        return torch.cat(rows).cpu().double().numpy()

    def _changing(self) -> list[Tensor]:
        """Every tensor that a step changes."""
        models = [model for model in (self.generator, self.discriminator, self.average) if model is not None]
        weights = [tensor for model in models for tensor, _ in neutral_weights(model).values()]
        slots = [slot for optimiser in self._optimisers.values() for slot in optimiser.state().values()]
        moments = [moment for slot in slots for moment in slot]
        return [_as_it_lies(tensor) for tensor in (*weights, *moments) if tensor.is_floating_point()]

    @torch.no_grad()
    def _sum_of_state(self) -> Tensor:
        """NaN or infinite where any weight, moving statistic or moment is."""
        return torch.stack([tensor.sum() for tensor in self._state]).sum()

    @torch.no_grad()
    def _copy_state(self) -> State:
        # Always into the same memory: a fresh block of many megabytes costs more than the copy itself.
        torch.cat([tensor.flatten() for tensor in self._state], out=self._copy)
        return self._copy, {player: optimiser.steps for player, optimiser in self._optimisers.items()}

    @torch.no_grad()
    def _restore_state(self, state: State) -> None:
        flat, steps = state
        for tensor, part in zip(self._state, flat.split([tensor.numel() for tensor in self._state]), strict=True):
            tensor.copy_(part.view(tensor.shape))
        for player, optimiser in self._optimisers.items():
            optimiser.set_steps(steps[player])

    def _optimiser_state(self, player: str) -> dict[str, np.ndarray]:
        optimiser, names = self._optimisers[player], _trainable_names(getattr(self, player))
        state = {
            f"{slot}/{name}": to_neutral(moment, axes)
            for slot, moments in optimiser.state().items()
            for moment, (name, axes) in zip(moments, names, strict=True)
        }
        return {**state, "steps": np.array(optimiser.steps, dtype=np.int64)}

    def _set_optimiser_state(self, player: str, state: Mapping[str, np.ndarray]) -> None:
        optimiser, names = self._optimisers[player], _trainable_names(getattr(self, player))
        for slot, moments in optimiser.state().items():
            for moment, (name, axes) in zip(moments, names, strict=True):
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
            remedy = f"Use --nproc-per-node {found}, or device='cpu'."
            raise ValueError(f"torchrun started more workers than this machine's {found} GPUs. {remedy}")
        torch.cuda.set_device(local)
        return f"cuda:{local}"

    def _fastest_precision(self) -> str:
        if self.device.startswith("cuda"):
            return "bfloat16" if torch.cuda.get_device_capability()[0] >= 8 else "float32"
        return "bfloat16" if self.device == "cpu" and hardware.fast_bfloat16() else "float32"


def device_name() -> str:
    """What training runs on unless it is told otherwise: "CPU", or the first GPU's model, such as "Tesla T4"."""
    return torch.cuda.get_device_name() if torch.cuda.is_available() else "CPU"


def _floats(model: nn.Module) -> list[Tensor]:
    return [tensor for tensor in model.state_dict(keep_vars=True).values() if tensor.is_floating_point()]


def _as_it_lies(tensor: Tensor) -> Tensor:
    """The same numbers, the axes in the order in which memory has them, so that copies and sums read it in one go."""
    return tensor.detach().permute(sorted(range(tensor.ndim), key=lambda axis: -tensor.stride()[axis]))


def _trainable_names(model: nn.Module) -> list[tuple[str, tuple[int, ...]]]:
    """The neutral name and permutation of each trainable parameter, in the order of `step.trainable`."""
    named = {id(tensor): (name, axes) for name, (tensor, axes) in neutral_weights(model).items()}
    return [named[id(parameter)] for parameter in trainable(model)]
