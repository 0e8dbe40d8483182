"""The layers that networks are made of, as data, before any framework builds them.

The plain ones are in `ganlib.plain_layers`; here are those that are made of others. What a layer computes is written in
`ganlib.reference` (NumPy) and in both frameworks' `networks`; which layers a recipe has, in `ganlib.architectures`.

`Join` and `Project` look at a condition, an array that is *given* beside the network's input under a name:
`model(x, {"labels": labels})`. A shape is that of one sample: (height, width, channels), (n,), or () for labels.
"""

# ruff: noqa: F405, which wants the names of layers one by one

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate

from ganlib import arguments, plain_layers
from ganlib.errors import RecipeError
from ganlib.plain_layers import *  # noqa: F403
from ganlib.plain_layers import Base
from ganlib.sizes import Shape, checked_shape, conv_size, conv_transpose_size, same_padding

__all__ = ["Cost", "Join", "Project", "Residual", "Skip", "checked_shape", "conv_size", "conv_transpose_size", "costs"]
__all__ += ["names", "same_padding", "shapes"]
__all__ += plain_layers.__all__

TRAINED = ("kernel", "bias", "scale", "shift")  # by the optimiser; mean, variance and u change as the network is used


class Combinator(Base):
    """Layers inside a layer. Each subclass says what goes into them, and what becomes of what they give, f."""

    layers: tuple[Layer, ...]

    def enters(self, shape: Shape) -> Shape:
        """The shape that goes into the first of the layers, where `shape` goes into the combinator."""
        return shape

    def gives(self, shape: Shape) -> Shape:
        """The shape of f, where `shape` goes into the combinator."""
        inner = shapes_from(self.layers, self.enters(shape))
        return inner[-1] if inner else self.enters(shape)


@dataclass(frozen=True)
class Residual(Combinator):
    """x + f(x) (He et al. 2016)."""

    layers: tuple[Layer, ...]

    def output(self, shape: Shape) -> Shape:
        if (given := self.gives(shape)) != shape:
            raise RecipeError(f"The layers of a Residual must keep the shape, and made {given} of {shape}.")
        return shape


@dataclass(frozen=True)
class Skip(Combinator):
    """x and then f(x), side by side in the channels. Nested, they make a U-Net (Ronneberger et al. 2015)."""

    layers: tuple[Layer, ...]

    def output(self, shape: Shape) -> Shape:
        return _side_by_side(self, shape, self.gives(shape))


@dataclass(frozen=True)
class Conditioned(Combinator):
    """Layers over c, the condition of the name `given`; `shape` is that of one c, () for labels."""

    given: str
    layers: tuple[Layer, ...]
    shape: Shape = ()

    def enters(self, shape: Shape) -> Shape:
        return self.shape


class Join(Conditioned):
    """x and then f(c), side by side in the channels, with c a condition (Mirza & Osindero 2014).

    A vector f(c) beside an image is put into each of its pixels.
    """

    def output(self, shape: Shape) -> Shape:
        made = self.gives(shape)
        return _side_by_side(self, shape, (*shape[:-1], *made) if len(made) == 1 else made)


class Project(Conditioned):
    """x · f(c), one number, with c a condition: a projection discriminator's logit.

    With f an embedding with a bias w it is x · (w + row c of the kernel) (Miyato & Koyama 2018, equation 8).
    """

    def output(self, shape: Shape) -> Shape:
        if len(shape) != 1 or self.gives(shape) != shape:
            wanted = f"vectors as long as what its layers give, {self.gives(shape)}"
            raise RecipeError(f"A Project takes {wanted}, not {shape}.")
        return (1,)


# The closed list: a `match` over it is checked to be exhaustive, here and where a framework builds the layers.
Resizing = Upsample | AveragePool | DepthToSpace | Reshape | Flatten
Pointwise = LeakyReLU | Tanh | Sigmoid | Dropout
Combining = Residual | Skip | Join | Project
Layer = Dense | Conv | ConvTranspose | BatchNorm | Octaves | OneHot | Resizing | Pointwise | Combining


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
    return shapes_from(layers, checked_shape("input_shape", input_shape))


def shapes_from(layers: Sequence[Layer], shape: Shape) -> list[Shape]:
    """As `shapes`; the shape that goes in may be a label's too, ()."""
    names(layers)  # which checks them
    return list(accumulate(layers, lambda before, layer: layer.output(before), initial=shape))[1:]


def weight_shapes(layers: Sequence[Layer], input_shape: Shape) -> dict[str, Shape]:
    """The shape of each weight of a network, by names such as "conv3.kernel", in the order of the layers.

    A layer inside another has that one's name before its own: "join0.dense1.kernel".
    """
    found = ((name, layer.weights(before)) for name, layer, before, _ in walk(layers, input_shape))
    return {f"{name}.{part}": shape for name, weights in found for part, shape in weights.items()}


def conditions(layers: Sequence[Layer]) -> dict[str, Shape]:
    """The name of each condition that these layers look at, and the shape of one sample of it."""
    found: dict[str, Shape] = {}
    for layer in layers:
        if isinstance(layer, Join | Project):
            found[layer.given] = layer.shape
        if isinstance(layer, Combining):
            found |= conditions(layer.layers)
    return found


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
    for name, layer, before, after in walk(layers, input_shape):
        sizes = {part: math.prod(shape) for part, shape in layer.weights(before).items()}
        pixels = math.prod((before if isinstance(layer, ConvTranspose) else after)[:-1])
        parameters = sum(size for part, size in sizes.items() if part in TRAINED)
        result.append(Cost(name, after, parameters, pixels * sizes.get("kernel", 0)))
    return result


def walk(layers: Sequence[Layer], input_shape: Shape) -> Iterator[tuple[str, Layer, Shape, Shape]]:
    """Each layer with its name, the shape that goes into it and the one that comes out, inner ones first."""
    return _walk(layers, checked_shape("input_shape", input_shape), "")


def _walk(layers: Sequence[Layer], before: Shape, outer: str) -> Iterator[tuple[str, Layer, Shape, Shape]]:
    for name, layer in zip(names(layers), layers, strict=True):
        after = layer.output(before)
        if isinstance(layer, Combining):
            yield from _walk(layer.layers, layer.enters(before), f"{outer}{name}.")
        yield outer + name, layer, before, after
        before = after


def _side_by_side(layer: Layer, x: Shape, y: Shape) -> Shape:
    if x[:-1] != y[:-1]:
        kind = type(layer).__name__
        raise RecipeError(f"A {kind} puts channels side by side, and {x} and {y} have other sizes: make them alike.")
    return (*x[:-1], x[-1] + y[-1])
