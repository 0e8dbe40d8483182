"""The repository's address: prints it, or changes it wherever it stands.

    python scripts/address.py
    python scripts/address.py https://github.com/YOU/ganlib
    python scripts/address.py origin

The setting is `repository: url` in _config.yml, from which Jupyter Book makes the Colab buttons. The chapters' first
cells, which install ganlib where it is missing, hold a copy, because a notebook has to stand alone. So do README,
pyproject.toml and CITATION.cff, where the address also stands as Colab's and as that of the book on GitHub Pages.
This changes them all; `tests/test_address.py` fails when they disagree. The publishing workflow runs it, so a fork's
book opens the fork's notebooks. Outputs stay valid: an address is no part of the code that `scripts/notebooks.py`
hashes.

While the setting still says OWNER, the book is built with the address of the checkout's remote `origin`, if that is a
repository on GitHub (`book/_ext/repository.py`). The word `origin` in place of an address writes it into the files.
"""

import argparse
import re
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
ADDRESS = re.compile(r"https://github\.com/[\w-]+/[\w.-]*[\w-]")
OWNER = "https://github.com/OWNER/"  # how the setting begins until somebody sets it
# How Git names a repository on GitHub: as an address, with or without a user, or in the short form of SSH.
REMOTE = re.compile(
    r"(?:(?:https?|git|ssh)://(?:[^@/]+@)?(?:(?:www|ssh)\.)?github\.com(?::\d+)?/|(?:[^@/:]+@)?github\.com:/?)"
    r"(?P<owner>[^/]+)/(?P<name>[^/]+?)(?:\.git)?/?",
    re.IGNORECASE,
)
HOW_TO_SET = (
    "give the checkout a remote `origin` on GitHub, or run `python scripts/address.py https://github.com/YOU/NAME`"
)
SETTING = re.compile(r"^repository:\n(?: .*\n)*? +url: +(\S+)$", re.MULTILINE)


def address(root: Path = ROOT) -> str:
    """What the setting says."""
    found = SETTING.search((root / "_config.yml").read_text(encoding="utf-8"))
    if found is None:
        raise ValueError("_config.yml has no `repository:` with a `url:`, the setting that holds the address.")
    return found.group(1)


def public(remote: str) -> str | None:
    """The address of the repository on GitHub that a remote names, without the user and password; else None."""
    found = REMOTE.fullmatch(remote)
    if found is None:
        return None
    repository = f"https://github.com/{found['owner']}/{found['name']}"
    return repository if ADDRESS.fullmatch(repository) and not repository.startswith(OWNER) else None


def origin(root: Path = ROOT) -> str | None:
    """The address of the checkout's remote `origin`; None where that is no repository on GitHub, or where none is."""
    if not (root / ".git").exists():  # Git would look further, into a repository that this folder only lies in
        return None
    try:
        command = ["git", "-C", str(root), "remote", "get-url", "origin"]
        said = subprocess.run(command, capture_output=True, text=True)
    except OSError:  # Git is not installed
        return None
    return public(said.stdout.strip()) if said.returncode == 0 else None


def found(root: Path = ROOT) -> str | None:
    """What the book is built with: the setting, or the checkout's origin while the setting still says OWNER."""
    setting = address(root)
    return origin(root) if setting.startswith(OWNER) else setting


def files(root: Path = ROOT) -> list[Path]:
    """Those that may hold the address."""
    patterns = ("_config.yml", "pyproject.toml", "CITATION.cff", "*.md", "book/*.md", "book/text/*.md", "book/*.ipynb")
    return [path for pattern in patterns for path in sorted(root.glob(pattern))]


def forms(address: str) -> list[str]:
    """How the address stands in the files: itself, where Colab opens its notebooks, and where its book is."""
    owner, name = address.removeprefix("https://github.com/").split("/")
    return [address, f"https://colab.research.google.com/github/{owner}/{name}", f"https://{owner}.github.io/{name}"]


def replaced(text: str, old: str, new: str) -> str:
    """The text with the address `new` where it had `old`, in all forms."""
    for before, after in zip(forms(old), forms(new), strict=True):
        text = re.sub(re.escape(before) + r"(?![\w-])", after, text)
    return text


def stamp(new: str, root: Path = ROOT) -> list[Path]:
    """Puts `new` in the place of the address; returns the files that changed.

    Raises:
        ValueError: `new` is no address of a repository on GitHub, which is where Colab opens notebooks from.
    """
    if not ADDRESS.fullmatch(new):
        raise ValueError(f"{new!r} is no repository's address; expected https://github.com/OWNER/NAME.")
    old = address(root)
    changed = []
    for path in files(root):
        before = path.read_text(encoding="utf-8")
        after = replaced(before, old, new)
        if after != before:
            path.write_text(after, encoding="utf-8")
            changed.append(path)
    return changed


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("new", nargs="?", metavar="ADDRESS", help="https://github.com/OWNER/NAME, or the word origin")
    new = parser.parse_args().new
    if new == "origin":
        new = origin()
        if new is None:
            parser.error("This checkout has no remote `origin` on GitHub.")
    if new is not None:
        try:
            changed = stamp(new)
        except ValueError as error:
            parser.error(str(error))
        print(f"{len(changed)} files changed.")
    print(found() or f"No address is set: {HOW_TO_SET}.")


if __name__ == "__main__":
    main()
