"""What is drawn from a seed: which samples go into which batch, and the numbers of a step that follow a schedule."""

import numpy as np
import pytest

import ganlib
from ganlib import initialise


def batches(size, seed=0):
    return initialise.Batches(np.random.default_rng(seed), size)


@pytest.mark.parametrize(("samples", "size"), [(12, 4), (14, 4), (4, 4), (5, 1)])
def test_an_epoch_shows_each_sample_at_most_once_and_leaves_out_the_incomplete_batch(samples, size):
    drawn, whole = batches(size), samples // size
    epochs = [np.concatenate([drawn.next(samples) for _ in range(whole)]) for _ in range(3)]
    for epoch in epochs:
        assert len(set(epoch.tolist())) == whole * size
        assert set(epoch.tolist()) <= set(range(samples))
    if samples % size == 0:
        assert all(sorted(epoch) == list(range(samples)) for epoch in epochs)
    if samples > 4:
        assert (epochs[0] != epochs[1]).any(), "each epoch is shuffled anew"


@pytest.mark.parametrize("done", [0, 1, 3, 4])
def test_restored_batches_go_on_as_those_that_were_never_stopped(done):
    straight, stopped = batches(4), batches(4)
    for _ in range(done):
        straight.next(14)
        stopped.next(14)
    other = batches(4, seed=9)
    other.restore(stopped.state())
    for _ in range(5):
        np.testing.assert_array_equal(other.next(14), straight.next(14))


def test_instance_noise_falls_to_nothing_by_its_last_step_and_progress_to_one_by_the_recipes():
    recipe = ganlib.recipe("ring", instance_noise=0.5, instance_noise_steps=10, steps=20, batch_size=4096)
    for step, left in ((0, 1.0), (5, 0.5), (9, 0.1), (10, 0.0), (30, 0.0)):
        drawn = initialise.draw(recipe, initialise.streams(0), step)
        assert drawn["instance_noise"].std() == pytest.approx(0.5 * left, rel=0.02, abs=1e-12)
        assert drawn["progress"] == min(1, step / 20)
