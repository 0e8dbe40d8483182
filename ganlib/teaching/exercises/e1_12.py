"""Exercise 1.12: two layers that double the size, trained on one image."""

import numpy as np

from ganlib.reference import conv2d, conv_transpose2d, upsample
from ganlib.teaching.exercises.answers import compare

ASKS = ("train(x, target, w, steps, rate)",)
HINTS = (
    "Write a function that makes the image of x and w, and test it with steps = 0. The gradient with respect to w is "
    "one call in PyTorch or TensorFlow. By hand: each entry of w meets a number of x at each pixel; which one?",
    "The gradient of an entry is 2 / (number of pixels) times the sum, over all pixels, of (image - target) times the "
    "number that the entry meets there. Repeat `steps` times: w = w - rate * gradient.",
)


def image(x, w):
    """What the layer makes of x: transposed for K = 4, copied and convolved for K = 3."""
    if len(w) == 4:
        return conv_transpose2d(x[None], w[:, :, None, :], stride=2)[0, :, :, 0]
    return conv2d(upsample(x[None]), w[..., None])[0, :, :, 0]


def met(x, shape):
    """The image as a matrix times w: what each of its entries meets at each pixel."""
    return np.stack([image(x, unit.reshape(shape)).ravel() for unit in np.eye(np.prod(shape))], axis=1)


def right(x, target, w, steps, rate):
    """Gradient descent with that matrix."""
    return descent()(x, target, w, steps, rate)


def descent(scale=1.0, more=0, frozen=False, root=False):
    """The training, or a mistake: another gradient, or another number of steps."""

    def train(x, target, w, steps, rate):
        matrix, entries = met(x, w.shape), w.ravel()
        error = first = matrix @ entries - target.ravel()
        for _ in range(max(steps + more, 0)):
            change = 2 * matrix.T @ (first if frozen else error) / target.size
            change = change / (2 * np.sqrt(np.mean(error**2))) if root else change
            entries = entries - rate * (target.size * change if scale is None else scale * change)
            error = matrix @ entries - target.ravel()
        return (matrix @ entries).reshape(target.shape)

    return train


def full(x, w):
    """The transposed layer's image before anything is cut off."""
    return conv_transpose2d(x[None], w[:, :, None, :], stride=2, padding="valid")[0, :, :, 0]


def made(wrong):
    """A mistake before any training: another image."""
    return lambda x, target, w, steps, rate: wrong(x, w)


AXES = (
    (made(lambda x, w: image(x, w)[None, :, :, None]), "The numbers are right. Take the image out of its batch."),
    (made(lambda x, w: image(x, w)[None, None]), "The numbers are right. Take the image out of its batch."),
    (made(lambda x, w: image(x, w)[..., None]), "The numbers are right. Leave out the axis of one channel."),
    (made(lambda x, w: w), "You returned the kernel. The image that it makes was asked for."),
)
TRANSPOSED = (
    *AXES,
    (
        made(lambda x, w: image(x, w[::-1, ::-1])),
        "With K = 4 your kernel is turned. An input pixel stamps the kernel as it is.",
    ),
    (made(full), "You cut nothing off. Padding “same” leaves 2n of 2n + 2 pixels."),
    (made(lambda x, w: full(x, w)[2:, 2:]), "You cut two pixels off at the beginning. “Same” cuts one off each side."),
    (made(lambda x, w: full(x, w)[:-2, :-2]), "You cut two pixels off at the end. “Same” cuts one off each side."),
)
RESIZED = (
    *AXES,
    (
        made(lambda x, w: image(x, w[::-1, ::-1])),
        "With K = 3 your kernel is turned. The convolution of neural networks slides it as it is.",
    ),
    (
        made(lambda x, w: conv_transpose2d(x[None], w[:, :, None, :], stride=2)[0, :, :, 0]),
        "With K = 3 too you stamp the kernel two apart. There each pixel is copied first, then comes a convolution.",
    ),
    (
        made(lambda x, w: conv2d(np.tile(x, (2, 2, 1))[None], w[..., None])[0, :, :, 0]),
        "You set whole copies of x side by side. Each pixel becomes a block of 2 × 2: repeat, not tile.",
    ),
    (
        made(lambda x, w: conv2d(upsample(x[None]), w[..., None], padding="valid")[0, :, :, 0]),
        "With K = 3 two pixels are missing a side. Padding “same” puts one zero around.",
    ),
)
TRAINED = (
    (descent(scale=None), "Your steps are too long by the number of pixels: take the squares' mean, not their sum."),
    (descent(scale=0.5), "Your steps are half as long. The derivative of a square has a factor 2."),
    (descent(scale=-1), "The sign is flipped: you go uphill, away from the target."),
    (descent(more=-1), "Your image is one step behind. Do you make it again after the last step?"),
    (descent(more=1), "That is one step more than `steps`."),
    (descent(frozen=True), "All your steps are alike. The error changes with w: compute it anew in each step."),
    (descent(root=True), "You took the root of the mean. The mean squared difference itself was asked for."),
    (made(image), "Your image is that of the first w. Is w changed in the loop, and the image made after it?"),
)


def case(rng, n, K, c, steps):
    """A random problem, and a rate at which the steps converge."""
    x, w = np.maximum(rng.normal(size=(n, n, c)), 0), rng.normal(size=(K, K, c))
    target = rng.normal(size=(2 * n, 2 * n))
    largest = 2 * np.linalg.norm(met(x, w.shape), 2) ** 2 / target.size
    return x, target, w, steps, float(rng.uniform(0.3, 0.9)) / largest


def check(rng, train):
    compare(train, right, [case(rng, n, 4, 2, steps=0) for n in (3, 4)], TRANSPOSED)
    compare(train, right, [case(rng, n, 3, 2, steps=0) for n in (3, 4)], RESIZED)
    compare(train, right, [case(rng, 4, K, 2, steps) for steps in (1, 2, 6) for K in (4, 3)], TRAINED)
