"""A weight γ for R1 or R2, measured on D's first batches instead of guessed.

>>> suggestion = ganlib.gamma.suggest(recipe, data)
>>> print(suggestion)
γ = 0.37. At step 19 of D alone its loss had fallen by half, by 0.69, at R1 = 3.75; with this γ …
>>> recipe = dataclasses.replace(recipe, penalty="r1", penalty_weight=suggestion.gamma)
"""

import dataclasses
from typing import NamedTuple

import numpy as np

import ganlib
from ganlib import arguments
from ganlib.data import Data
from ganlib.recipe import Recipe
from ganlib.reference import losses

WEAK = 1e-6  # a weight at which the penalty is measured and does nothing


class Suggestion(NamedTuple):
    """A weight and where it comes from."""

    gamma: float  # in ganlib's meaning: L_D gets γ/2 · R1
    r1: float  # E‖∇ℓ‖² on the real samples at which D's loss had fallen by half
    step: int  # of D alone when it had
    gain: float  # by how much its loss had fallen

    def __str__(self) -> str:
        return (
            f"γ = {self.gamma:.2g}. At step {self.step} of D alone its loss had fallen by half, by {self.gain:.2f}, at "
            f"R1 = {self.r1:.3g}; with this γ such a slope costs as much as it gained: γ/2 · R1 = {self.gain:.2f}."
        )


def suggest(
    recipe: Recipe, data: Data | np.ndarray, steps: int = 200, seed: int = 0, backend: str | None = None
) -> Suggestion:
    """The γ at which the slope that D needs to tell real from fake costs D what it gains.

    D learns alone against the untrained G, without a penalty, until its loss has fallen to half of what guessing costs.
    R1 at that moment is the slope that this took, and γ = 2 · gain / R1, in the units of x². It is a place to start
    from, in the middle of a good range that is decades wide (benchmarks/gamma.py), not an optimum.

    Recipe, data, seed and backend are those of the training, but the recipe's penalty is left out; D gets so many steps
    at most. A ValueError if the loss has no level of guessing (Wasserstein), or D is too slow to get there.
    """
    arguments.recipe(recipe)
    steps = arguments.whole("steps", steps, 1)
    even = losses.get(recipe.loss).even
    if even is None:
        others = ", ".join(name for name in losses.names() if losses.get(name).even)
        usual = "for wasserstein, WGAN-GP's λ = 10 is the usual start"
        raise ValueError(f"The loss {recipe.loss!r} has no cost of guessing to halve. Use one of {others}; {usual}.")
    measured = dataclasses.replace(recipe, penalty="r1", penalty_weight=WEAK, penalty_every=1)
    trainer = ganlib.backend(backend).Trainer(measured, seed)
    gain = even[0] / 2
    for done in range(0, steps, 20):
        history = trainer.fit_discriminator(data, min(20, steps - done))
        for step, d_loss in enumerate(history["d_loss"]):
            r1 = 2 / WEAK * float(history["penalty"][step])
            if d_loss <= gain and r1 > 0:
                return Suggestion(2 * gain / r1, r1, done + step + 1, gain)
    slow = f"D's loss is still {d_loss:.3g} after {steps} steps alone, not below {gain:.3g}"
    raise ValueError(f"{slow}: it is too slow to need a penalty yet. Give more steps, or raise its rate.")
