"""The suggested γ: what it is measured from, and that it follows the data's scale."""

import dataclasses

import gamma
import numpy as np
import pytest
from conftest import BACKENDS

import ganlib
from ganlib.reference import losses

QUICK = {"rate": 2e-3}
RECIPE = ganlib.recipe(
    "ring", width=32, batch_size=64, generator_optimiser=QUICK, discriminator_optimiser=QUICK, instance_noise=0.0
)
RING = ganlib.data.load("ring", n=2000).points


@pytest.mark.parametrize("name", BACKENDS)
def test_the_slope_costs_what_it_gains(name):
    found = ganlib.gamma.suggest(RECIPE, RING, backend=name)
    assert found.gamma / 2 * found.r1 == pytest.approx(np.log(2))
    assert found.gain == pytest.approx(losses.nonsaturating.even[0] / 2)
    # The same number from a training of D alone, seen from outside.
    weak = dataclasses.replace(RECIPE, penalty_weight=ganlib.gamma.WEAK)
    history = ganlib.backend(name).Trainer(weak, 0).fit_discriminator(RING, found.step)
    assert history["d_loss"][-1] <= found.gain < history["d_loss"][-2]
    assert history["penalty"][-1] * 2 / ganlib.gamma.WEAK == pytest.approx(found.r1, rel=1e-4)


def test_both_frameworks_agree(both):
    one, other = (ganlib.gamma.suggest(RECIPE, RING, backend=gl.name) for gl in both)
    assert one.step == other.step
    assert one.gamma == pytest.approx(other.gamma, rel=1e-3)


def test_larger_data_need_a_larger_weight():
    """Slopes are per unit of x, so the weight has the units of x²."""
    small, large = (
        np.median([ganlib.gamma.suggest(RECIPE, scale * RING, seed=seed).gamma for seed in range(3)])
        for scale in (1, 4)
    )
    assert 4 < large / small < 40


def test_the_penalty_of_the_recipe_does_not_matter():
    plain = dataclasses.replace(RECIPE, penalty="none", penalty_weight=0.0)
    strong = dataclasses.replace(RECIPE, penalty_weight=100.0, penalty_every=4)
    assert ganlib.gamma.suggest(plain, RING) == ganlib.gamma.suggest(strong, RING)


def test_what_it_cannot_measure():
    with pytest.raises(ValueError, match=r"wasserstein.*guessing"):
        ganlib.gamma.suggest(dataclasses.replace(RECIPE, loss="wasserstein"), RING)
    slow = dataclasses.replace(
        RECIPE, discriminator_optimiser=dataclasses.replace(RECIPE.discriminator_optimiser, rate=1e-9)
    )
    with pytest.raises(ValueError, match="after 5 steps"):
        ganlib.gamma.suggest(slow, RING, steps=5)


def test_a_row_of_the_ledger_comes_out_again():
    """R1 on the first batches of the ring, the cheapest row."""
    [row] = ganlib.ledger.load("gamma").select(task="ring", gamma="first batches", backend="torch", seed=0)
    if "torch" not in BACKENDS:
        pytest.skip("the row is PyTorch's")
    again = gamma.first_batches("torch", "ring", 0)
    # Later steps part in float32; the first twenty do not.
    for name in ("r1", "d_loss"):
        assert again[name][:20] == pytest.approx(row["result"][name][:20], rel=1e-2)


def test_the_suggestion_is_what_the_ledger_measured():
    """The ledger's curves give the weight that `suggest` gives."""
    [row] = ganlib.ledger.load("gamma").select(task="ring", gamma="first batches", backend="torch", seed=0)
    changes = {**row["recipe"]}
    recipe = ganlib.recipe(changes.pop("name"), **changes)
    found = ganlib.gamma.suggest(recipe, ganlib.data.load("ring"), backend=BACKENDS[0])
    step = next(i for i, loss in enumerate(row["result"]["d_loss"]) if loss <= found.gain)
    assert found.step == step + 1
    assert found.gamma == pytest.approx(2 * found.gain / row["result"]["r1"][step], rel=0.02)
