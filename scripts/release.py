"""Says whether a tag fits what it would release, and prints what has changed since the version before.

    python scripts/release.py v0.2.0
    python scripts/release.py v0.2.0 dist/notes.md      # into a file instead

The version stands in ganlib/__init__.py, where the wheel takes it from, in CITATION.cff, and as the newest heading of
CHANGELOG.md. `.github/workflows/release.yml` runs this before it builds anything.
"""

import argparse
import re
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def found(path: str, pattern: str, root: Path = ROOT) -> str:
    """What a pattern's group finds first in a file."""
    match = re.search(pattern, (root / path).read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    if match is None:
        raise ValueError(f"{path} has no line like {pattern}.")
    return match[1]


def notes(tag: str, root: Path = ROOT) -> str:
    """The changelog's section of this version.

    Raises:
        ValueError: the tag, the package, the citation and the changelog do not name one version.
    """
    version = tag.removeprefix("v")
    if not re.fullmatch(r"v\d+\.\d+\.\d+", tag):
        raise ValueError(f"{tag!r} is no tag of a version; expected one like v0.2.0.")
    places = {
        "ganlib/__init__.py": r'^__version__ = "([^"]+)"$',
        "CITATION.cff": r"^version: (\S+)$",
        "CHANGELOG.md": r"^## ([^\n]+)$",
    }
    for path, pattern in places.items():
        if (there := found(path, pattern, root)) != version:
            raise ValueError(f"The tag is {tag}, and {path} says {there}. Set it to {version} and move the tag.")
    return found("CHANGELOG.md", rf"^## {re.escape(version)}\n+(.*?)\s*(?=^## |\Z)", root) + "\n"


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("tag")
    parser.add_argument("file", nargs="?", type=Path)
    options = parser.parse_args()
    try:
        text = notes(options.tag)
    except ValueError as error:
        parser.error(str(error))
    if options.file is None:
        print(text, end="")
    else:
        options.file.parent.mkdir(parents=True, exist_ok=True)
        options.file.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
