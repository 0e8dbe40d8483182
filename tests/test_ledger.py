"""The run ledgers: what is recorded is read back, and what is shipped holds together."""

import json

import numpy as np
import pytest

import ganlib
from ganlib.errors import DataError

SHIPPED = sorted(path.stem for path in ganlib.ledger.FOLDER.glob("*.json"))


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


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"about": "", "command": "", "rows": [{}]}', '{"rows": 1}', "[" * 9999]
)
def test_a_damaged_ledger_is_refused(tmp_path, text):
    (tmp_path / "trial.json").write_text(text)
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
        changes = dict(row["recipe"])
        # The others trained no network; a chapter trains many.
        if row["key"].get("backend") in ("torch", "tensorflow") and "chapter" not in row["key"]:
            ganlib.recipe(changes.pop("name"), **changes)  # still a valid recipe
        assert row["seconds"] >= 0
