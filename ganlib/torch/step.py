"""One step of adversarial training in PyTorch: algorithm 1 of Goodfellow et al. 2014.

A step is a function of a `Game` (the players and what they minimise), of batches of real samples, and of what was drawn
for the step. It moves both players and returns the step's metrics. Networks of your own will do, and optimisers that
have `apply(gradients, progress)`:

    game = Game(generator, discriminator, generator_optimiser, discriminator_optimiser, losses.get("nonsaturating"))
    metrics = alternating(game, [real], {"latents": torch.randn(2, len(real), 100), "progress": 0.0})
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from ganlib.torch.losses import Loss
from ganlib.torch.optimisers import Optimiser

Gradients = Sequence[Tensor]
# "latents" (k, n, latent): a batch for each of D's k steps, or k + 1 if G's step has its own. "progress": the share of
# the run that is done, for rates that fall. Where the game asks for them: "penalty_weight", γ or λ, on the steps that
# penalise; "mix" (k, n / pack) for WGAN-GP; "instance_noise" (k + 1, 2, n, …), real and fake, D's steps and then G's.
Draws = Mapping[str, Any]


@dataclass(frozen=True)
class Game:
    """Two players, what they minimise, and how they move.

    Args:
        generator, discriminator: latents (n, latent) → samples (n, …), and samples → logits (n,); in training mode.
        generator_optimiser, discriminator_optimiser: `apply(gradients, progress)` moves the weights of `trainable(…)`.
        loss: both players' losses on logits; see `losses.get`.
        penalty: (discriminator, real, fake, mix) → a scalar that D minimises too; see `penalties.get`.
        update_average: called after G's step, to keep a moving average of its weights.
        pack: how many samples D judges together, stacked in the channels (Lin et al. 2018).
    """

    generator: nn.Module
    discriminator: nn.Module
    generator_optimiser: Optimiser
    discriminator_optimiser: Optimiser
    loss: Loss
    penalty: Callable[..., Tensor] | None = None
    update_average: Callable[[], None] = lambda: None
    pack: int = 1


class Judged(NamedTuple):
    """What D makes of a batch: its loss, its weighted penalty, and its logits."""

    loss: Tensor
    penalty: Tensor
    real_logits: Tensor
    fake_logits: Tensor


def alternating(game: Game, batches: Sequence[Tensor], draws: Draws) -> dict[str, Tensor]:
    """D takes k steps, one for each batch of real samples, then G takes one against the new D."""
    latents, progress = draws["latents"], draws["progress"]
    fresh = len(latents) > len(batches)  # G's step has latents of its own
    if len(latents) - len(batches) not in (0, 1):
        raise ValueError(f"{len(batches)} batches need as many of latents, or one more, not {len(latents)}.")
    for turn, real in enumerate(batches):
        with torch.set_grad_enabled(not fresh):  # no graph, unless G's step uses these samples again
            fake = game.generator(latents[turn])
        judged = discriminator_loss(game, real, fake.detach(), draws, turn)
        gradients = torch.autograd.grad(judged.loss + judged.penalty, trainable(game.discriminator))
        game.discriminator_optimiser.apply(gradients, progress)
    if fresh:
        fake = game.generator(latents[-1])
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
    fake = game.generator(latents[0])
    judged = discriminator_loss(game, real, fake if shared else fake.detach(), draws)
    total, d_weights = judged.loss + judged.penalty, trainable(game.discriminator)
    d_gradients = torch.autograd.grad(total, d_weights, retain_graph=shared)
    fake = game.generator(latents[-1]) if len(latents) > 1 else fake
    g_loss = generator_loss(game, real, fake, draws, judged if shared else None)
    return d_gradients, torch.autograd.grad(g_loss, trainable(game.generator)), metrics(judged, g_loss)


def discriminator_loss(game: Game, real: Tensor, fake: Tensor, draws: Draws, turn: int = 0) -> Judged:
    """D's loss and penalty on real and fake samples, at its `turn`, counted from 0."""
    real, fake = (discriminator_input(game, x, draws, turn, i) for i, x in enumerate((real, fake)))
    real_logits, fake_logits = game.discriminator(real), game.discriminator(fake)
    d_loss = game.loss.discriminator(real_logits, fake_logits)
    penalty = torch.zeros_like(d_loss)
    if game.penalty is not None and "penalty_weight" in draws:
        mix = draws["mix"][turn] if "mix" in draws else None
        penalty = draws["penalty_weight"] * game.penalty(game.discriminator, real, fake, mix)
    return Judged(d_loss, penalty, real_logits, fake_logits)


def generator_loss(game: Game, real: Tensor, fake: Tensor, draws: Draws, judged: Judged | None = None) -> Tensor:
    """G's loss on its samples `fake`; with `judged`, D has seen the very same inputs and is not asked again."""
    if judged is not None:
        return game.loss.generator(judged.real_logits, judged.fake_logits)
    fake_logits = game.discriminator(discriminator_input(game, fake, draws, -1, 1))
    real_logits = fake_logits.detach()  # unused, unless the loss compares with real samples
    if getattr(game.loss, "needs_real", True):
        real_logits = game.discriminator(discriminator_input(game, real, draws, -1, 0))
    return game.loss.generator(real_logits, fake_logits)


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


def trainable(model: nn.Module) -> list[Tensor]:
    """The weights that a player may move."""
    return [weight for weight in model.parameters() if weight.requires_grad]
