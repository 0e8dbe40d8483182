"""Chapter 4. Number → (answers, part of the hint)."""

import math

import numpy as np

import ganlib
from ganlib import dynamics

DIRAC = dynamics.DiracGAN().jacobian()


def best_step(gamma):
    return 2 * gamma, math.sqrt((1 - gamma) * (1 + gamma))


def largest_step(gamma):
    return gamma / 0.25


def flow(r, time):
    return r / math.sqrt(1 + r**2 * time / 8)


def flow_squared(r, time):
    return 8 * r**2 / (8 + r**2 * time)


def not_averaged(r, time):
    u = r**2
    for _ in range(1000):
        u -= u**2 / 2 * time / 1000
    return math.sqrt(u)


def exponential(r, time):
    return r * math.exp(-time / 16)


def ring(h):
    return math.sqrt(2 * h)


def sigmoid(x):
    return 1 / (1 + math.exp(-x))


def plain(theta, psi, h):
    s = sigmoid(theta * psi)
    return theta + h * psi * s, psi - h * theta * s


def half_way(theta, psi, h):
    """The equations, with the mixed term of each player counted by the product rule's first part."""
    k = sigmoid(theta * psi)
    v, w = psi * k, -theta * k
    return theta + h * (v + h * k * w) / (1 + (h * k) ** 2), psi + h * (w - h * k * v) / (1 + (h * k) ** 2)


def mixed(theta, psi):
    s = sigmoid(theta * psi)
    return s + theta * psi * s * (1 - s)


def never_divided(theta, psi, h):
    s, k = sigmoid(theta * psi), mixed(theta, psi)
    return theta + h * s * (psi - h * k * theta), psi - h * s * (theta + h * k * psi)


def only_steps(theta, psi, h):
    s, k = sigmoid(theta * psi), mixed(theta, psi)
    scale = h * s / (1 + (h * k) ** 2)
    return scale * (psi - h * k * theta), -scale * (theta + h * k * psi)


def not_zero_sum(theta, psi, h):
    s, k = sigmoid(theta * psi), mixed(theta, psi)
    equations = np.array([[1, -h * k], [-h * k, 1]])
    return (theta, psi) + np.linalg.inv(equations) @ (h * s * psi, -h * s * theta)


def simultaneous(h_g, h_d):
    return math.hypot(1, math.sqrt(h_g * h_d) / 2)


def alternating(h_g, h_d):
    return 1


def entry(h_g, h_d):
    return 1 - h_g * h_d / 4  # of the matrix of one update, its first


def searched(h, grid, **how):
    return grid[np.argmin([dynamics.contraction(DIRAC, h, momentum=beta, **how) for beta in grid])]


def least_factor(h):
    return min(dynamics.contraction(DIRAC, h, momentum=beta) for beta in np.linspace(-0.9, 0.9, 181))


def half_zero(n, norm=2**0.5):
    gradients = np.zeros((n, 2))
    gradients[::2] = norm, 0
    return np.eye(2)[np.arange(n) % 2], gradients


def translate(change):
    """The book's translation, with a change to what it is made of."""

    def answer(g, inside, outside, low, high, every, multiplied):
        made_of = {
            "halves": (1 + inside) * (1 + outside),
            "stretch": (2 / (high - low)) ** 2,
            "every": 1 if multiplied else every,
            **change(inside, outside, low, high, every, multiplied),
        }
        return 2 * g / made_of["halves"] * made_of["stretch"] / made_of["every"]

    return answer


def slopes(x, w, inner):
    h = x @ w
    f = (h - h.mean()) / h.std()
    return 0 * f, abs(inner(len(x), f)) / h.std() * np.sqrt(w @ w)


def diagnose(at_once, over_time=("stuck", "jumping")):
    """A detector by the number of modes that `at_once` makes of the table of moments and modes."""

    def answer(frames, centers):
        distances = ((frames[:, :, None] - centers) ** 2).sum(axis=3)
        table = np.array([np.bincount(d.argmin(axis=1), minlength=len(centers)) > 0 for d in distances])
        if at_once(table) > len(centers) / 2:
            return "healthy"
        return over_time[int(table.any(axis=0).sum() > len(centers) / 2)]

    return answer


WRONG = {
    "4.1": [
        ((lambda gamma: (2 * gamma, 1 - gamma**2), largest_step), "have its square"),
        ((lambda gamma: best_step(gamma)[::-1], largest_step), "the factor first"),
        ((lambda gamma: (2 / gamma, 0), largest_step), "real part"),
        ((best_step, lambda gamma: 2 * gamma), "That is the best step"),
        ((best_step, lambda gamma: 0), "nothing moves"),
    ],
    "4.2": [
        ((flow_squared, ring), "The distance is its root"),
        ((not_averaged, ring), "forgot to average"),
        ((exponential, ring), "falls exponentially"),
        ((lambda r, time: r, ring), "as the eigenvalues have it"),
        ((flow, lambda h: 2 * h), "The ring's radius"),
        ((flow, lambda h: h**0.5), "Where do they balance"),
        ((flow, lambda h: 0), "each simultaneous step add"),
    ],
    "4.3": [
        ((plain,), "simultaneous step"),
        ((half_way,), "product rule"),
        ((never_divided,), "*plain* step"),
        ((only_steps,), "These are the steps"),
        ((not_zero_sum,), "zero-sum"),
    ],
    "4.4": [
        ((lambda h_g, h_d: 1 + h_g * h_d / 4, alternating), "the product of *two* eigenvalues"),
        ((lambda h_g, h_d: math.sqrt(1 + h_g * h_d), alternating), "has ½, not 1"),
        ((lambda h_g, h_d: math.sqrt(1 + (h_g + h_d) ** 2 / 16), alternating), "mean of both rates"),
        ((simultaneous, simultaneous), "simultaneous one again"),
        ((simultaneous, entry), "one entry of the matrix"),
    ],
    "4.5": [
        ((lambda h: -searched(h, np.linspace(-0.99, 0.5, 150)),), "sign is flipped"),
        ((lambda h: searched(h, np.linspace(0, 0.99, 100)),), "Without momentum"),
        ((least_factor,), "how fast it settles"),
        ((lambda h: searched(h, np.linspace(-0.99, 0.5, 150), update="simultaneous"),), "These here take turns"),
    ],
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
        ((translate(lambda i, o, low, high, k, m: {"stretch": 2 / (high - low)}),), "And their stretch"),
        ((translate(lambda i, o, low, high, k, m: {"stretch": ((high - low) / 2) ** 2}),), "one and the same critic"),
        ((translate(lambda i, o, low, high, k, m: {"halves": 2 if i or o else 1}),), "both halves at once"),
        ((translate(lambda i, o, low, high, k, m: {"halves": 2 * (1 + i) * (1 + o)}),), "what is γ"),
        ((translate(lambda i, o, low, high, k, m: {"every": k if m else 1}),), "other way round"),
        ((translate(lambda i, o, low, high, k, m: {"every": 1}),), "as strong as one at all"),
    ],
    "4.10": [
        ((lambda x, w: slopes(x, w, lambda n, f: 1 - 1 / n - f**2 / n)[::-1],), "other way round"),
        ((lambda x, w: slopes(x, w, lambda n, f: 1 + 0 * f),), "for constants. Both"),
        ((lambda x, w: slopes(x, w, lambda n, f: 1 - 1 / n + 0 * f),), "The mean is in it"),
        ((lambda x, w: slopes(x, w, lambda n, f: 1 - 1 / n - f / n),), "stands before it once more"),
        ((lambda x, w: slopes(x, w, lambda n, f: (1 - 1 / n - f**2 / n) / np.sqrt(w @ w)),), "left to x_i"),
    ],
    "4.11": [
        ((diagnose(lambda table: np.median(table.sum(axis=1)), ("jumping", "stuck")),), "wrong way round"),
        ((diagnose(lambda table: table.any(axis=0).sum()),), "over the whole run"),
        ((diagnose(lambda table: table[-1].sum()),), "the last moment alone"),
        ((diagnose(lambda table: table.sum(axis=1).min()),), "One bad moment"),
        ((diagnose(lambda table: table.all(axis=0).sum()),), "the same modes at all moments"),
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
