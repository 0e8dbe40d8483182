"""The optimisers of both frameworks against the NumPy oracle, step after step."""

import numpy as np
import pytest

import ganlib
from ganlib import reference
from ganlib.reference.optimisers import CONJUGATE

ADAM = ganlib.recipe("ring").generator_optimiser
SETTINGS = [
    {"rate": 1e-3, "beta1": 0.5, "beta2": 0.9},
    {"rate": 1e-3, "beta1": -0.5, "beta2": 0.99},
    {"rate": 1e-3, "beta1": 0.0, "beta2": 0.0, "epsilon": 1e-2},
    {"rate": 1e-3, "beta1": 0.9, "beta2": 0.999, "epsilon": 1e-2, "epsilon_placement": "before"},
    {"rule": "sgd", "rate": 0.1, "beta1": 0.9},
    {"rule": "sgd", "rate": 0.1, "beta1": -0.5},
    {"rule": "sgd", "rate": 0.1, "beta1": 0.0, "l1": 0.3, "l2": 0.2},
    {"rate": 1e-3, "l2": 0.5, "rate_end": 0.1},
    {"rate": 1e-3, "rate_power": 0.5},
    {"rule": "sgd", "rate": 0.1, "rate_end": 0.5, "rate_power": 0.75},
]


def weights_after(gl, native, settings, starts, gradients):
    if gl.name == "torch":
        import torch

        # One of them channels-last, as a convolution's gradient may be: the fused step must not be misled.
        weights = [native.tensor(gl, start).clone(memory_format=torch.contiguous_format) for start in starts]
    else:
        import tensorflow as tf

        weights = [tf.Variable(start) for start in starts]
    optimiser = gl.optimisers.get(settings, weights)
    for i, step in enumerate(gradients):
        optimiser.apply([native.tensor(gl, gradient) for gradient in step], progress=i / len(gradients))
    return [native.numpy(weight) for weight in weights], optimiser


@pytest.mark.parametrize("changes", SETTINGS)
def test_ten_steps_are_the_oracles(gl, native, changes):
    settings = ganlib.recipe("ring", generator_optimiser=changes).generator_optimiser
    rng = np.random.default_rng(0)
    shapes = [(2, 3, 4, 5), (7,)]
    starts = [rng.normal(size=shape) for shape in shapes]
    gradients = [[rng.normal(size=shape) for shape in shapes] for _ in range(10)]
    ours, optimiser = weights_after(gl, native, settings, starts, gradients)
    for i, weight in enumerate(starts):
        m = v = np.zeros_like(weight)
        for step in range(10):
            # The gradient of the loss plus l1·‖w‖₁ + l2/2·‖w‖², at the rate of this step.
            gradient = gradients[step][i] + settings.l1 * np.sign(weight) + settings.l2 * weight
            rate = settings.rate * (1 - (1 - settings.rate_end) * step / 10) / (step + 1) ** settings.rate_power
            if settings.rule == "sgd":
                weight, v = reference.sgd_step(weight, gradient, v, rate, settings.beta1)
            else:
                weight, m, v = reference.adam_step(
                    weight,
                    gradient,
                    m,
                    v,
                    step + 1,
                    rate,
                    settings.beta1,
                    settings.beta2,
                    settings.epsilon,
                    settings.epsilon_placement,
                )
        np.testing.assert_allclose(ours[i], weight, rtol=1e-11)
        np.testing.assert_allclose(native.numpy(optimiser.state()["v"][i]), v, rtol=1e-11)


@pytest.mark.parametrize("bound", [0.5, 0.99])
@pytest.mark.parametrize("rule", CONJUGATE)
def test_conjugate_directions_are_the_oracles(gl, native, rule, bound):
    """With one β for all of a player's weights, of gradients whose length changes from step to step."""
    changes = {"rule": rule, "rate": 0.2, "beta1": bound, "rate_power": 0.5, "l2": 0.1}
    settings = ganlib.recipe("ring", generator_optimiser=changes).generator_optimiser
    rng = np.random.default_rng(0)
    start, losses = rng.normal(size=127), rng.uniform(0.3, 1, size=(12, 1)) * rng.normal(size=(12, 127))

    def parts(vector):
        return [vector[:120].reshape(2, 3, 4, 5), vector[120:]]

    ours, _ = weights_after(gl, native, settings, parts(start), [parts(loss) for loss in losses])
    weight, before, direction, betas = start, np.zeros(127), np.zeros(127), []
    for step, loss in enumerate(losses, 1):
        gradient = loss + settings.l2 * weight
        betas.append(reference.conjugate_beta(rule, gradient, before, direction))
        rate = settings.rate / step**settings.rate_power
        weight, direction = reference.conjugate_step(weight, gradient, before, direction, rate, rule, bound)
        before = gradient
    for array, part in zip(ours, parts(weight), strict=True):
        np.testing.assert_allclose(array, part, rtol=1e-11)
    assert betas[0] == 0
    assert any(0 < beta < bound for beta in betas)  # the formula, and not only its bounds


def test_keras_epsilon_is_keras_adam():
    """ "before" is what Keras's own Adam does, within the float32 in which it holds its constants."""
    keras = pytest.importorskip("keras")
    import tensorflow as tf

    rng = np.random.default_rng(0)
    start, gradients = rng.normal(size=5), [1e-6 * rng.normal(size=5) for _ in range(20)]
    variable = keras.Variable(start, dtype="float64")
    optimiser = keras.optimizers.Adam(1e-3, 0.9, 0.999, 1e-7)
    weight, m, v = start, np.zeros(5), np.zeros(5)
    other, m2, v2 = start, np.zeros(5), np.zeros(5)
    for step, gradient in enumerate(gradients, 1):
        optimiser.apply([tf.constant(gradient)], [variable])
        weight, m, v = reference.adam_step(weight, gradient, m, v, step, 1e-3, 0.9, 0.999, 1e-7, "before")
        other, m2, v2 = reference.adam_step(other, gradient, m2, v2, step, 1e-3, 0.9, 0.999, 1e-7, "after")
    np.testing.assert_allclose(variable.numpy() - start, weight - start, rtol=1e-4)
    assert np.abs(other - weight).max() > 1e-2 * np.abs(weight - start).max()
