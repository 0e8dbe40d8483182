// MathJax makes every formula a stop of the Tab key, some hundred a chapter. Those that scroll need it; no other does.
function keepStops() {
  for (const formula of document.querySelectorAll("mjx-container")) {
    if (formula.scrollWidth > formula.clientWidth + 1) formula.tabIndex = 0;
    else formula.removeAttribute("tabindex");
  }
}

window.addEventListener("load", async () => {
  await window.MathJax?.startup?.promise;
  keepStops();
});
window.addEventListener("resize", keepStops);

// Paper cannot be clicked: solutions are printed, and closed again. Folded code stays folded.
const opened = [];
window.addEventListener("beforeprint", () => {
  for (const details of document.querySelectorAll("article details:not([open], .hide)")) {
    details.open = true;
    opened.push(details);
  }
});
window.addEventListener("afterprint", () => opened.splice(0).forEach((details) => { details.open = false; }));

// Sections that stand on a page of their own now: a link to where they were goes on to where they are.
const MOVED = {};
const page = location.pathname.split("/").pop();
const moved = MOVED[page + location.hash];
if (moved && !document.getElementById(location.hash.slice(1))) location.replace(moved);
