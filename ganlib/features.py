"""The frozen network that looks at digits: 64 features and ten class probabilities of an image.

Scores are only comparable when they come from the same network. So one ships with the package and is evaluated in
NumPy, for both frameworks. `scripts/train_features.py` trained it on scikit-learn's digits and on MNIST, to redraw an
image as well as to name it.

    28 x 28 -> conv 16 -> conv 32 / 2 -> conv 48 / 2 -> conv 64 / 2 -> 64 features -> ReLU -> 10 classes

Every convolution is 3 x 3 with one pixel of padding and a ReLU; its stride stands after a slash. The features
had mean 0 and variance 1 over the training images.
"""

from __future__ import annotations

import functools
import warnings
from pathlib import Path

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import ArrayLike

from ganlib import arguments
from ganlib.data.arrays import check_samples, resizing

SIDE = 28  # of the images that the network sees
STRIDES = (1, 2, 2, 2)  # of its convolutions
PATH = Path(__file__).parent / "assets" / "digit-features.safetensors"
_BATCH = 128  # images at once: enough for BLAS, and the patches still fit a cache


def features(images: ArrayLike) -> np.ndarray:
    """What the network sees in images of digits: the space in which `ganlib.metrics` measures distances.

    The images are (n, size, size, 1) or (n, size, size) real numbers in [-1, 1], -1 the paper and 1 the ink, as
    `ganlib.data.load("digits")` and `"mnist"` give them; sizes other than 28, from 8 on, are resized (bicubic). The
    features are (n, 64) float32; those of an image are the same to the bit, whatever images stand beside it.

    >>> features(ganlib.data.load("digits").images).shape
    (1797, 64)
    """
    return _run(images)[0]


@np.errstate(under="ignore")  # a probability too small for a number is 0
def classify(images: ArrayLike) -> np.ndarray:
    """The probability of each digit, (n, 10) float32, by the same network, for the same images as `features`."""
    logits = _run(images)[1]
    shares = np.exp(logits - logits.max(axis=1, keepdims=True))
    return shares / shares.sum(axis=1, keepdims=True)


def _run(images: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
    x = _check(images)
    parts = [_forward(_resize(x[start : start + _BATCH], SIDE)) for start in range(0, len(x), _BATCH)]
    seen, logits = map(np.concatenate, zip(*parts, strict=True))
    return seen, logits


def _forward(x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(n, 28, 28) float32 -> features (n, 64) and logits (n, 10)."""
    weights = _weights()
    x = x[..., None] + 1  # paper is 0, and so is what convolutions pad with
    for number, stride in enumerate(STRIDES, 1):
        kernel = weights[f"conv{number}.kernel"]  # (3, 3, in, out)
        padded = np.pad(x, ((0, 0), (1, 1), (1, 1), (0, 0)))
        patches = sliding_window_view(padded, (3, 3), axis=(1, 2))[:, ::stride, ::stride]
        n, height, width = patches.shape[:3]
        # (n, h, w, in, 3, 3) -> one row a patch, so that the convolution is a product of matrices for each image. A
        # single product would round an image differently at each place among the others: a copy would be none.
        rows = patches.transpose(0, 1, 2, 4, 5, 3).reshape(n, height * width, -1)
        x = rows @ kernel.reshape(-1, kernel.shape[-1]) + weights[f"conv{number}.bias"]
        x = np.maximum(x, 0).reshape(n, height, width, -1)
    seen = x.reshape(len(x), 1, -1) @ weights["features.kernel"] + weights["features.bias"]
    logits = np.maximum(seen, 0) @ weights["classes.kernel"] + weights["classes.bias"]
    return seen[:, 0], logits[:, 0]


@functools.cache
def _weights() -> dict[str, np.ndarray]:
    from safetensors.numpy import load_file

    return {name: value.astype(np.float32) for name, value in load_file(PATH).items()}  # stored in float16


def _resize(x: np.ndarray, side: int) -> np.ndarray:
    """(n, size, size) in [-1, 1] -> (n, side, side); bicubic overshoots at edges, hence the clipping."""
    if x.shape[1] == side:
        return x
    matrix = resizing(x.shape[1], side)
    return np.clip(matrix @ x @ matrix.T, -1, 1)


def _check(images: ArrayLike) -> np.ndarray:
    """(n, size, size) float32, or an error that says what to do."""
    x = arguments.array("images", images)
    shape, x = x.shape, x[..., None] if x.ndim == 3 else x
    if x.ndim == 4 and x.shape[3] == 3:
        grey = "the feature network only knows digits in grey: images.mean(axis=3) makes them grey"
        raise ValueError(f"images of shape {shape} are in colour, and {grey}")
    if x.ndim != 4 or x.shape[1] != x.shape[2] or x.shape[1] < 8 or x.shape[3] != 1:
        hint = "; images[None] makes a single image a batch" if x.ndim == 2 else ""
        if shape[1:] == (2,):
            hint = "; points are for mode_coverage(samples, centers, std)"
        elif x.ndim == 4 and x.shape[1] in (1, 3):
            hint = "; these look channel-first: use np.transpose(images, (0, 2, 3, 1))"
        raise ValueError(f"images must be (n, size, size, 1) or (n, size, size), size at least 8, not {shape}{hint}")
    x = check_samples("images", x.astype(np.float32), 4)[..., 0]
    low, high = x.min(), x.max()
    if 0 <= low < high:
        warnings.warn(
            f"no pixel is below 0 (they go from {low:.4g} to {high:.4g}). Are the images in [0, 1]? "
            "[-1, 1] is expected, with -1 for paper: 2 * images - 1",
            stacklevel=4,
        )
    return x
