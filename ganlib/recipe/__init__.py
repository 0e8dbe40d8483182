"""A recipe says a whole experiment: networks, losses, optimisers, order of updates, data, length.

    >>> recipe = ganlib.recipe("dcgan-digits", steps=500, penalty="r1", penalty_weight=1.0)
    >>> recipe == ganlib.Recipe.from_json(recipe.to_json())
    True

`fields.py` has what a recipe consists of and what is refused, `shipped.py` the recipes that come with the package.
"""

from ganlib.recipe.fields import FIELDS, PRECISIONS, Optimiser, Recipe
from ganlib.recipe.shipped import RECIPES, recipe, recipes

__all__ = ["FIELDS", "PRECISIONS", "RECIPES", "Optimiser", "Recipe", "recipe", "recipes"]


def __getattr__(name: str) -> object:
    if name == "CONJUGATE":  # chapter 6 takes it from here; it lives with the formulas, which load NumPy
        from ganlib.reference.optimisers import CONJUGATE

        return CONJUGATE
    raise AttributeError(f"module 'ganlib.recipe' has no attribute {name!r}")
