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
