"""Recipes: complete, checked, and the same after a round trip."""

import dataclasses
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

import ganlib
from ganlib import architectures
from ganlib.errors import RecipeError

NAMES = ganlib.recipes()


def test_the_promised_recipes_are_there():
    promised = {"ring", "grid", "dcgan-digits", "dcgan-28", "dcgan-32", "dcgan-64"}
    assert promised | {"tensorflow-tutorial", "pytorch-tutorial"} <= set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_each_recipe_is_valid_names_itself_and_says_what_it_is_for(name):
    recipe = ganlib.recipe(name)
    assert recipe.name == name
    assert len(recipe.about) > 60
    assert recipe == ganlib.Recipe.from_json(recipe.to_json())
    hash(recipe)
    with pytest.raises(dataclasses.FrozenInstanceError):
        recipe.steps = 1


def test_no_field_has_a_default():
    for cls in (ganlib.Recipe, ganlib.Optimiser):
        for field in dataclasses.fields(cls):
            assert field.default is dataclasses.MISSING
            assert field.default_factory is dataclasses.MISSING


def test_a_dict_changes_only_the_named_fields_of_an_optimiser():
    before = ganlib.recipe("ring").generator_optimiser
    after = ganlib.recipe("ring", generator_optimiser={"rate": 0.5}).generator_optimiser
    assert after == dataclasses.replace(before, rate=0.5)


# Generator and discriminator as the two tutorials have them: facts read from their published code.
@pytest.mark.parametrize(
    ("name", "generator", "discriminator"),
    [("tensorflow-tutorial", 2_330_944, 212_865), ("pytorch-tutorial", 3_576_704, 2_765_568)],
)
def test_the_tutorials_have_the_tutorials_parameter_counts(name, generator, discriminator):
    import numpy as np

    from ganlib import initialise

    recipe = ganlib.recipe(name)
    rng = np.random.default_rng(0)
    moving = {"mean", "variance"} if name == "pytorch-tutorial" else set()  # Keras counts moving statistics

    def count(weights):
        return sum(array.size for key, array in weights.items() if key.split(".")[1] not in moving)

    assert count(initialise.generator_weights(recipe, rng)) == generator
    assert count(initialise.discriminator_weights(recipe, rng)) == discriminator


# By hand from the layers that the documents list: kernels and biases, two numbers a channel for batch normalisation.
def conv(kernel, given, made):
    return kernel**2 * given * made + made


def dense(given, made):
    return given * made + made


def norm(channels):
    return 2 * channels


SOURCES = {
    "source-000": (
        [100 * 4096, norm(4096), conv(4, 256, 128), norm(128), conv(4, 128, 64), norm(64), conv(4, 64, 3)],
        [conv(4, 3, 64), conv(4, 64, 128), dense(8 * 8 * 128, 1)],
    ),
    "source-001": (
        [
            *(dense(100, 128), dense(128, 128), dense(128, 8 * 8 * 100)),
            *(conv(4, 100, 64), norm(64), conv(4, 64, 64), norm(64), conv(4, 64, 3)),
        ],
        [dense(3072, 128), dense(128, 128), dense(128, 1)],
    ),
    "source-002": (
        [
            *(100 * 8192, norm(8192), conv(5, 512, 256), norm(256), conv(5, 256, 128), norm(128)),
            *(conv(5, 128, 64), norm(64), conv(5, 64, 3)),
        ],
        [conv(5, 3, 64), conv(5, 64, 128), conv(5, 128, 256), dense(4 * 4 * 256, 1)],
    ),
    "source-003": (
        [
            *(dense(100, 1024), 2 * dense(1024, 1024), 3 * norm(1024), dense(1024, 8192), norm(8192)),
            *(conv(3, 512, 256), 2 * conv(3, 256, 256), 3 * norm(256), conv(3, 256, 3)),
        ],
        [
            *(conv(3, 3, 64), norm(64), conv(3, 64, 128), norm(128), conv(3, 128, 256), norm(256)),
            *(dense(4 * 4 * 256, 1024), dense(1024, 1)),
        ],
    ),
    "source-004": (
        [16 * (100 * 256 + 256 * 128 + 128 * 64 + 64 * 3), norm(256), norm(128), norm(64)],
        [16 * (3 * 64 + 64 * 128 + 128 * 256 + 256)],
    ),
}


@pytest.mark.parametrize("name", SOURCES)
def test_the_sources_have_their_documents_layers(name):
    recipe, (generator, discriminator) = ganlib.recipe(name), SOURCES[name]
    made = architectures.costs(architectures.generator_layers(recipe), (100,))
    judged = architectures.costs(architectures.discriminator_layers(recipe), (32, 32, 3))
    assert (made[-1].shape, judged[-1].shape) == ((32, 32, 3), (1,))
    assert sum(cost.parameters for cost in made) == sum(generator)
    assert sum(cost.parameters for cost in judged) == sum(discriminator)


def test_a_batch_of_one_image_is_normalised_by_its_pixels():
    assert ganlib.recipe("source-001").batch_size == 1
    with pytest.raises(RecipeError, match="batch_norm1 of the generator would get one"):
        ganlib.recipe("source-000", batch_size=1)  # it normalises the projection as a vector


BAD = [
    ({"los": "hinge"}, "Did you mean 'loss'"),
    ({"loss": "hing"}, "Did you mean 'hinge'"),
    ({"steps": 0}, "at least 1"),
    ({"steps": 1.5}, "whole number"),
    ({"steps": True}, "whole number"),
    ({"batch_size": -3}, "at least 1"),
    ({"generator_slope": float("nan")}, "number"),
    ({"generator_slope": "0.2"}, "number"),
    ({"generator_optimiser": {"rate": float("inf")}}, "generator_optimiser.rate"),
    ({"generator_optimiser": {"rate": 0}}, "never moves"),
    ({"generator_optimiser": {"lr": 1e-3}}, "rate"),
    ({"generator_optimiser": 1e-3}, "Optimiser"),
    ({"discriminator_optimiser": {"rule": "adm"}}, "adam"),
    ({"real_label": 0.4}, "above 0.5"),
    ({"real_label": 0.9, "loss": "hinge"}, "least_squares"),
    ({"batch_norm_epsilon": 0}, "above 0"),
    ({"batch_norm_momentum": 1.0}, "below 1"),
    ({"shape": (16, 16)}, "height, width, channels"),
    ({"shape": (16, 16, 0)}, "height, width, channels"),
    ({"shape": 16}, "height, width, channels"),
    ({"shape": (2,)}, "dense"),
    ({"shape": (16, 24, 1)}, "square"),
    ({"shape": (30, 30, 1)}, "28×28 or 32×32"),
    ({"shape": (4, 4, 1)}, "8"),
    ({"kernel": 1}, "from 2 to 9"),
    ({"upsampling": "bilinear"}, "transposed, resize, subpixel"),
    ({"upsampling": "subpixels"}, "Did you mean 'subpixel'"),
    ({"upsampling": "resize", "generator": "dense"}, "generator='dcgan'"),
    ({"upsampling": "subpixel", "generator": "tensorflow-tutorial"}, "upsampling='transposed'"),
    ({"penalty": "r1"}, "penalty_weight=1"),
    ({"penalty": "wgan_gp"}, "penalty_weight=10"),
    ({"penalty_weight": 1.0}, "weighs no penalty"),
    ({"pack": 3}, "packed"),
    ({"batch_size": 1, "generator": "dense"}, r"at least two values of a kind.*batch_norm1 of the generator"),
    ({"batch_size": 2, "pack": 2, "discriminator": "dense"}, "of the discriminator.*lower pack"),
    ({"update": "simultaneous", "discriminator_steps": 2}, "alternating"),
    ({"update": "extragradient", "discriminator_steps": 2}, "alternating"),
    ({"update": "competitive"}, r"generator_optimiser=\{'rule': 'sgd'"),
    ({"solver_tolerance": 1.0}, "below 1"),
    ({"penalty": "consensus", "penalty_weight": 1.0}, "update='simultaneous'"),
    ({"penalty_end": 0}, "geometrically"),
    ({"generator_octaves": 2}, "'dense'"),
    ({"discriminator_octaves": 99}, "from 0 to 16"),
    ({"generator_optimiser": {"l2": -1}}, r"generator_optimiser\.l2"),
    ({"discriminator_optimiser": {"rate_end": -0.1}}, "1 keeps the rate"),
    ({"discriminator_optimiser": {"rate_power": -0.5}}, "0 keeps it"),
    ({"generator_optimiser": {"rule": "fletcher_reeves", "beta1": -0.5}}, "the largest β"),
    ({"generator_optimiser": {"rule": "fletcher-reeves"}}, "Did you mean 'fletcher_reeves'"),
    ({"fresh_noise": 1}, "True or False"),
    ({"downsampling": "max"}, "strided, pool"),
    ({"downsampling": "pool", "discriminator": "dense"}, "downsampling='strided'"),
    ({"boundary_norm": 1}, "True or False"),
    ({"boundary_norm": True, "generator_norm": "none", "discriminator_norm": "spectral"}, "boundary_norm=False"),
    ({"data": ""}, "not empty"),
]


@pytest.mark.parametrize(("changes", "says"), BAD)
def test_a_wrong_value_is_refused_and_the_message_says_what_is_right(changes, says):
    with pytest.raises(RecipeError, match=says):
        ganlib.recipe("dcgan-digits", **changes)


@pytest.mark.parametrize(
    ("name", "size", "says"),
    [
        ("tensorflow-tutorial", 30, "cannot make images of 30×30, but 28×28 or 32×32"),
        ("pytorch-tutorial", 32, "cannot make images of 32×32, but 64×64: .*'dcgan'"),
        ("source-000", 28, "28×28, but 24×24 or 32×32"),
        ("source-001", 30, "30×30, but 28×28 or 32×32"),
        ("source-004", 64, "64×64, but 32×32:"),
    ],
)
def test_the_tutorials_say_which_sizes_they_make(name, size, says):
    with pytest.raises(RecipeError, match=says):
        ganlib.recipe(name, shape=(size, size, 3))


REPLACED = [
    ({"update": "simultanious"}, "Did you mean 'simultaneous'"),
    ({"generator_norm": "bacth"}, "Did you mean 'batch'"),
    ({"penalty": "r3"}, "penalty must be one of none, r1, r2,"),
    ({"penalty": "consensu"}, "Did you mean 'consensus'"),
    ({"loss": "hing"}, "Did you mean 'hinge'"),
    ({"generator": "dcgna"}, "Did you mean 'dcgan'"),
    ({"steps": -1}, "steps must be a whole number of at least 1, not -1"),
    ({"penalty": "none"}, "weighs no penalty"),
    ({"batch_size": 255, "pack": 2}, "cannot be packed"),
    ({"update": "extragradient", "discriminator_steps": 2}, "moves both players alike"),
    ({"generator_optimiser": None}, "must be a ganlib.Optimiser or a dict"),
    ({"generator_optimiser": {"rate": 1e-3}}, "generator_optimiser lacks rule"),
]


@pytest.mark.parametrize(("changes", "says"), REPLACED)
def test_a_recipe_cannot_be_wrong_however_it_is_made(changes, says):
    recipe = ganlib.recipe("ring")
    with pytest.raises(RecipeError, match=says):
        dataclasses.replace(recipe, **changes)
    with pytest.raises(RecipeError, match=says):
        ganlib.Recipe(**{**vars(recipe), **changes})


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"rule": "adamw"}, "Did you mean 'adam'"),
        ({"rate": 0}, "optimiser.rate must be a number above 0, since at 0 the player never moves"),
        ({"beta1": "0.5"}, "optimiser.beta1 must be a number"),
        ({"beta1": -1}, "above -1 and below 1"),
        ({"epsilon_placement": "afer"}, "Did you mean 'after'"),
        ({"rule": "dai_yuan", "beta1": -0.1}, "the largest β"),
    ],
)
def test_an_optimiser_cannot_be_wrong_however_it_is_made(changes, says):
    optimiser = ganlib.recipe("ring").generator_optimiser
    with pytest.raises(RecipeError, match=says):
        dataclasses.replace(optimiser, **changes)
    with pytest.raises(RecipeError, match=says):
        ganlib.Optimiser(**{**vars(optimiser), **changes})


def test_values_of_another_type_that_mean_the_same_become_the_fields_own():
    recipe = dataclasses.replace(ganlib.recipe("ring"), shape=[2], penalty_weight=1, instance_noise=0)
    assert recipe == ganlib.recipe("ring")
    assert (type(recipe.shape), type(recipe.penalty_weight), type(recipe.instance_noise)) == (tuple, float, float)
    hash(recipe)
    optimiser = dataclasses.replace(recipe.generator_optimiser, rate=1)
    assert type(optimiser.rate) is float
    whole = dataclasses.replace(recipe, generator_optimiser=dataclasses.asdict(optimiser))
    assert whole.generator_optimiser == optimiser


def test_an_unknown_recipe_names_the_nearest():
    with pytest.raises(RecipeError, match="Did you mean 'dcgan-digits'"):
        ganlib.recipe("dcgan-digit")


@pytest.mark.parametrize("text", ["", "[]", "{}", "null", "{", '{"name": 3}', "[" * 100_000])
def test_what_is_no_recipe_is_refused(text):
    with pytest.raises(RecipeError):
        ganlib.Recipe.from_json(text)


@given(
    field=st.sampled_from([field.name for field in dataclasses.fields(ganlib.Recipe)]),
    value=st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.lists(st.integers()) | st.just({}),
)
def test_any_value_in_any_field_gives_a_recipe_or_a_recipe_error(field, value):
    values = json.loads(ganlib.recipe("dcgan-digits").to_json()) | {field: value}
    try:
        recipe = ganlib.Recipe.from_json(json.dumps(values))
    except RecipeError:
        return
    assert recipe == ganlib.Recipe.from_json(recipe.to_json())


@pytest.mark.parametrize("size", range(1, 130))
def test_every_size_either_fits_or_is_told_two_that_do(size):
    try:
        recipe = ganlib.recipe("dcgan-digits", shape=(size, size, 3), width=2)
    except RecipeError as error:
        import re

        low, high = map(int, re.search(r"but (\d+)×\d+ or (\d+)×\d+", str(error)).groups())
        for near in (low, high):
            ganlib.recipe("dcgan-digits", shape=(near, near, 3), width=2)
        return
    assert architectures.shapes(architectures.generator_layers(recipe), (recipe.latent,))[-1] == (
        size,
        size,
        3,
    )
    taken = architectures.shapes(architectures.discriminator_layers(recipe), architectures.discriminator_input(recipe))
    assert taken[-1] == (1,)
