"""One step of adversarial training in TensorFlow: algorithm 1 of Goodfellow et al. 2014.

A step is a function of a `Game` (who plays, and for what), of real samples, and of the step's random draws. It moves
both players and returns the step's metrics. It needs nothing of the trainer, which only repeats it:

    game = Game(generator, discriminator, generator_optimiser, discriminator_optimiser, losses.get("nonsaturating"))
    metrics = alternating(game, [real], {"latents": tf.random.normal((2, len(real), 100)), "progress": 0.0})
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import keras
import tensorflow as tf
from tensorflow import Tensor, Variable

from ganlib.tensorflow.losses import Loss
from ganlib.tensorflow.optimisers import Optimiser

Gradients = Sequence[Tensor]
# "latents" (turns, n, latent): a batch for each turn of D, and one more if G's step draws its own. "progress": the
# share of the run that is done, for rates that fall. Where the game asks for them: "penalty_weight", on the steps that
# penalise; "mix" (turns, n) for WGAN-GP; "instance_noise" (turns + 1, 2, n, …), for D's turns and then for G's step.
Draws = Mapping[str, Any]


@dataclass(frozen=True)
class Game:
    """Two players, what they minimise, and how they move.

    Args:
        generator, discriminator: latents (n, latent) → samples (n, …), and samples → logits (n,).
        generator_optimiser, discriminator_optimiser: `apply(gradients, progress)` moves the player's weights.
        loss: both players' losses on logits; see `losses.get`.
        penalty: (discriminator, real, fake, mix) → a scalar that D minimises too; see `penalties.get`.
        average: called after G's step, to keep a moving average of its weights.
        real_label, pack: for one-sided label smoothing, and for packing (Lin et al. 2018); see `Recipe`.
    """

    generator: keras.Model
    discriminator: keras.Model
    generator_optimiser: Optimiser
    discriminator_optimiser: Optimiser
    loss: Loss
    penalty: Callable[..., Tensor] | None = None
    average: Callable[[], None] = lambda: None
    real_label: float = 1.0
    pack: int = 1


class Judged(NamedTuple):
    """What D found: its loss, its weighted penalty, and its logits of real and of fake samples."""

    loss: Tensor
    penalty: Tensor
    real: Tensor
    fake: Tensor


def alternating(game: Game, real: Sequence[Tensor], draws: Draws) -> dict[str, Tensor]:
    """D's steps, one for each batch of real samples, then G's step against the new D."""
    latents, progress = draws["latents"], draws["progress"]
    fresh = latents.shape[0] > len(real)
    with tf.GradientTape(watch_accessed_variables=False) as tape:
        tape.watch(trainable(game.generator))  # in G's weights alone, which spares D's
        for turn, batch in enumerate(real):
            fake = game.generator(latents[turn], training=True)
            with tape.stop_recording():
                with tf.GradientTape(watch_accessed_variables=False) as d_tape:
                    d_tape.watch(trainable(game.discriminator))
                    judged = discriminator_loss(game, batch, fake, draws, turn)
                    total = judged.loss + judged.penalty
                gradients = d_tape.gradient(total, trainable(game.discriminator))
                game.discriminator_optimiser.apply(gradients, progress)
        if fresh:
            fake = game.generator(latents[-1], training=True)
        g_loss = generator_loss(game, real[-1], fake, draws)
    game.generator_optimiser.apply(tape.gradient(g_loss, trainable(game.generator)), progress)
    game.average()
    return metrics(judged, g_loss)


def simultaneous(game: Game, real: Sequence[Tensor], draws: Draws) -> dict[str, Tensor]:
    """Both players move by the gradients of the point where they are."""
    d_gradients, g_gradients, found = both_gradients(game, real[0], draws)
    game.discriminator_optimiser.apply(d_gradients, draws["progress"])
    game.generator_optimiser.apply(g_gradients, draws["progress"])
    game.average()
    return found


def both_gradients(game: Game, real: Tensor, draws: Draws) -> tuple[Gradients, Gradients, dict[str, Tensor]]:
    """D's gradients, G's gradients and the metrics, at the point where both players are."""
    latents, players = draws["latents"], (trainable(game.discriminator), trainable(game.generator))
    again = latents.shape[0] == 1 and "instance_noise" not in draws  # G's step looks at what D's step has judged
    with tf.GradientTape(watch_accessed_variables=False) as g_tape:
        g_tape.watch(players[1])
        fake = game.generator(latents[0], training=True)
        with tf.GradientTape(watch_accessed_variables=False) as d_tape:
            d_tape.watch(players[0])
            judged = discriminator_loss(game, real, fake, draws)
            total = judged.loss + judged.penalty
        d_gradients = d_tape.gradient(total, players[0])
        fake = game.generator(latents[-1], training=True) if latents.shape[0] > 1 else fake
        g_loss = generator_loss(game, real, fake, draws, judged if again else None)
    return d_gradients, g_tape.gradient(g_loss, players[1]), metrics(judged, g_loss)


def discriminator_loss(game: Game, real: Tensor, fake: Tensor, draws: Draws, turn: int = 0) -> Judged:
    """D's loss and penalty on real and fake samples, at its `turn`."""
    real, fake = judged_input(game, real, draws, turn, 0), judged_input(game, fake, draws, turn, 1)
    d_real, d_fake = game.discriminator(real, training=True), game.discriminator(fake, training=True)
    smoothing = {} if game.real_label == 1 else {"real_label": game.real_label}
    d_loss = game.loss.discriminator(d_real, d_fake, **smoothing)
    penalty = tf.zeros_like(d_loss)
    if game.penalty is not None and "penalty_weight" in draws:
        mix = draws["mix"][turn] if "mix" in draws else None
        penalty = draws["penalty_weight"] * game.penalty(game.discriminator, real, fake, mix)
    return Judged(d_loss, penalty, d_real, d_fake)


def generator_loss(game: Game, real: Tensor, fake: Tensor, draws: Draws, judged: Judged | None = None) -> Tensor:
    """G's loss on its samples `fake`. With `judged` D is not asked again: it has seen the very same inputs."""
    if judged is not None:
        return game.loss.generator(judged.real, judged.fake)
    fake_logits = game.discriminator(judged_input(game, fake, draws, -1, 1), training=True)
    real_logits = tf.stop_gradient(fake_logits)  # stands in where the loss does not look at real samples
    if getattr(game.loss, "needs_real", True):
        real_logits = game.discriminator(judged_input(game, real, draws, -1, 0), training=True)
    return game.loss.generator(real_logits, fake_logits)


def judged_input(game: Game, samples: Tensor, draws: Draws, turn: int, which: int) -> Tensor:
    """D's input: the samples, real (0) or fake (1), with instance noise, `pack` of them stacked in the channels."""
    if "instance_noise" in draws:
        samples = samples + draws["instance_noise"][turn][which]
    groups = tf.reshape(samples, (-1, game.pack, *samples.shape[1:]))
    return samples if game.pack == 1 else tf.concat(tf.unstack(groups, axis=1), axis=-1)


def metrics(judged: Judged, g_loss: Tensor) -> dict[str, Tensor]:
    """The losses without the penalty, D's mean logits on its last batch, and the weighted penalty."""
    logits = {"d_real": tf.reduce_mean(judged.real), "d_fake": tf.reduce_mean(judged.fake)}
    return {"d_loss": judged.loss, "g_loss": g_loss, **logits, "penalty": judged.penalty}


def trainable(model: keras.Model) -> list[Variable]:
    """The weights that a player may move."""
    return [variable.value for variable in model.trainable_variables]
