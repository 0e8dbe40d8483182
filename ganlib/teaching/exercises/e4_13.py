"""Exercise 4.13: a collapse, made by one field and cured by another."""

import ganlib
from ganlib.recipe import Recipe
from ganlib.runtime import files
from ganlib.teaching import clinic
from ganlib.teaching.exercises.answers import Blank, require

ASKS = ("collapsed", "cured")
HINTS = (
    "Patients 2 and 6 are the same training but for one field. And what keeps a slow D from falling behind?",
    "Lower discriminator_optimiser.rate to a tenth, and give D several steps for one of G: discriminator_steps.",
)
KEPT = ("moving_average", "steps", "width", "depth")
MOST_COLLAPSED = 1  # modes


def healthy():
    return clinic.patient(6).changed(moving_average=0.98)


def check(rng, collapsed, cured):
    before, ill, again = healthy(), collapsed.given, cured.given
    for name, recipe in (("collapsed", ill), ("cured", again)):
        require(isinstance(recipe, Recipe), f"{name} is no recipe.\nExpected one, made from healthy.")
    if ill == before:
        raise Blank("collapsed is still the healthy training.")
    if again == ill:
        raise Blank("cured is still the collapsed training.")
    first = [name for name in files.differing(before, ill) if name != "about"]
    second = [name for name in files.differing(ill, again) if name != "about"]
    for what, fields in (("collapsed differs from healthy", first), ("cured differs from collapsed", second)):
        require(len(fields) == 1, f"{what} in {', '.join(fields)}.\nExpected one field.", "One change at a time.")
        hint = "That changes the measurement or the budget, not the game. Look for a field of the game itself."
        require(fields[0] not in KEPT, f"{what} in {fields[0]}, which is to stay.", hint)
    require(
        second != first, f"Both change {first[0]}.\nExpected another field for the cure.", "Leave the cause in place."
    )
    ring, gl = ganlib.data.load("ring"), ganlib.backend()
    run = clinic.trained(gl.Trainer(ill, seed=0), ring)
    survives = "This training is tougher than that. What lets G run away from D, or D from G?"
    require(run.score <= MOST_COLLAPSED, f"collapsed: {run.finding}.\nExpected at most {MOST_COLLAPSED}.", survives)
    run = clinic.trained(gl.Trainer(again, seed=0), ring)
    remains = "The cause is still stronger than the cure. What does D lack, and what else could give it that?"
    require(
        run.score >= clinic.HELD and not run.failed, f"cured: {run.finding}.\nExpected {clinic.HELD} of 8.", remains
    )
    return f"Cured: {run.finding}."
