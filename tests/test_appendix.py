"""The appendix pages say what the chapters, the sources and the installed frameworks say."""

import importlib.util
import re
from pathlib import Path

import pytest
import yaml

import ganlib

ROOT = Path(__file__).resolve().parent.parent
BOOK = ROOT / "book"
# In the order of their numbers.
CHAPTERS = ("deconvolution", "minimax", "dcgan", "stability", "bugs", "conjugate", "roads")
# A chapter's own page, and those below it in the table of contents.
PAGES = {
    Path(entry["file"]).stem: [Path(page["file"]).stem for page in (entry, *entry.get("sections", ()))]
    for part in yaml.safe_load((ROOT / "_toc.yml").read_text(encoding="utf-8"))["parts"]
    for entry in part["chapters"]
}
TEXTS = {page: (BOOK / "text" / f"{page}.md").read_text(encoding="utf-8") for name in CHAPTERS for page in PAGES[name]}
LINK = re.compile(r"\]\((https://[^)\s]+)\)")


def test_the_chapters_have_these_numbers():
    toc = (ROOT / "_toc.yml").read_text(encoding="utf-8")
    assert tuple(re.findall(r"^      - file: book/(\w+)", toc, re.MULTILINE))[: len(CHAPTERS)] == CHAPTERS


# Glossary

GLOSSARY = (BOOK / "glossary.md").read_text(encoding="utf-8")
ENTRIES = dict(re.findall(r"^(\S.*)\n((?:  .+\n)+)", GLOSSARY.partition("```{glossary}\n")[2], re.MULTILINE))


def test_the_glossary_is_in_order():
    assert len(ENTRIES) > 40
    assert list(ENTRIES) == sorted(ENTRIES, key=str.lower)


@pytest.mark.parametrize("term", ENTRIES)
def test_the_chapter_that_the_glossary_names_uses_the_word(term):
    number, page = re.search(r"\[Chapter (\d)\]\((\w+)\.ipynb\)\.$", ENTRIES[term].strip()).groups()
    assert page in PAGES[CHAPTERS[int(number) - 1]]
    words = re.sub(r"\s+", " ", TEXTS[page]).lower()
    stem = term.partition(", ")[0].lower().removesuffix("s").removesuffix(" update")  # without its abbreviation
    assert stem in words or f"{stem[0]}_{stem[1:]}" in words, f"chapter {number} does not speak of {term}"


# References

REFERENCES = (BOOK / "references.md").read_text(encoding="utf-8")
SOURCES = [re.sub(r"\s+", " ", entry) for entry in re.findall(r"^- (.*\n(?:  .*\n)*)", REFERENCES, re.MULTILINE)]


def test_every_source_stands_once_and_names_the_chapters_that_cite_it():
    cited = {}
    for number, name in enumerate(CHAPTERS, start=1):
        for text in (TEXTS[page] for page in PAGES[name]):
            for link in LINK.findall(text[text.index("\n## Sources\n") :]):
                if str(number) not in cited.setdefault(link, []):
                    cited[link].append(str(number))
    listed = {}
    for source in SOURCES:
        [link] = LINK.findall(source)
        assert link not in listed, f"{link} stands twice"
        where = re.search(r"\*(?:Chapters? ([\d, ]+)|Package|Appendix)\. ?\*", source.replace(".*", ". *"))
        assert where, source
        listed[link] = where[1].split(", ") if where[1] else []
    assert {link: where for link, where in listed.items() if where} == cited
    appendix = (BOOK / "text" / "sources.md").read_text(encoding="utf-8")
    assert set(LINK.findall(appendix[appendix.index("\n## Sources\n") :])) <= set(listed)


def test_the_sources_are_in_order_and_have_a_year():
    def surname(source):
        first = re.split(r",| and |\. \[", source)[0]
        return re.sub(r"^.* ", "", first)

    names = [surname(source).replace("ø", "o") for source in SOURCES]
    assert names == sorted(names)
    assert all(re.search(r"\b(?:19|20)\d\d\. \*", source) for source in SOURCES)


def test_what_the_code_cites_is_listed():
    """Surname and year of "Mao et al. 2017", "Lim & Ye 2017"."""
    cited = set()
    for path in Path(ganlib.__file__).parent.rglob("*.py"):
        text = path.read_text(encoding="utf-8")
        cited |= set(re.findall(r"([A-Z]\w+)(?: et al\.?|(?: &| and) [A-Z]\w+),? (\d{4})\b", text))
    assert len(cited) > 20
    plain = [one.replace("ı", "i") for one in SOURCES]  # Alpaydın, without the dot or with it
    missing = [
        (name, year)
        for name, year in cited
        if not any(name.replace("ı", "i") in one and f"{year}. *" in one for one in plain)
    ]
    assert not missing


# Default differences between Keras and PyTorch


@pytest.fixture(scope="module")
def defaults():
    if len(ganlib.available()) < 2:
        pytest.skip("needs PyTorch and TensorFlow both")
    spec = importlib.util.spec_from_file_location("defaults", ROOT / "scripts" / "defaults.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_page_says_what_the_frameworks_say(defaults):
    """Its first line, with the versions, may be older."""
    page = defaults.PAGE.read_text(encoding="utf-8").partition(defaults.BEGIN)[2].partition(defaults.END)[0]
    assert page.strip().splitlines()[1:] == defaults.markdown().strip().splitlines()[1:], "run scripts/defaults.py"


def test_what_is_listed_as_a_difference_differs_and_has_a_consequence(defaults):
    rows = [row for section in defaults.table().values() for row in section]
    for what, first, second, why in rows:
        assert first != second, f"{what}: both say {first}"
        assert why.endswith(".")
    assert len({what for what, *_ in rows}) == len(rows) > 20


def test_what_is_listed_as_alike_is_alike(defaults):
    for what, first, second, _ in defaults.agreed():
        assert first == second, what
