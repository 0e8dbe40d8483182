"""The two packages are each other's mirror: the same files, names, signatures and first lines of documentation."""

import importlib
import inspect
from pathlib import Path

import pytest

import ganlib

HERE = Path(ganlib.__file__).parent
FILES = sorted(path.stem for path in (HERE / "torch").glob("*.py"))


def public(module):
    """Name → object of what a module defines itself."""
    names = getattr(module, "__all__", None) or [
        name
        for name, value in vars(module).items()
        if not name.startswith("_")
        and getattr(value, "__module__", module.__name__) == module.__name__
        and (inspect.isclass(value) or inspect.isfunction(value))
    ]
    return {name: getattr(module, name) for name in names}


def parameters(function):
    """Names, kinds and defaults; a default that is a function goes by its name."""
    given = inspect.signature(function).parameters.values()
    return [(p.name, p.kind, getattr(p.default, "__qualname__", p.default)) for p in given]


def methods(kind):
    """The public names of a class and of ganlib's classes that it is made of."""
    own = [vars(base) for base in kind.__mro__ if base.__module__.startswith("ganlib")]
    return {name for names in own for name in names if not name.startswith("_")}


def first_line(thing):
    """Up to the first colon, behind which a framework may say how it does it, and in channels-last words."""
    line = (inspect.getdoc(thing) or "").partition("\n")[0].partition(":")[0]
    return line.replace("(n, channels, height, width)", "(n, height, width, channels)")


def test_the_same_files():
    assert sorted(path.stem for path in (HERE / "tensorflow").glob("*.py")) == FILES


# Where the frameworks' own layers differ, the mirrored classes take what their framework needs.
NATIVE = {
    "Network",
    "Dense",
    "Conv",
    "ConvTranspose",
    "DepthToSpace",
    "BatchNorm",
    "LeakyReLU",
    "Sigmoid",
    "Dropout",
    "Octaves",
    "Reshape",
    "Flatten",
    "Chain",
    "Residual",
    "Skip",
    "Join",
    "Project",
    "OneHot",
}
# PyTorch's layouts differ from the neutral ones, Keras's do not; and each framework is slow at convolutions of its own.
ONE_SIDED = {"to_neutral", "from_neutral", "conv2d", "conv_transpose2d", "wide", "as_matrix", "conv2d_transpose"}
ONE_SIDED |= {"run", "plain_layers"}  # Keras has to be told with each call that a network is trained


@pytest.mark.parametrize("file", FILES)
def test_the_same_names_signatures_and_documentation(both, file):
    del both
    name = "" if file == "__init__" else f".{file}"
    torch, tensorflow = (importlib.import_module(f"ganlib.{b}{name}") for b in ganlib.backends.BACKENDS)
    left, right = public(torch), public(tensorflow)
    assert left.keys() - NATIVE - ONE_SIDED == right.keys() - NATIVE - ONE_SIDED
    for key in left.keys() - NATIVE - ONE_SIDED:
        if not callable(left[key]):
            continue
        assert parameters(left[key]) == parameters(right[key]), key
        assert first_line(left[key]) == first_line(right[key]), key
        if inspect.isclass(left[key]):
            # The method that Keras calls `call` is PyTorch's `forward`.
            names = methods(left[key]) - {"forward"}
            assert names == methods(right[key]) - {"call"}, key
            for method in names:
                if callable(getattr(left[key], method)):
                    assert parameters(getattr(left[key], method)) == parameters(getattr(right[key], method))
                    assert first_line(getattr(left[key], method)) == first_line(getattr(right[key], method))


@pytest.mark.parametrize("file", FILES)
def test_every_public_thing_is_documented(gl, file):
    module = importlib.import_module(f"ganlib.{gl.name}" + ("" if file == "__init__" else f".{file}"))
    assert module.__doc__
    for name, thing in public(module).items():
        if inspect.isclass(thing) or inspect.isfunction(thing):
            assert inspect.getdoc(thing), name
