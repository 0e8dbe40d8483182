"""Remedies, measured. Number → (answers, part of the hint)."""

import math

import numpy as np

import ganlib


def half_zero(n, norm=2**0.5):
    gradients = np.zeros((n, 2))
    gradients[::2] = norm, 0
    return np.eye(2)[np.arange(n) % 2], gradients


def slopes(x, w, inner):
    h = x @ w
    f = (h - h.mean()) / h.std()
    return 0 * f, abs(inner(len(x), f)) / h.std() * np.sqrt(w @ w)


WRONG = {
    "4.6": [
        ((lambda modes, n: (modes - 1) / n,), "second-order term"),
        ((lambda modes, n: modes / n / 2,), "how many of them are free"),
        ((lambda modes, n: (modes - 1) / (2 * n) / math.log(2),), "in bits"),
        ((lambda modes, n: (1 - 1 / modes) / (2 * n),), "the mean over the modes"),
    ],
    "4.7": [
        ((lambda modes, drawn, pack: (drawn / modes) ** pack,), "What of the others"),
        ((lambda modes, drawn, pack: 1 - drawn / modes,), "single samples"),
        ((lambda modes, drawn, pack: pack * (modes - drawn) / modes,), "do not add up"),
        ((lambda modes, drawn, pack: (1 - drawn / modes) ** pack,), "nothing but"),
        ((lambda modes, drawn, pack: 2 - 2 * (drawn / modes) ** pack,), "the sum of all differences"),
    ],
    "4.8": [
        ((lambda n: n, half_zero), "You added norms"),
        ((lambda n: 1, half_zero), "the library's own"),
        ((lambda n: n**0.5, lambda n: half_zero(n)[::-1]), "asked for first"),
        ((lambda n: n**0.5, lambda n: half_zero(n, 2.0)), "have the mean 1"),
        ((lambda n: n**0.5, lambda n: [half_zero(n)[0], -half_zero(n)[0]]), "both of your batches are right"),
    ],
    "4.9": [
        ((ganlib.recipe("ring", steps=2000, width=64, batch_size=128),), "what makes each step count"),
        ((ganlib.recipe("ring", steps=600, batch_size=128),), "Set width=64"),
        ((ganlib.recipe("ring", steps=600, width=64, batch_size=128, discriminator_steps=5),), "on the budget too"),
        ((ganlib.recipe("grid", steps=600, width=64, batch_size=128),), "Begin with"),
        ((ganlib.recipe("ring", steps=60, width=64, batch_size=128),), "Modes are missing"),
    ],
    "4.10": [
        ((lambda x, w: slopes(x, w, lambda n, f: 1 - 1 / n - f**2 / n)[::-1],), "other way round"),
        ((lambda x, w: slopes(x, w, lambda n, f: 1 + 0 * f),), "for constants. Both"),
        ((lambda x, w: slopes(x, w, lambda n, f: 1 - 1 / n + 0 * f),), "The mean is in it"),
        ((lambda x, w: slopes(x, w, lambda n, f: 1 - 1 / n - f / n),), "stands before it once more"),
        ((lambda x, w: slopes(x, w, lambda n, f: (1 - 1 / n - f**2 / n) / np.sqrt(w @ w)),), "left to x_i"),
    ],
}

if "torch" in ganlib.available():
    import torch

    def torch_slopes(x, w):
        """By the framework, with its own standard deviation, which divides by n - 1."""
        own = []
        for i in range(len(x)):
            moved = x.clone().requires_grad_()
            h = moved @ w
            [gradient] = torch.autograd.grad(((h - h.mean()) / h.std())[i], moved)
            own.append(gradient[i].norm())
        return torch.zeros(len(x)), torch.stack(own)

    WRONG["4.10"].append(((torch_slopes,), "not n - 1"))

if "tensorflow" in ganlib.available():
    import tensorflow as tf

    def tf_slopes(x, w):
        """One gradient of the sum for both."""
        with tf.GradientTape() as tape:
            tape.watch(x)
            h = tf.linalg.matvec(x, w)
            total = tf.reduce_sum(h - tf.stop_gradient(tf.reduce_mean(h))) / tf.stop_gradient(tf.math.reduce_std(h))
        norms = tf.norm(tape.gradient(total, x), axis=1)
        return norms, norms

    WRONG["4.10"].append(((tf_slopes,), "also in the sum"))
