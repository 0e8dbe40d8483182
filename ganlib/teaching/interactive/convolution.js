// The explorer of the transposed convolution. Outputs are numbered from the first that is kept.

// How many stamps touch each output, of those before cropping and past the last stamp too where R asks for it.
function touches({ inputs, kernel, stride, padding, output_padding }) {
  const full = stride * (inputs - 1) + kernel;
  const counts = new Array(Math.max(full, full - padding + output_padding)).fill(0);
  for (let i = 0; i < inputs; i++) for (let k = 0; k < kernel; k++) counts[stride * i + k]++;
  return { counts, size: full - 2 * padding + output_padding };
}

// The same sentence as _verdict in ganlib/interactive.py; a test compares the two.
function verdict({ inputs, kernel, stride, padding, output_padding }) {
  const { counts, size } = touches({ inputs, kernel, stride, padding, output_padding });
  const kept = counts.slice(padding, padding + size);
  const times = (count) => (count === 1 ? "once" : `${count} times`);
  const either = (values) => {
    const sorted = [...new Set(values)].sort((a, b) => a - b);
    return `${sorted.slice(0, -1).join(", ")} or ${sorted[sorted.length - 1]} times`;
  };
  if (new Set(kept).size === 1) return `Every output is touched equally often: ${times(kept[0])}.`;
  const few = Math.floor(kernel / stride);
  const away = "Away from the border";
  if (kernel % stride === 0)
    return kept.includes(few)
      ? `${away} every output is touched equally often, ${times(few)}: even overlap.`
      : `Outputs are touched ${either(kept)}, fewer towards the border: even overlap.`;
  const why = kernel < stride ? "the kernel is smaller than the stride" : `${kernel} is not a multiple of ${stride}`;
  const turn = kept.filter((count) => count >= few); // what neighbours away from the border get in turn
  const where = turn.length < kept.length && new Set(turn).size === 2 ? `${away} outputs` : "Outputs";
  return `${where} are touched ${either(where === "Outputs" ? kept : turn)}: a checkerboard of counts, because ${why}.`;
}

function drawTransposedConvolution(live, { start, limits }) {
  const state = { ...start };
  let chosen = null; // { row: "in" | "out", index }, outputs counted from the first before cropping
  let width = 0;

  // Sliders
  const knobs = {};
  const panel = make("div", { class: "knobs" });
  for (const [name, { label, symbol, low, high }] of Object.entries(limits)) {
    const input = make("input", { type: "range", min: low, max: high, step: 1, "aria-label": `${label} ${symbol}` });
    const value = make("b", { class: "number" });
    const title = make("span", {}, make("span", {}, `${label}\u00a0`, make("i", {}, symbol)), value);
    panel.append(make("label", {}, title, input));
    knobs[name] = { input, value };
    input.addEventListener("input", () => {
      state[name] = Number(input.value);
      chosen = null;
      update();
    });
  }

  // The row of inputs over the row of outputs
  const IN = 20,
    OUT = 132,
    CELL = 24;
  const drawing = make("g");
  const strips = {};
  const svg = make("svg", { role: "group", "aria-label": "Inputs above, outputs below" }, drawing);
  for (const [row, y, label] of [
    ["in", IN, "Input"],
    ["out", OUT, "Output"],
  ]) {
    const strip = make("rect", { class: "strip", role: "slider", tabindex: 0, "aria-label": label, y, height: CELL });
    strips[row] = { strip, index: 0 };
    const choose = (index) => {
      const last = row === "in" ? state.inputs - 1 : touches(state).counts.length - 1;
      strips[row].index = Math.max(0, Math.min(last, index));
      chosen = { row, index: strips[row].index };
      redraw();
    };
    const release = () => {
      chosen = null;
      redraw();
    };
    const point = (event) => choose(at(row, event.clientX - svg.getBoundingClientRect().left));
    strip.addEventListener("pointermove", point);
    strip.addEventListener("pointerdown", point);
    strip.addEventListener("pointerleave", (event) => event.pointerType === "mouse" && release());
    strip.addEventListener("focus", () => strip.matches(":focus-visible") && choose(strips[row].index));
    strip.addEventListener("blur", release);
    strip.addEventListener("keydown", (event) => {
      const moves = { ArrowRight: 1, ArrowUp: 1, ArrowLeft: -1, ArrowDown: -1, Home: -Infinity, End: Infinity };
      if (!(event.key in moves)) return;
      event.preventDefault();
      choose(strips[row].index + moves[event.key]);
    });
    svg.append(strip);
  }

  // The map of the counts in two dimensions, and the sentences
  const map = make("svg", { role: "img" });
  const size = make("p", { class: "size number" });
  const judged = make("p", { class: "verdict" });
  const touch = make("p", { class: "touch quiet" });
  live.append(
    panel,
    make("div", { class: "row" }, svg),
    make(
      "div",
      { class: "below" },
      make("div", { class: "map" }, map, make("p", { class: "quiet" }, "In two dimensions")),
      make("div", { class: "said" }, make("div", { "aria-live": "polite", class: "said" }, size, judged), touch),
    ),
  );

  const cellWidth = () => Math.min(34, (width - 2) / touches(state).counts.length);
  const left = () => (width - cellWidth() * touches(state).counts.length) / 2;
  const inputX = (i) => left() + cellWidth() * (state.stride * i + (state.kernel - 1) / 2);
  function at(row, x) {
    if (row === "out") return Math.floor((x - left()) / cellWidth());
    return Math.round((x - inputX(0)) / cellWidth() / state.stride - 0.5 / state.stride);
  }

  function partners({ row, index }) {
    const { inputs, kernel, stride } = state;
    if (row === "in") return Array.from({ length: kernel }, (_, k) => stride * index + k);
    return Array.from({ length: inputs }, (_, i) => i).filter(
      (i) => index - stride * i >= 0 && index - stride * i < kernel,
    );
  }

  const list = (values) =>
    values.length < 2 ? `${values[0]}` : `${values.slice(0, -1).join(", ")} and ${values[values.length - 1]}`;
  function describe(row, index) {
    const { padding } = state;
    const { size } = touches(state);
    const kept = (j) => j >= padding && j < padding + size;
    const found = partners({ row, index });
    if (row === "in") {
      const inside = found.filter(kept).map((j) => j - padding);
      const lost = found.length - inside.length;
      const touched = inside.length
        ? `touches output${inside.length > 1 ? "s" : ""} ${list(inside)}`
        : "touches no output that is kept";
      return `Input ${index} ${touched}${lost ? `; ${lost} of its ${found.length} cropped` : ""}.`;
    }
    const by = found.length ? `touched by input${found.length > 1 ? "s" : ""} ${list(found)}` : "touched by no input";
    return kept(index) ? `Output ${index - padding} is ${by}.` : `An output that is cropped, ${by}.`;
  }

  function redraw() {
    if (!width) return;
    const { inputs, kernel, stride, padding } = state;
    const { counts, size } = touches(state);
    const w = cellWidth(),
      x0 = left();
    const kept = (j) => j >= padding && j < padding + size;
    const found = chosen ? partners(chosen) : [];
    const isChosen = (row, index) => chosen && (chosen.row === row ? chosen.index === index : found.includes(index));
    const bottom = IN + CELL;
    const stamp = (i, from, to, extra = "") => {
      const a = inputX(i),
        b = x0 + w * from,
        c = x0 + w * to;
      return make("path", { class: `stamp ${extra}`, d: `M${a} ${bottom}H${a + w}L${c} ${OUT}H${b}Z` });
    };
    const parts = [make("text", { class: "quiet", x: 0, y: 12 }, "Inputs and what they touch; dashed: cropped")];
    for (let i = 0; i < inputs; i++) parts.push(stamp(i, stride * i, stride * i + kernel));
    if (chosen?.row === "in")
      parts.push(stamp(chosen.index, stride * chosen.index, stride * chosen.index + kernel, "chosen"));
    if (chosen?.row === "out") for (const i of found) parts.push(stamp(i, chosen.index, chosen.index + 1, "chosen"));
    const cell = (row, index, x, y, extra, label) => {
      const own = isChosen(row, index) ? "chosen" : "";
      parts.push(make("rect", { class: `cell ${row} ${extra} ${own}`, x: x + 0.5, y, width: w - 1, height: CELL }));
      if (own && w > 15) parts.push(make("text", { class: "middle number", x: x + w / 2, y: y + 16 }, label));
    };
    for (let i = 0; i < inputs; i++) cell("in", i, inputX(i), IN, "", i);
    const unit = Math.min(14, 49 / Math.max(...counts));
    counts.forEach((count, j) => {
      const cropped = kept(j) ? "" : "cropped";
      const x = x0 + w * j;
      cell("out", j, x, OUT, cropped, cropped ? "" : j - padding);
      if (cropped) parts.push(make("line", { class: "cropped", x1: x + 1, y1: OUT + CELL, x2: x + w - 1, y2: OUT }));
      parts.push(
        make("text", { class: `count middle number ${cropped && "quiet"}`, x: x + w / 2, y: OUT + CELL + 15 }, count),
      );
      parts.push(
        make("rect", { class: `bar ${cropped}`, x: x + 0.5, y: OUT + CELL + 21, width: w - 1, height: unit * count }),
      );
    });
    parts.push(make("text", { class: "quiet", x: 0, y: 248 }, "Outputs and how often they are touched"));
    drawing.replaceChildren(...parts);
    drawing.setAttribute("class", chosen ? "asleep" : "");
    for (const [row, low, high] of [
      ["in", 0, inputs - 1],
      ["out", 0, counts.length - 1],
    ]) {
      const { strip } = strips[row];
      strips[row].index = Math.min(strips[row].index, high);
      const values = {
        x: row === "in" ? inputX(0) : x0,
        width: row === "in" ? inputX(high) + w - inputX(0) : w * counts.length,
      };
      const said = {
        "aria-valuemin": low,
        "aria-valuemax": high,
        "aria-valuenow": strips[row].index,
        "aria-valuetext": describe(row, strips[row].index),
      };
      for (const [name, value] of Object.entries({ ...values, ...said })) strip.setAttribute(name, value);
    }
    touch.textContent = chosen
      ? describe(chosen.row, chosen.index)
      : "Point at an input or an output, tap it, or reach it with Tab and the arrow keys, to see what it touches.";
  }

  function redrawMap() {
    const { counts, size } = touches(state);
    const kept = counts.slice(state.padding, state.padding + size);
    const most = Math.max(...kept) ** 2,
      step = 190 / size;
    const parts = [];
    kept.forEach((a, row) =>
      kept.forEach((b, column) => {
        parts.push(
          make("rect", {
            class: "pixel",
            x: column * step,
            y: row * step,
            width: step,
            height: step,
            "fill-opacity": most ? (a * b) / most : 0,
            "data-count": a * b,
          }),
        );
        if (size <= 10)
          parts.push(
            make("text", { class: "middle number", x: (column + 0.5) * step, y: (row + 0.5) * step + 4 }, `${a * b}`),
          );
      }),
    );
    map.replaceChildren(...parts, make("rect", { class: "frame", width: 190, height: 190 }));
    const values = [...new Set(kept.flatMap((a) => kept.map((b) => a * b)))].sort((a, b) => a - b);
    map.setAttribute(
      "aria-label",
      `Map of ${size} by ${size} outputs; each is touched ${list(values)} times.`.replace(" 1 times", " once"),
    );
  }

  function update() {
    knobs.output_padding.input.max = state.stride - 1;
    state.output_padding = Math.min(state.output_padding, state.stride - 1);
    const span = state.stride * (state.inputs - 1) + state.kernel + state.output_padding;
    const most = Math.min(state.kernel - 1, Math.floor((span - 1) / 2));
    knobs.padding.input.max = most;
    state.padding = Math.min(state.padding, most);
    for (const [name, { input, value }] of Object.entries(knobs)) {
      input.value = state[name];
      input.disabled = input.min === input.max;
      value.textContent = state[name];
    }
    const { inputs: n, kernel: K, stride: s, padding: P, output_padding: R } = state;
    const formula = "<i>s</i>(<i>n</i> − 1) + <i>K</i> − 2<i>P</i> + <i>R</i>";
    size.innerHTML = `Size: ${formula} = ${s}·(${n} − 1) + ${K} − 2·${P} + ${R} = <b>${touches(state).size}</b>`;
    judged.textContent = verdict(state);
    redraw();
    redrawMap();
  }

  update();
  onWidth(svg, (now) => {
    width = now;
    redraw();
  });
}
