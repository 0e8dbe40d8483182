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

// The numbers of a base64 text.
function bytes(encoded, Type) {
  return new Type(Uint8Array.from(atob(encoded), (character) => character.charCodeAt(0)).buffer);
}

// A handle on a plane. place(x, y) gets 0 to 1 from the left and from the top; nudge(x, y) gets 1 for an arrow key to
// the right or down, a tenth of it with Shift.
function dragOn(plane, handle, place, nudge) {
  const under = (event) => {
    const box = plane.getBoundingClientRect();
    place((event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height);
  };
  plane.addEventListener("pointerdown", (event) => {
    // A finger drags the handle itself and scrolls the page elsewhere; a mouse drags from anywhere.
    if (event.button || (event.pointerType !== "mouse" && event.target !== handle)) return;
    event.preventDefault();
    plane.setPointerCapture(event.pointerId);
    handle.focus({ preventScroll: true });
    under(event);
  });
  plane.addEventListener("pointermove", (event) => plane.hasPointerCapture(event.pointerId) && under(event));
  plane.addEventListener("click", (event) => event.target !== handle && under(event)); // a tap
  handle.addEventListener("keydown", (event) => {
    const by = event.shiftKey ? 0.1 : 1;
    const moves = { ArrowRight: [by, 0], ArrowLeft: [-by, 0], ArrowUp: [0, -by], ArrowDown: [0, by] };
    if (!(event.key in moves)) return;
    event.preventDefault();
    nudge(...moves[event.key]);
  });
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
