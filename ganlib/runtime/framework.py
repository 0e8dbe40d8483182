"""What a framework supplies to the trainer. A third framework would fill in this."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar, TypeAlias

import numpy as np

from ganlib.recipe import Recipe

# Which axis is the batch's, in the draws that have one.
BATCH_AXES = {"latents": 1, "labels": 1, "instance_noise": 2, "mix": 1}
# What batches are taken from, on the device: the "samples", their conditions, such as the "labels", and under "fake",
# where D trains alone, what it is shown instead of G's samples.
Sources: TypeAlias = "Mapping[str, Tensor]"
Draws = Mapping[str, np.ndarray]  # a step's random numbers, as `initialise.draw` gives them
# Each framework has its own of these, and what this folder shares may know neither.
Tensor: TypeAlias = Any
Network: TypeAlias = Any
Game: TypeAlias = Any  # the framework's step.Game
State: TypeAlias = Any  # a copy of all that a step changes


class Framework:
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

    # A network's weights in the neutral naming and layout, and what sets them, in either framework.
    get_weights: Callable[[Network], dict[str, np.ndarray]]
    set_weights: Callable[[Network, Mapping[str, np.ndarray]], None]

    # The device of that name, or the best there is; a ValueError if it cannot be used. What precision "auto" is there.
    _choose_device: Callable[[str | None], str]
    _fastest_precision: Callable[[], str]
    # Makes the networks, generator and discriminator, but for those that are given, and the game.
    _build: Callable[[Network, Network], None]

    # Samples, or integers, as a tensor in the framework's layout; a batch of such; several rows, behind one another.
    _to_device: Callable[[np.ndarray], Tensor]
    _take: Callable[[Tensor, np.ndarray], Tensor]
    _to_numpy: Callable[[list[Tensor]], np.ndarray]

    # Takes some steps together and returns their metrics, (steps, columns), on the device: (who, sources, indices,
    # draws, chosen=None). Who moves is "both", "discriminator" or "generator". `indices` (steps, turns, batch) say
    # which of the real samples go into the batches, `chosen` (steps, 1, batch) which of the fakes.
    _play: Callable[..., Tensor]
    # Takes one step with another game on a batch for each turn of D, operation by operation; for failure reports.
    replay: Callable[[Game, Sequence[Tensor], Sequence[Sources], Draws], None]

    # The samples of one batch of latents, and D's outputs by name for one of samples, in inference mode.
    _generate: Callable[[np.ndarray, Network, Mapping[str, np.ndarray]], np.ndarray]
    _outputs: Callable[[np.ndarray, Mapping[str, np.ndarray]], dict[str, np.ndarray]]

    # A copy of all that a step changes, on the device, and what puts it back.
    _copy_state: Callable[[], State]
    _restore_state: Callable[[State], None]
    # A player's optimiser's moments by names such as "m/dense0.kernel", and its "steps"; in either framework.
    _optimiser_state: Callable[[str], dict[str, np.ndarray]]
    _set_optimiser_state: Callable[[str, Mapping[str, np.ndarray]], None]
