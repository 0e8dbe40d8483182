"""Exercise 2.5: matrix games, pure and mixed."""

import numpy as np
from scipy.optimize import linprog

from ganlib.teaching.exercises.answers import array, compare, number, require, show

ASKS = ("pure_values(game)", "mixed(game)")
HINTS = (
    "The order of the words is the order of the moves: for min over i of max over j, look at a row, find what the best "
    "column makes of it, and then choose the row. A mixture s is worth the largest entry of s @ game.",
    "game.max(axis=1).min() and game.min(axis=0).max(). The linear programme has the unknowns s and v: minimise v with "
    "game.T @ s - v ≤ 0, sum(s) = 1, s ≥ 0, and v free.",
)


def pure(game):
    """By trying every row and every column."""
    rows, columns = map(range, game.shape)
    return (
        min(max(game[i, j] for j in columns) for i in rows),
        max(min(game[i, j] for i in rows) for j in columns),
    )


PURE = (
    (lambda game: pure(game)[::-1], "The two are exchanged: min max, where D answers and G loses more, comes first."),
    (lambda game: pure(game.T), "Rows and columns are exchanged: G chooses the row i, D the column j."),
    (
        lambda game: (game.min(axis=1).max(), game.max(axis=0).min()),
        "G loses what D wins. You let the row's player win: who minimises?",
    ),
    (
        lambda game: (game.min(), game.max()),
        "These are extremes of the whole matrix. Each player chooses one line only.",
    ),
    (
        lambda game: (game.max(), game.min()),
        "These are extremes of the whole matrix. Each player chooses one line only.",
    ),
    (
        lambda game: (game.max(axis=1).argmin(), game.min(axis=0).argmax()),
        "You returned where the two are. Their values were asked for.",
    ),
    (
        lambda game: (game.max(axis=1), game.min(axis=0)),
        "These are the answers to each choice. Now choose the best of them.",
    ),
    (lambda game: (game.mean(axis=1).min(), game.mean(axis=0).max()), "The other player does not choose at random."),
)


def best(game):
    """The value of the mixed game, from D's side: the largest w that a mixture of columns wins against every row."""
    rows, columns = game.shape
    found = linprog(
        np.r_[np.zeros(columns), -1],
        A_ub=np.c_[-game, np.ones(rows)],
        b_ub=np.zeros(rows),
        A_eq=[np.r_[np.ones(columns), 0]],
        b_eq=[1],
        bounds=[(0, 1)] * columns + [(None, None)],
    )
    return -found.fun


def judge(game, result):
    """Whether the value and the strategy are those of the mixed game; the strategy need not be the only one."""
    given = f"Given game = {show(game)}."
    pair = isinstance(result, tuple | list) and len(result) == 2
    require(pair, f"mixed does not return two things.\nExpected a value and a strategy.\n{given}")
    require(
        np.ndim(result[0]) == 0,
        f"mixed: the first thing is no number.\nExpected the value.\n{given}",
        "The value comes first, then the strategy.",
    )
    value, expected = number(result[0], "mixed: the value"), best(game)
    size = np.shape(result[1])
    require(
        size == (len(game),) or size != (game.shape[1],),
        f"mixed: the strategy has {size[0] if size else 0} shares.\n{given}",
        "That is a strategy for D. G's has a share for each row.",
    )
    strategy = array(result[1], (len(game),), "mixed: the strategy")
    require(
        abs(strategy.sum() - 1) < 1e-4 and strategy.min() > -1e-5,
        f"mixed: the shares add to {strategy.sum():.4g}, the least is {strategy.min():.4g}.\n{given}",
        "A strategy is a distribution: which constraints say so?",
    )
    reached = (strategy @ game).max()
    if abs(value - expected) < 1e-4:
        require(
            reached < expected + 1e-4,
            f"mixed: the value is right, but against this strategy D wins {reached:.4f}, not {expected:.4f}.\n{given}",
            "Is it the strategy that belongs to this value? Against it no column may win more.",
        )
        return
    failed = (
        f"mixed: the value is {value:.4f}, expected {expected:.4f}.\nWith your strategy it is {reached:.4f}.\n{given}"
    )
    for hint, wrong in (
        ("The value is that of a pure strategy. Let G draw its row at random.", abs(value - pure(game)[0]) < 1e-4),
        ("This is max min without mixing. Let G draw its row at random.", abs(value - pure(game)[1]) < 1e-4),
        ("The sign of the value is flipped: how much does G lose?", abs(value + expected) < 1e-4),
        ("You draw all rows alike. Which mixture leaves D the least?", np.ptp(strategy) < 1e-6),
        (
            "The value of a game may be negative, and linprog keeps unknowns above 0 unless told otherwise.",
            abs(value) < 1e-6 and expected < 0,
        ),
        (
            "G and D are exchanged here: the rows' player loses game[i, j], so it minimises.",
            abs(value + best(-game)) < 1e-4 or abs(value - best(game.T)) < 1e-4 or abs(value - best(-game.T)) < 1e-4,
        ),
        (
            "Nearly: your strategy leaves D little more than the best one does. An iteration comes close and stops "
            "there; a linear programme finds the value itself.",
            expected < reached < expected + 0.1 * np.ptp(game) and abs(value - reached) < 0.05 * np.ptp(game),
        ),
    ):
        require(not wrong, failed, hint)
    require(False, failed)


def check(rng, pure_values, mixed):
    sizes = [(2, 3), (3, 3), (4, 2), (3, 5)]
    compare(pure_values, pure, [(np.round(rng.normal(size=size), 2),) for size in sizes], PURE)
    for game in (np.array([[1.0, -1.0], [-1.0, 2.0]]), rng.normal(1, 1, size=(3, 4)), rng.normal(-3, 1, size=(4, 3))):
        judge(game, mixed(game))
