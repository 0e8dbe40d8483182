"""The latent space of a trained generator, which runs in the page itself.

A dense layer is a convolution of a single pixel, so for the page every layer with a kernel becomes the same operation,
with batch normalisation folded into it. A kernel is sent as whole numbers of 16 bits with a scale for each output
channel: half of float32's bytes, and a finer rounding than float16's, which grows with the weight.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from ganlib import architectures, arguments
from ganlib.architectures import Conv, ConvTranspose, Dense, Layer, Shape
from ganlib.backends import backend
from ganlib.runtime.trainer import BaseTrainer
from ganlib.teaching.interactive.element import Interactive, draw_sheets, encode, interactive

MOST_WEIGHTS = 400_000  # in a page, which they make 1.1 MB larger
Operation = dict[str, Any]  # ready for JSON


def latent_explorer(trainer: BaseTrainer, latents: ArrayLike | None = None) -> Interactive:
    """A square of latents between four corners, and the images that a generator running in the page makes of them.

    The page holds the weights and computes every image itself, those of `Trainer.generate` in float32, within 1e-3.
    The way between the corners is an arc around the origin, which stays at the distance where latents lie (White 2016),
    or straight.

    Args:
        trainer: of a recipe for images of one or three channels, with at most 400,000 weights in its generator, of two
            bytes each: "dcgan-digits" takes 280 kB. A ValueError for a network of your own, or a run that broke down.
        latents: (4, recipe.latent), the corners at the start, row by row. None: drawn from N(0, I).
    """
    if not isinstance(trainer, BaseTrainer):
        raise TypeError(f"latent_explorer takes a Trainer, gl.Trainer(recipe), not {arguments.describe(trainer)}.")
    recipe = trainer.recipe
    if len(recipe.shape) != 3 or recipe.shape[2] not in (1, 3):
        made = f"This recipe makes samples of shape {recipe.shape}"
        raise ValueError(f"{made}, and the page draws images: it needs a shape (height, width, 1 or 3).")
    gl, model = backend(trainer.backend), trainer.generator if trainer.average is None else trainer.average
    if not isinstance(model, gl.Generator):
        raise ValueError(f"The page computes a recipe's generator, not a network of your own ({type(model).__name__}).")
    layers = architectures.generator_layers(recipe)
    count = sum(cost.parameters for cost in architectures.costs(layers, (recipe.latent,)))
    if count > MOST_WEIGHTS:
        most = f"too many for a page, which takes at most {MOST_WEIGHTS:,}"
        raise ValueError(f"The generator has {count:,} weights, {most}. Use a width smaller than {recipe.width}.")
    expected = f"the four corners, (4, {recipe.latent})"
    given = np.random.default_rng(0).standard_normal((4, recipe.latent)) if latents is None else latents
    corners = arguments.array("latents", given, expected).astype(float).round(6)
    if corners.shape != (4, recipe.latent):
        raise ValueError(f"latents has shape {corners.shape}; expected {expected}.")
    if not np.isfinite(corners).all():
        raise ValueError("The latents hold NaN or infinite values; expected finite numbers.")
    data = {
        "operations": operations(layers, gl.get_weights(model), recipe.latent),
        "corners": corners.tolist(),
        "shape": recipe.shape,
        "weights": f"{count:,}",
    }
    arcs, lines = between_corners(corners, straight=False), between_corners(corners, straight=True)
    title = f"Latent space of {recipe.name} after {trainer.steps_done} steps"
    alt = (
        f"{title}. Generated images of {recipe.shape[0]} × {recipe.shape[1]} pixels, five rows of five, on a square "
        "between four latents at its corners: on arcs around the origin, and on straight lines. In the middle the "
        f"norm of the latent is {np.linalg.norm(arcs[12]):.1f} on arcs and {np.linalg.norm(lines[12]):.1f} on straight "
        f"lines; latents lie at {np.sqrt(recipe.latent):.1f}."
    )
    sheets = {"On arcs around the origin": trainer.generate(arcs), "On straight lines": trainer.generate(lines)}
    return interactive("latent", "drawLatentExplorer", title, alt, lambda f: draw_sheets(f, sheets, 0.2), data)


def between(a: np.ndarray, b: np.ndarray, t: float, straight: bool) -> np.ndarray:
    """The place t from 0 to 1 on the way from a to b, as the page's script takes it; a test compares the two."""
    lengths = np.linalg.norm(a) * np.linalg.norm(b)
    angle = np.arccos(np.clip(a @ b / lengths, -1, 1)) if lengths else 0.0
    if straight or np.sin(angle) <= 1e-4:  # the two lie on one line through the origin
        return (1 - t) * a + t * b
    return (np.sin((1 - t) * angle) * a + np.sin(t * angle) * b) / np.sin(angle)


def between_corners(corners: np.ndarray, straight: bool) -> np.ndarray:
    """25 latents between four, row by row."""
    parts = np.linspace(0, 1, 5)
    above, below = ([between(a, b, t, straight) for t in parts] for a, b in (corners[:2], corners[2:]))
    return np.array([between(a, b, t, straight) for t in parts for a, b in zip(above, below, strict=True)])


def operations(layers: list[Layer], weights: Mapping[str, np.ndarray], latent: int) -> list[Operation]:
    """What takes latents (latent,) to samples in inference, from a generator's layers and weights, by neutral name."""
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
            case architectures.Tanh():
                result.append({"op": "tanh"})
            case architectures.Octaves():
                result.append({"op": "octaves", "count": layer.count})
            case _:
                raise ValueError(f"A page cannot compute {layer} here. Use a generator of ganlib's recipes for images.")
        if result and result[-1]["op"] in ("leaky_relu", "tanh", "octaves"):
            kernel = None
    return [_encoded(operation) if operation["op"] == "kernel" else operation for operation in result]


def _image(shape: Shape) -> tuple[int, int, int]:
    """The shape as (height, width, channels); a vector is one pixel."""
    return shape if len(shape) == 3 else (1, 1, *shape)  # type: ignore[return-value]


def _kernel(layer: Dense | Conv | ConvTranspose, own: dict[str, np.ndarray], before: Shape, after: Shape) -> Operation:
    kernel, transposed = own["kernel"], isinstance(layer, ConvTranspose)
    if isinstance(layer, Dense):
        layer, kernel = Conv(layer.units, 1, 1, "valid", layer.bias), kernel[None, None]
    large = after if transposed else before  # the border belongs to the larger of the two images
    border = [
        architectures.same_padding(pixels, layer.kernel, layer.stride)[0] if layer.padding == "same" else 0
        for pixels in large[:2]
    ]
    place = {"input": before, "output": after, "size": layer.kernel, "stride": layer.stride, "border": border}
    kernel = kernel if transposed else kernel.swapaxes(2, 3)  # (size, size, out, in)
    bias = own.get("bias", np.zeros(after[2]))
    return {"op": "kernel", "transposed": transposed, **place, "kernel": kernel, "bias": bias}


def _fold(operation: Operation, own: dict[str, np.ndarray], epsilon: float) -> None:
    """Puts the normalisation that follows into the kernel and the bias. The channels are innermost in between."""
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
