"""The networks of a recipe as lists of layers: dense networks, DCGAN, and by which names recipes call them.

A recipe names an architecture. The function of that name writes out its layers with every number in them, and
`ganlib.torch.networks` and `ganlib.tensorflow.networks` build exactly those. One list, two frameworks, nothing left
to a default. The layers themselves are in `ganlib.layers`, whose public names can be had from here too; networks that
others have published are in `ganlib.published`.

    >>> recipe = ganlib.recipe("dcgan-digits")
    >>> for layer, shape in zip(generator_layers(recipe), shapes(generator_layers(recipe), (recipe.latent,))):
    ...     print(shape, layer)
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from ganlib import arguments, layers, published
from ganlib.blocks import (
    batch_norm,
    dense_discriminator,
    discriminator_activation,
    generator_activation,
    generator_output,
)
from ganlib.errors import RecipeError
from ganlib.layers import *  # noqa: F403 its public names can be had from here too
from ganlib.layers import (
    AveragePool,
    Conv,
    ConvTranspose,
    Dense,
    DepthToSpace,
    Flatten,
    Layer,
    Octaves,
    Reshape,
    Shape,
    Upsample,
)

if TYPE_CHECKING:
    from ganlib.recipe import Recipe

__all__ = ["check_fit", "discriminator_input", "discriminator_layers", "generator_layers", *layers.__all__]
__all__ += ["dcgan_discriminator", "dcgan_generator", "dense_discriminator", "dense_generator"]


def generator_layers(recipe: Recipe) -> list[Layer]:
    """The generator's layers: from latents (n, recipe.latent) to samples (n, *recipe.shape)."""
    arguments.recipe(recipe)
    return ARCHITECTURES[recipe.generator][0](recipe)


def discriminator_layers(recipe: Recipe) -> list[Layer]:
    """The discriminator's layers: from samples, `recipe.pack` of them stacked, to logits (n, 1).

    With packing (Lin et al. 2018) an input holds `pack` samples, one behind the other in the last axis.
    """
    arguments.recipe(recipe)
    return ARCHITECTURES[recipe.discriminator][1](recipe)


def discriminator_input(recipe: Recipe) -> Shape:
    """The shape of one input of the discriminator: a sample's, its last axis times `recipe.pack`."""
    arguments.recipe(recipe)
    return (*recipe.shape[:-1], recipe.shape[-1] * recipe.pack)


# Dense networks (Goodfellow et al. 2014): points, or small images as vectors.


def dense_generator(recipe: Recipe) -> list[Layer]:
    """Dense layers, each with norm and activation, and a dense output."""
    layers: list[Layer] = [Octaves(recipe.generator_octaves)] if recipe.generator_octaves else []
    for _ in range(recipe.depth):
        layers += [Dense(recipe.width, bias=recipe.generator_norm == "none"), *generator_activation(recipe)]
    layers += [Dense(math.prod(recipe.shape), bias=True)]
    if len(recipe.shape) == 3:
        height, width, channels = recipe.shape
        layers += [Reshape((height, width, channels))]
    return layers + generator_output(recipe)


# DCGAN (Radford et al. 2016, figure 1), for any square size that is 4 to 7 doubled once or more.


def dcgan_generator(recipe: Recipe) -> list[Layer]:
    """A dense projection to a few pixels, then layers that double the size: see `_doubling`."""
    start, doublings = _doublings(recipe)
    bias = recipe.generator_norm == "none"
    filters = recipe.width * 2 ** (doublings - 1)
    layers: list[Layer] = [Dense(start * start * filters, bias=bias), Reshape((start, start, filters))]
    layers += generator_activation(recipe)
    for _ in range(doublings - 1):
        filters //= 2
        layers += [*_doubling(filters, bias, recipe), *generator_activation(recipe)]
    # The paper normalises every layer but the output.
    norm = recipe.generator_norm if recipe.boundary_norm else "none"
    layers += [*_doubling(recipe.shape[-1], norm == "none", recipe), *batch_norm(recipe, norm)]
    return layers + generator_output(recipe)


def _doubling(filters: int, bias: bool, recipe: Recipe) -> list[Layer]:
    """What doubles the size: the paper's "transposed" convolution, or one of two that replace it.

    "resize" copies each pixel twice along each side, then convolves (Odena et al. 2016). "subpixel" convolves to four
    times the channels, which become blocks of 2 × 2 pixels (Shi et al. 2016).
    """
    if recipe.upsampling == "resize":
        return [Upsample(2), Conv(filters, recipe.kernel, 1, "same", bias=bias)]
    if recipe.upsampling == "subpixel":
        return [Conv(4 * filters, recipe.kernel, 1, "same", bias=bias), DepthToSpace(2)]
    return [ConvTranspose(filters, recipe.kernel, 2, "same", bias=bias)]


def dcgan_discriminator(recipe: Recipe) -> list[Layer]:
    """Convolutions that halve the size, then a dense layer to one logit.

    "strided" convolutions halve by their stride, as in the paper. With "pool" their stride is 1, and what is left
    after the activation is halved by averages.
    """
    _, halvings = _doublings(recipe)
    spectral = recipe.discriminator_norm == "spectral"
    stride, pool = (1, [AveragePool(2)]) if recipe.downsampling == "pool" else (2, [])
    layers: list[Layer] = []
    for i in range(halvings):
        # The paper normalises every layer but the input's and the output's.
        norm = recipe.discriminator_norm if i > 0 or recipe.boundary_norm else "none"
        layers += [Conv(recipe.width * 2**i, recipe.kernel, stride, "same", bias=norm != "batch", spectral=spectral)]
        layers += [*discriminator_activation(recipe, norm), *pool]
    return [*layers, Flatten(), Dense(1, bias=True, spectral=spectral)]


def _doublings(recipe: Recipe) -> tuple[int, int]:
    """(start, n) with start * 2**n the image's size, start from 4 to 7 and n at least 1."""
    size = start = recipe.shape[0]
    doublings = 0
    while start % 2 == 0 and start > 7:
        start, doublings = start // 2, doublings + 1
    if not 4 <= start <= 7 or doublings == 0:
        possible = sorted({s * 2**n for s in (4, 5, 6, 7) for n in range(1, 9)}, key=lambda p: (abs(p - size), p))
        low, high = sorted(possible[:2])
        raise RecipeError(
            f"The architecture 'dcgan' doubles a start of 4 to 7 pixels until it has the image's size, and {size} "
            f"cannot be reached that way. Near it can make {low} and {high}: resize or crop the images to one of these."
        )
    return start, doublings


ARCHITECTURES: dict[str, published.Networks] = {
    "dense": (dense_generator, dense_discriminator),
    "dcgan": (dcgan_generator, dcgan_discriminator),
    **published.NETWORKS,
}


def check_fit(recipe: Recipe, architecture: str) -> None:
    """Raises RecipeError when the architecture cannot make, or take, samples of the recipe's shape."""
    arguments.recipe(recipe)
    if not isinstance(architecture, str) or architecture not in ARCHITECTURES:
        raise RecipeError(f"There is no architecture {architecture!r}. Known: {', '.join(ARCHITECTURES)}.")
    if architecture == "dense":
        return
    if len(recipe.shape) != 3:
        raise RecipeError(
            f"The architecture {architecture!r} makes images, but shape is {recipe.shape}. "
            "For points use generator='dense' and discriminator='dense'; for images a shape (height, width, channels)."
        )
    height, width, _ = recipe.shape
    if height != width:
        raise RecipeError(
            f"The architecture {architecture!r} makes square images, but shape is {recipe.shape}. "
            f"Crop the images to {min(height, width)}×{min(height, width)}."
        )
    if architecture == "dcgan":
        _doublings(recipe)
    doublings = published.DOUBLINGS.get(architecture, 0)
    unit = 2**doublings
    if height % unit:
        near, times = max(unit, round(height / unit) * unit), {2: "twice", 3: "three times"}[doublings]
        raise RecipeError(
            f"{architecture!r} doubles its size {times}, so it makes sizes that are multiples of {unit}, not {height}. "
            f"The nearest is {near}: resize the images to {near}×{near}."
        )
    if (only := published.FROM_ONE_PIXEL.get(architecture, height)) != height:
        times = {32: "three", 64: "four"}[only]
        raise RecipeError(
            f"{architecture!r} doubles 4×4 {times} times and makes {only}×{only} images only, not {height}×{height}. "
            f"Resize the images to {only}×{only}, or use the architecture 'dcgan', which fits its depth to the size."
        )
    if architecture in published.FROM_ONE_PIXEL and recipe.kernel != 4:
        raise RecipeError(f"{architecture!r} starts from a 4×4 kernel, so kernel must be 4, not {recipe.kernel}.")
