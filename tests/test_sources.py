"""The ledger of the five source designs: the check run is made again, and what it scores is what it says."""

import json

import numpy as np
import pytest
import sources as benchmark

import ganlib
from ganlib import metrics


def test_a_run_again_gives_the_row_of_the_ledger(gl):
    """The check row: 10 steps in float64, which other machines and versions repeat to many digits."""
    [row] = ganlib.ledger.load(benchmark.NAME).select(method=benchmark.CHECK, backend=gl.name)
    again, _ = benchmark.run(benchmark.CHECK, "digits", gl.name, 0)
    assert again.keys() == row["result"].keys()
    for name, value in row["result"].items():
        np.testing.assert_allclose(again[name], value, rtol=1e-4, atol=1e-6, err_msg=name)


def test_both_frameworks_make_the_same_check_run():
    rows = ganlib.ledger.load(benchmark.NAME).select(method=benchmark.CHECK)
    assert {row["key"]["backend"] for row in rows} == set(ganlib.backends.BACKENDS)
    first, second = (row["result"] for row in rows)
    for name, value in first.items():
        np.testing.assert_allclose(second[name], value, rtol=1e-4, atol=1e-6, err_msg=name)


def test_every_row_was_made_as_the_command_would_make_it_now():
    for row in ganlib.ledger.load(benchmark.NAME).rows:
        key = row["key"]
        if key["method"] in benchmark.METHODS:
            assert row["recipe"] == benchmark.changes(key["method"], key["data"], key.get("full", False))
        if key["method"] == benchmark.CHANGE:
            made = benchmark.with_change(key["recipe"], key["change"])
            assert row["recipe"] == json.loads(json.dumps(made))  # a tuple comes back as a list


def test_every_run_is_of_a_recipe_that_stands():
    for method in benchmark.METHODS:
        for data in benchmark.DATA:
            for full in (False, True):
                recipe = ganlib.recipe(**benchmark.changes(method, data, full))
                assert recipe.shape == (32, 32, 3)


def test_grey_images_score_as_in_one_channel():
    real, fake = (ganlib.data.load("digits", n=300, seed=seed).images for seed in (0, 1))
    coloured = [benchmark.colour_features(np.repeat(images, 3, axis=3)) for images in (real, -fake)]
    grey = metrics.frechet_distance(metrics.features(real), metrics.features(-fake))
    assert metrics.frechet_distance(*coloured).value == pytest.approx(grey.value, rel=1e-3)
