"""What a trainer saves, and how another goes on from it: in either framework, to the bit."""

import contextlib
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Self

import numpy as np

from ganlib import architectures, arguments, initialise
from ganlib.errors import CheckpointError
from ganlib.layers import weight_shapes
from ganlib.recipe import PRECISIONS, Recipe
from ganlib.runtime import checkpoint
from ganlib.runtime.framework import Framework, Network
from ganlib.runtime.tensors import fitting_weights

PLAYERS = ("generator", "discriminator")


class Resumable(Framework):
    """The part of a trainer that saves it and loads it."""

    steps_done: int
    metric_names: tuple[str, ...]
    _history: dict[str, list[np.ndarray]]
    _batches: initialise.Batches
    _streams: dict[str, np.random.Generator]

    _flush: Callable[[], None]  # moves metrics that wait on the device into the history

    @property
    def history(self) -> dict[str, np.ndarray]:
        """Metric name → NumPy array with one value for each step since the start."""
        self._flush()
        return {name: np.concatenate(blocks) for name, blocks in self._history.items()}

    def weights(self) -> dict[str, dict[str, np.ndarray]]:
        """Copies of both players' weights, and of the moving average's if there is one: player → name → array."""
        players = (*PLAYERS, "average") if self.average is not None else PLAYERS
        return {player: self.get_weights(getattr(self, player)) for player in players}

    def state(self) -> dict[str, np.ndarray]:
        """All arrays that training goes on from: "generator/dense0.kernel", "generator_optimiser/m/dense0.kernel", …"""
        owners = self.weights() | {f"{player}_optimiser": self._optimiser_state(player) for player in PLAYERS}
        return {name: array for owner, own in owners.items() for name, array in prefixed(owner, own).items()}

    def save(self, directory: str | os.PathLike[str], keep: int | None = 3, score: float | None = None) -> Path:
        """Saves everything that training goes on from into one file in `directory`, and returns its path.

        Weights, moving average, moments, random states, data order, history, recipe, versions. An interrupted save
        leaves the files before intact. `ganlib.checkpoint.Saver` calls this while `fit` runs.

        The directory holds no other run, and is made if it is not there; `keep` is how many of the last checkpoints are
        kept, beside the best one, None for all; `score` how good this one is, the smaller the better.

        CheckpointNotSaved where the disk is full, or the folder cannot be written to; CheckpointError where it holds
        another run or a later step, or another process works in it.
        """
        if self.rank:
            return Path(directory)  # of several workers the first one writes
        arrays = {**self.state(), **prefixed("history", self.history)}
        state = {
            "recipe": self.recipe.to_json(),
            "backend": self.backend,
            "seed": self.seed,
            "precision": self.precision,
            "steps_done": self.steps_done,
            "batches": self._batches.state(),
            "streams": self._stream_states(),
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
        loss: Any = None,
        generator: Network = None,
        discriminator: Network = None,
    ) -> Self:
        """The trainer that `save` wrote, from either framework, ready to sample or to go on training.

        Args:
            directory: the folder that was given to `save`.
            which: "latest", "best" (the one with the smallest score), or a step.
            precision, device, compiled: as for a new trainer; None keeps the saved precision.
            recipe: the one that you expect. Another one is refused, field by field; only `about`, `steps` and the
                folder of images may differ, and those of your recipe are taken. None takes the saved recipe.
            loss, generator, discriminator: those of your own that the run was started with, if it was.

        Raises:
            CheckpointError: there is no checkpoint, it does not fit, or it is damaged; then the error names the newest
                good one.
        """
        arrays, state = checkpoint.load(directory, which)
        own = {"generator": generator, "discriminator": discriminator}
        with fitting(directory):
            saved = Recipe.from_json(state["recipe"])
            check_state(arrays, state, saved, [name for name, network in own.items() if network is None])
        if recipe is not None and (differing := checkpoint.differences(saved, recipe)):
            other = f"The checkpoint in {os.fspath(directory)} is of another recipe: {'; '.join(differing)}"
            raise CheckpointError(f"{other}. Give that recipe, or none to take the saved one.")
        precision = precision or state["precision"]
        changed = {"compiled": compiled, "loss": loss, **own}
        trainer = cls(recipe or saved, state["seed"], precision, device, **changed)  # type: ignore[call-arg]
        with fitting(directory):
            for player in trainer.weights():
                cls.set_weights(getattr(trainer, player), part(player, arrays))
            for player in PLAYERS:
                trainer._set_optimiser_state(player, part(f"{player}_optimiser", arrays))
            kept = part("history", arrays)  # a file keeps no order
            trainer._history = {name: [kept[name]] for name in trainer.metric_names if kept}
            trainer.steps_done = state["steps_done"]
            trainer._batches.restore(state["batches"])
            trainer._restore_streams(state["streams"])
        return trainer

    def _stream_states(self) -> dict[str, Any]:
        return {name: rng.bit_generator.state for name, rng in self._streams.items() if name != "batches"}

    def _restore_streams(self, states: Mapping[str, Any]) -> None:
        for name, state in states.items():
            self._streams[name].bit_generator.state = state


@contextlib.contextmanager
def fitting(directory: str | os.PathLike[str]) -> Iterator[None]:
    """Turns what a checkpoint that holds something else comes to into CheckpointError."""
    try:
        yield
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
        reason = f"it lacks {error}." if isinstance(error, KeyError) else str(error)
        own = "If it was trained with networks of your own, pass them as generator= and discriminator=."
        raise CheckpointError(f"The checkpoint in {os.fspath(directory)} does not fit: {reason} {own}") from error


def check_state(
    arrays: Mapping[str, np.ndarray], state: Mapping[str, Any], recipe: Recipe, players: Iterable[str]
) -> None:
    """Raises a ValueError, KeyError or TypeError if a checkpoint does not hold together, before anything is built.

    `players` are those whose networks are the recipe's.
    """
    arguments.whole("seed", state["seed"], 0), arguments.whole("steps_done", state["steps_done"], 0)
    if state["precision"] not in PRECISIONS:
        raise ValueError(f"precision is {state['precision']!r}.")
    if set(state["streams"]) != set(initialise.STREAMS) - {"batches"}:
        raise ValueError(f"it has the random states {', '.join(state['streams'])}.")
    for name, values in part("history", arrays).items():
        if values.shape != (state["steps_done"],):
            raise ValueError(f"the history of {name} has shape {values.shape} after {state['steps_done']} steps.")
    layers = {
        "generator": (architectures.generator_layers(recipe), (recipe.latent,)),
        "discriminator": (architectures.discriminator_layers(recipe), architectures.discriminator_input(recipe)),
    }
    for player in players:
        fitting_weights(weight_shapes(*layers[player]), part(player, arrays))
    for player in PLAYERS:
        for name, moment in part(f"{player}_optimiser", arrays).items():
            weight = arrays.get(f"{player}/{name.partition('/')[2]}")
            if name != "steps" and (weight is None or weight.shape != moment.shape):
                raise ValueError(f"the {player}'s optimiser has {name} of shape {moment.shape}.")


def prefixed(prefix: str, arrays: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """The arrays under the names "prefix/name"."""
    return {f"{prefix}/{name}": array for name, array in arrays.items()}


def part(prefix: str, arrays: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Those of the arrays that `prefixed` named so, under their own names."""
    return {name.removeprefix(f"{prefix}/"): a for name, a in arrays.items() if name.startswith(f"{prefix}/")}
