"""Turns ganlib's docstrings into what Sphinx reads.

They are plain text with Markdown's backticks and Google's sections (Args, Returns, …), so that `help()` reads well. As
reStructuredText many would be wrong: |x|² is a substitution there, x_ a link, * emphasis.
"""

import re
import textwrap
from typing import Any

from sphinx.application import Sphinx

SECTIONS = ("Args", "Attributes", "Returns", "Raises", "Example")
ITEM = re.compile(r"(?P<names>\*{0,2}[\w.]+(?:, [\w.]+)*): (?P<text>.*)")


def to_rst(docstring: str) -> str:
    """The docstring as reStructuredText."""
    result = []
    for block in blocks(docstring):
        section = block.partition("\n")[0].rstrip(":")
        if block.startswith(f"{section}:\n") and section in SECTIONS:
            result.append(
                f":{section.replace('Args', 'Arguments')}:\n"
                + textwrap.indent(items(textwrap.dedent(block.partition("\n")[2])), "    ")
            )
        else:
            result.append(text(block))
    return "\n\n".join(result)


def blocks(docstring: str) -> list[str]:
    """Paragraphs and sections. A section holds what is indented below its name, blank lines included."""
    found = re.split(r"\n\s*\n(?=\S)", docstring.strip("\n"))
    return [part for block in found for part in re.split(rf"\n(?=(?:{'|'.join(SECTIONS)}):\n)", block)]


def text(block: str) -> str:
    """Paragraphs; examples and whatever is set in become code, a list below a colon becomes a list."""
    result = []
    for paragraph in re.split(r"\n\s*\n", block.strip("\n")):
        list_below = re.fullmatch(r"((?:\S.*\n)*\S.*:)\n((?: +.*\n?)+)((?:\S.*\n?)*)", paragraph)
        if paragraph.startswith(">>> "):
            result.append(".. code-block:: pycon\n\n" + textwrap.indent(paragraph, "    "))
        elif paragraph.startswith(" "):
            result.append("::\n\n" + textwrap.indent(textwrap.dedent(paragraph), "    "))
        elif list_below:
            before, body, after = list_below.groups()
            result += [inline(before), items(textwrap.dedent(body)), inline(after)]
        else:
            result.append(inline(paragraph))
    return "\n\n".join(result)


def items(body: str) -> str:
    """Names, each with what is said of it; without such names, paragraphs."""
    result = []
    for entry in re.split(r"\n(?=\S)", body.strip("\n")):
        found = ITEM.match(entry)
        if not found:
            return text(body)
        said = f"{found['text']}\n{textwrap.dedent(entry[found.end() + 1 :])}".strip()
        result.append(f"``{found['names']}``\n{textwrap.indent(text(said), '    ')}")
    return "\n\n".join(result)


def inline(paragraph: str) -> str:
    """`code` becomes ``code``; of the rest, nothing means more than it says."""
    parts = paragraph.split("`")
    for i, part in enumerate(parts):
        parts[i] = f"\\ ``{part}``\\ " if i % 2 else re.sub(r"([\\*|_])", r"\\\1", part)
    return "".join(parts)


def convert(app: Sphinx, what: str, name: str, thing: Any, options: Any, lines: list[str]) -> None:
    """Sphinx's autodoc calls this with the lines of a docstring, and takes what is left in the list."""
    lines[:] = to_rst("\n".join(lines)).splitlines()
    lines.append("")


def shorten(
    app: Sphinx, what: str, name: str, thing: Any, options: Any, signature: str | None, returns: str | None
) -> tuple[str | None, str | None]:
    """Types without the modules that they come from: Mapping, not collections.abc.Mapping."""
    short = [text and re.sub(r"\b(?:[A-Za-z_]\w*\.)+(?=[A-Za-z_])", "", text) for text in (signature, returns)]
    return short[0], short[1]


def setup(app: Sphinx) -> dict[str, Any]:
    """Sphinx calls this."""
    app.setup_extension("sphinx.ext.autodoc")
    app.connect("autodoc-process-docstring", convert)
    app.connect("autodoc-process-signature", shorten)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
