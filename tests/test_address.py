"""One setting holds the repository's address; the first cells and links agree with it, and a fork's replaces it.

While it says OWNER, the book is built with the address of the checkout's remote.
"""

import json
import re
import shutil
import subprocess
import sys
from importlib import util
from pathlib import Path

import pytest
import yaml

pytest.importorskip("jupytext")
interactiveshell = pytest.importorskip("IPython.core.interactiveshell")

import address  # noqa: E402 (they stand below what needs jupytext)
import first_cell  # noqa: E402
import notebooks  # noqa: E402

ROOT = Path(__file__).resolve().parent.parent
HERE = address.address()
FORK = "https://github.com/some-body/gans.2"


def git(folder, *arguments):
    subprocess.run(["git", "-C", str(folder), *arguments], check=True, capture_output=True)


def test_all_chapters_begin_with_the_same_cell():
    for chapter in notebooks.chapters():
        cell = notebooks.code_cells(notebooks.read_text(chapter))[0]
        assert cell.source + "\n" == first_cell.first_cell(), f"{chapter}: scripts/first_cell.py puts it there."


def test_the_first_cell_is_put_into_a_text_folded(copy):
    text = copy / "book" / "text" / "new.md"
    ends = "# New\n\n", "```\n\n```{code-cell} ipython3\nx = 1\n```\n"
    for tags in ("", ":tags: [a]\n:name: b\n\n", "---\nmystnb:\n  image: {}\n---\n"):
        text.write_text(("```{code-cell} ipython3\n" + tags + "old\n").join(ends), encoding="utf-8")
        assert text in first_cell.put(copy)
        assert text.read_text(encoding="utf-8") == (first_cell.OPENING + first_cell.first_cell(copy)).join(ends)
        assert first_cell.put(copy) == []
    text.write_text("# New\n", encoding="utf-8")
    with pytest.raises(ValueError, match=r"new\.md has no code cell"):
        first_cell.put(copy)


def test_every_address_is_the_one_of_the_setting():
    """What is installed from, and every address of a repository of this name, whoever's; others are just links."""
    name = re.escape(HERE.rpartition("/")[2])
    places = (r"github\.com/[\w-]+", r"colab\.research\.google\.com/github/[\w-]+", r"[\w-]+\.github\.io")
    copies = re.compile(rf"git\+(https://[^\s\\\"]+)|(https://(?:{'|'.join(places)})/{name}(?![\w-]))")
    found = set()
    for path in address.files():
        for copy in copies.finditer(path.read_text(encoding="utf-8")):
            where = copy[1] or copy[2]
            assert where in address.forms(HERE), f"{path.name}: {where}. scripts/address.py changes them all."
            found.add(where)
    assert found == set(address.forms(HERE))


@pytest.fixture
def run_first_cell(tmp_path, monkeypatch):
    """Runs the first cell in IPython, where ganlib is `installed`, or will be if `pip_can`; returns what it asked."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    plt = pytest.importorskip("matplotlib.pyplot")

    def run(cell, installed=False, pip_can=True):
        asked, find_spec = [], util.find_spec
        shell = interactiveshell.InteractiveShell(history_length=0)
        shell.register_magic_function(asked.append, magic_name="pip")

        def find(name, *rest):
            there = name != "ganlib" or installed or (asked and pip_can)
            return find_spec(name, *rest) if there else None

        monkeypatch.setattr(util, "find_spec", find)
        with plt.rc_context():
            result = shell.run_cell(cell)
        monkeypatch.setattr(util, "find_spec", find_spec)
        return asked, result.error_before_exec or result.error_in_exec

    return run


SET = first_cell.first_cell().replace(HERE, FORK)
UNSET = first_cell.first_cell().replace(HERE, f"{address.OWNER}ganlib")
WHEEL = "ganlib-1.2.3-py3-none-any.whl"
SENTENCE = re.compile(
    r"To install ganlib, [^.]*'s address into this cell, or upload the wheel [^.]*`make wheel`[^.]*\."
)


@pytest.mark.parametrize(
    ("cell", "files", "wanted"),
    [
        (SET, [], f"install -q git+{FORK}"),
        (SET, [WHEEL], f"install -q {WHEEL}"),
        (UNSET, [WHEEL], f"install -q {WHEEL}"),
        (UNSET, [WHEEL, f"{WHEEL[:-4]} (1).whl", "other-1.0-py3-none-any.whl"], f"install -q {WHEEL}"),
    ],
    ids=["an address", "a wheel before an address", "a wheel", "the wheel among others"],
)
def test_the_first_cell_installs_a_wheel_beside_it_or_from_the_address(cell, files, wanted, run_first_cell, capsys):
    for name in files:
        Path(name).touch()
    assert run_first_cell(cell) == ([wanted], None)
    assert re.fullmatch(r"The networks of this chapter run in (torch|tensorflow) on the .+\n", capsys.readouterr().out)


def test_the_first_cell_installs_nothing_where_ganlib_is(run_first_cell, capsys):
    Path(WHEEL).touch()
    assert run_first_cell(SET, installed=True) == ([], None)
    assert capsys.readouterr().out.startswith("The networks of this chapter run in ")


def test_a_first_cell_that_cannot_install_says_what_to_do(run_first_cell, capsys):
    asked, error = run_first_cell(SET, pip_can=False)
    assert len(asked) == 1
    assert SENTENCE.fullmatch(str(error))
    assert capsys.readouterr().out.rstrip().endswith(str(error)), "it is the last thing that the reader sees"


def test_a_first_cell_asks_nobody_who_is_called_owner(run_first_cell):
    asked, error = run_first_cell(UNSET)
    assert asked == []
    assert SENTENCE.fullmatch(str(error))


@pytest.fixture
def copy(tmp_path):
    """The files that hold the address, in a folder of their own."""
    for path in address.files():
        target = tmp_path / path.relative_to(ROOT)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, target)
    return tmp_path


def test_a_fork_gets_its_own_address_everywhere(copy):
    changed = address.stamp(FORK, copy)
    assert {copy / name for name in ("_config.yml", "README.md", "pyproject.toml", "CITATION.cff")} < set(changed)
    assert sum(path.suffix == ".md" and path.parent.name == "text" for path in changed) == len(notebooks.chapters())
    assert address.address(copy) == FORK
    for form in address.forms(HERE):
        assert not any(form in path.read_text(encoding="utf-8") for path in address.files(copy))
    address.stamp(HERE, copy)
    for path in address.files():
        assert (copy / path.relative_to(ROOT)).read_bytes() == path.read_bytes(), "there and back again"


def test_a_fork_s_outputs_stay_valid(copy, monkeypatch):
    before = {chapter: notebooks.read_text(chapter) for chapter in notebooks.chapters()}
    address.stamp(FORK, copy)
    monkeypatch.setattr(notebooks, "BOOK", copy / "book")
    for chapter, notebook in before.items():
        after = notebooks.read_text(chapter)
        assert f'"git+{FORK}"]\n' in notebooks.code_cells(after)[0].source
        assert notebooks.code_hash(after) == notebooks.code_hash(notebook)
        assert [cell.id for cell in after.cells] == [cell.id for cell in notebook.cells]


def test_the_forms_of_an_address():
    assert address.forms(FORK)[1:] == [
        "https://colab.research.google.com/github/some-body/gans.2",
        "https://some-body.github.io/gans.2",
    ]


def test_a_longer_name_is_another_address(tmp_path):
    (tmp_path / "_config.yml").write_text(f"repository:\n  branch: main\n  url: {HERE}\n", encoding="utf-8")
    (tmp_path / "README.md").write_text(f"{HERE}, {HERE}/issues, {HERE}-data", encoding="utf-8")
    address.stamp(FORK, tmp_path)
    assert (tmp_path / "README.md").read_text(encoding="utf-8") == f"{FORK}, {FORK}/issues, {HERE}-data"


@pytest.mark.parametrize("bad", ["", "ganlib", "https://gitlab.com/a/b", f"{HERE}/", f"{HERE}\nx", HERE[:19] + "a"])
def test_what_is_no_address_is_refused_and_changes_nothing(bad, copy):
    with pytest.raises(ValueError, match="expected https://github"):
        address.stamp(bad, copy)
    assert address.address(copy) == HERE


# The checkout's origin


@pytest.mark.parametrize(
    "remote",
    [
        FORK,
        f"{FORK}.git",
        f"{FORK}/",
        "http://github.com/some-body/gans.2.git",
        "https://www.github.com/some-body/gans.2",
        "https://some-body:secret@github.com/some-body/gans.2.git",
        "https://secret@GitHub.com/some-body/gans.2",
        "git@github.com:some-body/gans.2.git",
        "github.com:some-body/gans.2",
        "git@github.com:/some-body/gans.2",
        "ssh://git@github.com/some-body/gans.2.git",
        "ssh://git@ssh.github.com:443/some-body/gans.2.git",
        "git://github.com/some-body/gans.2.git",
    ],
)
def test_a_remote_on_github_has_an_address_without_its_user_and_password(remote):
    assert address.public(remote) == FORK


@pytest.mark.parametrize(
    "remote",
    [
        "",
        "/srv/git/github.com/some-body/gans.git",
        "../github.com/some-body/gans",
        "github.com/some-body/gans",
        "file:///github.com/some-body/gans",
        "https://gitlab.com/some-body/gans",
        "https://github.com.example.org/some-body/gans",
        "https://example.org/github.com/some-body/gans",
        "git@example.org:github.com/some-body/gans",
        "https://github.com/some-body",
        "https://github.com/some-body/gans/tree/main",
        "https://github.com/some body/gans",
        'https://github.com/some-body/"gans"',
        f"{address.OWNER}ganlib",
    ],
)
def test_another_remote_has_none(remote):
    assert address.public(remote) is None


@pytest.fixture
def checkout(copy):
    """The files that hold the address, in a Git repository without a remote, while none is set."""
    git(copy, "init", "--quiet")
    if not HERE.startswith(address.OWNER):
        text = (copy / "_config.yml").read_text(encoding="utf-8")
        (copy / "_config.yml").write_text(text.replace(HERE, f"{address.OWNER}ganlib"), encoding="utf-8")
    return copy


def test_the_origin_is_found_only_while_no_address_is_set(checkout):
    assert address.found(checkout) is None
    git(checkout, "remote", "add", "upstream", HERE.replace("OWNER", "somebody"))
    assert address.found(checkout) is None, "that is not the checkout's own"
    git(checkout, "remote", "add", "origin", str(ROOT))
    assert address.found(checkout) is None
    git(checkout, "remote", "set-url", "origin", "git@github.com:some-body/gans.2.git")
    assert address.found(checkout) == FORK
    address.stamp("https://github.com/set/here", checkout)
    assert address.found(checkout) == "https://github.com/set/here"


def test_the_origin_of_a_repository_around_the_folder_is_not_its_own(checkout):
    git(checkout, "remote", "add", "origin", FORK)
    inner = checkout / "vendored"
    inner.mkdir()
    (inner / "_config.yml").write_bytes((checkout / "_config.yml").read_bytes())
    assert address.found(inner) is None


def test_a_worktree_has_its_repository_s_origin(checkout):
    git(checkout, "remote", "add", "origin", FORK)
    git(checkout, "add", "_config.yml")
    git(checkout, "-c", "user.name=a", "-c", "user.email=a@example.org", "commit", "--quiet", "--message=a")
    git(checkout, "worktree", "add", "worktree")
    assert address.found(checkout / "worktree") == FORK


def test_without_git_there_is_no_origin(checkout, monkeypatch):
    git(checkout, "remote", "add", "origin", FORK)
    monkeypatch.setenv("PATH", "")
    assert address.found(checkout) is None


# The command


def test_the_command_says_the_address_or_how_to_set_it_and_takes_the_origin_s(checkout):
    (checkout / "scripts").mkdir()
    shutil.copy(ROOT / "scripts" / "address.py", checkout / "scripts")

    def run(*arguments):
        command = [sys.executable, str(checkout / "scripts" / "address.py"), *arguments]
        return subprocess.run(command, capture_output=True, text=True)

    assert run().stdout == f"No address is set: {address.HOW_TO_SET}.\n"
    refused = run("origin")
    assert refused.returncode == 2
    assert "This checkout has no remote `origin` on GitHub." in refused.stderr
    refused = run("nonsense")
    assert refused.returncode == 2
    assert "expected https://github.com/OWNER/NAME" in refused.stderr
    git(checkout, "remote", "add", "origin", f"{FORK}.git")
    assert run().stdout == f"{FORK}\n"
    assert address.OWNER in (checkout / "_config.yml").read_text(encoding="utf-8"), "it was only asked"
    assert run("origin").stdout.endswith(f"files changed.\n{FORK}\n")
    assert address.address(checkout) == FORK


# The pages, of a small book with the real settings and extensions, in a checkout of its own


@pytest.fixture
def book(checkout):
    """A start page, README's badges as another page, and a chapter, which shows the first cell."""
    for folder in ("book/_ext", "book/_templates", "book/_static", "scripts"):
        shutil.copytree(ROOT / folder, checkout / folder, ignore=shutil.ignore_patterns("__pycache__"))
    for path in [*checkout.glob("book/*.md"), *checkout.glob("book/*.ipynb")]:
        path.unlink()
    settings = (checkout / "_config.yml").read_text(encoding="utf-8")
    (checkout / "_config.yml").write_text(settings.replace('"README.md", ', ""), encoding="utf-8")
    table = "".join(re.findall(r"^\|.*\n", (checkout / "README.md").read_text(encoding="utf-8"), re.MULTILINE))
    (checkout / "README.md").write_text(f"# README\n\n{table}", encoding="utf-8")
    (checkout / "book" / "index.md").write_text("# A small book\n\nIt has one chapter.\n", encoding="utf-8")
    about = "book/index: What it is.\nbook/chapter: What is in it.\nREADME: What leads to it.\n"
    (checkout / "book" / "descriptions.yml").write_text(about, encoding="utf-8")
    title = {"cell_type": "markdown", "id": "a", "metadata": {}, "source": "# A chapter\n\nIts text.\n\nMore text."}
    cell = {"cell_type": "code", "id": "b", "metadata": {}, "source": UNSET, "execution_count": 1, "outputs": []}
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    notebook = {"cells": [title, cell], "metadata": kernel, "nbformat": 4, "nbformat_minor": 5}
    (checkout / "book" / "chapter.ipynb").write_text(json.dumps(notebook), encoding="utf-8")
    toc = {"format": "jb-book", "root": "book/index", "chapters": [{"file": "book/chapter"}, {"file": "README"}]}
    (checkout / "_toc.yml").write_text(yaml.safe_dump(toc), encoding="utf-8")
    return checkout


def build(book):
    """The pages, by name, parsed; the book is built without a warning."""
    from bs4 import BeautifulSoup

    program = Path(sys.executable).with_name("jupyter-book")
    done = subprocess.run(
        [program, "build", str(book), "-W", "--keep-going", "-n", "-q"], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    site = book / "_build" / "html"
    names = ("book/index", "book/chapter", "README")
    return [BeautifulSoup((site / f"{name}.html").read_text(encoding="utf-8"), "html.parser") for name in names]


@pytest.mark.long
def test_a_checkout_with_a_remote_gives_the_pages_its_address_and_one_without_says_how_to_set_it(book):
    """One checkout, built while it has no remote, when it has one, and when it has lost it."""
    download = book / "_build" / "html" / "_sources" / "book" / "chapter.ipynb"
    colab = "https://colab.research.google.com/github/some-body/gans.2/blob/main/book"

    def check_without():
        index, chapter, readme = build(book)
        for page in (index, chapter, readme):
            assert not page.select(".btn-colab, .btn-launch, link[rel=canonical]")
        assert not index.select(".no-address")
        (said,) = chapter.select("article h1 + p + p.no-address")
        assert said.text.startswith("This page has no button for Colab, because ")
        assert address.HOW_TO_SET.replace("`", "") in said.text
        assert [code.text for code in said.select("code")] == address.HOW_TO_SET.split("`")[1::2]
        assert json.loads(download.read_text(encoding="utf-8"))["cells"][1]["source"] == UNSET

    git(book, "remote", "add", "origin", str(ROOT))
    check_without()

    git(book, "remote", "set-url", "origin", "https://some-body:secret@github.com/some-body/gans.2.git")
    index, chapter, readme = build(book)
    assert [button["href"] for button in chapter.select(".btn-colab")] == [f"{colab}/chapter.ipynb"]
    assert not index.select(".btn-colab")
    for page, name in ((index, "book/index"), (chapter, "book/chapter"), (readme, "README")):
        (link,) = page.select("link[rel=canonical]")
        assert link["href"] == f"https://some-body.github.io/gans.2/{name}.html"
        assert not page.select(".no-address")
        assert address.OWNER not in str(page)
        assert "secret" not in str(page)
    assert f'"git+{FORK}"]' in chapter.select_one("article .cell_input").text
    badges = [link["href"] for link in readme.select("article td a")]
    assert sorted(badges) == [f"{colab}/{name}.ipynb" for name in notebooks.chapters() if name != "sources"]
    assert json.loads(download.read_text(encoding="utf-8"))["cells"][1]["source"] == SET
    assert f"{address.OWNER}ganlib" in (book / "book" / "chapter.ipynb").read_text(encoding="utf-8"), "only the site's"

    git(book, "remote", "remove", "origin")
    check_without()
