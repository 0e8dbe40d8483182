"""Networks that others have published: of two official DCGAN tutorials, and of five introductions on the web.

Here only their layers; their rates, lengths and what had to be corrected stand in the recipes of the same names. A
layer's slope, kernel, norm and width come from the recipe, as everywhere.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from ganlib.blocks import (
    batch_norm,
    dense_discriminator,
    discriminator_activation,
    generator_activation,
    generator_output,
)
from ganlib.layers import AveragePool, Conv, ConvTranspose, Dense, Flatten, Layer, LeakyReLU, Reshape, Upsample

if TYPE_CHECKING:
    from ganlib.recipe import Recipe

Networks = tuple[Callable[["Recipe"], list[Layer]], Callable[["Recipe"], list[Layer]]]  # of G, of D


# The TensorFlow DCGAN tutorial's networks. Width 64 and shape (28, 28, 1) are the tutorial's own.


def tensorflow_tutorial_generator(recipe: Recipe) -> list[Layer]:
    """As the tutorial's make_generator_model."""
    height, width = (size // 4 for size in recipe.shape[:2])
    w, kernel, activation = recipe.width, recipe.kernel, generator_activation(recipe)
    return [
        *[Dense(height * width * 4 * w, bias=False), *activation, Reshape((height, width, 4 * w))],
        *[ConvTranspose(2 * w, kernel, 1, "same", bias=False), *activation],
        *[ConvTranspose(w, kernel, 2, "same", bias=False), *activation],
        *[ConvTranspose(recipe.shape[-1], kernel, 2, "same", bias=False), *generator_output(recipe)],
    ]


def _halving(recipe: Recipe, times: int) -> list[Layer]:
    """Convolutions of stride 2, the filters doubled each time, then a dense layer to one logit."""
    spectral = recipe.discriminator_norm == "spectral"
    layers: list[Layer] = []
    for i in range(times):
        layers += [Conv(recipe.width * 2**i, recipe.kernel, 2, "same", bias=True, spectral=spectral)]
        layers += discriminator_activation(recipe)
    return [*layers, Flatten(), Dense(1, bias=True, spectral=spectral)]


# The PyTorch DCGAN tutorial's networks, without the discriminator's sigmoid. Width 64 and shape (64, 64, 3) are the
# tutorial's own.


def _from_one_pixel(recipe: Recipe, doublings: int) -> list[Layer]:
    """Transposed convolutions only: from one pixel to 4×4, then doubling, the filters halved each time."""
    w, kernel = recipe.width, recipe.kernel
    first = ConvTranspose(w * 2 ** (doublings - 1), kernel, 1, "valid", bias=False)
    rest = [ConvTranspose(w * 2**i, kernel, 2, "same", bias=False) for i in reversed(range(doublings - 1))]
    layers: list[Layer] = [Reshape((1, 1, recipe.latent))]
    for conv in (first, *rest):
        layers += [conv, *generator_activation(recipe)]
    return [*layers, ConvTranspose(recipe.shape[-1], kernel, 2, "same", bias=False), *generator_output(recipe)]


def _to_one_pixel(recipe: Recipe, halvings: int) -> list[Layer]:
    """Convolutions only: halving down to 4×4, the filters doubled each time, then to one logit."""
    spectral = recipe.discriminator_norm == "spectral"
    layers: list[Layer] = []
    for i in range(halvings):
        layers += [Conv(recipe.width * 2**i, recipe.kernel, 2, "same", bias=False, spectral=spectral)]
        layers += discriminator_activation(recipe, "none" if i == 0 else None)
    return [*layers, Conv(1, recipe.kernel, 1, "valid", bias=False, spectral=spectral), Flatten()]


# The networks of five published introductions. Width 64 and shape (32, 32, 3) are the documents' own. A layer has a
# bias where its document does not say that it has none. What had to be changed stands in the recipes' `about`.


def source_000_generator(recipe: Recipe) -> list[Layer]:
    """A dense projection to 4×4, normalised as a vector, and three transposed convolutions that double."""
    w, start = recipe.width, recipe.shape[0] // 8
    return _projection(recipe, start, 4 * w) + _transposed(recipe, (2 * w, 2), (w, 2))


def source_001_generator(recipe: Recipe) -> list[Layer]:
    """Dense layers, as many as `depth`, a dense projection to 8×8, and transposed convolutions, of which two double.

    The projection has as many channels as the latent has numbers.
    """
    w, start = recipe.width, recipe.shape[0] // 4
    layers: list[Layer] = []
    for _ in range(recipe.depth):
        layers += [Dense(2 * w, bias=True), LeakyReLU(recipe.generator_slope)]
    layers += [Dense(start * start * recipe.latent, bias=True), Reshape((start, start, recipe.latent))]
    return layers + _transposed(recipe, (w, 1), (w, 2))


def source_002_generator(recipe: Recipe) -> list[Layer]:
    """As 000's, with one transposed convolution more, of stride 1, at the start."""
    w, start = recipe.width, recipe.shape[0] // 8
    return _projection(recipe, start, 8 * w) + _transposed(recipe, (4 * w, 1), (2 * w, 2), (w, 2))


def source_003_generator(recipe: Recipe) -> list[Layer]:
    """A dense trunk of `depth` layers, a dense projection to 4×4, and three convolutions of stride 1.

    Each has its activation before its norm. The size is doubled after each convolution, which the document lacks.
    """
    w, start, norm = recipe.width, recipe.shape[0] // 8, batch_norm(recipe, recipe.generator_norm)
    layers: list[Layer] = []
    for units in [16 * w] * recipe.depth + [start * start * 8 * w]:
        layers += [Dense(units, bias=True), LeakyReLU(recipe.generator_slope), *norm]
    layers += [Reshape((start, start, 8 * w))]
    for _ in range(3):
        conv = Conv(4 * w, recipe.kernel, 1, "same", bias=True)
        layers += [conv, LeakyReLU(0.0), *norm, Upsample(2)]
    return [*layers, Conv(recipe.shape[-1], recipe.kernel, 1, "same", bias=True), *generator_output(recipe)]


def source_003_discriminator(recipe: Recipe) -> list[Layer]:
    """Three convolutions of stride 1, each with norm and pooling, a dense layer, and another to one logit."""
    spectral = recipe.discriminator_norm == "spectral"
    layers: list[Layer] = []
    for i in range(3):
        layers += [Conv(recipe.width * 2**i, recipe.kernel, 1, "same", bias=True, spectral=spectral)]
        layers += [*discriminator_activation(recipe), AveragePool(2)]
    layers += [Flatten(), Dense(16 * recipe.width, bias=True, spectral=spectral)]
    return [*layers, *discriminator_activation(recipe, "none"), Dense(1, bias=True, spectral=spectral)]


def _projection(recipe: Recipe, start: int, filters: int) -> list[Layer]:
    """A dense layer to an image of start × start pixels, each of whose numbers has a norm of its own."""
    dense = Dense(start * start * filters, bias=False)
    return [dense, *generator_activation(recipe), Reshape((start, start, filters))]


def _transposed(recipe: Recipe, *filters_and_strides: tuple[int, int]) -> list[Layer]:
    """Transposed convolutions with norm and activation, and one to the image that doubles."""
    layers: list[Layer] = []
    for filters, stride in filters_and_strides:
        layers += [ConvTranspose(filters, recipe.kernel, stride, "same", bias=True), *generator_activation(recipe)]
    last = ConvTranspose(recipe.shape[-1], recipe.kernel, 2, "same", bias=True)
    return [*layers, last, *generator_output(recipe)]


NETWORKS: dict[str, Networks] = {
    "tensorflow-tutorial": (tensorflow_tutorial_generator, partial(_halving, times=2)),
    "pytorch-tutorial": (partial(_from_one_pixel, doublings=4), partial(_to_one_pixel, halvings=4)),
    "source-000": (source_000_generator, partial(_halving, times=2)),
    "source-001": (source_001_generator, partial(dense_discriminator, widening=2)),
    "source-002": (source_002_generator, partial(_halving, times=3)),
    "source-003": (source_003_generator, source_003_discriminator),
    "source-004": (partial(_from_one_pixel, doublings=3), partial(_to_one_pixel, halvings=3)),
}
# How often these double their size, whatever it is.
DOUBLINGS = {"tensorflow-tutorial": 2, "source-000": 3, "source-001": 2, "source-002": 3, "source-003": 3}
FROM_ONE_PIXEL = {"pytorch-tutorial": 64, "source-004": 32}  # the only size of those that start from one pixel
