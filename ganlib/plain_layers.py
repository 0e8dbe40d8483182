"""The layers that compute something themselves: each knows the shape that it gives and the shapes of its weights.

`ganlib.layers` puts them together, and says what a shape is.
"""

import math
from dataclasses import dataclass

from ganlib.errors import RecipeError
from ganlib.sizes import Shape, conv_size, conv_transpose_size

__all__ = ["AveragePool", "BatchNorm", "Conv", "ConvTranspose", "Dense", "DepthToSpace", "Dropout", "Flatten"]
__all__ += ["LeakyReLU", "Octaves", "OneHot", "Reshape", "Sigmoid", "Tanh", "Upsample"]


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


@dataclass(frozen=True)
class OneHot(Base):
    """A label k from 0 to classes - 1 becomes a vector with a 1 at place k, and the label -1, unknown, one of zeros.

    `Dense` after it is an embedding: row k of its kernel, plus its bias.
    """

    classes: int

    def output(self, shape: Shape) -> Shape:
        if shape:
            raise RecipeError(f"{self} takes labels, one number a sample, not {shape}.")
        return (self.classes,)


def _sides(layer: Base, shape: Shape) -> Shape:
    """The height and width of images, which are all that some layers take."""
    if len(shape) != 3:
        raise RecipeError(f"{layer} takes images (height, width, channels), not {shape}. Put a Reshape before it.")
    return shape[:2]


def _kernel(kernel: Shape, outputs: int, bias: bool, spectral: bool = False) -> dict[str, Shape]:
    return {"kernel": kernel} | ({"bias": (outputs,)} if bias else {}) | ({"u": (outputs,)} if spectral else {})
