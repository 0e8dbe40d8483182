"""The package where only one framework is installed.

`make one-framework` runs all of this in real environments; tests/test_without.py runs what takes little time where the
other framework is hidden.
"""

import ast
import json
import re
from pathlib import Path

import pytest

import ganlib

ROOT = Path(__file__).resolve().parent.parent
INSTALLED = ganlib.available()

pytestmark = pytest.mark.skipif(len(INSTALLED) != 1, reason="needs one framework: tests/without.py hides one")


@pytest.fixture
def few_steps(monkeypatch):
    """A training takes 20 steps, or as many as are asked for here: the path is tested, not the pictures."""
    trainer = ganlib.backend().Trainer
    original = trainer.fit

    def limit(most, named=20):
        """`named`: the limit where a chapter itself says how many steps."""

        def fit(self, data, steps=None, **others):
            left = self.recipe.steps - self.steps_done
            return original(self, data, min(most, left) if steps is None else min(named, steps), **others)

        monkeypatch.setattr(trainer, "fit", fit)

    limit(20)
    return limit


def test_the_installed_one_is_taken_without_asking(monkeypatch):
    monkeypatch.delenv("GANLIB_BACKEND", raising=False)
    assert ganlib.backend().name == INSTALLED[0]


def test_the_missing_one_says_how_to_install_it(monkeypatch):
    (missing,) = {"torch", "tensorflow"} - set(INSTALLED)
    with pytest.raises(ganlib.errors.MissingBackend, match=re.escape(f'pip install "ganlib[{missing}]"')) as error:
        ganlib.backend(missing)
    assert INSTALLED[0] in str(error.value)
    monkeypatch.setenv("GANLIB_BACKEND", missing)
    with pytest.raises(ganlib.errors.MissingBackend, match="pip install"):
        ganlib.backend()


def test_everything_else_works(few_steps, tmp_path):
    gl = ganlib.backend()
    for name in ("ring", "dcgan-digits"):
        recipe = ganlib.recipe(name)
        data = ganlib.data.load(recipe)
        trainer = gl.Trainer(recipe)
        history = trainer.fit(data, progress=False)
        assert len(history["d_loss"]) == 20
        trainer.save(tmp_path / name)
        again = gl.Trainer.load(tmp_path / name)
        assert (again.sample(4, seed=1) == trainer.sample(4, seed=1)).all()


every_chapter = pytest.mark.parametrize("path", sorted((ROOT / "book").glob("*.ipynb")), ids=lambda path: path.stem)


def code_cells(path):
    """The cells with code, with their sources as Python: without %pip."""
    cells = [cell for cell in json.loads(path.read_text(encoding="utf-8"))["cells"] if cell["cell_type"] == "code"]
    for cell in cells:
        cell["source"] = re.sub(r"^( *)%.*", r"\1pass", "".join(cell["source"]), flags=re.MULTILINE)
    return cells


@every_chapter
def test_a_missing_frameworks_own_cells_say_so_and_do_nothing(path, monkeypatch, capsys):
    """They run right after the first cell and the imports: they want nothing that the cells between would make."""
    pytest.importorskip("matplotlib.pyplot").switch_backend("Agg")
    monkeypatch.delenv("GANLIB_BACKEND", raising=False)
    (missing,) = {"torch", "tensorflow"} - set(INSTALLED)
    cells = code_cells(path)
    own = [cell for cell in cells if f"tab-{missing}" in cell["metadata"].get("tags", [])]
    namespace: dict = {}
    exec(cells[0]["source"], namespace)
    for cell in cells:
        if not any(tag.startswith("tab-") for tag in cell["metadata"].get("tags", [])):
            imports = [node for node in ast.parse(cell["source"]).body if isinstance(node, ast.Import | ast.ImportFrom)]
            exec("\n".join(map(ast.unparse, imports)), namespace)
    capsys.readouterr()
    for cell in own:
        exec(cell["source"], namespace)
    said = ["Skipped" in cell["source"] for cell in own]  # not again where only functions are defined
    assert len(re.findall(r"Skipped: \w+ is not installed", capsys.readouterr().out)) == sum(said)


@pytest.mark.thorough
@every_chapter
def test_chapters_run_and_skip_what_is_missing(path, few_steps, monkeypatch, capsys):
    pyplot = pytest.importorskip("matplotlib.pyplot")
    pyplot.switch_backend("Agg")
    monkeypatch.delenv("GANLIB_BACKEND", raising=False)
    monkeypatch.setenv("GANLIB_PROGRESS", "0")
    if path.stem == "dcgan":
        few_steps(300, named=50)  # it averages the latents of each digit, so all ten have to be drawn
    if path.stem == "roads":
        few_steps(1000)  # its cells hold what the page says against what they measure
    if path.stem in ("deconvolution", "judging", "stability"):
        few_steps(20, named=1000)  # they look at steps on the way
    cells = code_cells(path)
    namespace: dict = {}
    with pyplot.rc_context():
        for cell in cells:
            exec(cell["source"], namespace)
            pyplot.close("all")  # as a notebook does
    printed = capsys.readouterr().out
    tabs = [cell for cell in cells if "tab-torch" in cell["metadata"].get("tags", [])]
    said = ["Skipped" in cell["source"] for cell in tabs]
    assert len(re.findall(r"Skipped: \w+ is not installed", printed)) == sum(said)
