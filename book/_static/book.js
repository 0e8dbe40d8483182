// What the pages do beyond being read. Without this script they are all there: text, formulas, pictures, both frameworks.

const find = (selector, inside = document) => inside.querySelector(selector);
const all = (selector, inside = document) => [...inside.querySelectorAll(selector)];

// What the browser keeps for the reader; some keep nothing.
const kept = {
  get(key) { try { return localStorage.getItem(key); } catch { return null; } },
  set(key, value) { try { localStorage.setItem(key, value); } catch { /* then it holds for this page */ } },
};

// Light or dark. The page's head has set both values before the first paint.
const root = document.documentElement;
const system = matchMedia("(prefers-color-scheme: dark)");
const resolve = () => { root.dataset.theme = { light: "light", dark: "dark" }[root.dataset.mode] ?? (system.matches ? "dark" : "light"); };
system.addEventListener("change", resolve);
for (const button of all(".theme-switch-button")) {
  button.addEventListener("click", () => {
    const modes = system.matches ? ["auto", "light", "dark"] : ["auto", "dark", "light"];
    root.dataset.mode = modes[(modes.indexOf(root.dataset.mode) + 1) % 3];
    kept.set("mode", root.dataset.mode);
    resolve();
  });
}

// Search: a field above the page, which leads to the page of results.
const search = find("#pst-search-dialog");
const openSearch = () => {
  const field = find(".bd-search-container input") ?? find("input", search);
  if (search.contains(field)) search.open ? search.close() : search.showModal();
  field.focus();
  field.select();
};
for (const button of all(".search-button__button")) button.addEventListener("click", openSearch);
addEventListener("keydown", (event) => {
  if (event.key.toLowerCase() !== "k" || !(event.ctrlKey || event.metaKey) || event.shiftKey || event.altKey) return;
  event.preventDefault();
  openSearch();
});

// A dialog closes when the page beside it is clicked; where that is a drawer, also when a link in it is.
for (const dialog of all("dialog")) {
  dialog.addEventListener("click", (event) => {
    const box = dialog.getBoundingClientRect();
    const beside = event.clientX < box.left || event.clientX > box.right || event.clientY < box.top || event.clientY > box.bottom;
    if ((beside && event.detail) || (dialog !== search && event.target.closest("a[href]"))) dialog.close();
  });
}

// The contents of the book and of the page stand beside the text; on a narrow screen they are drawers.
const WIDE = { primary: matchMedia("(min-width: 992px)"), secondary: matchMedia("(min-width: 1200px)") };
for (const side of ["primary", "secondary"]) {
  const bar = find(`#pst-${side}-sidebar`);
  const drawer = find(`#pst-${side}-sidebar-modal`);
  if (!bar || !drawer) continue;
  const move = (from, to) => {
    to.append(...from.childNodes);
    for (const name of [...from.classList]) { from.classList.remove(name); to.classList.add(name); }
  };
  for (const button of all(`.${side}-toggle`)) {
    button.addEventListener("click", () => {
      if (WIDE[side].matches) return void bar.classList.toggle("pst-sidebar-hidden");
      move(bar, drawer);
      drawer.showModal();
    });
  }
  drawer.addEventListener("close", () => move(drawer, bar));
}

// One stop of the Tab key for the contents of the book, and one for those of the page: arrow keys move inside them.
for (const list of all(".bd-docs-nav, #pst-page-toc-nav")) {
  const links = all("a, summary", list);
  const start = links.find((link) => link.matches(".current")) ?? links[0];
  for (const link of links) link.tabIndex = link === start ? 0 : -1;
  list.addEventListener("keydown", (event) => {
    const at = links.indexOf(document.activeElement);
    const shown = (link) => link.getClientRects().length;
    const to = {
      ArrowDown: () => links.slice(at + 1).find(shown),
      ArrowUp: () => links.slice(0, at).findLast(shown),
      Home: () => links.find(shown),
      End: () => links.findLast(shown),
    }[event.key]?.();
    if (!to || at < 0) return;
    event.preventDefault();
    links[at].tabIndex = -1;
    to.tabIndex = 0;
    to.focus();
  });
}

// The book's contents stay where the reader has scrolled them, from page to page.
const contents = find("#pst-primary-sidebar");
const place = Number(sessionStorage.getItem("contents"));
const current = all(".bd-docs-nav .current > a, .bd-docs-nav a.current", contents).pop();
if (place) contents.scrollTop = place;
else if (current?.offsetTop > innerHeight / 2) contents.scrollTop = current.offsetTop - innerHeight / 4;
addEventListener("pagehide", () => sessionStorage.setItem("contents", contents.scrollTop));

// The page's contents show the section that is being read.
const entries = new Map(
  all("#pst-page-toc-nav a").map((link) => [document.getElementById(decodeURIComponent(link.hash.slice(1))), link])
);
const reading = new IntersectionObserver(
  (changes) => {
    const seen = changes.filter((change) => change.isIntersecting).pop();
    if (!seen) return;
    for (const link of entries.values()) {
      const here = link === entries.get(seen.target.parentElement);
      link.classList.toggle("active", here);
      here ? link.setAttribute("aria-current", "true") : link.removeAttribute("aria-current");
    }
    for (const entry of all("#pst-page-toc-nav .toc-entry")) entry.classList.toggle("active", !!find(".active", entry));
  },
  { rootMargin: "0px 0px -70% 0px" }
);
for (const section of entries.keys()) if (section) reading.observe(find("h1, h2, h3, h4", section) ?? section);

// "Back to top" comes when the reader scrolls up; the bar of buttons has a shadow when it stands over the text.
const back = find("#pst-back-to-top");
let before = 0;
addEventListener("scroll", () => {
  document.body.classList.toggle("scrolled", scrollY > 0);
  if (back) back.style.display = scrollY > innerHeight && scrollY < before ? "block" : "none";
  before = scrollY;
}, { passive: true });
back?.addEventListener("click", () => { scrollTo({ top: 0 }); find("#main-content").focus({ preventScroll: true }); });

// An open menu closes by Escape and by a click elsewhere.
const closeMenus = (event) => {
  for (const menu of all("details.dropdown[open]")) {
    if (event.key === "Escape") { menu.open = false; find("summary", menu).focus(); }
    else if (event.type === "click" && !menu.contains(event.target)) menu.open = false;
  }
};
addEventListener("click", closeMenus);
addEventListener("keydown", closeMenus);

// All folded code at once. The Tab key stops at this button instead of some thirty folds.
const folds = all("details.hide.above-input");
for (const fold of folds) find("summary", fold).tabIndex = -1;
for (const button of all(".btn-code")) {
  button.addEventListener("click", () => {
    const show = button.getAttribute("aria-pressed") === "false";
    button.setAttribute("aria-pressed", String(show));
    const top = folds.find((fold) => fold.getBoundingClientRect().bottom > 0);
    const before = top?.getBoundingClientRect().top;
    for (const fold of folds) fold.open = show;
    if (top) scrollBy({ top: top.getBoundingClientRect().top - before, behavior: "instant" }); // the reader stays at the same place
  });
}

for (const button of all(".btn-fullscreen-button")) {
  button.addEventListener("click", () => (document.fullscreenElement ? document.exitFullscreen() : root.requestFullscreen()));
}

// Interactive figures: each has its picture, and comes alive when it is near.
const near = new IntersectionObserver(
  (changes) => {
    for (const { isIntersecting, target: figure } of changes) {
      if (!isIntersecting || figure.closest("[hidden]")) continue;
      near.unobserve(figure);
      const script = document.createElement("script");
      script.src = figure.dataset.script;
      delete figure.dataset.script;
      document.head.append(script);
    }
  },
  { rootMargin: "1200px 0px" }
);
const waitFor = (figure) => { near.unobserve(figure); near.observe(figure); };
all("[data-script]").forEach(waitFor);

// Predict boxes ask before they show. What the reader answered is kept; what follows unfolds then. The style sheet has
// folded it already, and a search in the page, a link into it and paper unfold it too.
all(".predict-answer").forEach((box, index) => {
  const callout = box.closest(".callout");
  const after = all(".foretold, .predict-answer").filter((part) => callout.compareDocumentPosition(part) === Node.DOCUMENT_POSITION_FOLLOWING);
  const end = after.findIndex((part) => part.matches(".predict-answer")); // that of the next box
  const parts = end < 0 ? after : after.slice(0, end);
  const outputs = parts.flatMap((part) => all(".cell_output", part));
  const [go, skip] = all("button", box);
  const number = find("input", box);
  const key = `predict ${location.pathname} ${index}`;
  const truth = Number(box.dataset.answer);
  const radios = all(".predict-choices > li", callout).map((item, i) => {
    const radio = document.createElement("input");
    Object.assign(radio, { type: "radio", name: `predict-${index}`, value: i + 1 });
    const label = document.createElement("label");
    label.append(radio, ...item.childNodes);
    item.append(label);
    return radio;
  });
  const said = find(".predict-said", box);
  const tell = (answer) => {
    for (const part of parts) part.classList.add("told");
    for (const output of outputs) output.hidden = false;
    for (const figure of parts.flatMap((part) => all("[data-script]", part))) waitFor(figure);
    go.hidden = skip.hidden = true;
    if (answer === "") return void (said.textContent = "Not answered; the output is below.");
    if (radios.length) {
      radios[answer - 1].checked = true;
      radios[truth - 1].closest("li").classList.add("right");
      said.textContent = Number(answer) === truth ? "Right: see below." : "The output below says otherwise; the right answer is marked.";
    } else {
      number.value = answer;
      const off = Math.abs(answer - truth);
      said.textContent = off <= 1e-9 * Math.abs(truth) ? `Exactly: ${truth}.` : `It is ${truth}; you are off by ${Number(off.toPrecision(2))}.`;
    }
  };
  const answer = (value) => { kept.set(key, value); tell(value); };
  go.addEventListener("click", () => {
    const value = radios.length ? radios.find((radio) => radio.checked)?.value : number.value;
    if (value) answer(value);
    else said.textContent = radios.length ? "Choose one first." : "Write a number first.";
  });
  number?.addEventListener("keydown", (event) => { if (event.key === "Enter") go.click(); });
  skip.addEventListener("click", () => answer(""));
  for (const output of outputs) {
    output.hidden = "until-found";
    output.addEventListener("beforematch", () => tell(""));
  }
  if (kept.get(key) !== null) tell(kept.get(key));
});

// A figure fills the window when it is tapped or clicked; another tap, or Escape, closes it.
const enlarged = document.createElement("dialog");
enlarged.className = "enlarged";
enlarged.setAttribute("aria-label", "The figure, enlarged");
enlarged.addEventListener("click", () => enlarged.close());
document.body.append(enlarged);
for (const image of all(".bd-article .cell_output img, .bd-article section > img, .bd-article p > img")) {
  if (image.closest("[data-ganlib], a[href^='http']")) continue;
  image.classList.add("enlarges");
  image.addEventListener("click", (event) => {
    event.preventDefault(); // of the link to the picture's file, which is there without scripts
    const large = image.cloneNode();
    large.removeAttribute("loading");
    enlarged.replaceChildren(large);
    enlarged.showModal();
  });
}

// Tabs of the two frameworks: one choice for all. The page's head has found it, in the address or from the last visit.
// What stands in a closed tab is found by the browser's own search in the page, which then opens it.
const tabs = all(".framework-tabs > input").map((input) => {
  const label = input.nextElementSibling;
  return { input, name: label.dataset.syncId, content: label.nextElementSibling };
});
const choose = (name) => {
  root.dataset.framework = name;
  for (const tab of tabs) {
    tab.input.checked = tab.name === name;
    tab.content.hidden = tab.name === name ? false : "until-found";
    for (const figure of all("[data-script]", tab.content)) waitFor(figure);
  }
};
choose(root.dataset.framework);
for (const { input, name, content } of tabs) {
  content.addEventListener("beforematch", () => choose(name));
  input.addEventListener("change", () => { choose(name); kept.set("sphinx-design-tab-id-framework", name); });
}
const openTabOf = (element) => {
  const waiting = element?.closest(".foretold:not(.told)");
  if (waiting) { waiting.classList.add("told"); for (const output of all(".cell_output", waiting)) output.hidden = false; }
  const input = element?.closest(".sd-tab-content")?.previousElementSibling?.previousElementSibling;
  if (input && !input.checked) { choose(input.nextElementSibling.dataset.syncId); element.scrollIntoView(); }
};
const target = () => document.getElementById(decodeURIComponent(location.hash.slice(1)));
openTabOf(target());
addEventListener("hashchange", () => openTabOf(target()));
// Each cell's code has a button that copies it. The Tab key passes it by: there are some forty, and code can be selected.
if (navigator.clipboard) {
  for (const pre of all(".cell_input .highlight pre, .bd-article div[class*='highlight-'] > .highlight > pre")) {
    if (find(".copybtn", pre.parentElement)) continue;
    const button = document.createElement("button");
    Object.assign(button, { className: "copybtn", type: "button", title: "Copy", tabIndex: -1 });
    button.setAttribute("aria-label", "Copy this code");
    button.addEventListener("click", async () => {
      await navigator.clipboard.writeText(pre.innerText);
      button.classList.add("done");
      setTimeout(() => button.classList.remove("done"), 1500);
    });
    pre.parentElement.append(button);
  }
}

// What is wider than its box scrolls, by the arrow keys too, and only then is it a stop of the Tab key.
const stops = () => {
  for (const box of all(".katex-display, .bd-article pre, .output.text_html, .pst-scrollable-table-container, .cell_output > a")) {
    const wide = box.scrollWidth > box.clientWidth + 1;
    if (wide) box.tabIndex = 0;
    else if (box.matches("a")) box.tabIndex = -1;
    else box.removeAttribute("tabindex");
    box.classList.toggle("scrolls", wide && !!find("table", box));
  }
};
document.fonts.ready.then(stops);
addEventListener("resize", stops);

// The words of a search, marked on the page that it has led to.
const searched = new Set((new URLSearchParams(location.search).get("highlight") ?? "").split(" ").filter(Boolean));
if (searched.size && "highlights" in CSS) {
  const ranges = [];
  const texts = document.createTreeWalker(find("article"), NodeFilter.SHOW_TEXT);
  while (texts.nextNode()) {
    const node = texts.currentNode;
    if (node.parentElement.closest(".katex, script, style")) continue;
    for (const { 0: word, index } of node.data.matchAll(/[\p{L}\p{N}_]+/gu)) {
      if (!searched.has(word.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase())) continue;
      const range = new Range();
      range.setStart(node, index);
      range.setEnd(node, index + word.length);
      ranges.push(range);
    }
  }
  CSS.highlights.set("found", new Highlight(...ranges));
}

// Paper cannot be clicked: solutions are printed, and closed again. Folded code stays folded. Pictures come now.
const opened = [];
let paper; // the theme that the screen has meanwhile: paper is white
addEventListener("beforeprint", () => {
  for (const details of all("article details:not([open], .hide)")) {
    details.open = true;
    opened.push(details);
  }
  for (const image of all("img[loading=lazy]")) image.loading = "eager";
  paper = root.dataset.theme;
  root.dataset.theme = "light";
});
addEventListener("afterprint", () => {
  opened.splice(0).forEach((details) => { details.open = false; });
  root.dataset.theme = paper;
});

// Sections that stand on a page of their own now: a link to where they were goes on to where they are.
const MOVED = {
  "sources.html#exercises": "bugs.html#exercises",
  "minimax.html#losses-from-logits": "objectives.html#losses-from-logits",
  "minimax.html#a-loss-that-cannot-work": "objectives.html#losses-from-logits",
  "minimax.html#other-objectives": "objectives.html#six-objectives",
  "minimax.html#reading-the-curves": "objectives.html#reading-the-curves",
  "minimax.html#watching-a-game": "objectives.html#watching-a-game",
  "dcgan.html#has-it-learnt-its-images-by-heart": "judging.html#has-it-learnt-its-images-by-heart",
  "dcgan.html#what-the-scores-see": "judging.html#six-generators-with-known-faults",
  "dcgan.html#how-many-samples": "judging.html#how-many-samples",
  "stability.html#remedies-in-the-order-one-would-try-them": "remedies.html#the-remedies-one-line-each",
  "stability.html#the-scoreboard": "remedies.html#the-scoreboard",
  "stability.html#what-helped": "remedies.html#the-scoreboard",
  "stability.html#gradient-penalties-right-and-wrong": "remedies.html#gradient-penalties-right-and-wrong",
  "stability.html#one-norm-a-sample": "remedies.html#one-norm-a-sample",
  "stability.html#a-penalty-through-batch-normalisation": "remedies.html#a-penalty-through-batch-normalisation",
  "stability.html#a-modern-baseline-in-fifty-lines": "remedies.html#a-modern-baseline-and-why-it-loses-here",
  "stability.html#mode-collapse-seen": "clinic.html#mode-collapse-watched",
  "stability.html#on-the-digits": "clinic.html#on-the-digits",
  "stability.html#the-clinic": "clinic.html#the-ward",
  "stability.html#patients-1-to-3-the-losses-of-success": "clinic.html#patients-1-to-3-the-losses-of-success",
  "stability.html#patients-4-and-5-losses-that-say-so": "clinic.html#patients-4-and-5-losses-that-say-so",
  "stability.html#patients-6-to-8-healthy-players-bad-samples": "clinic.html#patients-6-to-8-healthy-players-bad-samples",
  "stability.html#the-steps": "remedies.html#the-remedies-one-line-each",
  "stability.html#ds-task": "remedies.html#the-remedies-one-line-each",
  "stability.html#ds-weights": "remedies.html#the-remedies-one-line-each",
  "stability.html#ds-slope": "remedies.html#the-remedies-one-line-each",
  "stability.html#the-question": "remedies.html#the-remedies-one-line-each",
  "stability.html#where-the-field-points": "remedies.html#the-remedies-one-line-each",
  "stability.html#the-three-meanings-of": "remedies.html#what-means-and-how-to-choose-it",
  "stability.html#how-to-choose": "remedies.html#what-means-and-how-to-choose-it",
  "stability.html#two-frameworks-one-experiment": "remedies.html#the-scoreboard",
};
const moved = MOVED[location.pathname.split("/").pop() + decodeURIComponent(location.hash)];
if (moved && !document.getElementById(decodeURIComponent(location.hash).slice(1))) location.replace(moved);
