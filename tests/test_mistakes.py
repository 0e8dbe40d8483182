"""Mistakes found in well-known GAN code, each shown to be one, and shown not to be ours."""

import numpy as np
import pytest

import ganlib
from ganlib import initialise, reference
from ganlib.architectures import BatchNorm, LeakyReLU, generator_layers, names


def test_one_norm_over_the_whole_batch(gl, native):
    """A critic with unit gradients is penalised by 0. One norm over the batch would say 0, 9, 49, 225."""
    for batch, wrong in ((1, 0), (16, 9), (64, 49), (256, 225)):
        gradient = np.zeros((batch, 3))
        gradient[:, 0] = 1
        assert (np.linalg.norm(gradient) - 1) ** 2 == pytest.approx(wrong)
        x, mix = (
            native.tensor(gl, np.random.default_rng(0).normal(size=(batch, 3))),
            native.tensor(gl, np.full(batch, 0.5)),
        )
        assert float(native.numpy(gl.penalties.wgan_gp(lambda x: x[:, 0], x, x, mix))) == pytest.approx(0, abs=1e-20)


def test_momentum_taken_for_epsilon(gl):
    """`BatchNorm2d(n, 0.8)` sets epsilon. Ours get both by name, momentum in PyTorch's own sense."""
    recipe = ganlib.recipe("dcgan-digits", batch_norm_momentum=0.8, batch_norm_epsilon=1e-4, width=4)
    generator = gl.Generator(recipe)
    if gl.name == "torch":
        from torch import nn

        layers = [m for m in generator.modules() if isinstance(m, nn.BatchNorm1d | nn.BatchNorm2d)]
        found = {(layer.eps, round(1 - layer.momentum, 12)) for layer in layers}
    else:
        layers = [layer for layer in generator.stack if layer.name.startswith("batch_norm")]
        found = {(layer.epsilon, layer.momentum) for layer in layers}
    assert len(layers) == sum(isinstance(layer, BatchNorm) for layer in generator_layers(recipe)) > 0
    assert found == {(1e-4, 0.8)}


def test_batch_norm_scales_drawn_around_zero(gl, native):
    """N(0, 0.02) on BatchNorm's scale makes G(z) nearly constant; around one it does not."""
    spread = {}
    for mean in (0.0, 1.0):
        recipe = ganlib.recipe("dcgan-64", scale_mean=mean, width=16)
        latents = np.random.default_rng(0).normal(size=(8, recipe.latent))
        spread[mean] = native.forward(gl, gl.Generator(recipe), latents, training=True).std()
    assert spread[0.0] < 0.02 < 0.1 < spread[1.0]
    for name in ganlib.recipes():
        assert ganlib.recipe(name).scale_mean == 1


def test_updates_that_never_say_training(gl):
    """Training moves the moving statistics of both players. Without training=True they would stay 0 and 1."""
    recipe = ganlib.recipe("dcgan-digits", width=4, batch_size=8)
    trainer = gl.Trainer(recipe)
    trainer.fit(ganlib.data.load("digits"), steps=1, progress=False)
    for model in (trainer.generator, trainer.discriminator):
        moved = {name: array for name, array in gl.get_weights(model).items() if name.endswith((".mean", ".variance"))}
        assert moved
        for name, array in moved.items():
            assert np.abs(array - name.endswith(".variance")).max() > 1e-6, name


def test_gamma_with_three_meanings(gl, native):
    """r1 is E‖∇D‖² with no half, and the trainer's penalty is γ/2 times that. On D(x) = w·x, r1 is ‖w‖²."""
    recipe = ganlib.recipe("ring", penalty="r1", penalty_weight=3.0, depth=1, width=8, batch_size=16)
    trainer = gl.Trainer(recipe, seed=0, precision="float64")
    real = ganlib.data.load("ring", n=16).points
    weights = initialise.discriminator_weights(recipe, initialise.streams(0)["discriminator_weights"])
    w, b, v = weights["dense0.kernel"], weights["dense0.bias"], weights["dense2.kernel"][:, 0]
    gradient = (np.where(real @ w + b > 0, 1, recipe.discriminator_slope) * v) @ w.T
    assert trainer.step(real)["penalty"] == pytest.approx(3 / 2 * reference.penalties.r1(gradient), rel=1e-12)


def test_lazy_penalties_keep_their_mean_weight(gl):
    """Every n-th step at n times the weight (Karras et al. 2020), and nothing in between."""
    points = ganlib.data.load("ring", n=64).points
    eager = gl.Trainer(ganlib.recipe("ring", batch_size=64), precision="float64")
    lazy = gl.Trainer(ganlib.recipe("ring", batch_size=64, penalty_every=4), precision="float64")
    first = eager.fit(points, steps=1, progress=False)["penalty"][0]
    penalties = lazy.fit(points, steps=5, progress=False)["penalty"]
    assert penalties[0] == pytest.approx(4 * first, rel=1e-12)
    assert (penalties[1:4] == 0).all()
    assert penalties[4] > 0


def test_checkpoints_without_random_state(gl, tmp_path):
    """A checkpoint holds both optimisers, the moving average and every random state."""
    from ganlib import checkpoint

    recipe = ganlib.recipe("dcgan-digits", width=4, batch_size=8, moving_average=0.9)
    gl.Trainer(recipe).save(tmp_path)
    arrays, state = checkpoint.load(tmp_path)
    parts = {name.split("/")[0] for name in arrays}
    assert parts == {
        "generator",
        "discriminator",
        "average",
        "generator_optimiser",
        "discriminator_optimiser",
    }
    assert {"m", "v", "steps"} == {name.split("/")[1] for name in arrays if name.startswith("generator_optimiser")}
    assert {*state["streams"], "batches"} == set(initialise.STREAMS)


def test_a_loss_is_what_its_name_says(gl, native):
    """The saturating loss saturates: where D is sure of a fake, its gradient vanishes; the other's does not."""
    fake, real = np.array([-20.0]), np.array([0.0])
    _, (_, saturating) = native.gradients(gl, gl.losses.get("minimax").generator, real, fake)
    _, (_, nonsaturating) = native.gradients(gl, gl.losses.get("nonsaturating").generator, real, fake)
    assert abs(saturating[0]) < 1e-8
    assert nonsaturating[0] == pytest.approx(-1)


def test_a_keyword_that_the_other_version_took():
    """`Adam(lr=…)` raises on Keras 3; a recipe says which field it should have been."""
    with pytest.raises(ganlib.errors.RecipeError, match="rate"):
        ganlib.recipe("ring", generator_optimiser={"lr": 1e-3})


def test_a_default_slope(gl):
    """LeakyReLU's default slope is 0.3 in Keras and 0.01 in PyTorch. Ours is the recipe's, in every layer."""
    recipe = ganlib.recipe("dcgan-digits", width=4)
    model = gl.Discriminator(recipe)
    layers = dict(model.layers.named_children()) if gl.name == "torch" else {layer.name: layer for layer in model.stack}
    slopes = [
        getattr(layer, "negative_slope", None) or getattr(layer, "slope", None)
        for name, layer in layers.items()
        if name.startswith("leaky_relu")
    ]
    assert slopes == [0.2] * len(slopes)
    assert slopes


def test_every_layer_has_a_name_of_its_own():
    layers = generator_layers(ganlib.recipe("dcgan-64"))
    assert len(set(names(layers))) == len(layers)
    assert any(isinstance(layer, LeakyReLU) for layer in layers)


def test_nothing_is_inherited_by_the_trainers_from_a_global_seed(gl):
    """Initial weights come from the seed given, whatever the framework's global one is."""
    recipe = ganlib.recipe("ring", width=4)
    if gl.name == "torch":
        import torch

        reseed = torch.manual_seed
    else:
        import tensorflow as tf

        reseed = tf.random.set_seed
    weights = []
    for seed in (1, 2):
        reseed(seed)
        np.random.seed(seed)  # noqa: NPY002 (the global one is the point)
        weights.append(gl.get_weights(gl.Generator(recipe, seed=7)))
    for name, array in weights[0].items():
        np.testing.assert_array_equal(array, weights[1][name])
