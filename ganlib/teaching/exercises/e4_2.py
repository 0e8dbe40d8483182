"""Exercise 4.2: how the non-saturating game creeps inwards."""

import numpy as np

from ganlib.teaching import dynamics
from ganlib.teaching.exercises.answers import compare

ASKS = ("flow(r, time)", "ring(h)")
HINTS = (
    "Multiply the velocity with the position. Which power of r does the result have near 0, and what is its mean over "
    "the angle? A squared distance is easier to follow than a distance.",
    "With u = r² the average over a turn is du/dt = -u²/8. A simultaneous step adds h² ‖v‖², about h² u/4 in a time h.",
    "1/u grows by time/8. And the ring is where -u²/8 + h u/4 = 0; r is the root of u in both.",
)
GAME = dynamics.DiracGAN("nonsaturating")


def mistake(rate, power=1.0):
    """A wrong `flow`, with another rate of 1/u or another power of u at the end."""
    return lambda r, time: float((1 / (1 / r**2 + rate * time)) ** (power / 2))


FLOW = (
    (lambda r, time: r, "The distance stays with you, as the eigenvalues have it. What of the next order?"),
    (mistake(1 / 8, 2.0), "That is u = r². The distance is its root."),
    (mistake(1 / 2), "You forgot to average: (θψ)² is r⁴/4 times sin² 2φ, whose mean over a turn is one half."),
    (mistake(1 / 4), "A factor 2: is d/dt r² half of it or twice, and the mean of sin² is one half."),
    (mistake(1 / 16), "A factor 2: the exercise's derivative is that of r², not of r²/2."),
    (lambda r, time: float(r * np.exp(-time / 8)), "That falls exponentially. u² on the right side makes it slower."),
    (lambda r, time: float(r * np.exp(-time / 16)), "That falls exponentially. u² on the right side makes it slower."),
    (lambda r, time: float(1 / (1 / r + time / 8)), "You solved for r what holds for u = r²."),
)
RING = (
    (lambda h: 2 * h, "That is u = r². The ring's radius is its root."),
    (lambda h: float(np.sqrt(h)), "A factor 2: ‖v‖² is r²/4, and the flow takes u²/8 away. Where do they balance?"),
    (lambda h: 2 * float(np.sqrt(h)), "A factor 2: ‖v‖² is r²/4, and the flow takes u²/8 away. Where do they balance?"),
    (lambda h: float(np.sqrt(8 * h)), "The velocity is half the distance, so ‖v‖² is r²/4."),
    (
        lambda h: float(np.sqrt(2)) * h,
        "A step adds h² ‖v‖², but it takes the time h. How much does it add per unit of time?",
    ),
    (lambda h: 0.0, "That is where the flow goes alone. What does each simultaneous step add?"),
)


def flowed(r, time):
    """By simulation in turns."""
    return float(np.hypot(*dynamics.simulate(GAME, (r, 0), 0.2, round(time / 0.2))[-1]))


def circled(h):
    """By simulation of simultaneous updates, from close by, for long."""
    path = dynamics.simulate(GAME, (1.5 * np.sqrt(h), 0), h, int(100 / h), update="simultaneous")
    return float(np.hypot(*path[-int(4 * np.pi / h) :].T).mean())


def check(rng, flow, ring):
    cases = [(1.2, 100.0), *((float(rng.uniform(0.6, 1.3)), float(10 * rng.integers(2, 12))) for _ in range(3))]
    compare(flow, flowed, cases, FLOW, rtol=0.05)
    compare(ring, circled, [(0.2,), (0.1,)], RING, rtol=0.05)
