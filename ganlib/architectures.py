"""The networks of a recipe as lists of layers: dense networks, DCGAN, and networks that others have published.

The function of an architecture's name writes out its layers with every number in them, and both frameworks build just
that. The layers themselves are in `ganlib.layers`, whose public names can be had from here too.

    >>> recipe = ganlib.recipe("dcgan-digits")
    >>> for layer, shape in zip(generator_layers(recipe), shapes(generator_layers(recipe), (recipe.latent,))):
    ...     print(shape, layer)
"""

# ruff: noqa: F405, which wants the names of layers one by one

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from functools import partial
from typing import TYPE_CHECKING

from ganlib import arguments, layers
from ganlib.errors import RecipeError
from ganlib.layers import *  # noqa: F403
from ganlib.layers import Layer, Shape
from ganlib.plain_layers import *  # noqa: F403

if TYPE_CHECKING:
    from ganlib.recipe import Recipe

__all__ = ["check_fit", "conditions", "discriminator_input", "discriminator_layers", "generator_layers", "heads"]
__all__ += ["dcgan_discriminator", "dcgan_generator", "dense_discriminator", "dense_generator", *layers.__all__]


def generator_layers(recipe: Recipe) -> list[Layer]:
    """The generator's layers: from latents (n, recipe.latent) to samples (n, *recipe.shape)."""
    arguments.recipe(recipe)
    plain = ARCHITECTURES[recipe.generator][0](recipe)
    return [_join_labels(recipe, recipe.generator_labels), *plain] if recipe.classes else plain


def discriminator_layers(recipe: Recipe) -> list[Layer]:
    """The discriminator's layers: from samples, `recipe.pack` side by side (Lin et al. 2018), to logits (n, 1).

    Where it says more than that, the columns are those of `heads`.
    """
    arguments.recipe(recipe)
    plain, how = ARCHITECTURES[recipe.discriminator][1](recipe), recipe.discriminator_labels
    if recipe.source != "latents":
        return [Join(recipe.source, (), source_shape(recipe)), *plain]
    if not recipe.classes and not recipe.feature_weight:
        return plain
    *before, last = plain
    if how in NAMING:  # besides, it names the class
        last = Dense(1 + recipe.classes, bias=True, spectral=recipe.discriminator_norm == "spectral")
    elif how == "projection":
        (width,) = shapes(before, discriminator_input(recipe))[-1]
        embedding = Dense(width, bias=True, spectral=recipe.discriminator_norm == "spectral")
        last = Project("labels", (OneHot(recipe.classes), embedding))
    if recipe.feature_weight:
        last = Skip((last,))  # and shows what its last layer sees
    if recipe.classes and how in ("one_hot", "embedding"):
        return [_join_labels(recipe, how), *before, last]
    return [*before, last]


def heads(recipe: Recipe) -> dict[str, int]:
    """What the discriminator says of a sample, by name, with how many numbers each is: {"real": 1}, the logit.

    A recipe with an auxiliary classifier, or one of information, has "class" too, and one that matches features
    "features", which stand before the others.
    """
    arguments.recipe(recipe)
    said = {"real": 1} | ({"class": recipe.classes} if recipe.discriminator_labels in NAMING else {})
    if not recipe.feature_weight:
        return said
    (width,) = shapes(discriminator_layers(recipe), discriminator_input(recipe))[-1]
    return {"features": width - sum(said.values()), **said}


def conditions(recipe: Recipe) -> dict[str, Shape]:
    """What both networks are given beside their inputs, by name, with the shape of one sample's: {"labels": ()}."""
    return layers.conditions([*generator_layers(recipe), *discriminator_layers(recipe)])


def _join_labels(recipe: Recipe, how: str) -> Layer:
    """The labels beside a network's input, in each pixel of an image: as vectors "one_hot", or by an "embedding"."""
    embedding: list[Layer] = [Dense(recipe.embedding, bias=False)] if how == "embedding" else []
    return Join("labels", (OneHot(recipe.classes), *embedding))


def discriminator_input(recipe: Recipe) -> Shape:
    """The shape of one input of the discriminator: a sample's, its last axis times `recipe.pack`."""
    arguments.recipe(recipe)
    return (*recipe.shape[:-1], recipe.shape[-1] * recipe.pack)


# DCGAN (Radford et al. 2016, figure 1), for any square size that is 4 to 7 doubled once or more.


def dcgan_generator(recipe: Recipe) -> list[Layer]:
    """A dense projection to a few pixels, then layers that double the size: see `_doubling`."""
    start, doublings = _doublings(recipe.shape[0])
    bias = recipe.generator_norm == "none"
    filters = recipe.width * 2 ** (doublings - 1)
    layers: list[Layer] = [Dense(start * start * filters, bias=bias), Reshape((start, start, filters))]
    layers += _generator_activation(recipe)
    for _ in range(doublings - 1):
        filters //= 2
        layers += [*_doubling(filters, bias, recipe), *_generator_activation(recipe)]
    # The paper normalises every layer but the output.
    norm = recipe.generator_norm if recipe.boundary_norm else "none"
    layers += [*_doubling(recipe.shape[-1], norm == "none", recipe), *_batch_norm(recipe, norm)]
    return layers + _generator_output(recipe)


def _doubling(filters: int, bias: bool, recipe: Recipe) -> list[Layer]:
    """What doubles the size: the paper's "transposed" convolution, or one of two that replace it."""
    if recipe.upsampling == "resize":  # copies each pixel twice along each side, then convolves (Odena et al. 2016)
        return [Upsample(2), Conv(filters, recipe.kernel, 1, "same", bias=bias)]
    if recipe.upsampling == "subpixel":  # four times the channels become blocks of 2 × 2 pixels (Shi et al. 2016)
        return [Conv(4 * filters, recipe.kernel, 1, "same", bias=bias), DepthToSpace(2)]
    return [ConvTranspose(filters, recipe.kernel, 2, "same", bias=bias)]


def dcgan_discriminator(recipe: Recipe) -> list[Layer]:
    """Convolutions that halve the size, by strides as in the paper or by averages, then a dense layer to one logit."""
    _, halvings = _doublings(recipe.shape[0])
    # The paper normalises every layer but the input's and the output's.
    norms = [recipe.discriminator_norm if recipe.boundary_norm or i > 0 else "none" for i in range(halvings)]
    return _halving(recipe, norms, pool=recipe.downsampling == "pool") + _logit(recipe)


def _doublings(size: int) -> tuple[int, int]:
    """(start, n) with start · 2ⁿ the size and a start from 4 to 7; n is 0 where that cannot be."""
    return next(((size >> n, n) for n in range(1, 20) if size % 2**n == 0 and 4 <= size >> n <= 7), (size, 0))


# Images from images (Isola et al. 2017).


def source_shape(recipe: Recipe) -> Shape:
    """The shape of the image that a sample is made from: the sample's own, with one channel where it is "grey"."""
    return (*recipe.shape[:2], 1 if recipe.source == "grey" else recipe.shape[2])


def unet_generator(recipe: Recipe) -> list[Layer]:
    """A U-Net (Ronneberger et al. 2015) over the source image and a plane that is made of the latent.

    It halves the size down to 4 to 7 pixels and doubles it again; each size is passed by its own halving as well.
    """
    height, width, _ = recipe.shape
    _, halvings = _doublings(height)
    noise: list[Layer] = [Dense(height * width, bias=False), Reshape((height, width, 1))]
    source = Join(recipe.source, (), source_shape(recipe))
    bias = recipe.generator_norm == "none"
    inner: list[Layer] = []
    for level in reversed(range(1, halvings + 1)):
        filters = recipe.width * 2**level
        down: list[Layer] = [Conv(filters, recipe.kernel, 2, "same", bias=bias), *_generator_activation(recipe)]
        up: list[Layer] = [ConvTranspose(filters // 2, recipe.kernel, 2, "same", bias=bias)]
        up += _generator_activation(recipe)
        inner = [Skip((*down, *inner, *up))]
    first: list[Layer] = [Conv(recipe.width, 3, 1, "same", bias=True), LeakyReLU(recipe.generator_slope)]
    last = Conv(recipe.shape[-1], 3, 1, "same", bias=True)
    return [*noise, source, *first, *inner, last, *_generator_output(recipe)]


def patch_discriminator(recipe: Recipe) -> list[Layer]:
    """Convolutions that halve the size as often as `depth` says, a logit for each patch, and their mean."""
    norms = ["none", *[recipe.discriminator_norm] * (recipe.depth - 1)]
    logits = Conv(1, 3, 1, "same", bias=True, spectral=recipe.discriminator_norm == "spectral")
    return [*_halving(recipe, norms), logits, AveragePool(recipe.shape[0] >> recipe.depth), Flatten()]


# Dense networks (Goodfellow et al. 2014): points, or small images as vectors.


def dense_generator(recipe: Recipe) -> list[Layer]:
    """Dense layers, each with norm and activation, and a dense output."""
    layers: list[Layer] = [Octaves(recipe.generator_octaves)] if recipe.generator_octaves else []
    for _ in range(recipe.depth):
        layers += [Dense(recipe.width, bias=recipe.generator_norm == "none"), *_generator_activation(recipe)]
    layers += [Dense(math.prod(recipe.shape), bias=True)]
    if len(recipe.shape) == 3:
        height, width, channels = recipe.shape
        layers += [Reshape((height, width, channels))]
    return layers + _generator_output(recipe)


def dense_discriminator(recipe: Recipe, widening: int = 1) -> list[Layer]:
    """The flattened sample through dense layers, as many as `depth`, to one logit."""
    spectral = recipe.discriminator_norm == "spectral"
    layers: list[Layer] = [Flatten()] if len(recipe.shape) == 3 else []
    layers += [Octaves(recipe.discriminator_octaves)] if recipe.discriminator_octaves else []
    for _ in range(recipe.depth):
        layers += [Dense(widening * recipe.width, bias=recipe.discriminator_norm != "batch", spectral=spectral)]
        layers += _discriminator_activation(recipe, recipe.discriminator_norm)
    return [*layers, Dense(1, bias=True, spectral=spectral)]


# What networks repeat.


def _batch_norm(recipe: Recipe, norm: str) -> list[Layer]:
    """Batch normalisation, where `norm` says so; "spectral" is a matter of the layer's own weights."""
    return [BatchNorm(recipe.batch_norm_momentum, recipe.batch_norm_epsilon)] if norm == "batch" else []


def _generator_activation(recipe: Recipe) -> list[Layer]:
    return [*_batch_norm(recipe, recipe.generator_norm), LeakyReLU(recipe.generator_slope)]


def _generator_output(recipe: Recipe) -> list[Layer]:
    outputs: dict[str, list[Layer]] = {"tanh": [Tanh()], "sigmoid": [Sigmoid()], "linear": []}
    return outputs[recipe.generator_output]


def _discriminator_activation(recipe: Recipe, norm: str) -> list[Layer]:
    dropout = [Dropout(recipe.discriminator_dropout)] if recipe.discriminator_dropout else []
    return [*_batch_norm(recipe, norm), LeakyReLU(recipe.discriminator_slope), *dropout]


def _halving(recipe: Recipe, norms: Iterable[str], bias: bool | None = None, pool: bool = False) -> list[Layer]:
    """Convolutions that halve the size, one a norm, the filters doubled each time; `bias` None: without batch norm."""
    layers: list[Layer] = []
    for i, norm in enumerate(norms):
        biased, spectral = norm != "batch" if bias is None else bias, recipe.discriminator_norm == "spectral"
        layers += [Conv(recipe.width * 2**i, recipe.kernel, 1 if pool else 2, "same", bias=biased, spectral=spectral)]
        layers += [*_discriminator_activation(recipe, norm), *([AveragePool(2)] if pool else [])]
    return layers


def _logit(recipe: Recipe) -> list[Layer]:
    return [Flatten(), Dense(1, bias=True, spectral=recipe.discriminator_norm == "spectral")]


def _transposed(recipe: Recipe, *filters_and_strides: tuple[int, int], bias: bool) -> list[Layer]:
    """Transposed convolutions with norm and activation, and one to the image that doubles."""
    layers: list[Layer] = []
    for filters, stride in filters_and_strides:
        layers += [ConvTranspose(filters, recipe.kernel, stride, "same", bias=bias), *_generator_activation(recipe)]
    return [*layers, ConvTranspose(recipe.shape[-1], recipe.kernel, 2, "same", bias=bias), *_generator_output(recipe)]


# Networks that others have published: of two official DCGAN tutorials, without the discriminators' sigmoid, and of five
# introductions on the web. Width 64 and the shapes of the recipes of the same names are their own. There also stand
# their rates, their lengths and what had to be corrected. A layer of the five has a bias where its document does not
# say that it has none.


def _projected(recipe: Recipe, *widths_and_strides: tuple[int, int], bias: bool) -> list[Layer]:
    """A dense projection, normalised as a vector, then transposed convolutions, the first to half its filters."""
    start = recipe.shape[0] // (2 * math.prod(stride for _, stride in widths_and_strides))
    filters = 2 * widths_and_strides[0][0] * recipe.width
    layers: list[Layer] = [Dense(start * start * filters, bias=False), *_generator_activation(recipe)]
    rest = [(times * recipe.width, stride) for times, stride in widths_and_strides]
    return [*layers, Reshape((start, start, filters)), *_transposed(recipe, *rest, bias=bias)]


def _halved(recipe: Recipe, times: int) -> list[Layer]:
    return _halving(recipe, [recipe.discriminator_norm] * times, bias=True) + _logit(recipe)


def _from_one_pixel(recipe: Recipe, doublings: int) -> list[Layer]:
    """Transposed convolutions only: from one pixel to 4×4, then doubling, the filters halved each time."""
    first, *rest = (recipe.width * 2**i for i in reversed(range(doublings)))
    layers: list[Layer] = [Reshape((1, 1, recipe.latent)), ConvTranspose(first, recipe.kernel, 1, "valid", bias=False)]
    layers += _generator_activation(recipe)
    return layers + _transposed(recipe, *((filters, 2) for filters in rest), bias=False)


def _to_one_pixel(recipe: Recipe, halvings: int) -> list[Layer]:
    """Convolutions only: halving down to 4×4, then to one logit."""
    last = Conv(1, recipe.kernel, 1, "valid", bias=False, spectral=recipe.discriminator_norm == "spectral")
    norms = ["none", *[recipe.discriminator_norm] * (halvings - 1)]
    return [*_halving(recipe, norms, bias=False), last, Flatten()]


def _source_001_generator(recipe: Recipe) -> list[Layer]:
    """Dense layers, as many as `depth`, a dense projection to 8×8, and transposed convolutions, of which two double.

    The projection has as many channels as the latent has numbers.
    """
    w, start = recipe.width, recipe.shape[0] // 4
    layers: list[Layer] = []
    for _ in range(recipe.depth):
        layers += [Dense(2 * w, bias=True), LeakyReLU(recipe.generator_slope)]
    layers += [Dense(start * start * recipe.latent, bias=True), Reshape((start, start, recipe.latent))]
    return layers + _transposed(recipe, (w, 1), (w, 2), bias=True)


def _source_003_generator(recipe: Recipe) -> list[Layer]:
    """A dense trunk of `depth` layers, a dense projection to 4×4, and three convolutions of stride 1.

    Each has its activation before its norm. The size is doubled after each convolution, which the document lacks.
    """
    w, start, norm = recipe.width, recipe.shape[0] // 8, _batch_norm(recipe, recipe.generator_norm)
    layers: list[Layer] = []
    for units in [16 * w] * recipe.depth + [start * start * 8 * w]:
        layers += [Dense(units, bias=True), LeakyReLU(recipe.generator_slope), *norm]
    layers += [Reshape((start, start, 8 * w))]
    for _ in range(3):
        layers += [Conv(4 * w, recipe.kernel, 1, "same", bias=True), LeakyReLU(0.0), *norm, Upsample(2)]
    return [*layers, Conv(recipe.shape[-1], recipe.kernel, 1, "same", bias=True), *_generator_output(recipe)]


def _source_003_discriminator(recipe: Recipe) -> list[Layer]:
    """Three convolutions of stride 1, each with norm and pooling, a dense layer, and another to one logit."""
    flatten, logit = _logit(recipe)
    dense = Dense(16 * recipe.width, bias=True, spectral=recipe.discriminator_norm == "spectral")
    convolutions = _halving(recipe, [recipe.discriminator_norm] * 3, bias=True, pool=True)
    return [*convolutions, flatten, dense, *_discriminator_activation(recipe, "none"), logit]


Network = Callable[["Recipe"], list[Layer]]
ARCHITECTURES: dict[str, tuple[Network, Network]] = {  # name → the generator's layers, the discriminator's
    "dense": (dense_generator, dense_discriminator),
    "dcgan": (dcgan_generator, dcgan_discriminator),
    "unet": (unet_generator, dcgan_discriminator),
    "patch": (dcgan_generator, patch_discriminator),
    "tensorflow-tutorial": (lambda recipe: _projected(recipe, (2, 1), (1, 2), bias=False), partial(_halved, times=2)),
    "pytorch-tutorial": (partial(_from_one_pixel, doublings=4), partial(_to_one_pixel, halvings=4)),
    "source-000": (lambda recipe: _projected(recipe, (2, 2), (1, 2), bias=True), partial(_halved, times=2)),
    "source-001": (_source_001_generator, partial(dense_discriminator, widening=2)),
    "source-002": (lambda recipe: _projected(recipe, (4, 1), (2, 2), (1, 2), bias=True), partial(_halved, times=3)),
    "source-003": (_source_003_generator, _source_003_discriminator),
    "source-004": (partial(_from_one_pixel, doublings=3), partial(_to_one_pixel, halvings=3)),
}
# How often these double their size, whatever it is; and how often those that start from one pixel, which they make 4×4.
DOUBLINGS = {"tensorflow-tutorial": 2, "source-000": 3, "source-001": 2, "source-002": 3, "source-003": 3}
DOUBLINGS_OF_4 = {"pytorch-tutorial": 4, "source-004": 3}
LABELLED = ("dense", "dcgan")  # those that can be told labels, or show what their last layer sees
NAMING = ("auxiliary", "information")  # the ways of D with labels in which it is not told, but names them


def _makes(architecture: str, size: int) -> bool:
    """Whether an architecture for images can make, and take, those of this size."""
    if architecture in ("dcgan", "unet", "patch"):
        return _doublings(size)[1] > 0
    if architecture in DOUBLINGS_OF_4:
        return size == 4 * 2 ** DOUBLINGS_OF_4[architecture]
    return size % 2 ** DOUBLINGS.get(architecture, 0) == 0


def check_fit(recipe: Recipe, architecture: str) -> None:
    """Raises RecipeError when the architecture cannot make, or take, samples of the recipe's shape."""
    arguments.recipe(recipe)
    if not isinstance(architecture, str) or architecture not in ARCHITECTURES:
        raise RecipeError(f"There is no architecture {architecture!r}. Known: {', '.join(ARCHITECTURES)}.")
    known, apart = " or ".join(map(repr, LABELLED)), architecture not in LABELLED
    if recipe.feature_weight and apart:
        shows = f"feature_weight={recipe.feature_weight} is for networks that are {known}, not {architecture!r}"
        raise RecipeError(f"{shows}. Use feature_weight=0.")
    if recipe.classes and apart:
        raise RecipeError(
            f"classes={recipe.classes} tells both players labels, which {known} can be told, and {architecture!r} "
            "cannot. Use one of those, or classes=0."
        )
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
    if not _makes(architecture, height):
        sizes = sorted(filter(partial(_makes, architecture), range(4, 4097)), key=lambda size: abs(size - height))
        near = " or ".join(f"{size}×{size}" for size in sorted(sizes[:2]))
        raise RecipeError(
            f"The architecture {architecture!r} cannot make images of {height}×{height}, but {near}: resize or crop "
            "them. 'dcgan' makes sizes that are 4 to 7 doubled once or more."
        )
    if architecture in DOUBLINGS_OF_4 and recipe.kernel != 4:
        raise RecipeError(f"{architecture!r} starts from a 4×4 kernel, so kernel must be 4, not {recipe.kernel}.")
