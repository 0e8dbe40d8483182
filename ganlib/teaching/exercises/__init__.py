"""Exercises that check themselves, offline, whichever framework an answer is written in.

    >>> def value(theta):
    ...     return -max(0.0, 1 - theta) * np.log(4)
    >>> ganlib.exercises.check("2.1", value)
    2.1: right.
    >>> ganlib.exercises.solution("2.1")                    # how and why
    >>> ganlib.exercises.progress()                         # what was solved; reset() forgets it

A check calls the answer on inputs of its own, the same ones each time, and never reads its source. It says which
property failed, on which input, and gives a hint for the mistake; a second and a third failure get stronger ones.

Each exercise is one file here, `e2_3.py`: what it asks for, its hints, and a function `check`. The solutions are those
of the chapters, put here by `scripts/notebooks.py`.
"""

from __future__ import annotations

import html
import importlib
import pkgutil
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ganlib.arguments import describe
from ganlib.teaching.exercises import clinic, memory
from ganlib.teaching.exercises.answers import Answer, Blank, Wrong

__all__ = ["Progress", "Result", "Solution", "check", "numbers", "progress", "reset", "solution"]

SOLUTIONS = Path(__file__).parent / "solutions"


@dataclass(frozen=True)
class Result:
    """What a check says; printed, or as the last line of a cell, it reads as a sentence or two.

    Attributes:
        number: of the exercise.
        right: whether the answer is right.
        blank: whether there was nothing to check yet; that does not count as a try.
        failed: which property failed, on which input, what was expected and what came.
        hints: for this mistake, and the stronger ones that further failures have earned.
        note: what there is to say to a right answer.
    """

    number: str
    right: bool
    blank: bool = False
    failed: str = ""
    hints: tuple[str, ...] = ()
    note: str = ""

    def __str__(self) -> str:
        if self.right:
            return "\n".join([f"{self.number}: right.", *self.note.splitlines()])
        head = f"{self.number}: {'nothing to check yet' if self.blank else 'not yet'}."
        return "\n".join([head, *self.failed.splitlines(), *(f"Hint: {hint}" for hint in self.hints)])

    __repr__ = __str__

    def _repr_html_(self) -> str:
        head, *lines = (html.escape(line) for line in str(self).splitlines())
        kind = "right" if self.right else "blank" if self.blank else "wrong"
        body = "".join(f"<br>{line}" for line in lines)
        return (
            f'<div class="ganlib-check {kind}" style="border-left: 4px solid; padding-left: 0.7em">'
            f"<strong>{head}</strong>{body}</div>"
        )


@dataclass(frozen=True)
class Solution:
    """A solution as the chapter has it, Markdown; a notebook renders it."""

    number: str
    text: str

    def __str__(self) -> str:
        return self.text

    __repr__ = __str__

    def _repr_markdown_(self) -> str:
        return self.text


@dataclass(frozen=True)
class Progress:
    """Which exercises were solved, and how often each was tried. Printed, or as the last line of a cell, a table.

    Attributes:
        solved: numbers, in order.
        tries: number → how often a wrong or right answer was checked.
    """

    solved: tuple[str, ...]
    tries: dict[str, int]

    def __str__(self) -> str:
        every = numbers()
        lines = [f"{len(self.solved)} of {len(every)} exercises solved."]
        for chapter in dict.fromkeys(_chapter(number) for number in every):
            marks = [self._mark(number) for number in every if _chapter(number) == chapter]
            lines.append(f"{chapter:>9}  " + "  ".join(marks))
        return "\n".join([*lines, "✓ solved, · tried"])

    __repr__ = __str__

    def _mark(self, number: str) -> str:
        name = number.split(".")[-1].split(" ")[-1]
        return f"{name}{'✓' if number in self.solved else '·' if self.tries.get(number) else ' '}"


def numbers() -> list[str]:
    """The numbers of all exercises, in the chapters' order, and those of the clinic's patients.

    >>> ganlib.exercises.numbers()[:2]
    ['1.1', '1.2']
    """
    found = [module.name for module in pkgutil.iter_modules(__path__) if module.name.startswith("e")]
    pairs = sorted(tuple(map(int, name[1:].split("_"))) for name in found)
    return [f"{chapter}.{k}" for chapter, k in pairs] + clinic.NUMBERS


def check(number: str, *answer: Any) -> Result:
    """Whether the answer to an exercise is right, and if not, what is wrong with it.

    Args:
        number: of the exercise, such as "2.3", or "clinic 3" for a patient of chapter 4.
        answer: what the exercise asks for, in its order: functions written with NumPy, PyTorch or TensorFlow, arrays,
            tensors, numbers, recipes.

    Returns:
        Result, which never raises whatever the answer does: one that raises, returns NaN or never ends is told so.

    Raises:
        ValueError: there is no such exercise.

    >>> ganlib.exercises.check("2.1", value)
    """
    exercise = _exercise(number)
    if len(answer) != len(exercise.ASKS):
        asked = ", ".join(exercise.ASKS)
        return Result(
            number, False, True, f"{len(answer)} answers were given.\nExpected {len(exercise.ASKS)}: {asked}."
        )
    answers = [Answer(asked, given) for asked, given in zip(exercise.ASKS, answer, strict=True)]
    rng = np.random.default_rng([int(part) for part in re.findall(r"\d+", number)])
    try:
        for one in answers:
            one.refuse_blank()
        try:
            with np.errstate(all="ignore"):
                note = exercise.check(rng, *answers)
        except Wrong:
            for one in answers:
                one.refuse_silence()
            raise
    except Blank as blank:
        return Result(number, False, True, str(blank))
    except Wrong as wrong:
        tries = memory.add(number, solved=False)
        stronger = [hint for hint in exercise.HINTS if hint != wrong.hint][: tries - bool(wrong.hint)]
        last = (f'ganlib.exercises.solution("{number}") shows the solution.',) if tries >= 3 else ()
        hints = (*filter(None, (wrong.hint, *stronger)), *last)
        return Result(number, False, False, wrong.failed, hints)
    memory.add(number, solved=True)
    return Result(number, True, note=note or "")


def solution(number: str) -> Solution:
    """The solution of an exercise, as its chapter shows it.

    >>> ganlib.exercises.solution("2.1")
    """
    _exercise(number)
    return Solution(number, (SOLUTIONS / f"{number.replace(' ', '_')}.md").read_text(encoding="utf-8"))


def progress() -> Progress:
    """Which exercises were solved. It is kept in a small file in your data folder, or in `GANLIB_EXERCISES`.

    >>> ganlib.exercises.progress()
    """
    known = memory.load()
    every = [number for number in numbers() if number in known]
    return Progress(
        tuple(number for number in every if known[number]["solved"]),
        {number: known[number]["tries"] for number in every},
    )


def reset(number: str | None = None) -> Progress:
    """Forgets one exercise's tries and solution, or all of them.

    >>> ganlib.exercises.reset("2.1")
    """
    if number is not None:
        _exercise(number)
    memory.forget(number)
    return progress()


def _chapter(number: str) -> str:
    return "Clinic" if number in clinic.NUMBERS else f"Chapter {number.split('.')[0]}"


def _exercise(number: str) -> Any:
    if not isinstance(number, str) or number not in numbers():
        raise ValueError(f"There is no exercise {describe(number)}; expected one of {', '.join(numbers())}.")
    if number in clinic.NUMBERS:
        return clinic.Exercise(number)
    return importlib.import_module(f"ganlib.teaching.exercises.e{number.replace('.', '_')}")
