"""What importing costs, and what happens where a framework is missing."""

import os
import subprocess
import sys

import pytest

import ganlib
from ganlib.errors import MissingBackend


def run(code, **environment):
    return subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        env={**os.environ, **environment},
        check=True,
    ).stdout


def test_importing_ganlib_loads_neither_framework():
    loaded = run("import ganlib, ganlib.data, ganlib.metrics, ganlib.reference, sys; print(*sys.modules)").split()
    assert {"torch", "tensorflow", "keras"}.isdisjoint(loaded)


def test_importing_ganlib_loads_nothing_that_takes_time():
    loaded = run("import ganlib, sys; print(*sys.modules)").split()
    assert {"numpy", "scipy", "sklearn", "matplotlib", "PIL", "tqdm"}.isdisjoint(loaded)


@pytest.mark.parametrize("name", ganlib.available())
def test_the_environment_variable_chooses(name):
    assert run("import ganlib; print(ganlib.backend().name)", GANLIB_BACKEND=name).split()[-1] == name


def test_an_unknown_framework_is_refused_by_name():
    with pytest.raises(ValueError, match="torch, tensorflow"):
        ganlib.backend("jax")


def test_a_missing_framework_says_how_to_install_it(monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(MissingBackend, match=r'pip install "ganlib\[tensorflow\]"'):
        ganlib.backend("tensorflow")
    monkeypatch.delenv("GANLIB_BACKEND", raising=False)
    with pytest.raises(MissingBackend, match="Neither"):
        ganlib.backend()


@pytest.mark.parametrize("tensorflow_first", [True, False])
def test_triton_never_follows_tensorflow(tensorflow_first, monkeypatch):
    """PyTorch's CUDA builds would import it later, and crash the process."""
    imported = []
    monkeypatch.setattr("importlib.util.find_spec", lambda name: name)
    monkeypatch.setattr("importlib.import_module", imported.append)
    monkeypatch.delitem(sys.modules, "triton", raising=False)
    if tensorflow_first:
        monkeypatch.setitem(sys.modules, "tensorflow", object())
    else:
        monkeypatch.delitem(sys.modules, "tensorflow", raising=False)
    ganlib.backend("torch")
    assert imported == (["ganlib.torch"] if tensorflow_first else ["triton", "ganlib.torch"])
    assert ("triton" in sys.modules and sys.modules["triton"] is None) == tensorflow_first
    sys.modules.pop("triton", None)


def test_unknown_names_are_attribute_errors():
    with pytest.raises(AttributeError, match="generator"):
        ganlib.generator  # noqa: B018
