"""The built book in a browser: every page on a desktop and on a phone, in light and in dark.

Each page is loaded once on each device, and everything is looked at then.
"""

import gzip
import re
import time
from dataclasses import dataclass, field
from functools import cache, partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from urllib.parse import unquote, urljoin, urlsplit

import pytest
from bs4 import BeautifulSoup

axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="pip install -r requirements.txt").Axe()

ROOT = Path(__file__).resolve().parent.parent

pytestmark = [pytest.mark.long, pytest.mark.xdist_group("book")]  # with the other tests of the built pages

# The reader with the phone prefers TensorFlow and no motion, so that both frameworks' outputs are seen.
DEVICES = {
    "desktop": {"viewport": {"width": 1280, "height": 900}},
    "phone": {
        "viewport": {"width": 375, "height": 800},
        "is_mobile": True,
        "has_touch": True,
        "reduced_motion": "reduce",
    },
}
FRAMEWORKS = {"desktop": "torch", "phone": "tensorflow"}

# All rules once a page and device, and a page's colours in the light on one device and in the dark on the other. Style
# sheets are not loaded once more for the one rule that reads them.
SCHEMES = {"desktop": "light", "phone": "dark"}
AXE = {"resultTypes": ["violations"], "preload": False}
WINDOW = 4000  # pixels

FONT_DELAY = 0.15  # seconds: pages are painted before their fonts have come, as on a slow line
HEAVIEST = 250_000  # bytes of a page's first load, compressed: with fonts, style sheet, script and what is near the top
HEAVIEST_START = 150_000
MOST_SHIFT = 0.02  # Chromium's cumulative layout shift
MOST_STOPS = 60  # of the Tab key on a chapter


@dataclass
class Visit:
    """What was wrong with one page on one device, and what it asked for."""

    errors: list[str] = field(default_factory=list)
    requests: set[str] = field(default_factory=set)
    first: set[str] = field(default_factory=set)  # those of the first load, before anything is scrolled
    shift: float = 0.0
    stops: list[str] = field(default_factory=list)
    formulas: list[str] = field(default_factory=list)
    wide: list[str] = field(default_factory=list)
    violations: list[str] = field(default_factory=list)


@pytest.fixture(scope="module")
def names(site):
    """The pages, as they stand in an address."""
    files = [*site.glob("*.html"), *site.glob("book/**/*.html")]
    return sorted(file.relative_to(site).as_posix() for file in files if file != site / "index.html")


@pytest.fixture(scope="module")
def pages(site, names):
    return {name: BeautifulSoup((site / name).read_text(encoding="utf-8"), "html.parser") for name in names}


@pytest.fixture(scope="module")
def address(site):
    """Where the site is served."""

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *arguments):
            pass

        def do_GET(self):
            if ".woff2" in self.path:
                time.sleep(FONT_DELAY)
            super().do_GET()

    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=site)) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()


@pytest.fixture(scope="module")
def visits(browser, address, names):
    """From (page, device) to what was seen there."""
    seen = {}
    for device, options in DEVICES.items():
        for name in names:
            context = browser.new_context(**options)  # a new one, which has nothing in its cache
            context.add_init_script(f"localStorage['sphinx-design-tab-id-framework'] = '{FRAMEWORKS[device]}'")
            seen[name, device] = visit(context.new_page(), address, name, device)
            context.close()
    return seen


def visit(page, address, name, device):
    found = Visit()
    listen(page, address, found)
    page.goto(address + name)
    found.shift = page.evaluate(SHIFT)
    found.first = set(found.requests)
    found.stops = page.evaluate(STOPS)
    page.add_style_tag(content="* { transition: none !important }")  # a colour on its way is not a colour
    found.formulas = page.evaluate(RAW_FORMULAS)
    found.wide = page.evaluate(WIDE, DEVICES[device]["viewport"]["width"])
    page.evaluate(LOAD_FIGURES)
    scroll(page)
    page.evaluate(OPEN_AND_THIN)
    for scheme in ("light", "dark"):
        light_up(page, scheme)
        unseen = page.evaluate(UNSEEN)
        found.violations += [f"{scheme}: letters in the colour of their ground: {html}" for html in unseen]
    light_up(page, SCHEMES[device])
    for violation in axe.run(page, options=AXE).response["violations"]:
        for node in violation["nodes"]:
            found.violations.append(f"{SCHEMES[device]}: {violation['help']}: {node['html']} {node['failureSummary']}")
    return found


def scroll(page):
    """From the top to the bottom in high windows, and back: some things come only when they are near."""
    window = page.viewport_size
    page.set_viewport_size({**window, "height": WINDOW})
    for start in range(0, page.evaluate("document.documentElement.scrollHeight"), WINDOW):
        page.evaluate("y => scrollTo({top: y, behavior: 'instant'})", start)
        page.evaluate("new Promise(resolve => requestAnimationFrame(() => setTimeout(resolve)))")
    page.set_viewport_size(window)
    page.evaluate("scrollTo({top: 0, behavior: 'instant'})")


def light_up(page, scheme):
    page.emulate_media(color_scheme=scheme)
    page.wait_for_function("scheme => document.documentElement.dataset.theme === scheme", arg=scheme)


def listen(page, address, found):
    """Writes into `found` every request, every failure and every error in the console."""

    def request(asked):
        if not asked.url.startswith(("data:", "blob:")):
            found.requests.add(asked.url)

    def failed(asked):
        if asked.failure != "net::ERR_ABORTED":  # by leaving the page before it came
            found.errors.append(f"failed: {asked.url}: {asked.failure}")

    page.on("request", request)
    page.on("requestfailed", failed)
    page.on("response", lambda r: found.errors.append(f"{r.status}: {r.url}") if r.status >= 400 else None)
    page.on("console", lambda message: found.errors.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: found.errors.append(str(error)))


# How much of the page has moved without the reader's doing, once all fonts are there and what is near is asked for.
SHIFT = """async () => {
    await document.fonts.ready
    let total = 0
    const observer = new PerformanceObserver(() => {})
    observer.observe({type: "layout-shift", buffered: true})
    await new Promise(resolve => requestAnimationFrame(() => setTimeout(resolve)))
    for (const shift of observer.takeRecords()) total += shift.value
    return total
}"""

# Where the Tab key stops. Of a group of radio buttons it does so at the chosen one.
STOPS = """() => [...document.querySelectorAll("a[href], button, input, summary, [tabindex]")].filter(e =>
    e.tabIndex >= 0 && e.checkVisibility({visibilityProperty: true, contentVisibilityAuto: true})
    && !(e.type === "radio" && !e.checked)
).map(e => e.outerHTML.slice(0, 80))"""

# Formulas that are still TeX, or dollars that nobody took for a formula.
RAW_FORMULAS = r"""() => {
    const raw = [...document.querySelectorAll(".math")].filter(e => !e.querySelector(".katex-html"))
    const article = (document.querySelector("article") ?? document.body).cloneNode(true)
    article.querySelectorAll("pre, code, script, style, .math").forEach(e => e.remove())
    const dollars = article.textContent.match(/.{0,40}(\$|\\\(|\\\[|\\[a-z]+\{).{0,40}/g) ?? []
    return [...raw.map(e => e.textContent), ...dollars]
}"""

# Figures come when they are in view. Those in a closed tab stay where they are.
LOAD_FIGURES = """async () => {
    const shown = [...document.images].filter(image => image.offsetParent)
    for (const image of shown) image.loading = "eager"
    await Promise.all(shown.map(image => image.decode()))
}"""

# What makes a page wider than the window. What scrolls inside its own box does not.
WIDE = """width => {
    const root = document.scrollingElement
    if (Math.max(root.scrollWidth, document.body.scrollWidth) <= width) return []
    const wide = [...document.body.querySelectorAll("*")].filter(e => e.getBoundingClientRect().right > width + 1)
    return [`${root.scrollWidth} pixels`, ...wide.slice(0, 8).map(e => e.outerHTML.slice(0, 120))]
}"""

# axe-core reports no letters that have the very colour of what is behind them: it takes them for hidden on purpose.
UNSEEN = """() => [...document.querySelectorAll("article :is(p, li, td, th, pre)")].filter(e => {
    let ground = e
    while (ground && getComputedStyle(ground).backgroundColor === "rgba(0, 0, 0, 0)") ground = ground.parentElement
    return ground && e.innerText.trim() && getComputedStyle(e).color === getComputedStyle(ground).backgroundColor
}).map(e => e.outerHTML.slice(0, 120))"""

# Solutions are looked at too. Of the tokens of code and of signatures, and of the formulas, one of each kind in each
# kind of box stands for all: the colours are the same, and axe-core would need most of a minute for a chapter's ten
# thousand.
OPEN_AND_THIN = """() => {
    document.querySelectorAll("details").forEach(e => { e.open = true })
    const seen = new Set()
    for (const part of document.querySelectorAll("pre span, .sig span, code span, .math")) {
        const box = part.closest(".sd-tab-content, .admonition, details, .cell_input, .cell_output, td, th, article")
        const kind = [part.className, box?.localName, box?.className].join()
        if (seen.has(kind)) part.replaceWith(part.matches(".math") ? "x" : part.textContent)
        seen.add(kind)
    }
    document.body.normalize()
}"""


# One of each kind of box and of letter.
PAINTED = (
    "body",
    "h1",
    ".bd-article p",
    ".bd-article a.reference.external",
    ".bd-header-article",
    ".bd-sidebar-primary",
    "nav.bd-links a",
    ".callout",
    ".callout .admonition-title",
    ".cell_input",
    ".cell_input pre .kn",
    ".cell_output pre",
    "code.literal",
    ".framework-tabs label",
    ".bd-article details summary",
)


def computed_colours(session):
    """From the selectors in PAINTED to the colours of the first element of each, with or without scripts."""
    root = session.send("DOM.getDocument")["root"]["nodeId"]
    session.send("DOM.enable")
    session.send("CSS.enable")
    colours = {}
    for selector in PAINTED:
        node = session.send("DOM.querySelector", {"nodeId": root, "selector": selector})["nodeId"]
        style = session.send("CSS.getComputedStyleForNode", {"nodeId": node})["computedStyle"]
        colours[selector] = {
            entry["name"]: entry["value"]
            for entry in style
            if entry["name"] in ("color", "background-color", "border-top-color", "border-left-color")
        }
    return colours


def complaints(visits, what):
    """One line for each page and device of which `what` is not empty."""
    return [f"{name}, {device}: {item}" for (name, device), seen in visits.items() for item in getattr(seen, what)]


# Every page, on both devices


def test_no_error_and_no_failed_request(visits):
    assert not complaints(visits, "errors")


def test_no_request_to_another_host(visits, address):
    asked = [url for seen in visits.values() for url in seen.requests]
    assert len(asked) > 10 * len(visits)  # the recording works
    assert not [url for url in asked if not url.startswith(address)]


def test_every_formula_is_typeset(visits):
    assert not complaints(visits, "formulas")


def test_marks_after_a_formula_are_written_once(site, names):
    for name in names:
        twice = re.findall(r"</span>([.,:;])</span>\1", (site / name).read_text(encoding="utf-8"))
        assert not twice, f"{name}: {len(twice)}"


def test_no_page_is_wider_than_the_window(visits):
    assert not complaints(visits, "wide")


def test_axe_finds_no_violation(visits):
    found = complaints(visits, "violations")
    assert not found, "\n".join(found[:10])


def test_no_page_is_heavy(visits, site):
    """What a first visit loads, compressed as a host would."""

    @cache
    def size(url):
        return len(gzip.compress((site / unquote(urlsplit(url).path[1:])).read_bytes()))

    for (name, device), seen in visits.items():
        weight = sum(map(size, seen.first))
        assert weight <= (HEAVIEST_START if name == "book/index.html" else HEAVIEST), f"{name}, {device}: {weight}"
        assert not [url for url in seen.first if "search" in url and name != "search.html"]


def test_nothing_moves_while_a_page_loads(visits):
    shifts = {visited: seen.shift for visited, seen in visits.items()}
    assert not {visited: shift for visited, shift in shifts.items() if shift > MOST_SHIFT}


def test_the_tab_key_stops_at_few_places(visits, site):
    for (name, device), seen in visits.items():  # on a phone nearly all code scrolls, and is a stop then
        if device == "desktop" and (site / "_sources" / name.replace(".html", ".ipynb")).exists():
            assert len(seen.stops) <= MOST_STOPS, f"{name}: {seen.stops}"


def test_the_first_paint_is_right(browser, address):
    """With scripts off a page has the colours that it has with them, in light and in dark."""
    colours = {}
    for scheme in ("light", "dark"):
        for scripts in (False, True):
            context = browser.new_context(**DEVICES["desktop"], color_scheme=scheme, java_script_enabled=scripts)
            page = context.new_page()
            page.goto(address + "book/deconvolution.html")
            colours[scheme, scripts] = computed_colours(context.new_cdp_session(page))
            context.close()
        assert colours[scheme, False] == colours[scheme, True]
    assert len(colours["light", True]) == len(PAINTED)
    same = [part for part in PAINTED if colours["light", True][part] == colours["dark", True][part]]
    assert not same, "a reader who prefers the dark gets it"


def test_without_scripts_all_is_there(browser, address):
    """Both frameworks' outputs, pictures in place of interactive figures, formulas."""
    context = browser.new_context(**DEVICES["desktop"], java_script_enabled=False)
    page = context.new_page()
    page.goto(address + "book/objectives.html")
    for part in ("[data-ganlib] img", ".katex-display", ".framework-tabs .cell_output"):
        assert page.locator(part).first.is_visible()
    page.locator(".framework-tabs > label", has_text="TensorFlow").first.click()
    assert page.locator(".framework-tabs .tag_tab-tensorflow").first.is_visible()
    context.close()


def test_links_and_anchors_lead_somewhere(pages, site):
    for name, page in pages.items():
        for tag in page.select("a[href]"):
            href = tag["href"]
            link = urlsplit(urljoin(f"http://site/{name}", href))
            if link.netloc != "site":
                assert re.fullmatch(r"https://[\w-]+(\.[\w-]+)+(/[!-~]*)?", href), f"{name}: {href}"
                continue
            target = link.path[1:]
            assert (site / target).is_file(), f"{name}: {href}"
            if link.fragment and target in pages:
                assert pages[target].find(id=unquote(link.fragment)), f"{name}: {href}"


def test_no_source_maps(site):
    assert not list(site.rglob("*.map"))


# What a reader does


@pytest.fixture
def page(browser, address):
    """A page in a browser that has not been here before; no errors at the end."""
    context = browser.new_context(base_url=address, **DEVICES["desktop"])
    page, found = context.new_page(), Visit()
    listen(page, address, found)
    yield page
    context.close()
    assert not found.errors


def chosen(page):
    """The frameworks whose tabs are open."""
    labels = page.locator(".framework-tabs > input:checked + label")
    assert labels.count() >= 3
    return {text.strip() for text in labels.all_inner_texts()}


def test_the_start_page_fits_one_screen(page):
    page.goto("/book/index.html")
    parts = page.locator("article h1, article [data-ganlib], #chapters li, #where-to-start li")
    assert parts.count() == 1 + 1 + 7 + 3
    for part in parts.all():
        box = part.bounding_box()
        assert box["y"] + box["height"] <= DEVICES["desktop"]["viewport"]["height"], part.inner_text()


def test_tabs_change_together_and_the_choice_stays(page):
    page.goto("/book/deconvolution.html")
    assert chosen(page) == {"PyTorch"}
    page.locator(".framework-tabs > label", has_text="TensorFlow").first.click()
    assert chosen(page) == {"TensorFlow"}
    page.goto("/book/minimax.html")
    assert chosen(page) == {"TensorFlow"}
    page.goto("/book/minimax.html?framework=torch")
    assert chosen(page) == {"PyTorch"}
    another = page.context.new_page()
    another.goto("/book/deconvolution.html")
    assert chosen(another) == {"PyTorch"}


def test_tabs_by_keyboard(page):
    page.goto("/book/deconvolution.html")
    page.locator(".framework-tabs > input").first.focus()
    page.keyboard.press("ArrowRight")
    assert chosen(page) == {"TensorFlow"}


def test_a_search_leads_to_a_section_with_the_words_marked(page, address):
    page.goto("/book/index.html")
    page.keyboard.press("Control+K")
    page.keyboard.type("checkerbord")  # a letter is missing
    page.keyboard.press("Enter")
    page.wait_for_url(f"{address}search.html?q=checkerbord")
    hit = page.locator("#search-results li", has_text="Deconvolution: ").first
    assert re.fullmatch(r"[A-Z].*[.?!:…]", hit.locator("p").inner_text()), "a whole sentence"
    hit.locator("a").click()
    page.wait_for_url(f"{address}book/deconvolution.html?highlight=checkerboard#*")
    assert page.evaluate("CSS.highlights.get('found').size") >= 3
    top = page.evaluate("document.querySelector(location.hash).getBoundingClientRect().top")
    assert -1 <= top < DEVICES["desktop"]["viewport"]["height"] / 2


def test_the_abbreviations_are_in_the_glossary(page):
    for word in ("FID", "IS", "KID", "GAN", "VAE"):
        page.goto(f"/search.html?q={word}")
        page.locator("#search-results a", has_text=re.compile(rf"Glossary: .*\b{word}\b")).first.wait_for()


def test_a_predict_box_takes_an_answer_and_keeps_it(page):
    page.goto("/book/stability.html")
    box = page.locator(".callout-predict:has(.predict-answer)").first
    output = page.locator(".foretold .cell_output").first
    assert not output.locator("img").first.is_visible()
    box.locator("input[type=radio]").nth(1).check()
    box.locator(".predict-go").click()
    assert "Right" in box.locator(".predict-said").inner_text()
    output.locator("img").first.wait_for()
    page.reload()
    output.locator("img").first.wait_for()
    assert box.locator("input[type=radio]").nth(1).is_checked()


def test_a_figure_is_enlarged(page):
    page.goto("/book/stability.html")
    page.locator("img.enlarges:visible").first.click()
    assert page.locator("dialog.enlarged img").is_visible()
    page.keyboard.press("Escape")
    assert not page.locator("dialog.enlarged").is_visible()


def test_on_a_phone_the_contents_close_after_a_tap(browser, address):
    context = browser.new_context(base_url=address, **DEVICES["phone"])
    page = context.new_page()
    page.goto("/book/minimax.html")
    drawer = page.locator("#pst-secondary-sidebar-modal")
    page.locator(".secondary-toggle").tap()
    drawer.locator("a", has_text="Saturation").tap()
    page.wait_for_url("**#saturation")
    assert not drawer.is_visible()
    context.close()


def test_the_skip_link_leads_to_the_text(page):
    page.goto("/book/deconvolution.html")
    page.keyboard.press("Tab")
    skip = page.locator(":focus")
    assert skip.inner_text().strip() == "Skip to main content"
    page.wait_for_function("document.activeElement.getBoundingClientRect().y >= 0")  # it slides in
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    assert page.evaluate("document.querySelector('main').contains(document.activeElement)")


def test_a_cell_s_code_is_copied(page):
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.goto("/book/deconvolution.html")
    cell = page.locator(".cell_input:visible").first
    cell.hover()
    cell.locator("button.copybtn").click()
    assert page.evaluate("navigator.clipboard.readText()").strip() == cell.locator("pre").inner_text().strip()


def test_the_choice_of_light_or_dark_stays(page):
    page.goto("/book/deconvolution.html")
    theme = "document.documentElement.dataset.theme"
    while page.evaluate("document.documentElement.dataset.mode") != "dark":
        page.locator(".theme-switch-button").first.click()
    assert page.evaluate(theme) == "dark"
    page.goto("/book/minimax.html")
    assert page.evaluate(theme) == "dark"
