"""Every operation, loss and penalty in plain NumPy: the equation, its source, and the code beside it.

Both frameworks are tested against this file. It is written to be read, not to be fast; results are float64.
Images are (n, height, width, channels). Σ runs over the indices beside it; E is the mean over the batch.

    >>> x = np.array([[1.0, 2.0], [3.0, 4.0]]).reshape(1, 2, 2, 1)
    >>> conv_transpose2d(x, np.ones((2, 2, 1, 1)), stride=2)[0, :, :, 0]
    array([[1., 1., 2., 2.],
           [1., 1., 2., 2.],
           [3., 3., 4., 4.],
           [3., 3., 4., 4.]])
    >>> round(losses.minimax.discriminator([0.0], [0.0]), 3)  # log 4, where D tells nothing apart
    1.386
"""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
from numpy.typing import ArrayLike

from ganlib import architectures, arguments
from ganlib.architectures import Layer, Shape
from ganlib.recipe import CONJUGATE

Array = np.ndarray
Weights = Mapping[str, Array]
Terms = tuple[float, Array, Array]
_MATRIX_LIMIT = 1 << 13  # values of an image whose matrix, half a gigabyte, is still written out

# Dense layers and convolutions.


def dense(x: ArrayLike, kernel: ArrayLike, bias: ArrayLike | None = None) -> Array:
    """y = x W + b, from x (n, in) with W (in, units) to (n, units)."""
    x, kernel = _array("x", x), _array("kernel", kernel)
    if x.ndim != 2 or kernel.ndim != 2 or x.shape[1] != kernel.shape[0]:
        raise ValueError(
            f"dense takes x (n, in) and a kernel (in, units), not {x.shape} and {kernel.shape}. "
            "Flatten images first; the kernel has one row for each input."
        )
    return x @ kernel + _bias(bias, kernel.shape[1])


def conv2d(
    x: ArrayLike,
    kernel: ArrayLike,
    bias: ArrayLike | None = None,
    stride: int = 1,
    padding: str | int = "same",
    dilation: int = 1,
) -> Array:
    """Convolution, as deep learning uses the word: the kernel is not flipped.

        y[n, a, b, o] = Σ_ijc X[n, s·a + d·i, s·b + d·j, c] · K[i, j, c, o] + bias[o]

    with stride s, dilation d, and X the input with a border of zeros (Dumoulin & Visin 2016, chapters 2 and 5).

    Args:
        x: (n, height, width, in).
        kernel: (kh, kw, in, out).
        bias: (out,), or None.
        stride: the pixels of x from one value of y to the next.
        padding: the width P of the border on each side; "same" gives ceil(size / stride), the odd pixel of border
            last; "valid" is 0. The size is `ganlib.architectures.conv_size`.
        dilation: the pixels of x from one entry of the kernel to the next.
    """
    x, kernel = _image_and_kernel(x, kernel, ("kh", "kw", "in", "out"), stride, dilation)
    kh, kw, _, out = kernel.shape
    height = architectures.conv_size(x.shape[1], kh, stride, padding, dilation)
    width = architectures.conv_size(x.shape[2], kw, stride, padding, dilation)
    rows = _border(x.shape[1], kh, stride, padding, dilation)
    columns = _border(x.shape[2], kw, stride, padding, dilation)
    padded = np.pad(x, ((0, 0), rows, columns, (0, 0)))
    y = np.zeros((len(x), height, width, out))
    for i in range(kh):
        for j in range(kw):
            y += _under(padded, dilation * i, dilation * j, stride, height, width) @ kernel[i, j]
    return y + _bias(bias, out)


def conv_transpose2d(
    x: ArrayLike,
    kernel: ArrayLike,
    bias: ArrayLike | None = None,
    stride: int = 1,
    padding: str | int = "same",
    output_padding: int = 0,
    dilation: int = 1,
) -> Array:
    """Transposed convolution ("deconvolution"): each pixel of x adds a copy of the kernel to the result.

        Y[n, s·a + d·i, s·b + d·j, o] += x[n, a, b, c] · K[i, j, o, c]    for all a, b, i, j, c

    and y is Y without its border, plus bias[o]. It is the transpose of `conv2d` with the same kernel: that
    multiplies by a matrix C, this by Cᵀ (Dumoulin & Visin 2016, chapter 4; see `conv_matrix`).

    Args:
        x: (n, height, width, in).
        kernel: (kh, kw, out, in), the kernel of a convolution from `out` channels to `in`.
        bias: (out,), or None.
        stride: the pixels of y from one copy of the kernel to the next.
        padding: the width P of the border on each side, which is cropped; "same" gives size · stride, the odd pixel
            cropped last; "valid" is 0. The size is `ganlib.architectures.conv_transpose_size`.
        output_padding: how many pixels less, from 0 to stride - 1, are cropped at the bottom and on the right. Where
            that is more than there were to crop, y ends with zeros.
        dilation: the pixels of y from one entry of a copy to the next.
    """
    x, kernel = _image_and_kernel(x, kernel, ("kh", "kw", "out", "in"), stride, dilation)
    arguments.whole("output_padding", output_padding, 0)
    (n, height, width, _), (kh, kw, out, _) = x.shape, kernel.shape
    tall = architectures.conv_transpose_size(height, kh, stride, padding, output_padding, dilation)
    wide = architectures.conv_transpose_size(width, kw, stride, padding, output_padding, dilation)
    top, left = _border(tall, kh, stride, padding, dilation)[0], _border(wide, kw, stride, padding, dilation)[0]
    full_height, full_width = (stride * (m - 1) + dilation * (k - 1) + 1 for m, k in ((height, kh), (width, kw)))
    full = np.zeros((n, max(full_height, top + tall), max(full_width, left + wide), out))
    for i in range(kh):
        for j in range(kw):
            view = _under(full, dilation * i, dilation * j, stride, height, width)  # adding to it adds to `full`
            view += x @ kernel[i, j].T
    return full[:, top : top + tall, left : left + wide] + _bias(bias, out)


def conv_matrix(
    kernel: ArrayLike, input_shape: Shape, stride: int = 1, padding: str | int = "same", dilation: int = 1
) -> Array:
    """The matrix C of a convolution: conv2d(x)[0].ravel() == C @ x[0].ravel() for x (1, *input_shape).

    C.T is the matrix of `conv_transpose2d` with the same kernel. C has a row for each value of the result and
    a column for each of the input, so this is for small images. Arguments as in `conv2d`.
    """
    input_shape = architectures.checked_shape("input_shape", input_shape)
    if len(input_shape) != 3:
        raise ValueError(f"input_shape must be (height, width, channels), not {input_shape}.")
    inputs = math.prod(input_shape)
    if inputs > _MATRIX_LIMIT:
        raise ValueError(
            f"An image of {' × '.join(map(str, input_shape))} has {inputs} values, and the matrix a column for each. "
            f"Use a smaller input_shape, of at most {_MATRIX_LIMIT} values."
        )
    units = np.eye(inputs).reshape(inputs, *input_shape)  # every image with a single 1
    return conv2d(units, kernel, None, stride, padding, dilation).reshape(inputs, -1).T


def upsample(x: ArrayLike, factor: int = 2) -> Array:
    """Nearest-neighbour resizing: y[n, f·a + i, f·b + j, c] = x[n, a, b, c] for all i, j from 0 to f - 1.

    From (n, height, width, channels) to (n, f · height, f · width, channels), f the factor.
    """
    x = _images(x)
    arguments.whole("factor", factor, 1)
    return x.repeat(factor, axis=1).repeat(factor, axis=2)


def average_pool(x: ArrayLike, size: int = 2) -> Array:
    """Each block of size × size pixels becomes one, their mean; what is left over at the end is dropped.

    y[n, a, b, c] = 1 / size² · Σ_ij x[n, size·a + i, size·b + j, c]. x is (n, height, width, channels).
    """
    size, x = arguments.whole("size", size, 1), _images(x)
    height, width = (side // size for side in x.shape[1:3])
    if not height or not width:
        raise ValueError(f"x must have at least {size} pixels a side, not {x.shape}.")
    blocks = x[:, : size * height, : size * width].reshape(len(x), height, size, width, size, -1)
    return blocks.mean(axis=(2, 4))


def depth_to_space(x: ArrayLike, block: int = 2) -> Array:
    """y[n, r·a + i, r·b + j, o] = x[n, a, b, (r·i + j)·C + o], i, j from 0 to r - 1 (Shi et al. 2016, equation 4).

    From (n, height, width, r² · C) to (n, r · height, r · width, C), r the block. The order of the channels is that of
    `tf.nn.depth_to_space`; in PyTorch's `pixel_shuffle` it is x[…, r²·o + r·i + j].
    """
    x = _images(x)
    arguments.whole("block", block, 1)
    n, height, width, channels = x.shape
    if channels % block**2:
        raise ValueError(
            f"x {x.shape} has {channels} channels, and blocks of {block} × {block} need a multiple of {block**2}."
        )
    blocks = x.reshape(n, height, width, block, block, channels // block**2)
    return blocks.transpose(0, 1, 3, 2, 4, 5).reshape(n, block * height, block * width, -1)


def _under(padded: Array, i: int, j: int, stride: int, height: int, width: int) -> Array:
    """The pixels under the kernel's element (i, j), one for each of the kernel's height × width places."""
    return padded[:, i::stride, j::stride][:, :height, :width]


def _border(size: int, kernel: int, stride: int, padding: str | int, dilation: int) -> tuple[int, int]:
    if padding == "same":
        return architectures.same_padding(size, dilation * (kernel - 1) + 1, stride)
    return (0, 0) if padding == "valid" else (int(padding), int(padding))


# Normalisation.


def batch_norm(x: ArrayLike, scale: ArrayLike, shift: ArrayLike, epsilon: float) -> Array:
    """y = scale · (x - μ) / √(σ² + ε) + shift, with the batch's μ and σ² (Ioffe & Szegedy 2015, algorithm 1).

    They are each channel's mean, and mean squared distance from it, over all axes but the last.
    """
    return batch_norm_inference(x, scale, shift, *_statistics(_batch(x)), epsilon)


def batch_norm_inference(
    x: ArrayLike, scale: ArrayLike, shift: ArrayLike, mean: ArrayLike, variance: ArrayLike, epsilon: float
) -> Array:
    """The same with moving statistics in place of the batch's (Ioffe & Szegedy 2015, algorithm 2)."""
    x, epsilon = _batch(x), arguments.real("epsilon", epsilon, 0)
    scale, shift = _vector("scale", scale, x.shape[-1]), _vector("shift", shift, x.shape[-1])
    mean, variance = _vector("mean", mean, x.shape[-1]), _vector("variance", variance, x.shape[-1])
    return scale * (x - mean) / np.sqrt(variance + epsilon) + shift


def moving_statistics(x: ArrayLike, mean: ArrayLike, variance: ArrayLike, momentum: float) -> tuple[Array, Array]:
    """The moving mean and variance after the batch x; momentum is the weight of the old.

        mean ← momentum · mean + (1 - momentum) · μ
        variance ← momentum · variance + (1 - momentum) · σ² · n / (n - 1)

    where n counts the values of a channel: n / (n - 1) makes σ² unbiased (Ioffe & Szegedy 2015, algorithm 2).
    """
    x, momentum = _batch(x), arguments.real("momentum", momentum, 0, 1)
    n = x[..., 0].size
    if n < 2:
        raise ValueError(
            f"The unbiased variance needs two values a channel, not {n}: give a larger batch than x {x.shape}."
        )
    mean, variance = _vector("mean", mean, x.shape[-1]), _vector("variance", variance, x.shape[-1])
    mu, sigma2 = _statistics(x)
    return moving_average(mean, mu, momentum), moving_average(variance, sigma2 * n / (n - 1), momentum)


def spectral_norm(kernel: ArrayLike, u: ArrayLike, training: bool = True) -> tuple[float, Array]:
    """The largest singular value σ of a kernel, by one power iteration (Miyato et al. 2018, algorithm 1).

        v = W u / ‖W u‖,  u ← Wᵀ v / ‖Wᵀ v‖,  σ = vᵀ W u

    where W is the kernel as a matrix, (all other axes, out). The layer then uses kernel / σ. Returns σ and
    u (out,), from which the next iteration starts; out of training u stays as it is.
    """
    w = _array("kernel", kernel)
    if w.ndim < 2 or not w.size:
        raise ValueError(f"kernel must be (…, in, out), each at least 1, not {w.shape}.")
    w = w.reshape(-1, w.shape[-1])
    u = _vector("u", u, w.shape[1])
    v = _unit(w @ u)
    if training:
        u = _unit(w.T @ v)
    return float(v @ w @ u), u


def _batch(x: ArrayLike) -> Array:
    x = _array("x", x)
    if x.ndim < 2 or not x.size:
        raise ValueError(f"x must be (n, …, channels), each at least 1, not {x.shape}.")
    return x


def _statistics(x: Array) -> tuple[Array, Array]:
    axes = tuple(range(x.ndim - 1))
    return x.mean(axes), x.var(axes)


def _unit(vector: Array) -> Array:
    length = np.linalg.norm(vector)
    if length == 0:
        raise ValueError("Spectral normalisation divides by zero: make its kernel and u random at the start.")
    return vector / length


# Activations.


def leaky_relu(x: ArrayLike, slope: float) -> Array:
    """x where x > 0, slope · x elsewhere (Maas et al. 2013); slope 0 is ReLU."""
    x, slope = _array("x", x), arguments.real("slope", slope)
    return np.where(x > 0, x, slope * x)


def tanh(x: ArrayLike) -> Array:
    """(eˣ - e⁻ˣ) / (eˣ + e⁻ˣ)."""
    return np.tanh(_array("x", x))


def softplus(x: ArrayLike) -> Array:
    """log(1 + eˣ), which never overflows here: -log(1 - sigmoid(x)), and softplus(-x) is -log(sigmoid(x))."""
    return np.logaddexp(0.0, _array("x", x))


def sigmoid(x: ArrayLike) -> Array:
    """1 / (1 + e⁻ˣ), the derivative of softplus."""
    return np.exp(-softplus(-_array("x", x)))


def octaves(x: ArrayLike, count: int) -> Array:
    """(x, sin x, cos x, sin 2x, cos 2x, sin 4x, …), `count` octaves, along the last axis (Tancik et al. 2020)."""
    x, count = arguments.array("x", x), arguments.whole("count", count, 1)
    waves = [wave(2.0**k * x) for k in range(count) for wave in (np.sin, np.cos)]
    return np.concatenate([x, *waves], axis=-1)


def dropout(x: ArrayLike, rate: float, kept: ArrayLike) -> Array:
    """x / (1 - rate) where the boolean mask `kept` is true, 0 elsewhere (Srivastava et al. 2014).

    Dividing in training keeps the expected value, so that inference leaves x as it is.
    """
    x, mask = _array("x", x), np.asarray(kept)
    if mask.shape != x.shape or mask.dtype != np.bool_:
        raise ValueError(f"kept must be boolean of shape {x.shape}, not {mask.dtype} of shape {mask.shape}.")
    if arguments.real("rate", rate, 0, 1) == 1:
        raise ValueError(f"rate must be below 1, not {rate}: nothing would be left.")
    return np.where(mask, x / (1 - rate), 0.0)


# Whole networks.


def network(
    layers: list[Layer], weights: Weights, x: ArrayLike, training: bool = False, masks: Weights | None = None
) -> Array:
    """Runs x through layers of `ganlib.architectures`. It changes no weight: `network_update` does.

    Args:
        layers: as `generator_layers` and `discriminator_layers` return them.
        weights: arrays by name, such as "conv3.kernel": kernel and bias, laid out as above; scale, shift,
            mean and variance of batch normalisation; u of spectral normalisation.
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
    x, changed = _array("x", x), {}

    def weight(part: str) -> Array:
        if f"{name}.{part}" not in weights:
            given = ", ".join(map(str, weights)) or "none"
            raise ValueError(f"The weight {name}.{part} is missing. Given: {given}. Use gl.get_weights(model).")
        return _array(f"The weight {name}.{part}", weights[f"{name}.{part}"])

    for name, layer in zip(architectures.names(layers), layers, strict=True):
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
            case architectures.BatchNorm() if training:
                new = moving_statistics(x, weight("mean"), weight("variance"), layer.momentum)
                changed[f"{name}.mean"], changed[f"{name}.variance"] = new
                x = batch_norm(x, weight("scale"), weight("shift"), layer.epsilon)
            case architectures.BatchNorm():
                scale, shift, mean, variance = map(weight, ("scale", "shift", "mean", "variance"))
                x = batch_norm_inference(x, scale, shift, mean, variance, layer.epsilon)
            case architectures.LeakyReLU():
                x = leaky_relu(x, layer.slope)
            case architectures.Tanh():
                x = tanh(x)
            case architectures.Sigmoid():
                x = 2 * sigmoid(x) - 1
            case architectures.Dropout() if training:
                if name not in masks:
                    raise ValueError(f"Dropout needs masks={{{name!r}: a boolean array {x.shape}}}.")
                x = dropout(x, layer.rate, masks[name])
            case architectures.Octaves():
                x = octaves(x, layer.count)
            case architectures.Reshape():
                x = x.reshape(len(x), *layer.shape)
            case architectures.Flatten():
                x = x.reshape(len(x), -1)
    return x, changed


# Losses.


class Loss:
    """What the two players minimise, on logits r (real) and f (fake), each (n,), as means over the batch.

    D's loss is its real part plus its fake part, with no half. A gradient is a pair, the derivatives by r and
    by f; at the kinks of the hinge it is 0, as in both frameworks. `real_label` is t, the label of real
    samples, below 1 for one-sided label smoothing (Salimans et al. 2016, section 3.4).
    """

    smoothable = False  # has labels, so real_label may be below 1

    def discriminator(self, real_logits: ArrayLike, fake_logits: ArrayLike, real_label: float = 1.0) -> float:
        """D's loss."""
        return float(self._d(*self._logits(real_logits, fake_logits, real_label), real_label)[0])

    def generator(self, real_logits: ArrayLike, fake_logits: ArrayLike) -> float:
        """G's loss."""
        return float(self._g(*self._logits(real_logits, fake_logits))[0])

    def discriminator_gradient(
        self, real_logits: ArrayLike, fake_logits: ArrayLike, real_label: float = 1.0
    ) -> tuple[Array, Array]:
        """The derivatives of D's loss by the real and by the fake logits, (n,) each."""
        _, by_r, by_f = self._d(*self._logits(real_logits, fake_logits, real_label), real_label)
        return by_r / by_r.size, by_f / by_f.size

    def generator_gradient(self, real_logits: ArrayLike, fake_logits: ArrayLike) -> tuple[Array, Array]:
        """The derivatives of G's loss by the real and by the fake logits, (n,) each."""
        _, by_r, by_f = self._g(*self._logits(real_logits, fake_logits))
        return by_r / by_r.size, by_f / by_f.size

    def _logits(self, real: ArrayLike, fake: ArrayLike, real_label: float = 1.0) -> tuple[Array, Array]:
        r, f = _array("real_logits", real), _array("fake_logits", fake)
        for name, logits in (("real_logits", r), ("fake_logits", f)):
            if logits.ndim != 1 or logits.size == 0:
                raise ValueError(f"{name} must be (n,), not {logits.shape}. Of an (n, 1), take {name}[:, 0].")
        arguments.real("real_label", real_label)
        if not (0 <= real_label <= 1 if self.smoothable else real_label == 1):
            allowed = "from 0 to 1" if self.smoothable else "1, since this loss has no label to smooth"
            raise ValueError(f"real_label must be {allowed}, not {real_label}.")
        return r, f

    # A loss is these two: the value, and by each r and f the derivative before the mean's 1/n.
    def _d(self, r: Array, f: Array, t: float) -> Terms:
        raise NotImplementedError

    def _g(self, r: Array, f: Array) -> Terms:
        raise NotImplementedError


class Minimax(Loss):
    """The zero-sum game (Goodfellow et al. 2014, equation 1); p = sigmoid(logit) is the chance of "real".

    D: E[-t log p(r) - (1 - t) log(1 - p(r))] + E[-log(1 - p(f))];  G: E[log(1 - p(f))].
    """

    smoothable = True

    def _d(self, r: Array, f: Array, t: float) -> Terms:
        loss = np.mean(t * softplus(-r) + (1 - t) * softplus(r)) + np.mean(softplus(f))
        return loss, (1 - t) * sigmoid(r) - t * sigmoid(-r), sigmoid(f)

    def _g(self, r: Array, f: Array) -> Terms:
        return np.mean(-softplus(f)), np.zeros_like(r), -sigmoid(f)


class NonSaturating(Minimax):
    """D as in `Minimax`;  G: E[-log p(f)], steep where D rejects f (Goodfellow et al. 2014, section 3)."""

    def _g(self, r: Array, f: Array) -> Terms:
        return np.mean(softplus(-f)), np.zeros_like(r), -sigmoid(-f)


class LeastSquares(Loss):
    """D: E[(r - t)²] + E[f²];  G: E[(f - 1)²] (Mao et al. 2017, equation 9, without its factors ½)."""

    smoothable = True

    def _d(self, r: Array, f: Array, t: float) -> Terms:
        return np.mean((r - t) ** 2) + np.mean(f**2), 2 * (r - t), 2 * f

    def _g(self, r: Array, f: Array) -> Terms:
        return np.mean((f - 1) ** 2), np.zeros_like(r), 2 * (f - 1)


class Wasserstein(Loss):
    """D: E[f] - E[r];  G: -E[f] (Arjovsky et al. 2017, algorithm 1). Something must keep D Lipschitz."""

    def _d(self, r: Array, f: Array, t: float) -> Terms:
        return np.mean(f) - np.mean(r), -np.ones_like(r), np.ones_like(f)

    def _g(self, r: Array, f: Array) -> Terms:
        return -np.mean(f), np.zeros_like(r), -np.ones_like(f)


class Hinge(Wasserstein):
    """D: E[max(0, 1 - r)] + E[max(0, 1 + f)];  G: -E[f] (Lim & Ye 2017)."""

    def _d(self, r: Array, f: Array, t: float) -> Terms:
        loss = np.mean(np.maximum(0, 1 - r)) + np.mean(np.maximum(0, 1 + f))
        return loss, np.where(r < 1, -1.0, 0.0), np.where(f > -1, 1.0, 0.0)


class Relativistic(Loss):
    """D: E[softplus(-(r - f))];  G: E[softplus(-(f - r))], real and fake paired by position.

    RpGAN (Jolicoeur-Martineau 2019), also R3GAN's loss (Huang et al. 2024): D learns which of a pair is real.
    """

    def _d(self, r: Array, f: Array, t: float) -> Terms:
        d = _pairs(r, f)
        return np.mean(softplus(-d)), -sigmoid(-d), sigmoid(-d)

    def _g(self, r: Array, f: Array) -> Terms:
        d = _pairs(r, f)
        return np.mean(softplus(d)), sigmoid(d), -sigmoid(d)


def _pairs(r: Array, f: Array) -> Array:
    if r.size != f.size:
        raise ValueError(f"This loss pairs logits: give as many real as fake, not {r.size} and {f.size}.")
    return r - f


class losses:
    """The losses by name: `losses.hinge`, or `losses.get("hinge")`."""

    minimax = Minimax()
    nonsaturating = NonSaturating()
    least_squares = LeastSquares()
    wasserstein = Wasserstein()
    hinge = Hinge()
    relativistic = Relativistic()

    @classmethod
    def get(cls, name: str) -> Loss:
        """The loss of that name, or a ValueError that lists the names."""
        known = {key: value for key, value in vars(cls).items() if isinstance(value, Loss)}
        if not isinstance(name, str) or name not in known:
            raise ValueError(f"There is no loss {name!r}. The losses: {', '.join(known)}.")
        return known[name]


# Penalties.


class penalties:
    """Penalties on ∇ₓD(x), an array of x's shape (n, …): one norm a sample, never one over the whole batch.

    They carry no weight; the trainer multiplies R1 and R2 by γ/2, WGAN-GP by λ.
    """

    @staticmethod
    def r1(gradient: ArrayLike) -> float:
        """E‖∇ₓD(x)‖² at real x (Mescheder et al. 2018, equation 9, without its γ/2)."""
        return float(np.mean(_squared_norms(gradient)))

    @staticmethod
    def r2(gradient: ArrayLike) -> float:
        """E‖∇ₓD(x)‖² at fake x (Mescheder et al. 2018, section 4.1, without its γ/2)."""
        return float(np.mean(_squared_norms(gradient)))

    @staticmethod
    def wgan_gp(gradient: ArrayLike) -> float:
        """E(‖∇ₓD(x)‖ - 1)² at x from `interpolate` (Gulrajani et al. 2017, equation 3, without its λ)."""
        return float(np.mean((np.sqrt(_squared_norms(gradient)) - 1) ** 2))

    @staticmethod
    def interpolate(real: ArrayLike, fake: ArrayLike, mix: ArrayLike) -> Array:
        """mix · real + (1 - mix) · fake, with mix (n,) (Gulrajani et al. 2017, algorithm 1)."""
        real, fake = _one_shape(real=real, fake=fake)
        if real.ndim == 0 or not real.size:
            raise ValueError(f"real and fake must have one shape (n, …), each at least 1, not {real.shape}.")
        share = _vector("mix", mix, len(real)).reshape(-1, *[1] * (real.ndim - 1))
        return share * real + (1 - share) * fake


def _squared_norms(gradient: ArrayLike) -> Array:
    g = _array("gradient", gradient)
    if g.ndim < 2 or not g.size:
        raise ValueError(f"gradient must be ∇ₓD(x), (n, …) like x, not {g.shape}. Make (n,) to (n, 1).")
    return np.sum(g.reshape(len(g), -1) ** 2, axis=1)


# Optimisers.


def adam_step(
    weight: ArrayLike, gradient: ArrayLike, m: ArrayLike, v: ArrayLike, step: int,
    rate: float, beta1: float, beta2: float, epsilon: float, epsilon_placement: str,
) -> tuple[Array, Array, Array]:  # fmt: skip
    """One step of Adam (Kingma & Ba 2015, algorithm 1).

        m ← β₁ m + (1 - β₁) g,  v ← β₂ v + (1 - β₂) g²,  m̂ = m / (1 - β₁ᵗ),  v̂ = v / (1 - β₂ᵗ)
        w ← w - rate · m̂ / (√v̂ + ε)               ε "after" the bias correction: algorithm 1, PyTorch
        w ← w - rate · m̂ / (√v̂ + ε / √(1 - β₂ᵗ))  ε "before" it: the end of section 2, Keras

    Steps t count from 1; m and v start as zeros. Returns weight, m and v.
    """
    arguments.whole("step", step, 1)  # at 0 the bias correction would divide by 0
    for name, value in (("rate", rate), ("beta1", beta1), ("beta2", beta2), ("epsilon", epsilon)):
        arguments.real(name, value)
    if epsilon_placement not in ("before", "after"):
        raise ValueError(f"epsilon_placement must be 'before' or 'after', not {epsilon_placement!r}.")
    w, g, m, v = _one_shape(weight=weight, gradient=gradient, m=m, v=v)
    m = beta1 * m + (1 - beta1) * g
    v = beta2 * v + (1 - beta2) * g**2
    m_hat, v_hat = m / (1 - beta1**step), v / (1 - beta2**step)
    if epsilon_placement == "before":
        epsilon = epsilon / np.sqrt(1 - beta2**step)
    return w - rate * m_hat / (np.sqrt(v_hat) + epsilon), m, v


def sgd_step(
    weight: ArrayLike, gradient: ArrayLike, velocity: ArrayLike, rate: float, momentum: float
) -> tuple[Array, Array]:
    """v ← momentum · v + g, w ← w - rate · v (the heavy ball, Polyak 1964). Returns weight and velocity v."""
    w, g, v = _one_shape(weight=weight, gradient=gradient, velocity=velocity)
    v = arguments.real("momentum", momentum) * v + g
    return w - arguments.real("rate", rate) * v, v


def conjugate_beta(rule: str, gradient: ArrayLike, before: ArrayLike, direction: ArrayLike) -> float:
    """β of the conjugate direction d = -g + β d₀, from the gradients g and g₀ here and before, with y = g - g₀.

        fletcher_reeves   g·g / g₀·g₀     (1964)      hestenes_stiefel  g·y / d₀·y  (1952)
        polak_ribiere     g·y / g₀·g₀     (1969)      dai_yuan          g·g / d₀·y  (1999)
        hager_zhang       (y - 2 d₀ y·y / d₀·y)·g / d₀·y  (2005)
        fletcher_reeves_polak_ribiere, hestenes_stiefel_dai_yuan: the smaller of the two, and at least 0

    and 0 where a denominator is. On a quadratic with exact line searches all of them are the same number.

    >>> conjugate_beta("fletcher_reeves", [0.0, 1.0], before=[2.0, 0.0], direction=[-2.0, 0.0])
    0.25
    """
    arguments.one_of("rule", rule, CONJUGATE)
    g, before, d = _one_shape(gradient=gradient, before=before, direction=direction)
    y = g - before

    def ratio(above: float, below: float) -> float:
        return float(above / below) if below else 0.0

    formulas = {
        "fletcher_reeves": ratio(np.vdot(g, g), np.vdot(before, before)),
        "polak_ribiere": ratio(np.vdot(g, y), np.vdot(before, before)),
        "hestenes_stiefel": ratio(np.vdot(g, y), np.vdot(d, y)),
        "dai_yuan": ratio(np.vdot(g, g), np.vdot(d, y)),
        "hager_zhang": ratio(np.vdot(g, y - 2 * d * ratio(np.vdot(y, y), np.vdot(d, y))), np.vdot(d, y)),
    }
    for one, other in (("fletcher_reeves", "polak_ribiere"), ("hestenes_stiefel", "dai_yuan")):
        formulas[f"{one}_{other}"] = max(0.0, min(formulas[one], formulas[other]))
    return formulas[rule]


def conjugate_step(
    weight: ArrayLike, gradient: ArrayLike, before: ArrayLike, direction: ArrayLike,
    rate: float, rule: str, bound: float,
) -> tuple[Array, Array]:  # fmt: skip
    """d ← -g + β d with β from `conjugate_beta` held in [0, bound], w ← w + rate · d (Naganuma & Iiduka 2023).

    The gradient before and the direction start as zeros, so the first step is steepest descent. Returns weight and d.
    """
    w, g, before, d = _one_shape(weight=weight, gradient=gradient, before=before, direction=direction)
    beta = min(max(conjugate_beta(rule, g, before, d), 0.0), arguments.real("bound", bound, 0))
    d = beta * d - g
    return w + arguments.real("rate", rate) * d, d


def conjugate_gradient(
    matrix: ArrayLike, b: ArrayLike, start: ArrayLike | None = None, steps: int | None = None
) -> Array:
    """The conjugate gradient method on the quadratic ½ xᵀAx - bᵀx, A symmetric and positive definite: its path.

        α = r·r / d·Ad,  x ← x + αd,  r ← r - αAd,  d ← r + (r·r / the r·r before) d

    with the residual r = b - Ax, which is the negative gradient, and d = r at first (Hestenes & Stiefel 1952, Shewchuk
    1994). In exact arithmetic it ends at the minimum, A⁻¹b, after as many steps as A has different eigenvalues.

    Args:
        matrix: A, (n, n).
        b: (n,).
        start: the first x, (n,); None: zeros.
        steps: None: n.

    Returns:
        (steps + 1, n): x before the first step and after each. At the minimum it stays.

    Raises:
        ValueError: shapes that do not fit, A not symmetric, or a direction with d·Ad ≤ 0: A is not positive definite.

    >>> conjugate_gradient([[2.0, 0.0], [0.0, 8.0]], [2.0, 8.0])[-1]
    array([1., 1.])
    """
    a, b = _array("matrix", matrix), _array("b", b)
    if b.ndim != 1 or not len(b) or a.shape != (len(b), len(b)):
        raise ValueError(f"matrix must be (n, n) and b (n,), not {a.shape} and {b.shape}.")
    if not np.isfinite(a).all() or not np.isfinite(b).all():
        raise ValueError("matrix and b must hold finite numbers, and one holds NaN or infinity.")
    if not np.allclose(a, a.T):
        raise ValueError("matrix must be symmetric. For another one solve AᵀA x = Aᵀb.")
    path = [np.zeros_like(b) if start is None else _vector("start", start, len(b))]
    r = b - a @ path[0]
    d = r
    for _ in range(len(b) if steps is None else arguments.whole("steps", steps, 0)):
        squared, curvature = r @ r, d @ a @ d
        if squared == 0:
            path.append(path[-1])
            continue
        if curvature <= 0:
            raise ValueError(f"matrix must be positive definite: along a direction d it has d·Ad = {curvature:.3g}.")
        alpha = squared / curvature
        path.append(path[-1] + alpha * d)
        r = r - alpha * a @ d
        d = r + (r @ r) / squared * d
    return np.array(path)


def competitive_step(
    f_x: ArrayLike, g_y: ArrayLike, f_xy: ArrayLike, g_yx: ArrayLike, rate: float
) -> tuple[Array, Array]:
    """One step (Δx, Δy) of competitive gradient descent (Schäfer & Anandkumar 2019, algorithm 1), written out.

        Δx = -η (I - η² D_xy f D_yx g)⁻¹ (∇_x f - η D_xy f ∇_y g)
        Δy = -η (I - η² D_yx g D_xy f)⁻¹ (∇_y g - η D_yx g ∇_x f)

    for the game in which x descends f and y descends g. It is the equilibrium of the local game with losses
    Δx·∇_x f + Δx·D_xy f Δy + ‖Δx‖²/2η and Δy·∇_y g + Δy·D_yx g Δx + ‖Δy‖²/2η.

    Args:
        f_x, g_y: the gradients, (m,) and (n,).
        f_xy, g_yx: the mixed derivatives, (m, n) and (n, m); in a zero-sum game g_yx is -f_xyᵀ.
        rate: η.

    Raises:
        ValueError: shapes that do not fit, or a local game without a single equilibrium: at this η the matrix is
            singular, which a zero-sum game's never is.

    >>> competitive_step([2.0], [-4.0], [[1.0]], [[-1.0]], rate=1.0)      # f = xy = -g at x = 4, y = 2
    (array([-3.]), array([1.]))
    """
    f_x, g_y, f_xy, g_yx = _array("f_x", f_x), _array("g_y", g_y), _array("f_xy", f_xy), _array("g_yx", g_yx)
    m, n, eta = f_x.size, g_y.size, arguments.real("rate", rate)
    shapes = [array.shape for array in (f_x, g_y, f_xy, g_yx)]
    if shapes != [(m,), (n,), (m, n), (n, m)]:
        raise ValueError(f"f_x, g_y, f_xy and g_yx must be (m,), (n,), (m, n) and (n, m), not {shapes}.")
    try:
        x = np.linalg.solve(np.eye(m) - eta**2 * f_xy @ g_yx, f_x - eta * f_xy @ g_y)
        y = np.linalg.solve(np.eye(n) - eta**2 * g_yx @ f_xy, g_y - eta * g_yx @ f_x)
    except np.linalg.LinAlgError:
        raise ValueError(f"With rate={eta} the local game has no single equilibrium. Use another rate.") from None
    return -eta * x, -eta * y


def moving_average(old: ArrayLike, new: ArrayLike, decay: float) -> Array:
    """decay · old + (1 - decay) · new: the moving average of G's weights (Yazıcı et al. 2019)."""
    decay, (old, new) = arguments.real("decay", decay, 0, 1), _one_shape(old=old, new=new)
    return decay * old + (1 - decay) * new


# Checks.


def _array(name: str, values: ArrayLike) -> Array:
    return arguments.array(name, values).astype(np.float64, copy=False)


def _one_shape(**arrays: ArrayLike) -> list[Array]:
    """The arguments as arrays, which must not broadcast."""
    converted = [_array(name, values) for name, values in arrays.items()]
    if len({a.shape for a in converted}) > 1:
        given = ", ".join(f"{name} {a.shape}" for name, a in zip(arrays, converted, strict=True))
        raise ValueError(f"These must have one shape: {given}.")
    return converted


def _vector(name: str, values: ArrayLike, length: int) -> Array:
    vector = _array(name, values)
    if vector.shape != (length,):
        raise ValueError(f"{name} must have shape ({length},), not {vector.shape}.")
    return vector


def _bias(bias: ArrayLike | None, channels: int) -> Array | float:
    return 0.0 if bias is None else _vector("bias", bias, channels)


def _images(x: ArrayLike) -> Array:
    x = _array("x", x)
    if x.ndim != 4:
        raise ValueError(f"x must be (n, height, width, channels), not {x.shape}. Use x[None] for one image.")
    return x


def _image_and_kernel(
    x: ArrayLike, kernel: ArrayLike, axes: tuple[str, ...], stride: int, dilation: int
) -> tuple[Array, Array]:
    x, kernel = _images(x), _array("kernel", kernel)
    if kernel.ndim != 4 or not kernel.size:
        raise ValueError(f"The kernel must be ({', '.join(axes)}), not {kernel.shape}.")
    if x.shape[-1] != kernel.shape[axes.index("in")]:
        raise ValueError(
            f"The channels of x {x.shape} and of the kernel {kernel.shape} differ: {x.shape[-1]} and "
            f"{kernel.shape[axes.index('in')]}. Expected (n, height, width, in) and ({', '.join(axes)})."
        )
    arguments.whole("stride", stride, 1)
    arguments.whole("dilation", dilation, 1)
    return x, kernel
