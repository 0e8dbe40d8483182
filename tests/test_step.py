"""A step of adversarial training without the trainer: networks and optimisers of one's own."""

import functools
import importlib

import numpy as np
import pytest

LATENT, BATCH = 3, 16


class Descent:
    """Plain gradient descent, as a reader would write it."""

    def __init__(self, weights, rate=0.05):
        self.weights, self.rate = weights, rate

    def apply(self, gradients, progress):
        del progress
        for weight, gradient in zip(self.weights, gradients, strict=True):
            if hasattr(weight, "assign_sub"):
                weight.assign_sub(self.rate * gradient)
            else:
                weight.data -= self.rate * gradient


def networks(gl):
    """A generator of points on a line and a discriminator, of the framework's own layers."""
    if gl.name == "torch":
        import torch

        torch.manual_seed(0)
        generator = torch.nn.Sequential(torch.nn.Linear(LATENT, 8), torch.nn.ReLU(), torch.nn.Linear(8, 1))
        discriminator = torch.nn.Sequential(
            torch.nn.Linear(1, 8), torch.nn.Tanh(), torch.nn.Linear(8, 1), torch.nn.Flatten(0)
        )
        return generator.double(), discriminator.double()
    import keras

    keras.utils.set_random_seed(0)
    dense = functools.partial(keras.layers.Dense, dtype="float64")
    flat = keras.layers.Reshape((), dtype="float64")
    generator = keras.Sequential([keras.Input((LATENT,)), dense(8, "relu"), dense(1)])
    return generator, keras.Sequential([keras.Input((1,)), dense(8, "tanh"), dense(1), flat])


@pytest.fixture
def game(gl):
    step = importlib.import_module(f"ganlib.{gl.name}.step")
    generator, discriminator = networks(gl)
    moves = [Descent(step.trainable(model)) for model in (generator, discriminator)]
    averaged = []
    made = step.Game(
        generator,
        discriminator,
        *moves,
        gl.losses.get("nonsaturating"),
        gl.penalties.get("r1"),
        lambda: averaged.append(True),
    )
    return step, made, averaged


def draws(native, gl, batches):
    rng = np.random.default_rng(1)
    latents = native.tensor(gl, rng.normal(size=(batches, BATCH, LATENT)))
    return {"latents": latents, "progress": 0.0, "penalty_weight": 0.1}


def real(native, gl):
    return native.tensor(gl, np.random.default_rng(2).normal(3.0, 0.5, size=(BATCH, 1)))


def test_d_learns_from_its_steps_and_then_g_moves(gl, native, game):
    step, made, averaged = game
    before = [native.numpy(weight).copy() for weight in step.trainable(made.generator)]
    losses = []
    for _ in range(30):
        found = step.alternating(made, [real(native, gl)] * 2, draws(native, gl, 3))
        losses.append(float(native.numpy(found["d_loss"])))
    assert losses[-1] < losses[0]
    assert float(native.numpy(found["penalty"])) > 0
    assert len(averaged) == 30
    assert any((native.numpy(a) != b).any() for a, b in zip(step.trainable(made.generator), before, strict=True))


@pytest.mark.parametrize("shared", [True, False])
def test_a_simultaneous_step_takes_both_gradients_before_either_moves(gl, native, game, shared):
    step, made, _ = game
    drawn = draws(native, gl, 1 if shared else 2)
    d_gradients, g_gradients, _ = step.both_gradients(made, real(native, gl), drawn)
    expected = [
        native.numpy(weight) - 0.05 * native.numpy(gradient)
        for model, gradients in ((made.discriminator, d_gradients), (made.generator, g_gradients))
        for weight, gradient in zip(step.trainable(model), gradients, strict=True)
    ]
    step.simultaneous(made, [real(native, gl)], drawn)
    moved = [native.numpy(w) for model in (made.discriminator, made.generator) for w in step.trainable(model)]
    for a, b in zip(moved, expected, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-12)


def test_a_batch_that_is_no_list_of_batches_is_refused_before_anyone_moves(gl, native, game):
    step, made, averaged = game
    with pytest.raises(ValueError, match="16 batches need as many of latents, or one more, not 2"):
        step.alternating(made, real(native, gl), draws(native, gl, 2))
    assert not averaged
