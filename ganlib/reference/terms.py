"""What the players minimise beside their loss: values, from D's outputs and the samples of a batch."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from ganlib.reference.layers import array, one_hot, one_shape


def cross_entropy(logits: ArrayLike, labels: ArrayLike) -> float:
    """-E log softmax(logits)[label], logits (n, classes), over those of the labels (n,) that are not -1; 0 if all are.

    What an auxiliary classifier minimises on real and on fake samples (Odena et al. 2017), and with the labels that
    only G was told, on fake ones, the bound of InfoGAN without its constant (Chen et al. 2016, equation 5).
    """
    logits = array("logits", logits)
    if logits.ndim != 2:
        raise ValueError(f"logits must be (n, classes), not {logits.shape}.")
    places = one_hot(labels, logits.shape[1])
    if len(places) != len(logits):
        raise ValueError(f"logits {logits.shape} need a label for each row, and there are {len(places)} labels.")
    logarithms = logits - np.logaddexp.reduce(logits, axis=1, keepdims=True)
    return float(-(places * logarithms).sum() / max(places.sum(), 1.0))


def feature_matching(real: ArrayLike, fake: ArrayLike) -> float:
    """||E real - E fake||² of features (n, k) and (m, k) (Salimans et al. 2016, section 3.1)."""
    real, fake = array("real", real), array("fake", fake)
    if real.ndim != 2 or fake.ndim != 2 or real.shape[1] != fake.shape[1]:
        raise ValueError(f"real and fake must be features (n, k) and (m, k), not {real.shape} and {fake.shape}.")
    return float(np.square(real.mean(axis=0) - fake.mean(axis=0)).sum())


def reconstruction(real: ArrayLike, fake: ArrayLike) -> float:
    """E|real - fake| over all values, of samples that belong together (Isola et al. 2017, equation 3)."""
    real, fake = one_shape(real=real, fake=fake)
    return float(np.abs(real - fake).mean())
