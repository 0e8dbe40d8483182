"""Why training circles. Number → (answers, part of the hint)."""

import math

import numpy as np


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


def trained(real, latents, gamma, h, steps, at_once=False, saturating=False, everywhere=False):
    """The training of exercise 4.4, with the mistakes that its name says."""
    a, b, w = 0.0, 1.0, np.zeros(2)

    def features(x):
        return np.stack([x, x**2]), np.stack([np.ones_like(x), 2 * x])

    for _ in range(steps):
        fake = a + b * latents
        (on_real, _), (on_fake, of_fake) = features(real), features(fake)
        slopes = of_fake if everywhere else features(real)[1]
        push = on_real @ (1 / (1 + np.exp(w @ on_real))) - on_fake @ (1 / (1 + np.exp(-w @ on_fake)))
        old, w = w, w + h * (push / len(real) - gamma * slopes @ (w @ slopes) / len(real))
        seen = old if at_once else w
        logits = seen @ on_fake
        uphill = (seen @ of_fake) / (1 + np.exp(-logits if saturating else logits))
        a, b = a + h * uphill.mean(), b + h * (uphill * latents).mean()
    return a, b


def of_eigenvalues(jacobian, pick, squared=2, refuse=True):
    values = np.linalg.eigvals(jacobian)
    if refuse and any(value.real >= 0 for value in values):
        return 0
    return pick(-2 * value.real / abs(value) ** squared for value in values)


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
        ((lambda real, latents, gamma, h, steps: trained(real, latents, 0 * gamma, h, steps),), "is not in it"),
        ((lambda real, latents, gamma, h, steps: trained(real, latents, 2 * gamma, h, steps),), "twice as strong"),
        ((lambda real, latents, gamma, h, steps: trained(real, latents, gamma / 2, h, steps),), "half as strong"),
        ((lambda real, latents, gamma, h, steps: trained(real, latents, gamma * len(real), h, steps),), "added"),
        ((lambda *case: trained(*case, at_once=True),), "Both players moved at once"),
        ((lambda *case: trained(*case, saturating=True),), "G's minimax loss"),
        ((lambda *case: trained(*case, everywhere=True),), "That is R2"),
    ],
    "4.5": [
        ((lambda jacobian: of_eigenvalues(jacobian, max),), "most patient"),
        ((lambda jacobian: of_eigenvalues(jacobian, min) / 2,), "A factor 2"),
        ((lambda jacobian: of_eigenvalues(jacobian, min, squared=1),), "stands squared"),
        ((lambda jacobian: of_eigenvalues(jacobian, min, refuse=False),), "A negative step size"),
    ],
}
