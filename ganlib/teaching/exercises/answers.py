"""What the checks of exercises are written with: the reader's answer, made safe to call, and comparisons that diagnose.

A check calls the answer and raises `Wrong` with what failed and a hint. `compare` does both for an answer that has one
right value for each input: where the answer differs, it looks for a known mistake that gives what the answer gave.
"""

from __future__ import annotations

import contextlib
import ctypes
import importlib
import inspect
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from ganlib.arguments import describe

LIMIT = 10.0  # seconds for all calls of one check; the right answers need a small part of it
FRAMEWORKS = ("torch", "tensorflow")

# A wrong function or value, and the hint for who gave it.
Mistakes = Sequence[tuple[Any, str]]


class Wrong(Exception):
    """The answer is wrong.

    Attributes:
        failed: the property that failed, on which input, what was expected and what came; a sentence or lines.
        hint: for this mistake, or "" where it is not a known one.
    """

    def __init__(self, failed: str, hint: str = "") -> None:
        super().__init__(failed)
        self.failed, self.hint = failed, hint


class Blank(Exception):
    """Nothing was answered yet."""


class TimeUp(BaseException):
    """Thrown into an answer that runs too long. Not an `Exception`, so that the answer's own `except` lets it pass."""


class Answer:
    """What the reader gave for one thing that an exercise asks for. Called, it gives NumPy, whatever it is written in.

    Arrays are given to it as NumPy arrays, and if it cannot take those as PyTorch's or TensorFlow's tensors. Floats,
    ints and text stay as they are; functions among the arguments take and return what the answer does.

    Attributes:
        name: as the exercise asks for it, such as "d_loss".
        given: what the reader gave.
    """

    def __init__(self, asked: str, given: Any) -> None:
        self.name, _, signature = asked.partition("(")
        self.parameters = [name.strip() for name in signature.rstrip(")").split(",")] if signature else []
        self.given = given
        self.left = LIMIT
        self._spoken = _spoken(given) if self.parameters else []
        self._silent: bool | None = None  # whether all calls returned nothing; None before the first one

    def refuse_blank(self) -> None:
        """Raises `Blank` or `Wrong` where there is nothing that could be checked."""
        if self.given is None or self.given is Ellipsis:
            raise Blank(f"{self.name} is still blank.")
        if self.parameters and (not callable(self.given) or isinstance(self.given, type)):
            raise Wrong(
                f"{self.name} is {describe(self.given)}.\nExpected a function {self.name}"
                f"({', '.join(self.parameters)}); give the function itself, without calling it."
            )
        if not self.parameters and callable(self.given) and not hasattr(self.given, "shape"):
            raise Wrong(f"{self.name} is a function.\nExpected its value: call it, and give what it returns.")

    def value(self) -> Any:
        """The answer itself, where a value is asked for; tensors as NumPy arrays."""
        return _taken(self.given)

    def __call__(self, *arguments: Any) -> Any:
        """The function's result for these arguments, tensors as NumPy arrays; `Wrong` if it raises or never ends."""
        shown = ", ".join(f"{name} = {show(value)}" for name, value in zip(self.parameters, arguments, strict=True))
        first: Exception | None = None
        for spoken in self._spoken:
            start = time.monotonic()
            try:
                with _limited(self.left):
                    result = self.given(*[_offered(value, spoken) for value in arguments])
            except TimeUp:
                raise Wrong(
                    f"{self.name} did not end.\nGiven {shown}, it was stopped after {LIMIT:.0f} seconds.",
                    "Is there a loop whose condition never changes, or one over far more than the input?",
                ) from None
            except NotImplementedError:
                raise Blank(f"{self.name} is still blank.") from None
            except Exception as error:  # the reader's own, shown as a sentence
                first = first or error
                continue
            finally:
                self.left -= time.monotonic() - start
            self._spoken = [spoken]  # it is settled in what the answer is written
            taken = _taken(result)
            taken = None if taken is Ellipsis else taken
            self._silent = taken is None and self._silent is not False
            return taken
        raise Raised(self.name, shown, first) from None

    def refuse_silence(self) -> None:
        """Raises `Blank` if the answer was called and never returned anything."""
        if self._silent:
            raise Blank(f"{self.name} returns nothing yet. If you have written it: does it end in a return?")


CALLED = (
    "The function is called with the arguments that the exercise names, in their order. If it asks for several "
    "functions, are yours in the order of the check?"
)
FORM = "What comes back, and in which shape, is said where the exercise says what is checked. Mend that first."


class Raised(Wrong):
    """The answer raised an exception; `error` is it."""

    def __init__(self, name: str, shown: str, error: Exception | None) -> None:
        self.error = error
        lines = [line for line in str(error).splitlines() if line.strip()] or ["no message"]
        arguments = isinstance(error, TypeError) and "positional argument" in str(error)
        super().__init__(f"{name} raised {type(error).__name__}: {lines[0][:200]}\nGiven {shown}.", arguments * CALLED)


def _spoken(function: Any) -> list[str]:
    """In what an answer may be written, the likeliest first: frameworks that it names, NumPy, frameworks imported."""
    function = inspect.unwrap(function) if callable(function) else function
    code, known = getattr(function, "__code__", None), getattr(function, "__globals__", {})
    used = getattr(code, "co_names", ())  # of modules too that it imports itself
    modules = [known[name].__name__ if inspect.ismodule(known.get(name)) else name for name in used]
    named = [f for f in FRAMEWORKS if any(m.split(".")[0] in (f, {"tensorflow": "keras"}.get(f)) for m in modules)]
    for framework in named:
        with contextlib.suppress(ImportError):
            importlib.import_module(framework)  # here, where no clock runs
    named = [framework for framework in named if framework in sys.modules]
    return list(dict.fromkeys([*named, "numpy", *(f for f in FRAMEWORKS if f in sys.modules)]))


def _offered(value: Any, spoken: str) -> Any:
    """An argument as the answer takes it: a copy, so that an answer that writes into it harms no later check."""
    if callable(value):
        return lambda *arguments: _offered(np.asarray(value(*map(_taken, arguments))), spoken)
    if not isinstance(value, np.ndarray):
        return value
    value = value.copy()  # also because PyTorch takes no reversed views
    if spoken == "torch":
        return sys.modules["torch"].tensor(value)
    if spoken == "tensorflow":
        return sys.modules["tensorflow"].constant(value)
    return value


def _taken(value: Any) -> Any:
    """A result with NumPy arrays for tensors."""
    if isinstance(value, tuple | list):
        return type(value)(map(_taken, value)) if type(value) in (tuple, list) else tuple(map(_taken, value))
    if hasattr(value, "detach"):
        value = value.detach().cpu()
    return value.numpy() if hasattr(value, "numpy") and not isinstance(value, np.ndarray) else value


@contextlib.contextmanager
def _limited(seconds: float) -> Iterator[None]:
    """Raises `TimeUp` inside the block after so many seconds. It reaches Python code, on every system and thread."""
    thread, lock, state = threading.get_ident(), threading.Lock(), {"over": False, "thrown": False}

    def throw() -> None:
        with lock:
            if not state["over"]:
                state["thrown"] = True
                ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread), ctypes.py_object(TimeUp))

    timer = threading.Timer(max(seconds, 0.01), throw)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        with lock:
            state["over"] = True
        timer.cancel()
        if state["thrown"]:  # it may still be on its way: let it arrive here, where it is known
            with contextlib.suppress(TimeUp):
                time.sleep(0.01)


def show(value: Any) -> str:
    """A value in one short line."""
    value = value.item() if isinstance(value, np.generic) else value
    if isinstance(value, np.ndarray):
        if value.ndim == 0:
            return f"{value.item():.6g}" if value.dtype.kind == "f" else str(value.item())
        if value.size > 12:
            return f"an array of shape {value.shape} from {value.min():.4g} to {value.max():.4g}"
        text = np.array2string(value, separator=", ", formatter={"float_kind": "{:.4g}".format})
        return " ".join(text.split())
    if isinstance(value, float):
        return f"{value:.6g}"
    if isinstance(value, tuple | list):
        return "(" + ", ".join(map(show, value)) + ")"
    if callable(value):
        return getattr(value, "__doc__", None) or "a function"
    text = repr(value)
    return f"a {type(value).__name__}" if " at 0x" in text else text[:80]


def require(condition: Any, failed: str, hint: str = "") -> None:
    """Raises `Wrong` unless the condition holds."""
    if not condition:
        raise Wrong(failed, hint)


def number(value: Any, what: str) -> float:
    """The value as a finite float, or `Wrong`. `what` says whose it is: "value(0.5)"."""
    array = _numbers(value)
    if array is None or array.shape != () or not np.isfinite(array):
        raise Wrong(f"{what} is {describe(value)}.\nExpected one finite number.")
    return float(array)


def array(value: Any, shape: tuple[int | None, ...], what: str) -> np.ndarray:
    """The value as a finite array of this shape, or `Wrong`; None in the shape stands for any length."""
    found = _numbers(value)
    fits = found is not None and len(found.shape) == len(shape)
    fits = fits and all(want is None or want == have for want, have in zip(shape, found.shape, strict=True))  # type: ignore[union-attr]
    if found is None or not fits:
        wanted = f"({', '.join('n' if n is None else str(n) for n in shape)}{',' if len(shape) == 1 else ''})"
        raise Wrong(f"{what} is {describe(value)}.\nExpected an array of shape {wanted}.")
    if not np.isfinite(found).all():
        raise Wrong(f"{what} holds NaN or infinity.\nExpected finite numbers.")
    return found


def _numbers(value: Any) -> np.ndarray | None:
    """The value as an array of numbers, or None."""
    try:
        found = np.asarray(value)
    except Exception:  # lists of unequal lengths
        return None
    if found.dtype.kind == "c" and np.allclose(found.imag, 0):  # real numbers, as a Fourier transform gives them
        found = found.real
    return found if found.dtype.kind in "fiub" else None


def compare(
    answer: Answer,
    right: Callable[..., Any],
    cases: Sequence[tuple[Any, ...]],
    mistakes: Mistakes = (),
    rtol: float = 1e-4,
    atol: float = 1e-6,
) -> None:
    """Calls the answer on each case and compares it with the right function.

    Args:
        answer: of the reader.
        right: gives the right result: a number, an array, text, a truth value, None, or a tuple of these.
        cases: the arguments, one tuple for each call.
        mistakes: functions like `right` that err in a known way. The hint is of the first that agrees with the answer
            on every case; `...` in a tuple agrees with anything.
        rtol, atol: of numbers, as in `numpy.isclose`.

    Raises:
        Wrong: on the first case where the answer differs.
    """
    results = []
    for case in cases:
        expected = right(*case)
        results.append(answer(*case))
        difference = _difference(results[-1], expected, rtol, atol)
        if difference is None:
            continue
        for other in cases[len(results) :]:  # all of them, so that a mistake is known from more than one
            with contextlib.suppress(Wrong):
                results.append(answer(*other))
        shown = ", ".join(f"{name} = {show(value)}" for name, value in zip(answer.parameters, case, strict=True))
        for wrong, hint in mistakes:
            if len(results) == len(cases) and _agrees(wrong, cases, results, rtol, atol):
                raise Wrong(f"{answer.name}: {difference}\nGiven {shown}.", hint)
        same = _form(results[0]) == _form(right(*cases[0]))
        raise Wrong(f"{answer.name}: {difference}\nGiven {shown}.", "" if same else FORM)


def compare_value(answer: Answer, right: Any, mistakes: Mistakes = (), rtol: float = 1e-4, atol: float = 1e-6) -> None:
    """The same for an answer that is a value: `right` is it, and the mistakes are wrong values."""
    difference = _difference(answer.value(), right, rtol, atol, reveal=False)
    if difference is not None:
        hints = (hint for wrong, hint in mistakes if _difference(answer.value(), wrong, rtol, atol) is None)
        raise Wrong(f"{answer.name}: {difference}", next(hints, ""))


def _form(value: Any) -> Any:
    """The shapes in a result, which say whether it is of the right kind at all."""
    if isinstance(value, tuple | list) and any(isinstance(one, tuple | list | np.ndarray) for one in value):
        return [_form(one) for one in value]
    numbers = _numbers(value)
    return None if numbers is None else numbers.shape


def _agrees(wrong: Callable[..., Any], cases: Sequence[tuple], results: list, rtol: float, atol: float) -> bool:
    for case, result in zip(cases, results, strict=True):
        try:
            with np.errstate(all="ignore"):
                expected = wrong(*case)
        except Exception:  # a mistake need not be able to do every case
            return False
        if _difference(result, expected, rtol, atol, equal_nan=True) is not None:
            return False
    return True


def _difference(
    got: Any, expected: Any, rtol: float, atol: float, equal_nan: bool = False, reveal: bool = True
) -> str | None:
    """Says in words how a result differs from what was expected, or None; `reveal` lets it say what was expected."""
    wanted = f", expected {show(expected)}" if reveal else ""
    if expected is Ellipsis:
        return None
    if isinstance(expected, tuple):
        if isinstance(got, np.ndarray) and got.ndim and len(got) == len(expected):
            got = tuple(got)
        if not isinstance(got, tuple | list) or len(got) != len(expected):
            short = all(np.ndim(one) == 0 for one in expected)
            return f"got {show(got)}{wanted if short else f', expected {len(expected)} things'}"
        for k, (one, other) in enumerate(zip(got, expected, strict=True), 1):
            difference = _difference(one, other, rtol, atol, equal_nan, reveal)
            if difference:
                return f"of the {len(expected)} results, number {k}: {difference}"
        return None
    if expected is None or isinstance(expected, str | bool | np.bool_):
        kinds = str if isinstance(expected, str) else bool | np.bool_ | int | np.integer  # 1 says True as well
        same = got is None if expected is None else isinstance(got, kinds) and got == expected
        return None if same else f"got {show(got)}{wanted}"
    if got is None:
        return f"got None{wanted}"
    array, right = _numbers(got), np.asarray(expected)
    if array is None:
        return f"got {describe(got)}, expected {'an array of numbers' if right.ndim else 'a number'}"
    if array.shape != right.shape:
        wanted = f"shape {right.shape}" if right.ndim else "one number"
        return f"got {describe(got) if array.ndim else 'one number'}, expected {wanted}"
    if not equal_nan and np.isfinite(right).all() and not np.isfinite(array).all():
        return f"got {'NaN' if np.isnan(array).any() else 'infinity'}{wanted}"
    close = np.isclose(array.astype(float), right.astype(float), rtol, atol, equal_nan)
    if close.all():
        return None
    if right.ndim == 0:
        return f"got {show(array)}{wanted}"
    place = tuple(int(k) for k in np.argwhere(~close)[0])
    where = f"{int((~close).sum())} of {close.size} numbers differ, the first at {list(place)}"
    detail = f": got {show(array[place])}, expected {show(right[place])}" if reveal else ""
    return where + detail
