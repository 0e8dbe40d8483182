"""The frameworks' fast.py: other ways to the numbers of the plain calls, both derivatives included."""

from unittest import mock

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import ganlib
from ganlib import fourier

torch_only = pytest.mark.skipif("torch" not in ganlib.available(), reason="PyTorch only")
small = st.integers(1, 4)
shapes = st.fixed_dictionaries(
    {
        **{"n": small, "channels": small, "filters": small, "height": st.integers(3, 9), "width": st.integers(3, 9)},
        **{"kernel": st.integers(1, 6), "stride": st.integers(1, 3), "padding": st.integers(0, 2)},
        **{"bias": st.booleans(), "everywhere": st.booleans()},
    }
)


def torch_tensors(shape, transposed):
    import torch

    generator = torch.Generator().manual_seed(0)
    channels, filters, kernel = shape["channels"], shape["filters"], shape["kernel"]
    sizes = [
        (shape["n"], channels, shape["height"], shape["width"]),
        (channels, filters, kernel, kernel) if transposed else (filters, channels, kernel, kernel),
        *([(filters,)] if shape["bias"] else []),
    ]
    return [torch.randn(size, dtype=torch.float64, generator=generator, requires_grad=True) for size in sizes]


def torch_derivatives(function, tensors):
    """The output, its gradients, and the gradients of their squares."""
    import torch

    y = function(*tensors)
    first = torch.autograd.grad(torch.sin(y).sum(), tensors, create_graph=True)
    second = torch.autograd.grad(sum(gradient.square().sum() for gradient in first), tensors, materialize_grads=True)
    return [tensor.detach().numpy() for tensor in (y, *first, *second)]


def assert_the_same(ours, theirs):
    for a, b in zip(ours, theirs, strict=True):
        assert a.shape == b.shape
        np.testing.assert_allclose(a, b, rtol=1e-10, atol=1e-10 * max(1.0, np.abs(b).max()))


@torch_only
@settings(max_examples=60)
@given(shape=shapes)
def test_a_convolution_is_pytorchs_own(shape):
    import torch.nn.functional as F

    from ganlib.torch import fast

    if min(shape["height"], shape["width"]) + 2 * shape["padding"] < shape["kernel"]:
        return
    tensors, how = torch_tensors(shape, False), (shape["stride"], shape["padding"])
    few = {"WIDE": 0 if shape["everywhere"] else fast.WIDE, "FEW": 10**6}
    with mock.patch.multiple(fast, **few):
        ours = torch_derivatives(lambda x, w, b=None: fast.conv2d(x, w, b, *how), tensors)
    assert_the_same(ours, torch_derivatives(lambda x, w, b=None: F.conv2d(x, w, b, *how), tensors))


@torch_only
@settings(max_examples=60)
@given(shape=shapes, extra=st.integers(0, 2), fourier_too=st.booleans())
def test_a_transposed_convolution_is_pytorchs_own(shape, extra, fourier_too):
    import torch.nn.functional as F

    from ganlib.torch import fast

    if shape["kernel"] <= 2 * shape["padding"] or extra >= shape["stride"]:
        return
    if fourier_too:
        shape = {**shape, "width": shape["height"]}  # the transforms are of square images
    tensors, how = torch_tensors(shape, True), (shape["stride"], shape["padding"], extra)
    few = {"WIDE": 0 if shape["everywhere"] else fast.WIDE, "FEW": 10**6}
    with mock.patch.multiple(fast, **few), mock.patch.object(fourier, "faster", return_value=fourier_too):
        ours = torch_derivatives(lambda x, w, b=None: fast.conv_transpose2d(x, w, b, *how), tensors)
    assert_the_same(ours, torch_derivatives(lambda x, w, b=None: F.conv_transpose2d(x, w, b, *how), tensors))


@torch_only
@pytest.mark.parametrize(("channels", "filters"), [(3, 5), (1, 5), (5, 1)])
@pytest.mark.parametrize("name", ["conv2d", "conv_transpose2d"])
def test_in_bfloat16_they_are_pytorchs_own_within_its_rounding(name, channels, filters):
    import torch
    import torch.nn.functional as F

    from ganlib.torch import fast

    shape = {"n": 2, "channels": channels, "filters": filters, "height": 8, "width": 8, "kernel": 4, "bias": True}
    tensors = [t.detach().float().requires_grad_() for t in torch_tensors(shape, name == "conv_transpose2d")]
    how, found = ((2, 1, 0) if name == "conv_transpose2d" else (2, 1)), []
    for module in (fast, F):
        with mock.patch.multiple(fast, WIDE=0, FEW=10**6), torch.autocast("cpu", torch.bfloat16):
            y = getattr(module, name)(*tensors, *how)
        assert y.dtype == torch.bfloat16
        found.append([y.float(), *torch.autograd.grad(y.float().square().sum(), tensors)])
    for ours, theirs in zip(*found, strict=True):
        assert ours.dtype == torch.float32
        assert (ours - theirs).norm() < 0.01 * theirs.norm()  # a number of bfloat16 is right to 2⁻⁸


@torch_only
def test_which_layers_go_another_way():
    import torch
    import torch.nn.functional as F

    from ganlib.torch import fast

    def ways(recipe):
        """How often G and D of a recipe go each way."""
        gl = ganlib.backend("torch")
        with (
            mock.patch.object(F, "unfold", wraps=F.unfold) as unfold,
            mock.patch.object(F, "fold", wraps=F.fold) as fold,
            mock.patch.object(fast._Windows, "apply", wraps=fast._Windows.apply) as windows,
        ):
            gl.Discriminator(recipe)(gl.Generator(recipe)(torch.zeros(2, recipe.latent)))
        return unfold.call_count, fold.call_count, windows.call_count

    # Grey images: G's last layer makes one channel, D's first reads one.
    assert ways(ganlib.recipe("dcgan-digits")) == (1, 1, 0)
    # Wide layers at few pixels: D's fourth is 256 channels to 512 at 4×4, no other layer is one.
    assert ways(ganlib.recipe("pytorch-tutorial")) == (0, 0, 1)


@pytest.mark.skipif("tensorflow" not in ganlib.available(), reason="TensorFlow only")
@settings(max_examples=25)
@given(n=small, channels=small, filters=small, size=st.integers(1, 8), kernel=st.integers(1, 7))
def test_a_transposed_convolution_is_tensorflows_own(n, channels, filters, size, kernel):
    import tensorflow as tf

    from ganlib.tensorflow import fast

    x = tf.random.stateless_normal((n, size, size, channels), (0, 0), dtype="float64")
    w = tf.random.stateless_normal((kernel, kernel, filters, channels), (0, 1), dtype="float64")

    def derivatives(function):
        with tf.GradientTape() as outer:
            outer.watch([x, w])
            with tf.GradientTape() as inner:
                inner.watch([x, w])
                y = function(x, w, (n, size, size, filters), (1, 1), "SAME")
                total = tf.reduce_sum(tf.sin(y))
            first = inner.gradient(total, [x, w])
            squares = tf.add_n([tf.reduce_sum(gradient**2) for gradient in first])
        return [tensor.numpy() for tensor in (y, *first, *outer.gradient(squares, [x, w]))]

    with mock.patch.object(fourier, "faster", return_value=True):
        ours = derivatives(fast.conv2d_transpose)
    assert_the_same(ours, derivatives(tf.nn.conv2d_transpose))
