// The page of results. INDEX, from search-index.js: pages as [address, title], sections as [page, anchor, title, text].

const plain = (text) => text.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase();
const tokens = (text) => plain(text).match(/[\p{L}\p{N}_]+/gu) ?? [];

// The words of the book, and where each stands: in how many ways the title or the text of a section holds it.
const words = new Map();
INDEX.sections.forEach(([page, , title, text], section) => {
  const count = (source, weight) => {
    for (const word of tokens(source)) {
      const places = words.get(word) ?? words.set(word, new Map()).get(word);
      places.set(section, Math.min((places.get(section) ?? 0) + weight, weight * 3));
    }
  };
  count(text, 1);
  count(title, 6);
  count(INDEX.pages[page][1], 2);
});

// Whether one letter more, less, other, or two that changed places make one word of the other.
function oneLetterOff(a, b) {
  if (Math.abs(a.length - b.length) > 1 || a === b) return false;
  let start = 0;
  while (a[start] === b[start]) start += 1;
  const [x, y] = [a.slice(start), b.slice(start)];
  return x.slice(1) === y.slice(1) || x.slice(1) === y || x === y.slice(1) || (x[0] === y[1] && x[1] === y[0] && x.slice(2) === y.slice(2));
}

// The book's words that a reader may mean by one, with how surely: itself, longer ones, and where there is none of
// these, those that are one letter off.
function meant(word) {
  const stem = word.length > 4 ? word.replace(/(ing|ed|es|s)$/, "") : word;
  const found = [...words.keys()].filter((one) => one === word || (stem.length > 2 && one.startsWith(stem)));
  if (found.length) return found.map((one) => [one, one === word ? 1 : 0.6]);
  return [...words.keys()].filter((one) => word.length > 3 && oneLetterOff(one, word)).map((one) => [one, 0.4]);
}

// Sections that have all the words of a query, the best first; where none has all, those that have most.
function results(query) {
  const asked = [...new Set(tokens(query))].map(meant);
  const scores = new Map();
  for (const candidates of asked) {
    const best = new Map();
    for (const [word, surely] of candidates) {
      for (const [section, weight] of words.get(word)) best.set(section, Math.max(best.get(section) ?? 0, surely * weight));
    }
    for (const [section, score] of best) {
      const before = scores.get(section) ?? [0, 0];
      scores.set(section, [before[0] + 1, before[1] + score]);
    }
  }
  const most = Math.max(0, ...[...scores.values()].map(([matched]) => matched));
  return {
    found: asked.flat().map(([word]) => word),
    sections: [...scores].filter(([, [matched]]) => matched === most).sort((a, b) => b[1][1] - a[1][1]).map(([section]) => section),
  };
}

// The words in bold where they stand in a text.
function marked(text, found) {
  const set = new Set(found);
  return text.split(/([\p{L}\p{N}_]+)/u).map((part) => {
    if (!set.has(plain(part))) return part;
    const mark = document.createElement("mark");
    mark.textContent = part;
    return mark;
  });
}

// Up to two whole sentences of a section, those with most of the words.
function sentences(text, found) {
  const set = new Set(found);
  const all = text.match(/\S.*?(?:[.!?…](?=\s+[^\p{Ll}])|$)/gsu) ?? [];
  const scored = all.map((sentence, place) => [new Set(tokens(sentence).filter((word) => set.has(word))).size, place, sentence]);
  const best = scored.sort((a, b) => b[0] - a[0] || a[1] - b[1])[0];
  if (!best) return "";
  return best[2].length > 300 ? `${best[2].slice(0, 300).replace(/\s\S*$/, "")} …` : best[2];
}

function show(query) {
  const { found, sections } = results(query);
  const list = document.getElementById("search-results");
  list.replaceChildren();
  const highlight = new URLSearchParams({ highlight: [...new Set(found)].slice(0, 20).join(" ") });
  for (const section of sections.slice(0, 40)) {
    const [page, anchor, title, text] = INDEX.sections[section];
    const [address, name] = INDEX.pages[page];
    const item = document.createElement("li");
    const link = document.createElement("a");
    link.href = `${address}?${highlight}#${anchor}`;
    link.append(...marked(title === name ? name : `${name}: ${title}`, found));
    const snippet = document.createElement("p");
    snippet.append(...marked(sentences(text, found), found));
    item.append(link, snippet);
    list.append(item);
  }
  const count = sections.length;
  document.getElementById("search-summary").textContent =
    count ? `${count} ${count === 1 ? "section" : "sections"}${count > 40 ? ", the best 40 of them here" : ""}.` : "Nothing found. Try fewer words, or another form of them.";
}

const field = document.querySelector(".bd-search-container input");
const query = new URLSearchParams(location.search).get("q") ?? "";
field.value = query;
field.focus();
if (query.trim()) show(query);
