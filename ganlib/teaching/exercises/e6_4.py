"""Exercise 6.4: a competitive step of a bilinear game, with products only."""

from ganlib import reference
from ganlib.teaching.exercises.answers import compare

ASKS = ("competitive(m, x, y, h)",)
HINTS = (
    "f's gradient by x is My, g's by y is -Mᵀx, and the mixed derivatives are M and -Mᵀ. Put them into the formula.",
    "(I + h² M Mᵀ) z = My + h M Mᵀ x, x moves by -hz, and y by h Mᵀ(x + Δx).",
)


def right(m, x, y, h):
    dx, dy = reference.competitive_step(m @ y, -m.T @ x, m, -m.T, h)
    return x + dx, y + dy


def turns(m, x, y, h):
    new = x - h * m @ y
    return new, y + h * m.T @ new


MISTAKES = (
    (lambda m, x, y, e: (x - e * m @ y, y + e * m.T @ x), "That is the simultaneous step. Where is the other's step?"),
    (turns, "These are turns: y knows x's new place, but x does not reckon with y's."),
    (
        lambda m, x, y, e: reference.competitive_step(m @ y, -m.T @ x, m, -m.T, e),
        "These are the steps. The next places were asked for.",
    ),
    (lambda m, x, y, e: right(m, x, y, -e), "A sign: f falls along -My."),
    (
        lambda m, x, y, e: (right(m, x, y, e)[0], y + e * m.T @ x),
        "y's step answers where x *will* be, not where it is.",
    ),
)


def check(rng, competitive):
    sizes = ((3, 3), 0.5), ((6, 2), 2.0)
    cases = [(rng.normal(size=s), rng.normal(size=s[0]), rng.normal(size=s[1]), h) for s, h in sizes]
    compare(competitive, right, cases, MISTAKES)
