"""Convolutions that are faster on a CPU than PyTorch's own, and give the same numbers but for rounding.

Where another way is known to be faster than `torch.nn.functional`'s they go it, for square kernels: layers that read or
make one channel are a product over windows; wide layers that meet few windows one of matrices; a transposed convolution
of stride 1 with many channels one by Fourier transforms. tests/test_fast.py compares each, and both derivatives.
"""

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from ganlib import fourier

WIDE, FEW = 2**15, 16  # pairs of channels from which on, and windows up to which, a product of matrices is faster


def conv2d(x: Tensor, weight: Tensor, bias: Tensor | None, stride: int, padding: int) -> Tensor:
    """As `torch.nn.functional.conv2d`: x (n, channels, height, width), weight (filters, channels, k, k)."""
    if (
        x.device.type == "cpu" and x.shape[1] == weight.shape[1]
    ):  # where channels differ PyTorch says best what is wrong
        height, width = ((size + 2 * padding - weight.shape[2]) // stride + 1 for size in x.shape[2:])
        if x.shape[1] == 1:
            # PyTorch's own takes twice as long as the product over windows that it comes to (chapter 1).
            rows = F.unfold(x, weight.shape[2], padding=padding, stride=stride).transpose(1, 2) @ weight.flatten(1).T
            y = rows.unflatten(1, (height, width)).permute(0, 3, 1, 2)
            # Not a view: activations in place are slow on those.
            return y.clone() if bias is None else y + bias[:, None, None].to(y.dtype)
        if height * width <= FEW and wide(weight):
            rows = _Windows.apply(F.pad(x, (padding,) * 4).permute(0, 2, 3, 1), weight.shape[2], stride)
            rows = F.linear(rows, weight.permute(0, 2, 3, 1).flatten(1), bias)
            return rows.unflatten(0, (-1, height, width)).permute(0, 3, 1, 2)
    return F.conv2d(x, weight, bias, stride, padding)


def conv_transpose2d(
    x: Tensor, weight: Tensor, bias: Tensor | None, stride: int, padding: int, output_padding: int
) -> Tensor:
    """As `torch.nn.functional.conv_transpose2d`: x (n, channels, height, width), weight (channels, filters, k, k)."""
    y, kernel = None, weight.shape[2]
    if x.device.type == "cpu" and x.shape[1] == weight.shape[0]:
        full = [stride * (size - 1) + kernel for size in x.shape[2:]]
        keeps_size = stride == 1 and kernel == 2 * padding + 1
        if keeps_size and fourier.faster(len(x), *x.shape[2:], *weight.shape[:3]):
            y = _transposed_by_fourier(x, weight)
        elif weight.shape[1] == 1:
            size = tuple(side - 2 * padding + output_padding for side in full)
            y = F.fold(weight.flatten(1).T @ x.flatten(2), size, kernel, padding=padding, stride=stride)
        elif not output_padding and x.shape[2] * x.shape[3] <= FEW and wide(weight):
            rows = x.permute(0, 2, 3, 1).flatten(0, 2) @ weight.permute(0, 2, 3, 1).flatten(1)
            y = _Sum.apply(rows, (len(x), *full, weight.shape[1]), kernel, stride)
            y = y[:, padding : full[0] - padding, padding : full[1] - padding].contiguous().permute(0, 3, 1, 2)
    if y is None:
        return F.conv_transpose2d(x, weight, bias, stride, padding, output_padding)
    return y if bias is None else y + bias[:, None, None].to(y.dtype)


def wide(weight: Tensor) -> bool:
    """Whether so many channels meet that a product of matrices can be the faster way."""
    return weight.shape[0] * weight.shape[1] >= WIDE


def as_matrix(weight: Tensor) -> Tensor:
    """A wide weight in the order (out, height, width, in) in memory, in which it is a matrix as it lies."""
    return weight.contiguous(memory_format=torch.channels_last) if wide(weight) else weight


def _transposed_by_fourier(x: Tensor, weight: Tensor) -> Tensor:
    """The transposed convolution of stride 1 and "same" of (n, channels, size, size); see `ganlib.fourier`."""
    size, side, (channels, filters) = x.shape[2], weight.shape[2], weight.shape[:2]
    constants = fourier.matrices(size, side, (side - 1) // 2)
    of_images, of_kernels, back_real, back_imaginary = (torch.as_tensor(matrix, dtype=x.dtype) for matrix in constants)
    frequencies = of_kernels.shape[1]
    images = of_images @ x.permute(2, 3, 0, 1).reshape(size**2, -1)
    images = images.view(frequencies, -1, channels)  # real and imaginary rows
    kernels = of_kernels.flatten(0, 1) @ weight.permute(2, 3, 0, 1).reshape(side**2, -1)
    real, imaginary = kernels.view(2, frequencies, channels, filters)
    rows = 2 * frequencies
    y = back_real @ (images @ real).view(rows, -1) + back_imaginary @ (images @ imaginary).view(rows, -1)
    return y.view(size, size, -1, filters).permute(2, 3, 0, 1).contiguous(memory_format=torch.channels_last)


class _Windows(torch.autograd.Function):
    """(n, height, width, channels) to one row for each kernel × kernel window, (windows, kernel² · channels).

    A convolution is the product of these rows with its weights, as chapter 1 shows it. The transpose is `_Sum`.
    """

    @staticmethod
    def forward(ctx: Any, x: Tensor, kernel: int, stride: int) -> Tensor:
        ctx.shape, ctx.how = x.shape, (kernel, stride)
        x = x.contiguous()
        image, row, pixel, _ = x.stride()
        down, across = ((size - kernel) // stride + 1 for size in x.shape[1:3])
        # A row of a window lies in memory without a gap.
        size = len(x), down, across, kernel, kernel * x.shape[3]
        return x.as_strided(size, (image, stride * row, stride * pixel, row, 1)).reshape(-1, kernel * size[-1])

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> Any:
        return _Sum.apply(gradients[0], ctx.shape, *ctx.how), None, None


class _Sum(torch.autograd.Function):
    """Each window's row is added where the window was: the transpose of `_Windows`."""

    @staticmethod
    def forward(ctx: Any, rows: Tensor, shape: tuple[int, ...], kernel: int, stride: int) -> Tensor:
        ctx.how = kernel, stride
        n, height, width, channels = shape
        down, across = ((size - kernel) // stride + 1 for size in (height, width))
        image = rows.new_zeros(shape)
        if all(size % stride == 0 for size in (kernel, height, width)):  # stride × stride pixels at once: fewer sums
            side, pixels = kernel // stride, image.view(n, height // stride, stride, width // stride, -1)
            blocks = rows.reshape(n, down, across, side, stride, side, -1)
            for i in range(side):
                for j in range(side):
                    pixels[:, i : i + down, :, j : j + across] += blocks[:, :, :, i, :, j].transpose(2, 3)
            return image
        windows = rows.reshape(n, down, across, kernel, kernel, channels)
        for i in range(kernel):
            for j in range(kernel):
                image[:, i : i + stride * down : stride, j : j + stride * across : stride] += windows[:, :, :, i, j]
        return image

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> Any:
        return _Windows.apply(gradients[0], *ctx.how), None, None, None
