"""The lists of layers: sizes, and what layers cost."""

import dataclasses
import math

import numpy as np
import pytest

import ganlib
from ganlib import architectures, initialise
from ganlib.architectures import AveragePool, BatchNorm, Conv, ConvTranspose, Dense, DepthToSpace, Upsample, costs
from ganlib.errors import RecipeError
from ganlib.layers import weight_shapes

# Sizes.


def test_sizes_of_a_generator_from_4_to_64_and_from_7_to_28():
    for kernel, padding, output_padding in ((4, 1, 0), (3, 1, 1), (5, 2, 1), (2, 0, 0), (6, 2, 0), (4, "same", 0)):
        for start, end in ((4, 64), (7, 28)):
            size = start
            while size < end:
                size = architectures.conv_transpose_size(size, kernel, 2, padding, output_padding)
            assert size == end
    assert architectures.conv_transpose_size(1, 4, 1, 0) == 4


@pytest.mark.parametrize("dilation", [1, 2, 3])
@pytest.mark.parametrize("stride", [1, 2, 3])
def test_output_padding_says_which_of_the_sizes_that_a_convolution_takes_to_one_is_meant(stride, dilation):
    for size in range(1, 12):
        for kernel in range(1, 6):
            for padding in range(4):
                if size + 2 * padding <= dilation * (kernel - 1):
                    continue
                small = architectures.conv_size(size, kernel, stride, padding, dilation)
                back = [
                    architectures.conv_transpose_size(small, kernel, stride, padding, extra, dilation)
                    for extra in range((size + 2 * padding - dilation * (kernel - 1) - 1) % stride, stride)
                ]
                assert back[0] == size
                assert all(architectures.conv_size(m, kernel, stride, padding, dilation) == small for m in back)


def test_numbers_that_make_no_size_are_refused():
    for size in (architectures.conv_size, architectures.conv_transpose_size):
        with pytest.raises(RecipeError, match="stride must be a whole number of at least 1, not 0"):
            size(4, 3, 0, 1)
        with pytest.raises(RecipeError, match="'same', 'valid' or a whole number of pixels, not 'full'"):
            size(4, 3, 2, "full")
    with pytest.raises(RecipeError, match="from 0 to 1, less than the stride, not 2"):
        architectures.conv_transpose_size(4, 3, 2, 1, 2)


def test_layers_that_resize():
    layers = [Upsample(3), Conv(8, 3, 1, "same", bias=False), DepthToSpace(2)]
    assert architectures.names(layers) == ["upsample0", "conv1", "depth_to_space2"]
    assert architectures.shapes(layers, (4, 5, 2)) == [(12, 15, 2), (12, 15, 8), (24, 30, 2)]
    with pytest.raises(RecipeError, match="6 channels do not fill blocks of 2 × 2"):
        architectures.shapes([DepthToSpace(2)], (4, 5, 6))
    pool = [AveragePool(2)]
    assert architectures.names(pool) == ["average_pool0"]
    assert architectures.shapes(pool, (7, 4, 6)) == [(3, 2, 6)]
    with pytest.raises(RecipeError, match=r"at least 2 pixels a side, not \(4, 1, 6\)"):
        architectures.shapes(pool, (4, 1, 6))


@pytest.mark.parametrize("size", [8, 14, 28])
def test_pooling_halves_as_strides_do(size):
    strided, pooled = (
        ganlib.recipe("dcgan-digits", shape=(size, size, 3), downsampling=way) for way in ("strided", "pool")
    )
    ends = [[s for s in shapes_of_d(recipe) if len(s) == 1] for recipe in (strided, pooled)]
    assert ends[0] == ends[1]
    # The convolutions stay at the size before: four times the work, and not one weight more.
    work = [costs(architectures.discriminator_layers(recipe), recipe.shape) for recipe in (strided, pooled)]
    assert sum(cost.parameters for cost in work[0]) == sum(cost.parameters for cost in work[1])
    convolutions = [sum(c.multiply_adds for c in cost if c.name.startswith("conv")) for cost in work]
    assert convolutions[1] == 4 * convolutions[0]


def test_boundary_norm_adds_the_two_layers_that_the_paper_spares():
    usual, everywhere = (ganlib.recipe("dcgan-digits", boundary_norm=norm) for norm in (False, True))
    for layers in (architectures.generator_layers, architectures.discriminator_layers):
        counts = [sum(isinstance(layer, BatchNorm) for layer in layers(recipe)) for recipe in (usual, everywhere)]
        assert counts[1] == counts[0] + 1
    *_, norm, output = architectures.generator_layers(everywhere)
    assert (type(norm), type(output)) == (BatchNorm, architectures.Tanh)
    first, second, *_ = architectures.discriminator_layers(everywhere)
    assert isinstance(second, BatchNorm)
    assert not first.bias  # the norm's shift takes its place


def shapes_of_d(recipe):
    return architectures.shapes(architectures.discriminator_layers(recipe), recipe.shape)


@pytest.mark.parametrize("size", [8, 14, 28])
@pytest.mark.parametrize("upsampling", ["transposed", "resize", "subpixel"])
def test_every_upsampling_reaches_the_size_and_normalises_the_same_channels(upsampling, size):
    recipe = ganlib.recipe("dcgan-digits", shape=(size, size, 3), upsampling=upsampling)
    layers = architectures.generator_layers(recipe)
    found = architectures.shapes(layers, (recipe.latent,))
    assert found[-1] == (size, size, 3)
    usual = architectures.generator_layers(ganlib.recipe("dcgan-digits", shape=(size, size, 3)))
    expected = architectures.shapes(usual, (recipe.latent,))
    for kind in (BatchNorm, architectures.LeakyReLU):
        assert [s for s, layer in zip(found, layers, strict=True) if isinstance(layer, kind)] == [
            s for s, layer in zip(expected, usual, strict=True) if isinstance(layer, kind)
        ]


# Costs.


def test_costs_by_hand():
    layers = [
        *(Dense(32, bias=True), architectures.Reshape((4, 4, 2)), BatchNorm(0.9, 1e-5), architectures.LeakyReLU(0.2)),
        *(ConvTranspose(3, 5, 2, "same", bias=True), Conv(4, 3, 2, "same", bias=False), DepthToSpace(2), Upsample(2)),
    ]
    found = costs(layers, (10,))
    assert [cost.name for cost in found] == architectures.names(layers)
    assert [cost.shape for cost in found] == architectures.shapes(layers, (10,))
    assert [cost.parameters for cost in found] == [10 * 32 + 32, 0, 4, 0, 25 * 2 * 3 + 3, 9 * 3 * 4, 0, 0]
    assert [cost.multiply_adds for cost in found] == [320, 0, 0, 0, 4 * 4 * 25 * 2 * 3, 4 * 4 * 9 * 3 * 4, 0, 0]
    assert all(type(number) is int for cost in found for number in (cost.parameters, cost.multiply_adds))


@pytest.mark.parametrize("padding", ["same", "valid"])
@pytest.mark.parametrize(("kernel", "stride"), [(3, 1), (4, 2), (5, 2), (2, 3)])
def test_multiply_adds_are_the_products_that_loops_make(kernel, stride, padding):
    def loops(pixels, channels, filters):
        return sum(1 for _ in np.ndindex(*pixels, kernel, kernel, channels, filters))

    conv = Conv(3, kernel, stride, padding, bias=True)
    (cost,) = costs([conv], (6, 7, 2))
    assert cost.multiply_adds == loops(cost.shape[:2], 2, 3)  # each value that comes out is a sum over the kernel
    transposed = ConvTranspose(3, kernel, stride, padding, bias=True)
    (cost,) = costs([transposed], (6, 7, 2))
    assert cost.multiply_adds == loops((6, 7), 2, 3)  # each value that goes in stamps the kernel


def test_a_transposed_convolution_costs_what_the_convolution_that_it_transposes_costs():
    (down,) = costs([Conv(5, 4, 2, "same", bias=False)], (16, 16, 3))
    (up,) = costs([ConvTranspose(3, 4, 2, "same", bias=False)], (8, 8, 5))
    assert (down.parameters, down.multiply_adds) == (up.parameters, up.multiply_adds)


MOVED = ("mean", "variance", "u")  # by training passes, not by the optimiser


@pytest.mark.parametrize("name", ganlib.recipes())
def test_parameters_are_those_of_the_initial_weights(name):
    recipe, rng = ganlib.recipe(name, discriminator_norm="spectral"), np.random.default_rng(0)
    for layers, shape in (
        (architectures.generator_layers(recipe), (recipe.latent,)),
        (architectures.discriminator_layers(recipe), architectures.discriminator_input(recipe)),
    ):
        weights = initialise.initial_weights(layers, shape, recipe, rng)
        for cost in costs(layers, shape):
            own = {key: w.size for key, w in weights.items() if key.rpartition(".")[0] == cost.name}
            assert cost.parameters == sum(size for key, size in own.items() if not key.endswith(MOVED)), cost.name


def test_the_initial_weights_have_the_shapes_that_the_layers_say():
    layers = [
        *(Dense(32, True, spectral=True), architectures.Reshape((4, 4, 2)), BatchNorm(0.9, 1e-5)),
        *(ConvTranspose(3, 5, 2, "same", bias=True), Conv(4, 3, 2, "same", bias=False, spectral=True)),
    ]
    expected = {
        **{"dense0.kernel": (10, 32), "dense0.bias": (32,), "dense0.u": (32,)},
        **{f"batch_norm2.{part}": (2,) for part in ("scale", "shift", "mean", "variance")},
        **{"conv_transpose3.kernel": (5, 5, 3, 2), "conv_transpose3.bias": (3,)},
        **{"conv4.kernel": (3, 3, 3, 4), "conv4.u": (4,)},
    }
    assert weight_shapes(layers, (10,)) == expected
    weights = initialise.initial_weights(layers, (10,), ganlib.recipe("dcgan-digits"), np.random.default_rng(0))
    assert {name: weight.shape for name, weight in weights.items()} == expected


def test_a_step_draws_what_its_recipe_needs():
    recipe = ganlib.recipe("ring", width=4, batch_size=6, discriminator_steps=2, pack=2, steps=8, penalty="wgan_gp")
    recipe = dataclasses.replace(recipe, penalty_weight=3.0, penalty_end=0.25, penalty_every=2)
    recipe = dataclasses.replace(recipe, instance_noise=0.5, instance_noise_steps=4)
    streams = initialise.streams(1)
    draws = [initialise.draw(recipe, streams, step) for step in range(10)]
    shapes = {"latents": (3, 6, 2), "mix": (2, 3), "instance_noise": (3, 2, 6, 2), "dropout": (1,), "progress": ()}
    assert {name: draws[1][name].shape for name in draws[1]} == shapes
    # Every second step is penalised, at twice a weight that falls from 3 to 3/4.
    assert [float(draw["penalty_weight"]) for draw in draws if "penalty_weight" in draw] == [
        *(2 * (3.0 * 0.25 ** (step / 8)) for step in (0, 2, 4, 6, 8)),
    ]
    assert [float(draw["progress"]) for draw in draws[6:]] == [0.75, 0.875, 1.0, 1.0]
    assert [draw["instance_noise"].any() for draw in draws] == [step < 4 for step in range(10)]
    plain = initialise.draw(ganlib.recipe("dcgan-digits", instance_noise=0.0, fresh_noise=False), streams, 0)
    assert {name: plain[name].shape for name in plain} == {"latents": (1, 64, 64), "dropout": (1,), "progress": ()}


@pytest.mark.parametrize(
    ("name", "changes"),
    [
        *((name, {}) for name in ganlib.recipes()),
        ("dcgan-28", {"upsampling": "resize"}),
        ("dcgan-28", {"upsampling": "subpixel"}),
        ("dcgan-28", {"downsampling": "pool", "boundary_norm": True}),
    ],
)
def test_parameters_are_those_that_the_frameworks_train(gl, name, changes):
    recipe = ganlib.recipe(name, width=8, **changes)
    for model, layers, shape in (
        (gl.Generator(recipe), architectures.generator_layers(recipe), (recipe.latent,)),
        (
            gl.Discriminator(recipe),
            architectures.discriminator_layers(recipe),
            architectures.discriminator_input(recipe),
        ),
    ):
        trained = model.parameters() if gl.name == "torch" else model.trainable_weights
        assert sum(cost.parameters for cost in costs(layers, shape)) == sum(math.prod(w.shape) for w in trained)
