"""Formulas are typeset when the book is built, by KaTeX: no page loads a script for them, and none moves later.

KaTeX is JavaScript, which the package mini-racer runs inside Python. Its script lies in `katex/`, its style sheet and
fonts in `book/_static/katex/`; all are from the npm package katex 0.19.1.
"""

import html
import json
import re
from functools import cache
from pathlib import Path
from typing import Any

from docutils import nodes
from py_mini_racer import JSEvalException, MiniRacer
from sphinx.application import Sphinx
from sphinx.util import logging

SCRIPT = Path(__file__).with_name("katex") / "katex.min.js"

logger = logging.getLogger(__name__)


@cache
def engine() -> MiniRacer:
    """A JavaScript engine with KaTeX in it."""
    made = MiniRacer()
    made.eval(SCRIPT.read_text(encoding="utf-8"))
    return made


MARKS = re.compile(r"[.,:;!?)’”]+")


@cache
def typeset(tex: str, display: bool) -> str:
    """A formula as HTML for the eye and as MathML for a screen reader.

    Raises `JSEvalException` where KaTeX does not understand the formula.
    """
    options = {"displayMode": display, "output": "htmlAndMathml", "strict": False}
    written = engine().eval(f"katex.renderToString({json.dumps(tex)}, {json.dumps(options)})")
    assert isinstance(written, str)
    return re.sub(r"<annotation .*?</annotation>", "", written, flags=re.DOTALL)  # the TeX once more


def html_of(node: nodes.math | nodes.math_block) -> str:
    """The formula of a node; where KaTeX refuses it, its TeX and a warning, which ends the build."""
    display = isinstance(node, nodes.math_block)
    tex = node.astext()
    if display and "\\\\" in tex and "\\begin" not in tex:
        tex = f"\\begin{{split}}{tex}\\end{{split}}"  # several lines, aligned at &
    try:
        return typeset(tex, display)
    except JSEvalException as error:
        found = re.search(r"KaTeX parse error: (.*)", str(error))
        logger.warning("KaTeX cannot typeset %s: %s", tex, found[1] if found else error, location=node)
        return html.escape(tex)


def take_marks(app: Sphinx, doctree: nodes.document, docname: str) -> None:
    """Gives each formula in a line the marks that follow it, and takes them from the text."""
    for node in list(doctree.findall(nodes.math)):
        after = node.next_node(descend=False, siblings=True)
        marks = MARKS.match(after) if isinstance(after, nodes.Text) else None
        if marks:
            node["marks"] = marks[0]
            after.parent.replace(after, nodes.Text(after[marks.end() :]))


def visit_inline(translator: Any, node: nodes.math) -> None:
    """Sphinx calls this for a formula in a line."""
    formula = f'<span class="math">{html_of(node)}</span>'
    if node.get("marks"):  # a browser would break the line between a formula and its full stop
        formula = f'<span class="keep">{formula}{html.escape(node["marks"])}</span>'
    translator.body.append(formula)
    raise nodes.SkipNode


def visit_block(translator: Any, node: nodes.math_block) -> None:
    """Sphinx calls this for a formula on lines of its own."""
    anchor = f' id="{node["ids"][0]}"' if node["ids"] else ""
    translator.body.append(f'<div class="math"{anchor}>{html_of(node)}</div>\n')
    raise nodes.SkipNode


def setup(app: Sphinx) -> dict[str, Any]:
    """Sphinx calls this."""
    app.connect("doctree-resolved", take_marks)
    app.add_html_math_renderer("katex", (visit_inline, None), (visit_block, None))
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
