"""Data that is drawn or built in, the recogniser of shapes, and the arguments of `load`."""

import subprocess
import sys
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from ganlib.data import COLOURS, NAMES, SHAPES, Data, load, shape_factors
from ganlib.data.arrays import scaled
from ganlib.errors import DataError


@pytest.mark.parametrize(
    ("name", "modes", "std", "spacing"), [("ring", 8, 0.01, None), ("grid", 25, 0.05, 2.0), ("line", 5, 0.05, 0.5)]
)
def test_mixtures_are_those_of_the_protocol(name, modes, std, spacing):
    data = load(name, n=20_000, seed=1)
    assert data.points.dtype == np.float32
    assert data.points.shape == (20_000, 2)
    assert data.images is None
    assert data.samples is data.points
    assert data.centers.shape == (modes, 2)
    assert data.std == std
    gaps = np.linalg.norm(data.centers[:, None] - data.centers, axis=-1)[~np.eye(modes, dtype=bool)]
    if name == "ring":
        np.testing.assert_allclose(np.linalg.norm(data.centers, axis=1), 1)
        spacing = 2 * np.sin(np.pi / 8)
    elif name == "grid":
        assert {tuple(c) for c in data.centers} == {(x, y) for x in range(-4, 5, 2) for y in range(-4, 5, 2)}
    np.testing.assert_allclose(gaps.min(), spacing)

    away = np.linalg.norm(data.points[:, None] - data.centers, axis=-1)
    np.testing.assert_array_equal(away.argmin(1), data.labels)
    noise = data.points - data.centers[data.labels]
    np.testing.assert_allclose(noise.std(0), std, rtol=0.03)
    good = (away.min(1) < 3 * std).mean()
    assert abs(good - (1 - np.exp(-4.5))) < 0.003  # of a two-dimensional Gaussian within three deviations
    counts = np.bincount(data.labels, minlength=modes)
    assert ((counts - 20_000 / modes) ** 2 / (20_000 / modes)).sum() < 2.5 * modes  # chi-square, k - 1 expected


def test_moons_are_two_half_circles_that_reach_into_each_other():
    data = load("moons", n=20_000, seed=1)
    assert (data.centers, data.std) == (None, None)
    for moon, sign in ((0, 1), (1, -1)):
        x, y = (sign * data.points[data.labels == moon] + (0.5, 0.25)).T
        assert abs(np.hypot(x, y).mean() - 1) < 0.01
        assert abs(np.hypot(x, y).std() - 0.05) < 0.002
        assert y.min() > -0.25  # the upper half
        assert abs((np.arctan2(y, x) > np.pi / 2).mean() - 0.5) < 0.02  # evenly along it
    assert abs(data.points.mean(axis=0)).max() < 0.02


def test_default_numbers_of_samples():
    assert len(load("ring")) == len(load("grid")) == len(load("line")) == len(load("moons")) == 100_000
    assert len(load("shapes", size=16)) == 10_000
    assert len(load("digits")) == 1797
    assert len(load("stacked_digits", size=8)) == 20_000


@pytest.mark.parametrize("name", ["ring", "grid", "line", "moons", "shapes", "stacked_digits"])
def test_draws_depend_on_seed_and_split_only(name):
    first, again = load(name, n=50, seed=3), load(name, n=50, seed=np.int64(3))
    np.testing.assert_array_equal(first.samples, again.samples)
    np.testing.assert_array_equal(first.labels, again.labels)
    for other in (load(name, n=50, seed=4), load(name, n=50, seed=3, split="test")):
        assert not np.isclose(first.samples, other.samples).all()


def test_stacked_digits_are_three_digits_and_their_label_names_them():
    digits, stacked = load("digits"), load("stacked_digits", n=200, seed=1)
    assert stacked.images.shape == (200, 16, 16, 3)
    assert stacked.images.dtype == np.float32
    assert stacked.images.flags.c_contiguous
    known = {image.tobytes(): label for image, label in zip(digits.images[..., 0], digits.labels, strict=True)}
    for image, label in zip(stacked.images, stacked.labels, strict=True):
        seen = "".join(str(known[np.ascontiguousarray(image[..., colour]).tobytes()]) for colour in range(3))
        assert stacked.label_names[label] == seen
    assert len({image.tobytes() for image in stacked.images}) == 200
    assert len(np.unique(load("stacked_digits").labels)) == 1000


def test_digits_at_their_own_size_are_scikit_learns():
    from sklearn.datasets import load_digits

    data, original = load("digits", size=8), load_digits()
    np.testing.assert_array_equal(data.images[..., 0], original.images / 8 - 1)
    np.testing.assert_array_equal(data.labels, original.target)
    assert data.label_names == tuple("0123456789")


@pytest.mark.parametrize("size", [16, 28, 32])
def test_digits_enlarged(size):
    small, data = load("digits", size=8), load("digits", size=size)
    assert data.images.shape == (1797, size, size, 1)
    assert data.images.dtype == np.float32
    assert data.images.flags.c_contiguous
    assert data.images.min() == -1
    assert data.images.max() == 1
    # The border stays empty but for a trace, and the ink is what it was, in proportion.
    assert np.concatenate([data.images[:, [0, -1]].ravel(), data.images[:, :, [0, -1]].ravel()]).max() < -0.7
    ink = (data.images + 1).sum((1, 2, 3)) / (small.images + 1).sum((1, 2, 3)) / (size / 10) ** 2
    np.testing.assert_allclose(ink, 1, atol=0.06)


def test_a_selection_is_random_seeded_and_in_order():
    data, some = load("digits", size=8), load("digits", size=8, n=100, seed=5)
    rows = {row.tobytes(): k for k, row in enumerate(data.images)}
    picked = [rows[row.tobytes()] for row in some.images]
    assert picked == sorted(set(picked))
    assert picked[-1] > 1500
    np.testing.assert_array_equal(data.labels[picked], some.labels)
    np.testing.assert_array_equal(some.images, load("digits", size=8, n=100, seed=5).images)
    assert not np.array_equal(some.images, load("digits", size=8, n=100, seed=6).images)


@pytest.mark.parametrize(("side", "size"), [(8, 16), (10, 28), (28, 32), (32, 20)])
def test_resizing_equals_pillows(side, size):
    raw = np.random.default_rng(0).integers(0, 256, (600, side, side, 3)).astype(np.uint8)  # two chunks
    resized = scaled(raw, 255, size)
    for k in (0, 599):
        for c in range(3):
            image = Image.fromarray(raw[k, :, :, c].astype(np.float32)).resize((size, size), Image.Resampling.BICUBIC)
            np.testing.assert_allclose(resized[k, :, :, c], np.clip(np.asarray(image) / 127.5 - 1, -1, 1), atol=2e-5)


def test_resizing_neither_wraps_nor_shifts():
    raw = np.zeros((1, 8, 8, 1))
    raw[0, 3, 0] = 16
    resized = scaled(raw, 16, 32)[0, :, :, 0]
    assert (resized[:, 16:] == -1).all()
    np.testing.assert_allclose(scaled(raw[:, ::-1, ::-1], 16, 32)[0, ::-1, ::-1, 0], resized, atol=1e-6)
    np.testing.assert_allclose(scaled(np.full((1, 8, 8, 1), 4.0), 16, 31), -0.5, atol=1e-6)


def test_scaling_keeps_the_ends_exact():
    np.testing.assert_array_equal(scaled(np.array([0, 255], np.uint8).reshape(1, 1, 2, 1), 255, None).ravel(), [-1, 1])


@pytest.mark.parametrize("size", [16, 32, 64])
def test_shapes_are_what_their_factors_say(size):
    data = load("shapes", size=size, n=1200, seed=size)
    assert data.images.shape == (1200, size, size, 3)
    assert data.images.dtype == np.float32
    assert data.images.flags.c_contiguous
    assert abs(data.images).max() <= 1
    shape, colour = data.factors["shape"], data.factors["colour"]
    np.testing.assert_array_equal(data.labels, shape * len(COLOURS) + colour)
    assert len(data.label_names) == len(SHAPES) * len(COLOURS) == len(np.unique(data.labels))
    k = int(data.labels[0])
    assert data.label_names[k] == f"{COLOURS[colour[0]]} {SHAPES[shape[0]]}"

    background = data.images[0, 0, 0]
    corners = data.images[:, [0, 0, -1, -1], [0, -1, 0, -1]]
    np.testing.assert_array_equal(corners, np.broadcast_to(background, corners.shape))

    place, radius = data.factors["place"], data.factors["radius"]
    assert radius.min() >= 0.2
    assert radius.max() <= 0.3
    middle = (place * size).astype(int)
    paint = data.images[np.arange(1200), middle[:, 1], middle[:, 0]]
    solid = shape != SHAPES.index("moon")  # whose centre lies outside of it, nearly
    for c in range(len(COLOURS)):
        np.testing.assert_allclose(np.ptp(paint[solid & (colour == c)], axis=0), 0, atol=1e-6)
    one_each = np.array([paint[solid & (colour == c)][0] for c in range(len(COLOURS))])
    apart = np.linalg.norm(one_each[:, None] - one_each, axis=-1)[~np.eye(len(COLOURS), dtype=bool)]
    assert apart.min() > 0.8

    # A disc has the area and the centroid that it should have, to a fraction of a pixel.
    disc = np.flatnonzero(shape == SHAPES.index("circle"))
    cover = np.linalg.norm(data.images[disc] - background, axis=-1)
    cover /= cover.max((1, 2), keepdims=True)
    np.testing.assert_allclose(cover.sum((1, 2)), np.pi * (radius[disc] * size) ** 2, rtol=0.02)
    pixels = np.arange(size) + 0.5
    x = (cover.sum(1) @ pixels) / cover.sum((1, 2))
    y = (cover.sum(2) @ pixels) / cover.sum((1, 2))
    np.testing.assert_allclose(np.stack([x, y], 1), place[disc] * size, atol=0.05)


def test_factors_are_independent_and_uniform():
    data = load("shapes", size=16, n=6000)
    counts = np.bincount(data.labels, minlength=30)
    assert ((counts - 200) ** 2 / 200).sum() < 60  # chi-square with 29 degrees of freedom
    assert abs(np.corrcoef(data.factors["radius"], data.labels)[0, 1]) < 0.05
    assert abs(np.corrcoef(data.factors["place"][:, 0], data.factors["place"][:, 1])[0, 1]) < 0.05


@settings(max_examples=15)
@given(size=st.integers(16, 72), seed=st.integers(0, 2**32))
def test_clean_shapes_are_recognised_without_a_mistake(size, seed):
    data = load("shapes", size=size, n=200, seed=seed)
    shape, colour, distance = shape_factors(data.images)
    np.testing.assert_array_equal(shape, data.factors["shape"])
    np.testing.assert_array_equal(colour, data.factors["colour"])
    assert distance.max() < 0.3
    assert distance.dtype == np.float32


@pytest.mark.parametrize(("noise", "least"), [(0.1, 1.0), (0.2, 1.0), (0.3, 0.95), (0.4, 0.8)])
def test_noisy_shapes_are_recognised(noise, least):
    data = load("shapes", n=1000)
    noisy = data.images + noise * np.random.default_rng(0).standard_normal(data.images.shape)
    shape, colour, _ = shape_factors(np.clip(noisy, -1, 1))
    assert (shape * len(COLOURS) + colour == data.labels).mean() >= least


def test_what_is_no_shape_is_far_from_all():
    data, rng = load("shapes", n=200), np.random.default_rng(0)
    empty = np.broadcast_to(data.images[0, 0, 0], (1, 32, 32, 3))
    np.testing.assert_allclose(shape_factors(empty)[2], 1)
    assert shape_factors(empty + 0.05 * rng.standard_normal((50, 32, 32, 3)))[2].min() > 0.9
    assert shape_factors(rng.uniform(-1, 1, (50, 32, 32, 3)))[2].min() > 0.9
    assert shape_factors(np.stack([np.ones((32, 32, 3)), -np.ones((32, 32, 3))]))[2].min() > 0.9
    apart = abs(data.factors["place"][:100] - data.factors["place"][100:]).max(1) > 0.3
    assert apart.sum() > 10
    two = np.maximum(data.images[:100], data.images[100:])[apart]
    assert (shape_factors(two)[2] > 0.5).mean() > 0.9
    halves = (data.factors["shape"] == 0) & (abs(data.factors["place"][:, 0] - 0.5) < 0.1)
    assert halves.sum() > 10
    cut = np.roll(data.images[halves], 16, axis=2)  # discs that stick out of the picture
    cut[:, :, 16:] = empty[:, :, 16:]
    assert shape_factors(cut)[2].min() > 0.5


@pytest.mark.parametrize("shape", [(4, 32, 32, 1), (4, 32, 16, 3), (32, 32, 3), (4, 8, 8, 3)])
def test_shape_factors_refuses_other_images(shape):
    with pytest.raises(DataError, match=r"expected images of shape"):
        shape_factors(np.zeros(shape))


def test_shape_factors_of_nothing():
    assert [len(x) for x in shape_factors(np.zeros((0, 32, 32, 3)))] == [0, 0, 0]


@pytest.mark.parametrize(
    ("data", "shape"),
    [
        ("digits", (16, 16, 1)),
        ("digits", [28, 28, 1]),
        ("shapes", (64, 64, 3)),
        ("ring", (2,)),
        ("grid", (2,)),
    ],
)
def test_a_recipe_says_name_and_size(data, shape):
    loaded = load(SimpleNamespace(data=data, shape=shape), n=20)
    assert loaded.samples.shape == (20, *shape)
    assert loaded.name == data


@pytest.mark.parametrize(
    ("data", "shape", "more", "message"),
    [
        ("digits", (16, 16, 4), {}, r"wants samples of shape \(16, 16, 4\), but 'digits' has \(16, 16, 1\)"),
        ("digits", (16, 16, 1), {"size": 28}, "contradicts"),
        ("digits", (16, 8, 1), {}, "square"),
        ("digits", (2,), {}, "wants samples"),
        ("ring", (16, 16, 1), {}, "no size"),
        ("ring", (3,), {}, "wants samples"),
    ],
)
def test_a_recipe_that_its_data_do_not_fit(data, shape, more, message):
    with pytest.raises(DataError, match=message):
        load(SimpleNamespace(data=data, shape=shape), n=20, **more)


def test_a_recipe_for_colour_gets_grey_images_in_three_channels():
    grey, colour = (load(SimpleNamespace(data="digits", shape=(32, 32, channels)), n=20) for channels in (1, 3))
    assert colour.images.flags.c_contiguous
    for channel in range(3):
        np.testing.assert_array_equal(colour.images[..., channel], grey.images[..., 0])


@pytest.mark.parametrize("name", [None, 3, np.zeros(3), SimpleNamespace(data="digits"), SimpleNamespace(shape=(2,))])
def test_a_name_of_a_wrong_type(name):
    with pytest.raises(TypeError, match="name of a data set or a recipe"):
        load(name)


@pytest.mark.parametrize(
    ("name", "near"),
    [("minst", "mnist"), ("Digit", "digits"), ("fashion-mnist", "fashion_mnist"), ("CIFAR-10", "cifar10")],
)
def test_an_unknown_name_gets_the_nearest_and_the_list(name, near):
    with pytest.raises(DataError, match=f"Did you mean '{near}'") as caught:
        load(name)
    assert all(known in str(caught.value) for known in NAMES)
    with pytest.raises(DataError, match=r"'qqq'\. Known"):
        load("qqq")


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"n": 0}, DataError, "n must be a whole number of at least 1, not 0"),
        ({"n": -3}, DataError, "n must be a whole number of at least 1"),
        ({"n": 1798}, DataError, "has 1797 samples"),
        ({"n": True}, DataError, "n must be a whole number"),
        ({"n": 10.0}, DataError, "n must be a whole number"),
        ({"n": "10"}, DataError, "n must be a whole number"),
        ({"size": 7}, DataError, "size must be a whole number of at least 8"),
        ({"size": False}, DataError, "size must be a whole number"),
        ({"size": (16, 16)}, DataError, "size must be a whole number"),
        ({"size": 10**6}, DataError, "GiB"),
        ({"seed": -1}, DataError, "seed must be a whole number of at least 0"),
        ({"seed": None}, DataError, "seed must be a whole number"),
        ({"split": "valid"}, DataError, "one of 'train', 'test'"),
        ({"split": "test"}, DataError, "no test split"),
        ({"folder": "pictures"}, DataError, "folder:PATH"),
    ],
)
def test_arguments_that_cannot_work(arguments, error, message):
    with pytest.raises(error, match=message):
        load("digits", **arguments)


@pytest.mark.parametrize(
    ("name", "arguments", "message"),
    [
        ("ring", {"size": 16}, "no size"),
        ("ring", {"n": 10**12}, "GiB"),
        ("shapes", {"size": 15}, "at least 16"),
        ("shapes", {"n": 10**9}, "GiB"),
    ],
)
def test_requests_that_cannot_be_drawn(name, arguments, message):
    with pytest.raises(DataError, match=message):
        load(name, **arguments)


def test_data_is_either_images_or_points():
    points = np.zeros((3, 2), np.float32)
    with pytest.raises(DataError, match="either"):
        Data("mine")
    with pytest.raises(DataError, match="either"):
        Data("mine", images=np.zeros((3, 8, 8, 1), np.float32), points=points)
    with pytest.raises(DataError, match="3 samples but 2 labels"):
        Data("mine", points=points, labels=np.zeros(2, np.int64))
    assert len(Data("mine", points=points)) == 3
    listed = Data("mine", points=points.tolist())
    assert isinstance(listed.points, np.ndarray)
    assert listed.samples.shape == (3, 2)
    assert repr(load("digits")) == "Data('digits': images (1797, 16, 16, 1), 10 classes)"


def test_importing_loads_no_other_library():
    code = (
        "import sys, ganlib.data; ganlib.data.load('ring', n=10); ganlib.data.load('shapes', n=10); "
        "ganlib.data.load('digits', size=8); "
        "print({'PIL', 'sklearn', 'pooch', 'requests', 'scipy', 'torch', 'keras'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
