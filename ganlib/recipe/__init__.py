"""A recipe says a whole experiment: networks, losses, optimisers, order of updates, data, length.

    >>> recipe = ganlib.recipe("dcgan-digits", steps=500, penalty="r1", penalty_weight=1.0)
    >>> recipe == ganlib.Recipe.from_json(recipe.to_json())
    True

    fields.py     what a recipe consists of, field by field, and its JSON
    check.py      what is refused, and with which words
    shipped.py    the recipes that come with the package
    formats.py    what older files mean by the fields that they lack

What a recipe's names stand for is written elsewhere: the networks in `ganlib.architectures` and `ganlib.published`, the
losses, penalties and optimisers in `ganlib.reference` and the two frameworks. Nothing here knows a framework.
"""

from __future__ import annotations

import dataclasses
from typing import Any

from ganlib.errors import RecipeError
from ganlib.recipe import check
from ganlib.recipe.check import CONJUGATE, PRECISIONS
from ganlib.recipe.fields import FIELDS, OPTIMISER_FIELDS, Optimiser, Recipe
from ganlib.recipe.shipped import RECIPES

__all__ = ["CONJUGATE", "FIELDS", "PRECISIONS", "RECIPES", "Optimiser", "Recipe", "recipe", "recipes"]


def recipe(name: str, **changes: Any) -> Recipe:
    """A shipped recipe by name, with changes, checked.

    Args:
        name: one of `ganlib.recipes()`.
        **changes: any field of `Recipe`. An optimiser may be given as a dict of the fields to change:
            `generator_optimiser={"rate": 1e-4}`.

    Raises:
        RecipeError: an unknown name or field, or a value or combination that cannot work; it says what would be right.

    Example:
        >>> ganlib.recipe("dcgan-64", shape=(64, 64, 1), width=32, loss="hinge")
    """
    if not isinstance(name, str) or name not in RECIPES:
        near, known = check.nearest(name, RECIPES), ", ".join(RECIPES)
        raise RecipeError(f"There is no recipe {name!r}.{near} The recipes: {known}.")
    check.refuse_unknown(changes, FIELDS, "recipe")
    shipped = RECIPES[name]
    for player in ("generator_optimiser", "discriminator_optimiser"):
        if isinstance(own := changes.get(player), dict):
            check.refuse_unknown(own, OPTIMISER_FIELDS, player)
            changes[player] = dataclasses.asdict(getattr(shipped, player)) | own
    return dataclasses.replace(shipped, **changes)


def recipes() -> tuple[str, ...]:
    """The names of the shipped recipes; `ganlib.recipe(name).about` says what each is for."""
    return tuple(RECIPES)
