"""The chapter on bugs: its ledger is of its own cells, and each loop still does there what the page says of it."""

import bugs as benchmark
import numpy as np
import pytest
from conftest import ONE_OF_THEM

import ganlib

pytestmark = pytest.mark.long

LEDGER = ganlib.ledger.load(benchmark.NAME)
SHORT = 60  # steps
UNDECIDED = 2 * np.log(2), np.log(2)


@pytest.fixture(scope="module", params=ONE_OF_THEM)
def loops(request):
    return benchmark.loops(request.param)


def short(loops, name, steps=SHORT):
    """A loop of the page after a short training, and how far G's weights came, as a share of their size."""
    recipe = ganlib.recipe(**{**vars(loops["RING"]), "steps": steps})
    training = loops[name](recipe, seed=100)
    before = training.networks.weights()["generator"]
    training.fit()
    after = training.networks.weights()["generator"]
    moved = sum(np.square(after[name] - before[name]).sum() for name in before)
    return training, float(np.sqrt(moved / sum(np.square(weight).sum() for weight in before.values())))


def test_the_right_loop_takes_the_packages_own_steps(loops):
    """The same batches and noise give the same losses as the package's trainer, up to rounding."""
    training, _ = short(loops, "Loop", steps=3)
    again = loops["Loop"](training.recipe, seed=100)
    trainer = loops["gl"].Trainer(training.recipe, 100, precision="float32")
    drawn = trainer.draw
    trainer.draw = lambda step: {**drawn(step), "latents": again.noise()[None]}
    for found in training.losses:
        batch = again.data.samples[again.rng.integers(len(again.data), size=training.recipe.batch_size)]
        metrics = trainer.step(batch)
        np.testing.assert_allclose(found, (metrics["d_loss"], metrics["g_loss"]), rtol=1e-4)


@pytest.mark.parametrize("name", benchmark.ON_RING)
def test_every_loop_runs_and_shows_its_sign(loops, name):
    training, moved = short(loops, name)
    d_loss, g_loss = training.losses[-10:].mean(axis=0)
    assert (moved == 0) == (name == "WrongWeights")
    assert (d_loss < 0.1) == (name == "OneLabel")
    if name == "TwoSigmoids":
        assert (training.losses[:, 0] > 1.0064).all()
    if name == "OneColumn":
        np.testing.assert_allclose((d_loss, g_loss), UNDECIDED, rtol=0.02)
    assert (moved > 0.7) == (name == "NeverCleared")
    if name == "NoiseOnce":
        assert (training.noise() == training.noise()).all()


def test_inference_mode_leaves_the_statistics_where_they_were(loops):
    recipe = ganlib.recipe(**{**vars(loops["DIGITS"]), "steps": 2})
    for name, stays in (("Loop", False), ("Inference", True)):
        weights = loops[name](recipe, seed=100).fit().networks.weights()["generator"]
        statistics = [(n, w) for n, w in weights.items() if n.endswith((".mean", ".variance"))]
        moved = max(np.abs(w - n.endswith(".variance")).max() for n, w in statistics)
        assert (moved == 0) == stays


def test_the_ledger_was_made_as_the_command_would_make_it_now(loops):
    backend = loops["gl"].name
    recipes = {data: benchmark.made(data, backend) for data in benchmark.SEEDS}
    for row in LEDGER.select(backend=backend):
        assert row["recipe"] == recipes[row["key"]["data"]]


def test_the_ledger_bears_what_the_page_says():
    """Each in both frameworks: what fails on every seed, and what hardly shows."""
    for backend in ganlib.backends.BACKENDS:
        modes = {loop: LEDGER.values("score", loop=loop, data="ring", backend=backend) for loop in benchmark.ON_RING}
        for loop in ("OneLabel", "WrongWeights", "OneColumn", "NeverCleared"):
            assert modes[loop].max() <= 2
        for loop in ("TwoSigmoids", "KeptByG"):
            assert modes[loop].max() < modes["Loop"].min()
        assert LEDGER.values("moved", loop="WrongWeights", backend=backend).max() == 0
        right, *wrong = (
            LEDGER.values("score", loop=loop, data="digits", backend=backend) for loop in benchmark.ON_DIGITS
        )
        assert all(right.max() < found.min() for found in wrong)
        ends = [np.median(LEDGER.values(name, loop="KeptByD", backend=backend)) for name in ("d_loss", "g_loss")]
        np.testing.assert_allclose(ends, (np.log(9 / 2), np.log(3 / 2)), rtol=0.03)
