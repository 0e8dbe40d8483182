"""The NumPy oracle against the definitions, SciPy and PyTorch."""

import doctest
import functools
import itertools
import sys

import numpy as np
import pytest
import scipy.signal
from conftest import conditions
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

import ganlib
from ganlib import architectures, initialise, reference
from ganlib.reference import CONJUGATE, conv2d, conv_matrix, conv_transpose2d, losses, penalties

drawn = settings(max_examples=60)
LOSSES = losses.names()


def random(*shape, seed=0):
    return np.random.default_rng([seed, *shape]).normal(size=shape)


def numerical_gradient(function, x, step=1e-6):
    """Central differences of a scalar function, one element at a time."""
    gradient = np.zeros_like(x)
    for i in np.ndindex(x.shape):
        up, down = x.copy(), x.copy()
        up[i] += step
        down[i] -= step
        gradient[i] = (function(up) - function(down)) / (2 * step)
    return gradient


@pytest.mark.parametrize("name", ["", ".losses", ".optimisers"])
def test_examples_in_the_docstrings(name):
    results = doctest.testmod(sys.modules[f"ganlib.reference{name}"], extraglobs={"np": np})
    assert results.attempted > 0
    assert results.failed == 0


# Convolutions.

convolutions = st.fixed_dictionaries(
    {
        "size": st.tuples(st.integers(1, 7), st.integers(1, 7)),
        "kernel": st.tuples(st.integers(1, 5), st.integers(1, 5)),
        "channels": st.tuples(st.integers(1, 3), st.integers(1, 3)),
        "stride": st.integers(1, 3),
        "padding": st.sampled_from(("same", "valid")),
    }
)


def image_and_kernel(case):
    """x (2, height, width, in) and kernel (kh, kw, in, out), which must fit if there is no padding."""
    fits = all(n >= k for n, k in zip(case["size"], case["kernel"], strict=True))
    assume(case["padding"] == "same" or fits)
    return random(2, *case["size"], case["channels"][0]), random(*case["kernel"], *case["channels"], seed=1)


def convolution_by_definition(x, kernel, stride, padding):
    """The sum of the docstring, one product at a time; pixels outside the image count as zero."""
    n, height, width, _ = x.shape
    kh, kw, channels, out = kernel.shape
    if padding == "valid":
        sizes, top, left = ((height - kh) // stride + 1, (width - kw) // stride + 1), 0, 0
    else:
        sizes = (-(-height // stride), -(-width // stride))
        top = max((sizes[0] - 1) * stride + kh - height, 0) // 2
        left = max((sizes[1] - 1) * stride + kw - width, 0) // 2
    y = np.zeros((n, *sizes, out))
    for image, a, b, o in np.ndindex(y.shape):
        for i, j, c in np.ndindex(kh, kw, channels):
            row, column = stride * a + i - top, stride * b + j - left
            if 0 <= row < height and 0 <= column < width:
                y[image, a, b, o] += x[image, row, column, c] * kernel[i, j, c, o]
    return y


@drawn
@given(convolutions)
def test_conv2d_is_its_definition(case):
    x, kernel = image_and_kernel(case)
    y = conv2d(x, kernel, None, case["stride"], case["padding"])
    assert_allclose(y, convolution_by_definition(x, kernel, case["stride"], case["padding"]), atol=1e-12)


@pytest.mark.parametrize("padding", ["same", "valid"])
@pytest.mark.parametrize("k", [1, 3, 5])
def test_conv2d_is_scipys_cross_correlation(k, padding):
    x, kernel = random(1, 6, 7, 1), random(k, k, 1, 1, seed=1)
    expected = scipy.signal.correlate2d(x[0, :, :, 0], kernel[:, :, 0, 0], padding)
    assert_allclose(conv2d(x, kernel, padding=padding)[0, :, :, 0], expected, atol=1e-12)


@drawn
@given(convolutions)
def test_conv_transpose2d_is_scipys_convolution_of_the_spread_out_input(case):
    """Zeros between the pixels, a full convolution with the kernel (which flips it), then the crop."""
    (height, width), stride, padding = case["size"], case["stride"], case["padding"]
    (kh, kw), (channels, out) = case["kernel"], case["channels"]
    x, kernel = random(1, height, width, channels), random(kh, kw, out, channels, seed=1)
    spread = np.zeros(((height - 1) * stride + 1, (width - 1) * stride + 1, channels))
    spread[::stride, ::stride] = x[0]
    full = [
        sum(scipy.signal.convolve2d(spread[:, :, c], kernel[:, :, o, c]) for c in range(channels)) for o in range(out)
    ]
    expected = np.stack(full, axis=-1)
    if padding == "same":
        top, left = max(kh - stride, 0) // 2, max(kw - stride, 0) // 2
        beyond = np.pad(expected, ((0, stride), (0, stride), (0, 0)))  # a kernel below the stride leaves gaps
        expected = beyond[top : top + height * stride, left : left + width * stride]
    assert_allclose(conv_transpose2d(x, kernel, None, stride, padding)[0], expected, atol=1e-12)


def sizes_meet(case):
    """Whether the transposed convolution leads back to the size that the convolution came from."""
    if case["padding"] == "same":
        return all(n % case["stride"] == 0 for n in case["size"])
    return all((n - k) % case["stride"] == 0 for n, k in zip(case["size"], case["kernel"], strict=True))


@drawn
@given(convolutions)
def test_the_transposed_convolution_is_the_adjoint(case):
    assume(sizes_meet(case))
    x, kernel = image_and_kernel(case)
    cx = conv2d(x, kernel, None, case["stride"], case["padding"])
    y = random(*cx.shape, seed=2)
    cty = conv_transpose2d(y, kernel, None, case["stride"], case["padding"])
    assert cty.shape == x.shape
    assert_allclose(np.vdot(cx, y), np.vdot(x, cty), atol=1e-10)


@drawn
@given(convolutions)
def test_conv_matrix_multiplies_like_conv2d_and_its_transpose_like_conv_transpose2d(case):
    x, kernel = image_and_kernel(case)
    matrix = conv_matrix(kernel, x.shape[1:], case["stride"], case["padding"])
    y = conv2d(x, kernel, None, case["stride"], case["padding"])
    assert matrix.shape == (y[0].size, x[0].size)
    assert_allclose(matrix @ x[0].ravel(), y[0].ravel(), atol=1e-12)
    if sizes_meet(case):
        back = conv_transpose2d(y, kernel, None, case["stride"], case["padding"])
        assert_allclose(matrix.T @ y[0].ravel(), back[0].ravel(), atol=1e-12)


@drawn
@given(st.integers(1, 7), st.integers(1, 5), st.integers(1, 3), st.sampled_from(("same", "valid")))
def test_sizes_follow_the_architectures(size, k, stride, padding):
    x, kernel = random(1, size, size + 1, 2), random(k, k, 2, 3)
    layer = architectures.ConvTranspose(3, k, stride, padding, bias=False)
    y = conv_transpose2d(x, kernel.swapaxes(2, 3), None, stride, padding)
    assert y.shape[1:] == architectures.shapes([layer], x.shape[1:])[0]
    assume(padding == "same" or size >= k)
    conv = architectures.Conv(3, k, stride, padding, bias=False)
    assert conv2d(x, kernel, None, stride, padding).shape[1:] == architectures.shapes([conv], x.shape[1:])[0]


def test_the_odd_pixel_of_padding_goes_last():
    line, ones = np.array([1.0, 10, 100, 1000]).reshape(1, 1, 4, 1), np.ones((1, 3, 1, 1))
    assert conv2d(line, ones, stride=2).ravel().tolist() == [111, 1100]
    weights = np.array([1.0, 2, 3]).reshape(1, 3, 1, 1)
    two = np.array([1.0, 10]).reshape(1, 1, 2, 1)
    # The height has stride 2 as well: below each row of copies comes an empty one.
    assert conv_transpose2d(two, weights, stride=2)[0, :, :, 0].tolist() == [[1, 2, 13, 20], [0, 0, 0, 0]]


def test_a_bias_is_added_once_to_each_channel():
    x = random(2, 4, 4, 3)
    for operation in (conv2d, conv_transpose2d):
        kernel = random(3, 3, 3, 3)
        with_bias = operation(x, kernel, [1.0, 2.0, 3.0], stride=2)
        without = operation(x, kernel, stride=2)
        assert_allclose(with_bias - without, np.broadcast_to([1.0, 2.0, 3.0], without.shape))
    assert_allclose(reference.dense([[1.0, 2.0]], [[1.0], [10.0]], [100.0]), [[121.0]])


def torch_conv_transpose(x, kernel, **settings):
    torch = pytest.importorskip("torch")
    y = torch.nn.functional.conv_transpose2d(
        torch.tensor(x.transpose(0, 3, 1, 2)), torch.tensor(kernel.transpose(3, 2, 0, 1)), **settings
    )
    return y.numpy().transpose(0, 2, 3, 1)


@pytest.mark.parametrize("k", [2, 4, 6])
def test_even_kernels_at_stride_2_need_only_torchs_symmetric_padding(k):
    x, kernel = random(2, 5, 5, 3), random(k, k, 4, 3, seed=1)
    ours = conv_transpose2d(x, kernel, stride=2)
    assert_allclose(torch_conv_transpose(x, kernel, stride=2, padding=(k - 2) // 2), ours, atol=1e-12)


@pytest.mark.parametrize("k", [3, 5])
def test_odd_kernels_at_stride_2_fit_no_symmetric_padding_of_torch_but_a_crop(k):
    x, kernel = random(2, 5, 5, 3), random(k, k, 4, 3, seed=1)
    ours = conv_transpose2d(x, kernel, stride=2)
    usual = torch_conv_transpose(x, kernel, stride=2, padding=k // 2, output_padding=1)
    assert usual.shape == ours.shape
    assert np.abs(usual - ours).max() > 0.5
    before = (k - 2) // 2
    full = torch_conv_transpose(x, kernel, stride=2)
    assert_allclose(full[:, before : before + 10, before : before + 10], ours, atol=1e-12)


@pytest.mark.parametrize(("k", "stride"), [(3, 1), (4, 2), (5, 2), (1, 2)])
def test_conv2d_agrees_with_torch(k, stride):
    torch = pytest.importorskip("torch")
    x, kernel, bias = random(2, 8, 9, 3), random(k, k, 3, 4, seed=1), random(4)
    y = torch.nn.functional.conv2d(
        torch.tensor(x.transpose(0, 3, 1, 2)),
        torch.tensor(kernel.transpose(3, 2, 0, 1)),
        torch.tensor(bias),
        stride,
    )
    expected = y.numpy().transpose(0, 2, 3, 1)
    assert_allclose(conv2d(x, kernel, bias, stride, "valid"), expected, atol=1e-12)


# Padding as a number, output padding, dilation.


def fit(sizes, kernels, stride, padding, dilation):
    """Whether a convolution with these numbers fits."""
    return all(n + 2 * padding >= dilation * (k - 1) + 1 for n, k in zip(sizes, kernels, strict=True))


@pytest.mark.parametrize("stride", [1, 2, 3])
@pytest.mark.parametrize("dilation", [1, 2, 3])
def test_every_padding_output_padding_and_dilation_agrees_with_torch(stride, dilation):
    torch = pytest.importorskip("torch")
    made = 0
    for n, k, padding, extra in itertools.product((1, 2, 5), (1, 2, 3, 4, 5), (0, 1, 2, 3), range(stride)):
        numbers = {"stride": stride, "padding": padding, "dilation": dilation}
        x, kernel, bias = random(1, n, n + 1, 2), random(k, k, 3, 2, seed=1), random(3)
        if stride * (n - 1) + dilation * (k - 1) + 1 - 2 * padding + extra < 1:
            with pytest.raises(ValueError, match="leaves nothing"):
                conv_transpose2d(x, kernel, bias, output_padding=extra, **numbers)
            continue
        expected = torch_conv_transpose(x, kernel, bias=torch.tensor(bias), output_padding=extra, **numbers)
        y = conv_transpose2d(x, kernel, bias, output_padding=extra, **numbers)
        assert y.shape == expected.shape
        assert_allclose(y, expected, atol=1e-12)
        # The convolution with the same numbers leads back, and is the adjoint.
        forward = torch.nn.functional.conv2d(
            torch.tensor(y.transpose(0, 3, 1, 2)), torch.tensor(kernel.transpose(3, 2, 0, 1)), **numbers
        )
        back = conv2d(y, kernel, **numbers)
        assert back.shape == x.shape
        assert_allclose(back, forward.numpy().transpose(0, 2, 3, 1), atol=1e-12)
        assert_allclose(np.vdot(back, x), np.vdot(y, y - bias), rtol=1e-9, atol=1e-10)
        made += 1
    assert made > 30


@pytest.mark.parametrize("k", [2, 3, 4, 5])
def test_output_padding_and_dilation_agree_with_keras(k):
    """As far as Keras has them: TensorFlow does not dilate a transposed convolution on CPUs."""
    keras = pytest.importorskip("keras")
    kernel = random(k, k, 4, 3, seed=1)
    for stride, extra in ((1, 0), (2, 0), (2, 1), (3, 2)):
        x = random(2, 5, 6, 3)
        layer = keras.layers.Conv2DTranspose(
            4, k, stride, "valid", output_padding=extra, use_bias=False, dtype="float64"
        )
        layer.build(x.shape)
        layer.set_weights([kernel])
        ours = conv_transpose2d(x, kernel, None, stride, "valid", extra)
        assert_allclose(keras.ops.convert_to_numpy(layer(x)), ours, atol=1e-12)
    for padding, dilation in itertools.product(("same", "valid"), (1, 2)):
        x = random(2, 9, 10, 4)
        layer = keras.layers.Conv2D(3, k, 1, padding, dilation_rate=dilation, use_bias=False, dtype="float64")
        layer.build(x.shape)
        layer.set_weights([kernel])
        ours = conv2d(x, kernel, None, 1, padding, dilation)
        assert_allclose(keras.ops.convert_to_numpy(layer(x)), ours, atol=1e-12)


@drawn
@given(convolutions, st.integers(0, 4) | st.just("same"), st.integers(1, 3))
def test_the_matrix_takes_padding_and_dilation_and_its_transpose_the_matching_output_padding(case, padding, dilation):
    stride = case["stride"]
    assume(padding == "same" or fit(case["size"], case["kernel"], stride, padding, dilation))
    kernel = random(*case["kernel"], *case["channels"], seed=1)
    x = random(1, *case["size"], case["channels"][0])
    matrix = conv_matrix(kernel, x.shape[1:], stride, padding, dilation)
    y = conv2d(x, kernel, None, stride, padding, dilation)
    assert_allclose(matrix @ x.ravel(), y.ravel(), atol=1e-12)
    if padding == "same":
        left = {n % stride for n in case["size"]}
        assume(left == {0})  # from a size that is no multiple of the stride there is no way back
    else:
        reach = [n + 2 * padding - dilation * (k - 1) - 1 for n, k in zip(case["size"], case["kernel"], strict=True)]
        left = {n % stride for n in reach}
    assume(len(left) == 1)  # one output padding for both sides
    back = conv_transpose2d(y, kernel, None, stride, padding, left.pop(), dilation)
    assert back.shape == x.shape
    assert_allclose(matrix.T @ y.ravel(), back.ravel(), atol=1e-12)


# Resizing and sub-pixels.


def test_upsample_and_depth_to_space_by_hand():
    x = np.array([[1.0, 2.0], [3.0, 4.0]]).reshape(1, 2, 2, 1)
    assert reference.upsample(x)[0, :, :, 0].tolist() == [[1, 1, 2, 2], [1, 1, 2, 2], [3, 3, 4, 4], [3, 3, 4, 4]]
    # Two channels a and b of one pixel's block: a0 b0 a1 b1 in the upper row, a2 b2 a3 b3 in the lower.
    blocks = reference.depth_to_space(np.arange(8.0).reshape(1, 1, 1, 8))
    assert blocks[0].tolist() == [[[0, 1], [2, 3]], [[4, 5], [6, 7]]]


def test_average_pool_by_hand_and_what_it_undoes():
    x = np.array([[1.0, 2.0, 9.0], [3.0, 4.0, 9.0], [9.0, 9.0, 9.0]]).reshape(1, 3, 3, 1)
    assert reference.average_pool(x).tolist() == [[[[2.5]]]]  # the third row and column are left over
    x = random(2, 3, 4, 5)
    assert_allclose(reference.average_pool(reference.upsample(x, 3), 3), x, rtol=1e-15)


@pytest.mark.parametrize("block", [1, 2, 3])
def test_upsample_and_depth_to_space_agree_with_torch(block):
    torch = pytest.importorskip("torch")
    x = random(2, 3, 4, 5 * block**2)
    # PyTorch's order is (channel, place in the block), ours (place in the block, channel).
    native = x.reshape(2, 3, 4, block**2, 5).swapaxes(3, 4).reshape(x.shape).transpose(0, 3, 1, 2)
    shuffled = torch.nn.functional.pixel_shuffle(torch.tensor(native), block).numpy().transpose(0, 2, 3, 1)
    assert_array_equal(reference.depth_to_space(x, block), shuffled)
    resized = torch.nn.functional.interpolate(torch.tensor(x.transpose(0, 3, 1, 2)), scale_factor=block)
    assert_array_equal(reference.upsample(x, block), resized.numpy().transpose(0, 2, 3, 1))


@pytest.mark.parametrize("block", [2, 3])
def test_depth_to_space_is_tensorflows(block):
    tensorflow = pytest.importorskip("tensorflow")
    x = random(2, 3, 4, 5 * block**2)
    assert_array_equal(reference.depth_to_space(x, block), tensorflow.nn.depth_to_space(x, block).numpy())


@pytest.mark.parametrize("k", [1, 3, 5])
def test_a_subpixel_convolution_is_a_transposed_one_with_a_kernel_twice_as_large(k):
    """Shi et al. 2016, "Is the deconvolution layer the same as a convolutional layer?", for odd kernels."""
    x, kernel = random(2, 4, 5, 3), random(k, k, 3, 4 * 2, seed=1)
    subpixel = reference.depth_to_space(conv2d(x, kernel))
    # Entry (p, q) of channel (i, j, o) becomes entry (2 (k - 1 - p) + i, 2 (k - 1 - q) + j) of channel o.
    parts = kernel[::-1, ::-1].reshape(k, k, 3, 2, 2, 2)
    large = parts.transpose(0, 3, 1, 4, 5, 2).reshape(2 * k, 2 * k, 2, 3)
    assert_allclose(conv_transpose2d(x, large, stride=2), subpixel, atol=1e-12)


# Normalisation and activations.


@pytest.mark.parametrize("shape", [(8, 3), (4, 5, 6, 3)])
def test_batch_norm_normalises_then_scales_and_shifts(shape):
    x = 5 + 3 * random(*shape)
    y = reference.batch_norm(x, [1.0, 2.0, 3.0], [0.0, 10.0, 20.0], epsilon=0.0)
    axes = tuple(range(len(shape) - 1))
    assert_allclose(y.mean(axes), [0, 10, 20], atol=1e-12)
    assert_allclose(y.std(axes), [1, 2, 3])
    # Epsilon stands under the root: a variance of 3 and an epsilon of 1 divide by 2.
    spread = np.sqrt(3.0) * np.array([[-1.0], [1.0]])
    assert_allclose(reference.batch_norm(spread, [1.0], [0.0], epsilon=1.0), spread / 2)


def test_moving_statistics_keep_the_share_momentum_of_the_old_and_the_unbiased_variance():
    x = np.array([[0.0], [2.0], [4.0]])  # mean 2, variance 8/3, unbiased 4
    mean, variance = reference.moving_statistics(x, [10.0], [1.0], momentum=0.9)
    assert_allclose(mean, [0.9 * 10 + 0.1 * 2])
    assert_allclose(variance, [0.9 * 1 + 0.1 * 4])


@pytest.mark.parametrize("shape", [(8, 3), (4, 5, 6, 3)])
def test_batch_norm_and_moving_statistics_agree_with_torch(shape):
    torch = pytest.importorskip("torch")
    x, scale, shift = random(*shape), random(3), random(3, seed=1)
    mean, variance = random(3, seed=2), random(3, seed=3) ** 2
    running = torch.tensor(mean), torch.tensor(variance)
    channels_first = torch.tensor(np.moveaxis(x, -1, 1))
    affine = torch.tensor(scale), torch.tensor(shift)
    y = torch.nn.functional.batch_norm(channels_first, *running, *affine, training=True, momentum=0.2, eps=1e-3)
    assert_allclose(reference.batch_norm(x, scale, shift, 1e-3), np.moveaxis(y.numpy(), 1, -1), atol=1e-12)
    mean, variance = reference.moving_statistics(x, mean, variance, momentum=0.8)
    assert_allclose(mean, running[0].numpy())
    assert_allclose(variance, running[1].numpy())
    y = torch.nn.functional.batch_norm(channels_first, *running, *affine, training=False, eps=1e-3)
    inference = reference.batch_norm_inference(x, scale, shift, mean, variance, 1e-3)
    assert_allclose(inference, np.moveaxis(y.numpy(), 1, -1), atol=1e-12)


@pytest.mark.parametrize("shape", [(7, 5), (3, 3, 4, 6)])
def test_spectral_norm_finds_the_largest_singular_value(shape):
    kernel, u = random(*shape), random(shape[-1], seed=1)
    matrix = kernel.reshape(-1, shape[-1])
    largest = np.linalg.norm(matrix, 2)
    for _ in range(300):
        sigma, u = reference.spectral_norm(kernel, u)
        assert sigma <= largest * (1 + 1e-12)
    assert_allclose(sigma, largest)
    assert_allclose(np.linalg.norm(u), 1)


def test_spectral_norm_makes_one_iteration_in_training_and_none_in_inference():
    kernel = np.diag([2.0, 1.0])
    sigma, u = reference.spectral_norm(kernel, [0.6, 0.8])
    # W u = (1.2, .8), Wᵀ W u = (2.4, .8): σ is their lengths' ratio.
    assert_allclose(u, np.array([2.4, 0.8]) / np.hypot(2.4, 0.8))
    assert_allclose(sigma, np.hypot(2.4, 0.8) / np.hypot(1.2, 0.8))
    sigma, u = reference.spectral_norm(kernel, [0.6, 0.8], training=False)
    assert_array_equal(u, [0.6, 0.8])
    assert_allclose(sigma, np.hypot(1.2, 0.8))


def test_activations_at_known_points():
    assert_array_equal(reference.leaky_relu([-2.0, 0.0, 3.0], 0.2), [-0.4, 0.0, 3.0])
    assert_array_equal(reference.leaky_relu([-2.0, 3.0], 0), [0.0, 3.0])
    assert_allclose(reference.tanh([0.0, 0.5 * np.log(3)]), [0.0, 0.5])
    assert_allclose(reference.sigmoid([0.0, np.log(3)]), [0.5, 0.75])
    assert_allclose(reference.softplus([0.0, np.log(3)]), [np.log(2), np.log(4)])


def test_sigmoid_and_softplus_neither_overflow_nor_lose_their_tails():
    far = np.array([-1000.0, -40.0, 40.0, 1000.0])
    assert_allclose(reference.softplus(far), [0, np.exp(-40), 40, 1000], rtol=1e-15)
    assert_allclose(reference.sigmoid(far), [0, np.exp(-40), 1, 1], rtol=1e-14)


def test_dropout_keeps_the_expected_value():
    kept = np.random.default_rng(0).random((200, 500)) >= 0.3
    y = reference.dropout(np.ones(kept.shape), 0.3, kept)
    assert set(np.unique(y)) == {0.0, 1 / 0.7}
    assert y.mean() == pytest.approx(1, abs=0.01)


# Networks.


def small(name, **changes):
    """A shipped recipe with few channels, so that the reference runs quickly."""
    return ganlib.recipe(name, width=4, **({"latent": 5} if name != "ring" else {}), **changes)


def start(recipe, player):
    """A player's layers, its initial weights and a batch of its inputs."""
    layers = getattr(architectures, f"{player}_layers")(recipe)
    weights = getattr(initialise, f"{player}_weights")(recipe, np.random.default_rng(0))
    shape = (recipe.latent,) if player == "generator" else architectures.discriminator_input(recipe)
    return layers, weights, random(3, *shape)


def dropout_masks(layers, shape):
    named = zip(architectures.names(layers), layers, architectures.shapes(layers, shape), strict=True)
    rng = np.random.default_rng(0)
    return {
        name: rng.random((3, *size)) >= layer.rate
        for name, layer, size in named
        if isinstance(layer, architectures.Dropout)
    }


@pytest.mark.parametrize("training", [False, True])
@pytest.mark.parametrize("player", ["generator", "discriminator"])
@pytest.mark.parametrize("name", ganlib.recipes())
def test_every_recipe_runs(name, player, training):
    recipe = small(name)
    layers, weights, x = start(recipe, player)
    given = conditions(recipe, 3)
    y = reference.network(layers, weights, x, training, dropout_masks(layers, x.shape[1:]), given)
    assert y.shape == (3, *(recipe.shape if player == "generator" else (1,)))
    assert y.dtype == np.float64
    assert np.isfinite(y).all()


def test_a_network_is_its_operations_one_after_the_other():
    layers, w, z = start(small("dcgan-digits"), "generator")
    z = z.astype(np.float32)  # computed in float64 all the same

    def norm(x, name):
        return reference.batch_norm(x, w[f"{name}.scale"], w[f"{name}.shift"], 1e-5)

    x = reference.dense(z, w["dense0.kernel"]).reshape(3, 4, 4, 8)
    x = np.maximum(norm(x, "batch_norm2"), 0)
    x = conv_transpose2d(x, w["conv_transpose4.kernel"], None, 2)
    x = np.maximum(norm(x, "batch_norm5"), 0)
    x = np.tanh(conv_transpose2d(x, w["conv_transpose7.kernel"], w["conv_transpose7.bias"], 2))
    assert_allclose(reference.network(layers, w, z, training=True), x, rtol=1e-13)


def test_training_updates_the_statistics_and_inference_uses_them():
    layers, weights, z = start(small("dcgan-digits"), "generator")
    before = {name: value.copy() for name, value in weights.items()}
    updated = reference.network_update(layers, weights, z)
    changed = {name for name in weights if not np.array_equal(weights[name], updated[name])}
    expected = {f"{name}.{part}" for name in ("batch_norm2", "batch_norm5") for part in ("mean", "variance")}
    assert changed == expected
    for name, value in before.items():
        assert_array_equal(weights[name], value)
    # With momentum 0 the statistics become the batch's, and only the unbiased variance differs from training.
    layers, weights, z = start(small("dcgan-digits", batch_norm_momentum=0.0), "generator")
    z = random(50, 5)
    inference, training = (reference.network(layers, weights, z, training) for training in (False, True))
    later = reference.network(layers, reference.network_update(layers, weights, z), z)
    assert np.abs(inference - training).max() > 100 * np.abs(later - training).max() > 0


def test_a_spectral_network_is_lipschitz_once_u_has_settled():
    recipe = small("ring", discriminator_norm="spectral", weight_init="normal", weight_std=2.0)
    layers, weights, x = start(recipe, "discriminator")
    updated = reference.network_update(layers, weights, x)
    changed = {name for name in weights if not np.array_equal(weights[name], updated[name])}
    # The last layer has one unit, so its u is the number 1 or -1 and stays.
    assert changed == {name for name in weights if name.endswith(".u")} - {"dense6.u"}
    for _ in range(200):
        weights = reference.network_update(layers, weights, x)
    a, b = random(200, 2, seed=1), random(200, 2, seed=2)
    d = reference.network(layers, weights, a) - reference.network(layers, weights, b)
    assert (np.abs(d[:, 0]) <= np.linalg.norm(a - b, axis=1)).all()
    inference, training = (reference.network(layers, weights, a, training) for training in (False, True))
    assert_allclose(inference, training)


def test_dropout_acts_in_training_only():
    layers, weights, x = start(small("ring", discriminator_dropout=0.5), "discriminator")
    masks = dropout_masks(layers, (2,))
    everything = {name: np.ones_like(mask) for name, mask in masks.items()}
    inference = reference.network(layers, weights, x)
    assert_allclose(inference, reference.network(layers, weights, x, training=False, masks=masks))
    assert not np.allclose(inference, reference.network(layers, weights, x, training=True, masks=masks))
    assert not np.allclose(inference, reference.network(layers, weights, x, training=True, masks=everything))


# Losses.


def logits(n=6, seed=0):
    """Real and fake logits on both sides of 0 and of the hinge's kinks."""
    return 2 * random(n, seed=seed), 2 * random(n, seed=seed + 100)


@pytest.mark.parametrize("real_label", [1.0, 0.9])
@pytest.mark.parametrize("name", LOSSES)
def test_loss_gradients_are_the_finite_differences(name, real_label):
    loss = losses.get(name)
    label = (real_label,) if loss.smoothable else ()
    r, f = logits()
    by_r, by_f = loss.discriminator_gradient(r, f, *label)
    assert_allclose(by_r, numerical_gradient(lambda r: loss.discriminator(r, f, *label), r), atol=1e-8)
    assert_allclose(by_f, numerical_gradient(lambda f: loss.discriminator(r, f, *label), f), atol=1e-8)
    by_r, by_f = loss.generator_gradient(r, f)
    assert_allclose(by_r, numerical_gradient(lambda r: loss.generator(r, f), r), atol=1e-8)
    assert_allclose(by_f, numerical_gradient(lambda f: loss.generator(r, f), f), atol=1e-8)


def test_losses_are_their_definitions_on_probabilities():
    r, f = logits()
    p, q = 1 / (1 + np.exp(-r)), 1 / (1 + np.exp(-f))
    cross_entropy = -np.log(p).mean() - np.log(1 - q).mean()
    assert losses.minimax.discriminator(r, f) == pytest.approx(cross_entropy)
    assert losses.nonsaturating.discriminator(r, f) == pytest.approx(cross_entropy)
    assert losses.minimax.generator(r, f) == pytest.approx(np.log(1 - q).mean())
    assert losses.nonsaturating.generator(r, f) == pytest.approx(-np.log(q).mean())
    assert losses.least_squares.discriminator(r, f) == pytest.approx(np.mean((r - 1) ** 2 + f**2))
    assert losses.relativistic.discriminator(r, f) == pytest.approx(-np.log(1 / (1 + np.exp(f - r))).mean())
    assert losses.relativistic.generator(r, f) == losses.relativistic.discriminator(f, r)


@pytest.mark.parametrize(
    ("name", "discriminator", "generator"),
    [
        ("minimax", np.log(4), -np.log(2)),
        ("nonsaturating", np.log(4), np.log(2)),
        ("least_squares", 1, 1),
        ("wasserstein", 0, 0),
        ("hinge", 2, 0),
        ("relativistic", np.log(2), np.log(2)),
    ],
)
def test_losses_at_zero_logits(name, discriminator, generator):
    loss, zeros = losses.get(name), np.zeros(5)
    assert loss is getattr(losses, name)
    assert isinstance(loss.discriminator(zeros, zeros), float)
    assert loss.discriminator(zeros, zeros) == pytest.approx(discriminator)
    assert loss.generator(zeros, zeros) == pytest.approx(generator)


@pytest.mark.parametrize("name", LOSSES)
def test_even_is_what_the_players_pay_when_d_only_guesses(name):
    """At each such logit D's loss is as low as it can be where real and fake samples are the same."""
    loss = losses.get(name)
    if loss.even is None:
        by_r, by_f = loss.discriminator_gradient([0.0], [0.0])
        assert (name, by_r + by_f) == ("wasserstein", 0)  # every logit is such a one, and G's loss can be anything
        return
    guess = np.full(5, 0.5 if name == "least_squares" else 0.0)
    assert loss.discriminator(guess, guess) == pytest.approx(loss.even[0], rel=1e-15)
    assert loss.generator(guess, guess) == pytest.approx(loss.even[1], rel=1e-15)
    by_r, by_f = loss.discriminator_gradient(guess, guess)
    assert_allclose(by_r + by_f, 0, atol=1e-16)


few_logits = st.lists(st.floats(-40, 40), min_size=4, max_size=4)


@pytest.mark.parametrize("name", LOSSES)
@drawn
@given(real=few_logits, fake=few_logits)
def test_slope_bounds_the_mean_slope_of_gs_loss(name, real, fake):
    loss = losses.get(name)
    mean_slope = np.abs(loss.generator_gradient(real, fake)[1]).sum()
    assert mean_slope <= loss.slope(loss.generator(real, fake)) * (1 + 1e-12)


def test_the_bound_on_the_slope_is_tight_where_g_is_lost_or_the_logits_are_equal():
    """A bound that is merely large would let the monitor overlook that G's gradient has vanished."""
    for name, fake in (("minimax", -20.0), ("nonsaturating", 20.0), ("relativistic", 20.0), ("least_squares", 3.0)):
        loss = losses.get(name)
        slope = np.abs(loss.generator_gradient([0.0], [fake])[1]).sum()
        assert loss.slope(loss.generator([0.0], [fake])) == pytest.approx(slope, rel=1e-8)
    assert losses.hinge.slope(5.0) == losses.wasserstein.slope(-5.0) == 1


@pytest.mark.parametrize("name", LOSSES)
def test_a_loss_that_needs_the_real_logits_has_a_gradient_in_them(name):
    by_r, _ = losses.get(name).generator_gradient(*logits())
    assert losses.get(name).needs_real == bool(by_r.any())


@pytest.mark.parametrize("name", LOSSES)
def test_losses_stay_finite_on_extreme_logits(name):
    loss = losses.get(name)
    for r, f in itertools.product((-1000.0, 1000.0), repeat=2):
        values = [loss.discriminator([r], [f]), loss.generator([r], [f])]
        gradients = [*loss.discriminator_gradient([r], [f]), *loss.generator_gradient([r], [f])]
        assert np.isfinite(values).all()
        assert np.isfinite(gradients).all()
    assert losses.minimax.discriminator([-1000.0], [1000.0]) == 2000
    assert losses.relativistic.discriminator([-1000.0], [1000.0]) == 2000


def test_the_saturating_loss_saturates_and_the_non_saturating_one_does_not():
    rejected = np.array([-20.0])
    assert losses.minimax.generator_gradient([0.0], rejected)[1] == pytest.approx(-np.exp(-20))
    assert losses.nonsaturating.generator_gradient([0.0], rejected)[1] == pytest.approx(-1)


def test_minimax_is_a_zero_sum_game_in_the_fake_logits():
    r, f = logits()
    by_r, by_f = losses.minimax.generator_gradient(r, f)
    assert_array_equal(by_f, -losses.minimax.discriminator_gradient(r, f)[1])
    assert_array_equal(by_r, np.zeros(6))


def test_one_sided_smoothing_moves_the_best_real_logit_and_leaves_the_fakes():
    t = 0.9
    best = np.full(3, np.log(t / (1 - t)))
    by_r, by_f = losses.nonsaturating.discriminator_gradient(best, np.zeros(3), t)
    assert_allclose(by_r, 0, atol=1e-16)
    assert_array_equal(by_f, losses.nonsaturating.discriminator_gradient(best, np.zeros(3))[1])
    assert losses.nonsaturating.discriminator([0.0], [0.0], real_label=t) == pytest.approx(np.log(4))
    assert losses.least_squares.discriminator([t], [0.0], real_label=t) == 0
    assert losses.least_squares.discriminator([0.0], [0.0], real_label=t) == pytest.approx(t**2)


def test_the_hinge_is_flat_beyond_its_margins_and_at_them():
    by_r, by_f = losses.hinge.discriminator_gradient([0.0, 1.0, 2.0], [0.0, -1.0, -2.0])
    assert_allclose(by_r, [-1 / 3, 0, 0])
    assert_allclose(by_f, [1 / 3, 0, 0])


def test_the_relativistic_loss_ignores_a_shift_of_all_logits_and_pairs_by_position():
    r, f = logits()
    assert losses.relativistic.discriminator(r + 7, f + 7) == pytest.approx(losses.relativistic.discriminator(r, f))
    assert losses.relativistic.discriminator(r, f[::-1]) != pytest.approx(losses.relativistic.discriminator(r, f))


def test_losses_are_means_and_not_sums():
    r, f = logits()
    for name in LOSSES:
        loss = losses.get(name)
        assert loss.discriminator(np.tile(r, 3), np.tile(f, 3)) == pytest.approx(loss.discriminator(r, f))
        assert loss.generator(np.tile(r, 3), np.tile(f, 3)) == pytest.approx(loss.generator(r, f))


def test_losses_and_gradients_agree_with_torch():
    torch = pytest.importorskip("torch")
    functional = torch.nn.functional
    with_logits = functional.binary_cross_entropy_with_logits
    ones, zeros = torch.ones(6, dtype=torch.float64), torch.zeros(6, dtype=torch.float64)
    smooth = 0.9
    cases = [
        ("minimax", smooth, lambda r, f: with_logits(r, smooth * ones) + with_logits(f, zeros)),
        ("nonsaturating", 1.0, lambda r, f: with_logits(r, ones) + with_logits(f, zeros)),
        ("least_squares", smooth, lambda r, f: functional.mse_loss(r, smooth * ones) + f.square().mean()),
        ("hinge", 1.0, lambda r, f: functional.relu(1 - r).mean() + functional.relu(1 + f).mean()),
        ("relativistic", 1.0, lambda r, f: functional.softplus(f - r).mean()),
    ]
    for name, label, function in cases:
        r, f = logits()
        torch_r, torch_f = (torch.tensor(x, requires_grad=True) for x in (r, f))
        value = function(torch_r, torch_f)
        value.backward()
        assert losses.get(name).discriminator(r, f, label) == pytest.approx(value.item())
        gradient = losses.get(name).discriminator_gradient(r, f, label)
        assert_allclose(gradient, [torch_r.grad.numpy(), torch_f.grad.numpy()], atol=1e-14)


# Penalties.


@pytest.mark.parametrize("n", [1, 16, 64, 256])
def test_penalties_take_one_norm_a_sample(n):
    """One norm over the whole batch, a mistake of well-known code, grows with the batch: 0, 9, 49, 225."""
    unit = random(n, 4, 4, 3)
    unit /= np.linalg.norm(unit.reshape(n, -1), axis=1).reshape(n, 1, 1, 1)
    assert penalties.wgan_gp(unit) == pytest.approx(0, abs=1e-25)
    assert penalties.r1(unit) == penalties.r2(unit) == pytest.approx(1)
    over_the_batch = (np.linalg.norm(unit) - 1) ** 2
    assert over_the_batch == pytest.approx((np.sqrt(n) - 1) ** 2, abs=1e-12)


def test_penalties_of_a_linear_discriminator_carry_no_half():
    w = np.array([3.0, 4.0])
    gradient = np.tile(w, (7, 1))
    assert penalties.r1(gradient) == penalties.r2(gradient) == 25
    assert penalties.wgan_gp(gradient) == 16
    assert penalties.wgan_gp(np.zeros((7, 2))) == 1


def test_penalties_average_over_the_samples_of_a_network():
    """For D(x) = xᵀAx/2 + w·x the gradient is Ax + w; finite differences give the same penalties."""
    a, w, x = random(3, 3), random(3), random(5, 3)
    a = a + a.T

    def discriminator(x):
        return (np.einsum("ni,ij,nj->n", x, a, x) / 2 + x @ w).sum()

    exact, numerical = x @ a + w, numerical_gradient(discriminator, x)
    assert penalties.r1(numerical) == pytest.approx(np.mean([g @ g for g in exact]))
    expected = np.mean([(np.linalg.norm(g) - 1) ** 2 for g in exact])
    assert penalties.wgan_gp(numerical) == pytest.approx(expected)


def test_interpolate_mixes_each_sample_by_its_own_share():
    real, fake = np.ones((3, 2, 2, 1)), np.zeros((3, 2, 2, 1))
    mixed = penalties.interpolate(real, fake, [0.0, 0.25, 1.0])
    assert mixed.shape == real.shape
    assert_array_equal(mixed.reshape(3, -1), np.repeat([[0.0], [0.25], [1.0]], 4, axis=1))
    assert_array_equal(penalties.interpolate(real[:, 0, 0], fake[:, 0, 0], [1.0, 0.0, 0.5])[:, 0], [1, 0, 0.5])


# Optimisers.


def run_adam(placement, steps, gradient, epsilon=1e-8, weight=1.0):
    """The weights after each step with gradient(weight)."""
    path = []
    m = v = np.zeros(())
    for step in range(1, steps + 1):
        g = gradient(weight)
        new, m, v = reference.adam_step(weight, g, m, v, step, 0.1, 0.5, 0.999, epsilon, placement)
        weight = float(new)
        path.append(weight)
    return path


def test_adams_epsilon_counts_more_before_the_bias_correction():
    """At g = ε the first step is rate/2 with ε after the correction, and rate/(1 + 1/√(1 - β₂)) before it."""
    after, before = (run_adam(p, 1, lambda w: 1e-8)[0] for p in ("after", "before"))
    assert 1 - after == pytest.approx(0.1 / 2)
    assert 1 - before == pytest.approx(0.1 / (1 + 1 / np.sqrt(1 - 0.999)))
    # Without ε they agree, and the first step is the rate in the gradient's direction, whatever its size.
    after, before = (run_adam(p, 20, lambda w: 1e-8 * w, epsilon=0.0) for p in ("after", "before"))
    assert_allclose(after, before)
    assert after[0] == pytest.approx(1 - 0.1)


def test_adam_before_is_the_papers_faster_variant():
    """w ← w - rate · √(1 - β₂ᵗ) / (1 - β₁ᵗ) · m / (√v + ε) (Kingma & Ba 2015, end of section 2)."""
    weight, m, v = 1.0, 0.0, 0.0
    expected = []
    for t in range(1, 11):
        g = np.cos(weight)
        m, v = 0.5 * m + 0.5 * g, 0.999 * v + 0.001 * g * g
        weight -= 0.1 * np.sqrt(1 - 0.999**t) / (1 - 0.5**t) * m / (np.sqrt(v) + 1e-3)
        expected.append(weight)
    assert_allclose(run_adam("before", 10, np.cos, epsilon=1e-3), expected)


def test_adam_after_and_sgd_agree_with_torch():
    torch = pytest.importorskip("torch")
    weight = torch.tensor(1.0, dtype=torch.float64, requires_grad=True)
    optimiser = torch.optim.Adam([weight], lr=0.1, betas=(0.5, 0.999), eps=1e-3)
    for expected in run_adam("after", 10, np.cos, epsilon=1e-3):
        weight.grad = weight.detach().cos()
        optimiser.step()
        assert weight.item() == pytest.approx(expected)

    weight = torch.tensor(1.0, dtype=torch.float64, requires_grad=True)
    optimiser = torch.optim.SGD([weight], lr=0.1, momentum=0.9)
    ours, velocity = np.array(1.0), np.array(0.0)
    for _ in range(10):
        weight.grad = weight.detach().cos()
        optimiser.step()
        ours, velocity = reference.sgd_step(ours, np.cos(ours), velocity, 0.1, 0.9)
        assert weight.item() == pytest.approx(float(ours))


def test_sgd_takes_a_negative_momentum():
    weight, velocity = reference.sgd_step([1.0], [2.0], [4.0], rate=0.1, momentum=-0.5)
    assert_allclose(velocity, [0.0])
    assert_allclose(weight, [1.0])


def quadratic(n=7, eigenvalues=None):
    """A with given eigenvalues in a random basis, and b."""
    rng = np.random.default_rng(n)
    basis = np.linalg.qr(rng.normal(size=(n, n)))[0]
    values = rng.uniform(0.5, 20, size=n) if eigenvalues is None else eigenvalues
    return basis * values @ basis.T, rng.normal(size=n)


def test_conjugate_gradient_ends_at_the_minimum_after_n_steps_along_conjugate_directions():
    a, b = quadratic()
    path = reference.conjugate_gradient(a, b, start=np.ones(7))
    minimum = np.linalg.solve(a, b)
    assert path.shape == (8, 7)
    assert_allclose(path[-1], minimum, atol=1e-10)
    assert np.abs(path[-2] - minimum).max() > 1e-3  # and not before
    moves = np.diff(path, axis=0)
    conjugate = moves @ a @ moves.T
    assert_allclose(conjugate, np.diag(np.diag(conjugate)), atol=1e-10)
    assert_array_equal(path, reference.conjugate_gradient(a, b, np.ones(7), steps=9)[:8])
    # Among all points of start + span of the directions so far, each is the lowest.
    for k in range(1, 7):
        assert_allclose(moves[:k] @ (a @ path[k] - b), 0, atol=1e-10)


def test_conjugate_gradient_needs_one_step_for_each_different_eigenvalue():
    a, b = quadratic(eigenvalues=[1, 1, 1, 5, 5, 9, 9])
    path = reference.conjugate_gradient(a, b)
    assert_allclose(path[3], np.linalg.solve(a, b), atol=1e-12)
    assert np.abs(path[2] - path[3]).max() > 1e-3
    assert_array_equal(reference.conjugate_gradient(np.eye(3), np.zeros(3)), np.zeros((4, 3)))


@pytest.mark.parametrize("rule", CONJUGATE)
def test_with_exact_line_searches_every_beta_is_that_of_the_conjugate_gradient_method(rule):
    a, b = quadratic()
    x, before, d = np.zeros(7), np.zeros(7), np.zeros(7)
    path = reference.conjugate_gradient(a, b)
    for expected in path[1:]:
        g = a @ x - b
        d = -g + reference.conjugate_beta(rule, g, before, d) * d
        x, before = x - (g @ d) / (d @ a @ d) * d, g
        assert_allclose(x, expected, atol=1e-8)


def test_conjugate_betas_by_hand():
    g, before, d = [3.0, 1.0], [1.0, 2.0], [2.0, 1.0]  # so y = (2, -1), g·g = 10, g·y = y·y = 5, d·y = 3, g·d = 7
    by_hand = {
        **{"fletcher_reeves": 10 / 5, "polak_ribiere": 5 / 5, "hestenes_stiefel": 5 / 3, "dai_yuan": 10 / 3},
        **{"hager_zhang": (5 - 2 * 5 / 3 * 7) / 3},
        **{"fletcher_reeves_polak_ribiere": 1, "hestenes_stiefel_dai_yuan": 5 / 3},
    }
    assert by_hand.keys() == set(CONJUGATE)
    for rule, expected in by_hand.items():
        assert reference.conjugate_beta(rule, g, before, d) == pytest.approx(expected)
        assert reference.conjugate_beta(rule, g, [0.0, 0.0], [0.0, 0.0]) == 0  # the first step
    assert reference.conjugate_beta("hestenes_stiefel_dai_yuan", g, before, [-2.0, -1.0]) == 0


def test_a_conjugate_step_holds_beta_within_its_bounds():
    step = functools.partial(reference.conjugate_step, before=[1.0, 0.0], direction=[-1.0, 0.5], rate=0.1)
    weight, d = step([1.0, 1.0], [3.0, 0.0], rule="fletcher_reeves", bound=0.5)  # β would be 9
    assert_allclose(d, [-3.5, 0.25])
    assert_allclose(weight, [0.65, 1.025])
    _, d = step([1.0, 1.0], [0.5, 0.0], rule="polak_ribiere", bound=0.5)  # β would be -¼
    assert_allclose(d, [-0.5, 0])


def test_a_competitive_step_is_the_equilibrium_of_the_local_game():
    """No player gains by another step of its own, and on a bilinear game both move as at the end of the step."""
    rng = np.random.default_rng(0)
    f_x, g_y, f_xy, g_yx = (rng.normal(size=shape) for shape in (3, 2, (3, 2), (2, 3)))
    dx, dy = reference.competitive_step(f_x, g_y, f_xy, g_yx, 0.3)
    assert_allclose(f_x + f_xy @ dy + dx / 0.3, 0, atol=1e-12)
    assert_allclose(g_y + g_yx @ dx + dy / 0.3, 0, atol=1e-12)
    x, y = rng.normal(size=3), rng.normal(size=2)
    dx, dy = reference.competitive_step(f_xy @ y, -f_xy.T @ x, f_xy, -f_xy.T, 0.3)
    assert_allclose(dx, -0.3 * f_xy @ (y + dy), atol=1e-12)
    assert_allclose(dy, 0.3 * f_xy.T @ (x + dx), atol=1e-12)


def test_a_local_game_without_a_single_equilibrium_is_refused():
    with pytest.raises(ValueError, match=r"With rate=0.5 the local game has no single equilibrium"):
        reference.competitive_step([1.0], [1.0], [[2.0]], [[2.0]], 0.5)  # both want the product large


def test_the_moving_average_forgets_geometrically():
    average = np.array([1.0])
    for _ in range(10):
        average = reference.moving_average(average, [0.0], 0.9)
    assert_allclose(average, 0.9**10)


def test_nothing_changes_its_arguments():
    arrays = {shape: random(*shape) for shape in ((2, 4, 4, 3), (3, 3, 3, 3), (3,))}
    x, kernel, vector = arrays.values()
    for operation in (conv2d, conv_transpose2d):
        operation(x, kernel, vector, 2)
    reference.batch_norm(x, vector, vector, 1e-5)
    reference.moving_statistics(x, vector, vector, 0.9)
    reference.spectral_norm(kernel, vector)
    reference.adam_step(vector, vector, vector, vector**2, 1, 0.1, 0.5, 0.9, 1e-8, "after")
    for shape, array in arrays.items():
        assert_array_equal(array, random(*shape))


# Errors say what was given and what was expected.

IMAGE, KERNEL = np.zeros((1, 4, 4, 3)), np.zeros((3, 3, 3, 2))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: conv2d(IMAGE[0], KERNEL), r"not \(4, 4, 3\). Use x\[None\]"),
        (lambda: conv2d(IMAGE, KERNEL[0]), r"\(kh, kw, in, out\), not \(3, 3, 2\)"),
        (
            lambda: conv2d(IMAGE.swapaxes(1, 3), KERNEL),
            r"channels of x \(1, 3, 4, 4\) and of the kernel \(3, 3, 3, 2\) differ",
        ),
        (lambda: conv_transpose2d(IMAGE, KERNEL), r"differ; expected .*\(kh, kw, out, in\)"),
        (lambda: conv2d(IMAGE, KERNEL, padding="full"), "'same', 'valid' or a whole number of pixels, not 'full'"),
        (lambda: conv2d(IMAGE, KERNEL, padding=-1), "whole number of pixels, not -1"),
        (lambda: conv2d(IMAGE, KERNEL, padding=1.5), "whole number of pixels, not 1.5"),
        (lambda: conv2d(IMAGE, KERNEL, padding=True), "whole number of pixels, not True"),
        (
            lambda: conv2d(IMAGE, KERNEL, padding=0, dilation=2),
            "kernel 3, padding 0 and dilation 2 needs 5 pixels, and a size of 4 has 4",
        ),
        (lambda: conv2d(IMAGE, KERNEL, dilation=0), "dilation must be a whole number of at least 1, not 0"),
        (lambda: conv_transpose2d(IMAGE, KERNEL.swapaxes(2, 3), None, 2, 1, 2), "from 0 to 1, less than the stride"),
        (lambda: conv_transpose2d(IMAGE, KERNEL.swapaxes(2, 3), None, 2, 1, 0.5), "output_padding must be a whole"),
        (lambda: conv_transpose2d(IMAGE, KERNEL.swapaxes(2, 3), None, 2, "same", 1), "says the size already"),
        (lambda: conv_transpose2d(IMAGE, KERNEL.swapaxes(2, 3), None, 1, 3), "leaves nothing"),
        (lambda: reference.upsample(IMAGE, 0), "factor must be a whole number of at least 1, not 0"),
        (lambda: reference.average_pool(IMAGE, 0), "size must be a whole number of at least 1, not 0"),
        (lambda: reference.average_pool(IMAGE, 5), "at least 5 pixels a side"),
        (lambda: reference.upsample(IMAGE[0]), r"not \(4, 4, 3\). Use x\[None\]"),
        (lambda: reference.depth_to_space(IMAGE), "blocks of 2 × 2: a multiple of 4"),
        (lambda: conv2d(IMAGE, KERNEL, stride=0), "at least 1, not 0"),
        (lambda: conv2d(IMAGE, KERNEL, stride=True), "whole number of at least 1, not True"),
        (lambda: conv2d(IMAGE, KERNEL, [1.0]), r"bias must have shape \(2,\), not \(1,\)"),
        (lambda: conv2d(IMAGE, np.zeros((5, 5, 3, 2)), padding="valid"), "needs 5 pixels, and a size of 4 has 4"),
        (lambda: conv_matrix(KERNEL, IMAGE.shape), r"\(height, width, channels\), not \(1, 4, 4, 3\)"),
        (lambda: reference.dense(IMAGE, np.zeros((3, 2))), "Flatten images first"),
        (lambda: reference.batch_norm(IMAGE, [1.0], np.zeros(3), 1e-5), r"scale must have shape \(3,\)"),
        (lambda: reference.moving_statistics([[1.0]], [0.0], [1.0], 0.9), "two values a channel: give a larger batch"),
        (lambda: reference.spectral_norm(np.zeros((3, 2)), [1.0, 0.0]), "divides by zero"),
        (lambda: reference.spectral_norm(np.ones((3, 2)), [1.0]), r"u must have shape \(2,\)"),
        (lambda: reference.dropout([1.0, 2.0], 0.5, [True]), r"boolean of shape \(2,\)"),
        (lambda: reference.dropout([1.0], 0.5, [1.0]), "not float64"),
        (lambda: losses.get("hinges"), "no loss 'hinges'. The losses: minimax, nonsaturating, "),
        (lambda: losses.hinge.generator([[1.0]], [1.0]), r"not \(1, 1\). .*real_logits\[:, 0\]"),
        (lambda: losses.hinge.discriminator([1.0], []), r"fake_logits must be \(n,\), not \(0,\)"),
        (lambda: losses.hinge.discriminator([1.0], [1.0], 0.9), "no label to smooth, not 0.9"),
        (lambda: losses.minimax.discriminator([1.0], [1.0], 1.5), "from 0 to 1, not 1.5"),
        (lambda: losses.relativistic.generator([1.0, 2.0], [1.0]), "not 2 and 1"),
        (lambda: penalties.r1([1.0, 2.0]), r"not \(2,\). Make \(n,\) to \(n, 1\)"),
        (lambda: penalties.interpolate(np.ones((2, 1)), np.ones((3, 1)), [0.5, 0.5]), "must have one shape"),
        (
            lambda: penalties.interpolate(np.ones((2, 1)), np.ones((2, 1)), [0.5]),
            r"mix must have shape \(2,\)",
        ),
        (
            lambda: reference.adam_step(1, 1, 0, 0, 0, 0.1, 0.5, 0.9, 0, "after"),
            "step must be a whole number of at least 1, not 0",
        ),
        (lambda: reference.adam_step(1, 1, 0, 0, 1, 0.1, 0.5, 0.9, 0, "outside"), "not 'outside'"),
    ],
)
def test_errors(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_a_network_names_the_weight_or_the_mask_that_is_missing():
    layers, weights, x = start(small("ring", discriminator_dropout=0.5), "discriminator")
    with pytest.raises(ValueError, match=r"masks=\{'dropout2': a boolean array \(3, 4\)\}"):
        reference.network(layers, weights, x, training=True)
    del weights["dense3.bias"]
    with pytest.raises(ValueError, match=r"weight dense3.bias is missing. Given: dense0.kernel, "):
        reference.network(layers, weights, x)
