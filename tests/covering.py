"""Combinations in which every pair of choices occurs: far fewer than all combinations, and most faults need no more.

Kuhn, Wallace and Gallo 2004 ("Software fault interactions and implications for software testing") found that two
settings that meet explain most failures of programs with many settings.
"""

import itertools
import random
from collections.abc import Callable, Mapping, Sequence

Row = dict[str, str]
Pair = tuple[tuple[str, str], tuple[str, str]]


def pairs(row: Row) -> set[Pair]:
    """What meets in a row: every two factors with their values."""
    return set(itertools.combinations(sorted(row.items()), 2))


def all_pairs(factors: Mapping[str, Sequence[str]], possible: Callable[[Row], bool]) -> set[Pair]:
    """The pairs that some row can hold."""
    singles = [(name, value) for name in sorted(factors) for value in factors[name]]
    found = {pair for pair in itertools.combinations(singles, 2) if pair[0][0] != pair[1][0]}
    return {pair for pair in found if _can_be_finished(dict(pair), factors, possible)}


def rows(factors: Mapping[str, Sequence[str]], possible: Callable[[Row], bool]) -> list[Row]:
    """Rows, one value for each factor, that hold every pair of values that can stand together.

    Each is the best of a few tries, which begin with a pair that is still missing and then take, factor by factor, the
    value that brings the most missing pairs. The tries are drawn, always alike.

    Args:
        factors: name → its values.
        possible: whether a row can be, of which some factors may still be missing.
    """
    missing, found, chance = all_pairs(factors, possible), [], random.Random(0)
    while missing:
        tries = [_filled(dict(chance.choice(sorted(missing))), factors, possible, missing, chance) for _ in range(8)]
        found.append(max(tries, key=lambda row: len(missing & pairs(row))))
        missing -= pairs(found[-1])
    return found


def _filled(row: Row, factors: Mapping[str, Sequence[str]], possible: Callable, missing: set[Pair], chance) -> Row:
    for name in chance.sample(sorted(factors), len(factors)):
        if name not in row:
            options = [{**row, name: value} for value in chance.sample(factors[name], len(factors[name]))]
            options = [option for option in options if _can_be_finished(option, factors, possible)]
            row = max(options, key=lambda option: len(missing & pairs(option)))
    return row


def _can_be_finished(row: Row, factors: Mapping[str, Sequence[str]], possible: Callable[[Row], bool]) -> bool:
    if not possible(row):
        return False
    left = next((name for name in factors if name not in row), None)
    return left is None or any(_can_be_finished({**row, left: v}, factors, possible) for v in factors[left])
