"""The index of the book's search: each section's title and text, as a reader sees them, in `search-index.js`.

Sphinx's own index knows pages only, and shows raw TeX. This one is read by `book/_static/search.js`, on the page of
results alone.
"""

import html
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import formulas
from docutils import nodes
from sphinx import addnodes
from sphinx.application import Sphinx

# What is no sentence: code and what it printed, pictures, the page's own raw parts.
LEFT_OUT = (
    nodes.literal_block,
    nodes.doctest_block,
    nodes.image,
    nodes.raw,
    nodes.comment,
    nodes.target,
    addnodes.toctree,
)


def write(app: Sphinx, exception: Exception | None) -> None:
    """Sphinx calls this when all pages are written."""
    if exception or app.builder.format != "html":
        return
    out = Path(app.outdir)
    pages, sections = [], []
    for docname in sorted(app.env.found_docs):
        title = app.env.titles[docname].astext()
        pages.append([app.builder.get_target_uri(docname), title])
        sections += [[len(pages) - 1, *section] for section in sections_of(app.env.get_doctree(docname))]
    index = json.dumps({"pages": pages, "sections": sections}, ensure_ascii=False, separators=(",", ":"))
    (out / "search-index.js").write_text(f"const INDEX = {index};\n", encoding="utf-8")
    (out / "searchindex.js").unlink(missing_ok=True)


def sections_of(doctree: nodes.document) -> Iterator[tuple[str, str, str]]:
    """Anchor, title and own text of each section, of each term of the glossary, of each class and function."""
    for node in doctree.findall(nodes.Element):
        if isinstance(node, nodes.section):
            yield node["ids"][0], words_of(node[0]), " ".join(paragraphs_of(node[1:]))
        elif isinstance(node, addnodes.desc) and node[0].get("ids"):
            yield node[0]["ids"][0], node[0]["fullname"], " ".join(paragraphs_of(node[1:]))
        elif isinstance(node, nodes.term) and node["ids"]:
            yield node["ids"][0], words_of(node), " ".join(paragraphs_of(node.parent[1:]))


def paragraphs_of(children: list[nodes.Node]) -> Iterator[str]:
    """The texts below these nodes, without those that stand for themselves."""
    for child in children:
        if isinstance(child, (*LEFT_OUT, nodes.section, addnodes.desc, addnodes.glossary)):
            continue
        if isinstance(child, nodes.TextElement):
            words = words_of(child)
            if words:
                yield words
        elif isinstance(child, nodes.Element):
            yield from paragraphs_of(child.children)


def words_of(node: nodes.Node) -> str:
    """The text of a node as a line."""
    return re.sub(r"\s+", " ", "".join(pieces_of(node))).strip()


def pieces_of(node: nodes.Node) -> Iterator[str]:
    """The texts in a node; of a formula, the letters that a reader sees."""
    if isinstance(node, nodes.Text):
        yield str(node)
    elif isinstance(node, nodes.math | nodes.math_block):
        mathml = formulas.html_of(node).partition("</math>")[0]
        yield html.unescape(re.sub(r"<[^>]+>|[\u2061-\u2064]", "", mathml))  # without its invisible operators
    elif not isinstance(node, LEFT_OUT):
        for child in node.children:
            yield from pieces_of(child)


def setup(app: Sphinx) -> dict[str, Any]:
    """Sphinx calls this."""
    app.connect("build-finished", write)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
