"""Whole networks: layers as data, weights as arrays by name, one pass."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import assert_never

import numpy as np
from numpy.typing import ArrayLike

from ganlib import architectures, arguments
from ganlib.architectures import Layer
from ganlib.reference import layers as ops
from ganlib.reference.layers import Array, array

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
    layers: Sequence[Layer], weights: Arrays, x: ArrayLike, masks: Arrays | None = None, given: Given | None = None
) -> dict[str, Array]:
    """All weights after one training pass over x, which changes moving statistics and the vectors u."""
    changed = _run(layers, weights, x, True, masks, given)[1]  # first, for it checks the weights
    return {**weights, **changed}


def _run(
    layers: Sequence[Layer], weights: Arrays, x: ArrayLike, training: bool, masks: Arrays | None, given: Given | None
) -> tuple[Array, dict[str, Array]]:
    """The output, and the weights that a training pass replaces."""
    masks, given = masks or {}, given or {}
    changed: dict[str, Array] = {}
    for what, arrays in (("weights", weights), ("masks", masks), ("given", given)):
        if not isinstance(arrays, Mapping):
            raise TypeError(f"{what} must be a mapping from names to arrays, not {arguments.describe(arrays)}.")

    def weight(name: str) -> Array:
        if name not in weights:
            known = ", ".join(map(str, weights)) or "none"
            raise ValueError(f"The weight {name} is missing. Given: {known}. Use gl.get_weights(model).")
        return array(f"The weight {name}", weights[name])

    def condition(name: str) -> Array:
        if name not in given:
            raise ValueError(f"This network looks at {name}: give them, given={{{name!r}: an array}}.")
        return np.asarray(given[name])

    def run(layers: Sequence[Layer], outer: str, x: Array) -> Array:
        """The output of layers whose names begin with `outer`."""
        for place, layer in zip(architectures.names(layers), layers, strict=True):
            name = outer + place
            if isinstance(layer, architectures.Dense | architectures.Conv | architectures.ConvTranspose):
                kernel, bias = weight(f"{name}.kernel"), weight(f"{name}.bias") if layer.bias else None
            if isinstance(layer, architectures.Dense | architectures.Conv) and layer.spectral:
                sigma, changed[f"{name}.u"] = ops.spectral_norm(kernel, weight(f"{name}.u"), training)
                kernel = kernel / sigma
            match layer:
                case architectures.Dense():
                    x = ops.dense(x, kernel, bias)
                case architectures.Conv():
                    x = ops.conv2d(x, kernel, bias, layer.stride, layer.padding)
                case architectures.ConvTranspose():
                    x = ops.conv_transpose2d(x, kernel, bias, layer.stride, layer.padding)
                case architectures.Upsample():
                    x = ops.upsample(x, layer.factor)
                case architectures.AveragePool():
                    x = ops.average_pool(x, layer.size)
                case architectures.DepthToSpace():
                    x = ops.depth_to_space(x, layer.block)
                case architectures.BatchNorm():
                    scale, shift, mean, variance = (weight(f"{name}.{part}") for part in layer.weights(x.shape))
                    if training:
                        new = ops.moving_statistics(x, mean, variance, layer.momentum)
                        changed[f"{name}.mean"], changed[f"{name}.variance"] = new
                        x = ops.batch_norm(x, scale, shift, layer.epsilon)
                    else:
                        x = ops.batch_norm_inference(x, scale, shift, mean, variance, layer.epsilon)
                case architectures.LeakyReLU():
                    x = ops.leaky_relu(x, layer.slope)
                case architectures.Tanh():
                    x = ops.tanh(x)
                case architectures.Sigmoid():
                    x = 2 * ops.sigmoid(x) - 1
                case architectures.Dropout():
                    if training and name not in masks:
                        raise ValueError(f"Dropout needs masks={{{name!r}: a boolean array {x.shape}}}.")
                    x = ops.dropout(x, layer.rate, masks[name]) if training else x
                case architectures.Octaves():
                    x = ops.octaves(x, layer.count)
                case architectures.OneHot():
                    x = ops.one_hot(x, layer.classes)
                case architectures.Residual():
                    x = x + run(layer.layers, f"{name}.", x)
                case architectures.Skip():
                    x = ops.side_by_side(x, run(layer.layers, f"{name}.", x))
                case architectures.Join():
                    x = ops.side_by_side(x, run(layer.layers, f"{name}.", condition(layer.given)))
                case architectures.Project():
                    x = (x * run(layer.layers, f"{name}.", condition(layer.given))).sum(axis=1, keepdims=True)
                case architectures.Reshape():
                    x = x.reshape(len(x), *layer.shape)
                case architectures.Flatten():
                    x = x.reshape(len(x), -1)
                case _:
                    assert_never(layer)
        return x

    return run(layers, "", array("x", x)), changed
