"""Exercise 1.11: the nearest kernel whose phases have equal sums."""

import numpy as np

from ganlib.teaching.exercises.answers import compare

ASKS = ("balance(kernel, s)",)
HINTS = (
    "A phase is kernel[i::s, j::s]. To change its sum at the least cost, change all its entries by the same amount. "
    "What does a change of δ cost in a phase of h entries?",
    "It costs δ²/h. So the common sum is the mean of the phases' sums with weights 1/h, for each pair of channels, and "
    "each phase gets (common sum - its sum)/h added.",
)


def right(kernel, s):
    """The projection on the kernels for which a matrix, the differences of the phases' sums, gives zero."""
    K = len(kernel)
    row, column = np.divmod(np.arange(K**2), K)
    phase = row % s * s + column % s
    sums = (phase == np.arange(s**2)[:, None]).astype(float)  # (s², K²)
    differences = sums[1:] - sums[:1]
    flat = kernel.reshape(K**2, -1)
    return (flat - np.linalg.pinv(differences) @ (differences @ flat)).reshape(kernel.shape)


def by_phase(change):
    """A mistake: another way to change the phases, given all of them as (h, out, in), and their sums."""

    def wrong(kernel, s):
        kernel, places = kernel.copy(), list(np.ndindex(s, s))
        phases = [kernel[i::s, j::s].reshape(-1, *kernel.shape[2:]) for i, j in places]
        sums = np.array([phase.sum(axis=0) for phase in phases])
        counts = np.array([len(phase) for phase in phases])
        for (i, j), phase, total in zip(places, phases, sums, strict=True):
            kernel[i::s, j::s] = change(phase, total, sums, counts).reshape(kernel[i::s, j::s].shape)
        return kernel

    return wrong


def common(sums, counts):
    """The nearest common sum."""
    return np.average(sums, axis=0, weights=1 / counts)


MISTAKES = (
    (
        by_phase(lambda phase, total, sums, counts: phase + (sums.mean(axis=0) - total) / len(phase)),
        "All sums are equal, but a nearer kernel exists: a change costs more in a phase with few entries. Weigh them.",
    ),
    (
        by_phase(
            lambda phase, total, sums, counts: phase + (np.average(sums, axis=0, weights=counts) - total) / len(phase)
        ),
        "All sums are equal, but your weights prefer the wrong phases: where does a change of the sum cost more?",
    ),
    (
        by_phase(lambda phase, total, sums, counts: phase - total / len(phase)),
        "You made every sum zero. They need only be equal, and a nearer common value exists.",
    ),
    (
        by_phase(lambda phase, total, sums, counts: phase * common(sums, counts) / total),
        "You multiplied each phase. The nearest change adds: which change of the entries has the least sum of squares?",
    ),
    (
        by_phase(lambda phase, total, sums, counts: phase + (sums.mean() - total) / len(phase)),
        "Your common sum is one for all channels. Each pair of channels has its own.",
    ),
    (
        by_phase(
            lambda phase, total, sums, counts: phase + (common(sums, counts).mean(keepdims=True) - total) / len(phase)
        ),
        "Your common sum, weighted rightly, is one for all channels. Each pair of channels has its own.",
    ),
    (
        lambda kernel, s: by_phase(
            lambda phase, total, sums, counts: phase - phase.mean(axis=0) + kernel.mean(axis=(0, 1))
        )(kernel, s),
        "You made the phases' means equal. With uneven overlap their sums still differ.",
    ),
    (
        by_phase(lambda phase, total, sums, counts: phase + (common(sums, counts) - total)),
        "You added the whole missing sum to each entry. A phase has h of them.",
    ),
    (
        by_phase(lambda phase, total, sums, counts: phase - (common(sums, counts) - total) / len(phase)),
        "The sign is flipped: the phases' sums move apart.",
    ),
)


def check(rng, balance):
    cases = [(rng.normal(size=(K, K, 2, 3)), s) for K, s in ((3, 2), (5, 3), (4, 2), (3, 3), (5, 2), (2, 1))]
    compare(balance, right, cases, MISTAKES)
