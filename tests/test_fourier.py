"""Convolutions as products of Fourier transforms: the oracle's numbers, and the frameworks' own, derivatives too."""

import numpy as np
import pytest

import ganlib
from ganlib import fourier, reference

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
