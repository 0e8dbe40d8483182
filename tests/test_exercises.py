"""Every solution is right in both frameworks, a blank is told kindly, every typical mistake has its hint."""

import importlib
import json
import re
from pathlib import Path

import numpy as np
import pytest
import yaml
from conftest import BACKENDS, ONE_OF_THEM

import ganlib
from ganlib import exercises
from ganlib.teaching.exercises import answers, memory

pytestmark = pytest.mark.long

ROOT = Path(__file__).resolve().parent.parent
CHAPTERS = {
    **{"1": "deconvolution", "2": "minimax", "3": "dcgan", "4": "stability"},
    **{"5": "bugs", "6": "conjugate", "7": "roads"},
}
# A chapter is a page of this name, and the pages below it in the table of contents.
PAGES = {
    Path(entry["file"]).stem: [Path(page["file"]).stem for page in (entry, *entry.get("sections", ()))]
    for part in yaml.safe_load((ROOT / "_toc.yml").read_text())["parts"]
    for entry in part["chapters"]
}
NUMBERS = exercises.numbers()
CLINIC = [number for number in NUMBERS if number.startswith("clinic")]
every_exercise = pytest.mark.parametrize("number", NUMBERS)
every_chapters_exercise = pytest.mark.parametrize("number", [number for number in NUMBERS if number not in CLINIC])
WRONG = {}
for chapter in (*CHAPTERS.values(), "remedies", "clinic"):
    WRONG |= importlib.import_module(f"wrong_answers.{chapter}").WRONG


@pytest.fixture(autouse=True)
def own_memory(tmp_path, monkeypatch):
    monkeypatch.setenv("GANLIB_EXERCISES", str(tmp_path / "exercises"))
    exercises.reset()


def asked(number):
    """The names that an exercise asks for."""
    return [name.partition("(")[0] for name in exercises._exercise(number).ASKS]


def program(number):
    """The Python of a solution."""
    (found,) = re.findall(r"^```python\n(.*?)^```", exercises.solution(number).text, re.DOTALL | re.MULTILINE)
    return found


def solved(number):
    """What a solution answers, in the order of the question."""
    names = {"__name__": "solution"}
    source = program(number)  # our own text, as its chapter shows it
    exec(source.partition("\nresult = ")[0] if number in CLINIC else source, names)  # without the proof by a training
    return [names[name] for name in asked(number)]


def framework_only(name, function):
    """The same function as if written in one framework: it refuses NumPy arrays and the other framework's tensors."""
    if name == "torch":
        import torch as framework

        tensor, give = framework.Tensor, framework.as_tensor
    else:
        import tensorflow as framework

        tensor, give = framework.Tensor, framework.constant

    def convert(value):
        if isinstance(value, tuple):
            return tuple(map(convert, value))
        return give(np.array(value, order="C")) if isinstance(value, np.ndarray | np.floating) else value

    def answer(*arguments):
        arrays = [one for one in arguments if isinstance(one, np.ndarray) or hasattr(one, "numpy")]
        if not all(isinstance(one, tensor) for one in arrays):
            raise TypeError(f"expected a tensor of {framework.__name__}")
        outward = [
            argument.numpy() if isinstance(argument, tensor)
            else (lambda *inner, of=argument: of(*map(convert, inner)).numpy()) if callable(argument)
            else argument
            for argument in arguments
        ]  # fmt: skip
        return convert(function(*outward))

    return answer


@every_chapters_exercise
def test_solutions_are_right(number):
    assert (result := exercises.check(number, *solved(number))).right, result
    assert exercises.progress().solved == (number,)


@pytest.mark.parametrize("name", BACKENDS)
@every_chapters_exercise
def test_solutions_are_right_in_each_framework(number, name):
    answer = [framework_only(name, one) if callable(one) else one for one in solved(number)]
    result = exercises.check(number, *answer)
    assert result.right, result


EQUAL = {
    "1.1": [[1, 2, 1, 0, 3, 6, 3]],  # a row of a matrix
    "1.5": lambda n: np.sort(np.fft.fft([0.5, 0.25, *np.zeros(n - 3), 0.25]))[::-1],  # complex, with nothing imaginary
}


@pytest.mark.parametrize(("number", "answer"), EQUAL.items())
def test_equal_answers_of_another_kind_are_right(number, answer):
    assert exercises.check(number, answer).right


@every_exercise
def test_checks_repeat(number):
    """The same answer gets the same words: a check draws its inputs from a seed of its own."""
    wrong = WRONG[number][0][0]
    first = exercises.check(number, *wrong)
    exercises.reset()
    np.random.seed(1)  # noqa: NPY002 (another global state)
    assert exercises.check(number, *wrong) == first


@every_exercise
def test_blanks_fail_kindly(number):
    for blank in (lambda *arguments: None, ..., None):
        result = exercises.check(
            number, *[blank if name_is_function else ... for name_is_function in functions(number)]
        )
        assert (result.right, result.blank) == (False, True), result
    assert exercises.progress().tries == {}, "a blank is no try"


def functions(number):
    return ["(" in name for name in exercises._exercise(number).ASKS]


@every_exercise
def test_wrong_answers_get_their_own_hint(number):
    parts = {part for _, part in WRONG[number]}  # the same mistake may be spelled in several frameworks
    assert len(parts) >= 3, "write down three typical wrong answers"
    for wrong, part in WRONG[number]:
        exercises.reset()
        result = exercises.check(number, *wrong)
        assert (result.right, result.blank) == (False, False), (part, result)
        (hint,) = result.hints
        assert {other for other in parts if other in hint} == {part}, (part, result)


@every_exercise
def test_hints_grow_stronger(number):
    wrong, _ = WRONG[number][0]
    hints = [exercises.check(number, *wrong).hints for _ in range(3)]
    assert len(hints[0]) < len(hints[1]) < len(hints[2])
    assert "solution" in hints[2][-1]


def raises(*arguments):
    raise RuntimeError("no such luck")


STRANGE = [
    raises,
    lambda *arguments: np.nan,
    lambda *arguments: "seven",
    lambda *arguments: np.zeros((3, 0)),
    lambda *arguments: (np.zeros(2), "x", None),
    lambda *arguments: {"a": 1},
    lambda *arguments: [[1], [2, 3]],
    lambda *arguments: arguments[-1],
    lambda *arguments: object(),
    3,
    "text",
    object(),
    [1, [2, 3]],
    float("nan"),
    int,
]


@every_exercise
def test_strange_answers_get_a_sentence(number):
    for strange in STRANGE:
        result = exercises.check(number, *[strange] * len(asked(number)))
        assert not result.right, strange
        assert not result.blank, (strange, result)
        assert result.failed
        assert "Traceback" not in str(result)


@every_exercise
def test_an_answer_that_never_ends_is_stopped(number, monkeypatch):
    monkeypatch.setattr(answers, "LIMIT", 0.05)

    def endless(*arguments):
        while True:
            pass

    if any(functions(number)):
        result = exercises.check(number, *[endless] * len(asked(number)))
        assert "did not end" in result.failed


def test_every_exercise_of_the_book_has_a_check_and_a_cell():
    for chapter, name in CHAPTERS.items():
        text = "\n".join((ROOT / "book" / "text" / f"{page}.md").read_text() for page in PAGES[name])
        stated = re.findall(r"^> \*\*Exercise (\d+\.\d+)\.", text, re.MULTILINE)
        own = [number for number in NUMBERS if number.startswith(f"{chapter}.")]
        assert sorted(stated, key=NUMBERS.index) == own
        cells = dict(re.findall(r'^ganlib\.exercises\.check\("(\d+\.\d+)", (.*)\)$', text, re.MULTILINE))
        assert list(cells) == stated
        for number, given in cells.items():
            assert given.split(", ") == asked(number)
    text = (ROOT / "book" / "text" / "clinic.md").read_text()
    cells = re.findall(r'^ganlib\.exercises\.check\("(clinic \d)", (.*)\)$', text, re.MULTILINE)
    assert cells == [(number, asked(number)[0]) for number in CLINIC]
    assert len(CLINIC) == len(ganlib.clinic.CASES)


def test_the_number_of_answers_is_said():
    result = exercises.check("2.4")
    assert "generator_gradients(logits)" in result.failed


def test_an_unknown_exercise_is_refused():
    with pytest.raises(ValueError, match=r"There is no exercise '9\.9'.*1\.1"):
        exercises.check("9.9", 1)


def test_a_patient_as_it_came_is_no_try():
    """A reader who runs all cells has not answered yet."""
    for number in range(1, 9):
        sick = ganlib.clinic.patient(number)
        result = exercises.check(f"clinic {number}", sick.recipe if sick.code is None else sick.code)
        assert result.blank, result
        assert "as it came" in result.failed
    assert exercises.progress().tries == {}


def test_solutions_of_the_clinic(monkeypatch):
    """What they change is right; that all patients train with it, tests/test_clinic.py proves."""
    well = ganlib.clinic.Run({}, np.zeros((1, 2)), 8, True, "it holds 8 of 8 modes")
    monkeypatch.setattr(ganlib.clinic, "_train", lambda *arguments: well)
    for number in CLINIC:
        result = exercises.check(number, *solved(number))
        assert str(result).splitlines() == [f"{number}: right.", result.note]
        assert result.note.endswith("Now it holds 8 of 8 modes.")
    assert exercises.progress().solved == tuple(CLINIC)
    assert "Clinic  1✓  2✓" in str(exercises.progress())


@pytest.mark.parametrize("name", ONE_OF_THEM)
@pytest.mark.parametrize("number", ["clinic 4", "clinic 6"])
def test_the_clinic_trains(number, name, monkeypatch):
    monkeypatch.setenv("GANLIB_BACKEND", name)
    assert exercises.check(number, *solved(number)).right


@pytest.mark.parametrize("name", BACKENDS)
def test_the_clinic_takes_functions_of_a_framework(name, monkeypatch):
    """Looked at with arrays, trained with the framework's own tensors, and what they raise there is told."""
    monkeypatch.setenv("GANLIB_BACKEND", name)
    framework = importlib.import_module(name)

    def generator_loss(loss, real_logits, fake_logits):
        assert isinstance(fake_logits, framework.Tensor)
        if fake_logits.shape[0] not in (2, 4):  # those of the look at it
            raise KeyError("batch")
        return (framework if name == "torch" else framework.math).exp(-fake_logits)[0]

    result = exercises.check("clinic 4", generator_loss)
    assert "In the training generator_loss raised KeyError: 'batch'" in str(result)


def test_progress_is_kept_and_forgotten(tmp_path):
    exercises.check("1.1", [1, 2, 1, 0, 3, 6, 3])
    exercises.check("2.4", np.exp)
    assert json.loads(memory.path().read_text())["1.1"] == {"tries": 1, "solved": True}
    assert exercises.progress().solved == ("1.1",)
    assert exercises.progress().tries == {"1.1": 1, "2.4": 1}
    assert "1✓" in str(exercises.progress())
    assert exercises.reset("1.1").tries == {"2.4": 1}
    assert exercises.reset().tries == {}


def test_a_damaged_file_is_set_aside(tmp_path):
    memory.path().parent.mkdir(parents=True, exist_ok=True)
    memory.path().write_text("{no")
    exercises.check("1.1", [1])
    assert memory.path().with_suffix(".damaged").read_text() == "{no"
    assert exercises.progress().tries == {"1.1": 1}


def test_a_folder_that_cannot_be_written_stops_nobody(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("GANLIB_EXERCISES", str(tmp_path / "file" / "folder"))
    exercises.check("1.1", [1])
    assert len(exercises.check("1.1", [1, 2, 4, 6, 3]).hints) == 2
    assert exercises.progress().tries == {"1.1": 2}


def test_results_read_well_in_a_notebook():
    result = exercises.check("1.1", ["<b>", 2])
    assert "&lt;b&gt;" in result._repr_html_()
    assert exercises.solution("1.1")._repr_markdown_() == exercises.solution("1.1").text


def test_an_answer_cannot_harm_the_checks_inputs():
    def destroys(logits):
        logits[:] = 0
        return logits, logits

    assert "Given logits = [0.5971" in exercises.check("2.4", destroys).failed
