"""Exercise 3.6: the spherical path between two latents."""

import numpy as np

from ganlib.teaching.exercises.answers import Raised, array, compare, require

ASKS = ("spherical(a, b, t)",)
HINTS = (
    "Find the angle ω between each pair from their dot product. At t the path stands at the angle tω from a.",
    "sin((1 - t)ω) / sin ω · a + sin(tω) / sin ω · b, with a case for ω = 0, and an error for ω = π.",
)


def norm(z):
    """Of each row, as a column."""
    return np.linalg.norm(z, axis=-1, keepdims=True)


def right(a, b, t):
    """For equal norms: a turned by tω in the plane of both."""
    u = a / norm(a)
    across = b - np.sum(b * u, axis=-1, keepdims=True) * u
    angle = t * np.arctan2(norm(across), np.sum(b * u, axis=-1, keepdims=True))
    return norm(a) * (np.cos(angle) * u + np.sin(angle) * across / norm(across))


def straight(a, b, t):
    """The straight line."""
    return (1 - t) * a + t * b


def formula(a, b, t, angle=None, over=np.sin):
    """Sines over `over` of the angle, which a mistake may have found otherwise."""
    if angle is None:
        angle = np.arccos(np.sum(a * b, axis=-1, keepdims=True) / (norm(a) * norm(b)))
    return np.sin((1 - t) * angle) / over(angle) * a + np.sin(t * angle) / over(angle) * b


def whole(a, b):
    """One angle for the whole batch."""
    return np.arccos(np.sum(a * b) / (np.linalg.norm(a) * np.linalg.norm(b)))


MISTAKES = (
    (straight, "That is the straight line: it cuts through the sphere. How long are its points?"),
    (
        lambda a, b, t: straight(a, b, t) / norm(straight(a, b, t)) * norm(a),
        "You put the straight line back on the sphere: the right arc, at an uneven speed. Which angle is due at t?",
    ),
    (lambda a, b, t: right(b, a, t), "You walk backwards: at t = 0 the path stands at a."),
    (lambda a, b, t: right(a, b, t) / norm(a), "Your points have the norm 1. They should be as long as a and b."),
    (lambda a, b, t: formula(a, b, t, whole(a, b)), "You took one angle for the whole batch. Each row has its own."),
    (
        lambda a, b, t: formula(a, b, t, over=lambda angle: angle),
        "You divide by the angle. At t = 1 only sin(ω) / sin(ω) is one.",
    ),
    (
        lambda a, b, t: formula(a, b, t, over=lambda angle: 1),
        "Nothing divides your sines. How much of a is left at t = 0?",
    ),
    (lambda a, b, t: right(a, b, t**2), "Your angle does not grow evenly in t."),
    (
        lambda a, b, t: formula(a, b, t, np.arccos(np.sum(a * b, axis=-1, keepdims=True))),
        "Your angle is NaN, the arccosine of a number beyond 1. By what is a dot product divided to give a cosine?",
    ),
)


def check(rng, spherical):
    a, b = rng.normal(size=(2, 4, 5))
    a, b = 3 * a / norm(a), 3 * b / norm(b)
    compare(spherical, right, [(a, b, t) for t in (0.25, 0.5, 0.9)], MISTAKES)

    uneven, more = rng.normal(size=(2, 3, 5))
    for t, end in ((0, uneven), (1, more)):
        found = array(spherical(uneven, more, t), (3, 5), f"spherical(a, b, {t})")
        hint = "Latents of unequal norms should still be reached: of which of the two did you take the norm?"
        require(np.allclose(found, end), f"spherical(a, b, {t}) is not {'ab'[t]}, where their norms differ.", hint)

    a = np.array([[1.0, 0.0, 0.0], [0.0, 3.0, 4.0]])  # their cosines are 1 without any rounding
    for factor, words in ((1, "b = a"), (2, "b = 2a")):
        found = spherical(a, factor * a, 0.25)
        hint = "sin ω is 0 there, and 0/0 is NaN. What do the two factors tend to for small angles?"
        require(not (isinstance(found, np.ndarray) and np.isnan(found).any()), f"With {words} it gives NaN.", hint)
        found = array(found, a.shape, f"spherical(a, b, 0.25) with {words}")
        hint = "For parallel latents the path is the straight line, and not just one of its ends."
        require(np.allclose(found, straight(a, factor * a, 0.25)), f"With {words} it is not (1 - t) a + t b.", hint)

    a = np.eye(3)
    for b, words in ((-a, "b = -a"), (a * [[1], [1], [-1]], "one pair of three opposite")):
        hint = "Which angle have opposite latents, and which of all the half circles would you walk?"
        if words != "b = -a":
            hint = "All opposite was refused. One pair of the batch is enough to refuse it."
        try:
            spherical(a, b, 0.5)
        except Raised as raised:
            require(
                isinstance(raised.error, ValueError), f"With {words}: {raised.failed}\nExpected a ValueError.", hint
            )
        else:
            require(False, f"With {words} it returned something.\nExpected a ValueError.", hint)
