"""Losses and penalties of both frameworks: value and gradient against the NumPy oracle."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

import ganlib
from ganlib import reference

LOSSES = reference.losses.names()
SMOOTHABLE = [name for name in LOSSES if reference.losses.get(name).smoothable]
logits = arrays(np.float64, st.shared(st.integers(1, 12), key="n"), elements=st.floats(-50, 50).map(lambda x: x + 1e-3))


@pytest.mark.parametrize("name", LOSSES)
@settings(max_examples=20)
@given(real=logits, fake=logits)
def test_every_loss_and_its_gradient_is_the_oracles(gl, native, name, real, fake):
    ours, oracle = gl.losses.get(name), reference.losses.get(name)
    for player in ("discriminator", "generator"):
        value, gradients = native.gradients(gl, getattr(ours, player), real, fake)
        assert value == pytest.approx(getattr(oracle, player)(real, fake), rel=1e-12, abs=1e-12)
        for given_, expected in zip(gradients, getattr(oracle, f"{player}_gradient")(real, fake), strict=True):
            np.testing.assert_allclose(given_, expected, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("name", SMOOTHABLE)
def test_a_smoothed_label_is_the_oracles(gl, native, name):
    real, fake = np.random.default_rng(0).normal(size=(2, 9))
    value, _ = native.gradients(gl, lambda r, f: gl.losses.get(name).discriminator(r, f, real_label=0.9), real, fake)
    assert value == pytest.approx(reference.losses.get(name).discriminator(real, fake, real_label=0.9), rel=1e-12)


@pytest.mark.parametrize("name", LOSSES)
def test_far_logits_stay_finite_in_float32(gl, native, name):
    far = native.tensor(gl, np.array([-200.0, 200.0]), "float32")
    for player in ("discriminator", "generator"):
        assert np.isfinite(native.numpy(getattr(gl.losses.get(name), player)(far, far)))


def test_an_unknown_loss_is_refused(gl):
    with pytest.raises(ValueError, match="nonsaturating"):
        gl.losses.get("bce")


@pytest.mark.parametrize("name", LOSSES)
def test_logits_with_an_axis_too_many_are_refused(gl, native, name):
    column, row = native.tensor(gl, np.zeros((4, 1))), native.tensor(gl, np.zeros(4))
    for player in ("discriminator", "generator"):
        with pytest.raises(ValueError, match="drop that axis"):
            getattr(gl.losses.get(name), player)(row, column)


def test_the_relativistic_loss_wants_pairs(gl, native):
    with pytest.raises(ValueError, match="as many of each"):
        gl.losses.get("relativistic").discriminator(native.tensor(gl, np.zeros(4)), native.tensor(gl, np.zeros(3)))


# Penalties. D(x) = v · lrelu(x W + b) has the gradient W (v ∘ lrelu'(x W + b)), which NumPy can write down.

SLOPE = 0.2
rng = np.random.default_rng(5)
W, B, V = rng.normal(size=(6, 8)), rng.normal(size=8), rng.normal(size=8)
REAL, FAKE, MIX = rng.normal(size=(7, 6)), rng.normal(size=(7, 6)), rng.uniform(size=7)


def numpy_gradient(x, w, v):
    return (np.where(x @ w + B > 0, 1, SLOPE) * v) @ w.T


def numpy_penalty(name, w, v):
    points = reference.penalties.interpolate(REAL, FAKE, MIX) if name == "wgan_gp" else {"r1": REAL, "r2": FAKE}[name]
    return getattr(reference.penalties, name)(numpy_gradient(points, w, v))


def framework_penalty(gl, native, name, w, v):
    real, fake, mix, b = (native.tensor(gl, a) for a in (REAL, FAKE, MIX, B))

    def discriminator(x):
        hidden = x @ w + b
        if gl.name == "torch":
            import torch

            return torch.where(hidden > 0, hidden, SLOPE * hidden) @ v
        import tensorflow as tf

        return tf.linalg.matvec(tf.where(hidden > 0, hidden, SLOPE * hidden), v)

    arguments = {"r1": (real,), "r2": (fake,), "wgan_gp": (real, fake, mix)}[name]
    return getattr(gl.penalties, name)(discriminator, *arguments)


@pytest.mark.parametrize("name", ["r1", "r2", "wgan_gp"])
def test_every_penalty_and_its_gradient_is_the_oracles(gl, native, name):
    value, (to_w, to_v) = native.gradients(gl, lambda w, v: framework_penalty(gl, native, name, w, v), W, V)
    assert value == pytest.approx(numpy_penalty(name, W, V), rel=1e-12)
    step = 1e-6
    for array, gradient in ((W, to_w), (V, to_v)):
        for index in np.ndindex(array.shape):
            up, down = array.copy(), array.copy()
            up[index] += step
            down[index] -= step
            pairs = [(up, V), (down, V)] if array is W else [(W, up), (W, down)]
            slope = (numpy_penalty(name, *pairs[0]) - numpy_penalty(name, *pairs[1])) / (2 * step)
            assert gradient[index] == pytest.approx(slope, rel=1e-5, abs=1e-5)


def test_a_linear_discriminator_is_penalised_by_the_square_of_its_weight(gl, native):
    weight = native.tensor(gl, np.array([3.0, 4.0]))

    def discriminator(x):
        return (x * weight).sum(1) if gl.name == "torch" else __import__("tensorflow").reduce_sum(x * weight, 1)

    x = native.tensor(gl, np.random.default_rng(0).normal(size=(5, 2)))
    assert float(native.numpy(gl.penalties.r1(discriminator, x))) == pytest.approx(25)
    assert float(native.numpy(gl.penalties.r2(discriminator, x))) == pytest.approx(25)
    mix = native.tensor(gl, np.full(5, 0.5))
    assert float(native.numpy(gl.penalties.wgan_gp(discriminator, x, -x, mix))) == pytest.approx(16)


def test_pairs_that_do_not_match_are_refused(gl, native):
    x, mix = native.tensor(gl, np.zeros((4, 2))), native.tensor(gl, np.zeros((4, 1)))
    with pytest.raises(ValueError, match=r"mix \(4,\)"):
        gl.penalties.wgan_gp(lambda x: x, x, x, mix)


@pytest.mark.parametrize("norm", ["none", "batch", "spectral"])
@pytest.mark.parametrize("name", ["r1", "r2", "wgan_gp"])
def test_penalties_through_a_whole_network_agree_with_each_other_and_with_differences(both, native, name, norm):
    """Their gradients hold second derivatives. tf.nn.moments, for one, gets those of batch normalisation wrong."""
    recipe = ganlib.recipe("dcgan-digits", width=3, discriminator_norm=norm)
    rng = np.random.default_rng(1)
    real, fake, mix = (
        np.tanh(rng.normal(size=(6, 16, 16, 1))),
        np.tanh(rng.normal(size=(6, 16, 16, 1))),
        rng.uniform(size=6),
    )
    results = []
    for gl in both:
        model = gl.Discriminator(recipe, 0, "float64")
        weights = {key: 20 * array if key.endswith("kernel") else array for key, array in gl.get_weights(model).items()}
        gl.set_weights(model, weights)

        def penalty(model=model, gl=gl, weights=weights):
            batches = {"r1": (real,), "r2": (fake,), "wgan_gp": (real, fake)}[name]
            arguments = [native.tensor(gl, batch) for batch in batches]
            arguments += [native.tensor(gl, mix)] if name == "wgan_gp" else []
            # Frozen statistics would hide the trap; u is put back because a training pass moves it.
            gl.set_weights(model, {**gl.get_weights(model), **{k: v for k, v in weights.items() if k.endswith(".u")}})
            if gl.name == "torch":
                return getattr(gl.penalties, name)(model.train(), *arguments)
            return getattr(gl.penalties, name)(lambda x: model(x, training=True), *arguments)

        if gl.name == "torch":
            import torch

            value = penalty()
            (gradient,) = torch.autograd.grad(value, [model.layers.conv0.weight])
            gradient = gradient.permute(2, 3, 1, 0).numpy()
        else:
            import tensorflow as tf

            with tf.GradientTape() as tape:
                value = penalty()
            gradient = tape.gradient(value, model.stack[0].kernel.value).numpy()
        results.append((float(native.numpy(value)), gradient))
        if norm != "spectral":  # u and v are constants there, so differences see more than the gradient
            step = 1e-6
            for index in [(0, 0, 0, 0), (2, 1, 0, 2)]:
                values = []
                for sign in (1, -1):
                    moved = weights["conv0.kernel"].copy()
                    moved[index] += sign * step
                    gl.set_weights(model, {**weights, "conv0.kernel": moved})
                    values.append(float(native.numpy(penalty())))
                gl.set_weights(model, weights)
                assert gradient[index] == pytest.approx((values[0] - values[1]) / (2 * step), rel=1e-4, abs=1e-6)
    np.testing.assert_allclose(results[0][0], results[1][0], rtol=1e-11)
    np.testing.assert_allclose(results[0][1], results[1][1], rtol=1e-9, atol=1e-12)


def test_a_label_is_smoothed_where_there_is_one(gl, native):
    real, fake = (native.tensor(gl, np.random.default_rng(i).normal(size=5)) for i in range(2))
    smoothed, plain = gl.losses.get("minimax", 0.9), gl.losses.get("minimax")
    expected = plain.discriminator(real, fake, real_label=0.9)
    assert native.numpy(smoothed.discriminator(real, fake)) == native.numpy(expected)
    assert native.numpy(smoothed.generator(real, fake)) == native.numpy(plain.generator(real, fake))
    with pytest.raises(ValueError, match="'hinge' has no label"):
        gl.losses.get("hinge", 0.9)


@pytest.mark.parametrize("name", reference.losses.names())
def test_a_loss_asks_for_real_logits_where_the_reference_says_that_it_looks_at_them(gl, name):
    assert gl.losses.get(name).needs_real == reference.losses.get(name).needs_real


def test_no_gradient_of_a_penalty_goes_back_into_the_generator(gl, native):
    """Of D(x) = Σ x³ the penalties do depend on x; what G drew counts as a number all the same."""
    real, fake = np.random.default_rng(0).normal(size=(2, 5, 2))

    def discriminator(x):
        return (x**3).sum(1) if gl.name == "torch" else __import__("tensorflow").reduce_sum(x**3, 1)

    mix = native.tensor(gl, np.full(5, 0.5))
    value, (to_fake,) = native.gradients(gl, lambda x: gl.penalties.r2(discriminator, x) + 0 * x[0, 0], fake)
    assert value == pytest.approx((9 * fake**4).sum(1).mean())
    assert not to_fake.any()
    _, gradients = native.gradients(
        gl, lambda x, y: gl.penalties.wgan_gp(discriminator, x, y, mix) + 0 * x[0, 0] + 0 * y[0, 0], real, fake
    )
    assert not any(gradient.any() for gradient in gradients)
