"""Whole networks: layers as data, weights as arrays by name, one pass."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import assert_never

import numpy as np
from numpy.typing import ArrayLike

from ganlib import architectures, arguments
from ganlib.architectures import Layer
from ganlib.layers import Combining
from ganlib.reference.layers import (
    Array,
    array,
    average_pool,
    batch_norm,
    batch_norm_inference,
    conv2d,
    conv_transpose2d,
    dense,
    depth_to_space,
    dropout,
    leaky_relu,
    moving_statistics,
    octaves,
    one_hot,
    side_by_side,
    sigmoid,
    spectral_norm,
    tanh,
    upsample,
)

Arrays = Mapping[str, Array]
Given = Mapping[str, ArrayLike]


def network(
    layers: Sequence[Layer],
    weights: Arrays,
    x: ArrayLike,
    training: bool = False,
    masks: Arrays | None = None,
    given: Given | None = None,
) -> Array:
    """The output of layers of `ganlib.architectures` for the input x. `network_update` returns the weights after it.

    x is (n, *input_shape), the weights arrays by name, such as "conv3.kernel", as `gl.get_weights` gives them. In
    training batch normalisation takes the batch's statistics, spectral normalisation makes an iteration, and masks say
    what dropout keeps, {"dropout2": a boolean array of that layer's input's shape}. The conditions of each sample go by
    name: given={"labels": (n,)}.
    """
    return _run(layers, weights, x, training, masks, given)[0]


def network_update(
    layers: Sequence[Layer],
    weights: Arrays,
    x: ArrayLike,
    masks: Arrays | None = None,
    given: Given | None = None,
) -> dict[str, Array]:
    """All weights after one training pass over x, which changes moving statistics and the vectors u."""
    changed = _run(layers, weights, x, True, masks, given)[1]
    return {**weights, **changed}


def _run(
    layers: Sequence[Layer], weights: Arrays, x: ArrayLike, training: bool, masks: Arrays | None, given: Given | None
) -> tuple[Array, dict[str, Array]]:
    """The output, and the weights that a training pass replaces."""
    masks, given = masks or {}, given or {}
    for what, arrays in (("weights", weights), ("masks", masks), ("given", given)):
        if not isinstance(arrays, Mapping):
            raise TypeError(f"{what} must be a mapping from names to arrays, not {arguments.describe(arrays)}.")
    changed: dict[str, Array] = {}
    return _layers(layers, "", array("x", x), weights, training, masks, given, changed), changed


def _layers(
    layers: Sequence[Layer],
    outer: str,
    x: Array,
    weights: Arrays,
    training: bool,
    masks: Arrays,
    given: Given,
    changed: dict[str, Array],
) -> Array:
    """The output of layers, whose names begin with `outer`; what training changes goes into `changed`."""

    def weight(part: str) -> Array:
        if f"{name}.{part}" not in weights:
            known = ", ".join(map(str, weights)) or "none"
            raise ValueError(f"The weight {name}.{part} is missing. Given: {known}. Use gl.get_weights(model).")
        return array(f"The weight {name}.{part}", weights[f"{name}.{part}"])

    def inner(x: Array) -> Array:
        assert isinstance(layer, Combining)
        return _layers(layer.layers, f"{name}.", x, weights, training, masks, given, changed)

    def condition(of: str) -> Array:
        if of not in given:
            raise ValueError(f"This network looks at {of}: give them, given={{{of!r}: an array}}.")
        return np.asarray(given[of])

    for place, layer in zip(architectures.names(layers), layers, strict=True):
        name = outer + place
        if isinstance(layer, architectures.Dense | architectures.Conv | architectures.ConvTranspose):
            kernel, bias = weight("kernel"), weight("bias") if layer.bias else None
        if isinstance(layer, architectures.Dense | architectures.Conv) and layer.spectral:
            sigma, changed[f"{name}.u"] = spectral_norm(kernel, weight("u"), training)
            kernel = kernel / sigma
        match layer:
            case architectures.Dense():
                x = dense(x, kernel, bias)
            case architectures.Conv():
                x = conv2d(x, kernel, bias, layer.stride, layer.padding)
            case architectures.ConvTranspose():
                x = conv_transpose2d(x, kernel, bias, layer.stride, layer.padding)
            case architectures.Upsample():
                x = upsample(x, layer.factor)
            case architectures.AveragePool():
                x = average_pool(x, layer.size)
            case architectures.DepthToSpace():
                x = depth_to_space(x, layer.block)
            case architectures.BatchNorm():
                scale, shift, mean, variance = map(weight, ("scale", "shift", "mean", "variance"))
                if training:
                    new = moving_statistics(x, mean, variance, layer.momentum)
                    changed[f"{name}.mean"], changed[f"{name}.variance"] = new
                    x = batch_norm(x, scale, shift, layer.epsilon)
                else:
                    x = batch_norm_inference(x, scale, shift, mean, variance, layer.epsilon)
            case architectures.LeakyReLU():
                x = leaky_relu(x, layer.slope)
            case architectures.Tanh():
                x = tanh(x)
            case architectures.Sigmoid():
                x = 2 * sigmoid(x) - 1
            case architectures.Dropout():
                if training and name not in masks:
                    raise ValueError(f"Dropout needs masks={{{name!r}: a boolean array {x.shape}}}.")
                x = dropout(x, layer.rate, masks[name]) if training else x
            case architectures.Octaves():
                x = octaves(x, layer.count)
            case architectures.OneHot():
                x = one_hot(x, layer.classes)
            case architectures.Residual():
                x = x + inner(x)
            case architectures.Skip():
                x = side_by_side(x, inner(x))
            case architectures.Join():
                x = side_by_side(x, inner(condition(layer.given)))
            case architectures.Project():
                x = (x * inner(condition(layer.given))).sum(axis=1, keepdims=True)
            case architectures.Reshape():
                x = x.reshape(len(x), *layer.shape)
            case architectures.Flatten():
                x = x.reshape(len(x), -1)
            case _:
                assert_never(layer)
    return x
