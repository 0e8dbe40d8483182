"""Whole networks in plain NumPy: layers as data, weights as arrays by name, one pass."""

from __future__ import annotations

from collections.abc import Mapping
from typing import assert_never

from numpy.typing import ArrayLike

from ganlib import architectures, arguments
from ganlib.architectures import Layer
from ganlib.reference import layers as ops
from ganlib.reference.checks import Array, array

Weights = Mapping[str, Array]


def network(
    layers: list[Layer], weights: Weights, x: ArrayLike, training: bool = False, masks: Weights | None = None
) -> Array:
    """The output of layers of `ganlib.architectures` for the input x. `network_update` returns the weights after it.

    Args:
        layers: as `generator_layers` and `discriminator_layers` return them.
        weights: arrays by name, such as "conv3.kernel": kernel and bias, laid out as in `dense` and `conv2d`;
            scale, shift, mean and variance of batch normalisation; u of spectral normalisation.
        x: (n, *input_shape).
        training: batch normalisation takes the batch's statistics, spectral normalisation makes an iteration.
        masks: what dropout keeps in training, {"dropout2": a boolean array of that layer's input's shape}.
    """
    return _run(layers, weights, x, training, masks or {})[0]


def network_update(
    layers: list[Layer], weights: Weights, x: ArrayLike, masks: Weights | None = None
) -> dict[str, Array]:
    """All weights after one training pass over x, which changes moving statistics and the vectors u."""
    changed = _run(layers, weights, x, True, masks or {})[1]
    return {**weights, **changed}


def _run(
    layers: list[Layer], weights: Weights, x: ArrayLike, training: bool, masks: Weights
) -> tuple[Array, dict[str, Array]]:
    """The output, and the weights that a training pass replaces."""
    for what, arrays in (("weights", weights), ("masks", masks)):
        if not isinstance(arrays, Mapping):
            raise TypeError(f"{what} must be a mapping from names to arrays, not {arguments.describe(arrays)}.")
    x, changed = array("x", x), {}

    def weight(part: str) -> Array:
        if f"{name}.{part}" not in weights:
            given = ", ".join(map(str, weights)) or "none"
            raise ValueError(f"The weight {name}.{part} is missing. Given: {given}. Use gl.get_weights(model).")
        return array(f"The weight {name}.{part}", weights[f"{name}.{part}"])

    for name, layer in zip(architectures.names(layers), layers, strict=True):
        if isinstance(layer, architectures.Dense | architectures.Conv | architectures.ConvTranspose):
            kernel, bias = weight("kernel"), weight("bias") if layer.bias else None
        if isinstance(layer, architectures.Dense | architectures.Conv) and layer.spectral:
            sigma, changed[f"{name}.u"] = ops.spectral_norm(kernel, weight("u"), training)
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
            case architectures.BatchNorm() if training:
                new = ops.moving_statistics(x, weight("mean"), weight("variance"), layer.momentum)
                changed[f"{name}.mean"], changed[f"{name}.variance"] = new
                x = ops.batch_norm(x, weight("scale"), weight("shift"), layer.epsilon)
            case architectures.BatchNorm():
                scale, shift, mean, variance = map(weight, ("scale", "shift", "mean", "variance"))
                x = ops.batch_norm_inference(x, scale, shift, mean, variance, layer.epsilon)
            case architectures.LeakyReLU():
                x = ops.leaky_relu(x, layer.slope)
            case architectures.Tanh():
                x = ops.tanh(x)
            case architectures.Sigmoid():
                x = 2 * ops.sigmoid(x) - 1
            case architectures.Dropout() if training:
                if name not in masks:
                    raise ValueError(f"Dropout needs masks={{{name!r}: a boolean array {x.shape}}}.")
                x = ops.dropout(x, layer.rate, masks[name])
            case architectures.Dropout():
                pass
            case architectures.Octaves():
                x = ops.octaves(x, layer.count)
            case architectures.Reshape():
                x = x.reshape(len(x), *layer.shape)
            case architectures.Flatten():
                x = x.reshape(len(x), -1)
            case _:
                assert_never(layer)
    return x, changed
