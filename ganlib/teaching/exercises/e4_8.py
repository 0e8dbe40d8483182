"""Exercise 4.8: one norm over the whole batch."""

import numpy as np

from ganlib.teaching.exercises.answers import array, compare, require

ASKS = ("target(n)", "pair(n)")
HINTS = (
    "The square of the norm over the batch is the sum of the samples' squared norms.",
    "n gradients of norm 1 have the norm √n together, and so have n/2 of norm √2 beside n/2 of norm 0.",
)
TARGET = (
    (lambda n: n, "You added norms. In the norm of all together it is the squares that add up."),
    (lambda n: 1.0, "That is the library's own. What is the norm of n unit gradients taken together?"),
    (lambda n: 1 / np.sqrt(n), "Upside down: does the norm of all together grow with n, or shrink?"),
    (lambda n: n**2, "That is the wrong way: the root of the sum of n ones."),
    (lambda n: np.sqrt(2 * n), "Each gradient has two numbers, but it is its norm that is 1."),
)


def check(rng, target, pair):
    compare(target, lambda n: np.sqrt(n), [(n,) for n in (4, 1, 16, 50, 256)], TARGET)
    for n in (6, 2, 40):
        found = pair(n)
        several = isinstance(found, tuple | list) or getattr(found, "ndim", 0) == 3
        require(several and len(found) == 2, f"pair({n}) does not give two arrays.")
        right, wrong = (array(g, (n, 2), f"pair({n})[{k}]") for k, g in enumerate(found))
        is_right, is_wrong = (bool(np.allclose(np.linalg.norm(g, axis=1), 1)) for g in (right, wrong))
        hint = ""
        if is_wrong:
            hint = "The right one was asked for first."
        elif np.isclose(np.linalg.norm(right), 1):
            hint = "You made the norm of all together 1. A right critic has the norm 1 at *each* sample."
        elif np.allclose(np.linalg.norm(right, axis=1), np.sqrt(2)):
            hint = "Each of your gradients has the norm √2: it is not their two numbers that are to be 1."
        require(is_right, f"pair({n})[0] has not the norm 1 at each sample.", hint)

        norm = np.linalg.norm(wrong)
        failed = f"pair({n})[1] has the norm {norm:.4g} over the batch, and the penalty is zero at {np.sqrt(n):.4g}."
        hint = ""
        if np.isclose(np.linalg.norm(wrong, axis=1).sum(), n):
            hint = "Your norms have the mean 1. It is their squares whose mean the penalty sees."
        elif np.isclose(norm, 1):
            hint = "You took the library's own target. Here it is yours, t(n)."
        elif not wrong.any():
            hint = "All flat is not zero by this penalty. What may some samples have if others have nothing?"
        require(np.isclose(norm, np.sqrt(n)), failed, hint)
        hint = "Directions do not matter, norms do: both of your batches are right. Make some samples' norms unequal."
        require(not is_wrong, f"pair({n})[1] has the norm 1 at each sample too.", hint)
