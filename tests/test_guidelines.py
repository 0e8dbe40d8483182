"""Chapter 3's run ledger: a run is made again, and gives what is written down."""

import dcgan_guidelines as benchmark
import pytest

import ganlib


def test_a_run_again_gives_the_row_of_the_ledger(gl):
    """The check row: 20 steps in float64, which other machines and versions repeat to many digits."""
    [row] = ganlib.ledger.load(benchmark.NAME).select(method=benchmark.CHECK, backend=gl.name)
    again = benchmark.run(benchmark.CHECK, gl.name, row["key"]["seed"])
    assert again.keys() == row["result"].keys()
    for name, value in row["result"].items():
        assert again[name] == pytest.approx(value, rel=1e-4, abs=1e-6), name


def test_both_frameworks_make_the_same_check_run():
    rows = ganlib.ledger.load(benchmark.NAME).select(method=benchmark.CHECK)
    assert {row["key"]["backend"] for row in rows} == set(ganlib.backends.BACKENDS)
    first, second = (row["result"] for row in rows)
    for name, value in first.items():
        assert second[name] == pytest.approx(value, rel=1e-4, abs=1e-6), name


def test_every_row_was_made_as_the_command_would_make_it_now():
    for row in ganlib.ledger.load(benchmark.NAME).rows:
        changes = {"name": "dcgan-digits", "steps": max(benchmark.STEPS), **benchmark.METHODS[row["key"]["method"]]}
        assert row["recipe"] == changes
