"""Orders of updates that need more than `step.py`: extragradient, consensus, competitive, and one player alone.

Each is a function like `step.alternating`: of a game, real samples and the step's draws. `get(recipe)` chooses one.
"""

import functools
from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from ganlib.recipe import Recipe
from ganlib.torch import optimisers, step
from ganlib.torch.game import Aim, Draws, Game, Judged, trainable

Vector = Sequence[Tensor]
Update = Callable[[Game, Sequence[Tensor], Draws], dict[str, Tensor]]


def get(recipe: Recipe) -> Update:
    """The function that takes a step of this recipe."""
    if recipe.penalty == "consensus":
        return consensus
    if recipe.update == "competitive":
        return functools.partial(competitive, solver_steps=recipe.solver_steps, tolerance=recipe.solver_tolerance)
    updates = {"alternating": step.alternating, "simultaneous": step.simultaneous, "extragradient": extragradient}
    return updates[recipe.update]


def extragradient(game: Game, batches: Sequence[Tensor], draws: Draws) -> dict[str, Tensor]:
    """Both players move by the gradients of the point where a simultaneous step would lead.

    Gidel et al. 2019, algorithm 4, with the same samples at both points. The metrics are those of the first point.
    """
    weights = [*trainable(game.generator), *trainable(game.discriminator)]
    before = [weight.detach().clone() for weight in weights]
    d_gradients, g_gradients, found = step.both_gradients(game, batches[0], draws)
    game.discriminator_optimiser.apply(d_gradients, draws["progress"])
    game.generator_optimiser.apply(g_gradients, draws["progress"])
    d_gradients, g_gradients, _ = step.both_gradients(game, batches[0], draws)
    with torch.no_grad():
        for weight, kept in zip(weights, before, strict=True):
            weight.copy_(kept)
    game.discriminator_optimiser.apply(d_gradients, draws["progress"])
    game.generator_optimiser.apply(g_gradients, draws["progress"])
    game.update_average()
    return found


def consensus(game: Game, batches: Sequence[Tensor], draws: Draws) -> dict[str, Tensor]:
    """Both players also descend γ/2·‖v‖², with v both players' gradients (Mescheder et al. 2017, section 4).

    γ is `draws["penalty_weight"]`; a step without one is simultaneous.
    """
    if "penalty_weight" not in draws:
        return step.simultaneous(game, batches, draws)
    judged, aim, d_gradients, g_gradients = _linked(game, batches[0], draws)
    gradients = (*d_gradients, *g_gradients)
    penalty = draws["penalty_weight"] / 2 * torch.stack([g.square().sum() for g in gradients]).sum()
    weights = [*trainable(game.discriminator), *trainable(game.generator)]
    # No gradient depends on a critic's last bias.
    extra = torch.autograd.grad(penalty, weights, materialize_grads=True)
    moved = [(g + e).detach() for g, e in zip(gradients, extra, strict=True)]
    game.discriminator_optimiser.apply(moved[: len(d_gradients)], draws["progress"])
    game.generator_optimiser.apply(moved[len(d_gradients) :], draws["progress"])
    game.update_average()
    return {**step.metrics(judged, aim), "penalty": penalty.detach()}


def competitive(
    game: Game, batches: Sequence[Tensor], draws: Draws, solver_steps: int = 10, tolerance: float = 1e-6
) -> dict[str, Tensor]:
    """Each player reckons with the other's step (Schäfer & Anandkumar 2019, algorithm 1).

    In place of their gradients D and G move against a and b, which solve

        a + η_G (∂∇_D L_D / ∂G) b = ∇_D L_D,   b + η_D (∂∇_G L_G / ∂D) a = ∇_G L_G

    with η the players' rates: the equilibrium of the game whose losses are made bilinear. Conjugate gradient solves
    for them in at most `solver_steps` steps; the metric of that name says in how many.
    """
    judged, aim, d_gradients, g_gradients = _linked(game, batches[0], draws)
    d, g = trainable(game.discriminator), trainable(game.generator)
    d_loss_by_g = torch.autograd.grad(judged.total, g, create_graph=True, materialize_grads=True)
    g_loss_by_d = torch.autograd.grad(aim.total, d, create_graph=True, materialize_grads=True)
    d_rate, g_rate = (
        optimisers.rate(optimiser.settings, draws["progress"], optimiser.steps + 1)
        for optimiser in (game.discriminator_optimiser, game.generator_optimiser)
    )

    def product(v: Vector) -> Vector:
        a, b = v[: len(d)], v[len(d) :]
        return [*_plus(a, g_rate, _mixed(d_loss_by_g, d, b)), *_plus(b, d_rate, _mixed(g_loss_by_d, g, a))]

    def transposed(v: Vector) -> Vector:
        a, b = v[: len(d)], v[len(d) :]
        return [*_plus(a, d_rate, _mixed(g_gradients, d, b)), *_plus(b, g_rate, _mixed(d_gradients, g, a))]

    solution, made = conjugate_gradient(product, transposed, [*d_gradients, *g_gradients], solver_steps, tolerance)
    game.discriminator_optimiser.apply(solution[: len(d)], draws["progress"])
    game.generator_optimiser.apply(solution[len(d) :], draws["progress"])
    game.update_average()
    return {**step.metrics(judged, aim), "solver_steps": made}


def _linked(game: Game, real: Tensor, draws: Draws) -> tuple[Judged, Aim, Vector, Vector]:
    """As `step.both_gradients`, with gradients that can be differentiated, and D's that know what G did."""
    latents = draws["latents"]
    shared = len(latents) == 1 and "instance_noise" not in draws
    fake = step.generate(game, draws, 0)
    judged = step.discriminator_loss(game, real, fake, draws)
    d_gradients = torch.autograd.grad(judged.total, trainable(game.discriminator), create_graph=True)
    if len(latents) > 1:
        fake = step.generate(game, draws, -1)
    aim = step.generator_loss(game, real, fake, draws, judged if shared else None)
    return judged, aim, d_gradients, torch.autograd.grad(aim.total, trainable(game.generator), create_graph=True)


def discriminator_alone(game: Game, batches: Sequence[Tensor], draws: Draws) -> dict[str, Tensor]:
    """One step of D; G stands. `draws["fake"]`, where it is there, takes the place of G's samples."""
    fake = draws.get("fake")
    if fake is None:
        with torch.no_grad():
            fake = step.generate(game, draws, 0)
    judged = step.discriminator_loss(game, batches[0], fake, draws)
    gradients = torch.autograd.grad(judged.total, trainable(game.discriminator))
    game.discriminator_optimiser.apply(gradients, draws["progress"])
    nothing = torch.zeros_like(judged.loss)
    return step.metrics(judged, Aim(nothing, nothing, nothing))


def generator_alone(game: Game, batches: Sequence[Tensor], draws: Draws) -> dict[str, Tensor]:
    """One step of G; D stands."""
    aim = step.generator_loss(game, batches[0], step.generate(game, draws, -1), draws)
    game.generator_optimiser.apply(torch.autograd.grad(aim.total, trainable(game.generator)), draws["progress"])
    game.update_average()
    return {"g_loss": aim.loss.detach(), "g_terms": aim.terms.detach()}


ALONE: dict[str, Update] = {"discriminator": discriminator_alone, "generator": generator_alone}


def conjugate_gradient(
    product: Callable[[Vector], Vector], transposed: Callable[[Vector], Vector], b: Vector, steps: int, tolerance: float
) -> tuple[list[Tensor], Tensor]:
    """Solves Ax = b by the conjugate gradient method on AᵀAx = Aᵀb (Hestenes & Stiefel 1952, section 10).

    It needs no symmetry of A, so it serves any losses. Where they add up to zero and both rates are one η, AᵀA is
    I + η² D_xy D_yx for each player, the matrix of Schäfer & Anandkumar 2019.

    `product` and `transposed` are v → Av and v → Aᵀv, where a vector is a sequence of tensors. It ends after so many
    steps, or where ‖Aᵀ(b - Ax)‖ has fallen to this share of ‖Aᵀb‖. Returns x and the number of steps, a scalar tensor.
    """
    x, residual = [torch.zeros_like(part) for part in b], [part.detach() for part in b]
    slope = transposed(residual)
    direction, squared = slope, _dot(slope, slope)
    enough, made = tolerance**2 * squared, 0
    # Not "while it is above": NaN must go through, so that the trainer sees it.
    while made < steps and not squared <= enough:
        image = product(direction)
        alpha = squared / _dot(image, image)
        x = [part + alpha * d for part, d in zip(x, direction, strict=True)]
        residual = [part - alpha * i for part, i in zip(residual, image, strict=True)]
        slope, before = transposed(residual), squared
        squared = _dot(slope, slope)
        direction = [s + squared / before * d for s, d in zip(slope, direction, strict=True)]
        made += 1
    return x, torch.full_like(squared, made)


def _dot(a: Vector, b: Vector) -> Tensor:
    return torch.stack([(x * y).sum() for x, y in zip(a, b, strict=True)]).sum()


def _mixed(gradient: Vector, weights: Vector, vector: Vector) -> Vector:
    """∇(gradient · vector) in the weights: a Hessian–vector product, without the Hessian."""
    # A gradient that is constant, as that of a critic's last bias, has no graph.
    pairs = [(g, v) for g, v in zip(gradient, vector, strict=True) if g.requires_grad]
    outputs, vectors = zip(*pairs, strict=True)
    return torch.autograd.grad(outputs, weights, vectors, retain_graph=True, materialize_grads=True)


def _plus(vector: Vector, rate: float, other: Vector) -> list[Tensor]:
    return [v + rate * o for v, o in zip(vector, other, strict=True)]
