"""The comparison of stabilisers: equal trials and steps, one rule that chooses, rows of the command as it is."""

import dataclasses
import functools
import types

import numpy as np
import pytest
import recording
import stabilisers

import ganlib

ROWS = recording.rows(stabilisers.NAME)
PAIRS = [(method, data) for data in stabilisers.BUDGET for method in stabilisers.methods_on(data)]


def test_the_trials_are_haltons_points():
    assert [stabilisers.halton(n, 2) for n in range(1, 5)] == [1 / 2, 1 / 4, 3 / 4, 1 / 8]
    assert [stabilisers.halton(n, 3) for n in (1, 2, 3, 4)] == pytest.approx([1 / 3, 2 / 3, 1 / 9, 4 / 9])
    assert stabilisers.at((1e-4, 1.0), 0.5) == 0.01
    assert stabilisers.at([2, 3, 4], 0.99) == 4


@pytest.mark.parametrize(("method", "data"), PAIRS)
def test_each_method_gets_as_many_trials_and_as_many_steps(method, data):
    trials = stabilisers.settings(method, data)
    assert len({tuple(trial.items()) for trial in trials}) == stabilisers.TRIALS
    assert len({trial["rate"] for trial in trials}) == stabilisers.TRIALS
    for trial in trials:
        recipe = stabilisers.recipe(method, data, trial)
        turns = (recipe.discriminator_steps + 1) * (2 if recipe.update == "extragradient" else 1)
        assert 0 <= stabilisers.BUDGET[data] - recipe.steps * turns < turns


def test_a_setting_changes_the_method_and_nothing_else():
    for method, data in PAIRS:
        trial = stabilisers.settings(method, data)[2]
        plain = dataclasses.asdict(stabilisers.recipe("GAN", data, {"rate": trial["rate"]}))
        found = dataclasses.asdict(stabilisers.recipe(method, data, trial))
        fields = {name for name, value in found.items() if value != plain[name]}
        # Names of numbers that stand for fields of other names.
        bent = {"ratio": ["discriminator_optimiser"], "forgetting": ["moving_average"], "smoothing": ["real_label"]}
        bent |= {name: ["generator_optimiser", "discriminator_optimiser"] for name in ("l1", "l2")}
        bent |= {"noise": ["instance_noise", "instance_noise_steps"], "pack": ["pack", "batch_size"], "scale": []}
        allowed = {field for name in trial for field in bent.get(name, [name])} | {"steps"}
        assert fields <= allowed | set(stabilisers.SEARCHED[method].changes), (method, data)


def test_new_seeds_are_new():
    for seeds in (*stabilisers.FRESH_SEEDS.values(), stabilisers.PUBLISHED_SEEDS):
        assert not {*seeds} & {*range(10), *range(100, 104), *stabilisers.SEARCH_SEEDS}


@pytest.mark.parametrize(
    ("counts", "expected"),
    [
        ([100] * 10, 100 * np.exp(-4.5)),  # all are good, of which a perfect sampler has a few that are not
        ([0] * 10, 100 * (1 - np.exp(-4.5))),
        ([200] * 5 + [0] * 5, 50 * (1 - np.exp(-4.5)) + 100 * np.exp(-4.5)),  # half of the modes, all good
        ([50] * 10, 50 - 100 * np.exp(-4.5)),  # all modes, half are good
    ],
)
def test_misplaced_samples(counts, expected):
    angles = 2 * np.pi * np.arange(10) / 10
    centers = 10 * np.stack([np.cos(angles), np.sin(angles)], axis=1)
    good = centers.repeat(counts, axis=0)
    samples = np.concatenate([good, np.full((1000 - len(good), 2), 99.0)])
    coverage = ganlib.metrics.mode_coverage(samples, centers, 0.1)
    assert stabilisers.misplaced_percent(coverage) == pytest.approx(expected)


def test_the_rule_takes_the_better_median_of_the_finalists(monkeypatch):
    """Trials 4 and 3 are the best from the first seed; 4 fails from one of the others, which a median forgives."""
    tried = [(100, trial) for trial in range(1, stabilisers.TRIALS + 1)]
    tried += [(seed, trial) for seed in (101, 102) for trial in (3, 4)]
    rows = [
        {
            "key": {"stage": "search", "data": "ring", "method": "R1", "trial": trial, "seed": seed},
            "result": {"misplaced_percent": 99.0 if (trial, seed) == (4, 102) else abs(trial - 3.9)},
        }
        for seed, trial in tried
    ]
    for done, chosen in ((12, {"R1": 4}), (11, {})):
        monkeypatch.setattr(recording, "rows", lambda name, done=done: tuple(rows[:done]))
        assert stabilisers.best(stabilisers.searched("ring")) == chosen
        assert {key["trial"] for key, *_ in stabilisers.fresh("ring")} == set(chosen.values())
    asked = [(key["seed"], key["trial"]) for key, *_ in stabilisers.search("ring") if key["method"] == "R1"]
    assert asked == [*tried[:8], (101, 4), (101, 3), (102, 4), (102, 3)]


def test_a_row_that_is_there_is_not_run_again(tmp_path, monkeypatch):
    functions = {name: getattr(recording, name) for name in ("rows", "record")}
    here = {name: functools.partial(function, folder=tmp_path) for name, function in functions.items()}
    monkeypatch.setattr(stabilisers, "recording", types.SimpleNamespace(**here))
    ran = []

    def jobs(count):
        for seed in range(count):
            yield {"seed": seed}, ganlib.recipe("ring", width=8), lambda seed=seed: ran.append(seed) or {"modes": 8.0}

    stabilisers.train(jobs(2), "trial", "", "")
    stabilisers.train(jobs(3), "trial", "", "")
    assert ran == [0, 1, 2]
    assert stabilisers.recording.rows("trial")[0]["recipe"] == {"name": "ring", "width": 8}


@pytest.mark.parametrize("scale", [1.0, 4.0])
def test_a_run_trains_on_scaled_data_and_is_scored_at_their_own_scale(monkeypatch, scale):
    seen = {}

    class PerfectTrainer:
        def __init__(self, recipe, seed):
            pass

        def fit(self, samples, progress):
            seen["radius"] = np.linalg.norm(samples, axis=1).mean()
            assert samples.dtype == np.float32

        def sample(self, n, seed):
            return scale * ganlib.data.load("ring", n=n, seed=5).points

    monkeypatch.setattr(ganlib, "backend", lambda name: type("Backend", (), {"Trainer": PerfectTrainer}))
    found = stabilisers.run(ganlib.recipe("ring"), "ring", "torch", seed=1, scale=scale)
    assert seen["radius"] == pytest.approx(scale, rel=0.01)
    assert found["modes"] == 8
    assert found["good_percent"] == pytest.approx(98.9, abs=1)
    assert found["misplaced_percent"] < 5


def test_every_row_belongs_to_the_command_as_it_is():
    assert ROWS, "the ledger is there"
    for row in ROWS:
        key = row["key"]
        if key["stage"] == "published":
            expected = stabilisers.published_recipe(key["method"], key["data"])
            scale = stabilisers.PUBLISHED[key["method"]].scale[key["data"]]
        else:
            numbers = stabilisers.settings(key["method"], key["data"])[key["trial"] - 1]
            expected, scale = stabilisers.recipe(key["method"], key["data"], numbers), numbers.get("scale", 1.0)
        assert ganlib.recipe(**row["recipe"]) == expected, key
        assert row["result"].get("scale", 1.0) == scale, key
