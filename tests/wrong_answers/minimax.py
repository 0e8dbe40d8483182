"""Chapter 2. Number → (answers, part of the hint)."""

import numpy as np


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def swapped(logits):
    return sigmoid(logits) - 1, -sigmoid(logits)


def flipped(logits):
    return sigmoid(logits), 1 - sigmoid(logits)


def averaged(logits):
    return -sigmoid(logits) / len(logits), (sigmoid(logits) - 1) / len(logits)


def by_d(logits):
    d = sigmoid(logits)
    return -1 / (1 - d), -1 / d


WRONG = {
    "2.4": [
        ((swapped,), "the other way round"),
        ((flipped,), "Both signs"),
        ((averaged,), "divided by n"),
        ((by_d,), "chain rule"),
    ],
}
