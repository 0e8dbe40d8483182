"""Transposed convolutions of stride 1 as products of Fourier transforms, on a CPU: what both frameworks share of them.

A convolution of images is, frequency by frequency, a product of their transforms; with many channels these are all that
counts, and a kernel of 5 × 5 on 7 × 7 pixels needs an eighth of them so (Mathieu, Henaff and LeCun 2014). The images
are so small that a transform is best one product with a matrix, and its derivatives are then the framework's.
"""

import functools

import numpy as np


def faster(batch_size: int | None, height: int, width: int, channels: int, filters: int, kernel: int) -> bool:
    """Whether this way was the faster one on a CPU, in float32 and in bfloat16. A batch of unknown size is None."""
    return kernel >= 5 and height == width <= 8 and (batch_size or 0) >= 128 and channels * filters >= 2**15


@functools.cache
def matrices(size: int, kernel: int, before: int) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """The real matrices that take size × size pixels and kernel × kernel weights to their frequencies, and back.

    `before` is how many rows and columns are cut from the full result at its start, so the kernel's index a stands for
    a shift of a - before. The transform's length is the least at which what comes round the edge falls outside. Of the
    frequencies, m in number, one of each conjugate pair is left out.

    Returns of_images, (2m, size²), a frequency's real part above its imaginary part; of_kernels, (2, m, kernel²), all
    real parts and then all imaginary parts; and back_real and back_imaginary, (size², 2m), for the products of the
    images' with the kernel's real parts and with its imaginary parts.
    """
    length = size + max(before, kernel - 1 - before)
    half = [(u, v) for u, v in np.ndindex(length, length) if (u, v) <= (-u % length, -v % length)]
    frequencies: np.ndarray = np.array(half)

    def waves(positions: range) -> np.ndarray:
        """e^(-2πi (ui + vj) / length), (m, positions²)."""
        pixels = np.stack(np.meshgrid(positions, positions, indexing="ij"), axis=-1).reshape(-1, 2)
        return np.exp(-2j * np.pi / length * (frequencies @ pixels.T))

    image, weights = waves(range(size)), waves(range(-before, kernel - before))
    alone = np.all((frequencies * 2) % length == 0, axis=1)  # their own conjugates
    back = image.conj() * (np.where(alone, 1, 2) / length**2)[:, None]
    # The result is the real part of X · W · back: with X = a + bi, of a W_re and b W_re, and of a W_im and b W_im.
    sides = [np.stack([part.real, -part.imag], axis=1).reshape(-1, size**2) for part in (back, 1j * back)]
    of_images = np.stack([image.real, image.imag], axis=1).reshape(-1, size**2)
    return of_images, np.stack([weights.real, weights.imag]), sides[0].T, sides[1].T
