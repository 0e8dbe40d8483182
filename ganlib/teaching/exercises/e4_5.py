"""Exercise 4.5: the largest step at which a game of any size converges locally."""

import numpy as np

from ganlib.teaching.exercises.answers import compare

ASKS = ("largest_rate(jacobian)",)
HINTS = (
    "Take one eigenvalue λ of J. For which h is |1 + hλ|² = 1 + 2h Re λ + h² |λ|² below 1? Which eigenvalue decides?",
    "The answer is the least of -2 Re λ / |λ|² over all eigenvalues, numpy.linalg.eigvals(jacobian), and 0 where one "
    "real part is not negative.",
)


def bounds(jacobian):
    """How far each eigenvalue lets h go."""
    values = np.linalg.eigvals(jacobian)
    return -2 * values.real / np.abs(values) ** 2, values


def right(jacobian):
    found, values = bounds(jacobian)
    return float(found.min()) if values.real.max() < -1e-12 else 0.0


def where_it_converges(formula):
    """A mistake in the formula alone: 0 where it belongs."""
    return lambda jacobian: float(formula(*bounds(jacobian))) if right(jacobian) else 0.0


MISTAKES = (
    (where_it_converges(lambda found, values: found.max()), "You took the most patient eigenvalue. All must agree."),
    (
        where_it_converges(lambda found, values: (2 / np.abs(values.real)).min()),
        "That holds for real eigenvalues. An imaginary part makes |1 + hλ| larger.",
    ),
    (
        where_it_converges(lambda found, values: found.min() / 2),
        "A factor 2: at your step the modulus is least.",
    ),
    (
        where_it_converges(lambda found, values: (-2 * values.real / np.abs(values)).min()),
        "Solve 2h Re λ + h² |λ|² = 0 once more: |λ| stands squared.",
    ),
    (
        where_it_converges(lambda found, values: found[values.real.argmax()]),
        "You looked at the largest real part alone. A large imaginary part may be stricter.",
    ),
    (
        lambda jacobian: float(bounds(jacobian)[0].min()),
        "A negative step size? There are games that no step settles.",
    ),
    (lambda jacobian: float(np.abs(bounds(jacobian)[0]).min()), "There are games that no step settles. What is 0 for?"),
    (
        lambda jacobian: float(2 / np.abs(np.linalg.eigvalsh((jacobian + jacobian.T) / 2)).max()),
        "The symmetric part of J loses the rotation. Take the eigenvalues of J itself.",
    ),
)


def check(rng, largest_rate):
    cases = []
    for n, friction in ((1, 0.3), (2, 1.0), (3, 0.4)):
        mixed = rng.normal(size=(n, n))
        own = np.diag(rng.uniform(0.1, 1.5, size=n))
        cases.append((np.block([[-0.2 * own, mixed], [-mixed.T, -friction * np.eye(n)]]),))
    cases.append((np.diag([-0.5, -3.0]),))
    cases.append((np.array([[0.0, 0.5], [-0.5, 0.0]]),))
    cases.append((np.array([[0.3, 1.0], [-1.0, -0.1]]),))
    compare(largest_rate, right, cases, MISTAKES)
