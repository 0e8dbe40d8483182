"""One setting holds the repository's address; the first cells and links agree with it, and a fork's replaces it."""

import builtins
import importlib.util
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("jupytext")
inputtransformer2 = pytest.importorskip("IPython.core.inputtransformer2")

ROOT = Path(__file__).resolve().parent.parent


def script(name):
    spec = importlib.util.spec_from_file_location(name, ROOT / "scripts" / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


address, notebooks = script("address"), script("notebooks")
HERE = address.address()
FORK = "https://github.com/some-body/gans.2"


def first_cell(chapter):
    return notebooks.code_cells(notebooks.read_text(chapter))[0].source


def test_all_chapters_begin_with_the_same_cell():
    assert len({first_cell(chapter) for chapter in notebooks.chapters()}) == 1


def test_every_address_is_the_one_of_the_setting():
    """What is installed from, and every address of a repository of this name, whoever's; others are just links."""
    name = re.escape(HERE.rpartition("/")[2])
    places = (r"github\.com/[\w-]+", r"colab\.research\.google\.com/github/[\w-]+", r"[\w-]+\.github\.io")
    copies = re.compile(rf"git\+(https://[^\s\\\"]+)|(https://(?:{'|'.join(places)})/{name}(?![\w-]))")
    found = set()
    for path in address.files():
        for copy in copies.finditer(path.read_text(encoding="utf-8")):
            where = copy[1] or copy[2]
            assert where in address.forms(HERE), f"{path.name}: {where}. scripts/address.py changes them all."
            found.add(where)
    assert found == set(address.forms(HERE))


@pytest.mark.parametrize("missing", [True, False])
def test_the_first_cell_installs_ganlib_and_nothing_else_and_only_where_it_is_missing(missing, capsys):
    """Run as IPython would, with a pip that only says what it was asked for."""
    asked = []

    class Shell:
        def run_line_magic(self, name, line, **kwargs):
            asked.append(f"{name} {line}")

    def import_(name, *args, **kwargs):
        if name == "ganlib" and missing and not asked:
            raise ModuleNotFoundError("No module named 'ganlib'")
        return builtins.__import__(name, *args, **kwargs)

    program = inputtransformer2.TransformerManager().transform_cell(first_cell(notebooks.chapters()[0]))
    plt = pytest.importorskip("matplotlib")
    with plt.rc_context():
        exec(program, {"get_ipython": Shell, "__builtins__": {**vars(builtins), "__import__": import_}})
    assert asked == ([f"pip install -q git+{HERE}"] if missing else [])
    assert re.fullmatch(r"The networks of this chapter run in (torch|tensorflow) on the .+\n", capsys.readouterr().out)


@pytest.fixture
def copy(tmp_path):
    """The files that hold the address, in a folder of their own."""
    for path in address.files():
        target = tmp_path / path.relative_to(ROOT)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, target)
    return tmp_path


def test_a_fork_gets_its_own_address_everywhere(copy):
    changed = address.stamp(FORK, copy)
    assert {copy / name for name in ("_config.yml", "README.md", "pyproject.toml", "CITATION.cff")} < set(changed)
    assert sum(path.suffix == ".md" and path.parent.name == "text" for path in changed) == len(notebooks.chapters())
    assert address.address(copy) == FORK
    for form in address.forms(HERE):
        assert not any(form in path.read_text(encoding="utf-8") for path in address.files(copy))
    address.stamp(HERE, copy)
    for path in address.files():
        assert (copy / path.relative_to(ROOT)).read_bytes() == path.read_bytes(), "there and back again"


def test_a_fork_s_outputs_stay_valid(copy, monkeypatch):
    before = {chapter: notebooks.read_text(chapter) for chapter in notebooks.chapters()}
    address.stamp(FORK, copy)
    monkeypatch.setattr(notebooks, "BOOK", copy / "book")
    for chapter, notebook in before.items():
        after = notebooks.read_text(chapter)
        assert f"git+{FORK}\n" in notebooks.code_cells(after)[0].source
        assert notebooks.code_hash(after) == notebooks.code_hash(notebook)
        assert [cell.id for cell in after.cells] == [cell.id for cell in notebook.cells]


def test_the_forms_of_an_address():
    assert address.forms(FORK)[1:] == [
        "https://colab.research.google.com/github/some-body/gans.2",
        "https://some-body.github.io/gans.2",
    ]


def test_a_longer_name_is_another_address(tmp_path):
    (tmp_path / "_config.yml").write_text(f"repository:\n  branch: main\n  url: {HERE}\n", encoding="utf-8")
    (tmp_path / "README.md").write_text(f"{HERE}, {HERE}/issues, {HERE}-data", encoding="utf-8")
    address.stamp(FORK, tmp_path)
    assert (tmp_path / "README.md").read_text(encoding="utf-8") == f"{FORK}, {FORK}/issues, {HERE}-data"


@pytest.mark.parametrize("bad", ["", "ganlib", "https://gitlab.com/a/b", f"{HERE}/", f"{HERE}\nx", HERE[:19] + "a"])
def test_what_is_no_address_is_refused_and_changes_nothing(bad, copy):
    with pytest.raises(ValueError, match="expected https://github"):
        address.stamp(bad, copy)
    assert address.address(copy) == HERE


def test_the_command_says_the_address():
    command = [sys.executable, str(ROOT / "scripts" / "address.py")]
    said = subprocess.run(command, capture_output=True, text=True, check=True)
    assert said.stdout == HERE + "\n"
    refused = subprocess.run([*command, "nonsense"], capture_output=True, text=True)
    assert refused.returncode == 2
    assert "expected https://github.com/OWNER/NAME" in refused.stderr
