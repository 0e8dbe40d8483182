"""Stacked digits: equal trials and steps, arms that each add one thing, rows of the command as it is."""

import dataclasses
import itertools

import pytest
import recording
import stacked_digits

import ganlib

ROWS = recording.rows(stacked_digits.NAME)


@pytest.mark.parametrize("arm", stacked_digits.ARMS)
def test_each_arm_gets_as_many_trials_and_steps(arm):
    trials = stacked_digits.settings(arm)
    assert len({trial["rate"] for trial in trials}) == stacked_digits.TRIALS
    for trial in trials:
        recipe = stacked_digits.recipe(arm, trial)
        assert (recipe.steps, recipe.discriminator_steps) == (stacked_digits.STEPS, 1)
        assert recipe.generator_optimiser == recipe.discriminator_optimiser
        assert recipe.generator_optimiser.rate == trial["rate"]


def test_each_arm_adds_one_thing_to_the_arm_before_it():
    numbers = {"rate": 1e-3}
    recipes = [dataclasses.asdict(stacked_digits.recipe("DCGAN", numbers))]
    for arm in list(stacked_digits.ARMS)[1:]:
        own = numbers | ({"penalty_weight": 1.0} if "penalty" in stacked_digits.ARMS[arm] else {})
        recipes.append(dataclasses.asdict(stacked_digits.recipe(arm, own)))
    added = [
        {field for field in one if one[field] != other[field]} - {"penalty_weight"}
        for one, other in itertools.pairwise(recipes)
    ]
    assert added == [{"discriminator_norm"}, {"penalty"}, {"penalty"}, {"loss"}]


def test_a_run_counts_modes_beside_what_it_kept(gl):
    recipe = dataclasses.replace(stacked_digits.recipe("DCGAN", {"rate": 1e-3}), width=4, latent=4, steps=2)
    found = stacked_digits.run(recipe, gl.name, seed=0, samples=20)
    assert 1 <= found["modes"] <= 20
    assert found["kl"] > 3.9  # of 20 samples in 1,000 modes it is at least the logarithm of 50


def test_every_row_belongs_to_the_command_as_it_is():
    for row in ROWS:
        key = row["key"]
        expected = stacked_digits.recipe(key["arm"], stacked_digits.settings(key["arm"])[key["trial"] - 1])
        assert ganlib.recipe(**row["recipe"]) == expected, key
