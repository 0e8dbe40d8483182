"""What networks repeat: the layers that follow a hidden layer, a generator's end, and a dense discriminator.

`ganlib.architectures` and `ganlib.published` both build on these; a recipe's fields decide what they hold.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ganlib.layers import BatchNorm, Dense, Dropout, Flatten, Layer, LeakyReLU, Octaves, Sigmoid, Tanh

if TYPE_CHECKING:
    from ganlib.recipe import Recipe


def batch_norm(recipe: Recipe, norm: str) -> list[Layer]:
    """Batch normalisation, where `norm` says so; "spectral" is a matter of the layer's own weights."""
    return [BatchNorm(recipe.batch_norm_momentum, recipe.batch_norm_epsilon)] if norm == "batch" else []


def generator_activation(recipe: Recipe) -> list[Layer]:
    """What follows a hidden layer of G: its norm, if it has one, and LeakyReLU."""
    return [*batch_norm(recipe, recipe.generator_norm), LeakyReLU(recipe.generator_slope)]


def generator_output(recipe: Recipe) -> list[Layer]:
    """What follows the last layer of G."""
    outputs: dict[str, list[Layer]] = {"tanh": [Tanh()], "sigmoid": [Sigmoid()], "linear": []}
    return outputs[recipe.generator_output]


def discriminator_activation(recipe: Recipe, norm: str | None = None) -> list[Layer]:
    """What follows a hidden layer of D: the recipe's norm, or the one given, LeakyReLU, and dropout if it has any."""
    layers = batch_norm(recipe, recipe.discriminator_norm if norm is None else norm)
    layers += [LeakyReLU(recipe.discriminator_slope)]
    return layers + ([Dropout(recipe.discriminator_dropout)] if recipe.discriminator_dropout else [])


def dense_discriminator(recipe: Recipe, widening: int = 1) -> list[Layer]:
    """The flattened sample through dense layers, as many as `depth`, to one logit."""
    spectral = recipe.discriminator_norm == "spectral"
    layers: list[Layer] = [Flatten()] if len(recipe.shape) == 3 else []
    layers += [Octaves(recipe.discriminator_octaves)] if recipe.discriminator_octaves else []
    for _ in range(recipe.depth):
        layers += [Dense(widening * recipe.width, bias=recipe.discriminator_norm != "batch", spectral=spectral)]
        layers += discriminator_activation(recipe)
    return [*layers, Dense(1, bias=True, spectral=spectral)]
