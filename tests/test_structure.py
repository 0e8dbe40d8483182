"""The package's own house rules: who may import whom, how long a file may be, and where the lesson stands."""

import ast
from pathlib import Path

import pytest

import ganlib

ROOT = Path(ganlib.__file__).parent
FILES = {".".join(["ganlib", *path.relative_to(ROOT).with_suffix("").parts]): path for path in ROOT.rglob("*.py")}
FILES = {name.removesuffix(".__init__"): path for name, path in FILES.items()}
BELOW = (
    "recipe",
    "layers",
    "plain_layers",
    "sizes",
    "architectures",
    "initialise",
    "reference",
    "fourier",
    "arguments",
    "errors",
)


def imported(name):
    """The modules of ganlib that a module imports, at its head or in a function, but for what only types need."""
    tree, found = ast.parse(FILES[name].read_text(encoding="utf-8")), set()
    typing = {
        id(inner)
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"
        for inner in ast.walk(node)
    }
    for node in ast.walk(tree):
        if id(node) in typing:
            continue
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {f"{node.module}.{alias.name}" if f"{node.module}.{alias.name}" in FILES else node.module
                      for alias in node.names}  # fmt: skip
    return {module for module in found if module in FILES} - {"ganlib", name}


def room(name):
    return [*name.split("."), "ganlib"][1]


def test_no_circle():
    graph, state, trail = {name: imported(name) for name in FILES}, {}, []

    def visit(name):
        if state.get(name) == "open":
            pytest.fail(f"an import circle: {' → '.join([*trail[trail.index(name) :], name])}")
        if name not in state:
            state[name] = "open"
            trail.append(name)
            for module in sorted(graph[name]):
                visit(module)
            trail.pop()
            state[name] = "done"

    for name in sorted(graph):
        visit(name)


def test_nobody_inside_goes_through_the_face():
    for name, path in FILES.items():
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and node.module == "ganlib":
                for alias in node.names:
                    assert f"ganlib.{alias.name}" in FILES or alias.name in (*ganlib.__all__, "__version__"), (
                        f"{name}: {alias.name}"
                    )


def test_imports_go_one_way():
    for name in FILES:
        rooms = {room(module) for module in imported(name)} - {room(name)}
        if room(name) in BELOW:
            assert not rooms & {"torch", "tensorflow", "runtime", "teaching"}, name
        elif room(name) in ("runtime", "data", "metrics", "features") or room(name) in ("torch", "tensorflow"):
            assert not rooms & {"torch", "tensorflow", "teaching"}, name


@pytest.mark.parametrize("framework", ["torch", "tensorflow"])
def test_the_lesson_is_a_page(framework):
    """A step needs the losses' and the optimisers' types, and nothing of devices, tracing, workers or precision."""
    path = ROOT / framework / "step.py"
    text = path.read_text(encoding="utf-8")
    assert len(text.splitlines()) <= 150
    assert imported(f"ganlib.{framework}.step") == {f"ganlib.{framework}.{name}" for name in ("game", "terms")}
    game = {f"ganlib.{framework}.{name}" for name in ("losses", "optimisers", "terms")}
    assert imported(f"ganlib.{framework}.game") == game
    for word in ("device", "tf.function", "compile", "worker", "precision", "float32", "bfloat16", "autocast"):
        assert word not in text, word
    assert f"ganlib.{framework}.trainer" not in imported(f"ganlib.{framework}.updates")


def test_no_file_is_long():
    long = {name: len(path.read_text(encoding="utf-8").splitlines()) for name, path in FILES.items()}
    assert {name: lines for name, lines in long.items() if lines > 400} == {}


def test_each_folder_says_what_lives_there_and_what_does_not():
    for path in ROOT.rglob("__init__.py"):
        head = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
        assert len(head) > 60, path.relative_to(ROOT)


def test_what_watches_a_trainer_uses_nothing_private():
    watchers = [name for name in FILES if room(name) == "teaching" or name in (
        *("ganlib.runtime.monitor", "ganlib.runtime.failure", "ganlib.runtime.callbacks", "ganlib.runtime.checkpoint"),
        *("ganlib.runtime.report", "ganlib.runtime.run"),
    )]  # fmt: skip
    for name in watchers:
        for node in ast.walk(ast.parse(FILES[name].read_text(encoding="utf-8"))):
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "trainer":
                assert not node.attr.startswith("_"), f"{name}: trainer.{node.attr}"
