"""The networks as lists of layers, before any framework builds them.

A recipe names an architecture. The function of that name below writes out its layers with every number in them, and
`ganlib.torch.networks` and `ganlib.tensorflow.networks` build exactly those. One list, two frameworks, nothing left
to a default.

    >>> recipe = ganlib.recipe("dcgan-digits")
    >>> for layer, shape in zip(generator_layers(recipe), shapes(generator_layers(recipe), (recipe.latent,))):
    ...     print(shape, layer)
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable
from dataclasses import dataclass
from numbers import Integral
from typing import TYPE_CHECKING, Any

from ganlib import arguments
from ganlib.errors import RecipeError

if TYPE_CHECKING:
    from ganlib.recipe import Recipe

Shape = tuple[int, ...]


@dataclass(frozen=True)
class Dense:
    """y = x W + b; W is (inputs, units)."""

    units: int
    bias: bool
    spectral: bool = False  # divide W by its largest singular value (Miyato et al. 2018)


@dataclass(frozen=True)
class Conv:
    """Convolution (cross-correlation, as everywhere in deep learning); kernel (k, k, in, filters).

    Padding "same" gives ceil(size / stride) and puts the odd pixel of padding last; "valid" pads nothing.
    """

    filters: int
    kernel: int
    stride: int
    padding: str
    bias: bool
    spectral: bool = False


@dataclass(frozen=True)
class ConvTranspose:
    """Transposed convolution: the transpose of `Conv` with the same kernel, which is (k, k, filters, in).

    Padding "same" gives size * stride, "valid" (size - 1) * stride + k.
    """

    filters: int
    kernel: int
    stride: int
    padding: str
    bias: bool


@dataclass(frozen=True)
class Upsample:
    """Nearest-neighbour resizing: each pixel becomes a block of factor × factor copies of itself."""

    factor: int


@dataclass(frozen=True)
class AveragePool:
    """Each block of size × size pixels becomes one, their mean; rows and columns left over at the end are dropped."""

    size: int


@dataclass(frozen=True)
class DepthToSpace:
    """Each pixel becomes a block of block × block pixels, made of its channels (Shi et al. 2016's periodic shuffling).

    With C the channels that remain, channel (block · i + j) · C + o goes to row i, column j of the block, channel o:
    `tf.nn.depth_to_space`'s order. PyTorch's `pixel_shuffle` takes channel o · block² + block · i + j there.
    """

    block: int


@dataclass(frozen=True)
class BatchNorm:
    """Batch normalisation over all axes but the last (Ioffe & Szegedy 2015).

    `momentum` is the weight of the old moving statistics (Keras's meaning; PyTorch's is one minus this). The moving
    variance is the unbiased one, as in the paper's algorithm 2.
    """

    momentum: float
    epsilon: float


@dataclass(frozen=True)
class LeakyReLU:
    """x where x > 0, slope * x elsewhere. Slope 0 is ReLU."""

    slope: float


@dataclass(frozen=True)
class Tanh:
    """The hyperbolic tangent, which puts images into [-1, 1]."""


@dataclass(frozen=True)
class Sigmoid:
    """The logistic function σ, stretched from its (0, 1) to the images' (-1, 1): 2σ(x) - 1, which is tanh(x / 2)."""


@dataclass(frozen=True)
class Dropout:
    """In training, sets a share `rate` of the values to zero and divides the others by 1 - rate."""

    rate: float


@dataclass(frozen=True)
class Octaves:
    """The input x, then sin(2ᵏx) and cos(2ᵏx) for k = 0 … count - 1, side by side (Tancik et al. 2020's features).

    Dense layers learn smooth functions first; with these before them they can be steep between narrow modes.
    """

    count: int


@dataclass(frozen=True)
class Reshape:
    """Reshapes each sample to (height, width, channels), channels running fastest in both frameworks."""

    shape: tuple[int, int, int]


@dataclass(frozen=True)
class Flatten:
    """Flattens each sample, channels running fastest in both frameworks."""


Layer = (
    Dense
    | Conv
    | ConvTranspose
    | Upsample
    | AveragePool
    | DepthToSpace
    | BatchNorm
    | LeakyReLU
    | Tanh
    | Sigmoid
    | Dropout
    | Octaves
    | Reshape
    | Flatten
)


def generator_layers(recipe: Recipe) -> list[Layer]:
    """The generator's layers: from latents (n, recipe.latent) to samples (n, *recipe.shape)."""
    return ARCHITECTURES[_checked(recipe).generator][0](recipe)


def discriminator_layers(recipe: Recipe) -> list[Layer]:
    """The discriminator's layers: from samples, `recipe.pack` of them stacked, to logits (n, 1).

    With packing (Lin et al. 2018) an input holds `pack` samples, one behind the other in the last axis.
    """
    return ARCHITECTURES[_checked(recipe).discriminator][1](recipe)


def discriminator_input(recipe: Recipe) -> Shape:
    """The shape of one input of the discriminator: a sample's, its last axis times `recipe.pack`."""
    return (*_checked(recipe).shape[:-1], recipe.shape[-1] * recipe.pack)


def names(layers: list[Layer]) -> list[str]:
    """One name a layer, by kind and place: ["dense0", "reshape1", "batch_norm2", …]. Weights are called by them."""
    _check_layers(layers)
    kinds = {
        "Conv": "conv",
        "ConvTranspose": "conv_transpose",
        "AveragePool": "average_pool",
        "DepthToSpace": "depth_to_space",
        "BatchNorm": "batch_norm",
        "LeakyReLU": "leaky_relu",
    }
    return [f"{kinds.get(type(layer).__name__, type(layer).__name__.lower())}{i}" for i, layer in enumerate(layers)]


def shapes(layers: list[Layer], input_shape: Shape) -> list[Shape]:
    """The shape that each layer gives to one sample."""
    _check_layers(layers)
    shape, result = checked_shape("input_shape", input_shape), []
    for layer in layers:
        if isinstance(layer, Conv | ConvTranspose | Upsample | AveragePool | DepthToSpace) and len(shape) != 3:
            raise RecipeError(f"{layer} takes images (height, width, channels), not {shape}. Put a Reshape before it.")
        if isinstance(layer, Dense):
            shape = (layer.units,)
        elif isinstance(layer, Reshape):
            if math.prod(layer.shape) != math.prod(shape):
                raise RecipeError(f"{shape} cannot be reshaped to {layer.shape}: it holds another number of values.")
            shape = layer.shape
        elif isinstance(layer, Octaves):
            shape = (*shape[:-1], shape[-1] * (1 + 2 * layer.count))
        elif isinstance(layer, Flatten):
            shape = (math.prod(shape),)
        elif isinstance(layer, Conv):
            shape = (
                *(conv_size(n, layer.kernel, layer.stride, layer.padding) for n in shape[:2]),
                layer.filters,
            )
        elif isinstance(layer, ConvTranspose):
            sizes = (conv_transpose_size(n, layer.kernel, layer.stride, layer.padding) for n in shape[:2])
            shape = (*sizes, layer.filters)
        elif isinstance(layer, Upsample):
            shape = (layer.factor * shape[0], layer.factor * shape[1], shape[2])
        elif isinstance(layer, AveragePool):
            if min(shape[:2]) < layer.size:
                raise RecipeError(f"{layer} takes images of at least {layer.size} pixels a side, not {shape}.")
            shape = (shape[0] // layer.size, shape[1] // layer.size, shape[2])
        elif isinstance(layer, DepthToSpace):
            if shape[2] % layer.block**2:
                raise RecipeError(f"{shape[2]} channels do not fill blocks of {layer.block} × {layer.block} pixels.")
            shape = (layer.block * shape[0], layer.block * shape[1], shape[2] // layer.block**2)
        result.append(shape)
    return result


@dataclass(frozen=True)
class Cost:
    """What one layer costs for one sample: see `costs`."""

    name: str
    shape: Shape  # of what the layer gives
    parameters: int
    multiply_adds: int


def costs(layers: list[Layer], input_shape: Shape) -> list[Cost]:
    """The trainable numbers of each layer, and its multiply-adds in the forward pass of one sample.

    A multiply-add is one product of an input's value with a kernel's entry, added to a sum. A convolution has one for
    each pixel of its output and entry of its kernel, also where the entry meets the border of zeros. A transposed one
    has one for each pixel of its input and entry of its kernel, also where the result is then cropped. Biases,
    activations and normalisation count none. The parameters are kernels, biases, and the scale and shift of batch
    normalisation; moving statistics and the u of spectral normalisation are not trained.

    >>> recipe = ganlib.recipe("dcgan-digits")
    >>> sum(cost.multiply_adds for cost in costs(generator_layers(recipe), (recipe.latent,)))
    622592
    """
    result, before = [], checked_shape("input_shape", input_shape)
    for name, layer, shape in zip(names(layers), layers, shapes(layers, input_shape), strict=True):
        kernel = uses = bias = 0
        if isinstance(layer, Dense):
            kernel, uses, bias = before[-1] * layer.units, 1, layer.bias * layer.units
        elif isinstance(layer, Conv | ConvTranspose):
            kernel, bias = layer.kernel**2 * before[-1] * layer.filters, layer.bias * layer.filters
            uses = math.prod((shape if isinstance(layer, Conv) else before)[:2])
        elif isinstance(layer, BatchNorm):
            bias = 2 * shape[-1]
        result.append(Cost(name, shape, kernel + bias, kernel * uses))
        before = shape
    return result


def conv_size(size: int, kernel: int, stride: int, padding: str | int, dilation: int = 1) -> int:
    """The size m after a convolution of n pixels, with kernel K, stride s, dilation d (Dumoulin & Visin 2016).

    ceil(n / s) for padding "same"; floor((n + 2 P - d (K - 1) - 1) / s) + 1 for P pixels of padding on each side, of
    which "valid" has none.
    """
    _positive(size=size, kernel=kernel, stride=stride, dilation=dilation)
    if padding == "same":
        return math.ceil(size / stride)
    extent, padded = dilation * (kernel - 1) + 1, size + 2 * _pixels(padding)
    if padded < extent:
        spread = f" and dilation {dilation}" if dilation > 1 else ""
        raise RecipeError(
            f"A convolution with kernel {kernel}{spread} and padding {padding!r} does not fit a size of {size}: "
            f"it needs {extent} pixels and has {padded}."
        )
    return (padded - extent) // stride + 1


def conv_transpose_size(
    size: int, kernel: int, stride: int, padding: str | int, output_padding: int = 0, dilation: int = 1
) -> int:
    """The size m after a transposed convolution of n pixels: what a convolution with the same numbers takes to n.

    n s for padding "same"; s (n - 1) + d (K - 1) + 1 - 2 P + R for P pixels cropped on each side, none for "valid".
    A convolution takes s sizes to the same one: the output padding R, from 0 to s - 1, says which of them is meant.
    """
    _positive(size=size, kernel=kernel, stride=stride, dilation=dilation)
    if arguments.whole("output_padding", output_padding, 0, error=RecipeError) >= stride:
        raise RecipeError(f"output_padding must be from 0 to {stride - 1}, less than the stride, not {output_padding}.")
    if padding == "same":
        if output_padding:
            raise RecipeError("Padding 'same' says the size already: give output_padding 0, or padding as a number.")
        return size * stride
    result = stride * (size - 1) + dilation * (kernel - 1) + 1 - 2 * _pixels(padding) + output_padding
    if result < 1:
        raise RecipeError(
            f"Padding {padding} crops more than the transposed convolution of {size} pixels makes. Use less."
        )
    return result


def _positive(**numbers: int) -> None:
    for name, number in numbers.items():
        arguments.whole(name, number, 1, error=RecipeError)


def _pixels(padding: str | int) -> int:
    """The pixels on each side that a padding other than "same" stands for."""
    if padding == "valid":
        return 0
    if isinstance(padding, bool) or not isinstance(padding, Integral) or padding < 0:
        raise RecipeError(f"padding must be 'same', 'valid' or a whole number of pixels, not {padding!r}.")
    return int(padding)


def same_padding(size: int, kernel: int, stride: int) -> tuple[int, int]:
    """The padding before and after that a convolution with padding "same" adds to a side of `size` pixels.

    The odd pixel goes last. It is the same rule that crops a transposed convolution's full output, with `size` its
    result's: there the pixels are cut off instead.
    """
    _positive(size=size, kernel=kernel, stride=stride)
    total = max((math.ceil(size / stride) - 1) * stride + kernel - size, 0)
    return total // 2, total - total // 2


# Dense networks (Goodfellow et al. 2014): points, or small images as vectors.


def dense_generator(recipe: Recipe) -> list[Layer]:
    """Dense layers, each with norm and activation, and a dense output."""
    layers: list[Layer] = [Octaves(recipe.generator_octaves)] if recipe.generator_octaves else []
    for _ in range(recipe.depth):
        layers += _with_norm(Dense(recipe.width, bias=recipe.generator_norm == "none"), recipe.generator_norm, recipe)
        layers += [LeakyReLU(recipe.generator_slope)]
    layers += [Dense(math.prod(recipe.shape), bias=True)]
    if len(recipe.shape) == 3:
        layers += [Reshape(_image_shape(recipe))]
    return layers + _output(recipe)


def dense_discriminator(recipe: Recipe) -> list[Layer]:
    """The flattened sample through dense layers to one logit."""
    norm, spectral = recipe.discriminator_norm, recipe.discriminator_norm == "spectral"
    layers: list[Layer] = [Flatten()] if len(recipe.shape) == 3 else []
    layers += [Octaves(recipe.discriminator_octaves)] if recipe.discriminator_octaves else []
    for _ in range(recipe.depth):
        layers += _with_norm(Dense(recipe.width, bias=norm != "batch", spectral=spectral), norm, recipe)
        layers += [LeakyReLU(recipe.discriminator_slope), *_dropout(recipe)]
    return [*layers, Dense(1, bias=True, spectral=spectral)]


# DCGAN (Radford et al. 2016, figure 1), for any square size that is 4 to 7 doubled once or more.


def dcgan_generator(recipe: Recipe) -> list[Layer]:
    """A dense projection to a few pixels, then layers that double the size: see `_doubling`."""
    start, doublings = _doublings(recipe)
    norm, bias = recipe.generator_norm, recipe.generator_norm == "none"
    filters = recipe.width * 2 ** (doublings - 1)
    layers: list[Layer] = [Dense(start * start * filters, bias=bias), Reshape((start, start, filters))]
    layers += [*_with_norm(None, norm, recipe), LeakyReLU(recipe.generator_slope)]
    for _ in range(doublings - 1):
        filters //= 2
        layers += [*_doubling(filters, bias, recipe), *_with_norm(None, norm, recipe)]
        layers += [LeakyReLU(recipe.generator_slope)]
    # The paper normalises every layer but the output.
    norm = norm if recipe.boundary_norm else "none"
    layers += [*_doubling(recipe.shape[-1], norm == "none", recipe), *_with_norm(None, norm, recipe)]
    return [*layers, *_output(recipe)]


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
    norm, spectral = recipe.discriminator_norm, recipe.discriminator_norm == "spectral"
    stride, pool = (1, [AveragePool(2)]) if recipe.downsampling == "pool" else (2, [])
    layers: list[Layer] = []
    for i in range(halvings):
        # The paper normalises every layer but the input's and the output's.
        normalised = norm if i > 0 or recipe.boundary_norm else "none"
        conv = Conv(recipe.width * 2**i, recipe.kernel, stride, "same", bias=normalised != "batch", spectral=spectral)
        layers += [
            *_with_norm(conv, normalised, recipe),
            LeakyReLU(recipe.discriminator_slope),
            *_dropout(recipe),
            *pool,
        ]
    return [*layers, Flatten(), Dense(1, bias=True, spectral=spectral)]


# The TensorFlow DCGAN tutorial's networks. Width 64 and shape (28, 28, 1) are the tutorial's own.


def tensorflow_tutorial_generator(recipe: Recipe) -> list[Layer]:
    """As the tutorial's make_generator_model."""
    height, width = (size // 4 for size in recipe.shape[:2])
    w, kernel = recipe.width, recipe.kernel

    def norm_relu() -> list[Layer]:
        return [*_with_norm(None, recipe.generator_norm, recipe), LeakyReLU(recipe.generator_slope)]

    return [
        *[Dense(height * width * 4 * w, bias=False), *norm_relu(), Reshape((height, width, 4 * w))],
        *[ConvTranspose(2 * w, kernel, 1, "same", bias=False), *norm_relu()],
        *[ConvTranspose(w, kernel, 2, "same", bias=False), *norm_relu()],
        *[ConvTranspose(recipe.shape[-1], kernel, 2, "same", bias=False), *_output(recipe)],
    ]


def tensorflow_tutorial_discriminator(recipe: Recipe) -> list[Layer]:
    """As the tutorial's make_discriminator_model."""
    return _halving(recipe, (recipe.width, 2 * recipe.width))


def _halving(recipe: Recipe, filters: tuple[int, ...]) -> list[Layer]:
    """A convolution of stride 2 for each number of filters, then a dense layer to one logit."""
    spectral = recipe.discriminator_norm == "spectral"
    layers: list[Layer] = []
    for number in filters:
        layers += _with_norm(
            Conv(number, recipe.kernel, 2, "same", bias=True, spectral=spectral),
            recipe.discriminator_norm,
            recipe,
        )
        layers += [LeakyReLU(recipe.discriminator_slope), *_dropout(recipe)]
    return [*layers, Flatten(), Dense(1, bias=True, spectral=spectral)]


# The PyTorch DCGAN tutorial's networks. Width 64 and shape (64, 64, 3) are the tutorial's own.


def pytorch_tutorial_generator(recipe: Recipe) -> list[Layer]:
    """As the tutorial's Generator."""
    return _from_one_pixel(recipe, 4)


def _from_one_pixel(recipe: Recipe, doublings: int) -> list[Layer]:
    """Transposed convolutions only: from one pixel to 4×4, then doubling, the filters halved each time."""
    w, kernel, norm = recipe.width, recipe.kernel, recipe.generator_norm
    first = ConvTranspose(w * 2 ** (doublings - 1), kernel, 1, "valid", bias=False)
    rest = [ConvTranspose(w * 2**i, kernel, 2, "same", bias=False) for i in reversed(range(doublings - 1))]
    layers: list[Layer] = [Reshape((1, 1, recipe.latent))]
    for conv in (first, *rest):
        layers += [*_with_norm(conv, norm, recipe), LeakyReLU(recipe.generator_slope)]
    return [*layers, ConvTranspose(recipe.shape[-1], kernel, 2, "same", bias=False), *_output(recipe)]


def pytorch_tutorial_discriminator(recipe: Recipe) -> list[Layer]:
    """As the tutorial's Discriminator, without its sigmoid."""
    return _to_one_pixel(recipe, 4)


def _to_one_pixel(recipe: Recipe, halvings: int) -> list[Layer]:
    """Convolutions only: halving down to 4×4, the filters doubled each time, then to one logit."""
    norm, spectral = recipe.discriminator_norm, recipe.discriminator_norm == "spectral"
    layers: list[Layer] = []
    for i in range(halvings):
        conv = Conv(recipe.width * 2**i, recipe.kernel, 2, "same", bias=False, spectral=spectral)
        layers += _with_norm(conv, norm if i > 0 else "none", recipe)
        layers += [LeakyReLU(recipe.discriminator_slope), *_dropout(recipe)]
    return [*layers, Conv(1, recipe.kernel, 1, "valid", bias=False, spectral=spectral), Flatten()]


# The networks of five published introductions. Width 64 and shape (32, 32, 3) are the documents' own. A layer has a
# bias where its document does not say that it has none. What had to be changed stands in the recipes' `about`.


def source_000_generator(recipe: Recipe) -> list[Layer]:
    """A dense projection to 4×4, normalised as a vector, and three transposed convolutions that double."""
    w, start = recipe.width, recipe.shape[0] // 8
    layers = [*_projection(recipe, start, 4 * w), Reshape((start, start, 4 * w))]
    return layers + _transposed(recipe, ((2 * w, 2), (w, 2)))


def source_000_discriminator(recipe: Recipe) -> list[Layer]:
    """Two convolutions of stride 2, and a dense layer."""
    return _halving(recipe, (recipe.width, 2 * recipe.width))


def source_001_generator(recipe: Recipe) -> list[Layer]:
    """Dense layers, as many as `depth`, a dense projection to 8×8, and transposed convolutions, of which two double.

    The projection has as many channels as the latent has numbers.
    """
    w, start = recipe.width, recipe.shape[0] // 4
    layers: list[Layer] = []
    for _ in range(recipe.depth):
        layers += [Dense(2 * w, bias=True), LeakyReLU(recipe.generator_slope)]
    layers += [Dense(start * start * recipe.latent, bias=True), Reshape((start, start, recipe.latent))]
    return layers + _transposed(recipe, ((w, 1), (w, 2)))


def source_001_discriminator(recipe: Recipe) -> list[Layer]:
    """The flattened image through dense layers, as many as `depth`, to one logit."""
    return dense_discriminator(dataclasses.replace(recipe, width=2 * recipe.width))


def source_002_generator(recipe: Recipe) -> list[Layer]:
    """As 000's, with one transposed convolution more, of stride 1, at the start."""
    w, start = recipe.width, recipe.shape[0] // 8
    layers = [*_projection(recipe, start, 8 * w), Reshape((start, start, 8 * w))]
    return layers + _transposed(recipe, ((4 * w, 1), (2 * w, 2), (w, 2)))


def source_002_discriminator(recipe: Recipe) -> list[Layer]:
    """Three convolutions of stride 2, each with dropout, and a dense layer."""
    return _halving(recipe, (recipe.width, 2 * recipe.width, 4 * recipe.width))


def source_003_generator(recipe: Recipe) -> list[Layer]:
    """A dense trunk of `depth` layers, a dense projection to 4×4, and three convolutions of stride 1.

    Each has its activation before its norm. The size is doubled after each convolution, which the document lacks.
    """
    w, norm, start = recipe.width, recipe.generator_norm, recipe.shape[0] // 8
    layers: list[Layer] = []
    for units in [16 * w] * recipe.depth + [start * start * 8 * w]:
        layers += [Dense(units, bias=True), LeakyReLU(recipe.generator_slope), *_with_norm(None, norm, recipe)]
    layers += [Reshape((start, start, 8 * w))]
    for _ in range(3):
        conv = Conv(4 * w, recipe.kernel, 1, "same", bias=True)
        layers += [conv, LeakyReLU(0.0), *_with_norm(None, norm, recipe), Upsample(2)]
    return [*layers, Conv(recipe.shape[-1], recipe.kernel, 1, "same", bias=True), *_output(recipe)]


def source_003_discriminator(recipe: Recipe) -> list[Layer]:
    """Three convolutions of stride 1, each with norm and pooling, a dense layer, and another to one logit."""
    norm, slope = recipe.discriminator_norm, recipe.discriminator_slope
    spectral = norm == "spectral"
    layers: list[Layer] = []
    for i in range(3):
        conv = Conv(recipe.width * 2**i, recipe.kernel, 1, "same", bias=True, spectral=spectral)
        layers += [*_with_norm(conv, norm, recipe), LeakyReLU(slope), *_dropout(recipe), AveragePool(2)]
    layers += [Flatten(), Dense(16 * recipe.width, bias=True, spectral=spectral), LeakyReLU(slope), *_dropout(recipe)]
    return [*layers, Dense(1, bias=True, spectral=spectral)]


def source_004_generator(recipe: Recipe) -> list[Layer]:
    """As the PyTorch tutorial's, with one doubling less."""
    return _from_one_pixel(recipe, 3)


def source_004_discriminator(recipe: Recipe) -> list[Layer]:
    """As the PyTorch tutorial's, with one halving less."""
    return _to_one_pixel(recipe, 3)


def _projection(recipe: Recipe, start: int, filters: int) -> list[Layer]:
    """A dense layer to start · start · filters numbers, each of which has a norm of its own."""
    dense = Dense(start * start * filters, bias=False)
    return [*_with_norm(dense, recipe.generator_norm, recipe), LeakyReLU(recipe.generator_slope)]


def _transposed(recipe: Recipe, filters_and_strides: tuple[tuple[int, int], ...]) -> list[Layer]:
    """Transposed convolutions with norm and activation, and one to the image that doubles."""
    layers: list[Layer] = []
    for filters, stride in filters_and_strides:
        conv = ConvTranspose(filters, recipe.kernel, stride, "same", bias=True)
        layers += [*_with_norm(conv, recipe.generator_norm, recipe), LeakyReLU(recipe.generator_slope)]
    return [*layers, ConvTranspose(recipe.shape[-1], recipe.kernel, 2, "same", bias=True), *_output(recipe)]


Builder = Callable[["Recipe"], list[Layer]]
ARCHITECTURES: dict[str, tuple[Builder, Builder]] = {
    "dense": (dense_generator, dense_discriminator),
    "dcgan": (dcgan_generator, dcgan_discriminator),
    "tensorflow-tutorial": (tensorflow_tutorial_generator, tensorflow_tutorial_discriminator),
    "pytorch-tutorial": (pytorch_tutorial_generator, pytorch_tutorial_discriminator),
    "source-000": (source_000_generator, source_000_discriminator),
    "source-001": (source_001_generator, source_001_discriminator),
    "source-002": (source_002_generator, source_002_discriminator),
    "source-003": (source_003_generator, source_003_discriminator),
    "source-004": (source_004_generator, source_004_discriminator),
}
# How often these double their size, whatever it is.
DOUBLINGS = {"tensorflow-tutorial": 2, "source-000": 3, "source-001": 2, "source-002": 3, "source-003": 3}
FROM_ONE_PIXEL = {"pytorch-tutorial": 64, "source-004": 32}  # the only size of those that start from one pixel


def check_fit(recipe: Recipe, architecture: str) -> None:
    """Raises RecipeError when the architecture cannot make, or take, samples of the recipe's shape."""
    _checked(recipe)
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
    unit = 2 ** DOUBLINGS.get(architecture, 0)
    if height % unit:
        near, times = max(unit, round(height / unit) * unit), ("", "twice", "three times")[DOUBLINGS[architecture] - 1]
        raise RecipeError(
            f"{architecture!r} doubles its size {times}, so it makes sizes that are multiples of {unit}, not {height}. "
            f"The nearest is {near}: resize the images to {near}×{near}."
        )
    if (only := FROM_ONE_PIXEL.get(architecture, height)) != height:
        times = {32: "three", 64: "four"}[only]
        raise RecipeError(
            f"{architecture!r} doubles 4×4 {times} times and makes {only}×{only} images only, not {height}×{height}. "
            f"Resize the images to {only}×{only}, or use the architecture 'dcgan', which fits its depth to the size."
        )
    if architecture in FROM_ONE_PIXEL and recipe.kernel != 4:
        raise RecipeError(f"{architecture!r} starts from a 4×4 kernel, so kernel must be 4, not {recipe.kernel}.")


def checked_shape(name: str, shape: Any) -> Shape:
    """The shape as a tuple of ints, or a RecipeError."""
    if not isinstance(shape, tuple | list) or not shape:
        raise RecipeError(f"{name} must be such as (height, width, channels) or (n,), not {arguments.describe(shape)}.")
    return tuple(arguments.whole(f"Each number of {name} {tuple(shape)}", n, 1, error=RecipeError) for n in shape)


def _checked(recipe: Any) -> Recipe:
    from ganlib.recipe import Recipe  # which imports this module

    if not isinstance(recipe, Recipe):
        raise TypeError(
            f'recipe must be a Recipe, not {arguments.describe(recipe)}. Make one: ganlib.recipe("dcgan-digits").'
        )
    return recipe


def _check_layers(layers: Any) -> None:
    wrong = [layers] if not isinstance(layers, list | tuple) else [n for n in layers if not isinstance(n, Layer)]
    if wrong:
        raise TypeError(
            f"layers must be a list of layers of ganlib.architectures, not {arguments.describe(wrong[0])}. "
            "generator_layers(recipe) makes one."
        )


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


def _image_shape(recipe: Recipe) -> tuple[int, int, int]:
    height, width, channels = recipe.shape
    return height, width, channels


def _with_norm(layer: Layer | None, norm: str, recipe: Recipe) -> list[Layer]:
    layers = [] if layer is None else [layer]
    if norm == "batch":
        layers.append(BatchNorm(recipe.batch_norm_momentum, recipe.batch_norm_epsilon))
    return layers


def _dropout(recipe: Recipe) -> list[Layer]:
    return [Dropout(recipe.discriminator_dropout)] if recipe.discriminator_dropout else []


def _output(recipe: Recipe) -> list[Layer]:
    outputs: dict[str, list[Layer]] = {"tanh": [Tanh()], "sigmoid": [Sigmoid()], "linear": []}
    return outputs[recipe.generator_output]
