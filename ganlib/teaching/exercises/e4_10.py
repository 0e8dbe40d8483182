"""Exercise 4.10: the slopes of a critic that ends in batch normalisation."""

import numpy as np

from ganlib.teaching.exercises.answers import compare

ASKS = ("slopes(x, w)",)
HINTS = (
    "What is Σ (h_i - m), whatever the x are? And h_i stands in f(x_i) three times: itself, in m and in s.",
    "∂f_i/∂h_i = (1 - 1/n - f_i²/n) / s, and the norm by x_i is that times ‖w‖.",
)


def critic(x, w):
    """Batch normalisation of x · w."""
    h = x @ w
    return (h - h.mean()) / h.std()


def right(x, w, step=1e-6):
    """By differences: sample j moved in direction k, for all j and k."""
    jacobian = np.zeros((len(x), *x.shape))
    for j, k in np.ndindex(x.shape):
        moved = np.zeros_like(x)
        moved[j, k] = step
        jacobian[:, j, k] = (critic(x + moved, w) - critic(x - moved, w)) / (2 * step)
    own = np.linalg.norm([jacobian[i, i] for i in range(len(x))], axis=1)
    return np.round(np.linalg.norm(jacobian.sum(axis=0), axis=1), 6), own


def mistake(inner, spread=np.std, length=np.linalg.norm):
    """The own slopes from another inner derivative, another spread, or another length of w."""
    return lambda x, w: (np.zeros(len(x)), np.abs(inner(len(x), critic(x, w)) / spread(x @ w)) * length(w))


def true(n, f):
    """The derivative by h_i, times s."""
    return 1 - 1 / n - f**2 / n


CONSTANTS = mistake(lambda n, f: np.ones(n))
MISTAKES = (
    (lambda x, w: right(x, w)[::-1], "You returned them the other way round: the sum's gradient comes first."),
    (lambda x, w: (right(x, w)[1],) * 2, "In the sum each x_i stands in *all* values. What is Σ (h_i - m)?"),
    (lambda x, w: (CONSTANTS(x, w)[1],) * 2, "You took m and s for constants, also in the sum. What is Σ (h_i - m)?"),
    (CONSTANTS, "You took m and s for constants. Both hold h_i."),
    (mistake(lambda n, f: 1 - 1 / n + 0 * f), "The mean is in it. The standard deviation holds h_i as well."),
    (mistake(lambda n, f: 1 - f**2 / n), "The standard deviation is in it. The mean holds h_i as well."),
    (mistake(lambda n, f: 1 - 1 / n + f**2 / n), "A sign: does a larger s make f_i larger, or smaller?"),
    (mistake(lambda n, f: 1 - 1 / n - f / n), "∂s/∂h_i is f_i/n, and f_i stands before it once more."),
    (mistake(true, spread=lambda h: np.std(h, ddof=1)), "s has n in its denominator here, not n - 1."),
    (mistake(true, spread=np.var), "You divided by the variance. By what does f divide?"),
    (
        mistake(true, length=lambda w: np.abs(w).sum()),
        "That is the sum of |w|. The norm is the root of the sum of squares.",
    ),
    (mistake(true, length=lambda w: w @ w), "That is ‖w‖². The chain rule gives w once."),
    (mistake(true, length=lambda w: 1.0), "That is the derivative by h_i. One factor is left to x_i."),
)


def check(rng, slopes):
    cases = [(rng.normal(size=(n, d)), rng.normal(size=d)) for n, d in ((6, 3), (4, 2), (9, 5))]
    compare(slopes, right, cases, MISTAKES, atol=1e-5)
