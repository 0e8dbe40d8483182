"""What happens to the finished pages, so that they are light and right from the first paint on.

- The theme's style sheets and the book's become one, `_static/style.css`, without the rules that no page needs. Where
  it speaks of light or dark, it also holds before a script has run, and where none runs, by the reader's system.
- The fonts keep the letters that the pages use.
- Icons are drawings in the page, a few lines each, instead of a font.
- The pictures and the scripts of interactive figures become files, which come when their figure is near.
- Figures are stored as WebP, without a loss, two thirds of their size as PNG.
- What no page asks for is deleted.

Each step may be done again on pages that have been finished before, as Sphinx writes only those anew that changed.
"""

import base64
import hashlib
import html
import logging
import re
import shutil
from collections.abc import Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import tinycss2
from fontTools import subset
from fontTools.ttLib import TTFont
from fontTools.varLib import instancer
from PIL import Image
from sphinx.application import Sphinx

# In the order in which they hold. The book's own come last.
SHEETS = (
    "basic.css",
    "styles/pydata-sphinx-theme.css",
    "pygments.css",
    "styles/sphinx-book-theme.css",
    "mystnb.*.css",
    "sphinx-design.min.css",
    "katex/katex.css",
    "book.css",
)
# Of the theme, and of extensions: scripts, which `book.js` replaces, and what is in style.css now.
UNUSED = (
    *SHEETS,
    "scripts",
    "styles",
    "vendor",
    "images/logo_[!c]*",  # all but Colab's
    "togglebutton.*",
    "copybutton.*",
    "copybutton_funcs.js",
    "clipboard.min.js",
    "check-solid.svg",
    "design-tabs.js",
    "sphinx-thebe.*",
    "doctools.js",
    "documentation_options.js",
    "language_data.js",
    "searchtools.js",
    "sphinx_highlight.js",
    "webpack-macros.html",
    "sbt-webpack-macros.html",
    "locales",
    "file.png",
    "plus.png",
    "minus.png",
)
SCRIPT_NAMES = {
    "active",
    "copybtn",
    "done",
    "enlarged",
    "enlarges",
    "mark",
    "pst-sidebar-hidden",
    "right",
    "scrolled",
    "scrolls",
    "told",
}  # the scripts add these

# Each is drawn in a square of 24, with lines.
ICONS = {
    "bars": "M4 6h16M4 12h16M4 18h16",
    "code": "M8 7l-5 5l5 5M16 7l5 5l-5 5M13.5 5l-3 14",
    "list": "M9 6h11M9 12h11M9 18h11M4 6h.01M4 12h.01M4 18h.01",
    "magnifying-glass": "M16.5 16.5 21 21M18 11a7 7 0 1 1-14 0a7 7 0 0 1 14 0z",
    "download": "M12 4v11M7 11l5 5l5-5M4 20h16",
    "file": "M6 3h8l4 4v14H6zM14 3v4h4",
    "file-pdf": "M6 3h8l4 4v14H6zM14 3v4h4M9 12h6M9 16h6",
    "expand": "M4 9V4h5M15 4h5v5M20 15v5h-5M9 20H4v-5",
    "sun": "M16 12a4 4 0 1 1-8 0a4 4 0 0 1 8 0zM12 3v2M12 19v2M3 12h2M19 12h2M5.6 5.6 7 7M17 17l1.4 1.4M5.6 18.4 7 17"
    "M17 7l1.4-1.4",
    "moon": "M20 14.5A8.5 8.5 0 1 1 9.5 4A7 7 0 0 0 20 14.5z",
    "circle-half-stroke": "M21 12a9 9 0 1 1-18 0a9 9 0 0 1 18 0zM12 3v18M12 7h7.5M12 12h9M12 17h7.5",
    "arrow-up": "M12 20V5M6 11l6-6l6 6",
    "angle-left": "M14 6l-6 6l6 6",
    "angle-right": "M10 6l6 6l-6 6",
    "chevron-down": "M6 9l6 6l6-6",
}  # fmt: skip
ICON = re.compile(r'<(i|span) class="((?:theme-switch )?(?:fas|fa-solid) fa-([\w-]+)[^"]*)"([^>]*)></\1>')


logging.getLogger("fontTools").setLevel(logging.WARNING)  # it says of each table what it does


def finish(app: Sphinx, exception: Exception | None) -> None:
    """Sphinx calls this when all pages are written."""
    if exception or app.builder.format != "html":
        return
    out = Path(app.outdir)
    pages = {
        path: path.read_text(encoding="utf-8") for path in sorted(out.rglob("*.html")) if "_static" not in path.parts
    }
    written = {path: draw_icons(text) for path, text in pages.items()}
    written = {path: split_figures(text, out, path) for path, text in written.items()}
    smaller = {path.name: shrink(path) for path in sorted(out.glob("_images/*.png"))}
    written = {path: PNG.sub(lambda name: smaller.get(name[0], name[0]), text) for path, text in written.items()}
    sheet = out / "_static" / "style.css"
    if any((out / "_static").glob(SHEETS[0])):  # Sphinx copies its files only when it has written a page
        sheet.write_text(style_sheet(out / "_static", written.values()), encoding="utf-8")
        letters = set(html.unescape("".join(written.values())))
        for font in out.glob("_static/**/*.woff2"):
            keep_letters(font, letters)
        for pattern in UNUSED:
            for path in (out / "_static").glob(pattern):
                shutil.rmtree(path) if path.is_dir() else path.unlink()
    for path, text in written.items():
        text = re.sub(r"(_static/(?:style\.css|book\.js))(\?v=\w+)?", partial(with_digest, out), text)
        if text != pages[path]:
            path.write_text(text, encoding="utf-8")


def with_digest(out: Path, name: re.Match[str]) -> str:
    """A file's name with a digest of what is in it, so that a browser asks for it again when it changes."""
    return f"{name[1]}?v={hashlib.sha256((out / name[1]).read_bytes()).hexdigest()[:8]}"


# Icons and figures


def draw_icons(text: str) -> str:
    """The page with a drawing where the theme has a letter of Font Awesome."""
    return ICON.sub(icon, text)


def icon(found: re.Match[str]) -> str:
    """One drawing. A name that is not in ICONS is a KeyError: add its lines there."""
    _, classes, name, rest = found.groups()
    kept = "icon theme-switch" if classes.startswith("theme-switch") else "icon"
    return f'<svg class="{kept}" viewBox="0 0 24 24" aria-hidden="true"{rest}><path d="{ICONS[name]}"/></svg>'


FIGURE = re.compile(r'(<div data-ganlib="(\w+)"[^>]*)>\n<script>\n(.*?)</script>\n', re.DOTALL)
PICTURE = re.compile(r'(<img [^>]*)src="data:image/png;base64,([A-Za-z0-9+/=]+)"')


def split_figures(text: str, out: Path, path: Path) -> str:
    """The page without what its interactive figures are made of, which becomes files beside the others.

    A figure keeps its place and its picture; `book.js` loads its script when it comes near. The figure that a chapter
    opens with does not wait: it would change its height under the reader's eyes.
    """
    root = "../" * len(path.relative_to(out).parent.parts)
    first = FIGURE.search(text.partition("<h2")[0])

    def script(found: re.Match[str]) -> str:
        name = f"_images/figure-{found[2]}.js"
        (out / name).write_text(found[3], encoding="utf-8")
        if first and found.start() == first.start():
            return f'{found[1]}>\n<script src="{root}{name}"></script>\n'
        return f'{found[1]} data-script="{root}{name}">\n'

    def picture(found: re.Match[str]) -> str:
        content = base64.b64decode(found[2])
        name = f"_images/{hashlib.sha256(content).hexdigest()}.png"
        (out / name).write_bytes(content)
        return f'{found[1]}loading="lazy" src="{root}{name}"'

    return PICTURE.sub(picture, FIGURE.sub(script, text))


PNG = re.compile(r"(?<=_images/)[\w-]+\.png")


def shrink(path: Path) -> str:
    """Stores a picture as WebP, without a loss, where that is smaller. Returns the name of what is left."""
    small = path.with_suffix(".webp")
    with Image.open(path) as picture:
        picture.save(small, lossless=True, method=2, quality=50)
    larger = path if small.stat().st_size < path.stat().st_size else small
    larger.unlink()
    return path.name if larger is small else small.name


# Style


def style_sheet(static: Path, pages: Iterable[str]) -> str:
    """All style sheets in one, without comments and without what no page has."""
    used = names_in(pages) | SCRIPT_NAMES
    text = "".join(
        "".join(rules(read_sheet(path, static), used)) for pattern in SHEETS for path in sorted(static.glob(pattern))
    )
    return without_unused_variables(text)


def read_sheet(path: Path, static: Path) -> list[Any]:
    """A style sheet's rules; addresses in it as seen from `_static`."""
    folder = path.parent.relative_to(static).as_posix()
    text = path.read_text(encoding="utf-8")
    if folder != ".":
        text = re.sub(r'url\("(?!data:)', f'url("{folder}/', text)
    return tinycss2.parse_stylesheet(text, skip_comments=True, skip_whitespace=True)


def names_in(pages: Iterable[str]) -> set[str]:
    """The classes, ids and elements of the pages."""
    found: set[str] = set()
    for text in pages:
        for value in set(re.findall(r'\s(?:class|id)="([^"]*)"', text)):
            found.update(value.split())
        found.update(re.findall(r"<([a-z][a-z0-9-]*)", text))
    return found


def rules(nodes: Iterable[Any], used: set[str]) -> Iterator[str]:
    """The rules that may hold for something, as text; those about the theme twice, see `by_system`."""
    for node in nodes:
        if node.type == "error":
            raise ValueError(f"A style sheet has a mistake in line {node.source_line}: {node.message}")
        if node.type == "at-rule" and node.lower_at_keyword in ("media", "supports", "container"):
            inner = "".join(rules(tinycss2.parse_rule_list(node.content, True, True), used))
            if inner:
                yield f"@{node.lower_at_keyword} {short(node.prelude)}{{{inner}}}"
        elif node.type == "at-rule" and node.lower_at_keyword == "font-face" and "Font Awesome" in short(node.content):
            continue
        elif node.type == "at-rule" and node.lower_at_keyword not in ("charset", "import"):
            body = f"{{{short(node.content)}}}" if node.content is not None else ";"
            yield f"@{node.lower_at_keyword} {short(node.prelude)}{body}"
        elif node.type == "qualified-rule":
            selectors = [one for one in split_at_commas(node.prelude) if may_match(one, used)]
            body = short(node.content).rstrip(";")
            if selectors and body:
                yield f"{','.join(selectors)}{{{body}}}"
                yield from by_system(selectors, body)


def by_system(selectors: list[str], body: str) -> Iterator[str]:
    """The rule once more, for pages whose theme is still "auto", where the reader's system wants that theme."""
    for theme in ("light", "dark"):
        said = re.compile(rf"\[data-theme=[\"']?{theme}[\"']?\]")
        auto = [said.sub("[data-theme=auto]", one) for one in selectors if said.search(one)]
        if auto:
            query = "(prefers-color-scheme:dark)" if theme == "dark" else "not all and (prefers-color-scheme:dark)"
            yield f"@media {query}{{{','.join(auto)}{{{body}}}}}"


def short(tokens: list[Any]) -> str:
    """Tokens as text, without comments and needless space."""
    text = tinycss2.serialize([token for token in tokens if token.type != "comment"])
    return re.sub(r"\s*([{};,>]|:(?=\s))\s*", r"\1", re.sub(r"\s+", " ", text)).strip()


def split_at_commas(prelude: list[Any]) -> list[str]:
    """The selectors of a rule."""
    parts: list[list[Any]] = [[]]
    for token in prelude:
        if token == ",":
            parts.append([])
        else:
            parts[-1].append(token)
    return [short(part) for part in parts]


def may_match(selector: str, used: set[str]) -> bool:
    """Whether all that the selector asks for is on some page; what stands in parentheses does not count."""
    bare = re.sub(r"\[[^]]*\]|::?[\w-]+", " ", re.sub(r"\([^()]*\)", "", re.sub(r"\([^()]*\)", "", selector)))
    names = re.findall(r"[.#]((?:[\w-]|\\.)+)", bare)
    elements = re.findall(r"(?:^|[\s>+~])([a-z][a-z0-9-]*)", bare)
    return all(name.replace("\\", "") in used for name in names) and all(name in used for name in elements)


def without_unused_variables(text: str) -> str:
    """The style sheet without the variables that nothing reads, of which the theme has some thousand."""
    variable = re.compile(r"(?<=[{;])(--[\w-]+):(?:[^;{}\"']|\"[^\"]*\"|'[^']*')*(?:;|(?=\}))")
    while True:
        read = set(re.findall(r"var\(\s*(--[\w-]+)", text))
        unread = [found for found in variable.finditer(text) if found[1] not in read]
        if not unread:
            return re.sub(r"[^{};]+\{\}", "", text)
        for found in reversed(unread):
            text = text[: found.start()] + text[found.end() :]


# Fonts


def keep_letters(path: Path, letters: set[str]) -> None:
    """Leaves in a font the letters, and of a variable font's weights those that the book uses."""
    options = subset.Options(hinting=False, layout_features=["kern", "liga", "mark", "mkmk", "locl", "tnum"])
    font = TTFont(path)
    cutter = subset.Subsetter(options)
    cutter.populate(unicodes=sorted(map(ord, letters)))
    cutter.subset(font)
    if "fvar" in font:
        font = instancer.instantiateVariableFont(font, {"wght": (400, 700)})
    font.flavor = "woff2"
    font.save(path)


def setup(app: Sphinx) -> dict[str, Any]:
    """Sphinx calls this."""
    app.connect("build-finished", finish, priority=900)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
