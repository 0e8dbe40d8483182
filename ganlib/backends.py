"""Choosing a framework. Neither is imported before it is asked for."""

import importlib
import importlib.util
import os
import sys
from types import ModuleType

from ganlib.errors import MissingBackend

TITLES = {"torch": "PyTorch", "tensorflow": "TensorFlow"}  # how people call them
BACKENDS = tuple(TITLES)


def available() -> tuple[str, ...]:
    """The frameworks that are installed here, for example `("torch", "tensorflow")`."""
    return tuple(name for name in BACKENDS if importlib.util.find_spec(name) is not None)


def backend(name: str | None = None) -> ModuleType:
    """The package of one framework, "torch" or "tensorflow": `ganlib.torch` or `ganlib.tensorflow`.

    None takes the environment variable GANLIB_BACKEND, else the first that is installed. A ValueError for any other
    name, MissingBackend where the framework is not installed.
    """
    source = "the argument"
    if name is None and os.environ.get("GANLIB_BACKEND"):
        name, source = os.environ["GANLIB_BACKEND"], "the environment variable GANLIB_BACKEND"
    installed = available()
    if name is None and not installed:
        raise MissingBackend(
            "Neither PyTorch nor TensorFlow is installed, and ganlib trains with one of them. "
            'Install one: pip install "ganlib[torch]" or pip install "ganlib[tensorflow]".'
        )
    name = installed[0] if name is None else name
    if name not in BACKENDS:
        raise ValueError(f"{source} names the framework {name!r}; expected one of {', '.join(BACKENDS)}.")
    if name not in installed:
        instead = f' Or use what is installed: ganlib.backend("{installed[0]}").' if installed else ""
        raise MissingBackend(f'{name} is not installed. Install it: pip install "ganlib[{name}]".{instead}')
    _let_both_live_in_one_process()
    return importlib.import_module(f"ganlib.{name}")


def _let_both_live_in_one_process() -> None:
    """Two things that would stop a notebook in which both frameworks are used."""
    # TensorFlow would take all of a GPU's memory at its first operation. Read when it is first imported.
    os.environ.setdefault("TF_FORCE_GPU_ALLOW_GROWTH", "true")
    # PyTorch's CUDA builds import triton with the first optimiser, and that crashes the process if TensorFlow 2.20 or
    # later is already there (tensorflow/tensorflow#124205). So triton comes first, or not at all.
    if "tensorflow" in sys.modules:
        sys.modules.setdefault("triton", None)  # type: ignore[arg-type]
    elif importlib.util.find_spec("triton") is not None:
        importlib.import_module("triton")
