"""Convolutions that are faster on a CPU than TensorFlow's own, and give the same numbers but for rounding.

A transposed convolution of stride 1 with many channels is faster by Fourier transforms; tests/test_fast.py compares it,
and both derivatives.
"""

import tensorflow as tf
from tensorflow import Tensor

from ganlib import fourier


def conv2d_transpose(
    x: Tensor, kernel: Tensor, shape: tuple[Tensor | int, ...], strides: tuple[int, int], padding: str
) -> Tensor:
    """As `tf.nn.conv2d_transpose`: x (n, height, width, channels), kernel (k, k, filters, channels)."""
    side, _, filters, channels = kernel.shape
    keeps_size = tuple(strides) == (1, 1) and padding == "SAME" and not tf.config.list_physical_devices("GPU")
    if keeps_size and fourier.faster(x.shape[0], x.shape[1], x.shape[2], channels, filters, side):
        return _transposed_by_fourier(x, kernel)
    return tf.nn.conv2d_transpose(x, kernel, shape, strides, padding)


def _transposed_by_fourier(x: Tensor, kernel: Tensor) -> Tensor:
    """The transposed convolution of stride 1 and "same" of (n, size, size, channels); see `ganlib.fourier`."""
    size, side, (filters, channels) = x.shape[1], kernel.shape[0], kernel.shape[2:]
    constants = fourier.matrices(size, side, (side - 1) // 2)
    of_images, of_kernels, back_real, back_imaginary = (tf.constant(matrix, x.dtype) for matrix in constants)
    frequencies = of_kernels.shape[1]
    images = tf.reshape(tf.transpose(x, (1, 2, 0, 3)), (size**2, -1))
    images = tf.reshape(tf.matmul(of_images, images), (frequencies, -1, channels))  # real and imaginary rows
    kernels = tf.matmul(tf.reshape(of_kernels, (-1, side**2)), tf.reshape(kernel, (side**2, -1)))
    real, imaginary = tf.unstack(tf.reshape(kernels, (2, frequencies, filters, channels)))
    y = tf.matmul(back_real, _side_by_side(images, real)) + tf.matmul(back_imaginary, _side_by_side(images, imaginary))
    return tf.transpose(tf.reshape(y, (size, size, -1, filters)), (2, 0, 1, 3))


def _side_by_side(images: Tensor, kernels: Tensor) -> Tensor:
    """Each frequency's product, as (2 · frequencies, n · filters)."""
    return tf.reshape(tf.matmul(images, kernels, transpose_b=True), (2 * images.shape[0], -1))
