"""What is said of the pages to those who share and index them, without building the book; see book/_ext/sharing.py."""

import importlib.util
from pathlib import Path

import pytest
import yaml

pytest.importorskip("sphinx")

ROOT = Path(__file__).resolve().parent.parent
spec = importlib.util.spec_from_file_location("sharing", ROOT / "book" / "_ext" / "sharing.py")
sharing = importlib.util.module_from_spec(spec)
spec.loader.exec_module(sharing)

SAID = yaml.safe_load((ROOT / "book" / "descriptions.yml").read_text(encoding="utf-8"))


def test_each_page_has_a_description_of_its_own():
    contents = yaml.safe_load((ROOT / "_toc.yml").read_text(encoding="utf-8"))
    chapters = [chapter for part in contents["parts"] for chapter in part["chapters"]]
    files = [one["file"] for chapter in chapters for one in (chapter, *chapter.get("sections", []))]
    assert set(SAID) == {contents["root"], *files}
    assert all(60 <= len(text) <= 170 for text in SAID.values())
    assert len(set(SAID.values())) == len(SAID)


def test_what_needs_an_address_is_left_out_without_one():
    with_one = sharing.tags('A "page"', "What it says", "https://you.github.io/book/", "book/page")
    assert '<meta property="og:image" content="https://you.github.io/book/_cards/card-book-page.png"/>' in with_one
    assert '<meta property="og:title" content="A &quot;page&quot;"/>' in with_one
    without = sharing.tags("A page", "What it says", "", "book/page")
    assert "og:image" not in without
    assert "og:url" not in without
    assert "og:description" in without


def test_the_sitemap_names_full_addresses():
    text = sharing.sitemap("https://you.github.io/book/", ["book/index"])
    assert "<loc>https://you.github.io/book/book/index.html</loc>" in text


def test_the_lost_page_s_links_hold_at_any_depth():
    page = '<a href="book/x.html">x</a><a href="#main">m</a><img src="./_static/a.svg"><a href="https://a.org">a</a>'
    moved = (
        '<a href="/g/book/x.html">x</a><a href="#main">m</a><img src="/g/_static/a.svg"><a href="https://a.org">a</a>'
    )
    assert sharing.from_the_root(page, "https://you.github.io/g/") == moved
    assert sharing.from_the_root('<a href="x">', "") == '<a href="/x">'


def test_a_card_shows_the_picture_whole():
    picture = sharing.Image.new("RGBA", (400, 400), (200, 0, 0, 255))
    whole = sharing.on_card(picture)
    assert whole.size == sharing.CARD
    assert whole.getpixel((600, 300)) == (200, 0, 0)
    assert whole.getpixel((10, 10)) == (255, 255, 255)
