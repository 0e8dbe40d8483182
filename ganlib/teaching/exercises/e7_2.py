"""Exercise 7.2: the pixels' noise that makes an autoencoder's loss smallest."""

import numpy as np

from ganlib.teaching.exercises.answers import compare

ASKS = ("best_noise(images, copies)",)
HINTS = (
    "Set the derivative by ς to zero. How many pixels does d count, colours included?",
    "ς² is the mean square error of a pixel, over all images and all pixels.",
)
MISTAKES = (
    (lambda x, y: np.mean((x - y) ** 2), "This is ς². The noise itself is its root."),
    (lambda x, y: np.sqrt(np.sum((x - y) ** 2) / len(x)), "You divided by the images only. How many pixels has each?"),
    (
        lambda x, y: np.sqrt(np.sum((x - y) ** 2)),
        "You summed over all pixels of all images: divide.",
    ),
    (lambda x, y: np.sqrt(np.mean((x - y) ** 2) / 2), "The ½ of the loss cancels: look at the derivative again."),
    (lambda x, y: np.sqrt(2 * np.mean((x - y) ** 2)), "The ½ of the loss cancels: look at the derivative again."),
    (lambda x, y: np.mean(np.abs(x - y)), "The mean absolute error is best for noise of another shape, Laplace's."),
    (lambda x, y: np.std(x - y), "You took the errors' mean away first. The loss does not."),
    (
        lambda x, y: np.mean(np.sqrt(np.mean((x - y) ** 2, axis=(1, 2, 3)))),
        "You took a root for each image and then the mean. One ς serves all images: the mean comes first.",
    ),
    (
        lambda x, y: np.sqrt(np.mean((x - y) ** 2, axis=(1, 2, 3))),
        "One number for each image. One ς for all of them was asked for.",
    ),
)


def right(images, copies):
    return np.sqrt(np.mean((images - copies) ** 2))


def check(rng, best_noise):
    images = rng.uniform(-1, 1, size=(3, 4, 5, 2))
    off = images + 0.2 + rng.normal(size=images.shape) * np.array([0.1, 0.4, 1.2])[:, None, None, None]
    grey = rng.uniform(-1, 1, size=(6, 2, 2, 1))
    compare(best_noise, right, [(images, off), (grey, grey[::-1])], MISTAKES)
