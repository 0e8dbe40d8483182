"""A generator as numbers that a page can compute with: `latent.js` runs them.

A dense layer is a convolution of a single pixel, and a convolution and its transpose meet the same pairs of pixels. So
every layer with a kernel becomes the same operation, with batch normalisation folded into its kernel and bias. A kernel
is sent as whole numbers of 16 bits with a scale for each output channel. That takes half of float32's bytes, and its
rounding is finer than float16's, which grows with the weight.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from ganlib import architectures
from ganlib.architectures import Conv, ConvTranspose, Dense, Layer, Shape
from ganlib.teaching.interactive.element import encode

Operation = dict[str, Any]  # ready for JSON


def operations(layers: list[Layer], weights: Mapping[str, np.ndarray], latent: int) -> list[Operation]:
    """What takes latents (latent,) to samples in inference, one operation after the other.

    Args:
        layers: a generator's, as `ganlib.architectures.generator_layers` gives them.
        weights: by neutral name, in the layouts of `ganlib.initialise.initial_weights`.
        latent: how many numbers a latent has.

    Raises:
        ValueError: a layer that has no operation; NaN or infinite weights.
    """
    for name, weight in weights.items():
        if not np.isfinite(weight).all():
            raise ValueError(f"{name} holds NaN or infinite values: this training broke down. Use a run that did not.")
    result: list[Operation] = []
    kernel: Operation | None = None  # the last operation with a kernel, where normalisation can still go into it
    shapes = [(latent,), *architectures.shapes(layers, (latent,))]
    for name, layer, before, after in zip(architectures.names(layers), layers, shapes, shapes[1:], strict=False):
        own = {
            key.partition(".")[2]: value.astype(float) for key, value in weights.items() if key.startswith(f"{name}.")
        }
        match layer:
            case Dense(spectral=False) | Conv(spectral=False) | ConvTranspose():
                kernel = _kernel(layer, own, _image(before), _image(after))
                result.append(kernel)
            case architectures.BatchNorm() if kernel:
                _fold(kernel, own, layer.epsilon)
            case architectures.Reshape() | architectures.Flatten():
                pass  # channels run fastest before and after, so the numbers stay where they are
            case architectures.DepthToSpace():
                result.append({"op": "depth_to_space", "output": _image(after), "factor": layer.block})
            case architectures.Upsample():
                result.append({"op": "upsample", "output": _image(after), "factor": layer.factor})
            case architectures.LeakyReLU():
                result.append({"op": "leaky_relu", "slope": layer.slope})
                kernel = None
            case architectures.Tanh():
                result.append({"op": "tanh"})
                kernel = None
            case architectures.Octaves():
                result.append({"op": "octaves", "count": layer.count})
                kernel = None
            case _:
                raise ValueError(f"A page cannot compute {layer} here. Use a generator of ganlib's recipes for images.")
    return [_encoded(operation) if operation["op"] == "kernel" else operation for operation in result]


def _image(shape: Shape) -> tuple[int, int, int]:
    """The shape as (height, width, channels); a vector is one pixel."""
    return shape if len(shape) == 3 else (1, 1, *shape)  # type: ignore[return-value]


def _kernel(layer: Dense | Conv | ConvTranspose, own: dict[str, np.ndarray], before: Shape, after: Shape) -> Operation:
    kernel, size, stride, border = own["kernel"], 1, 1, [0, 0]
    if isinstance(layer, Dense):
        kernel = kernel[None, None]
    else:
        size, stride = layer.kernel, layer.stride
        if layer.padding == "same":
            # The border belongs to the larger of the two images.
            large = after if isinstance(layer, ConvTranspose) else before
            border = [architectures.same_padding(pixels, size, stride)[0] for pixels in large[:2]]
    transposed = isinstance(layer, ConvTranspose)
    return {
        "op": "kernel",
        "transposed": transposed,
        "input": before,
        "output": after,
        "size": size,
        "stride": stride,
        "border": border,
        "kernel": kernel if transposed else kernel.swapaxes(2, 3),  # (size, size, out, in)
        "bias": own.get("bias", np.zeros(after[2])),
    }


def _fold(operation: Operation, own: dict[str, np.ndarray], epsilon: float) -> None:
    """Puts the normalisation that follows into the kernel and the bias.

    What may stand between the two, reshaping and depth-to-space, leaves the channels innermost.
    """
    factor = own["scale"] / np.sqrt(own["variance"] + epsilon)
    repeats = len(operation["bias"]) // len(factor)
    factor, shift = np.tile(factor, repeats), np.tile(own["shift"] - factor * own["mean"], repeats)
    operation["kernel"] = operation["kernel"] * factor[:, None]
    operation["bias"] = operation["bias"] * factor + shift


def _encoded(operation: Operation) -> Operation:
    scale = np.abs(operation["kernel"]).max(axis=(0, 1, 3)) / 32767
    whole = np.rint(operation["kernel"] / np.where(scale > 0, scale, 1)[:, None])
    bias = encode(operation["bias"], "<f4")
    return operation | {"kernel": encode(whole, "<i2"), "scale": encode(scale, "<f4"), "bias": bias}
