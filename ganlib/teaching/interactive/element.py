"""What every figure is: one HTML element with a static picture, and a script that takes the picture's place."""

from __future__ import annotations

import base64
import hashlib
import html
import io
import json
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ganlib.runtime import pictures
from ganlib.runtime.files import write_aside

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from PIL.Image import Image

# Of the static pictures, on top of Matplotlib's defaults, whatever the reader has set.
STYLE = {"axes.titlesize": 9, "axes.titlelocation": "left", "figure.titlesize": 10, "figure.titleweight": "bold"}


@dataclass(frozen=True)
class Interactive:
    """A figure that moves. A notebook shows it when it is the value of a cell's last line."""

    title: str
    alt: str = field(repr=False)  # the text alternative of the static picture
    html: str = field(repr=False)  # one element that stands alone, with that picture and the script that replaces it

    def _repr_html_(self) -> str:
        return self.html

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Writes the figure as a page of its own, which a browser opens without a server. Returns its path."""
        page = (
            '<!DOCTYPE html>\n<html lang="en">\n<meta charset="utf-8">\n'
            '<meta name="viewport" content="width=device-width">\n'
            f"<title>{html.escape(self.title)}</title>\n{self.html}\n</html>\n"
        )
        return write_aside(path, page)


def interactive(
    file: str,
    function: str,
    title: str,
    alt: str,
    draw: Callable[[Figure], None],
    data: Mapping[str, object],
    scripts: Sequence[str] = (),
) -> Interactive:
    """The element of a figure whose script and style sheet lie beside this module under the name `file`.

    The script's `function` draws the data, which must be ready for JSON, and `draw` the static picture into an empty
    figure. The script comes first, so that where it runs nothing moves on the page. `scripts` are the texts of what it
    is built on besides `element.js`.
    """
    shell, own, look, own_look = map(source, ("element.js", f"{file}.js", "element.css", f"{file}.css"))
    own = "\n".join((*scripts, own))
    picture, width, height = _picture(draw)
    payload = _script_json(data)
    # The same content gives the same key, so that running a notebook again gives the same bytes. The script finds its
    # elements by the key, which keeps several figures on one page apart.
    key = hashlib.sha256((shell + own + look + own_look + payload + picture).encode()).hexdigest()[:12]
    call = f"mount({json.dumps(key)}, {_script_json(look + own_look)}, {function}, {payload});"
    label, text = html.escape(title), html.escape(alt)
    page = (
        f'<div data-ganlib="{key}" data-lm-suppress-shortcuts="true" role="group" aria-label="{label}">\n'
        f'<script>\n(() => {{\n"use strict";\n{shell}\n{own}\n{call}\n}})();\n</script>\n'
        f'<img alt="{text}" width="{width}" height="{height}" style="max-width: 100%; height: auto" src="{picture}">\n'
        "<p><em>A picture of a figure that moves where scripts run: in the book, in Jupyter, in Colab.</em></p>\n"
        "</div>"
    )
    return Interactive(title, alt, page)


def source(file: str) -> str:
    """The text of a script or a style sheet in this folder."""
    return (files("ganlib.teaching.interactive") / file).read_text(encoding="utf-8")


def encode(values: np.ndarray, dtype: str) -> str:
    """An array as base64, which `bytes` in `element.js` decodes."""
    return base64.b64encode(values.astype(dtype).tobytes()).decode()


def data_uri(image: Image) -> str:
    """A picture as an address that holds all of it."""
    buffer = io.BytesIO()
    image.save(buffer, format="png", optimize=True)
    return f"data:image/png;base64,{base64.b64encode(buffer.getvalue()).decode()}"


def draw_sheets(figure: Figure, sheets: Mapping[str, np.ndarray], headline: float) -> None:
    """Draws square sheets of images side by side, each below its title, for which this many inches are left."""
    figure.set_size_inches(7.2, 7.2 / len(sheets) + headline)
    for ax, (title, images) in zip(figure.subplots(1, len(sheets), squeeze=False)[0], sheets.items(), strict=True):
        ax.imshow(pictures.tile(images), cmap="gray", vmin=0, vmax=255, interpolation="nearest")
        ax.set_title(title)
        ax.set_axis_off()


def _script_json(value: object) -> str:
    """JSON that may stand in a script element, which the first "</script" would end."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).replace("<", "\\u003c")


def _picture(draw: Callable[[Figure], None]) -> tuple[str, int, int]:
    """The drawing as a data URI, and the size to show it at: two thirds of its own, for sharp screens."""
    import matplotlib.style
    from matplotlib.figure import Figure
    from PIL import Image

    buffer = io.BytesIO()
    with matplotlib.style.context(["default", STYLE]):
        figure = Figure(layout="constrained")
        draw(figure)
        figure.savefig(buffer, format="png", dpi=144, facecolor="white")
    image = Image.open(buffer).convert("RGB")
    # A palette takes a quarter of the bytes. This method keeps the few lines and the white paper as they are.
    image = image.quantize(256, method=Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE)
    return data_uri(image), round(image.width / 1.5), round(image.height / 1.5)
