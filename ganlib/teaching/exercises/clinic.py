"""The clinic of chapter 4 as exercises, "clinic 1" to "clinic 8". `ganlib.clinic` knows the patients, and decides."""

from __future__ import annotations

import inspect
from typing import Any

import numpy as np

import ganlib
from ganlib.errors import GanlibError
from ganlib.teaching import patients
from ganlib.teaching.exercises.answers import Answer, Blank, Wrong

NUMBERS = [f"clinic {number}" for number in range(1, 9)]
AS_IT_CAME = "This is the patient as it came. Change one line, and run the cell again."
# Where the mistake is in code and not in a recipe: the second hint and the third.
CODE = {
    1: ("Plot what the function returns beside the points that it was given.", "What G is to learn are the points."),
    4: ("For which fake_logits is this loss low, and who wants them so?", "`loss` holds two losses. Which is G's?"),
    8: ("Print the lowest and the highest number that comes out.", "Stretch 0 … 255 to a length of 2, then move it."),
}


class Exercise:
    """What a module `e2_4.py` has, for one patient."""

    def __init__(self, number: str) -> None:
        self.number = int(number.split()[1])
        self.sick, self.case = ganlib.clinic.patient(self.number), patients.CASES[self.number - 1]
        if self.sick.code is None:
            self.ASKS = ("answer",)
            place = ", or ".join(" and ".join(group) for group in self.case.cures)
            self.HINTS = (self.case.hint, f"The place is {place}.")
        else:
            self.ASKS = (f"{self.sick.code.__name__}{inspect.signature(self.sick.code)}",)
            self.HINTS = CODE[self.number]

    def check(self, rng: np.random.Generator, answer: Answer) -> str:
        """Looks at the answer, and trains with it where that is not enough. Returns the diagnosis."""
        if self.sick.code is None:
            version = answer.given
            if version == self.sick.recipe:
                raise Blank(AS_IT_CAME)
        else:
            version = _as_in_a_training(answer)
            if np.array_equal(version(*self._inputs()), self.sick.code(*self._inputs())):
                raise Blank(AS_IT_CAME)
        try:
            result = ganlib.clinic.check(self.number, version)
        except GanlibError:
            raise
        except Exception as error:  # an answer of a wrong type, or the reader's own error, shown as a sentence
            in_training = f"In the training {answer.name} raised {type(error).__name__}: {str(error)[:200]}"
            raise Wrong(str(error) if self.sick.code is None else in_training) from None
        message = result.message[0].upper() + result.message[1:] if result.message[0].isascii() else result.message
        if result.right:
            return message
        if self.case.hint and result.message.endswith(self.case.hint):
            raise Wrong(result.message.removesuffix(self.case.hint).strip(), self.case.hint)
        looked = (
            "It was trained again, with your change." if result.run else "Your change was looked at, not yet trained."
        )
        raise Wrong(looked, message)

    def _inputs(self) -> tuple[Any, ...]:
        """Something to try the patient's function on."""
        if self.sick.takes == "real":
            return ganlib.clinic._raw(ganlib.data.load(self.sick.recipe)), np.random.default_rng(0)
        return ganlib.reference.losses.nonsaturating, np.array([1.0, 2.0]), np.array([-1.0, 0.5])


def _as_in_a_training(answer: Answer) -> Any:
    """The answer for `ganlib.clinic`: with arrays by way of `Answer`, with a training's own tensors as it is."""

    def version(*arguments: Any) -> Any:
        if not any(isinstance(one, np.ndarray) for one in arguments):
            return answer.given(*arguments)
        return answer(*arguments)

    return version
