"""Where the book's repository is: what `_config.yml` says, or the checkout's origin while the setting still says OWNER.

`scripts/address.py` finds the address. With one, the pages get a button that opens them on Colab and the address under
which they are to be found (the canonical link), and the pages, as well as the notebooks that readers download, show it
wherever the files that they are made from say OWNER. Without one there is no button, and a chapter's page says how to
set the address.
"""

import sys
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.config import Config

sys.path.append(str(Path(__file__).resolve().parents[2] / "scripts"))
import address as addresses

NO_BUTTON = (
    "This page has no button for Colab, because the book does not know where its repository is: "
    f"{addresses.HOW_TO_SET}, and build the book again."
)


def find(app: Sphinx, config: Config) -> None:
    """Finds the address, and tells the theme."""
    found = config.repository_address = addresses.found(Path(app.srcdir))
    options = config.html_theme_options
    if found is None:
        options.pop("repository_url", None)
        options.pop("launch_buttons", None)
        return
    options["repository_url"] = found
    if not config.html_baseurl:  # where it is set, the book stands under an address of its own
        config.html_baseurl = addresses.forms(found)[2] + "/"


def write(app: Sphinx, docname: str, source: list[str]) -> None:
    """Before a page is parsed: puts the address into it."""
    source[0] = with_address(app, source[0])


def with_address(app: Sphinx, text: str) -> str:
    """The text, with the address that was found in place of the setting's."""
    found = app.config.repository_address
    return addresses.replaced(text, addresses.address(Path(app.srcdir)), found) if found else text


def say_how_to_set_it(app: Sphinx, doctree: nodes.document, docname: str) -> None:
    """Where no address was found, a chapter says under its title, and the line with its times, what to do."""
    if app.config.repository_address is None and Path(app.env.doc2path(docname)).suffix == ".ipynb":
        words = NO_BUTTON.split("`")
        parts = [nodes.literal("", word) if i % 2 else nodes.Text(word) for i, word in enumerate(words)]
        section = next(doctree.findall(nodes.section))
        section.insert(2, nodes.paragraph("", "", *parts, classes=["no-address"]))


def write_downloads(app: Sphinx, exception: Exception | None) -> None:
    """Puts the address into the notebooks that readers download: Sphinx has copied the files as they are."""
    for path in Path(app.outdir, "_sources").rglob("*.*"):
        text = path.read_text(encoding="utf-8")
        path.write_text(with_address(app, text), encoding="utf-8")


def setup(app: Sphinx) -> dict[str, Any]:
    """Sphinx calls this."""
    app.add_config_value("repository_address", None, "env")  # "env": with another one, every page is made anew
    app.connect("config-inited", find)
    app.connect("source-read", write)
    app.connect("doctree-resolved", say_how_to_set_it)
    app.connect("build-finished", write_downloads)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
