"""The runs with joint batches: what is joined is judged by common statistics, and what is apart is not."""

import joint_batches
import numpy as np
import pytest

import ganlib

pytestmark = pytest.mark.skipif("torch" not in ganlib.available(), reason="the loop is PyTorch's")


def test_the_ways_part_where_they_should():
    """After one step D's loss differs between apart and together; whether G's step joins too shows in G's loss."""
    apart, in_d, in_both = (joint_batches.run(way, seed=0, steps=1)[0] for way in joint_batches.WAYS)
    assert apart["d_loss"] != in_d["d_loss"] == in_both["d_loss"]
    assert in_d["g_loss"] != in_both["g_loss"]


def test_the_ledger_says_what_the_chapter_tells():
    ledger = ganlib.ledger.load("joint_batches")
    apart, in_d, in_both = (ledger.values("frechet", way=way) for way in joint_batches.WAYS)
    assert len(apart) == len(in_d) == len(in_both) == 3
    assert np.all(apart < in_both)
    assert np.all(in_both < in_d)
    assert ledger.values("d_loss", way="together in D's step").max() < 0.1
