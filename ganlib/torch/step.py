"""One step of adversarial training in PyTorch: algorithm 1 of Goodfellow et al. 2014.

A step is a function of a `Game` (who plays, and for what), of real samples, and of the step's random draws. It moves
both players and returns the step's metrics. It needs nothing of the trainer, which only repeats it:

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

    generator: nn.Module
    discriminator: nn.Module
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
    fresh = len(latents) > len(real)
    for turn, batch in enumerate(real):
        with torch.set_grad_enabled(not fresh):  # no graph, unless G's step uses these samples again
            fake = game.generator(latents[turn])
        judged = discriminator_loss(game, batch, fake.detach(), draws, turn)
        gradients = torch.autograd.grad(judged.loss + judged.penalty, trainable(game.discriminator))
        game.discriminator_optimiser.apply(gradients, progress)
    if fresh:
        fake = game.generator(latents[-1])
    g_loss = generator_loss(game, real[-1], fake, draws)
    gradients = torch.autograd.grad(g_loss, trainable(game.generator))  # in G's weights alone, which spares D's
    game.generator_optimiser.apply(gradients, progress)
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
    latents = draws["latents"]
    again = len(latents) == 1 and "instance_noise" not in draws  # G's step looks at what D's step has judged
    fake = game.generator(latents[0])
    judged = discriminator_loss(game, real, fake if again else fake.detach(), draws)
    total, d_weights = judged.loss + judged.penalty, trainable(game.discriminator)
    d_gradients = torch.autograd.grad(total, d_weights, retain_graph=again)
    fake = game.generator(latents[-1]) if len(latents) > 1 else fake
    g_loss = generator_loss(game, real, fake, draws, judged if again else None)
    return d_gradients, torch.autograd.grad(g_loss, trainable(game.generator)), metrics(judged, g_loss)


def discriminator_loss(game: Game, real: Tensor, fake: Tensor, draws: Draws, turn: int = 0) -> Judged:
    """D's loss and penalty on real and fake samples, at its `turn`."""
    real, fake = judged_input(game, real, draws, turn, 0), judged_input(game, fake, draws, turn, 1)
    d_real, d_fake = game.discriminator(real), game.discriminator(fake)
    smoothing = {} if game.real_label == 1 else {"real_label": game.real_label}
    d_loss = game.loss.discriminator(d_real, d_fake, **smoothing)
    penalty = torch.zeros_like(d_loss)
    if game.penalty is not None and "penalty_weight" in draws:
        mix = draws["mix"][turn] if "mix" in draws else None
        penalty = draws["penalty_weight"] * game.penalty(game.discriminator, real, fake, mix)
    return Judged(d_loss, penalty, d_real, d_fake)


def generator_loss(game: Game, real: Tensor, fake: Tensor, draws: Draws, judged: Judged | None = None) -> Tensor:
    """G's loss on its samples `fake`. With `judged` D is not asked again: it has seen the very same inputs."""
    if judged is not None:
        return game.loss.generator(judged.real, judged.fake)
    fake_logits = game.discriminator(judged_input(game, fake, draws, -1, 1))
    real_logits = fake_logits.detach()  # stands in where the loss does not look at real samples
    if getattr(game.loss, "needs_real", True):
        real_logits = game.discriminator(judged_input(game, real, draws, -1, 0))
    return game.loss.generator(real_logits, fake_logits)


def judged_input(game: Game, samples: Tensor, draws: Draws, turn: int, which: int) -> Tensor:
    """D's input: the samples, real (0) or fake (1), with instance noise, `pack` of them stacked in the channels."""
    if "instance_noise" in draws:
        samples = samples + draws["instance_noise"][turn][which]
    return samples if game.pack == 1 else samples.reshape(-1, game.pack * samples.shape[1], *samples.shape[2:])


def metrics(judged: Judged, g_loss: Tensor) -> dict[str, Tensor]:
    """The losses without the penalty, D's mean logits on its last batch, and the weighted penalty."""
    d_loss, penalty, real, fake = (part.detach() for part in judged)
    logits = {"d_real": real.mean(), "d_fake": fake.mean()}
    return {"d_loss": d_loss, "g_loss": g_loss.detach(), **logits, "penalty": penalty}


def trainable(model: nn.Module) -> list[Tensor]:
    """The weights that a player may move."""
    return [weight for weight in model.parameters() if weight.requires_grad]
