"""Puts the code cell that every chapter begins with into every chapter's text.

    python scripts/first_cell.py

It installs ganlib where that is missing, on Colab for example. Change it here, run this, then `scripts/notebooks.py
prose`: the outputs do not depend on it. `tests/test_address.py` fails where a chapter begins with another cell.
"""

import re
from pathlib import Path

from address import ROOT, address

# While the address says OWNER, pip is not asked for it: that may be somebody's name on GitHub.
FIRST_CELL = """\
# @title Set-up: installs ganlib where it is missing, and takes a framework
from glob import glob
from importlib.util import find_spec

if not find_spec("ganlib"):  # on Colab, for example
    sources = [*glob("ganlib-*-any.whl"), "git+ADDRESS"]
    if "/OWNER/" not in sources[0]:  # the address has been set
        %pip install -q {sources[0]}
assert find_spec("ganlib"), (
    "To install ganlib, put its repository's address into this cell, or upload "
    "the wheel that `make wheel` builds to this folder; then run it again."
)
import ganlib

# PyTorch where it is installed, else TensorFlow;
# ganlib.backend("tensorflow") takes the other one.
gl = ganlib.backend()
ganlib.plots.style()
place = gl.device_name()
print("The networks of this chapter run in", gl.name, "on the", place)
"""
OPENING = "```{code-cell} ipython3\n:tags: [hide-input, remove-output]\n\n"
# The cell as jupytext writes it, but for its last line.
CELL = re.compile(r"^```\{code-cell\} ipython3\n.*?(?=^```$)", re.DOTALL | re.MULTILINE)


def first_cell(root: Path = ROOT) -> str:
    """The cell's code, with the address that the setting says."""
    return FIRST_CELL.replace("ADDRESS", address(root))


def put(root: Path = ROOT) -> list[Path]:
    """Replaces the first cell of each text; returns those that changed."""
    changed = []
    for path in sorted(root.glob("book/text/*.md")):
        before = path.read_text(encoding="utf-8")
        cell = CELL.search(before)
        if cell is None:
            raise ValueError(f"{path.name} has no code cell, so none to put the first cell in the place of.")
        after = f"{before[: cell.start()]}{OPENING}{first_cell(root)}{before[cell.end() :]}"
        if after != before:
            path.write_text(after, encoding="utf-8")
            changed.append(path)
    return changed


if __name__ == "__main__":
    print(f"{len(put())} texts changed.")
