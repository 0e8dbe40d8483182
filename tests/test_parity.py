"""The same seed, the same batches: both frameworks' runs stay together, step after step.

In float64 over 100 steps. In float32 rounding grows at the kinks of ReLU within tens of steps, whatever the
framework, so there it is ten.

What costs time is TensorFlow's tracing of each game, so `make test` plays games in which every pair of choices meets.
`make thorough` has all the single options, recipes and random games besides.
"""

from typing import get_args, get_type_hints

import covering
import numpy as np
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

import ganlib
from ganlib.recipe import Optimiser, Recipe

pytestmark = pytest.mark.long

PLAIN = {"rule": "sgd", "beta1": 0.0}
SMALL = {"width": 4, "batch_size": 16, "latent": 8}


def run(gl, recipe, samples, steps, precision):
    trainer = gl.Trainer(recipe, seed=0, precision=precision)
    history = trainer.fit(samples, steps=steps, progress=False)
    return trainer, history


def assert_together(both, recipe, samples, steps, precision, rtol):
    """All metrics and weights within rtol. Mean logits pass through zero, so they are also within rtol of one."""
    (a, history_a), (b, history_b) = (run(gl, recipe, samples, steps, precision) for gl in both)
    assert history_a.keys() == history_b.keys()
    for name, values in history_a.items():
        assert len(values) == steps
        np.testing.assert_allclose(values, history_b[name], rtol=rtol, atol=rtol, err_msg=name)
    for player in ("generator", "discriminator", "average"):
        if getattr(a, player) is None:
            assert getattr(b, player) is None
            continue
        weights = both[1].get_weights(getattr(b, player))
        for name, array in both[0].get_weights(getattr(a, player)).items():
            # A bias before a norm has a gradient of zero, and moves by its rounding.
            size = max(np.abs(array).max(), 1e-3)
            np.testing.assert_allclose(array, weights[name], rtol=rtol, atol=rtol * size, err_msg=name)
    np.testing.assert_allclose(a.sample(4, seed=3), b.sample(4, seed=3), rtol=rtol, atol=rtol)


@pytest.fixture(scope="module")
def digits():
    return ganlib.data.load("digits").samples


@pytest.fixture(scope="module")
def grid():
    return ganlib.data.load("grid", n=5000).samples


@pytest.mark.parametrize("steps", [30, pytest.param(100, marks=pytest.mark.thorough)])
def test_dcgan_digits_at_full_width(both, digits, steps):
    assert_together(both, ganlib.recipe("dcgan-digits"), digits, steps, "float64", 1e-8)


def test_grid_for_100_steps(both, grid):
    assert_together(both, ganlib.recipe("grid"), grid, 100, "float64", 1e-8)


# Every two choices that can stand together meet in one of these games.

ADAM = {"epsilon": 1e-3}  # large: where batch normalisation makes a gradient zero, Adam would blow its rounding up
CHOICES = {
    "loss": {name: {"loss": name} for name in ganlib.reference.losses.names()},
    "label": {"1": {}, "0.9": {"real_label": 0.9}},
    "penalty": {
        "none": {},
        "r1": {"penalty": "r1", "penalty_weight": 1.0},
        "r2": {"penalty": "r2", "penalty_weight": 1.0},
        "r1+r2, falling": {"penalty": "r1+r2", "penalty_weight": 1.0, "penalty_end": 0.01},
        "wgan_gp": {"penalty": "wgan_gp", "penalty_weight": 1.0},
        "consensus": {"penalty": "consensus", "penalty_weight": 0.1},
    },
    "penalised": {"each step": {}, "each second": {"penalty_every": 2}},
    "update": {
        "alternating": {},
        "two steps of D": {"discriminator_steps": 2},
        "simultaneous": {"update": "simultaneous"},
        "extragradient": {"update": "extragradient"},
        "competitive": {"update": "competitive", "solver_steps": 2},
    },
    "latents": {"fresh": {}, "reused": {"fresh_noise": False}},
    "noise": {
        "none": {"instance_noise": 0.0},
        "constant": {"instance_noise": 0.2},
        "falling": {"instance_noise": 0.2, "instance_noise_steps": 5},
    },
    "pack": {"1": {}, "2": {"pack": 2}},
    "labels": {
        "none": {},
        "one hot": {"classes": 3},
        "embedded": {"classes": 3, **dict.fromkeys(("generator_labels", "discriminator_labels"), "embedding")},
        "projected": {"classes": 3, "discriminator_labels": "projection"},
        "named": {"classes": 3, "discriminator_labels": "auxiliary"},
        "drawn": {"classes": 3, "discriminator_labels": "information", "class_weight": 0.5},
    },
    "features": {"0": {}, "0.1": {"feature_weight": 0.1}},
    "average": {"none": {"moving_average": 0.0}, "0.9": {"moving_average": 0.9}},
    "D's norm": {name: {"discriminator_norm": name} for name in ("batch", "spectral", "none")},
    "networks": {
        "strided": {},
        "resized, averaged": {"upsampling": "resize", "downsampling": "pool", "kernel": 3},
        "subpixel, normalised to the ends": {"upsampling": "subpixel", "kernel": 5, "boundary_norm": True},
        "dense, with octaves": {
            **{"generator": "dense", "discriminator": "dense", "generator_norm": "none"},
            **{"generator_octaves": 2, "discriminator_octaves": 3},
        },
    },
    "G's optimiser": {
        "Keras's Adam": {"generator_optimiser": {**ADAM, "epsilon_placement": "before", "l1": 1e-3, "rate_end": 0.1}},
        "plain": {"generator_optimiser": {**PLAIN, "rate": 5e-3, "rate_end": 0.5}},
        "Hager-Zhang": {"generator_optimiser": {"rule": "hager_zhang", "rate": 2e-3, "beta1": 0.5}},
    },
    "D's optimiser": {
        "Adam": {"discriminator_optimiser": {**ADAM, "beta1": -0.5, "l2": 0.1, "rate_power": 0.5}},
        "plain": {"discriminator_optimiser": {**PLAIN, "rate": 1e-2, "rate_power": 0.5}},
        "Polak-Ribière": {"discriminator_optimiser": {"rule": "polak_ribiere", "rate": 5e-3, "beta1": 0.9}},
    },
}  # fmt: skip
LAST = 8  # steps of these recipes: the games go on beyond, to where schedules have ended
# The smallest images: the fewer layers, the less there is to trace.
TINY = {"width": 4, "batch_size": 16, "latent": 4, "shape": (8, 8, 1), "steps": LAST}


def possible(row):
    """Whether a recipe would take these choices together, as far as they are made."""
    if row.get("penalty") == "consensus" and row.get("update", "simultaneous") != "simultaneous":
        return False
    if row.get("update") == "competitive" and not all(
        row.get(f"{player}'s optimiser", "plain") == "plain" for player in "GD"
    ):
        return False
    if row.get("pack") == "2" and (row.get("labels", "none"), row.get("features", "0")) != ("none", "0"):
        return False
    return row.get("label") != "0.9" or ganlib.reference.losses.get(row.get("loss", "minimax")).smoothable


FACTORS = {name: list(choices) for name, choices in CHOICES.items()}
GAMES = covering.rows(FACTORS, possible)


def game(row):
    changes = [CHOICES[name][value] for name, value in row.items()]
    return ganlib.recipe("dcgan-digits", **TINY, **{k: v for change in changes for k, v in change.items()})


def test_the_games_hold_every_pair_of_choices_and_the_choices_every_value_of_a_recipes_field():
    assert set().union(*map(covering.pairs, GAMES)) == covering.all_pairs(FACTORS, possible)
    for kind, made in (
        (Recipe, list(map(game, GAMES))),
        (Optimiser, [getattr(game(row), f"{p}_optimiser") for row in GAMES for p in ("generator", "discriminator")]),
    ):
        for field, hint in get_type_hints(kind).items():
            # What the networks start from and end with is compared in tests/test_networks.py.
            if get_args(hint) and field not in ("shape", "precision", "weight_init", "generator_output"):
                assert {getattr(one, field) for one in made} == set(get_args(hint)), field


@pytest.mark.parametrize("row", GAMES, ids=lambda row: ", ".join(row[name] for name in ("update", "penalty", "loss")))
def test_every_pair_of_choices_for_10_steps(both, images, row):
    recipe = game(row)
    assert_together(both, recipe, images(recipe), LAST + 2, "float64", 1e-8)


# What follows takes each choice alone, for longer.


@pytest.mark.thorough
@pytest.mark.parametrize("penalty", ["r1", "r2", "r1+r2", "wgan_gp"])
@pytest.mark.parametrize("norm", ["none", "batch"])
def test_each_penalty_for_100_steps(both, digits, penalty, norm):
    recipe = ganlib.recipe(
        "dcgan-digits", **SMALL, penalty=penalty, penalty_weight=1.0, penalty_every=2, discriminator_norm=norm
    )
    assert_together(both, recipe, digits, 100, "float64", 1e-8)


OPTIONS = {
    "minimax": {"loss": "minimax"},
    "least_squares": {"loss": "least_squares", "real_label": 0.9},
    "wasserstein": {
        "loss": "wasserstein",
        "penalty": "wgan_gp",
        "penalty_weight": 10.0,
        "discriminator_steps": 3,
    },
    "hinge": {"loss": "hinge", "discriminator_norm": "spectral"},
    "relativistic": {
        "loss": "relativistic",
        "penalty": "r1+r2",
        "penalty_weight": 0.5,
        "instance_noise": 0.1,
    },
    "simultaneous": {"update": "simultaneous"},
    "reused noise": {"fresh_noise": False},
    "simultaneous, reused noise": {"update": "simultaneous", "fresh_noise": False},
    "reused noise, two steps": {"fresh_noise": False, "discriminator_steps": 2},
    "simultaneous, fresh noise, penalised": {"update": "simultaneous", "penalty": "r1", "penalty_weight": 1.0},
    "extragradient": {"update": "extragradient"},
    "extragradient, momentum": {
        "update": "extragradient",
        "fresh_noise": False,
        "generator_optimiser": {"rule": "sgd", "rate": 1e-2, "beta1": 0.5},
    },
    "consensus": {"update": "simultaneous", "penalty": "consensus", "penalty_weight": 0.5, "penalty_every": 2},
    "consensus, reused noise": {
        "update": "simultaneous",
        "penalty": "consensus",
        "penalty_weight": 0.1,
        "fresh_noise": False,
        "discriminator_norm": "spectral",
        "loss": "relativistic",
    },
    "competitive": {
        **{"update": "competitive", "loss": "minimax", "fresh_noise": False, "solver_steps": 4},
        **{f"{player}_optimiser": {**PLAIN, "rate": 0.1} for player in ("generator", "discriminator")},
    },
    "competitive, penalised": {
        **{"update": "competitive", "loss": "wasserstein", "penalty": "wgan_gp", "penalty_weight": 1.0},
        **{"penalty_every": 2, "discriminator_norm": "spectral", "instance_noise": 0.1, "steps": 20},
        "generator_optimiser": {**PLAIN, "rate": 0.1, "rate_end": 0.5},
        "discriminator_optimiser": {**PLAIN, "rate": 0.2, "rate_power": 0.5},
    },
    "conjugate directions": {
        "generator_optimiser": {"rule": "hager_zhang", "rate": 0.02, "beta1": 0.5},
        "discriminator_optimiser": {"rule": "polak_ribiere", "rate": 0.05, "rate_power": 0.5, "beta1": 0.9},
    },
    "schedules": {
        "steps": 15,
        "penalty": "r1+r2",
        "penalty_weight": 3.0,
        "penalty_end": 0.01,
        "generator_optimiser": {"rate_end": 0.1},
        "discriminator_optimiser": {"rule": "sgd", "rate": 1e-2, "rate_end": 0.0},
    },
    "weight decay": {
        "generator_optimiser": {"l2": 0.01},
        "discriminator_optimiser": {"l1": 1e-3, "l2": 0.1},
    },
    "octaves": {
        "generator": "dense",
        "discriminator": "dense",
        "generator_norm": "none",
        "generator_octaves": 2,
        "discriminator_octaves": 3,
    },
    "moving average": {"moving_average": 0.99},
    "packed": {"pack": 2, "instance_noise": 0.2, "instance_noise_steps": 10},
    "packed penalty": {"pack": 4, "penalty": "wgan_gp", "penalty_weight": 1.0, "instance_noise": 0.2},
    "negative momentum": {
        "generator_optimiser": {"beta1": -0.5},
        "discriminator_optimiser": {"rule": "sgd", "rate": 1e-2, "beta1": -0.5},
    },
    "Keras's epsilon": {"generator_optimiser": {"epsilon_placement": "before", "epsilon": 1e-3}},
    "kernel 3": {"kernel": 3},
    "kernel 5": {"kernel": 5, "shape": (28, 28, 1)},
    "resize": {"upsampling": "resize"},
    "subpixel": {"upsampling": "subpixel", "kernel": 3},
    "pool": {"downsampling": "pool", "penalty": "r1", "penalty_weight": 1.0},
    "boundary norm": {"boundary_norm": True},
    "dense": {"generator": "dense", "discriminator": "dense", "generator_norm": "none"},
}


@pytest.mark.thorough
@pytest.mark.parametrize("option", OPTIONS)
def test_each_option_for_20_steps(both, images, option):
    recipe = ganlib.recipe("dcgan-digits", **{**SMALL, **OPTIONS[option]})
    assert_together(both, recipe, images(recipe), 20, "float64", 1e-9)


@pytest.mark.thorough
@pytest.mark.parametrize("name", ganlib.recipes())
def test_each_recipe_for_5_steps(both, images, name):
    recipe = ganlib.recipe(name, width=4, batch_size=8, discriminator_dropout=0.0)
    assert_together(both, recipe, images(recipe), 5, "float64", 1e-9)


@st.composite
def recipes(draw):
    """Valid games of every kind, on a small network."""
    loss = draw(st.sampled_from(ganlib.reference.losses.names()))
    smoothable = ganlib.reference.losses.get(loss).smoothable
    simultaneous = draw(st.booleans())
    penalty = draw(st.sampled_from(["none", "r1", "r2", "r1+r2", "wgan_gp"]))
    return ganlib.recipe(
        draw(st.sampled_from(["ring", "dcgan-digits"])),
        width=4,
        latent=3,
        batch_size=8,
        loss=loss,
        real_label=draw(st.sampled_from([1.0, 0.9])) if smoothable else 1.0,
        penalty=penalty,
        penalty_weight=0.0 if penalty == "none" else 0.7,
        penalty_every=draw(st.integers(1, 3)),
        instance_noise=draw(st.sampled_from([0.0, 0.1])),
        instance_noise_steps=draw(st.integers(0, 5)),
        pack=draw(st.sampled_from([1, 2, 4])),
        update="simultaneous" if simultaneous else "alternating",
        discriminator_steps=1 if simultaneous else draw(st.integers(1, 2)),
        fresh_noise=draw(st.booleans()),
        discriminator_norm=draw(st.sampled_from(["batch", "spectral", "none"])),
        moving_average=draw(st.sampled_from([0.0, 0.9])),
        # A large ε: where batch normalisation makes a gradient zero, Adam would else blow its rounding up.
        generator_optimiser={"epsilon": 1e-3},
        discriminator_optimiser={"epsilon": 1e-3},
    )


@pytest.mark.thorough
@settings(max_examples=6, phases=[Phase.generate])  # without shrinking: one example takes seconds
@given(recipe=recipes())
def test_random_games_for_4_steps(both, images, recipe):
    assert_together(both, recipe, images(recipe, 32), 4, "float64", 1e-9)


def test_float32_for_10_steps_of_points(both, grid):
    recipe = ganlib.recipe("grid")
    assert_close_32(*(run(gl, recipe, grid, 10, "float32")[1] for gl in both), steps=10)


def test_float32_for_10_steps_of_images(both, digits, tmp_path):
    """In twos, each from the one's state: where an activation crosses zero in one framework only, the runs part.

    At which step that happens is chance and differs between processors; the earliest seen was the eighth.
    """
    first = both[0].Trainer(ganlib.recipe("dcgan-digits"), seed=0, precision="float32")
    for _ in range(5):
        first.save(tmp_path)
        second = both[1].Trainer.load(tmp_path)
        assert_close_32(*(trainer.fit(digits, steps=2, progress=False) for trainer in (first, second)), steps=2)


def assert_close_32(history, other, steps):
    assert history.keys() == other.keys()
    for name, values in history.items():
        assert len(values) >= steps
        np.testing.assert_allclose(values[-steps:], other[name][-steps:], rtol=1e-4, atol=1e-4, err_msg=name)


@pytest.mark.parametrize("loss", ["relativistic", pytest.param("nonsaturating", marks=pytest.mark.thorough)])
def test_each_player_alone(both, digits, loss):
    """fit_discriminator and fit_generator, in turns, on real samples and on given fakes."""
    recipe = ganlib.recipe("dcgan-digits", **SMALL, loss=loss, penalty="r1", penalty_weight=1.0)
    metrics = []
    for gl in both:
        trainer = gl.Trainer(recipe, seed=0, precision="float64")
        runs = [trainer.fit_discriminator(digits, steps=5, fake=-digits), trainer.fit_generator(digits, steps=5)]
        runs += [trainer.fit_discriminator(digits, steps=5), trainer.fit(digits, steps=5, progress=False)]
        metrics.append(np.concatenate([values for run in runs for values in run.values()]))
    np.testing.assert_allclose(*metrics, rtol=1e-9, atol=1e-9)
