"""Exercise 4.1: the best and the largest step under R1."""

import numpy as np
from scipy.optimize import brentq, minimize_scalar

from ganlib.teaching import dynamics
from ganlib.teaching.exercises.answers import compare

ASKS = ("best_step(gamma)", "largest_step(gamma)")
HINTS = (
    "For γ < 1 both factors 1 + hλ are conjugate, and the chapter has the square of their modulus. What is it in h?",
    "1 - γh + h²/4 is a parabola in h. Where is its lowest point, how low is it, and where is it 1 again?",
)
BEST = (
    (lambda g: (2 * g, 1 - g**2), "The step is right. The factor is a modulus, and you have its square."),
    (lambda g: (float(np.sqrt(1 - g**2)), 2 * g), "You returned the factor first."),
    (lambda g: (2 * g, 1 - g / 2), "The step is right. The factor has an imaginary part too: what is its modulus?"),
    (
        lambda g: (2 / g, 0.0),
        "You took the real part -γ/2 for λ. For γ < 1 the eigenvalues have an imaginary part too.",
    ),
    (lambda g: (4 * g, 1.0), "That is where the factor is 1 again. It is smallest on the way there."),
    (lambda g: (g, float(np.sqrt(1 - 3 * g**2 / 4))), "You lost a 2 where the parabola's slope is zero: h²/4 has h/2."),
    (
        lambda g: (g / 2, float(np.sqrt(1 - 7 * g**2 / 16))),
        "The slope of the squared factor is -γ + h/2, not -γ + 2h.",
    ),
)
LARGEST = (
    (lambda g: 2 * g, "That is the best step. How far is a parabola's other side?"),
    (lambda g: 4 / g, "You took the real part -γ/2 for λ. For γ < 1 the eigenvalues have an imaginary part too."),
    (lambda g: g, "You took h²/4 for h². Solve -γh + h²/4 = 0."),
    (lambda g: 0.0, "At h = 0 nothing moves. The equation has another solution."),
    (lambda g: 8 * g, "Half of that: put it into 1 - γh + h²/4."),
)


def factor(gamma, h):
    """By the eigenvalues."""
    return dynamics.contraction(dynamics.DiracGAN(r1=gamma).jacobian(), h, update="simultaneous")


def best(gamma):
    """By search."""
    found = minimize_scalar(lambda h: factor(gamma, h) ** 2, bounds=(0, 4), method="bounded", options={"xatol": 1e-9})
    return found.x, np.sqrt(found.fun)


def check(rng, best_step, largest_step):
    gammas = [(float(gamma),) for gamma in rng.uniform(0.05, 0.95, size=4)]
    compare(best_step, best, gammas, BEST)
    compare(largest_step, lambda gamma: brentq(lambda h: factor(gamma, h) - 1, gamma, 16), gammas, LARGEST)
