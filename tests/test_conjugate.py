"""The ledger of conjugate gradients: its recipes can be trained, its cheap rows come out again, its counts are true."""

import dataclasses

import conjugate
import numpy as np
import pytest

import ganlib

ROWS = ganlib.ledger.load("conjugate").rows


def test_the_cheap_row_comes_out_again(gl):
    key = {"method": conjugate.CHECK, "data": "ring", "backend": gl.name, "seed": 0}
    [row] = [row for row in ROWS if key.items() <= row["key"].items()]
    again = conjugate.run(conjugate.CHECK, "ring", gl.name, 0, row["key"]["rate"], row["key"]["budget"])
    for name, values in row["result"].items():
        if name != "seconds":
            assert len(again[name]) == len(values) == conjugate.MOMENTS
            for now, then in zip(again[name], values, strict=True):
                assert now == (then if then is None else pytest.approx(then, rel=1e-6)), name


@pytest.mark.parametrize("method", conjugate.METHODS)
@pytest.mark.parametrize("data", conjugate.BASES)
def test_a_method_changes_what_it_says_and_nothing_else(method, data):
    plain = dataclasses.asdict(conjugate.recipe("Adam", data, 0.1))
    changed = dataclasses.asdict(conjugate.recipe(method, data, 0.1))
    differing = {field for field, value in changed.items() if value != plain[field]}
    assert differing <= conjugate.METHODS[method].keys()
    assert differing or method == "Adam"


def test_every_backward_pass_is_counted():
    class Trainer:
        steps_done, history = 3, {"solver_steps": np.array([1.0, 4.0, 0.0])}
        recipe = conjugate.recipe("competitive", "ring", 0.1)

    assert conjugate.evaluations(Trainer) == 3 * (4 + 2) + 4 * 5
    Trainer.recipe = conjugate.recipe("Adam", "ring", 0.1)
    assert conjugate.evaluations(Trainer) == 6


@pytest.mark.parametrize("method", ["Adam", "PR", "competitive"])
def test_a_row_of_the_dirac_gan_comes_out_again(method):
    key = {"method": method, "data": conjugate.DIRAC, "seed": 3}
    [row] = [row for row in ROWS if key.items() <= row["key"].items()]
    again = conjugate.run_dirac(method, 3, row["key"]["rate"], row["key"]["budget"])
    np.testing.assert_allclose(again["distance"], row["result"]["distance"], rtol=1e-6)
    assert max(again["evaluations"]) <= row["key"]["budget"]


def test_every_row_belongs_to_the_command_as_it_is():
    rows = [row for row in ROWS if row["key"]["data"] in conjugate.BASES]
    assert len(rows) > 1000
    wrong = []
    for row in rows:
        key = row["key"]
        if ganlib.recipe(**row["recipe"]) != conjugate.recipe(key["method"], key["data"], key["rate"]):
            wrong.append(key)
    assert not wrong
