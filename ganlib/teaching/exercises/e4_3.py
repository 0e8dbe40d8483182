"""Exercise 4.3: competitive gradient descent on the Dirac-GAN."""

from functools import partial

import numpy as np
from scipy.special import expit as sigmoid

from ganlib.teaching import dynamics
from ganlib.teaching.exercises.answers import compare

ASKS = ("competitive(theta, psi, h)",)
HINTS = (
    "Each player's local game is quadratic in its own step: set the derivative to zero. With the other's unknown step "
    "in it, these are two linear equations.",
    "Δθ = h (v_θ + k Δψ) and Δψ = h (v_ψ - k Δθ), with k = σ(ℓ) + ℓ σ'(ℓ). Put one into the other.",
)
GAME = dynamics.DiracGAN()


def solved(theta, psi, h, k=None, sign=-1.0, weight=None):
    """Both equations by linear algebra; a mistake may have another k, another sign of D's, or another weight of k."""
    if k is None:  # the mixed derivative is that of v_θ by ψ
        k = (GAME(theta, psi + 1e-5)[0] - GAME(theta, psi - 1e-5)[0]) / 2e-5
    weight = h if weight is None else weight
    step = np.linalg.solve([[1, -weight * k], [-sign * weight * k, 1]], h * np.array(GAME(theta, psi)))
    return float(theta + step[0]), float(psi + step[1])


def without_denominator(theta, psi, h):
    """One step of the reasoning only: each reckons with the other's plain step."""
    v_theta, v_psi = GAME(theta, psi)
    k = sigmoid(theta * psi) * (1 + theta * psi * sigmoid(-theta * psi))
    return theta + h * (v_theta + h * k * v_psi), psi + h * (v_psi - h * k * v_theta)


def played(theta, psi, h, update):
    """One of the chapter's updates."""
    return tuple(dynamics.simulate(GAME, (theta, psi), h, 1, update=update)[-1])


MISTAKES = (
    (partial(played, update="simultaneous"), "That is the simultaneous step. Where does the other's step come in?"),
    (partial(played, update="alternating"), "These are turns. Here both move at once, and reckon with each other."),
    (
        partial(played, update="extragradient"),
        "That is extragradient: one guess at the other's step, and not the equilibrium.",
    ),
    (
        without_denominator,
        "You reckon with the other's *plain* step. The other reckons too: solve both equations at once.",
    ),
    (
        lambda t, p, h: tuple(np.subtract(solved(t, p, h), (t, p))),
        "These are the steps. The next place was asked for.",
    ),
    (
        lambda t, p, h: solved(t, p, h, k=sigmoid(t * p)),
        "The mixed derivative of softplus(θψ) has two terms, by the product rule.",
    ),
    (lambda t, p, h: solved(t, p, h, k=0.5), "You took the mixed derivative at the equilibrium. It is wanted here."),
    (
        lambda t, p, h: solved(t, p, h, k=sigmoid(t * p) * sigmoid(-t * p)),
        "That is σ'(ℓ). The derivative of ψ σ(θψ) by ψ has more to it.",
    ),
    (partial(solved, sign=1.0), "The game is zero-sum: has D's mixed term the same sign as G's?"),
    (lambda t, p, h: solved(t, p, h, weight=-h), "Both mixed terms have the wrong sign: L_G is *minus* softplus."),
    (partial(solved, weight=1.0), "The step size multiplies the mixed term too: solve for Δθ once more."),
)


def check(rng, competitive):
    cases = [(*map(float, rng.normal(size=2)), h) for h in (0.2, 1.0, 3.0)]
    compare(competitive, solved, [*cases, (0.0, 0.0, 0.5)], MISTAKES)
