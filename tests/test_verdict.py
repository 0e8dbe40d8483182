"""Verdicts from several measures: known shifts, Holm by hand, and a collapse that good samples do not excuse."""

import numpy as np
import pytest
from scipy.stats import mannwhitneyu

from ganlib import verdict

RNG = np.random.default_rng(0)
PLAIN = {
    "modes": np.array([23, 22, 23, 24, 22, 23, 21, 23, 24, 22.5]),
    "reverse_kl": RNG.uniform(0.4, 0.6, 10),
    "good_percent": RNG.uniform(55, 65, 10),
}


def runs(**changes):
    """The plain runs, some of whose measures are shifted."""
    return {name: values + changes.get(name, 0) for name, values in PLAIN.items()}


def judged(**changes):
    return verdict.decide(verdict.compare({"GAN": PLAIN, "other": runs(**changes)}, plain="GAN")["other"])


def test_a_collapse_with_many_good_samples_is_worse():
    assert judged(modes=-7, reverse_kl=1.1, good_percent=20) == "worse"
    assert judged(modes=-7, good_percent=20) == "worse"


def test_what_each_verdict_takes():
    assert judged() == "no difference"
    assert judged(modes=2.5, reverse_kl=-0.35) == "better"
    assert judged(reverse_kl=-0.35, good_percent=15) == "better"
    assert judged(modes=2.5, good_percent=-30) == "mixed"
    assert judged(modes=2.5, reverse_kl=0.5) == "mixed"
    assert judged(good_percent=25) == "only sharper"
    assert judged(good_percent=-25) == "only blurrier"
    assert judged(reverse_kl=0.5) == "worse"


def test_lower_is_better_of_distances():
    found = {"GAN": {"frechet": np.arange(10.0)}, "far": {"frechet": np.arange(20.0, 30)}}
    assert verdict.decide(verdict.compare(found, plain="GAN")["far"]) == "worse"
    assert verdict.decide(verdict.compare(found, plain="far")["GAN"]) == "better"


def test_the_effect_is_the_shift_and_its_interval_is_the_tests_own():
    plain = RNG.normal(size=10)
    found = verdict.effect(plain + 3, plain)
    assert found.shift == pytest.approx(3)
    assert found.low < 3 < found.high
    for end, outwards in ((found.low, -1e-9), (found.high, 1e-9)):  # where the rank test begins to refuse a shift
        refused, held = (mannwhitneyu(plain + 3 - end - step, plain, method="exact") for step in (outwards, -outwards))
        assert refused.pvalue < 0.05 < held.pvalue


def test_the_interval_holds_the_true_shift_as_often_as_it_says():
    held = 0
    for _ in range(400):
        found = verdict.effect(RNG.normal(1, 1, 10), RNG.normal(0, 1, 10))
        held += found.low <= 1 <= found.high
    assert 0.92 < held / 400 < 0.98


def test_equal_runs_differ_by_nothing():
    assert verdict.effect([8] * 10, [8] * 10) == (0, 0, 0, 0.5, 1)


def test_a_difference_between_runs_that_are_mostly_equal_has_a_direction():
    found = {"GAN": {"modes": [8] * 12 + [7] * 8}, "other": {"modes": [8] * 20}}
    effects = verdict.compare(found, plain="GAN")["other"]
    assert effects["modes"].shift == 0
    assert effects["modes"].superiority == pytest.approx(0.7)
    assert verdict.decide(effects) == "better"


def test_holm_by_hand():
    assert verdict.holm([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.06, 0.06])
    assert verdict.holm([0.9, 0.5]) == [1, 1]


def test_every_test_counts_in_the_correction():
    one = verdict.compare({"GAN": PLAIN, "a": runs(modes=2.5)}, plain="GAN")
    many = {"GAN": PLAIN, **{f"other {i}": runs() for i in range(9)}, "a": runs(modes=2.5)}
    ten = verdict.compare(many, plain="GAN")
    assert ten["a"]["modes"].p == pytest.approx(10 * one["a"]["modes"].p)


def test_each_data_set_has_its_own_plain_method():
    found = {("GAN", "ring"): runs(), ("GAN", "grid"): runs(modes=90), ("R1", "grid"): runs(modes=90)}
    plain = {(method, data): ("GAN", data) for method, data in found}
    assert list(verdict.compare(found, plain)) == [("R1", "grid")]
    assert verdict.decide(verdict.compare(found, plain)["R1", "grid"]) == "no difference"


def test_a_seed_counts_once_however_many_frameworks_ran_it():
    rows = [
        {"key": {"seed": seed}, "result": {"kl": value}} for seed, value in ((0, 1.0), (1, 4.0), (0, 3.0), (1, None))
    ]
    np.testing.assert_array_equal(verdict.by_seed(rows, "kl", absent=8.0), [2, 6])
