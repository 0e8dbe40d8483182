"""The book builds without a warning, and the pages show what their notebooks hold."""

import importlib.util
import re
from pathlib import Path

import address
import nbformat
import pytest
import yaml
from bs4 import BeautifulSoup

import ganlib

ROOT = Path(__file__).resolve().parent.parent

# One worker builds the book, once.
pytestmark = [pytest.mark.long, pytest.mark.xdist_group("book")]


@pytest.fixture(scope="module")
def pages(site):
    return {
        path: BeautifulSoup(path.read_text(encoding="utf-8"), "html.parser") for path in site.glob("book/**/*.html")
    }


@pytest.fixture(scope="module")
def chapter(pages):
    return next(page for path, page in pages.items() if path.stem == "deconvolution")


def test_one_worker_has_all_tests_of_the_pages(request):
    """pytest 9.2 and pytest-xdist 3.8 do not agree on groups: the book would be built, and visited, once a worker."""
    if request.config.getoption("loadgroup", False):
        assert request.node.nodeid.endswith("@book")


def test_the_first_page_leads_to_the_book(site):
    assert "book/index.html" in (site / "index.html").read_text()


def test_every_chapter_opens_on_colab_where_the_address_is_known(site, pages):
    """The other case, and the address itself, are tested in test_address.py, in checkouts of their own."""
    found, branch = address.found(), yaml.safe_load((ROOT / "_config.yml").read_text())["repository"]["branch"]
    for path, page in pages.items():
        notebook = f"book/{path.stem}.ipynb"
        buttons = page.select(".article-header-buttons a.btn-colab")
        assert [button["href"] for button in buttons] == (
            [f"{address.forms(found)[1]}/blob/{branch}/{notebook}"] if found and (ROOT / notebook).exists() else []
        )
        for button in buttons:
            assert "Colab" in button.text
            assert (path.parent / button.img["src"]).resolve().exists()


def test_both_frameworks_show_their_digits(site, chapter):
    """The figures after training stand in tabs, one for each framework, and differ."""
    figures = [figure for figure in chapter.select(".framework-tabs") if len(figure.select("img")) == 2]
    shown = [figure for figure in figures if "real handwritten digits" in figure.select_one("img")["alt"]]
    assert len(shown) == 1
    labels = [label.text.strip() for label in shown[0].select("label")]
    assert labels == ["PyTorch", "TensorFlow"]
    sources = [image["src"] for image in shown[0].select("img")]
    assert len(set(sources)) == 2
    assert all((site / "book" / source).resolve().stat().st_size > 10_000 for source in sources)


def test_tabs_remember_the_framework(chapter):
    labels = chapter.select(".framework-tabs label")
    assert len(labels) == 2 * len(chapter.select(".framework-tabs")) >= 4
    assert not chapter.select(".framework-tabs .framework-tabs")
    assert {label["data-sync-group"] for label in labels} == {"framework"}
    assert {label["data-sync-id"] for label in labels} == {"torch", "tensorflow"}


def test_cells_of_both_frameworks_are_tabs_with_their_outputs(chapter):
    panels = [panel for panel in chapter.select(".framework-tabs .sd-tab-content") if panel.select(".cell_input")]
    texts = [panel.text for panel in panels]
    for framework, layer in (("PyTorch", "torch.nn.ConvTranspose2d"), ("TensorFlow", "keras.layers.Conv2DTranspose")):
        shown = [text for text in texts if f"{framework} and the reference differ by 0.000000" in text]
        assert len(shown) == 1
        assert layer in shown[0]
    assert all(
        "Skipped" not in panel.select_one(".cell_output").text for panel in panels if panel.select(".cell_output")
    )


def test_callouts_are_admonitions(chapter):
    titles = {title.text for title in chapter.select(".admonition-title")}
    assert {"Predict", "Warning", "Summary", "Exercise 1.1"} <= titles
    assert chapter.select_one(".callout-exercise")
    assert not chapter.select("blockquote")


def test_solutions_are_folded(chapter):
    exercises = chapter.select(".callout-exercise")
    solutions = chapter.select("article details:not(.hide)")
    assert len(exercises) == len(solutions) >= 3
    assert all(solution.summary.text == "Solution" and len(solution.text) > 50 for solution in solutions)


def test_the_page_says_how_long_it_takes(chapter):
    line = chapter.select_one("h1 + p").text
    runs = [rf"[\d a-z]+ s with {name} [\d.]+" for name in ("PyTorch", "TensorFlow")]
    assert re.fullmatch(rf"\d+ minutes to read\. Last run on \d+ CPU cores: {', '.join(runs)}\.", line)


def test_the_package_is_documented_whole(pages):
    """Each module that `import ganlib` offers, each of its public functions and classes with documentation."""
    shown = {
        anchor["id"] for path, page in pages.items() if path.parent.name == "api" for anchor in page.select("dt[id]")
    }
    assert {"ganlib.backend", "ganlib.available", "ganlib.recipe", "ganlib.recipes"} <= shown
    for module in (getattr(ganlib, name) for name in ganlib._MODULES):
        names = getattr(module, "__all__", None) or [
            name for name, thing in vars(module).items() if getattr(thing, "__module__", None) == module.__name__
        ]
        public = [name for name in names if not name.startswith("_") and callable(getattr(module, name))]
        assert public
        assert {f"{module.__name__}.{name}" for name in public} <= shown
    for name in ("networks.Generator", "losses.get", "penalties.r1"):
        assert f"ganlib.torch.{name}" in shown
    assert {"ganlib.runtime.trainer.BaseTrainer.fit", "ganlib.runtime.trainer.BaseTrainer.load"} <= shown


def test_the_same_idea_stands_in_both_tabs(pages):
    page = next(page for path, page in pages.items() if path.stem == "twice")
    tabs = page.select(".framework-tabs")
    assert len(tabs) == len(page.select("article h2")) == 5
    for tab in tabs:
        assert [label["data-sync-id"] for label in tab.select("label")] == ["torch", "tensorflow"]
        assert len(tab.select("pre")) == 2
    both = [pre.text.strip() for pre in tabs[0].select("pre")]
    assert both == [(ROOT / "ganlib" / name / "step.py").read_text().strip() for name in ("torch", "tensorflow")]
    assert "Trainer" not in page.select_one("article").text


def test_old_links_into_sections_that_moved_arrive(pages):
    script = (ROOT / "book" / "_static" / "book.js").read_text(encoding="utf-8")
    moved = re.findall(r'^  "(\w+)\.html#(\S+)": "(\w+)\.html#(\S+)",$', script, re.MULTILINE)
    assert len(moved) > 15
    named = {path.stem: page for path, page in pages.items()}
    for old, section, new, now in moved:
        assert not named[old].find(id=section), f"{old}#{section} is still there"
        assert named[new].find(id=now), f"{new}#{now} is not there"


def test_every_picture_has_alternative_text(pages):
    for page in pages.values():
        for image in page.select("article img"):
            assert len(image.get("alt", "")) > 40, image


def test_no_page_asks_another_host(pages):
    for path, page in pages.items():
        loaded = [tag.get("src") for tag in page.select("[src]")]
        loaded += [tag.get("href") for tag in page.select("link[href]:not([rel=canonical])")]  # that one is only a name
        foreign = [address for address in loaded if address.startswith(("http:", "https:", "//"))]
        assert not foreign, f"{path.name}: {foreign}"
        assert "thebe" not in str(page.select("script")).lower()
        scripts = [script.string or "" for script in page.select("script:not([type='application/json'])")]
        assert not re.search(r"\bcdn\b", "".join(scripts).lower())


def test_no_page_shows_where_it_was_built(pages):
    for path, page in pages.items():
        assert str(ROOT) not in str(page), path.name


# The extension's own rules, on small notebooks.


def extension(name):
    spec = importlib.util.spec_from_file_location(name, ROOT / "book" / "_ext" / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


ganbook, docstrings = extension("ganbook"), extension("docstrings")


def printed(text):
    return [nbformat.v4.new_output("stream", name="stdout", text=text)]


def code(text, tags=()):
    cell = nbformat.v4.new_code_cell("print()", outputs=printed(text), metadata={"tags": list(tags)})
    cell.id = "cell"
    return cell


def test_outputs_that_agree_are_shown_once():
    cells = [code("4"), nbformat.v4.new_markdown_cell("And so on.")]
    assert ganbook.with_both_outputs(cells, [printed("4")]) == cells


def test_outputs_that_differ_become_tabs_after_the_code():
    cells = ganbook.with_both_outputs([code("4.01", ["mine"])], [printed("4.02")])
    assert [cell["metadata"]["tags"] for cell in cells] == [
        ["mine"],
        ["mine", "tab-torch", "remove-input"],
        ["mine", "tab-tensorflow", "remove-input"],
    ]
    assert [cell["outputs"] for cell in cells] == [[], printed("4.01"), printed("4.02")]
    assert len({cell["id"] for cell in cells}) == 3


def test_a_framework_s_own_cell_keeps_its_own_output():
    cells = [code("4.01", ["tab-torch"])]
    assert ganbook.with_both_outputs(cells, [printed("4.02")]) == cells


DOCSTRING = """What it does, on |x|² and x_i, with `code`s.

Values, in this order:
    first: one,
        or two.
    second: another.
They are all.

    set = in

Args:
    real, fake: (n, d), *finite*.

        A second paragraph.
    **more: whatever.

Returns:
    A dict of them: "a" and "b".

Raises:
    ValueError: something else.

>>> f(1)
2
"""


def test_docstrings_mean_what_they_say():
    core = pytest.importorskip("docutils.core")
    settings = {"report_level": 1, "halt_level": 2}  # whatever docutils would remark on is an error
    document = core.publish_doctree(docstrings.to_rst(DOCSTRING), settings_overrides=settings)
    text = document.astext()
    for part in ("on |x|² and x_i, with codes.", "*finite*", "They are all.", 'A dict of them: "a" and "b".'):
        assert part in text
    assert "`" not in text
    fields = {field[0].astext(): field[1].astext() for field in document.findall(lambda node: node.tagname == "field")}
    assert list(fields) == ["Arguments", "Returns", "Raises"]
    assert "A second paragraph." in fields["Arguments"]
    terms = [term.astext() for term in document.findall(lambda node: node.tagname == "term")]
    assert terms == ["first", "second", "real, fake", "**more", "ValueError"]
    blocks = [block.astext() for block in document.findall(lambda node: node.tagname == "literal_block")]
    assert blocks == ["set = in", ">>> f(1)\n2"]


def test_signatures_are_short():
    given = "(x: numpy.ndarray, of: collections.abc.Mapping[str, ganlib.data.Data] = {}, p: float = 0.5)"
    shown = "(x: ndarray, of: Mapping[str, Data] = {}, p: float = 0.5)"
    assert docstrings.shorten(None, "function", "f", None, None, given, None) == (shown, None)
