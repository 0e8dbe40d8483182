"""Each chapter's text, notebook and stored outputs belong together, and read right everywhere."""

import ast
import base64
import io
import json
import re
import subprocess
import sys
from pathlib import Path

import nbformat
import numpy as np
import pytest
import yaml

import ganlib

pytestmark = pytest.mark.long

jupytext = pytest.importorskip("jupytext")
plt = pytest.importorskip("matplotlib.pyplot")
Image = pytest.importorskip("PIL.Image")
import notebooks  # noqa: E402 (it needs jupytext)

ROOT = Path(__file__).resolve().parent.parent

CHAPTERS = notebooks.chapters()
every_chapter = pytest.mark.parametrize("chapter", CHAPTERS)
# Chapters whose cells have not been put in order for a reader yet.
UNREVISED = set()
every_chapter_with_exercises = pytest.mark.parametrize("chapter", sorted(set(CHAPTERS) - {"sources"}))  # an appendix
every_revised_chapter = pytest.mark.parametrize("chapter", sorted(set(CHAPTERS) - UNREVISED))

# What a stored output may not show: folders of a machine, and hosts from which packages come.
MACHINE = re.compile(
    r"(?<![\w.:/])/(?:home|root|tmp|work|usr|opt|Users|private|var|content)/\w|[A-Z]:\\\\?\w"
    r"|\b(?:pypi|pythonhosted|npmjs)\.org|\bdownload\.pytorch\."  # where packages come from here
    r"|\bat 0x[0-9a-f]{6}"  # an object's place in memory
)
MYST_ONLY = re.compile(
    r"^ {0,3}(?::{3,}|`{3,}|~{3,})\{[^}]*\}"  # a directive
    r"|\{[a-z][\w:-]*\}`"  # a role
    r"|^\([\w-]+\)=\s*$"  # a target
    r"|\{\{.*?\}\}"  # a substitution
    r"|^ {0,3}%\s",  # a comment
    re.MULTILINE,
)
CODE = re.compile(r"^```.*?^```|`[^`\n]+`|\$\$.*?\$\$|\$[^$\n]+\$", re.DOTALL | re.MULTILINE)
CALLOUT = re.compile(r"^> \*\*(\w+)", re.MULTILINE)
LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")
SOLUTION = re.compile(r"<details>.*?</details>", re.DOTALL)


def outputs_of(chapter):
    """All stored outputs of a chapter, of both frameworks, each with its cell."""
    cells = notebooks.code_cells(notebooks.read_notebook(chapter))
    second = notebooks.read_outputs(chapter)["outputs"]
    for cell, others in zip(cells, second, strict=True):
        for output in [*cell.outputs, *others]:
            yield cell, output


def prose_of(chapter):
    return [cell.source for cell in notebooks.read_text(chapter).cells if cell.cell_type == "markdown"]


def text_of(output):
    """What an output says in words: its text, or the text parts of its data."""
    if "text" in output:
        return "".join(output["text"])
    data = output.get("data", {})
    return "\n".join("".join(data[kind]) for kind in sorted(data) if kind.startswith("text/"))


def test_every_chapter_stands_in_the_table_of_contents():
    toc = yaml.safe_load((ROOT / "_toc.yml").read_text())
    entries = [entry for part in toc["parts"] for entry in part["chapters"]]
    entries += [section for entry in entries for section in entry.get("sections", ())]
    listed = {Path(entry["file"]).stem for entry in entries}
    assert set(CHAPTERS) <= listed
    assert {path.stem for path in (ROOT / "book").glob("*.ipynb")} == set(CHAPTERS)


@every_chapter
def test_text_and_notebook_agree(chapter):
    text, notebook = notebooks.read_text(chapter), notebooks.read_notebook(chapter)
    assert notebooks.content(text) == notebooks.content(notebook), (
        f"book/text/{chapter}.md and book/{chapter}.ipynb differ; CONTRIBUTING.md says what to run"
    )


@every_chapter
def test_code_and_stored_outputs_belong_together(chapter):
    notebook, second = notebooks.read_notebook(chapter), notebooks.read_outputs(chapter)
    records = [notebook.metadata["ganlib"], second["ganlib"]]
    assert [record["backend"] for record in records] == list(notebooks.BACKENDS)
    for record in records:
        assert record["code"] == notebooks.code_hash(notebook), "the code changed after its run"
        assert set(notebooks.RECORDED) <= set(record["versions"])
    assert len(second["outputs"]) == len(notebooks.code_cells(notebook))
    assert all(cell.execution_count for cell in notebooks.code_cells(notebook))


def test_the_hash_follows_the_code_and_not_the_prose():
    first, second = notebooks.read_text(CHAPTERS[0]), notebooks.read_text(CHAPTERS[0])
    next(cell for cell in second.cells if cell.cell_type == "markdown").source += " More."
    assert notebooks.code_hash(first) == notebooks.code_hash(second)
    notebooks.code_cells(second)[1].source += "\nx = 1"
    assert notebooks.code_hash(first) != notebooks.code_hash(second)


@every_chapter
def test_a_chapter_runs_in_two_minutes(chapter):
    for record in (
        notebooks.read_notebook(chapter).metadata["ganlib"],
        notebooks.read_outputs(chapter)["ganlib"],
    ):
        assert 0 < record["seconds"] <= 120, record


@every_chapter
def test_stored_outputs_are_clean(chapter):
    for _, output in outputs_of(chapter):
        assert output["output_type"] != "error"
        assert output.get("name") != "stderr"
        found = MACHINE.search(text_of(output))
        assert not found, f"a stored output shows {found.group()!r}"


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("saved to /home/me/run", True),
        ("File /tmp/x.py", True),
        (r"C:\Users\me", True),
        ("Looking in indexes: https://" + "pypi" + ".org/simple", True),
        ("<function f at 0x7fd98c8358a0>", True),
        ("50 / 100 digits, 3/4", False),
        ("https://arxiv.org/abs/1603.07285", False),
    ],
)
def test_what_counts_as_a_machines_path(text, found):
    assert bool(MACHINE.search(text)) is found


@every_chapter
def test_claims_are_the_same_in_both_frameworks(chapter):
    cells = notebooks.code_cells(notebooks.read_notebook(chapter))
    claims = 0
    for cell, others in zip(cells, notebooks.read_outputs(chapter)["outputs"], strict=True):
        if "nbval-check-output" in cell.metadata.get("tags", []):
            claims += 1
            assert "".join(map(text_of, cell.outputs)) == "".join(map(text_of, others))
    assert claims, "the chapter claims nothing: tag the cells that print its facts with nbval-check-output"


@every_chapter
def test_figures_have_alternative_text(chapter):
    for cell, output in outputs_of(chapter):
        if any(kind.startswith("image/") for kind in output.get("data", {})):
            alt = cell.metadata.get("mystnb", {}).get("image", {}).get("alt", "")
            assert len(alt) > 40, f"a figure of this cell lacks alternative text:\n{cell.source}"


@every_chapter
def test_framework_tabs_come_in_pairs(chapter):
    cells = notebooks.read_text(chapter).cells
    tabs = [next((t for t in cell.metadata.get("tags", []) if t.startswith("tab-")), None) for cell in cells]
    for i, tab in enumerate(tabs):
        assert tab in (None, "tab-torch", "tab-tensorflow")
        if tab == "tab-torch":
            assert tabs[i + 1] == "tab-tensorflow"
        if tab == "tab-tensorflow":
            assert tabs[i - 1] == "tab-torch"


@every_revised_chapter
def test_visible_code_is_short_and_narrow(chapter):
    """What is longer, plotting above all, is folded."""
    for cell in notebooks.code_cells(notebooks.read_text(chapter)):
        lines = cell.source.splitlines()
        if notebooks.FOLDED not in cell.metadata.get("tags", []):
            assert len(lines) <= 25, f"{len(lines)} lines; fold the cell or shorten it:\n{cell.source}"
            assert all(len(line) <= 80 for line in lines), f"a line of more than 80 columns:\n{cell.source}"
        else:
            assert lines[0].startswith("# @title "), f"a folded cell's first line is its title:\n{cell.source}"


@every_revised_chapter
def test_results_are_numbers_and_sentences(chapter):
    for cell, output in outputs_of(chapter):
        found = re.search(r"\b(True|False)\b", re.sub("<script>.*?</script>", "", text_of(output), flags=re.DOTALL))
        assert not found, f"{found.group()} is printed; print the number, and fold the assertion:\n{cell.source}"


def test_a_folded_cell_is_folded_everywhere(tmp_path, monkeypatch):
    """One tag in the text folds it on the page, in JupyterLab and on Colab, and jupytext writes only the tag."""
    (tmp_path / "text").mkdir()
    monkeypatch.setattr(notebooks, "BOOK", tmp_path)
    text = "```{code-cell} ipython3\n:tags: [hide-input]\n\n# @title The figure\nx = 1\n```\n"
    header = "---\njupytext:\n  text_representation:\n    extension: .md\n    format_name: myst\n---\n\n"
    (tmp_path / "text" / "x.md").write_text(header + text)
    notebook = notebooks.read_text("x")
    (cell,) = notebook.cells
    assert cell.metadata == {"tags": ["hide-input"], "jupyter": {"source_hidden": True}, "cellView": "form"}
    assert text in jupytext.writes(notebook, fmt="md:myst")
    notebooks.write(tmp_path / "x.ipynb", nbformat.writes(notebook))
    notebooks.text("x")
    assert text in (tmp_path / "text" / "x.md").read_text()
    assert notebooks.content(notebooks.read_text("x")) == notebooks.content(notebook)


def bound(nodes):
    """The names that statements bind, but for those inside of functions and classes."""
    names = set()
    for node in nodes:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            names.add(node.name)
        elif isinstance(node, ast.Import | ast.ImportFrom):
            names |= {(alias.asname or alias.name).partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            names.add(node.id)
        else:
            names |= bound(ast.iter_child_nodes(node))
    return names


def about_frameworks(node, guards):
    """Whether an expression asks which frameworks there are, or is made of the variables `guards` that hold it."""
    text = ast.unparse(node)
    names = {part.id for part in ast.walk(node) if isinstance(part, ast.Name)}
    return "ganlib.available()" in text or "gl.name" in text or not names.isdisjoint(guards)


def used(node, guards):
    """The names that code reads and the modules that it imports, but for what an `if` about frameworks guards."""
    if isinstance(node, ast.If | ast.IfExp) and about_frameworks(node.test, guards):
        return set()
    if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
        return {node.id}
    names = set()
    if isinstance(node, ast.Import):
        names = {alias.name.partition(".")[0] for alias in node.names}
    elif isinstance(node, ast.ImportFrom):
        names = {node.module.partition(".")[0]}
    return names.union(*(used(child, guards) for child in ast.iter_child_nodes(node)))


def of_one_framework(cells):
    """The names that cells which run in both frameworks take from the cells of one: (cell's source, names)."""
    trees = []
    for cell in cells:
        source = re.sub(r"^( *)%.*", r"\1pass", cell.source, flags=re.MULTILINE)
        tab = next((tag for tag in cell.metadata.get("tags", []) if tag.startswith("tab-")), None)
        trees.append((tab, ast.parse(source)))
    own = {
        tab: set().union(
            *(bound(part.body) for t, tree in trees if t == tab for part in tree.body if isinstance(part, ast.If))
        )
        for tab in ("tab-torch", "tab-tensorflow")
    }
    common = set().union(*(bound(tree.body) for tab, tree in trees if tab is None))
    one = (own["tab-torch"] ^ own["tab-tensorflow"]) - common | {"torch", "tensorflow", "keras"}
    assigned = [node for tab, tree in trees if tab is None for node in tree.body if isinstance(node, ast.Assign)]
    guards = set().union(*(bound(node.targets) for node in assigned if "ganlib.available()" in ast.unparse(node.value)))
    found = [(ast.unparse(tree), used(tree, guards) & one) for tab, tree in trees if tab is None]
    return [(source, names) for source, names in found if names]


@every_chapter
def test_what_both_frameworks_run_takes_nothing_from_the_cells_of_one(chapter):
    """Where the other framework is not installed, its cells have defined nothing."""
    assert not of_one_framework(notebooks.code_cells(notebooks.read_text(chapter)))


@pytest.mark.parametrize(
    ("source", "names"),
    [
        ("print(y)", {"y"}),
        ("import torch.nn", {"torch"}),
        ("from keras import layers", {"keras"}),
        ("def f():\n    return y", {"y"}),
        ("if gl.name == 'torch':\n    print(y)", None),
        ("both = len(ganlib.available()) == 2\nif both:\n    print(y)", None),
        ("y = 3\nprint(y)", None),
        ("print(z)", None),
    ],
)
def test_what_counts_as_taken_from_one(source, names):
    torch = nbformat.v4.new_code_cell(
        "if 'torch' in ganlib.available():\n    y = z = 1", metadata={"tags": ["tab-torch"]}
    )
    other = nbformat.v4.new_code_cell("if 1:\n    z = 1", metadata={"tags": ["tab-tensorflow"]})
    found = of_one_framework([torch, other, nbformat.v4.new_code_cell(source)])
    assert [names for _, names in found] == ([] if names is None else [names])


@every_chapter
def test_prose_is_plain_markdown(chapter):
    extension = (ROOT / "book" / "_ext" / "ganbook.py").read_text()
    callouts = set(ast.literal_eval(re.search(r"^CALLOUTS = (.*)$", extension, re.MULTILINE).group(1)))
    for prose in prose_of(chapter):
        found = MYST_ONLY.search(re.sub(r"`[^`\n{}]+`", "", prose))
        assert not found, f"only MyST reads {found.group()!r}"
        assert set(CALLOUT.findall(prose)) <= callouts
        assert prose.count("<details>") == prose.count("</details>") == prose.count("<summary>")


@pytest.mark.parametrize(
    "text",
    ["```{note}\nx\n```", ":::{tip}\nx\n:::", "see {ref}`here`", "(target)=", "{{ version }}", "% hidden"],
)
def test_what_counts_as_myst(text):
    assert MYST_ONLY.search(text)


@pytest.mark.parametrize("text", ["```python\nx = {}\n```", "$w_{ij}$ and $\\frac{1}{2}$", "(see below)", "50% of"])
def test_what_is_plain(text):
    assert not MYST_ONLY.search(text)


@pytest.mark.parametrize(
    "path",
    [*(ROOT / "book").glob("*.md"), *(ROOT / "book" / "text").glob("*.md"), *ROOT.glob("*.md")],
    ids=str,
)
def test_links_lead_somewhere(path):
    """Links inside the project are followed; others must be https and well formed."""
    folder = ROOT / "book" if path.parent.name == "text" else path.parent
    for link in LINK.findall(CODE.sub("", path.read_text())):
        if "://" in link:
            assert re.fullmatch(r"https://[\w.-]+\.\w{2,}(/[\w./#?=&%()+~-]*)?", link), f"{path.name}: {link}"
        elif not link.startswith("#"):
            assert (folder / link.partition("#")[0]).exists(), f"{path.name}: {link}"


@every_chapter_with_exercises
def test_solutions_run(chapter, tmp_path):
    """Each by itself. The clinic's, which train, run in the solved notebooks only."""
    solutions = "\n".join(SOLUTION.findall("\n".join(prose_of(chapter))))
    programs = re.findall(r"^```python\n(.*?)^```", solutions, re.DOTALL | re.MULTILINE)
    assert programs
    for number, program in enumerate(programs):
        assert "assert " in program, f"a solution that proves nothing:\n{program}"
        if "ganlib.clinic.check(" in program:
            program = ""
        (tmp_path / f"{number}.py").write_text(program)
    # Each by itself, but in one process: the frameworks are loaded once.
    every = f"import runpy\nfor number in range({len(programs)}):\n    runpy.run_path(f'{{number}}.py')"
    result = subprocess.run([sys.executable, "-c", every], cwd=tmp_path, capture_output=True, text=True, timeout=300)
    assert result.returncode == 0, result.stderr


@every_chapter_with_exercises
def test_the_package_holds_the_same_solutions(chapter):
    solutions = notebooks.solutions(chapter)
    assert solutions
    for number, solution in solutions.items():
        assert ganlib.exercises.solution(number).text == solution, f"run scripts/notebooks.py prose {chapter}"


@every_chapter
def test_notebook_is_small_enough_to_open(chapter):
    size = notebooks.notebook_path(chapter).stat().st_size + notebooks.outputs_path(chapter).stat().st_size
    assert size < 3_000_000


def test_figures_are_stored_small_and_look_the_same():
    colours = ganlib.plots.COLOURS.values()
    figure, ax = plt.subplots()
    for k, colour in enumerate(colours):
        ax.plot([0, 1], [k, 1], color=colour, alpha=0.5)
    whole = io.BytesIO()
    figure.savefig(whole, format="png")
    plt.close(figure)
    small = base64.b64decode(notebooks.smaller(base64.b64encode(whole.getvalue()).decode()))
    assert len(small) < len(whole.getvalue())
    before, after = (np.asarray(Image.open(io.BytesIO(png)).convert("RGB"), float) for png in (whole.getvalue(), small))
    assert before.shape == after.shape
    assert np.abs(before - after).mean() < 0.5  # of 255


def test_prose_refuses_changed_code(tmp_path, monkeypatch):
    """New prose keeps the outputs; new code makes them stale and is refused."""
    chapter = CHAPTERS[0]
    for name in ("text", "outputs"):
        (tmp_path / name).mkdir()
    text = notebooks.text_path(chapter).read_text()
    before = notebooks.notebook_path(chapter).read_text()
    monkeypatch.setattr(notebooks, "BOOK", tmp_path)
    notebooks.notebook_path(chapter).write_text(before)

    notebooks.text_path(chapter).write_text(text + "\nOne more sentence.\n")
    notebooks.prose(chapter)
    after = json.loads(notebooks.notebook_path(chapter).read_text())
    assert "".join(after["cells"][-1]["source"]).endswith("One more sentence.")
    assert [c["outputs"] for c in after["cells"] if c["cell_type"] == "code"] == [
        c["outputs"] for c in json.loads(before)["cells"] if c["cell_type"] == "code"
    ]

    notebooks.text_path(chapter).write_text(text.replace("import numpy", "import numpy as changed\nimport numpy", 1))
    with pytest.raises(SystemExit, match="the code changed"):
        notebooks.prose(chapter)


def test_text_from_a_notebook_gives_the_same_notebook(tmp_path, monkeypatch):
    chapter = CHAPTERS[0]
    (tmp_path / "text").mkdir()
    original = notebooks.content(notebooks.read_text(chapter))
    before = notebooks.notebook_path(chapter).read_text()
    monkeypatch.setattr(notebooks, "BOOK", tmp_path)
    notebooks.notebook_path(chapter).write_text(before)
    notebooks.text(chapter)
    assert notebooks.content(notebooks.read_text(chapter)) == original
