"""One step of adversarial training in TensorFlow: algorithm 1 of Goodfellow et al. 2014.

A step is a function of a `Game` (the players and what they minimise), of batches of real samples, and of what was drawn
for the step. It moves both players and returns the step's metrics. Networks of your own will do, and optimisers that
have `apply(gradients, progress)`:

    game = Game(generator, discriminator, generator_optimiser, discriminator_optimiser, losses.get("nonsaturating"))
    metrics = alternating(game, [real], {"latents": tf.random.normal((2, len(real), 100)), "progress": 0.0})
"""

from collections.abc import Mapping, Sequence
from functools import partial

import tensorflow as tf
from tensorflow import Tensor

from ganlib.tensorflow.game import Draws, Game, Judged, trainable

Gradients = Sequence[Tensor]


def alternating(game: Game, batches: Sequence[Tensor], draws: Draws) -> dict[str, Tensor]:
    """D takes k steps, one for each batch of real samples, then G takes one against the new D."""
    latents, progress = draws["latents"], draws["progress"]
    fresh = latents.shape[0] > len(batches)  # G's step has latents of its own
    if latents.shape[0] - len(batches) not in (0, 1):
        raise ValueError(f"{len(batches)} batches need as many of latents, or one more, not {latents.shape[0]}.")
    with tf.GradientTape(watch_accessed_variables=False) as tape:
        tape.watch(trainable(game.generator))  # the gradients in D's weights are not needed
        for turn, real in enumerate(batches):
            fake = generate(game, draws, turn)
            with tape.stop_recording():
                with tf.GradientTape(watch_accessed_variables=False) as d_tape:
                    d_tape.watch(trainable(game.discriminator))
                    judged = discriminator_loss(game, real, fake, draws, turn)
                    total = judged.loss + judged.penalty
                gradients = d_tape.gradient(total, trainable(game.discriminator))
                game.discriminator_optimiser.apply(gradients, progress)
        fake = generate(game, draws, -1) if fresh else fake
        g_loss = generator_loss(game, real, fake, draws)
    game.generator_optimiser.apply(tape.gradient(g_loss, trainable(game.generator)), progress)
    game.update_average()
    return metrics(judged, g_loss)


def simultaneous(game: Game, batches: Sequence[Tensor], draws: Draws) -> dict[str, Tensor]:
    """Both players move at once, each against the other as it was."""
    d_gradients, g_gradients, found = both_gradients(game, batches[0], draws)
    game.discriminator_optimiser.apply(d_gradients, draws["progress"])
    game.generator_optimiser.apply(g_gradients, draws["progress"])
    game.update_average()
    return found


def both_gradients(game: Game, real: Tensor, draws: Draws) -> tuple[Gradients, Gradients, dict[str, Tensor]]:
    """D's gradients, G's gradients and the metrics, before either moves."""
    latents, players = draws["latents"], (trainable(game.discriminator), trainable(game.generator))
    shared = latents.shape[0] == 1 and "instance_noise" not in draws  # both look at the same inputs
    with tf.GradientTape(watch_accessed_variables=False) as g_tape:
        g_tape.watch(players[1])
        fake = generate(game, draws, 0)
        with tf.GradientTape(watch_accessed_variables=False) as d_tape:
            d_tape.watch(players[0])
            judged = discriminator_loss(game, real, fake, draws)
            total = judged.loss + judged.penalty
        d_gradients = d_tape.gradient(total, players[0])
        fake = generate(game, draws, -1) if latents.shape[0] > 1 else fake
        g_loss = generator_loss(game, real, fake, draws, judged if shared else None)
    return d_gradients, g_tape.gradient(g_loss, players[1]), metrics(judged, g_loss)


def discriminator_loss(game: Game, real: Tensor, fake: Tensor, draws: Draws, turn: int = 0) -> Judged:
    """D's loss and penalty on real and fake samples, at its `turn`, counted from 0."""
    judge = partial(game.discriminator, **conditions(draws, turn))
    real, fake = (discriminator_input(game, x, draws, turn, i) for i, x in enumerate((real, fake)))
    real_logits, fake_logits = (judge(x, training=True) for x in (real, fake))
    d_loss = game.loss.discriminator(real_logits, fake_logits)
    penalty = tf.zeros_like(d_loss)
    if game.penalty is not None and "penalty_weight" in draws:
        mix = draws["mix"][turn] if "mix" in draws else None
        penalty = draws["penalty_weight"] * game.penalty(judge, real, fake, mix)
    return Judged(d_loss, penalty, real_logits, fake_logits)


def generator_loss(game: Game, real: Tensor, fake: Tensor, draws: Draws, judged: Judged | None = None) -> Tensor:
    """G's loss on its samples `fake`; with `judged`, D has seen the very same inputs and is not asked again."""
    if judged is not None:
        return game.loss.generator(judged.real_logits, judged.fake_logits)
    judge = partial(game.discriminator, **conditions(draws, -1), training=True)
    fake_logits = judge(discriminator_input(game, fake, draws, -1, 1))
    real_logits = tf.stop_gradient(fake_logits)  # unused, unless the loss compares with real samples
    if getattr(game.loss, "needs_real", True):
        real_logits = judge(discriminator_input(game, real, draws, -1, 0))
    return game.loss.generator(real_logits, fake_logits)


def generate(game: Game, draws: Draws, turn: int) -> Tensor:
    """G's samples for D's `turn`, or for G's own, -1."""
    return game.generator(draws["latents"][turn], **conditions(draws, turn), training=True)


def conditions(draws: Draws, turn: int) -> dict[str, Mapping[str, Tensor]]:
    """What both networks are called with beside their input: `given`, where the batch has conditions."""
    return {"given": draws["given"][turn]} if "given" in draws else {}


def discriminator_input(game: Game, samples: Tensor, draws: Draws, turn: int, which: int) -> Tensor:
    """D's input: real (0) or fake (1) samples with their instance noise, `pack` of them stacked in the channels."""
    if "instance_noise" in draws:
        samples = samples + draws["instance_noise"][turn][which]
    groups = tf.reshape(samples, (-1, game.pack, *samples.shape[1:]))
    return samples if game.pack == 1 else tf.concat(tf.unstack(groups, axis=1), axis=-1)


def metrics(judged: Judged, g_loss: Tensor) -> dict[str, Tensor]:
    """D's loss without the penalty, mean logits and penalty before its last step, and G's loss before its own."""
    logits = {"d_real": tf.reduce_mean(judged.real_logits), "d_fake": tf.reduce_mean(judged.fake_logits)}
    return {"d_loss": judged.loss, "g_loss": g_loss, **logits, "penalty": judged.penalty}
