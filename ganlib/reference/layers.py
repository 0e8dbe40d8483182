"""The operations of a layer. Images have channels last.

At the end stand the checks of arrays that the losses, penalties and optimisers use too.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike

from ganlib import architectures, arguments

Array = np.ndarray
_MATRIX_LIMIT = 1 << 13  # values of an image whose matrix, half a gigabyte, is still written out


def dense(x: ArrayLike, kernel: ArrayLike, bias: ArrayLike | None = None) -> Array:
    """y = x W + b, from x (n, in) with W (in, units) to (n, units)."""
    x, kernel = array("x", x), array("kernel", kernel)
    if x.ndim != 2 or kernel.ndim != 2 or x.shape[1] != kernel.shape[0]:
        given = f"{x.shape} and {kernel.shape}"
        raise ValueError(f"dense takes x (n, in) and a kernel (in, units), not {given}. Flatten images first.")
    return _biased(x @ kernel, bias)


def conv2d(
    x: ArrayLike, kernel: ArrayLike, bias: ArrayLike | None = None,
    stride: int = 1, padding: str | int = "same", dilation: int = 1,
) -> Array:  # fmt: skip
    """Convolution, as deep learning uses the word: the kernel is not flipped.

        y[n, a, b, o] = Σ_ijc X[n, s·a + d·i, s·b + d·j, c] · K[i, j, c, o] + bias[o]

    with stride s, dilation d, and X the input with a border of zeros (Dumoulin & Visin 2016, chapters 2 and 5).

    Args:
        x, kernel, bias: (n, height, width, in); (kh, kw, in, out); (out,) or None.
        stride, dilation: the pixels of x from one value of y, and from one entry of the kernel, to the next.
        padding: the width P of the border on each side; "same" gives ceil(size / stride), the odd pixel of border
            last; "valid" is 0. The size is `ganlib.architectures.conv_size`.
    """
    x, kernel = _image_and_kernel(x, kernel, "kh, kw, in, out")
    sides = list(zip(x.shape[1:3], kernel.shape[:2], strict=True))
    height, width = (architectures.conv_size(n, k, stride, padding, dilation) for n, k in sides)
    rows, columns = (_border(n, k, stride, padding, dilation) for n, k in sides)
    padded = np.pad(x, ((0, 0), rows, columns, (0, 0)))
    y = np.zeros((len(x), height, width, kernel.shape[3]))
    for i, j in np.ndindex(kernel.shape[:2]):
        under = padded[:, dilation * i :: stride, dilation * j :: stride][:, :height, :width]
        y += under @ kernel[i, j]
    return _biased(y, bias)


def conv_transpose2d(
    x: ArrayLike, kernel: ArrayLike, bias: ArrayLike | None = None,
    stride: int = 1, padding: str | int = "same", output_padding: int = 0, dilation: int = 1,
) -> Array:  # fmt: skip
    """Transposed convolution ("deconvolution"): each pixel of x adds a copy of the kernel to the result.

        Y[n, s·a + d·i, s·b + d·j, o] += x[n, a, b, c] · K[i, j, o, c]    for all a, b, i, j, c

    and y is Y without its border, plus bias[o]. It is the transpose of `conv2d` with the same kernel: that
    multiplies by a matrix C, this by Cᵀ (Dumoulin & Visin 2016, chapter 4; see `conv_matrix`).

    Args:
        x, kernel, bias: (n, height, width, in); (kh, kw, out, in); (out,) or None.
        stride, dilation: the pixels of y from one copy of the kernel, and from one entry of a copy, to the next.
        padding: the width P of the border on each side, which is cropped; "same" gives size · stride, the odd pixel
            cropped last; "valid" is 0. The size is `ganlib.architectures.conv_transpose_size`.
        output_padding: how many pixels less, from 0 to stride - 1, are cropped at the bottom and on the right. Where
            that is more than there were to crop, y ends with zeros.
    """
    x, kernel = _image_and_kernel(x, kernel, "kh, kw, out, in")
    (n, height, width, _), (kh, kw, out, _) = x.shape, kernel.shape
    sides = ((height, kh), (width, kw))
    tall, wide = (architectures.conv_transpose_size(m, k, stride, padding, output_padding, dilation) for m, k in sides)
    top, left = (_border(m, k, stride, padding, dilation)[0] for m, k in ((tall, kh), (wide, kw)))
    full_height, full_width = (stride * (m - 1) + dilation * (k - 1) + 1 for m, k in sides)
    full = np.zeros((n, max(full_height, top + tall), max(full_width, left + wide), out))
    for i, j in np.ndindex(kh, kw):
        copies = full[:, dilation * i :: stride, dilation * j :: stride][:, :height, :width]
        copies += x @ kernel[i, j].T  # a view: this adds to `full`
    return _biased(full[:, top : top + tall, left : left + wide], bias)


def conv_matrix(
    kernel: ArrayLike, input_shape: architectures.Shape, stride: int = 1, padding: str | int = "same", dilation: int = 1
) -> Array:
    """The matrix C of a `conv2d` of small images: conv2d(x)[0].ravel() == C @ x[0].ravel() for x (1, *input_shape).

    C.T is the matrix of `conv_transpose2d` with the same kernel.
    """
    input_shape = architectures.checked_shape("input_shape", input_shape)
    if len(input_shape) != 3:
        raise ValueError(f"input_shape must be (height, width, channels), not {input_shape}.")
    if (inputs := math.prod(input_shape)) > _MATRIX_LIMIT:
        many = f"An image of {' × '.join(map(str, input_shape))} has {inputs} values, and the matrix a column for each"
        raise ValueError(f"{many}. Use a smaller input_shape, of at most {_MATRIX_LIMIT} values.")
    units = np.eye(inputs).reshape(inputs, *input_shape)  # every image with a single 1
    return conv2d(units, kernel, None, stride, padding, dilation).reshape(inputs, -1).T


def upsample(x: ArrayLike, factor: int = 2) -> Array:
    """Nearest-neighbour resizing of images by the factor f: y[n, f·a + i, f·b + j, c] = x[n, a, b, c], i, j < f."""
    x, factor = _images(x), arguments.whole("factor", factor, 1)
    return x.repeat(factor, axis=1).repeat(factor, axis=2)


def average_pool(x: ArrayLike, size: int = 2) -> Array:
    """Each block of size × size pixels of the images becomes one, their mean; what is left over is dropped."""
    x, size = _images(x), arguments.whole("size", size, 1)
    height, width = (side // size for side in x.shape[1:3])
    if not height or not width:
        raise ValueError(f"x must have at least {size} pixels a side, not {x.shape}.")
    blocks = x[:, : size * height, : size * width].reshape(len(x), height, size, width, size, -1)
    return blocks.mean(axis=(2, 4))


def depth_to_space(x: ArrayLike, block: int = 2) -> Array:
    """y[n, r·a + i, r·b + j, o] = x[n, a, b, (r·i + j)·C + o], i, j from 0 to r - 1 (Shi et al. 2016, equation 4).

    From (n, height, width, r² · C) to (n, r · height, r · width, C), r the block; see `ganlib.layers.DepthToSpace`.
    """
    x, block = _images(x), arguments.whole("block", block, 1)
    n, height, width, channels = x.shape
    if channels % block**2:
        raise ValueError(f"x {x.shape} must have channels for blocks of {block} × {block}: a multiple of {block**2}.")
    blocks = x.reshape(n, height, width, block, block, channels // block**2)
    return blocks.transpose(0, 1, 3, 2, 4, 5).reshape(n, block * height, block * width, -1)


def _border(size: int, kernel: int, stride: int, padding: str | int, dilation: int) -> tuple[int, int]:
    if padding == "same":
        return architectures.same_padding(size, dilation * (kernel - 1) + 1, stride)
    return (0, 0) if padding == "valid" else (int(padding), int(padding))


def _biased(y: Array, bias: ArrayLike | None) -> Array:
    return y if bias is None else y + vector("bias", bias, y.shape[-1])


def _images(x: ArrayLike) -> Array:
    x = array("x", x)
    if x.ndim != 4:
        raise ValueError(f"x must be (n, height, width, channels), not {x.shape}. Use x[None] for one image.")
    return x


def _image_and_kernel(x: ArrayLike, kernel: ArrayLike, axes: str) -> tuple[Array, Array]:
    x, kernel = _images(x), array("kernel", kernel)
    if kernel.ndim != 4 or not kernel.size:
        raise ValueError(f"The kernel must be ({axes}), not {kernel.shape}.")
    if x.shape[-1] != kernel.shape[axes.split(", ").index("in")]:
        expected = f"(n, height, width, in) and ({axes})"
        raise ValueError(f"The channels of x {x.shape} and of the kernel {kernel.shape} differ; expected {expected}.")
    return x, kernel


def batch_norm(x: ArrayLike, scale: ArrayLike, shift: ArrayLike, epsilon: float) -> Array:
    """y = scale · (x - μ) / √(σ² + ε) + shift, for each channel of the batch (Ioffe & Szegedy 2015, algorithm 1)."""
    x, axes = _batch(x)
    return batch_norm_inference(x, scale, shift, x.mean(axes), x.var(axes), epsilon)


def batch_norm_inference(
    x: ArrayLike, scale: ArrayLike, shift: ArrayLike, mean: ArrayLike, variance: ArrayLike, epsilon: float
) -> Array:
    """The same with moving statistics in place of the batch's (Ioffe & Szegedy 2015, algorithm 2)."""
    x, _ = _batch(x)
    epsilon, channels = arguments.real("epsilon", epsilon, 0), x.shape[-1]
    scale, shift = vector("scale", scale, channels), vector("shift", shift, channels)
    mean, variance = vector("mean", mean, channels), vector("variance", variance, channels)
    return scale * (x - mean) / np.sqrt(variance + epsilon) + shift


def moving_statistics(x: ArrayLike, mean: ArrayLike, variance: ArrayLike, momentum: float) -> tuple[Array, Array]:
    """The moving mean and variance after the batch x; momentum is the weight of the old.

        mean ← momentum · mean + (1 - momentum) · μ
        variance ← momentum · variance + (1 - momentum) · σ² · n / (n - 1)

    where n counts the values of a channel: n / (n - 1) makes σ² unbiased (Ioffe & Szegedy 2015, algorithm 2).
    """
    (x, axes), momentum = _batch(x), arguments.real("momentum", momentum, 0, 1)
    n = x[..., 0].size
    if n < 2:
        raise ValueError(f"The unbiased variance needs two values a channel: give a larger batch than x {x.shape}.")
    mean, variance = vector("mean", mean, x.shape[-1]), vector("variance", variance, x.shape[-1])
    unbiased, new = x.var(axes) * n / (n - 1), 1 - momentum
    return momentum * mean + new * x.mean(axes), momentum * variance + new * unbiased


def spectral_norm(kernel: ArrayLike, u: ArrayLike, training: bool = True) -> tuple[float, Array]:
    """The largest singular value σ of a kernel, by one power iteration (Miyato et al. 2018, algorithm 1).

        v = W u / ‖W u‖,  u ← Wᵀ v / ‖Wᵀ v‖,  σ = vᵀ W u

    where W is the kernel as a matrix, (all other axes, out). The layer then uses kernel / σ. Returns σ and
    u (out,), from which the next iteration starts; out of training u stays as it is.
    """
    w = array("kernel", kernel)
    if w.ndim < 2 or not w.size:
        raise ValueError(f"kernel must be (…, in, out), each at least 1, not {w.shape}.")
    w = w.reshape(-1, w.shape[-1])
    u = vector("u", u, w.shape[1])
    v = _unit(w @ u)
    if training:
        u = _unit(w.T @ v)
    return float(v @ w @ u), u


def _batch(x: ArrayLike) -> tuple[Array, tuple[int, ...]]:
    """x, and the axes of its statistics."""
    x = array("x", x)
    if x.ndim < 2 or not x.size:
        raise ValueError(f"x must be (n, …, channels), each at least 1, not {x.shape}.")
    return x, tuple(range(x.ndim - 1))


def _unit(vector: Array) -> Array:
    length = np.linalg.norm(vector)
    if length == 0:
        raise ValueError("Spectral normalisation divides by zero: make its kernel and u random at the start.")
    return vector / length


def leaky_relu(x: ArrayLike, slope: float) -> Array:
    """x where x > 0, slope · x elsewhere (Maas et al. 2013); slope 0 is ReLU."""
    x, slope = array("x", x), arguments.real("slope", slope)
    return np.where(x > 0, x, slope * x)


def tanh(x: ArrayLike) -> Array:
    """(eˣ - e⁻ˣ) / (eˣ + e⁻ˣ)."""
    return np.tanh(array("x", x))


def softplus(x: ArrayLike) -> Array:
    """log(1 + eˣ), which never overflows here: -log(1 - sigmoid(x)), and softplus(-x) is -log(sigmoid(x))."""
    return np.logaddexp(0.0, array("x", x))


def sigmoid(x: ArrayLike) -> Array:
    """1 / (1 + e⁻ˣ), the derivative of softplus."""
    return np.exp(-softplus(-array("x", x)))


def octaves(x: ArrayLike, count: int) -> Array:
    """(x, sin x, cos x, sin 2x, cos 2x, sin 4x, …), `count` octaves, along the last axis (Tancik et al. 2020)."""
    x, count = arguments.array("x", x), arguments.whole("count", count, 1)
    waves = [wave(2.0**k * x) for k in range(count) for wave in (np.sin, np.cos)]
    return np.concatenate([x, *waves], axis=-1)


def one_hot(labels: ArrayLike, classes: int) -> Array:
    """Labels (n,) as rows (n, classes) with a 1 at the label's place; the label -1, unknown, as a row of zeros."""
    given, classes = arguments.array("labels", labels), arguments.whole("classes", classes, 1)
    within = not given.size or -1 <= given.min() <= given.max() < classes
    if given.ndim != 1 or given.dtype.kind not in "iu" or not within:
        wanted = f"whole numbers (n,) from 0 to {classes - 1}, or -1 for an unknown one"
        raise ValueError(f"labels must be {wanted}, not {arguments.describe(labels)}.")
    return np.eye(classes + 1, classes)[given]  # -1 is the last row, which is zero


def side_by_side(x: ArrayLike, y: ArrayLike) -> Array:
    """x (n, …, c) and y (n, …, d), or (n, d) put into each pixel, with their channels side by side: (n, …, c + d)."""
    x, y = array("x", x), array("y", y)
    if y.ndim == 2 and x.ndim == 4:
        y = np.broadcast_to(y[:, None, None], (*x.shape[:3], y.shape[1])) if len(x) == len(y) else y
    if x.shape[:-1] != y.shape[:-1]:
        raise ValueError(f"x {x.shape} and y {y.shape} must differ in their channels alone.")
    return np.concatenate([x, y], axis=-1)


def dropout(x: ArrayLike, rate: float, kept: ArrayLike) -> Array:
    """x / (1 - rate), which keeps the mean, where the mask `kept` is true, 0 elsewhere (Srivastava et al. 2014)."""
    x, mask = array("x", x), np.asarray(kept)
    if mask.shape != x.shape or mask.dtype != np.bool_:
        raise ValueError(f"kept must be boolean of shape {x.shape}, not {mask.dtype} of shape {mask.shape}.")
    if arguments.real("rate", rate, 0, 1) == 1:
        raise ValueError(f"rate must be below 1, not {rate}: nothing would be left.")
    return np.where(mask, x / (1 - rate), 0.0)


def array(name: str, values: ArrayLike) -> Array:
    """The values as float64."""
    return arguments.array(name, values).astype(np.float64, copy=False)


def vector(name: str, values: ArrayLike, length: int) -> Array:
    """The values as a vector of this length."""
    result = array(name, values)
    if result.shape != (length,):
        raise ValueError(f"{name} must have shape ({length},), not {result.shape}.")
    return result


def one_shape(**arrays: ArrayLike) -> list[Array]:
    """The arguments as arrays of one and the same shape."""
    converted = [array(name, values) for name, values in arrays.items()]
    if len({a.shape for a in converted}) > 1:
        given = ", ".join(f"{name} {a.shape}" for name, a in zip(arrays, converted, strict=True))
        raise ValueError(f"These must have one shape: {given}.")
    return converted
