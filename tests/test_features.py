"""The frozen feature network: its file, its evaluation in NumPy, its accuracy, and what it refuses."""

import numpy as np
import pytest
from safetensors import safe_open
from safetensors.numpy import load_file
from scipy.signal import correlate2d

import ganlib
from ganlib import features as module
from ganlib.features import classify, features


def about():
    """How the network was trained, on what data, and its accuracy on images that it did not see."""
    with safe_open(module.PATH, framework="numpy") as file:
        return file.metadata()


@pytest.fixture(scope="module")
def digits():
    return ganlib.data.load("digits")


def test_file_is_small_plain_and_says_where_it_comes_from():
    assert module.PATH.stat().st_size < 300_000
    weights = load_file(module.PATH)
    assert {value.dtype for value in weights.values()} == {np.dtype(np.float16)}
    assert all(np.isfinite(value).all() for value in weights.values())
    assert weights["features.kernel"].shape == (4 * 4 * 64, 64)
    text = str(about())
    for needed in ("train_features.py", "CC BY-SA 3.0", "CC BY 4.0", "held-out accuracy, mnist at 28 x 28"):
        assert needed in text


@pytest.mark.parametrize(("size", "least"), [(8, 0.98), (16, 0.985), (28, 0.985), (64, 0.985)])
def test_held_out_digits_are_recognised_at_every_size(size, least):
    data = ganlib.data.load("digits", size=size)
    held_out = np.arange(len(data)) % 5 == 4  # as in scripts/train_features.py
    assert (classify(data.images[held_out]).argmax(1) == data.labels[held_out]).mean() > least


def test_accuracies_in_the_file_reach_the_aim():
    accuracies = {name: float(value.rstrip("%")) for name, value in about().items() if "accuracy" in name}
    assert len(accuracies) == 4
    assert all(value > (98.5 if "digits" in name else 98) for name, value in accuracies.items())


def test_evaluation_is_the_network_in_the_docstring(digits):
    """Written out with SciPy's correlation, one channel at a time, in float64."""
    weights = {name: value.astype(float) for name, value in load_file(module.PATH).items()}
    matrix = module.resizing(16, 28).astype(float)
    image = np.clip(matrix @ digits.images[3, :, :, 0].astype(float) @ matrix.T, -1, 1)
    x = image[:, :, None] + 1
    for number, stride in enumerate((1, 2, 2, 2), 1):
        kernel, bias = weights[f"conv{number}.kernel"], weights[f"conv{number}.bias"]
        maps = [
            sum(correlate2d(x[:, :, i], kernel[:, :, i, o], "same") for i in range(x.shape[2])) + bias[o]
            for o in range(len(bias))
        ]
        x = np.maximum(np.stack(maps, axis=-1)[::stride, ::stride], 0)
    expected = x.ravel() @ weights["features.kernel"] + weights["features.bias"]
    np.testing.assert_allclose(features(digits.images[3:4])[0], expected, atol=1e-4)
    logits = np.maximum(expected, 0) @ weights["classes.kernel"] + weights["classes.bias"]
    shares = np.exp(logits) / np.exp(logits).sum()
    np.testing.assert_allclose(classify(digits.images[3:4])[0], shares, atol=1e-5)


def test_same_result_every_time_alone_and_in_a_batch(digits):
    images = digits.images[:300]
    first = features(images)
    assert first.dtype == np.float32
    assert first.shape == (300, 64)
    np.testing.assert_array_equal(features(images.copy()), first)
    np.testing.assert_array_equal(features(images[..., 0]), first)
    np.testing.assert_array_equal(features(images.astype(np.float64)), first)
    # To the bit: a sample that is a copy has to be at distance 0, wherever it stands.
    np.testing.assert_array_equal(features(images[200:201])[0], first[200])
    order = np.random.default_rng(0).permutation(300)[:290]
    np.testing.assert_array_equal(features(images[order]), first[order])
    np.testing.assert_array_equal(classify(images[order]), classify(images)[order])


def test_features_are_about_standardised(digits):
    seen = features(digits.images)
    assert abs(seen.mean()) < 0.5
    assert 0.5 < seen.std() < 2


def test_features_tell_apart_what_a_class_cannot(digits):
    """A shift by one pixel of 16 leaves the digit, and changes the features."""
    shifted = np.roll(digits.images[:200], 1, axis=2)
    assert (classify(shifted).argmax(1) == digits.labels[:200]).mean() > 0.95
    moved = np.linalg.norm(features(shifted) - features(digits.images[:200]), axis=1)
    assert moved.min() > 0.5


@pytest.mark.parametrize("old", [8, 16, 32, 65])
def test_resizing_keeps_constants_and_stays_in_range(old):
    np.testing.assert_allclose(module.resizing(old, 28).sum(axis=1), 1, atol=1e-5)
    x = np.random.default_rng(0).choice([-1.0, 1.0], (3, old, old)).astype(np.float32)
    resized = module._resize(x, 28)
    assert resized.shape == (3, 28, 28)
    assert abs(resized).max() <= 1
    assert module._resize(resized, 28) is resized


@pytest.mark.parametrize("value", [-1.0, 0.0, 1.0])
def test_blank_images_get_a_finite_answer(value):
    images = np.full((2, 16, 16, 1), value)
    assert np.isfinite(features(images)).all()
    np.testing.assert_allclose(classify(images).sum(axis=1), 1, rtol=1e-5)


ONE = np.zeros((1, 16, 16, 1))


@pytest.mark.parametrize(
    ("images", "error", "message"),
    [
        (np.zeros((2, 16, 16, 3)), ValueError, r"in colour.*images\.mean\(axis=3\)"),
        (np.zeros((16, 16)), ValueError, r"not \(16, 16\); images\[None\]"),
        (np.zeros((2, 16, 20, 1)), ValueError, r"not \(2, 16, 20, 1\)"),
        (np.zeros((2, 1, 16, 16)), ValueError, "size, size, 1"),
        (np.zeros((2, 7, 7, 1)), ValueError, "at least 8"),
        (np.zeros((0, 16, 16, 1)), ValueError, "at least one of each"),
        (ONE * np.nan, ValueError, "NaN or infinity"),
        (ONE + np.inf, ValueError, "NaN or infinity"),
        (np.full((1, 16, 16), 255, np.uint8), ValueError, r"images / 127\.5 - 1"),
        (ONE - 1.5, ValueError, r"from -1\.5 to -1\.5$"),
        (ONE.astype(str), TypeError, "real numbers"),
        (ONE.astype(complex), TypeError, "real numbers"),
        ([object()], TypeError, "real numbers"),
    ],
)
@pytest.mark.parametrize("function", [features, classify])
def test_what_is_not_grey_images_in_range_is_refused(function, images, error, message):
    with pytest.raises(error, match=message):
        function(images)


def test_images_that_look_like_zero_to_one_are_noticed(digits):
    with pytest.warns(UserWarning, match=r"2 \* images - 1"):
        features((digits.images[:5] + 1) / 2)
