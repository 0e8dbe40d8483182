"""The run ledgers: what is recorded is read back, and what is shipped holds together."""

import bz2
import json
import subprocess
import sys

import numpy as np
import pytest

import ganlib
from ganlib.errors import DataError

SHIPPED = sorted(path.name.removesuffix(".json.bz2") for path in ganlib.ledger.FOLDER.iterdir())


def record(folder, seed, modes, name="trial"):
    key = {"method": "R1", "backend": None, "seed": seed}
    ganlib.ledger.record(name, "a trial", "python trial.py", key, {"modes": modes}, {"name": "ring"}, 1.5, folder)


def test_rows_come_back_and_a_repeated_run_replaces_its_row(tmp_path):
    for seed, modes in ((0, 7), (1, 8), (0, 6)):
        record(tmp_path, seed, modes)
    ledger = ganlib.ledger.load("trial", tmp_path)
    np.testing.assert_array_equal(ledger.values("modes", method="R1"), [8, 6])
    [row] = ledger.select(seed=0)
    assert row["result"] == {"modes": 6}
    assert row["seconds"] == 1.5
    assert row["versions"]["numpy"] == np.__version__
    assert (ledger.about, ledger.command) == ("a trial", "python trial.py")


def test_a_run_killed_while_writing_leaves_the_ledger_whole(tmp_path, monkeypatch):
    record(tmp_path, 0, 7)

    def killed(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr("os.replace", killed)
    with pytest.raises(KeyboardInterrupt):
        record(tmp_path, 1, 8)
    assert len(ganlib.ledger.load("trial", tmp_path).rows) == 1


def test_what_is_missing_is_named(tmp_path):
    record(tmp_path, 0, 7)
    ledger = ganlib.ledger.load("trial", tmp_path)
    with pytest.raises(ValueError, match="method is one of R1"):
        ledger.select(method="R3")
    with pytest.raises(ValueError, match=r"no 'frechet'\. They have modes"):
        ledger.values("frechet", method="R1")
    with pytest.raises(DataError, match="There are: trial"):
        ganlib.ledger.load("trail", tmp_path)


def test_results_come_back_as_they_were_given(tmp_path):
    generator = np.random.default_rng(0)
    results = [
        {
            "whole": list(range(n)),
            "single": generator.normal(size=n).astype(np.float32).tolist(),
            "double": generator.normal(size=n).tolist(),
            "zeros": [0.0, -0.0],
            "mixed": [1, 2.5, 2**40, None, "1.5", True, [1.0, [2.0]], {"a": 1e300}],
        }
        for n in (20, 3, 11)
    ]
    for seed, result in enumerate(results):
        ganlib.ledger.record("trial", "", "", {"seed": seed}, result, {"name": "ring"}, 0, tmp_path)
    for result, row in zip(results, ganlib.ledger.load("trial", tmp_path).rows, strict=True):
        assert repr(row["result"]) == repr(result)
    with pytest.raises(ValueError, match="JSON compliant"):
        ganlib.ledger.record("trial", "", "", {"seed": 3}, {"d_loss": [np.nan] * 20}, {}, 0, tmp_path)


def test_several_processes_write_to_one_ledger(tmp_path):
    program = "import sys, ganlib\nfor seed in range(10):\n    key = {'who': sys.argv[2], 'seed': seed}\n"
    program += "    ganlib.ledger.record('trial', '', '', key, {'d_loss': [0.5] * 20}, {}, 0, sys.argv[1])"
    commands = [[sys.executable, "-c", program, str(tmp_path), who] for who in "ab"]
    for process in [subprocess.Popen(command) for command in commands]:
        assert process.wait() == 0
    ledger = ganlib.ledger.load("trial", tmp_path)
    assert sorted((row["key"]["who"], row["key"]["seed"]) for row in ledger.rows) == [
        (who, seed) for who in "ab" for seed in range(10)
    ]


def test_there_are_no_rows_before_the_first_is_recorded(tmp_path):
    assert ganlib.ledger.rows("trial", tmp_path) == ()
    record(tmp_path, 0, 7)
    assert ganlib.ledger.rows("trial", tmp_path) == ganlib.ledger.load("trial", tmp_path).rows


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"about": "", "command": ""}', '{"rows": 1}', '{"rows": [', "\0"])
def test_a_damaged_ledger_is_refused(tmp_path, text):
    (tmp_path / "trial.json.bz2").write_bytes(bz2.compress(text.encode()))
    with pytest.raises(DataError, match="damaged"):
        ganlib.ledger.load("trial", tmp_path)


@pytest.mark.parametrize(
    "damage", [lambda c: b"", lambda c: b"{}", lambda c: c[:-9], lambda c: c[:50] + b"\0" + c[51:]]
)
def test_a_file_that_arrived_damaged_is_refused(tmp_path, damage):
    record(tmp_path, 0, 7)
    content = (tmp_path / "trial.json.bz2").read_bytes()
    (tmp_path / "trial.json.bz2").write_bytes(damage(content))
    with pytest.raises(DataError, match="damaged"):
        ganlib.ledger.load("trial", tmp_path)


@pytest.mark.parametrize("name", SHIPPED)
def test_a_shipped_ledger_holds_together(name):
    ledger = ganlib.ledger.load(name)
    keys = [json.dumps(row["key"], sort_keys=True) for row in ledger.rows]
    assert len(set(keys)) == len(keys)
    script = ganlib.ledger.FOLDER.parents[2] / ledger.command.split()[1]
    assert script.is_file(), f"{ledger.command} is no command of this repository"
    for row in ledger.rows:
        # The others trained no network; a chapter trains many.
        if row["key"].get("backend") in ("torch", "tensorflow") and "chapter" not in row["key"]:
            ganlib.recipe(**row["recipe"])  # still a valid recipe
        assert row["seconds"] >= 0, row["key"]
