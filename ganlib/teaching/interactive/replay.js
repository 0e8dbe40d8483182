// The replay of a training, on points in the plane or on images. What the payload's numbers mean stands in
// ganlib/interactive.py. A view paints one frame; the rest of the page is the same for both.

const REAL = [0, 114, 178],
  GENERATED = [213, 94, 0]; // the palette's blue and vermilion
const DEPTH = 0.6; // how far the field goes towards them, so that the points stand out
const sigmoid = (logit) => 1 / (1 + Math.exp(-logit));

// Real and generated points over D's surface.
function pointsView(data) {
  const { grid, count, arrows: arrowCount, reach } = data;
  const real = bytes(data.real, Uint16Array),
    samples = bytes(data.samples, Uint16Array);
  const logits = bytes(data.logits, Uint8Array),
    arrows = bytes(data.gradients, Uint8Array);
  const field = make("canvas", { width: grid, height: grid });
  const place = (points, i) => ((points[i] / 65535) * 4 - 1) / 2; // 0 to 1 inside the view
  function paint(canvas, frame, side) {
    const sharp = devicePixelRatio || 1,
      pen = canvas.getContext("2d");
    canvas.width = canvas.height = Math.round(side * sharp);
    const pixels = new ImageData(grid, grid);
    for (let i = 0; i < grid * grid; i++) {
      const logit = ((logits[frame * grid * grid + i] - 127) / 127) * reach;
      const lean = (2 * sigmoid(logit) - 1) / (2 * sigmoid(reach) - 1); // from -1, generated, to 1, real
      const colour = lean > 0 ? REAL : GENERATED;
      const at = 4 * ((grid - 1 - Math.floor(i / grid)) * grid + (i % grid)); // the field's first row is its lowest
      for (let c = 0; c < 3; c++) pixels.data[at + c] = 255 + (colour[c] - 255) * DEPTH * Math.abs(lean);
      pixels.data[at + 3] = 255;
    }
    field.getContext("2d").putImageData(pixels, 0, 0);
    pen.imageSmoothingQuality = "high";
    pen.drawImage(field, 0, 0, canvas.width, canvas.height);
    pen.setTransform(sharp, 0, 0, sharp, 0, 0);
    const dot = (points, i, radius) => {
      pen.moveTo(side * place(points, 2 * i) + radius, side * (1 - place(points, 2 * i + 1)));
      pen.arc(side * place(points, 2 * i), side * (1 - place(points, 2 * i + 1)), radius, 0, 7);
    };
    pen.beginPath();
    for (let i = 0; i < real.length / 2; i++) dot(real, i, 1.5);
    pen.fillStyle = "#00507d";
    pen.fill();
    const from = 2 * count * frame,
      own = samples.subarray(from, from + 2 * count);
    pen.beginPath();
    for (let i = 0; i < arrowCount; i++) {
      const dx = (arrows[2 * (frame * arrowCount + i)] - 127) / 127,
        dy = (arrows[2 * (frame * arrowCount + i) + 1] - 127) / 127;
      arrow(pen, side * place(own, 2 * i), side * (1 - place(own, 2 * i + 1)), 26 * dx, -26 * dy);
    }
    pen.strokeStyle = "#14202b";
    pen.lineWidth = 1.3;
    pen.stroke();
    pen.beginPath();
    for (let i = 0; i < count; i++) dot(own, i, 2.4);
    pen.fillStyle = "#d55e00";
    pen.strokeStyle = "#fff";
    pen.lineWidth = 1.2;
    pen.stroke();
    pen.fill();
  }

  function arrow(pen, x, y, dx, dy) {
    const length = Math.hypot(dx, dy);
    if (length < 1) return;
    const [tx, ty, head] = [x + dx, y + dy, Math.min(4, length) / length];
    pen.moveTo(x, y);
    pen.lineTo(tx, ty);
    for (const turn of [2.6, -2.6]) {
      pen.moveTo(tx, ty);
      pen.lineTo(
        tx + head * (dx * Math.cos(turn) - dy * Math.sin(turn)),
        ty + head * (dx * Math.sin(turn) + dy * Math.cos(turn)),
      );
    }
  }

  const dots = (colour, radius) =>
    make(
      "svg",
      { "aria-hidden": true },
      ...[10, 22, 34].map((x) =>
        make("circle", { cx: x, cy: x === 22 ? 5 : 10, r: radius, fill: colour, stroke: "#fff" }),
      ),
    );
  const mixed = (colour) => `rgb(${colour.map((c) => Math.round(255 + (c - 255) * DEPTH)).join()})`;
  const ramp = make("div", {
    class: "ramp",
    style: `background: linear-gradient(90deg, ${mixed(GENERATED)}, #fff, ${mixed(REAL)})`,
  });
  const ends = [-reach, reach].map((logit) => sigmoid(logit).toFixed(reach < 0.1 ? 3 : 2));
  const line = make(
    "svg",
    { "aria-hidden": true },
    make("path", { d: "M8 8H36M31 4L36 8L31 12", stroke: "currentColor" }),
  );
  const key = make(
    "ul",
    {},
    make("li", {}, dots("#0072b2", 2.5), make("span", {}, "real")),
    make("li", {}, dots("#d55e00", 3.5), make("span", {}, "generated")),
    make("li", {}, line, make("span", {}, "where D's logit rises")),
    make("li", {}, ramp, make("span", { class: "number" }, `D: ${ends[0]}, one half, ${ends[1]}`)),
  );
  return { name: "Real and generated points over D's surface", paint, key };
}

// A sheet of images, always of the same latents; the payload holds all frames' sheets, one below the other.
function imagesView(data, ready) {
  const sheets = new Image();
  sheets.onload = ready;
  sheets.src = data.sheets;
  function paint(canvas, frame, side) {
    const pen = canvas.getContext("2d"),
      height = sheets.naturalHeight / data.steps.length;
    canvas.width = canvas.height = Math.round(side * (devicePixelRatio || 1));
    pen.imageSmoothingEnabled = false;
    if (height) pen.drawImage(sheets, 0, frame * height, sheets.naturalWidth, height, 0, 0, canvas.width, canvas.height);
  }
  const key = make("ul", {}, make("li", { class: "note" }, "Each place has its own latent, the same in all frames."));
  if (data.score) key.append(make("li", { class: "note" }, data.score.note));
  return { name: "Generated images", paint, key };
}

function drawTrainingReplay(live, data) {
  const { steps, score } = data;
  const last = steps.length - 1,
    start = steps[0],
    end = steps[last];
  let frame = last,
    timer = null,
    side = 0;
  const canvas = make("canvas", { role: "img" });
  const view = data.sheets ? imagesView(data, () => draw()) : pointsView(data);
  const draw = () => side && view.paint(canvas, frame, side);

  // Beside it: the numbers and the key
  const step = make("p", { class: "step number" });
  const dLoss = make("dd", { class: "number" }),
    gLoss = make("dd", { class: "number" }),
    reached = make("dd", { class: "number" });
  const pair = (name, value, kind = "") => make("div", {}, make("dt", { class: kind }, name), value);
  const numbers = make("dl", {}, pair("D's loss", dLoss, "d"), pair("G's loss", gLoss, "g"));
  if (score) numbers.append(pair(score.name, reached));

  // Below: one timeline, its cursor, the slider
  const lines = make("g"),
    cursor = make("line", { class: "cursor", y1: 0, y2: 130 });
  const timeline = make("svg", { "aria-hidden": true }, lines, cursor);
  const slider = make("input", { type: "range", min: 0, max: last, step: 1, "aria-label": "Training step" });
  const button = make("button", { type: "button" }, "Play");
  const MARGIN = 8; // half the slider's thumb, so that thumb and cursor stay together
  let width = 0;
  const across = (at) => MARGIN + (width - 2 * MARGIN) * ((at - start) / (end - start));
  function drawTimeline() {
    if (!width) return;
    const curve = (encoded) => {
      const values = bytes(encoded, Uint16Array),
        size = values.length;
      let path = "",
        pen = "M";
      values.forEach((value, i) => {
        const x = across(start + ((i + 0.5) / size) * (end - start));
        const missing = value === 65535; // not a number: the line breaks off
        if (!missing) path += `${pen}${x.toFixed(1)} ${(82 - (78 * value) / 65534).toFixed(1)}`;
        pen = missing ? "M" : "L";
      });
      return path || "M0 0";
    };
    const bottom = score ? 130 : 82;
    const parts = [make("path", { class: "axis", d: `M${MARGIN} 82H${width - MARGIN}` })];
    parts.push(
      make("path", { class: "d", d: curve(data.d_loss) }),
      make("path", { class: "g", d: curve(data.g_loss) }),
    );
    if (score) {
      const height = (h) => (bottom - 34 * h).toFixed(1);
      const steady = score.heights
        .map((h, i) => (i ? `H${across(steps[i]).toFixed(1)}V${height(h)}` : `M${MARGIN} ${height(h)}`))
        .join("");
      parts.push(
        make("path", {
          class: "axis",
          d: `M${MARGIN} ${bottom}H${width - MARGIN}M${MARGIN} ${bottom - 34}H${width - MARGIN}`,
        }),
      );
      parts.push(make("path", { class: "modes", d: steady }));
      if (score.floor !== null)
        parts.push(make("path", { class: "floor", d: `M${MARGIN} ${height(score.floor)}H${width - MARGIN}` }));
    }
    cursor.setAttribute("y2", bottom);
    lines.replaceChildren(...parts);
    moveCursor();
  }
  const moveCursor = () => {
    for (const name of ["x1", "x2"]) cursor.setAttribute(name, across(steps[frame]));
  };

  function show(index) {
    frame = Math.max(0, Math.min(last, index));
    slider.value = frame;
    const number = (value) => (value === null ? "–" : value.toFixed(2));
    const [d, g] = [data.d_mean[frame], data.g_mean[frame]].map(number);
    step.textContent = `Step ${steps[frame]} of ${end}`;
    dLoss.textContent = d;
    gLoss.textContent = g;
    if (score) reached.textContent = score.texts[frame];
    const found = score ? `${score.said[frame]}, ` : "";
    const said = `Step ${steps[frame]}: ${found}D's loss ${d}, G's loss ${g}`;
    slider.setAttribute("aria-valuetext", said);
    canvas.setAttribute("aria-label", `${view.name}. ${said}`);
    draw();
    moveCursor();
  }

  function stop() {
    clearInterval(timer);
    timer = null;
    button.textContent = "Play";
  }
  function play() {
    if (frame === last) show(0);
    const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
    button.textContent = "Pause";
    timer = setInterval(
      () => {
        if (live.isConnected) show(frame + 1);
        if (frame === last || !live.isConnected) stop();
      },
      calm ? 1200 : 220,
    );
  }
  button.addEventListener("click", () => (timer ? stop() : play()));
  slider.addEventListener("input", () => {
    stop();
    show(Number(slider.value));
  });
  const seek = (event) => {
    if (event.type === "pointermove" && !event.buttons) return;
    const at =
      ((event.clientX - timeline.getBoundingClientRect().left - MARGIN) / (width - 2 * MARGIN)) * (end - start) + start;
    stop();
    show(steps.reduce((best, value, i) => (Math.abs(value - at) < Math.abs(steps[best] - at) ? i : best), 0));
  };
  timeline.addEventListener("pointerdown", seek);
  timeline.addEventListener("pointermove", seek);

  const name = (top, text, kind) => make("span", { class: kind, style: `top: ${top}px` }, text);
  const [low, high] = data.losses.map((loss) => loss.toPrecision(2));
  const names = make(
    "div",
    { "aria-hidden": true },
    name(20, "D's loss", "d"),
    name(44, "G's loss", "g"),
    name(-5, high, "tick"),
    name(72, low, "tick"),
  );
  if (score) {
    const [top, bottom] = score.ticks;
    names.append(name(103, score.name), name(87, top, "tick"), name(120, bottom, "tick"));
  }
  live.append(
    make(
      "div",
      { class: "replay" },
      make("div", { class: "plane" }, canvas),
      make("div", { class: "side" }, step, numbers),
      view.key,
      make("div", { class: "time" }, names, make("div", {}, timeline), button, slider),
    ),
  );
  show(last);
  onWidth(canvas, (now) => {
    side = now;
    draw();
  });
  onWidth(timeline, (now) => {
    width = now;
    drawTimeline();
  });
}
