"""What a search engine, a shared link and a visitor who is lost read of the book.

Each page has a title and a description, those of `book/descriptions.yml`, also in Open Graph's form, with a card that
shows the page's own first picture. `sitemap.xml` lists the pages, `robots.txt` names it, `404.html` leads back from an
address that is none, and the root's `index.html` leads to the start page. What needs a full address (the canonical
link, the card, the sitemap) is there when the repository's address is known, see `repository.py`.
"""

import base64
import html
import io
import re
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import yaml
from PIL import Image, ImageDraw
from sphinx.application import Sphinx
from sphinx.config import Config

CARD = (1200, 630)  # pixels, the size that Open Graph's readers show whole
MARGIN = 60
SHORT_TITLE = "GANs, by running them"  # after a page's own title
PICTURE = re.compile(
    r'<img [^>]*?src="(?:[./]*_images/([\w-]+)\.(?:png|webp)|data:image/png;base64,([A-Za-z0-9+/=]+))"'
)
FALLBACK = "book/_static/digits.png"

ROOT_PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
{head}<meta http-equiv="refresh" content="0; url={start}">
</head>
<body><p><a href="{start}">{title}</a>: {description}</p></body>
</html>
"""


def read_descriptions(app: Sphinx, config: Config) -> None:
    """Reads what is said of each page; the pages are made anew when that changes."""
    path = Path(app.srcdir) / "book" / "descriptions.yml"
    config.page_descriptions = yaml.safe_load(path.read_text(encoding="utf-8"))


def tags(title: str, description: str, base: str, docname: str, kind: str = "article") -> str:
    """The lines of a page's head. Without the book's address, `base`, those that need one are left out."""
    facts = {"og:type": kind, "og:site_name": SHORT_TITLE, "og:title": title, "og:description": description}
    if base:
        facts["og:url"] = f"{base}{docname}.html"
        facts["og:image"] = f"{base}_cards/{card_name(docname)}"
        facts["og:image:width"], facts["og:image:height"] = map(str, CARD)
        facts["og:image:alt"] = f"The first picture of the page: {title}"
    lines = [f'<meta name="description" content="{html.escape(description)}"/>']
    lines += [f'<meta property="{name}" content="{html.escape(text)}"/>' for name, text in facts.items()]
    lines.append('<meta name="twitter:card" content="summary_large_image"/>')
    return "\n".join(lines) + "\n"


def card_name(docname: str) -> str:
    """The file of a page's card, in `_cards`: a PNG, which every reader of Open Graph shows."""
    return f"card-{docname.replace('/', '-')}.png"


def describe(app: Sphinx, pagename: str, templatename: str, context: dict, doctree: Any) -> None:
    """Puts the description and Open Graph's lines into a page's head."""
    description = app.config.page_descriptions.get(pagename)
    if description is None:
        return
    start = pagename == app.config.root_doc
    title = re.sub(r"<[^>]+>", "", context.get("title", ""))
    title = html.unescape(title)
    if pagename.startswith("book/api/"):
        title = f"ganlib: {title}"
    context["page_title"] = title if start else f"{title} · {SHORT_TITLE}"
    added = tags(title, description, app.config.html_baseurl, pagename, "website" if start else "article")
    context["metatags"] = (context.get("metatags") or "") + added


def write(app: Sphinx, exception: Exception | None) -> None:
    """Sphinx calls this when all pages are written, and before `finish.py` makes their pictures smaller."""
    if exception or app.builder.format != "html":
        return
    out, base, said = Path(app.outdir), app.config.html_baseurl, app.config.page_descriptions
    start = f"{app.config.root_doc}.html"
    (out / "_cards").mkdir(exist_ok=True)
    for docname in sorted(said):
        if base and (out / f"{docname}.html").exists():
            card(app, docname).save(out / "_cards" / card_name(docname), optimize=True)
    description = said[app.config.root_doc]
    head = f'<link rel="canonical" href="{base}{start}">\n' if base else ""
    head += tags(app.config.html_title, description, base, app.config.root_doc, "website")
    page = ROOT_PAGE.format(title=app.config.html_title, description=description, head=head, start=start)
    (out / "index.html").write_text(page, encoding="utf-8")
    lost = out / "404.html"
    lost.write_text(from_the_root(lost.read_text(encoding="utf-8"), base), encoding="utf-8")
    robots = "User-agent: *\nAllow: /\n"
    if base:
        (out / "sitemap.xml").write_text(sitemap(base, sorted(said)), encoding="utf-8")
        robots += f"Sitemap: {base}sitemap.xml\n"
    (out / "robots.txt").write_text(robots, encoding="utf-8")


def sitemap(base: str, docnames: list[str]) -> str:
    """The list of the pages' addresses for search engines."""
    places = "".join(f"<url><loc>{base}{docname}.html</loc></url>\n" for docname in docnames)
    return (
        '<?xml version="1.0" encoding="utf-8"?>\n'
        f'<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">\n{places}</urlset>\n'
    )


def from_the_root(text: str, base: str) -> str:
    """The page with addresses that hold wherever it is shown: a host answers with it at any depth."""
    root = urlsplit(base).path or "/"
    own = r'\b(href|src|action|data-src)="(?!#|/|[a-z]+:)(?:\./)?([^"]*)"'
    return re.sub(own, lambda found: f'{found[1]}="{root}{found[2]}"', text)


def card(app: Sphinx, docname: str) -> Image.Image:
    """The page's first picture that is larger than an icon, on white, in the card's size; else the start page's."""
    out = Path(app.outdir)
    text = (out / f"{docname}.html").read_text(encoding="utf-8").partition("<article")[2]
    for found in PICTURE.finditer(text):
        if found[2]:
            source: Any = io.BytesIO(base64.b64decode(found[2]))
        else:
            source = next(out.glob(f"_images/{found[1]}.*"), None)
        if source is None:
            continue
        with Image.open(source) as picture:
            if picture.width >= 400 and picture.height >= 150:
                return on_card(picture.convert("RGBA"))
    with Image.open(Path(app.srcdir) / FALLBACK) as picture:
        return on_card(picture.convert("RGBA"))


def on_card(picture: Image.Image) -> Image.Image:
    """A picture, as large as it may be, in the middle of a white card with the book's blue at its foot."""
    whole = Image.new("RGB", CARD, "white")
    scale = min((CARD[0] - 2 * MARGIN) / picture.width, (CARD[1] - 2 * MARGIN) / picture.height)
    small = picture.resize((round(picture.width * scale), round(picture.height * scale)), Image.Resampling.LANCZOS)
    whole.paste(small, ((CARD[0] - small.width) // 2, (CARD[1] - small.height) // 2), small)
    ImageDraw.Draw(whole).rectangle((0, CARD[1] - 14, *CARD), fill="#0067a3")
    return whole


def add_lost_page(app: Sphinx) -> list[tuple[str, dict, str]]:
    """The page for addresses that are none."""
    return [("404", {"title": "There is no such page"}, "404.html")]


def setup(app: Sphinx) -> dict[str, Any]:
    """Sphinx calls this."""
    app.add_config_value("page_descriptions", {}, "html")
    app.connect("config-inited", read_descriptions)
    app.connect("html-page-context", describe, priority=950)
    app.connect("html-collect-pages", add_lost_page)
    app.connect("build-finished", write, priority=800)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
