"""The run ledgers: what is recorded is read back, and what is shipped holds together."""

import base64
import bz2
import json
import os
import subprocess
import sys

import numpy as np
import pytest
import recording

import ganlib
from ganlib.errors import DataError

SHIPPED = sorted({path.name.partition(".")[0] for path in ganlib.ledger.FOLDER.iterdir()})
SAMPLES = np.round(np.random.default_rng(0).normal(size=(3, 5, 2)), 2)  # of three runs


def record(folder, seed, modes, recipe=("ring", 100), **results):
    key = {"method": "R1", "backend": None, "seed": seed}
    results = {"modes": modes, **results}
    made = dict(zip(("name", "steps"), recipe, strict=True))
    recording.record("trial", "a trial", "python trial.py", key, results, made, 1.5, folder)


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


def test_a_recipe_and_an_environment_stand_once(tmp_path):
    for seed in range(4):
        record(tmp_path, seed, 7, ("ring", 100 + seed % 2))
    stored = json.loads((tmp_path / "trial.json").read_text())
    assert list(stored["recipes"].values()) == [{"name": "ring", "steps": 100}, {"name": "ring", "steps": 101}]
    assert len(stored["environments"]) == 1
    for seed, row in enumerate(ganlib.ledger.load("trial", tmp_path).rows):
        assert row["recipe"] == {"name": "ring", "steps": 100 + seed % 2}
        row["recipe"]["steps"] = 0  # is its own
    for seed in (1, 3):
        record(tmp_path, seed, 7)
    stored = json.loads((tmp_path / "trial.json").read_text())
    assert list(stored["recipes"].values()) == [{"name": "ring", "steps": 100}]  # the other is used no more


def test_the_file_has_one_row_on_a_line(tmp_path):
    for seed in range(4):
        record(tmp_path, seed, 7)
    before = (tmp_path / "trial.json").read_text().splitlines()
    record(tmp_path, 4, 8)
    after = (tmp_path / "trial.json").read_text().splitlines()
    assert len(after) == len(before) + 1
    assert [line.rstrip(",") for line in before[:-2]] == [line.rstrip(",") for line in after[:-3]]
    assert json.loads(after[-3])["result"] == {"modes": 8}


def test_arrays_come_back_as_lists_and_files_as_text(tmp_path):
    curve, single = np.array([0.1, -0.0, 1e300]), np.array([0.1], np.float32)
    for seed, samples in enumerate(SAMPLES):
        record(tmp_path, seed, 7, samples=samples, curve=curve[seed:], picture=b"GIF" + bytes(range(seed)))
    record(tmp_path, 3, 8)
    record(tmp_path, 4, 8, curve=single)
    rows = ganlib.ledger.load("trial", tmp_path).rows
    for seed, samples in enumerate(SAMPLES):
        result = rows[seed]["result"]
        assert repr(result["samples"]) == repr(samples.tolist())
        assert repr(result["curve"]) == repr(curve[seed:].tolist())
        assert base64.b64decode(result["picture"]) == b"GIF" + bytes(range(seed))
    assert rows[3]["result"] == {"modes": 8}
    assert rows[4]["result"]["curve"] == single.tolist()
    with np.load(tmp_path / "trial.npz") as arrays:
        np.testing.assert_array_equal(arrays["samples"], SAMPLES.reshape(15, 2))


def test_a_repeated_run_replaces_its_arrays(tmp_path):
    for seed in (0, 1, 0):
        record(tmp_path, seed, 7, samples=SAMPLES[seed])
    record(tmp_path, 0, 8, samples=SAMPLES[2])
    [one] = ganlib.ledger.load("trial", tmp_path).select(seed=1)
    [zero] = ganlib.ledger.load("trial", tmp_path).select(seed=0)
    assert one["result"]["samples"] == SAMPLES[1].tolist()
    assert zero["result"] == {"modes": 8, "samples": SAMPLES[2].tolist()}


def test_an_array_that_cannot_be_kept_is_refused(tmp_path):
    record(tmp_path, 0, 7, samples=SAMPLES[0])
    with pytest.raises(ValueError, match="finite floats"):
        record(tmp_path, 1, 7, samples=np.array([[0.0, np.nan]]))
    with pytest.raises(ValueError, match="as a list"):
        record(tmp_path, 1, 7, samples=np.arange(4))
    with pytest.raises(ValueError, match=r"float64 and shape \(3,\), and in other rows of float64 and \(2,\)"):
        record(tmp_path, 1, 7, samples=np.ones((4, 3)))
    with pytest.raises(ValueError, match="uint8"):
        record(tmp_path, 1, 7, samples=b"GIF")
    assert len(ganlib.ledger.load("trial", tmp_path).rows) == 1


@pytest.mark.parametrize("finished", [0, 1])  # files that are in place when the process is killed
def test_a_run_killed_while_writing_leaves_the_ledger_whole(tmp_path, monkeypatch, finished):
    for seed in (0, 1):
        record(tmp_path, seed, 7, samples=SAMPLES[seed])
    before = ganlib.ledger.load("trial", tmp_path)
    replace, done = os.replace, []

    def killed(*paths):
        if len(done) == finished:
            raise KeyboardInterrupt
        done.append(replace(*paths))

    for seed in (0, 2):  # in place of a row, and after the last
        with monkeypatch.context() as patch:
            patch.setattr("os.replace", killed)
            with pytest.raises(KeyboardInterrupt):
                record(tmp_path, seed, 8, samples=SAMPLES[2])
        assert len(done) == finished
        done.clear()
        assert ganlib.ledger.load("trial", tmp_path) == before
    record(tmp_path, 2, 8, samples=SAMPLES[2])
    assert [row["result"]["samples"] for row in ganlib.ledger.load("trial", tmp_path).rows] == SAMPLES.tolist()


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
        recording.record("trial", "", "", {"seed": seed}, result, {"name": "ring"}, 0, tmp_path)
    for result, row in zip(results, ganlib.ledger.load("trial", tmp_path).rows, strict=True):
        assert repr(row["result"]) == repr(result)
    with pytest.raises(ValueError, match="JSON compliant"):
        recording.record("trial", "", "", {"seed": 3}, {"d_loss": [np.nan] * 20}, {}, 0, tmp_path)


def test_several_processes_write_to_one_ledger(tmp_path):
    program = (
        "import sys, recording, numpy as np\nfor seed in range(10):\n    key = {'who': sys.argv[2], 'seed': seed}\n"
    )
    program += "    result = {'d_loss': [0.5] * 20, 'samples': np.full((3, 2), seed + 0.5)}\n"
    program += "    recording.record('trial', '', '', key, result, {}, 0, sys.argv[1])"
    commands = [[sys.executable, "-c", program, str(tmp_path), who] for who in "ab"]
    folder = os.path.dirname(recording.__file__)
    for process in [subprocess.Popen(command, env={**os.environ, "PYTHONPATH": folder}) for command in commands]:
        assert process.wait() == 0
    ledger = ganlib.ledger.load("trial", tmp_path)
    assert sorted((row["key"]["who"], row["key"]["seed"]) for row in ledger.rows) == [
        (who, seed) for who in "ab" for seed in range(10)
    ]
    for row in ledger.rows:
        assert row["result"]["samples"] == [[row["key"]["seed"] + 0.5] * 2] * 3


def test_there_are_no_rows_before_the_first_is_recorded(tmp_path):
    assert recording.rows("trial", tmp_path) == ()
    record(tmp_path, 0, 7)
    assert recording.rows("trial", tmp_path) == ganlib.ledger.load("trial", tmp_path).rows


def test_a_ledger_of_the_older_format_is_read_and_can_be_added_to(tmp_path):
    """One file in bzip2, every row with its whole recipe and its arrays as lists: such files lie in users' folders."""
    result = {"modes": 7, "samples": SAMPLES[0].tolist(), "picture": "R0lG"}
    row = {"key": {"seed": 0}, "result": result, "recipe": {"name": "ring"}, "seconds": 1.5, "machine": "Linux"}
    older = [{**row, "versions": {"numpy": "2.4.6"}}, {**row, "key": {"seed": 1}, "versions": {"numpy": "2.3.0"}}]
    text = json.dumps({"about": "a trial", "command": "python trial.py", "rows": older})
    (tmp_path / "trial.json.bz2").write_bytes(bz2.compress(text.encode()))
    ledger = ganlib.ledger.load("trial", tmp_path)
    assert (ledger.about, ledger.command) == ("a trial", "python trial.py")
    assert list(ledger.rows) == list(recording.rows("trial", tmp_path)) == older
    record(tmp_path, 2, 8, samples=SAMPLES[1])
    rows = ganlib.ledger.load("trial", tmp_path).rows
    assert list(rows[:2]) == older
    assert rows[2]["result"] == {"modes": 8, "samples": SAMPLES[1].tolist()}


WRONG = ["", "[]", "{}", '{"about": "", "command": ""}', '{"rows": 1}', '{"rows": [', "\0"]
TABLES = '{"about": "", "command": "", "recipes": {}, "environments": {}, "rows": %s}'
WRONG += [TABLES % rows for rows in ("1", '["key"]', "[{}]", '[{"key": {}, "result": {}, "recipe": "ring-0"}]')]


@pytest.mark.parametrize("text", WRONG)
@pytest.mark.parametrize(("end", "packed"), [(".json", bytes), (".json.bz2", bz2.compress)])
def test_a_damaged_ledger_is_refused(tmp_path, text, end, packed):
    (tmp_path / f"trial{end}").write_bytes(packed(text.encode()))
    with pytest.raises(DataError, match="damaged"):
        ganlib.ledger.load("trial", tmp_path)
    with pytest.raises(DataError, match="damaged"):
        record(tmp_path, 0, 7)


@pytest.mark.parametrize("end", [".json", ".npz"])
@pytest.mark.parametrize(
    "damage", [lambda c: b"", lambda c: b"{}", lambda c: c[:-9], lambda c: c[:100] + bytes([c[100] ^ 255]) + c[101:]]
)
def test_a_file_that_arrived_damaged_is_refused(tmp_path, end, damage):
    record(tmp_path, 0, 7, samples=SAMPLES[0])
    content = (tmp_path / f"trial{end}").read_bytes()
    (tmp_path / f"trial{end}").write_bytes(damage(content))
    with pytest.raises(DataError, match="damaged"):
        ganlib.ledger.load("trial", tmp_path)


def test_arrays_of_another_ledger_are_refused(tmp_path):
    for folder, count in ((tmp_path / "short", 1), (tmp_path / "long", 3)):
        for seed in range(count):
            record(folder, seed, 7, samples=SAMPLES[seed])
    (tmp_path / "short" / "trial.npz").replace(tmp_path / "long" / "trial.npz")
    for folder, reason in (("long", "'samples' ends before 10"), ("short", "No such file")):
        with pytest.raises(DataError, match=f"damaged.*{reason}"):
            ganlib.ledger.load("trial", tmp_path / folder)


def test_nothing_is_unpickled(tmp_path):
    record(tmp_path, 0, 7, samples=SAMPLES[0])
    np.savez(tmp_path / "trial.npz", samples=np.array([{}] * 5, dtype=object))
    with pytest.raises(DataError, match=r"damaged.*allow_pickle=False"):
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
