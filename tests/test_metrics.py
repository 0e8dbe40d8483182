"""Metrics against closed forms, plain implementations, constructed failures, simulated perfect samplers."""

import copy
import json
import math
from dataclasses import asdict

import numpy as np
import pytest
from scipy.linalg import sqrtm
from scipy.spatial.distance import cdist
from scipy.stats import entropy, ortho_group

import ganlib
from ganlib import metrics
from ganlib.metrics import (
    ClassHistogram,
    Score,
    class_histogram,
    evaluate,
    frechet_distance,
    kernel_distance,
    mode_coverage,
    prdc,
    stacked_modes,
)

GRID = np.stack(np.meshgrid(*[[-4.0, -2.0, 0.0, 2.0, 4.0]] * 2), axis=-1).reshape(25, 2)


def draw(n, rng, centers=GRID, std=0.05):
    return centers[rng.integers(len(centers), size=n)] + std * rng.normal(size=(n, 2))


def agrees(scores, mean_within, spread_within=0.35):
    """What a perfect sampler got in many runs is what was announced, within given parts of the spread."""
    values, perfect = np.array(scores, float), np.mean([score.perfect for score in scores])
    assert abs(values.mean() - perfect) < mean_within * values.std(), (values.mean(), perfect, values.std())
    if scores[0].spread is not None:
        assert values.std() == pytest.approx(np.mean([score.spread for score in scores]), rel=spread_within)


# ---- Score -------------------------------------------------------------------------------------------------


def test_score_is_a_float_that_knows_the_perfect_value():
    score = Score(0.5, perfect=0.25, spread=0.125)
    assert isinstance(score, float)
    assert score == score.value == float(score) == 0.5
    assert type(score.value) is float
    assert (score.perfect, score.spread) == (0.25, 0.125)
    assert score + 1 == 1.5
    assert f"{score:.1f}" == "0.5"
    assert str(score) == repr(score) == f"{score}" == "0.5 (perfect sampler: 0.25 ± 0.12)"
    assert str(Score(3, 4)) == "3 (perfect sampler: 4)"
    assert json.dumps([score]) == "[0.5]"
    twin = copy.deepcopy(score)
    assert (twin, twin.perfect, twin.spread) == (0.5, 0.25, 0.125)


# ---- mode coverage -----------------------------------------------------------------------------------------


def test_mode_coverage_by_hand():
    centers = np.array([[0.0, 0.0], [10.0, 0.0], [0.0, 10.0], [10.0, 10.0]])
    samples = np.array([[1, 0], [-1, 0], [0, 2], [10, 2.99], [10, 3.01], [5, 5], [0, 10]])
    found = mode_coverage(samples, centers, 1)
    assert found.modes == 3
    assert found.counts.tolist() == [3, 1, 1, 0]
    assert found.good_percent == pytest.approx(500 / 7)
    assert found.reverse_kl == pytest.approx(entropy([0.6, 0.2, 0.2, 0], np.full(4, 0.25)))
    # Only the first mode has a spread: variances 1 and 4/3 with n - 1; three means were taken.
    inside = 1 - 4.5 * math.exp(-4.5) / (1 - math.exp(-4.5))
    assert found.std_ratio == pytest.approx(math.sqrt((2 * 1 + 2 * 4 / 3) / (2 * (5 - 3)) / inside))
    assert asdict(found)["modes"].perfect == found.modes.perfect


@pytest.mark.parametrize(("n", "runs"), [(30, 400), (2500, 200)])
def test_perfect_mode_coverage_is_what_a_perfect_sampler_gets(n, runs):
    rng = np.random.default_rng(1)
    found = [mode_coverage(draw(n, rng), GRID, 0.05) for _ in range(runs)]
    for name in ("good_percent", "reverse_kl", "std_ratio"):
        agrees([getattr(one, name) for one in found], mean_within=0.2)
    if n == 30:
        agrees([one.modes for one in found], mean_within=0.2)
    else:
        assert all(one.modes == 25 for one in found)
        assert found[0].modes.perfect == pytest.approx(25)


@pytest.mark.parametrize(("name", "reverse_kl"), [("ring", 0.0014), ("grid", 0.0048)])
def test_perfect_mode_coverage_has_the_published_closed_forms(name, reverse_kl):
    data = ganlib.data.load(name, n=2500, seed=3)
    found = mode_coverage(data.points, data.centers, data.std)
    k = len(data.centers)
    assert found.modes == k
    assert found.good_percent.perfect == pytest.approx(100 * (1 - math.exp(-4.5)))
    good = 2500 * (1 - math.exp(-4.5))
    assert found.reverse_kl.perfect == pytest.approx((k - 1) / (2 * good), rel=0.006)  # the leading term
    assert found.reverse_kl.perfect == pytest.approx(reverse_kl, rel=0.02)
    assert found.std_ratio == pytest.approx(1, abs=0.04)


def test_mode_coverage_does_not_depend_on_place_direction_scale_or_order():
    rng = np.random.default_rng(2)
    samples = draw(500, rng)
    turn = ortho_group.rvs(2, random_state=0)
    plain = mode_coverage(samples, GRID, 0.05)
    moved = mode_coverage((3 * samples @ turn + 7)[::-1], (3 * GRID @ turn + 7)[::-1], 0.15)
    for name in ("modes", "good_percent", "reverse_kl", "std_ratio"):
        assert getattr(moved, name) == pytest.approx(getattr(plain, name), rel=1e-9)
    np.testing.assert_array_equal(moved.counts, plain.counts[::-1])


def test_mode_coverage_shows_dropped_modes_uneven_modes_and_wrong_widths():
    rng = np.random.default_rng(3)
    dropped = mode_coverage(draw(2500, rng, GRID[:20]), GRID, 0.05)
    assert dropped.modes == 20
    assert dropped.reverse_kl == pytest.approx(math.log(25 / 20), abs=0.01)
    narrow = mode_coverage(draw(2500, rng, std=0.01), GRID, 0.05)
    assert narrow.good_percent == 100
    assert narrow.std_ratio == pytest.approx(0.2, rel=0.05)
    wide = mode_coverage(draw(2500, rng, std=0.1), GRID, 0.05)
    assert wide.good_percent == pytest.approx(100 * (1 - math.exp(-4.5 / 4)), abs=3)
    assert wide.std_ratio > 1.2
    collapsed = mode_coverage(np.repeat(GRID[:1] + 0.05, 100, axis=0), GRID, 0.05)
    assert (collapsed.modes, collapsed.good_percent, collapsed.std_ratio) == (
        1,
        100,
        pytest.approx(0, abs=1e-9),
    )
    assert collapsed.reverse_kl == pytest.approx(math.log(25))


def test_mode_coverage_without_good_samples_says_what_the_docstring_says():
    found = mode_coverage([[100.0, 100.0]], GRID, 0.05)
    assert (found.modes, found.good_percent, found.reverse_kl) == (0, 0, math.inf)
    assert math.isnan(found.std_ratio)
    assert found.modes.perfect == pytest.approx(1 - math.exp(-4.5))
    assert "of 25" in str(found)
    one = mode_coverage([[0.0, 0.0]], [[0.0, 0.0]], 1.0)
    assert (one.modes, one.good_percent, one.reverse_kl) == (1, 100, 0)
    assert math.isnan(one.std_ratio)


CIRCLE = np.linspace(0, 2 * np.pi, 8)


@pytest.mark.parametrize(
    ("samples", "centers", "std", "message"),
    [
        (np.zeros((0, 2)), GRID, 1, r"samples must have shape \(n, d\).*not \(0, 2\)"),
        (np.zeros(2), GRID, 1, r"samples must have shape \(n, d\)"),
        (np.zeros((5, 3)), GRID, 1, r"samples must be points in the plane.*\(5, 3\)"),
        (np.zeros((5, 2)), GRID[:, :1], 1, "centers must be points in the plane"),
        (np.full((5, 2), np.nan), GRID, 1, "NaN or infinity in 5 of 5 rows"),
        (np.zeros((5, 2)), GRID + np.inf, 1, "centers contain NaN or infinity"),
        (np.zeros((5, 2)), GRID, 0, "std must be a positive number"),
        (np.zeros((5, 2)), GRID, math.nan, "std must be a positive number"),
        (np.zeros((5, 2)), GRID, None, "std must be a positive number"),
        (np.zeros((5, 2)), np.stack([np.cos(CIRCLE), np.sin(CIRCLE)], 1), 0.01, "linspace"),
    ],
)
def test_mode_coverage_refuses(samples, centers, std, message):
    with pytest.raises(ValueError, match=message):
        mode_coverage(samples, centers, std)


# ---- Fréchet distance --------------------------------------------------------------------------------------


def with_moments(n, mean, covariance, rng):
    """Samples whose mean and unbiased covariance are exactly these."""
    x = rng.normal(size=(n, len(mean)))
    x -= x.mean(axis=0)
    x = x @ np.linalg.inv(np.linalg.cholesky(np.cov(x.T).reshape(len(mean), -1))).T
    return x @ np.linalg.cholesky(np.asarray(covariance)).T + mean


def test_frechet_distance_of_gaussians_has_its_closed_form():
    rng = np.random.default_rng(0)
    one = with_moments(50, np.array([1.0]), [[4.0]], rng)
    two = with_moments(80, np.array([-2.0]), [[0.25]], rng)
    assert frechet_distance(one, two) == pytest.approx(3**2 + (2 - 0.5) ** 2)

    a, b = (rng.normal(size=(6, 6)) for _ in range(2))
    a, b, mean = a @ a.T + 0.1 * np.eye(6), b @ b.T, rng.normal(size=6)
    expected = mean @ mean + np.trace(a + b - 2 * np.real(sqrtm(a @ b)))
    value = frechet_distance(with_moments(60, mean, a, rng), with_moments(70, 0 * mean, b, rng))
    assert value == pytest.approx(expected, rel=1e-9)


def test_frechet_distance_of_point_clouds_smaller_than_the_dimension():
    rng = np.random.default_rng(0)
    one, two = rng.normal(size=(5, 20)), rng.normal(size=(7, 20))
    expected = ((one.mean(0) - two.mean(0)) ** 2).sum() + np.trace(np.cov(one.T) + np.cov(two.T))
    # The last trace from the other side: singular values of a matrix of samples by samples.
    products = (one - one.mean(0)) @ (two - two.mean(0)).T / math.sqrt(4 * 6)
    expected -= 2 * np.linalg.svd(products, compute_uv=False).sum()
    assert frechet_distance(one, two) == pytest.approx(expected, rel=1e-12)


def test_frechet_distance_is_exact_where_a_matrix_square_root_is_not():
    """Standard deviations from 1 to 1e-9: their squares are lost in a product of covariances."""
    rng = np.random.default_rng(0)
    scales = np.logspace(0, -9, 10)
    one = with_moments(40, np.zeros(10), np.eye(10), rng) * scales
    assert frechet_distance(one, 3 * one) == pytest.approx((2**2) * (scales**2).sum(), rel=1e-12)
    only_small = one.copy()
    only_small[:, 1:] *= 2
    expected = (scales[1:] ** 2).sum()
    assert frechet_distance(one, only_small) == pytest.approx(expected, rel=1e-9)


def test_frechet_distance_is_symmetric_and_keeps_under_isometries():
    rng = np.random.default_rng(1)
    one, two = rng.normal(size=(200, 8)), 1.5 * rng.normal(size=(150, 8)) + 1
    value = frechet_distance(one, two)
    turn = ortho_group.rvs(8, random_state=0)
    assert frechet_distance(two, one) == pytest.approx(value)
    assert frechet_distance(one @ turn + 100, two @ turn + 100) == pytest.approx(value)
    assert frechet_distance(3 * one, 3 * two) == pytest.approx(9 * value)
    assert frechet_distance(3 * one, 3 * two).perfect == pytest.approx(9 * value.perfect)
    assert frechet_distance(one, one[::-1]) == pytest.approx(0, abs=1e-12)
    assert frechet_distance(one, one[::-1]) >= 0
    assert frechet_distance(one.astype(np.float32), two.astype(np.float32)) == pytest.approx(value, rel=1e-5)


@pytest.mark.parametrize("sizes", [(400, 400), (700, 200)])
@pytest.mark.parametrize("tails", ["normal", "exponential"])
def test_perfect_frechet_distance_is_what_a_perfect_sampler_gets(sizes, tails):
    rng = np.random.default_rng(4)
    mix = rng.normal(size=(6, 6))
    values = [frechet_distance(*(getattr(rng, tails)(size=(n, 6)) @ mix for n in sizes)) for _ in range(100)]
    # The spread is that of large samples, which heavy tails reach late.
    agrees(values, mean_within=0.3, spread_within=0.35 if tails == "normal" else 0.6)


def test_frechet_distance_of_constant_features():
    value = frechet_distance(np.ones((5, 3)), np.zeros((5, 3)))
    assert (value, value.perfect, value.spread) == (pytest.approx(3), 0, 0)


# ---- kernel distance ---------------------------------------------------------------------------------------


def plain_kernel_distance(x, y):
    def k(a, b):
        return (a @ b / len(a) + 1) ** 3

    xx = np.mean([k(x[i], x[j]) for i in range(len(x)) for j in range(len(x)) if i != j])
    yy = np.mean([k(y[i], y[j]) for i in range(len(y)) for j in range(len(y)) if i != j])
    return xx + yy - 2 * np.mean([k(a, b) for a in x for b in y])


def test_kernel_distance_is_its_definition():
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(20, 5)), rng.normal(size=(31, 5)) + 1
    value = kernel_distance(x, y)
    assert value == pytest.approx(plain_kernel_distance(x, y))
    assert kernel_distance(y, x) == pytest.approx(value)
    turn = ortho_group.rvs(5, random_state=0)
    assert kernel_distance(x @ turn, y @ turn) == pytest.approx(value)


def test_perfect_kernel_distance_is_what_a_perfect_sampler_gets():
    rng = np.random.default_rng(1)
    values = [kernel_distance(rng.normal(size=(60, 8)), rng.normal(size=(60, 8))) for _ in range(1500)]
    agrees(values, mean_within=0.1, spread_within=0.08)
    assert min(values) < 0
    assert values[0].perfect == 0


def test_kernel_distance_grows_with_the_difference():
    rng = np.random.default_rng(2)
    x, y = rng.normal(size=(300, 8)), rng.normal(size=(300, 8))
    values = [kernel_distance(x, y + shift) for shift in (0, 0.2, 0.5, 1)]
    assert values == sorted(values)
    assert values[1] > 5 * values[1].spread


# ---- precision, recall, density, coverage ------------------------------------------------------------------


def plain_prdc(real, fake, k):
    """Straight from the definitions of Kynkäänniemi et al. and Naeem et al."""
    real_radius = np.sort(cdist(real, real), axis=1)[:, k]
    fake_radius = np.sort(cdist(fake, fake), axis=1)[:, k]
    distance = cdist(real, fake)
    inside = distance < real_radius[:, None]
    return (
        inside.any(axis=0).mean(),
        (distance < fake_radius).any(axis=1).mean(),
        inside.sum(axis=0).mean() / k,
        inside.any(axis=1).mean(),
    )


def values_of(found):
    return [getattr(found, name) for name in ("precision", "recall", "density", "coverage")]


@pytest.mark.parametrize(("n_real", "n_fake", "k"), [(150, 150, 5), (200, 90, 3), (60, 170, 1)])
def test_prdc_is_its_definition(n_real, n_fake, k):
    rng = np.random.default_rng(n_real)
    real, fake = rng.normal(size=(n_real, 6)), 1.2 * rng.normal(size=(n_fake, 6)) + 0.3
    np.testing.assert_allclose(values_of(prdc(real, fake, k)), plain_prdc(real, fake, k))
    turn = ortho_group.rvs(6, random_state=0)
    np.testing.assert_allclose(
        values_of(prdc(5 * real @ turn + 50, 5 * fake @ turn + 50, k)), plain_prdc(real, fake, k)
    )


def test_prdc_is_its_definition_in_a_thousand_dimensions():
    """Where distances hardly differ. The example of Naeem's code, with 500 instead of 10,000 samples."""
    rng = np.random.default_rng(0)
    real, fake = rng.normal(size=(500, 1000)), rng.normal(size=(500, 1000))
    np.testing.assert_allclose(values_of(prdc(real, fake)), plain_prdc(real, fake, 5))


@pytest.mark.parametrize(("n_real", "n_fake"), [(200, 200), (250, 100), (100, 250)])
def test_perfect_prdc_is_what_a_perfect_sampler_gets(n_real, n_fake):
    rng = np.random.default_rng(5)
    found = [prdc(rng.normal(size=(n_real, 4)), rng.normal(size=(n_fake, 4)), 3) for _ in range(100)]
    for name in ("precision", "density", "coverage"):
        agrees([getattr(one, name) for one in found], mean_within=0.3)
    # With more fake than real samples the balls that could be left out are too few: a slight underestimate.
    agrees([one.recall for one in found], mean_within=0.3 if n_fake <= n_real else 1)
    assert found[0].density.perfect == 1
    missed = math.comb(n_real - 1, 3) / math.comb(n_real + n_fake - 1, 3)
    assert found[0].coverage.perfect == pytest.approx(1 - missed)


def test_prdc_of_constructed_failures():
    rng = np.random.default_rng(6)
    centers = 20 * rng.normal(size=(4, 8))
    real = np.concatenate([center + rng.normal(size=(100, 8)) for center in centers])
    good = np.concatenate([center + rng.normal(size=(100, 8)) for center in centers])
    fine = prdc(real, good)
    for score in values_of(fine):
        assert score == pytest.approx(score.perfect, abs=0.12)

    dropped = prdc(real, good[:300])  # the last cluster never drawn
    assert dropped.recall < 0.78
    assert dropped.coverage < 0.78
    assert dropped.precision == pytest.approx(fine.precision, abs=0.05)

    noisy = prdc(real, good + 3 * rng.normal(size=good.shape))
    assert noisy.precision < 0.1
    assert noisy.density < 0.1

    collapsed = prdc(real, np.repeat(good[:1], 400, axis=0))
    assert collapsed.recall == 0
    assert collapsed.coverage < 0.1

    few = prdc(real, np.repeat(good[::10], 10, axis=0))  # forty different samples, ten copies of each
    assert few.recall == 0
    assert few.coverage < 0.6

    copied = prdc(real, real.copy())
    assert (copied.precision, copied.recall, copied.coverage) == (1, 1, 1)
    assert 1 <= copied.density <= 1.2

    elsewhere = prdc(real, good + 1000)
    assert values_of(elsewhere) == [0, 0, 0, 0]


def test_prdc_takes_copies_for_copies():
    """The balls of samples drawn more than k times are empty, and rounding must not open them."""
    rng = np.random.default_rng(10)
    real = rng.normal(size=(100, 64)) + 3
    fake = np.repeat(real, 4, axis=0)
    np.testing.assert_allclose(values_of(prdc(real, fake, 3)), plain_prdc(real, fake, 3))
    almost = fake + 1e-8 * rng.normal(size=fake.shape)  # as float32 makes them, from one batch to another
    assert prdc(real, fake, 3).recall == prdc(real, almost, 3).recall == 0


@pytest.mark.parametrize("k", [0, -1, 2.5, True, "5"])
def test_prdc_refuses_a_number_of_neighbours(k):
    with pytest.raises(ValueError, match="k must be a whole number of at least 1"):
        prdc(np.eye(9), np.eye(9), k)


def test_prdc_needs_more_samples_than_neighbours():
    with pytest.raises(ValueError, match="k=5 neighbours need at least 6 real and fake samples; there are 5"):
        prdc(np.eye(9), np.eye(9)[:5])


# ---- all of them -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("metric", [frechet_distance, kernel_distance, prdc])
@pytest.mark.parametrize(
    ("real", "fake", "error", "message"),
    [
        (np.eye(9), np.eye(8), ValueError, "same number of features, not 9 and 8"),
        (np.eye(9), np.eye(9)[0], ValueError, r"fake must have shape \(n, d\).*not \(9,\)"),
        (np.zeros((9, 4, 4, 1)), np.eye(9), ValueError, r"features\(images\) makes them"),
        (np.zeros((0, 3)), np.eye(3), ValueError, "real must have shape"),
        (np.eye(9), np.eye(9)[:1], ValueError, "fake must hold at least 2 samples"),
        (np.eye(9) * np.nan, np.eye(9), ValueError, "NaN or infinity in 9 of 9 rows"),
        (np.eye(9).astype(str), np.eye(9), TypeError, "real must be an array of real numbers"),
    ],
)
def test_bad_features_are_refused(metric, real, fake, error, message):
    with pytest.raises(error, match=message):
        metric(real, fake)


def test_numpy_may_raise_on_every_floating_point_error():
    rng = np.random.default_rng(0)
    digits = ganlib.data.load("digits", n=100).images
    with np.errstate(all="raise"):
        evaluate(digits, np.clip(digits + 0.1 * rng.normal(size=digits.shape), -1, 1))
        mode_coverage(draw(3000, rng), GRID, 0.05)


def test_working_in_blocks_changes_nothing(monkeypatch):
    rng = np.random.default_rng(7)
    real, fake = rng.normal(size=(130, 4)), rng.normal(size=(110, 4))
    points = draw(300, rng)

    def everything():
        coverage = mode_coverage(points, GRID, 0.05)
        return [kernel_distance(real, fake), *values_of(prdc(real, fake)), coverage.modes, coverage.std_ratio]

    whole = everything()
    monkeypatch.setattr(metrics.scores, "_ENTRIES", 1000)
    np.testing.assert_allclose(everything(), whole, rtol=1e-12)


# ---- checkerboards -----------------------------------------------------------------------------------------


def tiled(pattern, n, height, width):
    pattern = np.asarray(pattern, float)
    repeats = -(-height // pattern.shape[0]), -(-width // pattern.shape[1])
    return np.tile(pattern, repeats)[None, :height, :width, None].repeat(n, axis=0)


@pytest.mark.parametrize("period", [2, 3, 4])
@pytest.mark.parametrize("size", [(24, 24), (37, 50)])
def test_checkerboard_is_the_patterns_share_of_the_variance_whatever_the_size(period, size):
    rng = np.random.default_rng(period)
    pattern = rng.normal(size=(period, period))
    pattern = (pattern - pattern.mean()) / pattern.std()
    noise = rng.normal(size=(400, *size, 1))
    signs = rng.choice([-1, 1], size=(400, 1, 1, 1))  # a pattern that the mean image does not show
    for variance in (0, 0.05, 0.5):
        images = 3 + np.sqrt(variance) * signs * tiled(pattern, 400, *size) + np.sqrt(1 - variance) * noise
        score = metrics.checkerboard(images, period)
        assert score == pytest.approx(variance, abs=0.003)
        assert score.perfect == 0
    only = metrics.checkerboard(7 + 1e-3 * tiled(pattern, 2, *size), period)
    assert only == pytest.approx(1)


def test_checkerboard_is_the_mean_tiles_share_but_for_what_noise_puts_there():
    images = np.random.default_rng(0).normal(size=(5, 16, 18, 2)) + tiled([[0, 1], [1, 1]], 5, 16, 18)
    inner = images[:, 2:-2, 2:-2]
    tile = inner.reshape(5, 6, 2, 7, 2, 2).mean(axis=(1, 3))
    share = tile.var(axis=(1, 2)).mean() / inner.var(axis=(1, 2)).mean()
    assert metrics.checkerboard(images) < share < metrics.checkerboard(images) + 0.05


def test_checkerboard_sees_a_pattern_of_its_period_or_of_a_part_of_it_and_no_other():
    images = np.random.default_rng(0).normal(size=(50, 36, 36, 1)) + tiled([[1, -1], [-1, 1]], 50, 36, 36)
    assert metrics.checkerboard(images, 2) == pytest.approx(0.5, abs=0.02)
    assert metrics.checkerboard(images, 4) == pytest.approx(0.5, abs=0.02)
    assert metrics.checkerboard(images, 3) == pytest.approx(0, abs=0.02)


def test_checkerboard_of_real_images_is_about_zero():
    for name, size in (("digits", 16), ("digits", 28), ("shapes", 32)):
        images = ganlib.data.load(name, size=size, n=500).images
        assert abs(metrics.checkerboard(images)) < 0.001
    assert metrics.checkerboard(np.full((2, 16, 16, 3), 0.3)) == 0


@pytest.mark.parametrize("kernel", [3, 5])
@pytest.mark.parametrize(
    ("upsampling", "low", "high"), [("transposed", 0.1, 0.6), ("subpixel", 0.1, 0.6), ("resize", -0.01, 0.01)]
)
def test_checkerboard_tells_untrained_transposed_convolutions_from_resizing(gl, native, kernel, upsampling, low, high):
    recipe = ganlib.recipe("dcgan-digits", kernel=kernel, upsampling=upsampling)
    latents = np.random.default_rng(0).normal(size=(100, recipe.latent))
    made = [native.forward(gl, gl.Generator(recipe, seed), latents, training=True) for seed in range(5)]
    assert low < np.median([metrics.checkerboard(images) for images in made]) < high


@pytest.mark.parametrize(
    ("images", "period", "error", "message"),
    [
        (np.zeros((16, 16)), 2, ValueError, r"images\[None, :, :, None\]"),
        (np.zeros((2, 16, 16)), 2, ValueError, r"images\[..., None\]"),
        (np.zeros((0, 16, 16, 1)), 2, ValueError, r"not of shape \(0, 16, 16, 1\)"),
        (np.full((1, 16, 16, 1), np.nan), 2, ValueError, "NaN or infinity"),
        (np.array([["a"]]), 2, TypeError, "images must be an array"),
        (np.zeros((1, 16, 16, 1)), 1, ValueError, "at least 2, not 1"),
        (np.zeros((1, 16, 16, 1)), 2.0, ValueError, "period must be a whole number"),
        (np.zeros((1, 30, 16, 1)), 3, ValueError, "at least 18 pixels a side"),
    ],
)
def test_checkerboard_refuses(images, period, error, message):
    with pytest.raises(error, match=message):
        metrics.checkerboard(images, period)


# ---- images of digits --------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def digits():
    """Twice 500 random digits, images and labels."""
    data = ganlib.data.load("digits")
    order = np.random.default_rng(0).permutation(len(data))
    return [(data.images[half], data.labels[half]) for half in (order[:500], order[500:1000])]


def test_class_histogram_counts_digits(digits):
    images, labels = digits[0]
    found = class_histogram(images)
    assert found.counts.sum() == len(images)
    np.testing.assert_allclose(found.counts, np.bincount(labels), atol=3)
    assert found.kl == pytest.approx(entropy(found.counts, np.ones(10)))
    assert "digits 0 to 9" in str(found)

    only = class_histogram(images[labels == 3])
    assert only.counts[3] == only.counts.sum() or only.counts[3] > 0.98 * only.counts.sum()
    without = class_histogram(images[labels != 7], real=found)
    assert without.kl == pytest.approx(-math.log(1 - (labels == 7).mean()), abs=0.02)
    assert class_histogram(images, real=found).kl == 0
    assert class_histogram(images[labels == 3], real=ClassHistogram(np.eye(10, dtype=int)[4], None)).kl == math.inf


def test_perfect_class_histogram_is_what_a_perfect_sampler_gets(monkeypatch):
    rng = np.random.default_rng(8)
    shares = np.array([4, 1, 1, 1, 1, 1, 1, 0, 0, 0]) / 10
    # The network is not what is tested here: let the images name their classes.
    monkeypatch.setattr(metrics.images, "classify", lambda labels: np.eye(10)[labels])
    even = [class_histogram(rng.choice(10, 80)).kl for _ in range(400)]
    agrees(even, mean_within=0.15)
    both = [
        class_histogram(rng.choice(10, 300, p=shares), real=class_histogram(rng.choice(10, 200, p=shares))).kl
        for _ in range(400)
    ]
    agrees(both, mean_within=0.2)
    assert both[0].perfect == pytest.approx(6 / 2 * (1 / 200 + 1 / 300), rel=0.1)


def test_stacked_modes_names_the_digit_of_each_colour():
    data = ganlib.data.load("stacked_digits", n=300)
    found = stacked_modes(data.images)
    assert found.counts.sum() == 300
    # Of digits that it was trained on, the network names all but one in two hundred: of triples, one in seventy.
    assert np.abs(found.counts - np.bincount(data.labels, minlength=1000)).sum() / 2 < 15
    assert found.kl == pytest.approx(entropy(found.counts, np.ones(1000)))
    assert abs(found.kl - found.kl.perfect) < 5 * found.kl.spread
    assert abs(found.modes - found.modes.perfect) < 20
    one = stacked_modes(data.images[:1].repeat(5, axis=0))
    assert one.modes == 1
    assert one.kl == pytest.approx(math.log(1000))
    assert str(found).startswith("triples of digits in 300 images")


def test_a_perfect_sampler_has_the_published_floor_on_stacked_modes(monkeypatch):
    rng = np.random.default_rng(3)

    def draw_triples(n):
        return rng.integers(10, size=(n, 1, 1, 3)) / 10

    # The network is not what is tested here: let each pixel name its digit.
    named = lambda images: np.eye(10)[np.rint(10 * images[:, 0, 0, 0]).astype(int)]  # noqa: E731
    monkeypatch.setattr(metrics.images, "classify", named)
    found = [stacked_modes(draw_triples(2600)) for _ in range(50)]
    agrees([one.kl for one in found], mean_within=0.3)
    assert np.mean([one.modes for one in found]) == pytest.approx(found[0].modes.perfect, abs=1.5)
    assert stacked_modes(draw_triples(26_000)).kl.perfect == pytest.approx(0.019, abs=5e-4)


def test_stacked_modes_refuses_grey():
    with pytest.raises(ValueError, match="each of three colours"):
        stacked_modes(np.zeros((2, 16, 16, 1)))


@pytest.mark.parametrize("real", [np.ones(10), "uniform"])
def test_class_histogram_refuses_what_is_no_histogram(real):
    with pytest.raises(TypeError, match="real must be a ClassHistogram or None"):
        class_histogram(np.zeros((2, 16, 16, 1)), real=real)


def test_evaluate_gives_real_images_about_the_perfect_values(digits):
    found = evaluate(digits[0][0], digits[1][0])
    assert abs(found.frechet - found.frechet.perfect) < 4 * found.frechet.spread
    assert abs(found.kernel) < 4 * found.kernel.spread
    for score in values_of(found.prdc):
        assert score == pytest.approx(score.perfect, abs=0.08)
    assert found.classes.kl == pytest.approx(found.classes.kl.perfect, abs=5 * found.classes.kl.spread)
    assert str(found) == repr(found)
    lines = str(found).splitlines()
    assert lines[0].split("  ")[0] == "500 images against 500 real ones"
    assert len(lines) == 8


def test_perfect_frechet_distance_on_digits_is_what_random_halves_get():
    seen = metrics.features(ganlib.data.load("digits").images)
    values = []
    for seed in range(30):
        order = np.random.default_rng(seed).permutation(len(seen))
        values.append(frechet_distance(seen[order[:400]], seen[order[400:800]]))
    assert np.mean(values) == pytest.approx(np.mean([value.perfect for value in values]), rel=0.1)


def test_evaluate_notices_what_generators_do_wrong(digits):
    (real, _), (fake, labels) = digits
    rng = np.random.default_rng(9)
    fine = evaluate(real, fake)

    without = evaluate(real, fake[labels != 7])
    assert without.prdc.recall < fine.prdc.recall - 0.05
    assert without.prdc.coverage < fine.prdc.coverage - 0.05
    assert without.classes.kl > without.classes.kl.perfect + 8 * without.classes.kl.spread

    noisy = evaluate(real, np.clip(fake + 0.3 * rng.normal(size=fake.shape), -1, 1))
    assert noisy.prdc.precision < 0.6
    assert noisy.frechet > 5 * fine.frechet

    first_of_each = np.stack([fake[labels == digit][0] for digit in range(10)])
    always_the_same = evaluate(real, first_of_each[labels])
    assert always_the_same.prdc.precision > 0.6  # each image is fine
    assert always_the_same.prdc.recall == 0
    assert always_the_same.prdc.coverage < 0.2
    assert always_the_same.classes.kl < 0.01

    blank = evaluate(real, np.full_like(fake, -1))
    for wrong in (without, noisy, always_the_same, blank):
        assert wrong.frechet > wrong.frechet.perfect + 8 * wrong.frechet.spread
        assert wrong.kernel > 4 * wrong.kernel.spread


def test_evaluate_sends_points_to_mode_coverage(digits):
    with pytest.raises(ValueError, match=r"not \(9, 2\); points .*mode_coverage"):
        evaluate(digits[0][0], np.zeros((9, 2)))
