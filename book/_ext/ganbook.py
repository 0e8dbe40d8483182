"""What the pages need beyond Jupyter Book. The notebooks stay plain; all of this happens during the build.

- `> **Note.** …` becomes an admonition.
- A Predict callout that names its answer asks for one, and the next output unfolds then.
- Neighbouring cells tagged `tab-torch` and `tab-tensorflow` become tabs. The reader's choice holds for all of
  them, on every page and visit, and `?framework=tensorflow` in an address selects it.
- A cell tagged `hide-input` is folded; its first line, `# @title …`, becomes the title of the fold.
- A cell whose stored output differs between the two frameworks shows both outputs, in the same tabs.
- The line under a chapter's title: the time to read it from its words, the time to run it from its metadata.
- The buttons that open a chapter on Colab and on Kaggle stand by themselves, not in a menu.
- A chapter's figures are loaded when they come into view, those of the other framework's tab never.
- Thebe's settings, which name another host, are dropped.
"""

import copy
import json
import re
from functools import partial
from itertools import dropwhile, groupby, takewhile
from pathlib import Path
from typing import Any

import nbformat
from docutils import nodes
from PIL import Image
from sphinx.application import Sphinx
from sphinx.transforms import SphinxTransform
from sphinx_design.shared import create_component

FRAMEWORKS = {"torch": "PyTorch", "tensorflow": "TensorFlow"}  # in the order of the tabs

TITLE = re.compile(r"# @title (.+)\n")  # the first line of a folded cell, which is also its title on Colab

WORDS_PER_MINUTE = 150  # a formula is a word; code, figures and solutions take their own time

# The first word of a callout. The pages' style sheet knows each as the class callout-…
CALLOUTS = ("Note", "Tip", "Warning", "Predict", "Exercise", "Summary")


class Callouts(SphinxTransform):
    """A quotation that opens with a bold callout word becomes an admonition; the bold text is its title."""

    default_priority = 400

    def apply(self, **kwargs: Any) -> None:
        for quote in list(self.document.findall(nodes.block_quote)):
            first = quote[0] if len(quote) and isinstance(quote[0], nodes.paragraph) else None
            words = [child for child in first or [] if child.astext()]  # the parser leaves empty texts between
            if not words or not isinstance(words[0], nodes.strong):
                continue
            title = words[0].astext()
            kind = re.split(r"\W", title)[0]
            if kind not in CALLOUTS:
                continue
            body = nodes.paragraph("", "", *words[1:])
            if words[1:] and isinstance(words[1], nodes.Text):
                body[0] = nodes.Text(words[1].lstrip())
            classes = ["callout", f"callout-{kind.lower()}"]
            admonition = nodes.admonition("", nodes.title(title, title.rstrip(".")), classes=classes)
            admonition += [body, *quote[1:]] if len(body) else quote[1:]
            quote.replace_self(admonition)


QUESTION = """<div class="predict-answer pst-js-only" data-answer="{answer}">
{field}<button type="button" class="btn btn-sm predict-go">Answer, and see</button>
<button type="button" class="btn btn-sm predict-skip">Just show it</button>
<p class="predict-said" role="status"></p>
</div>"""
NUMBER = '<label>Your number <input type="number" step="any" inputmode="decimal"/></label>\n'
ANSWER = re.compile(r"<!--\s*answer:\s*(-?[\d.]+)\s*-->")


class Questions(SphinxTransform):
    """A Predict callout with a comment `<!-- answer: 2 -->` takes an answer, and what comes next waits for it.

    Where the callout has a list, its items are the choices, and the answer is the number of the right one; else the
    answer is a number that the reader estimates. `book.js` asks; without it, on paper and in a notebook all is there.
    """

    default_priority = 415  # after the callouts and the tabs

    def apply(self, **kwargs: Any) -> None:
        for callout in list(self.document.findall(nodes.admonition)):
            if "callout-predict" not in callout["classes"]:
                continue
            for comment in [child for child in callout if isinstance(child, nodes.raw | nodes.comment)]:
                text = comment.astext()
                found = ANSWER.search(text if "<!--" in text else f"<!-- {text} -->")
                if found:
                    self.ask(callout, comment, found[1])

    def ask(self, callout: nodes.admonition, comment: nodes.Node, answer: str) -> None:
        """Puts what takes the answer in the comment's place."""
        choices = [child for child in callout if isinstance(child, nodes.bullet_list)]
        if choices:
            choices[-1]["classes"].append("predict-choices")
            if not 1 <= float(answer) <= len(choices[-1]):
                raise ValueError(f"Answer {answer} of {callout.astext()[:80]!r}; expected 1 to {len(choices[-1])}.")
        later = callout.parent[callout.parent.index(callout) + 1 :]
        cells = list(takewhile(is_cells, dropwhile(lambda node: not has_output(node), later)))
        if not cells:
            raise ValueError(f"No output follows the question {callout.astext()[:80]!r} in its section.")
        for cell in filter(has_output, cells):
            cell["classes"].append("foretold")
        field = "" if choices else NUMBER
        comment.parent.replace(comment, nodes.raw("", QUESTION.format(answer=answer, field=field), format="html"))


def is_cells(node: nodes.Node) -> bool:
    """Whether a node is a cell, or cells in tabs."""
    return isinstance(node, nodes.container) and bool({"cell", "framework-tabs"} & set(node["classes"]))


def has_output(node: nodes.Node) -> bool:
    """Whether a cell, or a set of tabs, shows what its code gave."""
    return is_cells(node) and any("cell_output" in part["classes"] for part in node.findall(nodes.container))


class FormulaHeaders(SphinxTransform):
    """Says in words that the header of a column is a formula: checkers of accessibility do not read MathML."""

    default_priority = 420

    def apply(self, **kwargs: Any) -> None:
        for head in self.document.findall(nodes.thead):
            for entry in head.findall(nodes.entry):
                texts = [text for text in entry.findall(nodes.Text) if text.strip()]
                if texts and all(isinstance(text.parent, nodes.math) for text in texts):
                    entry[0] += nodes.inline("", " (formula)", classes=["visually-hidden"])


class FrameworkTabs(SphinxTransform):
    """Neighbouring cells tagged `tab-NAME` become one set of tabs, with their outputs."""

    default_priority = 410

    def apply(self, **kwargs: Any) -> None:
        for parent in {id(cell.parent): cell.parent for cell in self.document.findall(framework_of)}.values():
            children: list[nodes.Node] = []
            for tagged, run in groupby(parent.children, key=lambda child: framework_of(child) is not None):
                members = list(run)
                children += [tab_set(members)] if tagged else members
            parent.children = []
            parent += children


def tab_set(cells: list[nodes.container]) -> nodes.container:
    """The tabs of sphinx-design, as its own directives would make them."""
    items = []
    for cell in cells:
        name = framework_of(cell)
        assert name is not None
        label = nodes.rubric("", FRAMEWORKS[name], classes=["sd-tab-label"])
        label["sync_group"], label["sync_id"] = "framework", name
        content = create_component("tab-content", classes=["sd-tab-content"], children=[cell])
        items.append(create_component("tab-item", classes=["sd-tab-item"], children=[label, content]))
    return create_component("tab-set", classes=["sd-tab-set", "framework-tabs"], children=items)


def framework_of(node: nodes.Node | None) -> str | None:
    """The framework whose tab a cell is tagged for, or None."""
    if isinstance(node, nodes.container) and "cell" in node["classes"]:
        for name in FRAMEWORKS:
            if f"tag_tab-{name}" in node["classes"]:
                return name
    return None


def prepare_notebook(app: Sphinx, docname: str, source: list[str]) -> None:
    """Before a notebook is parsed: adds the second framework's outputs and the line under the title."""
    path = Path(app.env.doc2path(docname))
    if path.suffix != ".ipynb":
        return
    notebook = nbformat.reads(source[0], as_version=4)
    stored = path.parent / "outputs" / f"{path.stem}.json"
    if stored.exists():
        app.env.note_dependency(str(stored))
        second = json.loads(stored.read_text(encoding="utf-8"))
        notebook.cells = with_both_outputs(notebook.cells, second["outputs"])
        say_times(notebook.cells, [notebook.metadata["ganlib"], second["ganlib"]])
    title_folds(notebook.cells)
    source[0] = json.dumps(notebook)


def title_folds(cells: list[dict]) -> None:
    """Moves the first line of each folded cell, its title, from the code to the fold."""
    for cell in cells:
        title = TITLE.match(cell["source"])
        if title and "hide-input" in cell["metadata"].get("tags", []):
            cell["source"] = cell["source"].removeprefix(title[0])
            prompts = {"code_prompt_show": f"Code: {title[1]}", "code_prompt_hide": f"Code: {title[1]}"}
            cell["metadata"].setdefault("mystnb", {}).update(prompts)


def with_both_outputs(cells: list[dict], second: list[list[dict]]) -> list[dict]:
    """The cells; one whose outputs differ becomes its code and then a cell of output for each framework."""
    result: list[dict] = []
    others = iter(second)
    for cell in cells:
        if cell["cell_type"] != "code":
            result.append(cell)
            continue
        outputs = {"torch": cell["outputs"], "tensorflow": next(others)}
        tags = cell["metadata"].get("tags", [])
        alone = any(tag == "remove-output" or tag.startswith("tab-") for tag in tags)
        if alone or same(*outputs.values()):
            result.append(cell)
            continue
        result.append({**cell, "outputs": []})
        for name, output in outputs.items():
            part = copy.deepcopy(cell)
            part["id"] = f"{cell['id']}-{name}"
            kept = [tag for tag in tags if tag != "hide-input"]
            part["metadata"]["tags"] = [*kept, f"tab-{name}", "remove-input"]
            part["outputs"] = output
            result.append(part)
    return result


def same(first: list[dict], second: list[dict]) -> bool:
    """Whether two lists of outputs show the same; how often a cell was run does not count."""

    def content(outputs: list[dict]) -> list[dict]:
        return [{key: value for key, value in out.items() if key != "execution_count"} for out in outputs]

    return content(first) == content(second)


def say_times(cells: list[dict], runs: list[dict]) -> None:
    """Puts under the chapter's title how long it takes to read, and how long each framework took to run it."""
    parts = []
    for run in runs:
        name = run["backend"]
        minutes, seconds = divmod(round(run["seconds"]), 60)
        took = f"{minutes} min {seconds} s" if minutes else f"{seconds} s"
        version = run["versions"][name].split("+")[0]
        parts.append(f"{took} with {FRAMEWORKS[name]} {version}")
    prose = "\n".join(cell["source"] for cell in cells if cell["cell_type"] == "markdown")
    prose = re.sub(r"```.*?```|<details>.*?</details>|\$\$.*?\$\$|\$.*?\$", " x ", prose, flags=re.DOTALL)
    reading = max(1, round(len(prose.split()) / WORDS_PER_MINUTE))
    line = f"*{reading} minutes to read. Last run on {runs[0]['cores']} CPU cores: {', '.join(parts)}.*"
    title, _, rest = cells[0]["source"].partition("\n")
    cells[0]["source"] = f"{title}\n\n{line}\n{rest}"


def drop_thebe(app: Sphinx, doctree: nodes.document, docname: str) -> None:
    """Leaves out Thebe's settings, which name a repository on another host."""
    for node in list(doctree.findall(nodes.raw)):
        if "thebe" in node.astext():
            node.parent.remove(node)


def unfold_launch_buttons(app: Sphinx, pagename: str, templatename: str, context: dict, doctree: Any) -> None:
    """Puts the launch button, Colab's, into the header itself; the theme makes a menu even of one."""
    buttons = []
    for button in context.get("header_buttons", []):
        if button.get("label") == "launch-buttons":
            for one in button["buttons"]:
                buttons.append({**one, "label": "colab", "tooltip": "Run this chapter on Colab"})
                buttons.append(kaggle(one["url"]))
        else:
            buttons.append(button)
    context["header_buttons"] = buttons


def kaggle(colab: str) -> dict[str, str]:
    """The button that opens a chapter on Kaggle, from the address of Colab's."""
    file = colab.replace("https://colab.research.google.com/github/", "https://github.com/")
    address = f"https://www.kaggle.com/kernels/welcome?src={file}"
    return {
        "type": "link",
        "url": address,
        "label": "kaggle",
        "text": "Kaggle",
        "tooltip": "Run this chapter on Kaggle",
    }


def finish_page(app: Sphinx, pagename: str, templatename: str, context: dict, doctree: Any) -> None:
    """What only the finished page can tell."""
    context["metatags"] = re.sub(r'<meta name="viewport"[^>]*>', "", context.get("metatags") or "")  # a second one
    if pagename == app.config.root_doc:  # as wide as the screen: it has two headings and needs no table of them
        context["meta"] = {**(context.get("meta") or {}), "html_theme.sidebar_secondary.remove": True}
    if "body" in context:
        body = context["body"]
        body = re.sub(r'<img (?=[^>]*src="[./]*_images/([\w-]+\.png)")', partial(lazy, app), body)
        body = body.replace(
            '<a class="reference internal image-reference" ', '<a class="image-reference" tabindex="-1" '
        )
        body = re.sub(r"<th(?: [^>]*)?></th>", "<td></td>", body)  # the corner of a table heads nothing
        # A long signature's arguments, which Sphinx writes as a list of definitions without what they define.
        context["body"] = re.sub(
            r'<dl>\s*((?:<dd><em class="sig-param">.*?</dd>\s*)+)</dl>', arguments, body, flags=re.S
        )


def arguments(written: re.Match[str]) -> str:
    """The arguments of a signature, one a line."""
    lines = written[1].replace("<dd>", "<div>").replace("</dd>", "</div>")
    return f'<div class="sig-arguments">{lines}</div>'


def lazy(app: Sphinx, image: re.Match[str]) -> str:
    """A figure that waits to be seen; its size is said, so that nothing moves when it comes."""
    source = next(uri for uri, name in app.builder.images.items() if name == image[1])
    with Image.open(Path(app.srcdir) / source) as figure:
        width, height = figure.size
    return f'{image[0]}loading="lazy" width="{width}" height="{height}" '


def setup(app: Sphinx) -> dict[str, Any]:
    """Sphinx calls this."""
    app.add_transform(Callouts)
    app.add_transform(FrameworkTabs)
    app.add_transform(Questions)
    app.add_transform(FormulaHeaders)
    app.connect("source-read", prepare_notebook)
    app.connect("doctree-resolved", drop_thebe, priority=900)
    app.connect("html-page-context", unfold_launch_buttons, priority=900)
    app.connect("html-page-context", finish_page)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
