"""Prints the built book into one PDF, with a table of contents that links, outlines and page numbers.

    python scripts/pdf.py [_build/html] [_build/html/book.pdf]

Each page is printed by a headless Chromium, in the order of the book's contents, in the light and with scripts on, so
that it is what a reader gets who prints it. The pages are then put together behind a title page and the contents; links
from page to page lead to pages of the same PDF.
"""

import argparse
import io
import re
import shutil
import sys
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any
from urllib.parse import unquote, urlsplit

from playwright.sync_api import Browser, PdfMargins, sync_playwright
from pypdf import PdfReader, PdfWriter
from pypdf.generic import ArrayObject, NameObject, NullObject, NumberObject

ROOT = Path(__file__).resolve().parent.parent
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
MARGIN: PdfMargins = {"top": "18mm", "bottom": "20mm", "left": "20mm", "right": "20mm"}
WAIT = 180_000  # milliseconds that a page may take, on a machine as busy as it may be
EVERYTHING = """async () => {
    for (const image of document.images) image.loading = "eager"
    await Promise.all([...document.images].map(image => image.decode().catch(() => {})))
    await document.fonts.ready
}"""
CONTENTS = """<!DOCTYPE html><html lang="en"><meta charset="utf-8"><style>
body {{ font: 11pt/1.45 "Source Serif", Georgia, serif; }}
h1 {{ font-size: 30pt; line-height: 1.1; margin: 60mm 0 6mm; }}
h2 {{ break-before: page; }} ol {{ list-style: none; padding: 0; }} li {{ display: flex; }}
a {{ color: inherit; text-decoration: none; }} i {{ border-bottom: 1px dotted; flex: 1; margin: 0 2mm 1.5mm; }}
</style><h1>{title}</h1><p>{author}</p><h2>Contents</h2><ol>{lines}</ol></html>"""
FOOT = '<div style="font-size:8pt;text-align:center;width:100%">{}</div>'


class Quiet(SimpleHTTPRequestHandler):
    """A server that says nothing."""

    def log_message(self, *arguments: Any) -> None:
        """Says nothing."""


def order(site: Path) -> list[str]:
    """The book's pages, as its contents list them."""
    start = (site / "book" / "index.html").read_text(encoding="utf-8")
    contents = re.search(r'<nav[^>]*class="[^"]*bd-docs-nav.*?</nav>', start, re.DOTALL)
    if contents is None:
        raise ValueError(f"{site}/book/index.html has no contents; build the book first: make book.")
    links = re.findall(r'href="([^"#]+\.html)"', contents[0])
    return list(dict.fromkeys(["book/index.html", *(f"book/{link}" for link in links)]))


def printed(browser: Browser, address: str, name: str) -> tuple[str, bytes]:
    """A page's title and its PDF."""
    context = browser.new_context(viewport={"width": 1000, "height": 1200}, color_scheme="light")
    page = context.new_page()
    page.set_default_timeout(WAIT)
    page.goto(address + name)
    page.evaluate(EVERYTHING)
    title = page.evaluate("document.querySelector('h1').childNodes.length && document.querySelector('h1').innerText")
    data = page.pdf(format="A4", margin=MARGIN, print_background=True)
    context.close()
    return title.replace("#", "").strip(), data


def front(browser: Browser, lines: str, title: str, author: str) -> PdfReader:
    """The title page and the contents."""
    page = browser.new_page()
    page.set_content(CONTENTS.format(title=title, author=author, lines=lines))
    data = page.pdf(format="A4", margin=MARGIN)
    page.close()
    return PdfReader(io.BytesIO(data))


def numbers(browser: Browser, count: int) -> PdfReader:
    """As many empty pages, with their numbers at the foot."""
    page = browser.new_page()
    page.set_content('<div style="break-after: page">&nbsp;</div>' * (count - 1) + "<div>&nbsp;</div>")
    foot = FOOT.format('<span class="pageNumber"></span>')
    data = page.pdf(
        format="A4", margin=MARGIN, display_header_footer=True, header_template="<i></i>", footer_template=foot
    )
    page.close()
    return PdfReader(io.BytesIO(data))


def make(site: Path, target: Path, browser: Browser, address: str) -> int:
    """Writes the PDF; returns its number of pages."""
    names = order(site)
    parts = []
    for name in names:
        title, data = printed(browser, address, name)
        parts.append((name, title, PdfReader(io.BytesIO(data))))
        print(f"{name}: {len(parts[-1][2].pages)} pages", file=sys.stderr)

    def contents(starts: list[int]) -> str:
        rows = zip(names, parts, starts, strict=True)
        return "".join(
            f'<li><a href="https://book/{name}">{part[1]}</a><i></i>{start + 1}</li>' for name, part, start in rows
        )

    book = parts[0][1]
    before = len(front(browser, contents([0] * len(parts)), book, "the ganlib authors").pages)
    starts = [before]
    for _, _, reader in parts:
        starts.append(starts[-1] + len(reader.pages))
    writer = PdfWriter()
    writer.append(front(browser, contents(starts[:-1]), book, "the ganlib authors"))
    for (_, title, reader), start in zip(parts, starts, strict=False):
        writer.append(reader, import_outline=False)
        writer.add_outline_item(title=title, page_number=start)
    lead_inside(writer, dict(zip(names, starts, strict=False)), address)
    for page, foot in zip(writer.pages, numbers(browser, len(writer.pages)).pages, strict=True):
        page.merge_page(foot)
        page.compress_content_streams()
    writer.add_metadata({"/Title": book, "/Author": "the ganlib authors"})
    writer.compress_identical_objects()
    target.parent.mkdir(parents=True, exist_ok=True)
    writer.write(target)
    return len(writer.pages)


def lead_inside(writer: PdfWriter, starts: dict[str, int], address: str) -> None:
    """Turns links to the book's own pages into links inside the PDF."""
    for page in writer.pages:
        for reference in page.get("/Annots") or []:
            link = reference.get_object()
            uri = str(link.get("/A", {}).get("/URI", ""))
            own = next((uri.removeprefix(b) for b in ("https://book/", address) if uri.startswith(b)), None)
            name = unquote(urlsplit(own).path) if own is not None else None
            if name in starts:
                place = writer.pages[starts[name]].indirect_reference
                del link["/A"]
                link[NameObject("/Dest")] = ArrayObject(
                    [place, NameObject("/XYZ"), NullObject(), NullObject(), NumberObject(0)]
                )


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("site", nargs="?", type=Path, default=ROOT / "_build" / "html")
    parser.add_argument("target", nargs="?", type=Path, default=ROOT / "_build" / "html" / "book.pdf")
    options = parser.parse_args()
    program = next(filter(None, map(shutil.which, BROWSERS)), None)
    if program is None:
        sys.exit(f"A browser prints the book, and there is none of {', '.join(BROWSERS)}; install one.")
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=options.site)) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        with sync_playwright() as running:
            browser = running.chromium.launch(executable_path=program, args=["--no-sandbox", "--disable-gpu"])
            address = f"http://127.0.0.1:{server.server_port}/"
            pages = make(options.site, options.target, browser, address)
            browser.close()
        server.shutdown()
    print(f"{options.target}: {pages} pages, {options.target.stat().st_size / 1e6:.1f} MB")


if __name__ == "__main__":
    main()
