"""Exercise 4.5: the best momentum."""

import numpy as np
from scipy.optimize import minimize_scalar

from ganlib.teaching import dynamics
from ganlib.teaching.exercises.answers import compare

ASKS = ("best_momentum(h)",)
HINTS = (
    "ganlib.dynamics.contraction takes a momentum, positive or negative, and a grid is quickly done.",
    "Take np.linspace(-0.99, 0.5, 150), the contraction of DiracGAN().jacobian() at each, and the β where it is least.",
)
JACOBIAN = dynamics.DiracGAN().jacobian()


def best(h, **how):
    """By search from a coarse grid."""

    def factor(beta):
        return dynamics.contraction(JACOBIAN, h, momentum=beta, **how)

    grid = np.linspace(-0.98, 0.98, 50)
    start = grid[np.argmin([factor(beta) for beta in grid])]
    bounds = (start - 0.05, start + 0.05)
    return float(minimize_scalar(factor, bounds=bounds, method="bounded", options={"xatol": 1e-4}).x)


MISTAKES = (
    (lambda h: -best(h), "The sign is flipped: on a circle an old gradient points outwards. Which memory pulls in?"),
    (lambda h: 0.0, "Without momentum this game circles for ever. Did your grid have negative ones?"),
    (
        lambda h: dynamics.contraction(JACOBIAN, h, momentum=best(h)),
        "That is how fast it settles with the best momentum. Which momentum was it?",
    ),
    (lambda h: -0.5, "That is right for small steps. Does it stay where it is for h = 1?"),
    (lambda h: best(h, update="simultaneous"), "That is the best for simultaneous updates. These here take turns."),
    (lambda h: best(h / 2), "That is the best for half of the step: are two halves in it already?"),
    (lambda h: best(2 * h), "That is the best for twice the step: the Jacobian has ½ in it."),
)


def check(rng, best_momentum):
    steps = [(0.1,), (1.0,), *((round(float(h), 2),) for h in rng.uniform(0.15, 0.9, size=2))]
    compare(best_momentum, best, steps, MISTAKES, rtol=0, atol=0.01)
