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

from ganlib.tensorflow.game import Aim, Draws, Game, Judged, trainable
from ganlib.tensorflow.terms import Batch, logits

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
                gradients = d_tape.gradient(judged.total, trainable(game.discriminator))
                game.discriminator_optimiser.apply(gradients, progress)
        fake = generate(game, draws, -1) if fresh else fake
        aim = generator_loss(game, real, fake, draws)
    game.generator_optimiser.apply(tape.gradient(aim.total, trainable(game.generator)), progress)
    game.update_average()
    return metrics(judged, aim)


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
        d_gradients = d_tape.gradient(judged.total, players[0])
        fake = generate(game, draws, -1) if latents.shape[0] > 1 else fake
        aim = generator_loss(game, real, fake, draws, judged if shared else None)
    return d_gradients, g_tape.gradient(aim.total, players[1]), metrics(judged, aim)


def discriminator_loss(game: Game, real: Tensor, fake: Tensor, draws: Draws, turn: int = 0) -> Judged:
    """D's loss, penalty and terms on real and fake samples, at its `turn`, counted from 0."""
    given = conditions(draws, turn)
    judge = partial(game.discriminator, **given)
    shown = [discriminator_input(game, x, draws, turn, i) for i, x in enumerate((real, fake))]
    seen = Batch(real, fake, given.get("given", {}), *(judge(x, training=True) for x in shown))
    d_loss = game.loss.discriminator(logits(seen.real_outputs), logits(seen.fake_outputs))
    penalty = tf.zeros_like(d_loss)
    if game.penalty is not None and "penalty_weight" in draws:
        mix = draws["mix"][turn] if "mix" in draws else None
        penalty = draws["penalty_weight"] * game.penalty(judge, *shown, mix)
    terms = weighted_terms(game, "discriminator", seen, d_loss)
    return Judged(d_loss + penalty + terms, d_loss, penalty, terms, seen)


def generator_loss(game: Game, real: Tensor, fake: Tensor, draws: Draws, judged: Judged | None = None) -> Aim:
    """G's loss and terms on its samples `fake`; with `judged`, D saw the very same inputs and is not asked again."""
    if judged is not None:
        seen = judged.seen
    else:
        given = conditions(draws, -1)
        judge = partial(game.discriminator, **given, training=True)
        fake_outputs = judge(discriminator_input(game, fake, draws, -1, 1))
        real_outputs = fake_outputs  # unused, unless the loss or a term compares with real samples
        if getattr(game.loss, "needs_real", True) or any(term.needs_real for _, term in game.terms):
            real_outputs = judge(discriminator_input(game, real, draws, -1, 0))
        seen = Batch(real, fake, given.get("given", {}), real_outputs, fake_outputs)
    g_loss = game.loss.generator(logits(seen.real_outputs), logits(seen.fake_outputs))
    terms = weighted_terms(game, "generator", seen, g_loss)
    return Aim(g_loss + terms, g_loss, terms)


def weighted_terms(game: Game, player: str, seen: Batch, loss: Tensor) -> Tensor:
    """The sum of a player's terms, each times its weight; a zero like the loss where there are none."""
    own = [(weight, getattr(term, player)) for weight, term in game.terms]
    return sum((weight * term(seen) for weight, term in own if term is not None), start=tf.zeros_like(loss))


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


def metrics(judged: Judged, aim: Aim) -> dict[str, Tensor]:
    """D's loss, mean logits, penalty and terms before its last step, and G's loss and terms before its own."""
    seen = judged.seen
    d_real, d_fake = (tf.reduce_mean(logits(outputs)) for outputs in (seen.real_outputs, seen.fake_outputs))
    found = {"d_loss": judged.loss, "g_loss": aim.loss, "d_real": d_real, "d_fake": d_fake}
    return {**found, "penalty": judged.penalty, "d_terms": judged.terms, "g_terms": aim.terms}
