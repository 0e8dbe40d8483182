"""What a step of adversarial training is played with in TensorFlow: players, losses, what is drawn, what is found."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import keras
from tensorflow import Tensor, Variable

from ganlib.tensorflow.losses import Loss
from ganlib.tensorflow.optimisers import Optimiser
from ganlib.tensorflow.terms import Batch, Term

# "latents" (k, n, latent): a batch for each of D's k steps, or k + 1 if G's step has its own. "progress": the share of
# the run that is done, for rates that fall. Where the game asks for them: "penalty_weight", γ or λ, on the steps that
# penalise; "mix" (k, n / pack) for WGAN-GP; "instance_noise" (k + 1, 2, n, …), real and fake, D's steps and then G's;
# "given", for each batch its conditions by name, such as {"labels": (n,)}, of which G's own step has the last.
Draws = Mapping[str, Any]


@dataclass(frozen=True)
class Game:
    """Two players, what they minimise, and how they move.

    Where the draws have "given", both networks are called with it: discriminator(samples, given={"labels": (n,)}). For
    some terms D gives several outputs by name: {"real": logits (n,), "class": (n, classes), "features": (n, k)}.
    """

    generator: keras.Model  #: latents (n, latent) → samples (n, …), in training mode
    discriminator: keras.Model  #: samples → logits (n,), in training mode
    generator_optimiser: Optimiser  #: its `apply(gradients, progress)` moves the weights of `trainable(generator)`
    discriminator_optimiser: Optimiser  #: the same for D
    loss: Loss  #: both players' losses on logits; see `losses.get`
    penalty: Callable[..., Tensor] | None = None  #: (discriminator, real, fake, mix) → what D minimises too
    update_average: Callable[[], None] = lambda: None  #: called after G's step, to keep a moving average of its weights
    pack: int = 1  #: how many samples D judges together, stacked in the channels (Lin et al. 2018)
    terms: Sequence[tuple[float, Term]] = ()  #: what else the players minimise, each with its weight; see `terms.get`


class Judged(NamedTuple):
    """What D minimises on a batch, in all and apart: its loss, weighted penalty and terms; and what it saw."""

    total: Tensor
    loss: Tensor
    penalty: Tensor
    terms: Tensor
    seen: Batch


class Aim(NamedTuple):
    """What G minimises on a batch, in all and apart: its loss and its weighted terms."""

    total: Tensor
    loss: Tensor
    terms: Tensor


def trainable(model: keras.Model) -> list[Variable]:
    """The weights that a player may move."""
    return [variable.value for variable in model.trainable_variables]
