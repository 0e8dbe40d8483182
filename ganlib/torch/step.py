"""One step of adversarial training in PyTorch: algorithm 1 of Goodfellow et al. 2014.

A step is a function of a `Game` (the players and what they minimise), of batches of real samples, and of what was drawn
for the step. It moves both players and returns the step's metrics. Networks of your own will do, and optimisers that
have `apply(gradients, progress)`:

    game = Game(generator, discriminator, generator_optimiser, discriminator_optimiser, losses.get("nonsaturating"))
    metrics = alternating(game, [real], {"latents": torch.randn(2, len(real), 100), "progress": 0.0})
"""

from collections.abc import Mapping, Sequence
from functools import partial

import torch
from torch import Tensor

from ganlib.torch.game import Draws, Game, Judged, trainable

Gradients = Sequence[Tensor]


def alternating(game: Game, batches: Sequence[Tensor], draws: Draws) -> dict[str, Tensor]:
    """D takes k steps, one for each batch of real samples, then G takes one against the new D."""
    latents, progress = draws["latents"], draws["progress"]
    fresh = len(latents) > len(batches)  # G's step has latents of its own
    if len(latents) - len(batches) not in (0, 1):
        raise ValueError(f"{len(batches)} batches need as many of latents, or one more, not {len(latents)}.")
    for turn, real in enumerate(batches):
        with torch.set_grad_enabled(not fresh):  # no graph, unless G's step uses these samples again
            fake = generate(game, draws, turn)
        judged = discriminator_loss(game, real, fake.detach(), draws, turn)
        gradients = torch.autograd.grad(judged.loss + judged.penalty, trainable(game.discriminator))
        game.discriminator_optimiser.apply(gradients, progress)
    if fresh:
        fake = generate(game, draws, -1)
    g_loss = generator_loss(game, real, fake, draws)
    gradients = torch.autograd.grad(g_loss, trainable(game.generator))  # D's are not needed
    game.generator_optimiser.apply(gradients, progress)
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
    latents = draws["latents"]
    shared = len(latents) == 1 and "instance_noise" not in draws  # both look at the same inputs
    fake = generate(game, draws, 0)
    judged = discriminator_loss(game, real, fake if shared else fake.detach(), draws)
    total, d_weights = judged.loss + judged.penalty, trainable(game.discriminator)
    d_gradients = torch.autograd.grad(total, d_weights, retain_graph=shared)
    fake = generate(game, draws, -1) if len(latents) > 1 else fake
    g_loss = generator_loss(game, real, fake, draws, judged if shared else None)
    return d_gradients, torch.autograd.grad(g_loss, trainable(game.generator)), metrics(judged, g_loss)


def discriminator_loss(game: Game, real: Tensor, fake: Tensor, draws: Draws, turn: int = 0) -> Judged:
    """D's loss and penalty on real and fake samples, at its `turn`, counted from 0."""
    judge = partial(game.discriminator, **conditions(draws, turn))
    real, fake = (discriminator_input(game, x, draws, turn, i) for i, x in enumerate((real, fake)))
    real_logits, fake_logits = judge(real), judge(fake)
    d_loss = game.loss.discriminator(real_logits, fake_logits)
    penalty = torch.zeros_like(d_loss)
    if game.penalty is not None and "penalty_weight" in draws:
        mix = draws["mix"][turn] if "mix" in draws else None
        penalty = draws["penalty_weight"] * game.penalty(judge, real, fake, mix)
    return Judged(d_loss, penalty, real_logits, fake_logits)


def generator_loss(game: Game, real: Tensor, fake: Tensor, draws: Draws, judged: Judged | None = None) -> Tensor:
    """G's loss on its samples `fake`; with `judged`, D has seen the very same inputs and is not asked again."""
    if judged is not None:
        return game.loss.generator(judged.real_logits, judged.fake_logits)
    judge = partial(game.discriminator, **conditions(draws, -1))
    fake_logits = judge(discriminator_input(game, fake, draws, -1, 1))
    real_logits = fake_logits.detach()  # unused, unless the loss compares with real samples
    if getattr(game.loss, "needs_real", True):
        real_logits = judge(discriminator_input(game, real, draws, -1, 0))
    return game.loss.generator(real_logits, fake_logits)


def generate(game: Game, draws: Draws, turn: int) -> Tensor:
    """G's samples for D's `turn`, or for G's own, -1."""
    return game.generator(draws["latents"][turn], **conditions(draws, turn))


def conditions(draws: Draws, turn: int) -> dict[str, Mapping[str, Tensor]]:
    """What both networks are called with beside their input: `given`, where the batch has conditions."""
    return {"given": draws["given"][turn]} if "given" in draws else {}


def discriminator_input(game: Game, samples: Tensor, draws: Draws, turn: int, which: int) -> Tensor:
    """D's input: real (0) or fake (1) samples with their instance noise, `pack` of them stacked in the channels."""
    if "instance_noise" in draws:
        samples = samples + draws["instance_noise"][turn][which]
    return samples if game.pack == 1 else samples.reshape(-1, game.pack * samples.shape[1], *samples.shape[2:])


def metrics(judged: Judged, g_loss: Tensor) -> dict[str, Tensor]:
    """D's loss without the penalty, mean logits and penalty before its last step, and G's loss before its own."""
    d_loss, penalty, real_logits, fake_logits = (part.detach() for part in judged)
    logits = {"d_real": real_logits.mean(), "d_fake": fake_logits.mean()}
    return {"d_loss": d_loss, "g_loss": g_loss.detach(), **logits, "penalty": penalty}
