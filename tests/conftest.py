"""Shared by all tests. They run for every installed framework; GANLIB_BACKEND=torch keeps to one."""

import importlib.util
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

# One thread each, so that tests can run side by side; read by the frameworks when they are imported.
os.environ["OMP_NUM_THREADS"] = "1"
os.environ["TF_NUM_INTRAOP_THREADS"] = "1"
os.environ["TF_NUM_INTEROP_THREADS"] = "1"
os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
os.environ["TF_ENABLE_ONEDNN_OPTS"] = "0"
os.environ.setdefault("MPLBACKEND", "agg")
# What the person has solved, who runs the tests, is left alone.
os.environ["GANLIB_EXERCISES"] = tempfile.mkdtemp(prefix="ganlib-exercises-")

import numpy as np
import pytest

import ganlib

if importlib.util.find_spec("hypothesis"):  # not in the environments with one framework alone
    from hypothesis import HealthCheck, settings

    # The same examples each time, on a machine as busy as it may be. A test says how many it wants and nothing else.
    quiet = [HealthCheck.function_scoped_fixture]
    settings.register_profile("ganlib", deadline=None, derandomize=True, suppress_health_check=quiet)
    settings.load_profile("ganlib")

ROOT = Path(__file__).resolve().parent.parent
SLOW = 180_000  # milliseconds that a page may take for anything, on a machine as busy as it may be
BACKENDS = [
    name for name in ganlib.available() if os.environ.get("GANLIB_BACKEND", name) == name
]  # fmt: skip
# For what does not depend on the framework: it runs in one of them, and in the other only in `make thorough`.
ONE_OF_THEM = [*BACKENDS[:1], *(pytest.param(name, marks=pytest.mark.thorough) for name in BACKENDS[1:])]


@pytest.fixture(params=BACKENDS)
def gl(request):
    """One framework's package, each in turn."""
    return ganlib.backend(request.param)


@pytest.fixture
def both():
    """Both frameworks' packages, for the tests that hold them against each other."""
    if len(BACKENDS) < 2:
        pytest.skip("needs PyTorch and TensorFlow both")
    return [ganlib.backend(name) for name in BACKENDS]


@pytest.fixture(scope="session")
def site(tmp_path_factory):
    """The folder of the built book. Whoever uses it stands in the xdist group "book": one worker builds it, once."""
    folder = tmp_path_factory.mktemp("book")
    program = Path(sys.executable).with_name("jupyter-book")
    command = [program, "build", str(ROOT), "--path-output", str(folder)]
    result = subprocess.run([*command, "-W", "--keep-going", "-n", "-q"], capture_output=True, text=True, timeout=300)
    assert result.returncode == 0, result.stdout[-3000:] + result.stderr[-3000:]
    return folder / "_build" / "html"


@pytest.fixture(scope="module")  # not longer: while it runs, nothing else in the process can use asyncio
def browser():
    """A headless Chromium. Without one the test is skipped, or fails where GANLIB_REQUIRE_BROWSER is set."""
    missing = pytest.fail if os.environ.get("GANLIB_REQUIRE_BROWSER") else pytest.skip
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        missing("needs playwright: pip install -r requirements.txt")
    names = ("chromium", "chromium-browser", "google-chrome")
    program = next(filter(None, map(shutil.which, names)), None)
    if program is None:
        missing(f"needs a browser: none of {', '.join(names)} is installed")
    with sync_playwright() as running:
        browser = running.chromium.launch(executable_path=program, args=["--no-sandbox", "--disable-gpu"])
        make = browser.new_context

        def patient(**options):
            context = make(**options)
            context.set_default_timeout(SLOW)
            return context

        browser.new_context = patient
        yield browser
        browser.close()


@pytest.fixture
def show(browser, tmp_path):
    """A function that opens figures on one page. At the end: no error in the console, no request of another."""
    contexts, problems = [], []

    def open_page(*figures, width=900, **options):
        path = tmp_path / "page.html"
        head = (
            '<!DOCTYPE html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
        )
        path.write_text(head + "<p>Before.</p>" + "".join(f.html for f in figures) + "<p>After.</p>", encoding="utf-8")
        contexts.append(browser.new_context(viewport={"width": width, "height": 900}, **options))
        page = contexts[-1].new_page()
        page.on("console", lambda message: problems.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: problems.append(str(error)))
        page.on(
            "request", lambda r: None if r.url.startswith(("data:", "blob:", path.as_uri())) else problems.append(r.url)
        )
        page.goto(path.as_uri())
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert not problems


class Native:
    """Between NumPy with channels last and a framework's own tensors."""

    @staticmethod
    def tensor(gl, array, dtype="float64"):
        if gl.name == "torch":
            import torch

            tensor = torch.as_tensor(np.asarray(array, dtype))
            return tensor.permute(0, 3, 1, 2) if tensor.ndim == 4 else tensor
        import tensorflow as tf

        return tf.constant(np.asarray(array, dtype))

    @staticmethod
    def numpy(tensor):
        if hasattr(tensor, "detach"):
            tensor = tensor.detach()
            return (tensor.permute(0, 2, 3, 1) if tensor.ndim == 4 else tensor).numpy()
        return tensor.numpy()

    @staticmethod
    def forward(gl, model, array, training=False, given=None):
        """model(array) as NumPy, in the model's own precision; told what is given, where something is."""
        dtype = str(next(model.parameters()).dtype if gl.name == "torch" else model.variable_dtype)
        dtype = dtype.removeprefix("torch.")
        kinds = {name: "int64" if values.ndim == 1 else dtype for name, values in (given or {}).items()}
        told = {"given": {name: Native.tensor(gl, given[name], kind) for name, kind in kinds.items()}} if given else {}
        if gl.name == "torch":
            model.train(training)
            return Native.numpy(model(Native.tensor(gl, array, dtype), **told))
        return Native.numpy(model(Native.tensor(gl, array, dtype), **told, training=training))

    @staticmethod
    def gradients(gl, function, *arrays):
        """The value of function(*tensors) and its gradients, as NumPy; zeros where it does not depend."""
        tensors = [Native.tensor(gl, array) for array in arrays]
        if gl.name == "torch":
            import torch

            tensors = [tensor.requires_grad_() for tensor in tensors]
            value = function(*tensors)
            gradients = torch.autograd.grad(value, tensors, allow_unused=True)
        else:
            import tensorflow as tf

            with tf.GradientTape() as tape:
                for tensor in tensors:
                    tape.watch(tensor)
                value = function(*tensors)
            gradients = tape.gradient(value, tensors)
        filled = [np.zeros_like(a) if g is None else Native.numpy(g) for a, g in zip(arrays, gradients, strict=True)]
        return float(Native.numpy(value)), filled


@pytest.fixture
def native():
    return Native


def conditions(recipe, n):
    """What networks of a recipe are given of n samples: labels in turn, or always the same images; or nothing, {}."""
    from ganlib import architectures

    rng = np.random.default_rng(11)
    shapes = architectures.conditions(recipe)
    return {k: np.tanh(rng.normal(size=(n, *s))) if s else np.arange(n) % recipe.classes for k, s in shapes.items()}


@pytest.fixture
def images():
    """A function that gives n images of a recipe's shape, in [-1, 1], always the same, with labels if it has some."""

    def make(recipe, n=64, dtype="float32"):
        values = np.random.default_rng(7).normal(size=(n, *recipe.shape))
        values = (np.tanh(values) if len(recipe.shape) == 3 else values).astype(dtype)
        if not recipe.classes:
            return values
        kind = "images" if len(recipe.shape) == 3 else "points"
        return ganlib.data.Data("random", **{kind: values}, labels=np.arange(n) % recipe.classes)

    return make
