"""Conditions: labels that both players are told, from the layers up to the command line."""

import dataclasses

import numpy as np
import pytest

import ganlib
from ganlib import architectures, initialise, reference
from ganlib.errors import DataError, RecipeError
from ganlib.layers import (
    BatchNorm,
    Conv,
    ConvTranspose,
    Dense,
    Flatten,
    Join,
    LeakyReLU,
    OneHot,
    Project,
    Residual,
    Skip,
    conditions,
    shapes,
    walk,
    weight_shapes,
)

SMALL = {"width": 4, "batch_size": 16}
WGAN_GP = {"loss": "wasserstein", "penalty": "wgan_gp", "penalty_weight": 10.0}


@pytest.fixture(scope="module")
def ring():
    return ganlib.data.load("ring", n=400)


@pytest.fixture(scope="module")
def digits():
    return ganlib.data.load("digits")


# Layers inside layers

INNER = (LeakyReLU(0.2), Conv(5, 4, 2, "same", True), BatchNorm(0.9, 1e-5), ConvTranspose(3, 4, 2, "same", False))
NESTED = [
    Residual((LeakyReLU(0.2), Conv(2, 3, 1, "same", True, spectral=True))),
    Join("labels", (OneHot(5), Dense(3, True))),
    Skip((*INNER[:2], Residual((Conv(5, 3, 1, "same", False),)), *INNER[2:])),
    Join("outline", (Conv(2, 3, 1, "same", True),), shape=(4, 4, 1)),
    Flatten(),
    Project("labels", (OneHot(5), Dense(160, True, spectral=True))),
]


def test_layers_inside_layers_have_names_shapes_and_conditions():
    assert shapes(NESTED, (4, 4, 2)) == [(4, 4, 2), (4, 4, 5), (4, 4, 8), (4, 4, 10), (160,), (1,)]
    assert conditions(NESTED) == {"labels": (), "outline": (4, 4, 1)}
    found = weight_shapes(NESTED, (4, 4, 2))
    assert found["join1.dense1.kernel"] == (5, 3)
    assert found["skip2.residual2.conv0.kernel"] == (3, 3, 5, 5)
    assert found["project5.dense1.u"] == (160,)
    order = [name for name, _, _, _ in walk(NESTED, (4, 4, 2))]
    assert order.index("skip2.residual2.conv0") < order.index("skip2.residual2") < order.index("skip2")


@pytest.mark.parametrize("training", [False, True])
def test_layers_inside_layers_compute_what_numpy_computes(gl, native, training):
    rng = np.random.default_rng(0)
    weights = initialise.initial_weights(NESTED, (4, 4, 2), ganlib.recipe("dcgan-digits"), rng)
    x, outline, labels = rng.normal(size=(6, 4, 4, 2)), rng.normal(size=(6, 4, 4, 1)), np.array([0, 1, 2, 3, 4, -1])
    expected = reference.network(NESTED, weights, x, training, given={"labels": labels, "outline": outline})
    network = gl.networks.Network(NESTED, (4, 4, 2), "float64")
    gl.set_weights(network, weights)
    assert list(gl.get_weights(network)) == list(weights)
    given = {"labels": native.tensor(gl, labels, "int64"), "outline": native.tensor(gl, outline)}
    if gl.name == "torch":
        found = network.train(training)(native.tensor(gl, x), given)
    else:
        found = network(native.tensor(gl, x), given, training=training)
    np.testing.assert_allclose(native.numpy(found), expected, rtol=1e-11, atol=1e-12)
    with pytest.raises(ValueError, match=r"This network looks at labels: call it with \{'labels': a tensor\}"):
        network(native.tensor(gl, x))


def test_what_a_projection_and_joined_labels_are():
    x, kernel, bias = np.array([[1.0, 2.0]]), np.array([[3.0, 5.0], [7.0, 11.0]]), np.array([0.5, 0.25])
    weights = {"project0.dense1.kernel": kernel, "project0.dense1.bias": bias}
    layers = [Project("labels", (OneHot(2), Dense(2, True)))]
    for label, expected in ((0, 3.5 + 2 * 5.25), (1, 7.5 + 2 * 11.25), (-1, 0.5 + 2 * 0.25)):
        assert reference.network(layers, weights, x, given={"labels": [label]}) == pytest.approx(expected)
    joined = reference.network([Join("labels", (OneHot(2),))], {}, np.zeros((1, 2, 2, 1)), given={"labels": [1]})
    assert joined.shape == (1, 2, 2, 3)
    assert (joined == [0, 0, 1]).all()


@pytest.mark.parametrize(
    ("layers", "shape", "says"),
    [
        ([OneHot(3)], (2,), "takes labels, one number a sample, not \\(2,\\)"),
        ([Residual((Dense(3, True),))], (2,), "must keep the shape, and made \\(3,\\) of \\(2,\\)"),
        ([Skip((Conv(1, 3, 2, "same", True),))], (4, 4, 1), "\\(4, 4, 1\\) and \\(2, 2, 1\\)"),
        ([Project("labels", (OneHot(3), Dense(4, True)))], (2,), "as long as what its layers give, \\(4,\\), not"),
    ],
)
def test_layers_that_do_not_fit_together_are_refused(layers, shape, says):
    with pytest.raises(RecipeError, match=says):
        shapes(layers, shape)


@pytest.mark.parametrize("labels", [[0.5], [[1]], [3], [-2]])
def test_the_reference_refuses_what_are_no_labels(labels):
    with pytest.raises(ValueError, match="labels must be whole numbers"):
        reference.one_hot(labels, 3)


# Recipes


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"classes": 0}, "generator_labels='embedding' is for labels, and classes=0"),
        ({"pack": 2}, "use pack=1"),
        ({"generator": "source-000", "kernel": 4}, "'source-000' cannot"),
    ],
)
def test_recipes_that_cannot_tell_labels_are_refused(changes, says):
    with pytest.raises(RecipeError, match=says):
        ganlib.recipe("conditional-digits", **changes)


def test_a_recipe_from_before_has_no_labels():
    new = ganlib.recipe("ring")
    text = "\n".join(
        line for line in new.to_json().splitlines()
        if not any(f'"{name}"' in line for name in ("classes", "generator_labels", "discriminator_labels", "embedding"))
    )  # fmt: skip
    assert ganlib.Recipe.from_json(text) == new


# Training


OTHER_WAYS = [  # of which tests/test_parity.py takes ten steps
    ("conditional-ring", {"generator_labels": "embedding", "discriminator_labels": "one_hot", "penalty": "wgan_gp"}),
    ("conditional-digits", {"discriminator_labels": "embedding", "discriminator_steps": 2, "shape": (8, 8, 1)}),
    ("conditional-ring", {"discriminator_labels": "auxiliary", "feature_weight": 0.1}),
    ("conditional-ring", {"discriminator_labels": "information", "discriminator_steps": 2, "penalty_every": 2}),
]


@pytest.mark.long
@pytest.mark.parametrize(
    ("name", "changes"),
    [
        ("conditional-ring", {}),
        ("conditional-digits", {}),
        *(pytest.param(*way, marks=pytest.mark.thorough) for way in OTHER_WAYS),
    ],
)
def test_both_frameworks_stay_together_over_100_steps(both, ring, name, changes):
    recipe = ganlib.recipe(name, **SMALL, **changes)
    data = ring if name == "conditional-ring" else ganlib.data.load(recipe, n=400)
    histories, samples = [], []
    for gl in both:
        trainer = gl.Trainer(recipe, precision="float64")
        histories.append(trainer.fit(data, steps=100, progress=False))
        samples.append(trainer.sample(9, seed=1, labels=np.arange(9) % 8))
    for metric, values in histories[0].items():
        np.testing.assert_allclose(values, histories[1][metric], rtol=1e-8, atol=1e-8, err_msg=metric)
    np.testing.assert_allclose(*samples, rtol=1e-8, atol=1e-8)


def test_what_is_learnt_are_the_labels_that_belong_to_the_samples(gl):
    """After training a sample is of the mode that its label says, which shuffled labels would not give."""
    rng = np.random.default_rng(0)
    labels = rng.integers(2, size=512)
    points = (np.array([[-2.0, 0.0], [2.0, 0.0]])[labels] + 0.1 * rng.normal(size=(512, 2))).astype("float32")
    fast = {f"{player}_optimiser": {"rate": 2e-3} for player in ("generator", "discriminator")}
    recipe = ganlib.recipe("conditional-ring", classes=2, width=16, batch_size=64, moving_average=0.0, **fast)
    trainer = gl.Trainer(recipe)
    trainer.fit(ganlib.data.Data("two", points=points, labels=labels), steps=250, progress=False)
    for label, side in ((0, -1), (1, 1)):
        assert np.median(trainer.sample(50, labels=label)[:, 0]) * side > 1


def test_samples_go_through_the_classes_in_turn_unless_told(gl):
    recipe = ganlib.recipe("conditional-ring", **SMALL)
    trainer = gl.Trainer(recipe)
    np.testing.assert_array_equal(trainer.sample(20), trainer.sample(20, labels=np.arange(20) % 8))
    np.testing.assert_array_equal(trainer.sample(20, labels=3)[3], trainer.sample(20)[3])
    latents = np.zeros((2, 2))
    assert not np.allclose(*trainer.generate(latents, labels=[0, 1]))
    logits = trainer.logits(latents.astype("float32"), labels=[0, 1])
    assert logits.shape == (2,)
    assert logits[0] != logits[1]
    assert gl.Trainer(ganlib.recipe("ring", **SMALL)).classes_in_turn(5) is None


@pytest.mark.parametrize(
    ("labels", "error", "says"),
    [
        ([0, 1], ValueError, r"shape \(2,\).*one for each of the 3 samples"),
        ([0, 1, 8], ValueError, "reaches from 0 to 8.*from 0 to 7"),
        (-1, ValueError, "from 0 to 7"),
        ([0.0, 1.0, 2.0], TypeError, "whole numbers from 0 to 7"),
        ("three", TypeError, "whole numbers from 0 to 7"),
    ],
)
def test_labels_that_are_none_are_refused(gl, labels, error, says):
    trainer = gl.Trainer(ganlib.recipe("conditional-ring", **SMALL))
    with pytest.raises(error, match=says):
        trainer.sample(3, labels=labels)
    with pytest.raises(error, match=says):
        trainer.logits(np.zeros((3, 2), "float32"), labels=labels)


def test_a_trainer_says_where_labels_are_missing_or_too_many(gl, ring):
    trainer = gl.Trainer(ganlib.recipe("conditional-ring", **SMALL))
    with pytest.raises(ValueError, match="the data have no labels: ganlib"):
        trainer.fit(ring.points, steps=1)
    with pytest.raises(ValueError, match="the data's labels reaches from 1 to 8"):
        trainer.fit(dataclasses.replace(ring, labels=ring.labels + 1), steps=1)
    with pytest.raises(ValueError, match="give logits the labels"):
        trainer.logits(ring.points[:3])
    with pytest.raises(ValueError, match="give step the labels"):
        trainer.step(ring.points[:16])
    with pytest.raises(ValueError, match="leave fake out"):
        trainer.fit_discriminator(ring, 1, fake=ring.points)
    assert trainer.step(ring.points[:16], ring.labels[:16]).keys() >= {"d_loss", "g_loss"}
    assert len(trainer.fit_discriminator(ring, 2)["d_loss"]) == 2
    with pytest.raises(ValueError, match="This recipe has no labels"):
        gl.Trainer(ganlib.recipe("ring", **SMALL)).sample(3, labels=1)


def test_a_conditional_run_goes_on_to_the_bit(gl, ring, tmp_path):
    recipe = ganlib.recipe("conditional-ring", **SMALL)
    whole, first = gl.Trainer(recipe, seed=3), gl.Trainer(recipe, seed=3)
    whole.fit(ring, steps=6, progress=False)
    first.fit(ring, steps=3, progress=False)
    first.save(tmp_path)
    second = gl.Trainer.load(tmp_path)
    second.fit(ring, steps=3, progress=False)
    for name, array in whole.state().items():
        np.testing.assert_array_equal(array, second.state()[name], err_msg=name)


def test_a_step_that_fails_is_found_with_labels(gl, ring):
    trainer = gl.Trainer(ganlib.recipe("conditional-ring", **SMALL, generator_optimiser={"rate": 1e30}))
    with pytest.raises(ganlib.errors.TrainingFailed) as failed:
        trainer.fit(ring, steps=20, progress=False)
    assert failed.value.tensor != "weights"  # found by taking the step again


# Terms


def said(rng, n=6):
    return rng.normal(size=(n, 3)), np.array([0, 2, 1, -1, 2, -1])


def test_terms_are_what_numpy_computes_and_so_are_their_gradients(gl, native):
    rng, terms = np.random.default_rng(0), reference.terms
    (logits, labels), fake = said(rng), rng.normal(size=(6, 3))
    told = native.tensor(gl, labels, "int64")
    for function, oracle, array in (
        (lambda x: gl.terms.cross_entropy(x, told), lambda x: terms.cross_entropy(x, labels), logits),
        (lambda x: gl.terms.feature_matching(native.tensor(gl, logits), x),
         lambda x: terms.feature_matching(logits, x), fake),
        (lambda x: gl.terms.Reconstruction.generator(gl.terms.Batch(native.tensor(gl, logits), x, {}, x, x)),
         lambda x: terms.reconstruction(logits, x), fake),
    ):  # fmt: skip
        value, (gradient,) = native.gradients(gl, function, array)
        assert value == pytest.approx(oracle(array), rel=1e-12)
        steps = 1e-6 * np.eye(array.size).reshape(-1, *array.shape)
        slopes = [(oracle(array + d) - oracle(array - d)) / 2e-6 for d in steps]
        np.testing.assert_allclose(gradient.ravel(), slopes, rtol=1e-5, atol=1e-8)


def test_a_batch_without_a_known_label_has_no_cross_entropy(gl, native):
    logits, _ = said(np.random.default_rng(0))
    unknown = native.tensor(gl, np.full(6, -1), "int64")
    value, (gradient,) = native.gradients(gl, lambda x: gl.terms.cross_entropy(x, unknown), logits)
    assert value == reference.terms.cross_entropy(logits, np.full(6, -1)) == 0
    assert not gradient.any()


def test_the_reference_of_the_terms_by_hand():
    assert reference.terms.cross_entropy([[0.0, 0.0], [9.0, 9.0]], [0, -1]) == pytest.approx(np.log(2))
    assert reference.terms.feature_matching([[1.0, 2.0], [3.0, 2.0]], [[0.0, 0.0]]) == 8
    assert reference.terms.reconstruction([[1.0, -1.0]], [[0.0, 1.0]]) == 1.5
    with pytest.raises(ValueError, match="need a label for each row, and there are 2"):
        reference.terms.cross_entropy([[0.0, 0.0]], [0, 1])


def test_the_terms_are_weighed_and_told_apart_from_the_losses(gl, ring):
    """D's terms of the first step are the reference's, of real and of G's samples, times the weight."""
    found = {}
    for weight in (1.0, 2.0):
        recipe = ganlib.recipe("conditional-ring", **SMALL, discriminator_labels="auxiliary", class_weight=weight)
        trainer = gl.Trainer(recipe, precision="float64")
        latents = initialise.draw(recipe, initialise.streams(0), 0)["latents"][0]
        fake = trainer.generate(latents, averaged=False, labels=ring.labels[:16])
        layers, weights = architectures.discriminator_layers(recipe), gl.get_weights(trainer.discriminator)
        named = [reference.network(layers, weights, x)[:, 1:] for x in (ring.points[:16], fake)]
        expected = sum(reference.terms.cross_entropy(logits, ring.labels[:16]) for logits in named)
        found[weight] = trainer.step(ring.points[:16], ring.labels[:16])
        assert found[weight]["d_terms"] == pytest.approx(weight * expected, rel=1e-6)
    assert found[2.0]["d_loss"] == found[1.0]["d_loss"]
    assert found[1.0]["g_terms"] > 0


def test_unknown_labels_teach_an_auxiliary_classifier_and_nobody_else(gl, ring):
    labels = np.where(np.arange(len(ring)) % 4, -1, ring.labels)
    data = dataclasses.replace(ring, labels=labels)
    trainer = gl.Trainer(ganlib.recipe("conditional-ring", **SMALL, discriminator_labels="auxiliary"))
    history = trainer.fit(data, steps=2, progress=False)
    assert np.isfinite(history["d_terms"]).all()
    shares = trainer.classify(ring.points[:5])
    assert shares.shape == (5, 8)
    np.testing.assert_allclose(shares.sum(axis=1), 1)
    other = gl.Trainer(ganlib.recipe("conditional-ring", **SMALL))
    with pytest.raises(ValueError, match="reaches from -1"):
        other.fit(data, steps=1)
    with pytest.raises(ValueError, match="names no classes"):
        other.classify(ring.points)


def test_drawn_labels_need_none_from_the_data_and_are_read_from_the_samples(gl, ring):
    recipe = ganlib.recipe("conditional-ring", **SMALL, classes=3, discriminator_labels="information")
    trainer = gl.Trainer(recipe)
    history = trainer.fit(ring.points, steps=2, progress=False)
    assert set(history) >= {"d_terms", "g_terms"}
    assert trainer.step(ring.points[:16]).keys() == set(history)
    assert trainer.logits(ring.points[:4]).shape == (4,)
    assert trainer.sample(6, labels=2).shape == (6, 2)


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"feature_weight": 1.0, "pack": 2}, "Features are matched sample by sample: use pack=1"),
        ({"feature_weight": 1.0, "discriminator": "source-000", "shape": (16, 16, 1)}, "feature_weight=1.0 is for"),
        ({"class_weight": 0.0}, "class_weight must be a number above 0"),
        ({"discriminator_labels": "auxiliary"}, "classes=0 has none"),
    ],
)
def test_terms_that_cannot_be_are_refused(changes, says):
    with pytest.raises(RecipeError, match=says):
        ganlib.recipe("ring", **changes)


# Images from images

TINY = {"shape": (16, 16, 3), "width": 4, "batch_size": 8}


@pytest.fixture(scope="module")
def shapes16():
    return ganlib.data.load("shapes", size=16, n=64)


@pytest.mark.parametrize("name", ganlib.data.VIEWS)
def test_a_view_is_of_the_same_picture_and_says_less(shapes16, name):
    images = shapes16.images
    seen = ganlib.data.view(name, images)
    assert seen.shape == (*images.shape[:3], 1 if name == "grey" else 3)
    assert seen.dtype == np.float32
    assert abs(seen).max() <= 1
    assert not np.array_equal(np.broadcast_to(seen, images.shape), images)
    np.testing.assert_array_equal(ganlib.data.view(name, images[:5]), seen[:5])


def test_what_the_views_keep():
    picture = np.full((1, 8, 8, 3), -0.5, np.float32)
    picture[0, 2:6, 2:6] = [1.0, 0.0, -1.0]
    edges = ganlib.data.view("outline", picture)
    assert (edges[0, 3:5, 3:5] == -1).all()
    assert (edges[0, 5, 3] == [1, 0, -1]).all()
    np.testing.assert_allclose(ganlib.data.view("grey", picture)[0, 3, 3], 0)
    coarse = ganlib.data.view("low", picture)
    block = np.broadcast_to(picture[0, :4, :4].mean((0, 1)), (4, 4, 3))
    np.testing.assert_allclose(coarse[0, :4, :4], block, rtol=1e-6)
    gone = (ganlib.data.view("holes", picture)[0] == 0).all(axis=-1)
    assert gone.sum() == 16
    assert np.ptp(np.argwhere(gone), axis=0).tolist() == [3, 3]


def test_an_unknown_view_is_refused(shapes16):
    with pytest.raises(ValueError, match="'outline', 'grey', 'low', 'holes'"):
        ganlib.data.view("sketch", shapes16.images)


def test_a_u_net_passes_each_size_by_its_halving_and_a_patch_discriminator_means_its_patches():
    recipe = ganlib.recipe("outline-to-shape", width=4)
    layers = architectures.generator_layers(recipe)
    skip = next(layer for layer in layers if isinstance(layer, Skip))
    assert any(isinstance(layer, Skip) for layer in skip.layers)
    assert shapes(layers, (recipe.latent,))[-1] == recipe.shape
    assert conditions(layers) == {"outline": (16, 16, 3)}
    judged = shapes(architectures.discriminator_layers(recipe), architectures.discriminator_input(recipe))
    assert judged[0] == (16, 16, 6)
    assert judged[-3:] == [(4, 4, 1), (1, 1, 1), (1,)]
    grey = ganlib.recipe("outline-to-shape", source="grey")
    assert architectures.conditions(grey) == {"grey": (16, 16, 1)}


@pytest.mark.long
def test_translations_stay_together_over_100_steps(both, shapes16):
    recipe = ganlib.recipe("outline-to-shape", **TINY)
    trainers = [gl.Trainer(recipe, precision="float64") for gl in both]
    histories = [trainer.fit(shapes16, steps=100, progress=False) for trainer in trainers]
    assert (histories[0]["g_terms"] > 0).all()
    for metric, values in histories[0].items():
        np.testing.assert_allclose(values, histories[1][metric], rtol=1e-8, atol=1e-8, err_msg=metric)
    source = ganlib.data.view("outline", shapes16.images[:3])
    np.testing.assert_allclose(*(trainer.translate(source) for trainer in trainers), rtol=1e-8, atol=1e-8)


def test_a_translation_is_of_its_own_image_and_of_its_latent(gl, shapes16, tmp_path):
    trainer = gl.Trainer(ganlib.recipe("outline-to-shape", **TINY, source="holes"))
    source = ganlib.data.view("holes", shapes16.images)
    with pytest.raises(ValueError, match="use translate, or fit first"):
        trainer.sample(2)
    trainer.fit(shapes16, steps=2, progress=False)
    made = trainer.translate(source[:3], seed=1)
    assert made.shape == (3, 16, 16, 3)
    np.testing.assert_allclose(trainer.translate(source[2:3], seed=1)[0], trainer.translate(source[2:3], seed=1)[0])
    assert not np.allclose(made[0], made[1])
    assert not np.allclose(made, trainer.translate(source[:3], seed=2))
    np.testing.assert_array_equal(trainer.sample(3, seed=1), made)  # of the images that it was fitted to
    trainer.save(tmp_path)
    np.testing.assert_array_equal(gl.Trainer.load(tmp_path).translate(source[:3], seed=1), made)
    assert trainer.step(shapes16.images[:8]).keys() >= {"g_terms"}


def test_pairs_of_ones_own_are_translated(gl, shapes16):
    recipe = ganlib.recipe("outline-to-shape", **TINY, source="sketch")
    trainer = gl.Trainer(recipe)
    with pytest.raises(ValueError, match=r"no images named 'sketch'.*pairs="):
        trainer.fit(shapes16, steps=1)
    trainer.fit(dataclasses.replace(shapes16, pairs={"sketch": -shapes16.images}), steps=1, progress=False)
    assert trainer.translate(-shapes16.images[:2]).shape == (2, 16, 16, 3)
    with pytest.raises(DataError, match="64 samples but 3 of 'sketch'"):
        dataclasses.replace(shapes16, pairs={"sketch": shapes16.images[:3]})


def test_images_that_cannot_be_translated_are_refused(gl, shapes16):
    trainer = gl.Trainer(ganlib.recipe("outline-to-shape", **TINY, source="grey"))
    with pytest.raises(ValueError, match=r"images have shape \(64, 16, 16, 3\); expected \(n, 16, 16, 1\)"):
        trainer.translate(shapes16.images)
    with pytest.raises(ValueError, match="use sample"):
        gl.Trainer(ganlib.recipe("ring", **SMALL)).translate(shapes16.images)


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"source": "latents"}, "'unet' makes images from images"),
        ({"generator": "dcgan"}, "'unet' makes images from images"),
        ({"discriminator": "dense"}, "D is 'patch' or 'dcgan', not 'dense'"),
        ({"classes": 3}, "'unet' cannot"),
        ({"pack": 2}, "pack=1"),
        ({"depth": 5}, "depth=5 halvings do not divide 16"),
        ({"source": "labels"}, "means other data"),
        ({"generator": "dcgan", "source": "latents"}, "reconstruction_weight=20.0 compares"),
        ({"generator": "dcgan", "discriminator": "unet", "source": "latents"}, "'unet' is a generator"),
    ],
)
def test_recipes_that_cannot_translate_are_refused(changes, says):
    with pytest.raises(RecipeError, match=says):
        ganlib.recipe("outline-to-shape", **changes)


# Scores, report, command line


def test_scores_say_how_many_samples_show_their_class(ring, digits):
    scores = ganlib.report.scores(ring, ring.points, ring.labels)
    assert (scores["right_class_percent"], scores["right_class_percent"].perfect) == (100, 100)
    wrong = ganlib.report.scores(ring, ring.points, (ring.labels + 1) % 8)
    assert wrong["right_class_percent"] == 0
    score = ganlib.report.scores(digits, digits.images[:200], digits.labels[:200])["right_class_percent"]
    assert 95 < score <= 100
    assert 97 < score.perfect < 100
    assert "right_class_percent" not in ganlib.report.scores(digits, digits.images[:200])


@pytest.mark.long
def test_a_report_shows_what_was_translated_and_the_command_line_scores_it(gl, shapes16, tmp_path, monkeypatch, capsys):
    from ganlib.runtime import cli

    monkeypatch.setenv("GANLIB_BACKEND", gl.name)
    trainer = gl.Trainer(ganlib.recipe("outline-to-shape", **TINY))
    trainer.fit(shapes16, steps=1, progress=False)
    page = ganlib.report.write(trainer, shapes16, tmp_path / "report").read_text(encoding="utf-8")
    assert "In threes, one under the other: outline, generated, real" in page
    trainer.save(tmp_path / "run")
    assert cli.main(["evaluate", str(tmp_path / "run"), "-n", "20"]) == 0
    assert "Recognised, %" in capsys.readouterr().out
    assert cli.main(["sample", str(tmp_path / "run"), "--out", str(tmp_path / "none.png")]) == 1
    assert "use translate" in capsys.readouterr().err


@pytest.mark.long
def test_the_command_line_trains_samples_and_reports_by_class(tmp_path, capsys):
    from ganlib.runtime import cli

    run = tmp_path / "run"
    small = ["--set", "width=4", "--set", "batch_size=16", "--set", "shape=(8,8,1)"]
    assert cli.main(["train", "conditional-digits", "--steps", "2", "--out", str(run), *small]) == 0
    assert "Right class, %" in capsys.readouterr().out
    page = (run / "report.html").read_text(encoding="utf-8")
    assert "a column for each class: 0, 1, 2, 3, 4, 5, 6, 7, 8, 9." in page
    assert cli.main(["sample", str(run), "-n", "3", "--label", "7", "--out", str(tmp_path / "sevens.npz")]) == 0
    with np.load(tmp_path / "sevens.npz") as file:
        assert file["labels"].tolist() == [7, 7, 7]
        assert file["samples"].shape == (3, 8, 8, 1)
    assert cli.main(["sample", str(run), "-n", "20", "--out", str(tmp_path / "all.png")]) == 0
    capsys.readouterr()
    assert cli.main(["sample", str(run), "--label", "10", "--out", str(tmp_path / "none.png")]) == 1
    assert "from 0 to 9" in capsys.readouterr().err
