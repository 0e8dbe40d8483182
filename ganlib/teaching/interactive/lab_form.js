// The laboratory's controls: buttons, fields, the pen for a drawing, and what a chart and a link need to know.

function makeButton(text, act, attributes = {}) {
  const element = make("button", { type: "button", ...attributes }, text);
  element.addEventListener("click", act);
  return element;
}

const makeField = (text, input) => make("label", { class: "field" }, make("span", {}, text), input);

function makeSelect(options, value, act, label) {
  const parts = options.map(([name, text]) => make("option", { value: name }, text));
  const element = make("select", { "aria-label": label }, ...parts);
  element.value = value;
  element.addEventListener("change", () => act(element.value));
  return element;
}

// The input of a setting; act(value) gets what is accepted, refuse(sentence) says why something is not.
function makeInput(control, value, act, refuse) {
  const { label, choices, min, max, whole } = control;
  if (choices) return makeSelect(choices, value, (given) => act(accepted(control, given)), label);
  const input = make("input", { type: "number", inputmode: "decimal", step: "any", min, max, "aria-label": label });
  input.value = value;
  input.addEventListener("change", () => {
    const found = accepted(control, input.value);
    input.setAttribute("aria-invalid", found === undefined);
    if (found !== undefined) return act(found);
    refuse(`${label} must be ${whole ? "a whole number" : "a number"} from ${min} to ${max}. ${value} stays.`);
    input.value = value;
  });
  return input;
}

// Where a link to a state leads: to the book's page, or to the page that this is; null in a notebook.
function homeOf(small) {
  const root = document.documentElement.dataset.content_root; // Sphinx's
  if (root !== undefined) return new URL(`${root}book/laboratory.html`, location.href).href;
  const notebook = window.top !== window || document.body.dataset.jpThemeLight || document.body.dataset.vscodeThemeKind;
  return small || notebook ? null : location.href.split("#")[0];
}

// A pen on a canvas, while active(): strokes and taps of a pointer, and by keyboard the arrow keys, the space bar and
// Backspace. place(x, y) gets 0 to 1 from the left and from the top, move(dx, dy) hundredths, up and right.
function watchPen(canvas, { active, place, move, dab, back }) {
  const put = (event) => {
    const box = canvas.getBoundingClientRect();
    place((event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height);
    dab();
  };
  canvas.addEventListener("pointerdown", (event) => {
    if (!active() || event.button) return;
    event.preventDefault();
    canvas.setPointerCapture(event.pointerId);
    canvas.focus({ preventScroll: true });
    put(event);
  });
  canvas.addEventListener("pointermove", (event) => {
    if (!active() || !canvas.hasPointerCapture(event.pointerId)) return;
    const all = event.getCoalescedEvents?.() ?? [];
    for (const one of all.length ? all : [event]) put(one);
  });
  canvas.addEventListener("keydown", (event) => {
    const by = event.shiftKey ? 2 : 8;
    const moves = { ArrowRight: [by, 0], ArrowLeft: [-by, 0], ArrowUp: [0, by], ArrowDown: [0, -by] };
    if (!active() || !(event.key in moves || event.key === " " || event.key === "Backspace")) return;
    event.preventDefault();
    if (event.key in moves) move(...moves[event.key]);
    else if (event.key === " ") dab();
    else back();
  });
}

// Another value than this one to begin a comparison with: the next choice, or a tenth, or twice as much.
function anotherValue(control, now) {
  if (control.choices) {
    const values = control.choices.map(([value]) => value);
    return values[(values.indexOf(now) + 1) % values.length];
  }
  const tried = [now / 10, 2 * now, control.min, control.max].map((value) =>
    control.whole ? Math.round(value) : Number(value.toPrecision(3)),
  );
  return tried.find((value) => value !== now && accepted(control, value) !== undefined);
}

const labelOf = (control, value) => control.choices?.find(([name]) => name === value)?.[1] ?? String(value);

// Controls are made anew when one changes; the one that the reader is at keeps the focus.
function keepFocus(live, build) {
  const root = live.getRootNode(),
    label = root.activeElement?.closest?.(".settings") && root.activeElement.getAttribute("aria-label");
  build();
  if (label) live.querySelector(`.settings [aria-label="${label}"]`)?.focus({ preventScroll: true });
}

// The question of a scenario, its options, and once it has run (`done`) what came of it.
function fillCard(card, content, { predicted, done, open, beside, predict, remedy }) {
  const options = content.options.map((text, i) => {
    const input = make("input", { type: "radio", name: "prediction" });
    input.checked = predicted === i;
    input.disabled = !open;
    input.addEventListener("change", () => predict(i));
    return make("label", {}, input, make("span", {}, text));
  });
  const group = make("div", { class: "options", role: "radiogroup", "aria-label": "Your prediction" }, ...options);
  const parts = [make("p", {}, make("b", {}, `${content.title}. `), content.question), group];
  if (done) {
    const right =
      predicted === content.answer
        ? "As you predicted. "
        : `It went this way: ${content.options[content.answer].toLowerCase()}. `;
    parts.push(make("p", {}, make("b", {}, right), content.answerText));
    if (beside) parts.push(make("p", {}, content.remedy.text));
    else if (content.remedy) parts.push(makeButton(content.remedy.label, () => remedy(content.remedy)));
  } else parts.push(make("p", { class: "quiet" }, open ? "Choose an answer, then run it." : "It runs …"));
  card.replaceChildren(...parts);
}

// The key of the plane, which chooses what is drawn; act(name, on) gets a layer and whether it is.
function makeKey(layers, act) {
  const boxes = layers.map(({ key }) => {
    const box = make("input", { type: "checkbox" });
    box.addEventListener("change", () => act(key, box.checked));
    return box;
  });
  const rows = layers.map(({ key, label, sign }, i) => {
    const drawn = make("i", { class: `sign ${key}`, "aria-hidden": true }, sign);
    return make("li", {}, make("label", {}, boxes[i], drawn, make("span", {}, label)));
  });
  const set = (show) => layers.forEach(({ key }, i) => (boxes[i].checked = show[key]));
  return { set, element: make("ul", { class: "key" }, ...rows) };
}

// The slider of the speeds, steps a second; act(index) gets which one is chosen.
function makeSpeed(speeds, act) {
  const slider = make("input", { type: "range", min: 0, max: speeds.length - 1, step: 1, "aria-label": "Speed" }),
    said = make("span", { class: "number" });
  const set = (index) => {
    const speed = speeds[index];
    said.textContent = { 1: "1 step a second", Infinity: "as fast as it goes" }[speed] ?? `${speed} steps a second`;
    slider.value = index;
    slider.setAttribute("aria-valuetext", said.textContent);
  };
  slider.addEventListener("input", () => {
    set(Number(slider.value));
    act(Number(slider.value));
  });
  return { set, element: make("label", { class: "speed" }, make("span", {}, "Speed"), slider, said) };
}

// A place for texts that the reader takes along: on the clipboard where the page may use it, and in sight.
function makeTaker() {
  const text = make("textarea", { readonly: "", "aria-label": "Text to copy", spellcheck: "false" }),
    said = make("p", { class: "quiet", role: "status" }),
    element = make("div", { class: "taken", hidden: "" }, said, text);
  async function take(words, what) {
    element.hidden = false;
    text.value = words;
    text.rows = Math.min(18, words.split("\n").length + 1);
    try {
      await navigator.clipboard.writeText(words);
      said.textContent = `${what} is copied.`;
    } catch {
      text.select();
      said.textContent = `${what}. The page may not use the clipboard here: copy it by hand.`;
    }
  }
  return { take, element };
}
