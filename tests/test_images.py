"""The ledger of chapter 3's other images: the cheap row is run again, and says the same."""

import images
import numpy as np
import pytest

import ganlib


@pytest.mark.skipif("torch" not in ganlib.available(), reason="the row is PyTorch's")
def test_the_cheap_row_comes_out_again():
    [row] = ganlib.ledger.load("images").select(task="trial", backend="torch", seed=0)
    result, _ = images.run("trial", "torch", 0)
    assert result.keys() == row["result"].keys()
    for name, value in row["result"].items():  # float32: another machine's rounding has grown for 20 steps
        np.testing.assert_allclose(result[name], value, rtol=0.01, err_msg=name)


def test_what_is_counted_of_shapes():
    data = ganlib.data.load("shapes", n=600)
    whole = images.score_shapes(data.images)
    assert whole["recognised_percent"] == 100
    assert whole["kinds"] == 30
    assert 25 < whole["effective_kinds"] <= 30
    red = images.score_shapes(data.images[data.factors["colour"] == 0])
    assert red["kinds"] == 5
    empty = images.score_shapes(np.full((4, 32, 32, 3), -0.8, np.float32))
    assert (empty["recognised_percent"], empty["kinds"], empty["effective_kinds"]) == (0, 0, 0)
