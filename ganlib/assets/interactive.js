// What the figures share: elements, the page's theme, and the step from the static picture to the live figure.

function make(tag, attributes = {}, ...children) {
  const vector = ["svg", "g", "rect", "path", "text", "line", "circle"].includes(tag);
  const element = vector ? document.createElementNS("http://www.w3.org/2000/svg", tag) : document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

// The book, Colab, JupyterLab and VS Code each say it in their own way; elsewhere the reader's system does.
function isDark() {
  const { documentElement: html, body } = document;
  const said = html.dataset.theme || html.getAttribute("theme") || body.dataset.vscodeThemeKind;
  if (said) return /dark/.test(said);
  if (body.dataset.jpThemeLight) return body.dataset.jpThemeLight === "false";
  return matchMedia("(prefers-color-scheme: dark)").matches;
}

function followTheme(live) {
  const update = () => live.classList.toggle("dark", isDark());
  const watch = new MutationObserver(update);
  for (const element of [document.documentElement, document.body]) watch.observe(element, { attributes: true });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", update);
  update();
}

// Calls draw(width) once the element has a width and whenever it changes; inside a closed tab it has none.
function onWidth(element, draw) {
  new ResizeObserver(() => element.clientWidth && draw(element.clientWidth)).observe(element);
}

// Each figure with this key that is not live yet becomes it. The picture stays for print, and where this fails.
function mount(key, css, draw, data) {
  for (const host of document.querySelectorAll(`[data-ganlib="${key}"]`)) {
    if (host.shadowRoot) continue;
    const live = make("div", { class: "live" });
    draw(live, data);
    followTheme(live);
    host.attachShadow({ mode: "open" }).append(make("style", {}, css), live, make("slot"));
  }
}
