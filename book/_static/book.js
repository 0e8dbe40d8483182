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
  "stability.html#remedies-in-the-order-one-would-try-them": "remedies.html#twenty-remedies-one-line-each",
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
  "stability.html#the-steps": "remedies.html#twenty-remedies-one-line-each",
  "stability.html#ds-task": "remedies.html#twenty-remedies-one-line-each",
  "stability.html#ds-weights": "remedies.html#twenty-remedies-one-line-each",
  "stability.html#ds-slope": "remedies.html#twenty-remedies-one-line-each",
  "stability.html#the-question": "remedies.html#twenty-remedies-one-line-each",
  "stability.html#where-the-field-points": "remedies.html#twenty-remedies-one-line-each",
  "stability.html#the-three-meanings-of": "remedies.html#what-means-and-how-to-choose-it",
  "stability.html#how-to-choose": "remedies.html#what-means-and-how-to-choose-it",
  "stability.html#two-frameworks-one-experiment": "remedies.html#the-scoreboard",
};
const moved = MOVED[location.pathname.split("/").pop() + decodeURIComponent(location.hash)];
if (moved && !document.getElementById(decodeURIComponent(location.hash).slice(1))) location.replace(moved);
