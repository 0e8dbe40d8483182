"""Exercise 5.4: swapped players and fake labels in the Dirac-GAN."""

import numpy as np

from ganlib.teaching.exercises.answers import Wrong, compare, require

ASKS = ("eigenvalues(swapped, fake_labels)", "runs_away(swapped, fake_labels)")
HINTS = (
    "Each player's velocity is a row of the Jacobian. Which rows change their sign in each of the three cases?",
    "Both rows: -J, still a rotation. G's row alone: a symmetric matrix, whose eigenvalues are real, of both signs.",
)
J = np.array([[0, 0.5], [-0.5, 0]])
CASES = ((False, False), (True, False), (False, True))


def right(swapped, fake_labels):
    return np.linalg.eigvals(np.diag([-1 if swapped or fake_labels else 1, -1 if swapped else 1]) @ J)


def ordered(values):
    return np.sort_complex(np.round(np.asarray(values, dtype=complex), 6))


MISTAKES = (
    (lambda s, f: right(s, f) * (1j if s else 1), "Swapped, both signs change. What are the eigenvalues of -J?"),
    (lambda s, f: right(s, False), "With fake labels one row changes its sign: multiply it out, it is another matrix."),
    (lambda s, f: 2 * right(s, f), "The Jacobian has ½, not 1."),
    (lambda s, f: right(s, f) * (1j if f else 1), "With fake labels the matrix is symmetric: can that turn?"),
    (lambda s, f: np.array([0.5, 0.5]) if f else right(s, f), "The trace is 0, so the two add up to 0."),
)
AWAY = (
    (lambda s, f: s or f, "Swapped, it is the same circle the other way round: is its real part above 0?"),
    (lambda s, f: s, "You have the two the other way round: whose eigenvalues are real?"),
    (lambda s, f: False, "An eigenvalue above 0 means growth. Is there one?"),
    (lambda s, f: True, "A circle keeps its distance in continuous time. Which of the three are circles?"),
)


def check(rng, eigenvalues, runs_away):
    found = []
    for case in CASES:
        given = eigenvalues(*case)
        try:
            values = ordered(given)
        except (TypeError, ValueError):
            values = np.zeros(0)
        if values.shape != (2,) or not np.isfinite(values).all():
            raise Wrong(f"eigenvalues{case} is {given!r:.80}.\nExpected two numbers, which may be complex.")
        found.append(values)
    wrong = [case for case, values in zip(CASES, found, strict=True) if not np.allclose(values, ordered(right(*case)))]
    if wrong:
        hints = (
            hint
            for mistake, hint in MISTAKES
            if all(np.allclose(values, ordered(mistake(*case))) for case, values in zip(CASES, found, strict=True))
        )
        got = ", ".join(f"{value:.3g}" for value in found[CASES.index(wrong[0])])
        require(False, f"eigenvalues: got {got}\nGiven swapped, fake_labels = {wrong[0]}.", next(hints, ""))
    compare(runs_away, lambda s, f: bool(f), CASES, AWAY)
