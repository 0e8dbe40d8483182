"""Both frameworks' networks against the NumPy oracle and against each other."""

import importlib

import numpy as np
import pytest
from conftest import conditions
from hypothesis import given, settings
from hypothesis import strategies as st

import ganlib
from ganlib import architectures, initialise, reference

NAMES = ganlib.recipes()


def narrow(name, **changes):
    """The recipe with every layer, but thin, so that the oracle in NumPy is quick."""
    return ganlib.recipe(name, width=4, batch_size=4, **changes)


def inputs(recipe, n=4):
    rng = np.random.default_rng(3)
    return rng.normal(size=(n, recipe.latent)), np.tanh(
        rng.normal(size=(n, *architectures.discriminator_input(recipe)))
    )


def oracle(recipe, training):
    """Images and logits by NumPy, from the weights of seed 0."""
    streams = initialise.streams(0)
    generator = initialise.generator_weights(recipe, streams["generator_weights"])
    discriminator = initialise.discriminator_weights(recipe, streams["discriminator_weights"])
    latents, real = inputs(recipe)
    given = conditions(recipe, len(latents))
    images = reference.network(architectures.generator_layers(recipe), generator, latents, training, given=given)
    logits = reference.network(architectures.discriminator_layers(recipe), discriminator, real, training, given=given)
    return images, logits[:, 0]


def agree(recipe, gl, native, precision, rtol, training):
    (latents, real), given_ = inputs(recipe), conditions(recipe, 4)
    images, logits = oracle(recipe, training)
    made = native.forward(gl, gl.Generator(recipe, 0, precision), latents, training, given_)
    judged = native.forward(gl, gl.Discriminator(recipe, 0, precision), real, training, given_)
    # Relative to the size of the images and logits, not to each pixel: some are zero.
    for found, expected in ((made, images), (judged, logits)):
        assert found.shape == expected.shape
        np.testing.assert_allclose(found, expected, rtol=rtol, atol=rtol * np.abs(expected).max())


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("training", [False, True])
def test_every_recipe_computes_what_numpy_computes(gl, native, name, training):
    recipe = narrow(name, discriminator_dropout=0.0)
    agree(recipe, gl, native, "float64", 1e-11, training)
    agree(recipe, gl, native, "float32", 5e-5, training)  # seven norms over four inputs each in source-003


@pytest.mark.parametrize("name", NAMES)
def test_the_frameworks_agree_at_full_width(both, native, name):
    recipe = ganlib.recipe(name)
    (latents, real), told = inputs(recipe, 2), conditions(recipe, 2)
    made = [native.forward(gl, gl.Generator(recipe), latents, given=told) for gl in both]
    judged = [native.forward(gl, gl.Discriminator(recipe), real, given=told) for gl in both]
    np.testing.assert_allclose(*made, rtol=1e-5, atol=1e-5 * np.abs(made[0]).max())
    np.testing.assert_allclose(*judged, rtol=1e-5, atol=5e-5 * np.abs(judged[0]).max())  # of two logits


@pytest.mark.parametrize("kernel", [2, 3, 4, 5, 6])
def test_every_kernel_with_stride_two_is_the_same_layer(gl, native, kernel):
    agree(narrow("dcgan-digits", kernel=kernel), gl, native, "float64", 1e-12, True)


@pytest.mark.parametrize("kernel", [3, 4])
@pytest.mark.parametrize("upsampling", ["resize", "subpixel"])
def test_the_other_ways_to_double_the_size_are_the_same_layers(gl, native, upsampling, kernel):
    agree(narrow("dcgan-digits", upsampling=upsampling, kernel=kernel), gl, native, "float64", 1e-12, True)


@pytest.mark.parametrize("training", [False, True])
@pytest.mark.parametrize("changes", [{"downsampling": "pool"}, {"boundary_norm": True}])
def test_pooling_and_norm_at_the_boundary_are_the_same_layers(gl, native, changes, training):
    agree(narrow("dcgan-digits", **changes), gl, native, "float64", 1e-12, training)


@st.composite
def recipes(draw):
    """Valid recipes of every architecture, layer, size and channel count, small."""
    name = draw(st.sampled_from(["ring", "dcgan-digits", "tensorflow-tutorial", "pytorch-tutorial"]))
    changes = {
        "width": draw(st.integers(1, 5)),
        "latent": draw(st.integers(1, 9)),
        "generator_norm": draw(st.sampled_from(["batch", "none"])),
        "discriminator_norm": draw(st.sampled_from(["batch", "spectral", "none"])),
        "generator_slope": draw(st.sampled_from([0.0, 0.1])),
        "discriminator_slope": draw(st.sampled_from([0.0, 0.2])),
        "discriminator_dropout": 0.0,
        "generator_output": draw(st.sampled_from(["tanh", "sigmoid", "linear"])),
        "weight_init": draw(st.sampled_from(["normal", "glorot_uniform", "kaiming_uniform"])),
        "weight_std": 0.2,
        "pack": draw(st.integers(1, 2)),
        "batch_size": 4,
        "depth": draw(st.integers(1, 3)),
    }
    if name == "ring" and draw(st.booleans()):
        changes["shape"] = (draw(st.integers(1, 6)), draw(st.integers(1, 6)), draw(st.integers(1, 3)))
    if name == "dcgan-digits":
        size = draw(st.sampled_from([8, 10, 12, 14, 16, 20, 28]))
        changes |= {"shape": (size, size, draw(st.integers(1, 4))), "kernel": draw(st.integers(2, 6))}
        changes["upsampling"] = draw(st.sampled_from(["transposed", "resize", "subpixel"]))
        changes["downsampling"] = draw(st.sampled_from(["strided", "pool"]))
        normalised = "batch" in (changes["generator_norm"], changes["discriminator_norm"])
        changes["boundary_norm"] = normalised and draw(st.booleans())
    if name == "tensorflow-tutorial":
        size = 4 * draw(st.integers(1, 5))
        changes |= {"shape": (size, size, draw(st.integers(1, 3))), "kernel": draw(st.integers(2, 6))}
    return ganlib.recipe(name, **changes)


@settings(max_examples=25)
@given(recipe=recipes(), training=st.booleans())
def test_random_recipes_compute_what_numpy_computes(gl, native, recipe, training):
    agree(recipe, gl, native, "float64", 1e-9, training)


def test_training_moves_the_statistics_as_numpy_does(gl, native):
    recipe = narrow("dcgan-digits", discriminator_norm="spectral")
    streams = initialise.streams(0)
    latents, real = inputs(recipe)
    for model, weights, layers, x in (
        (
            gl.Generator(recipe, 0, "float64"),
            initialise.generator_weights(recipe, streams["generator_weights"]),
            architectures.generator_layers(recipe),
            latents,
        ),
        (
            gl.Discriminator(recipe, 0, "float64"),
            initialise.discriminator_weights(recipe, streams["discriminator_weights"]),
            architectures.discriminator_layers(recipe),
            real,
        ),
    ):
        native.forward(gl, model, x, training=True)
        expected = reference.network_update(layers, weights, x)
        for name, array in gl.get_weights(model).items():
            np.testing.assert_allclose(array, expected[name], rtol=1e-12, atol=1e-12, err_msg=name)


def test_inference_changes_nothing(gl, native):
    recipe = narrow("dcgan-digits", discriminator_norm="spectral")
    model = gl.Discriminator(recipe)
    before = gl.get_weights(model)
    native.forward(gl, model, inputs(recipe)[1], training=False)
    for name, array in gl.get_weights(model).items():
        np.testing.assert_array_equal(array, before[name])


def test_spectral_normalisation_bounds_the_largest_singular_value(gl, native):
    recipe = ganlib.recipe("ring", discriminator_norm="spectral", depth=1, width=16, discriminator_slope=0.99)
    model = gl.Discriminator(recipe, 0, "float64")
    x = np.random.default_rng(0).normal(size=(8, 2))
    for _ in range(200):
        native.forward(gl, model, x, training=True)
    weights = gl.get_weights(model)
    for layer in ("dense0", "dense2"):
        sigma = np.linalg.norm(weights[f"{layer}.kernel"], 2)
        estimate, _ = reference.spectral_norm(weights[f"{layer}.kernel"], weights[f"{layer}.u"])
        assert estimate == pytest.approx(sigma, rel=1e-9)


@pytest.mark.parametrize("name", ["ring", "dcgan-digits", "pytorch-tutorial"])
def test_weights_go_from_one_framework_to_the_other(both, native, name):
    recipe = narrow(name)
    source, target = both
    latents, _ = inputs(recipe)
    original, copy = source.Generator(recipe, seed=1), target.Generator(recipe, seed=2)
    target.set_weights(copy, source.get_weights(original))
    np.testing.assert_allclose(
        native.forward(source, original, latents), native.forward(target, copy, latents), rtol=1e-5, atol=1e-6
    )
    for key, array in source.get_weights(original).items():
        np.testing.assert_array_equal(array, target.get_weights(copy)[key])


def test_foreign_weights_are_refused_and_nothing_is_changed(gl):
    model = gl.Generator(narrow("dcgan-digits"))
    before = gl.get_weights(model)
    with pytest.raises(ValueError, match="another network's"):
        gl.set_weights(model, gl.get_weights(gl.Generator(narrow("ring"))))
    with pytest.raises(ValueError, match=r"dense0.kernel has shape \(64, 1\)"):
        gl.set_weights(model, {**before, "dense0.kernel": np.zeros((64, 1))})
    for name, array in gl.get_weights(model).items():
        np.testing.assert_array_equal(array, before[name])


def test_bfloat16_keeps_float32_weights_and_gives_float32_images(gl, native):
    recipe = narrow("dcgan-digits")
    latents, _ = inputs(recipe)
    model = gl.Generator(recipe, 0, "bfloat16")
    images = native.forward(gl, model, latents)
    assert images.dtype == np.float32
    assert {array.dtype for array in gl.get_weights(model).values()} == {np.dtype("float32")}
    exact = native.forward(gl, gl.Generator(recipe, 0, "float32"), latents)
    assert 0 < np.abs(images - exact).max() < 0.05 * np.abs(exact).max()


def test_dropout_keeps_the_mean_and_the_rate(gl, native):
    layer = importlib.import_module(f"ganlib.{gl.name}.networks").Dropout(0.3)
    ones = native.tensor(gl, np.ones((100, 200)), "float32")
    drawn = native.numpy(layer(ones) if gl.name == "torch" else layer(ones, training=True))
    kept = drawn != 0
    np.testing.assert_allclose(drawn[kept], 1 / 0.7, rtol=1e-6)
    assert kept.mean() == pytest.approx(0.7, abs=0.02)  # six standard deviations
    still = native.numpy(layer.eval()(ones) if gl.name == "torch" else layer(ones, training=False))
    assert (still == 1).all()


def test_a_discriminator_with_dropout_draws_anew_in_training_only(gl, native):
    model = gl.Discriminator(ganlib.recipe("ring", width=16, discriminator_dropout=0.3), 0, "float64")
    x = np.random.default_rng(0).normal(size=(4, 2))
    for training in (True, False):
        first, second = (native.forward(gl, model, x, training=training) for _ in range(2))
        assert (first != second).any() == training
