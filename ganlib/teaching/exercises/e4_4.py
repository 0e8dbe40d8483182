"""Exercise 4.4: two rates near the equilibrium."""

import numpy as np

from ganlib.teaching import dynamics
from ganlib.teaching.exercises.answers import compare

ASKS = ("simultaneous(h_g, h_d)", "alternating(h_g, h_d)")
HINTS = (
    "Write down the matrix of each update, with h_G in G's row and h_D in D's. Its determinant says much.",
    "Conjugate eigenvalues have the root of the determinant as their modulus: 1 + h_G h_D / 4 for one update, and a "
    "product of two shears for the other.",
)
SIMULTANEOUS = (
    (
        lambda g, d: 1 + g * d / 4,
        "That is the determinant, the product of *two* eigenvalues. What is the modulus of one?",
    ),
    (lambda g, d: np.sqrt(1 + g * d), "The Jacobian has ½, not 1: where did the slope of softplus at 0 go?"),
    (lambda g, d: np.sqrt(1 + g * d / 2), "Each of the two entries has its ½."),
    (lambda g, d: np.sqrt(1 - g * d / 4), "A sign: the two entries beside the diagonal have opposite ones."),
    (lambda g, d: np.sqrt(1 + g**2 / 4), "Only G's rate is in it. D moves with its own."),
    (lambda g, d: np.sqrt(1 + d**2 / 4), "Only D's rate is in it. G moves with its own."),
    (
        lambda g, d: np.sqrt(1 + (g + d) ** 2 / 16),
        "You took the mean of both rates. It is the two together: in what way?",
    ),
    (lambda g, d: 1 + np.sqrt(g * d) / 2, "Real and imaginary part are not added: what is the modulus of 1 + iy?"),
    (lambda g, d: 1.0, "That is the real part. What is the modulus of 1 + iy?"),
)
ALTERNATING = (
    (lambda g, d: np.sqrt(1 + g * d / 4), "That is the simultaneous one again. G answers D's *new* position."),
    (lambda g, d: 1 + g * d / 4, "That is a simultaneous update's determinant. What is that of two shears?"),
    (lambda g, d: 1 - g * d / 4, "That is one entry of the matrix. What is its determinant?"),
    (lambda g, d: abs(1 - g * d / 8), "That is the real part of both eigenvalues. What is their product?"),
    (
        lambda g, d: np.sqrt(abs(1 - g * d / 4)),
        "That is not quite the determinant's root: multiply the two shears once more.",
    ),
)


def factor(update):
    """By the eigenvalues."""
    jacobian = dynamics.DiracGAN().jacobian()
    return lambda h_g, h_d: dynamics.contraction(jacobian, (h_g, h_d), update=update)


def check(rng, simultaneous, alternating):
    cases = [tuple(map(float, rng.uniform(0.05, 3.9, size=2))) for _ in range(4)]
    compare(simultaneous, factor("simultaneous"), cases, SIMULTANEOUS)
    compare(alternating, factor("alternating"), cases, ALTERNATING)
