"""Finds the first tensor of a step that is NaN or infinite, and says what usually causes it."""

from __future__ import annotations

import contextlib
import dataclasses
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from ganlib.errors import OutOfMemory, TrainingFailed
from ganlib.recipe import Recipe
from ganlib.reference.optimisers import CONJUGATE

if TYPE_CHECKING:
    from ganlib.runtime.framework import Sources, Tensor
    from ganlib.runtime.trainer import BaseTrainer

# Ten times and more above what GANs are usually trained with.
HIGH_RATE = {"adam": 0.01, **dict.fromkeys(("sgd", *CONJUGATE), 1.0)}
LARGE_DATA = 100.0  # points so far from zero make first-layer sums that the usual initial weights are not made for
LARGE_LOGITS = 1e3  # log-losses stop learning at 20; a held critic seldom passes 100
TOO_LARGE = 1e15  # from here on a loss may overflow by itself; NaN is not below it either


class Bad(NamedTuple):
    """A tensor that went bad."""

    tensor: str
    what: str  # "NaN", "infinite in 3 of 128 values", …
    before: bool = False  # whether it was bad before the step began


def describe(values: np.ndarray) -> str:
    """What is wrong with an array in words, or "" where all of it is finite."""
    values = np.asarray(values)
    bad = values.size - int(np.isfinite(values).sum())
    if not bad:
        return ""
    kind = "NaN" if np.isnan(values).any() else "infinite"
    return kind if values.size == 1 else f"{kind} in {bad} of {values.size} values"


def bad_metric(names: Iterable[str], row: np.ndarray) -> Bad:
    """The first bad one of a step's metrics, of which one is; "weights" where only their sum is bad."""
    bad = {name: value for name, value in zip(names, row, strict=True) if not np.isfinite(value)}
    name, value = next(iter(bad.items()))
    return Bad(name, "NaN or infinite" if name == "weights" else describe(value))


def first_bad(
    trainer: BaseTrainer, real: Sequence[Tensor], given: Sequence[Sources], draws: Mapping[str, np.ndarray]
) -> Bad | None:
    """Takes a step again, on batches with their conditions, and returns the first tensor that is bad, or None.

    The trainer must be as it was before the step, and is left as it happens to be.
    """
    dtype = np.float64 if trainer.precision == "float64" else np.float32
    game = trainer.game
    watched = dataclasses.replace(
        game,
        generator=_Watched("generator/output", game.generator),
        loss=_Loss("loss", game.loss),
        penalty=game.penalty and _Watched("penalty", game.penalty),
        generator_optimiser=_Optimiser(trainer, "generator"),
        discriminator_optimiser=_Optimiser(trainer, "discriminator"),
    )
    try:
        for player in ("generator", "discriminator"):
            _see_weights(trainer, player)
    except _Found as found:
        return found.bad._replace(before=True)
    try:
        for batch in real:
            _see("batch", batch)
        for name in ("latents", "instance_noise", "mix"):
            if name in draws:
                _see(name, draws[name].astype(dtype))
        trainer.replay(watched, real, given, draws)
    except _Found as found:
        return found.bad
    return None


class _Found(Exception):
    def __init__(self, bad: Bad) -> None:
        self.bad = bad


def _see(name: str, tensor: Tensor) -> None:
    if hasattr(tensor, "detach"):
        tensor = tensor.detach().cpu().double()
    what = describe(np.asarray(tensor))
    if what:
        raise _Found(Bad(name, what))


def _see_weights(trainer: BaseTrainer, player: str) -> None:
    for name, array in trainer.state().items():
        if name.startswith((f"{player}/", f"{player}_optimiser/")):
            _see(name, array)


class _Watched:
    """What is called in the place of a network or a penalty, and its result looked at; in all else it is that."""

    def __init__(self, name: str, inner: Any) -> None:
        self.name, self.inner = name, inner

    def __getattr__(self, name: str) -> Any:
        return getattr(self.inner, name)

    def __call__(self, *inputs: Tensor, **options: Any) -> Tensor:
        result = self.inner(*inputs, **options)
        _see(self.name, result)
        return result


class _Loss(_Watched):
    def discriminator(self, real: Tensor, fake: Tensor) -> Tensor:
        return self._watch("d_loss", self.inner.discriminator, real, fake)

    def generator(self, real: Tensor, fake: Tensor) -> Tensor:
        return self._watch("g_loss", self.inner.generator, real, fake)

    def _watch(self, name: str, function: Callable[..., Tensor], real: Tensor, fake: Tensor) -> Tensor:
        # G's step hands over its fake logits twice where the loss does not look at real ones.
        logits = {"real": real, "fake": fake} if name == "d_loss" else {"fake": fake, "real": real}
        for which, tensor in logits.items():
            _see(f"discriminator/logits/{which}", tensor)
        value = function(real, fake)
        _see(name, value)
        return value


class _Optimiser(_Watched):
    def __init__(self, trainer: BaseTrainer, player: str) -> None:
        super().__init__(player, getattr(trainer.game, f"{player}_optimiser"))
        self.trainer = trainer

    def apply(self, gradients: Sequence[Tensor], progress: float | Tensor) -> None:
        slots = [name.split("/", 2) for name in self.trainer.state() if name.startswith(f"{self.name}_optimiser/")]
        names = [slot[2] for slot in slots if slot[1] == slots[0][1]]
        # The chain rule walks from the loss to the first layer.
        for name, gradient in reversed(list(zip(names, gradients, strict=True))):
            _see(f"{self.name}_gradient/{name}", gradient)
        self.inner.apply(gradients, progress)
        _see_weights(self.trainer, self.name)


@contextlib.contextmanager
def memory(recipe: Recipe) -> Iterator[None]:
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
        lower = f"Lower batch_size (now {recipe.batch_size}) first, then width (now {recipe.width})"
        lower += f", or the size of the images (now {size})" if size else ""
        raise OutOfMemory(
            f"There is not enough memory to train this recipe here. {lower}: "
            f'ganlib.recipe("{recipe.name}", batch_size={max(1, recipe.batch_size // 2)}). '
            f"Checkpoints already saved are intact. ({reason})"
        ) from error


def error(
    trainer: BaseTrainer, step: int, bad: Bad, history: Mapping[str, np.ndarray], real: Sequence[Tensor] = ()
) -> TrainingFailed:
    """The TrainingFailed that says what went bad, likely causes, and where the trainer stands.

    `real` are the batches of real samples of that step, where they are known.
    """
    sentences = [f"Training failed at step {step}: {bad.tensor} is {bad.what}."]
    if bad.before:
        sentences.append("It was so before the step: a callback or set_weights put it there.")
    else:
        sentences += causes(trainer, bad.tensor, history, real)
        sentences.append(f"The trainer is back at step {trainer.steps_done}, the last good state.")
    return TrainingFailed(" ".join(sentences), step, bad.tensor, history)


def causes(
    trainer: BaseTrainer, tensor: str, history: Mapping[str, np.ndarray], real: Sequence[Tensor] = ()
) -> list[str]:
    """One or two sentences on what usually causes that, the most specific first."""
    recipe = trainer.recipe
    found: list[str] = []
    if tensor == "batch":
        found.append(f"The samples do not fit into {trainer.precision}: scale them to about [-1, 1].")
    elif real and len(recipe.shape) == 1:
        largest = max(float(abs(batch).max() if hasattr(batch, "detach") else np.abs(batch).max()) for batch in real)
        if largest > LARGE_DATA:
            found.append(f"The samples reach {largest:.2g}: scale them to about [-1, 1].")
    held = recipe.penalty != "none" or recipe.discriminator_norm == "spectral"
    if recipe.loss == "wasserstein" and not held:
        found.append(
            "A Wasserstein critic that nothing holds grows without bound: "
            "penalty='wgan_gp' with penalty_weight=10, or discriminator_norm='spectral'."
        )
    for player in ("generator", "discriminator"):
        optimiser = getattr(recipe, f"{player}_optimiser")
        if optimiser.rate > HIGH_RATE[optimiser.rule]:
            found.append(f"The {player}'s rate, {optimiser.rate:g}, is high for {optimiser.rule}: divide it by ten.")
    if tensor == "penalty":
        found.append(
            f"The penalty exploded, D has become too steep: lower D's rate or penalty_weight={recipe.penalty_weight:g}."
        )
    if tensor.startswith("discriminator_gradient/") and recipe.penalty == "wgan_gp":
        found.append(
            "The losses before it are finite, and a norm has no derivative at zero: D's gradient is zero at a sample, "
            "as with a D whose units are all dead."
        )
    logits = [np.abs(history[name]) for name in ("d_real", "d_fake") if name in history]
    grown = max((float(values[:-1].max()) for values in logits if len(values) > 1), default=0.0)
    if grown > LARGE_LOGITS:
        found.append(f"D's mean logits had grown to {grown:.2g}, so D diverged: lower the rates, or add a penalty.")
    latest = max((float(values[-1]) for values in logits), default=0.0)
    if tensor in ("d_loss", "g_loss") and not found and latest < TOO_LARGE:
        found.append(
            "The logits are finite and the loss is not: a logarithm of zero in a loss of your own? "
            "Write it on logits, with softplus."
        )
    if trainer.precision == "bfloat16":
        found.append("bfloat16 rounds to three digits; see whether precision='float32' fails too.")
    if not found:
        player = "discriminator" if tensor.startswith("d") else "generator"
        rate = getattr(recipe, f"{player}_optimiser").rate
        found.append(
            "Numbers overflowed, as with initial weights that are too large or a rate that is too high "
            f"(the {player}'s is {rate:g})."
        )
    return found[:2]
