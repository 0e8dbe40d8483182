"""The repository's address: prints it, or changes it wherever it stands.

    python scripts/address.py
    python scripts/address.py https://github.com/YOU/ganlib

The setting is `repository: url` in _config.yml, from which Jupyter Book makes the Colab buttons. The chapters' first
cells, which install ganlib where it is missing, hold a copy, because a notebook has to stand alone. So do README,
pyproject.toml and CITATION.cff, where the address also stands as Colab's and as that of the book on GitHub Pages.
This changes them all; `tests/test_address.py` fails when they disagree. The publishing workflow runs it, so a fork's
book opens the fork's notebooks. Outputs stay valid: an address is no part of the code that `scripts/notebooks.py`
hashes.
"""

import argparse
import re
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
ADDRESS = re.compile(r"https://github\.com/[\w-]+/[\w.-]*[\w-]")
SETTING = re.compile(r"^repository:\n(?: .*\n)*? +url: +(\S+)$", re.MULTILINE)


def address(root: Path = ROOT) -> str:
    """What the setting says."""
    found = SETTING.search((root / "_config.yml").read_text(encoding="utf-8"))
    if found is None:
        raise ValueError("_config.yml has no `repository:` with a `url:`, the setting that holds the address.")
    return found.group(1)


def files(root: Path = ROOT) -> list[Path]:
    """Those that may hold the address."""
    patterns = ("_config.yml", "pyproject.toml", "CITATION.cff", "*.md", "book/*.md", "book/text/*.md", "book/*.ipynb")
    return [path for pattern in patterns for path in sorted(root.glob(pattern))]


def forms(address: str) -> list[str]:
    """How the address stands in the files: itself, where Colab opens its notebooks, and where its book is."""
    owner, name = address.removeprefix("https://github.com/").split("/")
    return [address, f"https://colab.research.google.com/github/{owner}/{name}", f"https://{owner}.github.io/{name}"]


def stamp(new: str, root: Path = ROOT) -> list[Path]:
    """Puts `new` in the place of the address; returns the files that changed.

    Raises:
        ValueError: `new` is no address of a repository on GitHub, which is where Colab opens notebooks from.
    """
    if not ADDRESS.fullmatch(new):
        raise ValueError(f"{new!r} is no repository's address; expected https://github.com/OWNER/NAME.")
    pairs = list(zip(forms(address(root)), forms(new), strict=True))
    changed = []
    for path in files(root):
        before = path.read_text(encoding="utf-8")
        after = before
        for old, form in pairs:
            after = re.sub(re.escape(old) + r"(?![\w-])", form, after)
        if after != before:
            path.write_text(after, encoding="utf-8")
            changed.append(path)
    return changed


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("new", nargs="?", metavar="ADDRESS", help="https://github.com/OWNER/NAME")
    new = parser.parse_args().new
    if new is not None:
        try:
            changed = stamp(new)
        except ValueError as error:
            parser.error(str(error))
        print(f"{len(changed)} files changed.")
    print(address())


if __name__ == "__main__":
    main()
