"""Convolutions as products of Fourier transforms: the oracle's numbers, and the frameworks' own, derivatives too."""

import numpy as np
import pytest

import ganlib
from ganlib import architectures, fourier, reference

SIZES = [(7, 5), (4, 5), (1, 3), (6, 4), (3, 7), (5, 1), (8, 2)]  # pixels, kernel


@pytest.mark.parametrize(("size", "side"), SIZES)
def test_the_matrices_make_the_oracles_transposed_convolution(size, side):
    rng = np.random.default_rng(0)
    x, kernel = rng.normal(size=(2, size, size, 3)), rng.normal(size=(side, side, 4, 3))
    of_images, of_kernels, back_real, back_imaginary = fourier.matrices(size, side, (side - 1) // 2)
    frequencies = of_kernels.shape[1]
    images = (of_images @ x.transpose(1, 2, 0, 3).reshape(size**2, -1)).reshape(frequencies, -1, 3)
    real, imaginary = (of_kernels @ kernel.reshape(side**2, -1)).reshape(2, frequencies, 4, 3).swapaxes(2, 3)
    y = back_real @ (images @ real).reshape(2 * frequencies, -1)
    y += back_imaginary @ (images @ imaginary).reshape(2 * frequencies, -1)
    y = y.reshape(size, size, 2, 4).transpose(2, 0, 1, 3)
    np.testing.assert_allclose(y, reference.conv_transpose2d(x, kernel), rtol=1e-12, atol=1e-12)


def derivatives(gl, native, layer, x):
    """The output of a layer, its gradients, and the gradients of their squares."""
    if gl.name == "torch":
        import torch

        y = layer(x)
        tensors = [x, layer.weight, layer.bias]
        first = torch.autograd.grad(torch.sin(y).sum(), tensors, create_graph=True)
        second = torch.autograd.grad(sum(gradient.square().sum() for gradient in first), tensors)
    else:
        import tensorflow as tf

        tensors = [x, layer.kernel, layer.bias]
        with tf.GradientTape() as outer:
            outer.watch(x)
            with tf.GradientTape() as inner:
                inner.watch(x)
                y = layer(x)
                total = tf.reduce_sum(tf.sin(y))
            first = inner.gradient(total, tensors)
            squares = tf.add_n([tf.reduce_sum(gradient**2) for gradient in first])
        second = outer.gradient(squares, tensors)
    return [native.numpy(tensor) for tensor in (y, *first, *second)]


@pytest.mark.parametrize(("size", "side"), SIZES)
def test_both_ways_give_the_same_with_their_derivatives(gl, native, monkeypatch, size, side):
    given = architectures.ConvTranspose(4, side, 1, "same", bias=True)
    if gl.name == "torch":
        import torch

        from ganlib.torch import networks

        torch.manual_seed(0)
        layer = networks.ConvTranspose(3, given).double()
        x = torch.randn(2, 3, size, size, dtype=torch.float64, requires_grad=True)
    else:
        import tensorflow as tf

        from ganlib.tensorflow import networks

        layer = networks.ConvTranspose(given, dtype="float64")
        x = tf.random.stateless_normal((2, size, size, 3), (0, 0), dtype="float64")
        layer(x)
    found = []
    for way in (True, False):
        monkeypatch.setattr(fourier, "faster", lambda *_, way=way: way)
        found.append(derivatives(gl, native, layer, x))
    for ours, theirs in zip(*found, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-11, atol=1e-11)


def test_the_tutorials_generator_takes_it_in_one_layer_and_draws_as_exactly(gl, native, monkeypatch):
    recipe = ganlib.recipe("tensorflow-tutorial")
    latents = np.random.default_rng(0).normal(size=(128, recipe.latent))
    asked, choose, drawn = [], fourier.faster, {}
    for precision in ("float64", "float32", "bfloat16"):
        model = gl.Generator(recipe, 0, precision)
        monkeypatch.setattr(fourier, "faster", lambda *about: asked.append(choose(*about)) or asked[-1])
        native.forward(gl, model, latents[:127])
        assert asked.count(True) == 0
        drawn[precision, True] = native.forward(gl, model, latents)
        assert asked.count(True) == 1
        monkeypatch.setattr(fourier, "faster", lambda *_: False)
        drawn[precision, False] = native.forward(gl, model, latents)
        asked.clear()
    exact = drawn["float64", False]
    wrong = {way: np.linalg.norm(images - exact) / np.linalg.norm(exact) for way, images in drawn.items()}
    assert wrong["float64", True] < 1e-13
    assert wrong["float32", True] < 5e-6
    assert wrong["bfloat16", True] < 1.5 * wrong["bfloat16", False]  # 2⁻⁸ a number, either way
