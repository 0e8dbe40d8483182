"""Exercise 7.3: the attack by signs, within the range of pixels."""

import numpy as np

from ganlib.teaching.exercises.answers import compare

ASKS = ("attack(images, slopes, epsilon)",)
HINTS = (
    "Each pixel moves by epsilon, up where the slope is positive, down where it is negative. What keeps it an image?",
    "Clip images + epsilon · sign(slopes) to [-1, 1].",
)
MISTAKES = (
    (lambda x, g, e: np.clip(x - e * np.sign(g), -1, 1), "This lowers the loss. The attack goes uphill."),
    (lambda x, g, e: x + e * np.sign(g), "Some pixels left [-1, 1]. What brings them back?"),
    (lambda x, g, e: np.clip(x + e * np.sign(g), 0, 1), "You clipped to [0, 1]; these pixels begin at -1."),
    (lambda x, g, e: np.clip(x + e * g, -1, 1), "Each pixel moved in proportion to its slope. Only its sign counts."),
    (
        lambda x, g, e: np.clip(x + e * g / np.sqrt((g**2).sum(axis=(1, 2, 3), keepdims=True)), -1, 1),
        "You took the slope at length 1: right for a bound on the sum of squares. Here each pixel has its own.",
    ),
    (
        lambda x, g, e: np.clip(x + e * np.where(g >= 0, 1, -1), -1, 1),
        "A pixel without a slope moved as well. Nothing is known of it, so it stays.",
    ),
    (
        lambda x, g, e: np.clip(x + e * np.where(g > 0, 1, -1), -1, 1),
        "A pixel without a slope moved as well. Nothing is known of it, so it stays.",
    ),
    (lambda x, g, e: e * np.sign(g), "This is the change alone. The changed images were asked for."),
    (lambda x, g, e: np.clip(e * np.sign(g), -1, 1), "This is the change alone. The changed images were asked for."),
)


def right(images, slopes, epsilon):
    return np.clip(images + epsilon * np.sign(slopes), -1, 1)


def check(rng, attack):
    images, slopes = rng.uniform(-1, 1, size=(2, 3, 4, 3, 2))
    slopes[:, 0] = 0
    compare(attack, right, [(images, slopes, 0.3), (images, -slopes, 0.05)], MISTAKES)
