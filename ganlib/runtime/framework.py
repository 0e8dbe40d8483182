"""What a framework supplies to the trainer. A third framework would fill in this."""

from __future__ import annotations

import abc
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, TypeAlias

import numpy as np

from ganlib.recipe import Recipe

BATCH_AXES = {"latents": 1, "instance_noise": 2, "mix": 1}  # which axis is the batch's, in the draws that have one
Draws = Mapping[str, np.ndarray]  # a step's random numbers, as `initialise.draw` gives them
# Each framework has its own of these, and what this folder shares may know neither.
Tensor: TypeAlias = Any
Network: TypeAlias = Any
Game: TypeAlias = Any  # the framework's step.Game
State: TypeAlias = Any  # a copy of all that a step changes


class Framework(abc.ABC):
    """The networks, the step, and where they are computed."""

    backend: ClassVar[str]
    _network: ClassVar[type]  # the framework's class of networks
    _distributed: Any  # the framework's module of that name

    recipe: Recipe
    seed: int
    precision: str
    device: str
    rank: int
    workers: int
    game: Game  # like the networks, made by `_build`
    generator: Network
    discriminator: Network
    average: Network  # G's moving average, or None

    @staticmethod
    @abc.abstractmethod
    def get_weights(model: Network) -> dict[str, np.ndarray]:
        """A network's weights in the neutral naming and layout."""

    @staticmethod
    @abc.abstractmethod
    def set_weights(model: Network, weights: Mapping[str, np.ndarray]) -> None:
        """Sets what `get_weights` gave, in either framework."""

    @abc.abstractmethod
    def _choose_device(self, device: str | None) -> str:
        """The device of that name, or the best there is; a ValueError if it cannot be used."""

    @abc.abstractmethod
    def _fastest_precision(self) -> str:
        """What precision "auto" comes to on the device."""

    @abc.abstractmethod
    def _build(self, generator: Network, discriminator: Network) -> None:
        """Makes the networks, but for those that are given, and the game."""

    @abc.abstractmethod
    def _to_device(self, samples: np.ndarray) -> Tensor:
        """Samples in the public layout as a tensor in the framework's."""

    @abc.abstractmethod
    def _take(self, samples: Tensor, indices: np.ndarray) -> Tensor:
        """A batch of samples that are on the device."""

    @abc.abstractmethod
    def _play(
        self,
        who: str,
        samples: Tensor,
        indices: np.ndarray,
        draws: Sequence[Draws],
        fakes: Tensor = None,
        chosen: np.ndarray | None = None,
    ) -> Tensor:
        """Takes some steps together and returns their metrics, (steps, columns), on the device.

        Who moves is "both", "discriminator" or "generator". `indices` (steps, turns, batch) say which of the real
        samples go into the batches, `chosen` (steps, 1, batch) which of the fakes D is shown instead of G's.
        """

    @abc.abstractmethod
    def replay(self, game: Game, real: Sequence[Tensor], draws: Draws) -> None:
        """Takes one step with another game in place of the trainer's, operation by operation; for failure reports.

        The game is such as `dataclasses.replace(trainer.game, loss=…)`. `real` has a batch for each turn of D.
        """

    @abc.abstractmethod
    def _generate(self, latents: np.ndarray, model: Network) -> np.ndarray:
        """The samples of one batch of latents, in inference mode and the public layout."""

    @abc.abstractmethod
    def _logits(self, samples: np.ndarray) -> np.ndarray:
        """D's logits of one batch, in inference mode."""

    @abc.abstractmethod
    def _to_numpy(self, rows: list[Tensor]) -> np.ndarray:
        """What several calls of `_play` gave, one behind the other, in float64."""

    @abc.abstractmethod
    def _copy_state(self) -> State:
        """A copy of all that a step changes, kept on the device."""

    @abc.abstractmethod
    def _restore_state(self, state: State) -> None:
        """Puts back what `_copy_state` gave."""

    @abc.abstractmethod
    def _optimiser_state(self, player: str) -> dict[str, np.ndarray]:
        """The optimiser's moments by names such as "m/dense0.kernel", and its "steps"."""

    @abc.abstractmethod
    def _set_optimiser_state(self, player: str, state: Mapping[str, np.ndarray]) -> None:
        """Sets what `_optimiser_state` gave, in either framework."""
