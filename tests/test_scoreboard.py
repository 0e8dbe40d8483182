"""Chapter 4's scoreboard: its recipes can be trained, and its cheap rows come out again."""

import dataclasses

import pytest
import scoreboard

import ganlib

ROWS = ganlib.ledger.load("scoreboard").rows
BENT = {"two rates": {"discriminator_optimiser"}, "instance noise": {"instance_noise", "instance_noise_steps"}}


@pytest.mark.parametrize("data", scoreboard.BASES)
def test_the_cheap_row_comes_out_again(gl, data):
    key = {"method": scoreboard.CHECK, "data": data, "backend": gl.name, "seed": 0}
    [row] = [row for row in ROWS if row["key"] == key]
    again = scoreboard.run(scoreboard.CHECK, data, gl.name, 0)
    for name, value in row["result"].items():
        if name != "train_seconds":  # and without a good sample there is no reverse KL
            assert again[name] == (value if value is None else pytest.approx(value, rel=1e-6)), name


@pytest.mark.parametrize("method", scoreboard.METHODS)
@pytest.mark.parametrize("data", scoreboard.BASES)
def test_a_method_changes_what_it_says_and_nothing_else(method, data):
    plain = dataclasses.asdict(scoreboard.recipe("GAN", data))
    changed = dataclasses.asdict(scoreboard.recipe(method, data))
    differing = {field for field, value in changed.items() if value != plain[field]}
    expected = set(scoreboard.METHODS[method]) | BENT.get(method, set())
    assert differing <= expected
    assert differing or method == "GAN"


def test_every_row_belongs_to_the_command_as_it_is():
    wrong = [
        row["key"]
        for row in ROWS
        if ganlib.recipe(**row["recipe"]) != scoreboard.recipe(row["key"]["method"], row["key"]["data"])
    ]
    assert not wrong
