"""Which notebooks run again, and that nothing that a result depends on is forgotten."""

import json
import re

import nbformat
import notebook_tests
import notebooks
import pytest
from notebook_tests import Task


@pytest.fixture
def book(tmp_path):
    """A repository of two notebooks and a package of one file."""
    (tmp_path / "ganlib").mkdir()
    (tmp_path / "ganlib" / "losses.py").write_text("HALF = 0.5\n")
    for name in ("requirements.txt", "pyproject.toml"):
        (tmp_path / name).write_text("\n")
    for name, seconds in (("short", 5), ("long", 50)):
        notebook = nbformat.v4.new_notebook(metadata={"ganlib": {"seconds": seconds}})
        nbformat.write(notebook, tmp_path / f"{name}.ipynb")
    return tmp_path


@pytest.fixture
def run(book, monkeypatch):
    """Runs all four tasks with a runner that only notes them; returns what ran and what failed."""

    monkeypatch.setattr(notebook_tests, "TOGETHER", 1)  # one after the other: in an order that can be told

    def make(every=False, bad=()):
        ran = []

        def run_one(path, backend):
            ran.append(f"{path.stem} under {backend}")
            return {"passed": ran[-1] not in bad, "seconds": 7, "output": "AssertionError: no"}

        tasks = [Task(book / f"{name}.ipynb", backend) for backend in notebooks.BACKENDS for name in ("short", "long")]
        failed = notebook_tests.run(tasks, every, book / "_build" / "passed.json", book, run_one)
        return ran, failed

    return make


ALL = [f"{name} under {backend}" for name in ("long", "short") for backend in ("torch", "tensorflow")]


def test_what_passed_is_not_run_again_until_it_is_asked_for(run, capsys):
    assert run() == (ALL, [])
    assert run() == ([], [])
    assert "Skipped, unchanged since they passed here: short under torch, long under torch, " in capsys.readouterr().out
    assert sorted(run(every=True)[0]) == sorted(ALL)


def test_the_longest_go_first(run, book, capsys):
    assert [name.split()[0] for name in run()[0]] == ["long", "long", "short", "short"]
    assert "To run: 4 of 4 notebooks, 1 at once; about 2 min." in capsys.readouterr().out
    (book / "outputs").mkdir()
    (book / "outputs" / "short.json").write_text(json.dumps({"ganlib": {"seconds": 99}}))
    (book / "_build" / "passed.json").unlink()
    assert run()[0][0] == "short under tensorflow"


def test_a_changed_notebook_runs_again_under_each_framework(run, book):
    run()
    with open(book / "short.ipynb", "a") as file:
        file.write("\n")
    assert sorted(run()[0]) == ["short under tensorflow", "short under torch"]


@pytest.mark.parametrize("what", ["changed", "new", "gone", "required"])
def test_a_changed_package_runs_all_again(run, book, what):
    run()
    package = book / "ganlib"
    if what == "changed":
        (package / "losses.py").write_text("HALF = 0.6\n")
    elif what == "new":
        (package / "data.bin").write_bytes(b"\0")
    elif what == "gone":
        (package / "losses.py").unlink()
    else:
        (book / "requirements.txt").write_text("torch\n")
    assert sorted(run()[0]) == sorted(ALL)


def test_another_version_of_anything_installed_runs_all_again(run, monkeypatch):
    run()
    others = list(notebook_tests.distributions())[1:]
    monkeypatch.setattr(notebook_tests, "distributions", lambda: others)
    assert sorted(run()[0]) == sorted(ALL)


def test_python_s_own_leftovers_change_nothing(run, book):
    run()
    (book / "ganlib" / "__pycache__").mkdir()
    (book / "ganlib" / "__pycache__" / "losses.pyc").write_bytes(b"\0")
    assert run() == ([], [])


def test_what_fails_is_told_with_the_command_to_see_more_and_runs_again(run, capsys):
    bad = "short under tensorflow"
    assert run(bad=[bad]) == (ALL, [bad])
    said = capsys.readouterr().out
    assert re.search(
        rf"of 4: {bad} FAILED in 7 s\nAssertionError: no\nTo see all of it: GANLIB_BACKEND=tensorflow ", said
    )
    assert run() == ([bad], [])
    assert run(every=True, bad=[bad])[1] == [bad]
    assert run() == ([bad], []), "what passed before it failed has not passed"


@pytest.mark.parametrize("content", ["", "{", "[]", "3", '{"long under torch": 3}', '{"a": {"hash": 1}}'])
def test_a_damaged_record_is_no_record(run, book, content):
    run()
    (book / "_build" / "passed.json").write_text(content)
    assert sorted(run()[0]) == sorted(ALL)


def test_the_exercises_solved_are_one_notebook_the_same_each_time(tmp_path, monkeypatch):
    monkeypatch.setattr(notebooks, "SOLVED", tmp_path / "solved.ipynb")
    first = notebooks.solved(notebooks.chapters()).read_bytes()
    assert notebooks.solved(notebooks.chapters()).read_bytes() == first
    cells = json.loads(first)["cells"]
    claims = ["".join(output["text"]) for cell in cells for output in cell["outputs"]]
    numbers = [number for chapter in notebooks.chapters() for number in notebooks.solutions(chapter)]
    assert claims == [f"{number}: right.\n" for number in numbers]
