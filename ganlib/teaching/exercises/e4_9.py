"""Exercise 4.9: all modes of the ring on a small budget."""

import numpy as np

import ganlib
from ganlib.recipe import Recipe
from ganlib.teaching.exercises.answers import Blank, require

ASKS = ("answer",)
HINTS = (
    "A higher rate makes 600 steps count, if it falls by the end (rate_end). What spreads G over all modes, and what "
    "lets it sharpen them later?",
    "The scoreboard's row stable has it: a relativistic loss, R1 and R2 with a weight that falls (penalty_end), "
    "octaves before both players; and take a short moving average.",
)
BUDGET = {"steps": 600, "batch_size": 128, "width": 64, "depth": 3}
WORST_KL, LEAST_GOOD = 0.05, 50


def check(rng, answer):
    recipe = answer.given
    require(isinstance(recipe, Recipe), 'answer is no recipe.\nExpected one of ganlib.recipe("ring", …).')
    require(
        recipe.data == "ring", f"The recipe is for {recipe.data}.\nExpected the ring.", "Begin with recipe('ring')."
    )
    if recipe == ganlib.recipe("ring"):
        raise Blank("This is the recipe as it is shipped: 8,000 steps of wide networks. Bring it under the budget.")
    for name, most in BUDGET.items():
        hint = "Fewer, not smaller: what makes each step count?" if name == "steps" else f"Set {name}={most}."
        require(getattr(recipe, name) <= most, f"{name} is {getattr(recipe, name)}.\nExpected at most {most}.", hint)
    d_steps, most = recipe.steps * recipe.discriminator_steps, BUDGET["steps"]
    require(d_steps <= most, f"D makes {d_steps} steps.\nExpected at most {most}.", "Steps of D are on the budget too.")
    ring = ganlib.data.load("ring")
    trainer = ganlib.backend().Trainer(recipe, seed=0)
    try:
        trainer.fit(ring, progress=False)
    except ganlib.errors.TrainingFailed:
        require(False, "The numbers became infinite in the training.", "A lower rate, or a penalty on D's slope.")
    found = ganlib.metrics.mode_coverage(trainer.sample(2500, seed=1), ring.centers, ring.std)
    modes, kl, good = found.modes.value, found.reverse_kl.value, found.good_percent.value
    kl = kl if np.isfinite(kl) else np.inf
    told = f"It finds {modes:.0f} of 8 modes, its reverse KL is {kl:.3f}, and {good:.0f} % of its samples are good."
    wanted = f"Expected 8 modes, a reverse KL below {WORST_KL} and at least {LEAST_GOOD} %."
    require(modes == 8, f"{told}\n{wanted}", "Modes are missing. Which remedies of the board find all of them?")
    require(
        kl < WORST_KL, f"{told}\n{wanted}", "All modes are found, some of them hardly. What evens their shares out?"
    )
    blurred = (
        "All modes are found, and blurred. Let the rates and the penalty fall, or let D see finer detail: octaves."
    )
    require(good >= LEAST_GOOD, f"{told}\n{wanted}", blurred)
    return told
