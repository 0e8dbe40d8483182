"""The layers that networks are made of, as data, before any framework builds them.

A network is a list of these. Each knows the shape that it gives and the shapes of its weights. What it computes is
written in `ganlib.reference` (NumPy), `ganlib.torch.networks` and `ganlib.tensorflow.networks`;
which layers a recipe's networks have, in `ganlib.architectures`.

A shape is that of one sample, without the batch: (height, width, channels) for images, (n,) for vectors.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from numbers import Integral

from ganlib import arguments
from ganlib.errors import RecipeError

__all__ = ["AveragePool", "BatchNorm", "Conv", "ConvTranspose", "Dense", "DepthToSpace", "Dropout", "Flatten"]
__all__ += ["LeakyReLU", "Octaves", "Reshape", "Sigmoid", "Tanh", "Upsample"]
__all__ += ["Cost", "checked_shape", "conv_size", "conv_transpose_size", "costs", "names", "same_padding", "shapes"]

Shape = tuple[int, ...]
TRAINED = ("kernel", "bias", "scale", "shift")  # by the optimiser; mean, variance and u change as the network is used


class Base:
    """What every layer answers; one without more to say keeps the shape and has no weights."""

    def output(self, shape: Shape) -> Shape:
        """The shape that comes out where `shape` goes in. Raises RecipeError where it cannot go in."""
        return shape

    def weights(self, shape: Shape) -> dict[str, Shape]:
        """The shape of each weight, in the layout of `ganlib.initialise.initial_weights`, where `shape` goes in."""
        return {}


@dataclass(frozen=True)
class Dense(Base):
    """y = x W + b; W is (inputs, units)."""

    units: int
    bias: bool
    spectral: bool = False  # divide W by its largest singular value (Miyato et al. 2018)

    def output(self, shape: Shape) -> Shape:
        return (self.units,)

    def weights(self, shape: Shape) -> dict[str, Shape]:
        return _kernel((shape[-1], self.units), self.units, self.bias, self.spectral)


@dataclass(frozen=True)
class Conv(Base):
    """Convolution (cross-correlation, as everywhere in deep learning); kernel (k, k, in, filters).

    Padding "same" gives ceil(size / stride) and puts the odd pixel of padding last; "valid" pads nothing.
    """

    filters: int
    kernel: int
    stride: int
    padding: str
    bias: bool
    spectral: bool = False

    def output(self, shape: Shape) -> Shape:
        sizes = (conv_size(n, self.kernel, self.stride, self.padding) for n in _sides(self, shape))
        return (*sizes, self.filters)

    def weights(self, shape: Shape) -> dict[str, Shape]:
        kernel = (self.kernel, self.kernel, shape[-1], self.filters)
        return _kernel(kernel, self.filters, self.bias, self.spectral)


@dataclass(frozen=True)
class ConvTranspose(Base):
    """Transposed convolution: the transpose of `Conv` with the same kernel, which is (k, k, filters, in).

    Padding "same" gives size * stride, "valid" (size - 1) * stride + k.
    """

    filters: int
    kernel: int
    stride: int
    padding: str
    bias: bool

    def output(self, shape: Shape) -> Shape:
        sizes = (conv_transpose_size(n, self.kernel, self.stride, self.padding) for n in _sides(self, shape))
        return (*sizes, self.filters)

    def weights(self, shape: Shape) -> dict[str, Shape]:
        return _kernel((self.kernel, self.kernel, self.filters, shape[-1]), self.filters, self.bias)


@dataclass(frozen=True)
class Upsample(Base):
    """Nearest-neighbour resizing: each pixel becomes a block of factor × factor copies of itself."""

    factor: int

    def output(self, shape: Shape) -> Shape:
        height, width = _sides(self, shape)
        return (self.factor * height, self.factor * width, shape[-1])


@dataclass(frozen=True)
class AveragePool(Base):
    """Each block of size × size pixels becomes one, their mean; rows and columns left over at the end are dropped."""

    size: int

    def output(self, shape: Shape) -> Shape:
        height, width = _sides(self, shape)
        if min(height, width) < self.size:
            raise RecipeError(f"{self} takes images of at least {self.size} pixels a side, not {shape}.")
        return (height // self.size, width // self.size, shape[-1])


@dataclass(frozen=True)
class DepthToSpace(Base):
    """Each pixel becomes a block of block × block pixels, made of its channels (Shi et al. 2016's periodic shuffling).

    With C the channels that remain, channel (block · i + j) · C + o goes to row i, column j of the block, channel o:
    `tf.nn.depth_to_space`'s order. PyTorch's `pixel_shuffle` takes channel o · block² + block · i + j there.
    """

    block: int

    def output(self, shape: Shape) -> Shape:
        height, width = _sides(self, shape)
        if shape[-1] % self.block**2:
            raise RecipeError(f"{shape[-1]} channels do not fill blocks of {self.block} × {self.block} pixels.")
        return (self.block * height, self.block * width, shape[-1] // self.block**2)


@dataclass(frozen=True)
class BatchNorm(Base):
    """Batch normalisation over all axes but the last (Ioffe & Szegedy 2015).

    `momentum` is the weight of the old moving statistics (Keras's meaning; PyTorch's is one minus this). The moving
    variance is the unbiased one, as in the paper's algorithm 2.
    """

    momentum: float
    epsilon: float

    def weights(self, shape: Shape) -> dict[str, Shape]:
        return dict.fromkeys(("scale", "shift", "mean", "variance"), shape[-1:])


@dataclass(frozen=True)
class LeakyReLU(Base):
    """x where x > 0, slope * x elsewhere. Slope 0 is ReLU."""

    slope: float


@dataclass(frozen=True)
class Tanh(Base):
    """The hyperbolic tangent, which puts images into [-1, 1]."""


@dataclass(frozen=True)
class Sigmoid(Base):
    """The logistic function σ, stretched from its (0, 1) to the images' (-1, 1): 2σ(x) - 1, which is tanh(x / 2)."""


@dataclass(frozen=True)
class Dropout(Base):
    """In training, sets a share `rate` of the values to zero and divides the others by 1 - rate."""

    rate: float


@dataclass(frozen=True)
class Octaves(Base):
    """The input x, then sin(2ᵏx) and cos(2ᵏx) for k = 0 … count - 1, side by side (Tancik et al. 2020's features).

    Dense layers learn smooth functions first; with these before them they can be steep between narrow modes.
    """

    count: int

    def output(self, shape: Shape) -> Shape:
        return (*shape[:-1], shape[-1] * (1 + 2 * self.count))


@dataclass(frozen=True)
class Reshape(Base):
    """Reshapes each sample to (height, width, channels), channels running fastest in both frameworks."""

    shape: tuple[int, int, int]

    def output(self, shape: Shape) -> Shape:
        if math.prod(self.shape) != math.prod(shape):
            raise RecipeError(f"{shape} cannot be reshaped to {self.shape}: it holds another number of values.")
        return self.shape


@dataclass(frozen=True)
class Flatten(Base):
    """Flattens each sample, channels running fastest in both frameworks."""

    def output(self, shape: Shape) -> Shape:
        return (math.prod(shape),)


# The closed list: a `match` over it is checked to be exhaustive, here and where a framework builds the layers.
Resizing = Upsample | AveragePool | DepthToSpace | Reshape | Flatten
Pointwise = LeakyReLU | Tanh | Sigmoid | Dropout
Layer = Dense | Conv | ConvTranspose | BatchNorm | Octaves | Resizing | Pointwise


def names(layers: Sequence[Layer]) -> list[str]:
    """One name a layer, by kind and place: ["dense0", "reshape1", "batch_norm2", …]. Weights are called by them."""
    wrong = [layers] if not isinstance(layers, list | tuple) else [n for n in layers if not isinstance(n, Layer)]
    if wrong:
        given = arguments.describe(wrong[0])
        raise TypeError(f"layers must be a list of layers, such as generator_layers(recipe) makes, not {given}.")
    kinds = (re.sub("(?<=[a-z])(?=[A-Z][a-z])", "_", type(layer).__name__).lower() for layer in layers)
    return [f"{kind}{i}" for i, kind in enumerate(kinds)]


def shapes(layers: Sequence[Layer], input_shape: Shape) -> list[Shape]:
    """The shape that each layer gives to one sample."""
    return [after for _, _, _, after in _walk(layers, input_shape)]


def weight_shapes(layers: Sequence[Layer], input_shape: Shape) -> dict[str, Shape]:
    """The shape of each weight of a network, by names such as "conv3.kernel", in the order of the layers."""
    found = ((name, layer.weights(before)) for name, layer, before, _ in _walk(layers, input_shape))
    return {f"{name}.{part}": shape for name, weights in found for part, shape in weights.items()}


@dataclass(frozen=True)
class Cost:
    """What one layer costs for one sample: see `costs`."""

    name: str
    shape: Shape  # of what the layer gives
    parameters: int
    multiply_adds: int


def costs(layers: Sequence[Layer], input_shape: Shape) -> list[Cost]:
    """The trainable numbers of each layer, and its multiply-adds in the forward pass of one sample.

    A convolution has one multiply-add for each pixel of its output and entry of its kernel, a transposed one for each
    pixel of its input and entry of its kernel, borders included. Biases, activations and normalisation count none.

    >>> recipe = ganlib.recipe("dcgan-digits")
    >>> sum(cost.multiply_adds for cost in costs(generator_layers(recipe), (recipe.latent,)))
    622592
    """
    result = []
    for name, layer, before, after in _walk(layers, input_shape):
        sizes = {part: math.prod(shape) for part, shape in layer.weights(before).items()}
        pixels = math.prod((before if isinstance(layer, ConvTranspose) else after)[:-1])
        parameters = sum(size for part, size in sizes.items() if part in TRAINED)
        result.append(Cost(name, after, parameters, pixels * sizes.get("kernel", 0)))
    return result


def _walk(layers: Sequence[Layer], input_shape: Shape) -> Iterator[tuple[str, Layer, Shape, Shape]]:
    """Each layer with its name, the shape that goes into it and the one that comes out."""
    before = checked_shape("input_shape", input_shape)
    for name, layer in zip(names(layers), layers, strict=True):
        after = layer.output(before)
        yield name, layer, before, after
        before = after


def _sides(layer: Layer, shape: Shape) -> Shape:
    """The height and width of images, which are all that some layers take."""
    if len(shape) != 3:
        raise RecipeError(f"{layer} takes images (height, width, channels), not {shape}. Put a Reshape before it.")
    return shape[:2]


def _kernel(kernel: Shape, outputs: int, bias: bool, spectral: bool = False) -> dict[str, Shape]:
    return {"kernel": kernel} | ({"bias": (outputs,)} if bias else {}) | ({"u": (outputs,)} if spectral else {})


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
        numbers = f"kernel {kernel}, padding {padding!r} and dilation {dilation}"
        raise RecipeError(f"A convolution with {numbers} needs {extent} pixels, and a size of {size} has {padded}.")
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
        raise RecipeError(f"Padding {padding} leaves nothing of a transposed convolution of {size} pixels. Use less.")
    return result


def same_padding(size: int, kernel: int, stride: int) -> tuple[int, int]:
    """The padding before and after that padding "same" adds to a side of `size` pixels; the odd pixel goes last.

    From a transposed convolution's full output as much is cropped, with `size` the result's.
    """
    _positive(size=size, kernel=kernel, stride=stride)
    total = max((math.ceil(size / stride) - 1) * stride + kernel - size, 0)
    return total // 2, total - total // 2


def checked_shape(name: str, shape: object) -> Shape:
    """The shape as a tuple of ints, or a RecipeError."""
    if not isinstance(shape, tuple | list) or not shape:
        raise RecipeError(f"{name} must be such as (height, width, channels) or (n,), not {arguments.describe(shape)}.")
    return tuple(arguments.whole(f"Each number of {name} {tuple(shape)}", n, 1, error=RecipeError) for n in shape)


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
