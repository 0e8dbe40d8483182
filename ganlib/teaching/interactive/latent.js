// A generator that runs in the page. What its operations mean stands in ganlib/portable.py; a test compares the images
// with those of both frameworks.

// A function from a latent to an image, both arrays of numbers, channels innermost.
function makeGenerator(operations) {
  const run = { kernel: applyKernel, upsample: enlarge, depth_to_space: enlarge, octaves: addOctaves };
  run.leaky_relu = ({ slope }, x) => x.map((value) => (value > 0 ? value : slope * value));
  run.tanh = (_, x) => x.map(Math.tanh);
  const ready = operations.map((operation) => (operation.op === "kernel" ? decoded(operation) : operation));
  return (latent) => ready.reduce((x, operation) => run[operation.op](operation, x), Float32Array.from(latent));
}

function decoded(operation) {
  const [, , inputs] = operation.input,
    [, , outputs] = operation.output;
  const scale = bytes(operation.scale, Float32Array),
    whole = bytes(operation.kernel, Int16Array);
  const kernel = Float32Array.from(whole, (value, i) => value * scale[Math.floor(i / inputs) % outputs]);
  return { ...operation, kernel, bias: bytes(operation.bias, Float32Array) };
}

// A convolution has a kernel on the large image for each pixel of the small one. From large to small it takes weighted
// sums; transposed, from small to large, it adds weighted copies. A dense layer is that of one pixel.
function applyKernel({ transposed, size, stride, border, input, output, kernel, bias }, x) {
  const [large, small] = transposed ? [output, input] : [input, output];
  const inputs = input[2],
    outputs = output[2],
    y = new Float32Array(output[0] * output[1] * outputs);
  for (let i = 0; i < y.length; i++) y[i] = bias[i % outputs];
  for (let row = 0; row < small[0]; row++)
    for (let column = 0; column < small[1]; column++)
      for (let i = 0; i < size; i++)
        for (let j = 0; j < size; j++) {
          const [down, across] = [stride * row + i - border[0], stride * column + j - border[1]];
          if (down < 0 || across < 0 || down >= large[0] || across >= large[1]) continue;
          const places = [down * large[1] + across, row * small[1] + column];
          const [to, from] = transposed ? places : [places[1], places[0]];
          let at = (i * size + j) * outputs * inputs;
          for (let o = 0; o < outputs; o++) {
            let sum = 0;
            for (let c = 0; c < inputs; c++) sum += kernel[at++] * x[from * inputs + c];
            y[to * outputs + o] += sum;
          }
        }
  return y;
}

// Each pixel becomes a block: of copies, or of its channels.
function enlarge({ op, factor, output: [height, width, channels] }, x) {
  const own = op === "upsample" ? 0 : channels; // what parts a block's pixels in x
  const inputs = own ? channels * factor ** 2 : channels,
    y = new Float32Array(height * width * channels);
  let at = 0;
  for (let row = 0; row < height; row++)
    for (let column = 0; column < width; column++) {
      const pixel = Math.floor(row / factor) * (width / factor) + Math.floor(column / factor);
      const from = pixel * inputs + own * ((row % factor) * factor + (column % factor));
      for (let c = 0; c < channels; c++) y[at++] = x[from + c];
    }
  return y;
}

function addOctaves({ count }, x) {
  const result = [...x];
  for (let k = 0; k < count; k++)
    for (const wave of [Math.sin, Math.cos]) result.push(...x.map((value) => wave(2 ** k * value)));
  return Float32Array.from(result);
}

// Latents

const normOf = (z) => Math.hypot(...z);

// The place t from 0 to 1 on the way from a to b: on an arc around the origin, or on the straight line.
function between(a, b, t, straight) {
  const cosine = a.reduce((sum, value, i) => sum + value * b[i], 0) / (normOf(a) * normOf(b));
  const angle = Math.acos(Math.max(-1, Math.min(1, cosine)));
  const arc = !straight && Math.sin(angle) > 1e-4; // else the two lie on one line through the origin
  const [p, q] = arc ? [1 - t, t].map((part) => Math.sin(part * angle) / Math.sin(angle)) : [1 - t, t];
  return a.map((value, i) => p * value + q * b[i]);
}

// The latent at a place on the square of four, its first row above.
function latentAt(corners, across, down, straight) {
  const [above, below] = [corners.slice(0, 2), corners.slice(2)].map(([a, b]) => between(a, b, across, straight));
  return between(above, below, down, straight);
}

// Standard normal numbers without end, always the same ones: Park and Miller's generator, Box and Muller's method.
function normalNumbers() {
  let state = 1;
  const uniform = () => (state = (48271 * state) % 2147483647) / 2147483647;
  return () => Math.sqrt(-2 * Math.log(uniform())) * Math.cos(2 * Math.PI * uniform());
}

const TILES = 7; // images along a side of the square
const SHELL = 1.4; // two standard deviations of a latent's norm, whatever its dimension

function drawLatentExplorer(live, { operations, corners: first, shape, weights }) {
  const [height, width, channels] = shape;
  const generate = makeGenerator(operations),
    draw = normalNumbers(),
    middle = Math.sqrt(first[0].length);
  const state = { corners: first, across: 0.5, down: 0.5, straight: false, factor: 1 };
  const latent = (across, down) =>
    latentAt(state.corners, across, down, state.straight).map((value) => state.factor * value);

  function paint(pen, z, left, top) {
    const image = generate(z),
      pixels = new ImageData(width, height);
    for (let i = 0; i < height * width; i++) {
      for (let c = 0; c < 3; c++)
        pixels.data[4 * i + c] = 127.5 * (1 + image[channels * i + (channels === 3 ? c : 0)]);
      pixels.data[4 * i + 3] = 255;
    }
    pen.putImageData(pixels, left, top);
  }

  // The square of small images, and over it the frame, which is dragged
  const gap = Math.max(1, Math.round(height / 12)),
    [stepX, stepY] = [width + gap, height + gap],
    [wide, high] = [TILES * stepX - gap, TILES * stepY - gap];
  const map = make("canvas", { width: wide, height: high, role: "img" });
  const handle = make("div", { class: "handle", role: "slider", tabindex: 0, "aria-label": "Place in the latent space" });
  for (const [name, value] of [["min", 0], ["max", 100]]) handle.setAttribute(`aria-value${name}`, value);
  handle.style.width = `${(100 * width) / wide}%`;
  handle.style.height = `${(100 * height) / high}%`;
  const plane = make("div", { class: "plane" }, map, handle);
  const pen = map.getContext("2d");
  // The tiles are painted in turn, so many in a frame that the page stays quick, until all are as the controls say.
  let tile = 0,
    left = 0;
  function paintTiles() {
    const start = performance.now();
    while (left && performance.now() - start < 8) {
      const [row, column] = [Math.floor(tile / TILES), tile % TILES];
      paint(pen, latent(column / (TILES - 1), row / (TILES - 1)), column * stepX, row * stepY);
      tile = (tile + 1) % TILES ** 2;
      left--;
    }
    if (left) requestAnimationFrame(paintTiles);
    else map.removeAttribute("aria-busy");
  }
  function changed() {
    if (!left) requestAnimationFrame(paintTiles);
    left = TILES ** 2;
    map.setAttribute("aria-busy", true);
    show();
  }

  // The image of the frame, large
  const canvas = make("canvas", { width, height, role: "img" });
  const norm = make("b", { class: "number" }),
    verdict = make("p", { class: "verdict" }),
    mark = make("div", { class: "mark" });
  const most = 2.2 * middle; // where the gauge ends
  const percent = (length) => (100 * Math.min(length, most)) / most;
  const bounds = `${Math.max(0, middle - SHELL).toFixed(1)} to ${(middle + SHELL).toFixed(1)}`;
  const band = make("div", { class: "shell" });
  band.style.left = `${percent(Math.max(0, middle - SHELL))}%`;
  band.style.right = `${100 - percent(middle + SHELL)}%`;
  const gauge = make("div", { class: "gauge", "aria-hidden": true }, band, mark);
  const said = make(
    "div",
    { class: "said" },
    make("div", { "aria-live": "polite" }, make("p", {}, "Norm of the latent: ", norm, `; of most: ${bounds}`), gauge, verdict),
  );

  // Controls
  const path = make("select", { "aria-label": "Between the corners" });
  for (const [value, text] of [
    ["", "on arcs around the origin"],
    ["straight", "on straight lines"],
  ])
    path.append(make("option", { value }, text));
  path.addEventListener("change", () => {
    state.straight = path.value === "straight";
    changed();
  });
  const factor = make("input", { type: "range", min: 0, max: 2, step: 0.05, value: 1, "aria-label": "Factor on the latent" });
  const times = make("b", { class: "number" });
  factor.addEventListener("input", () => {
    state.factor = Number(factor.value);
    changed();
  });
  const button = make("button", { type: "button" }, "New corners");
  button.addEventListener("click", () => {
    state.corners = first.map((corner) => corner.map(draw));
    changed();
  });
  const knobs = make(
    "div",
    { class: "knobs" },
    make("label", {}, make("span", {}, "Between the corners"), path),
    make("label", {}, make("span", {}, "Factor on the latent", times), factor),
    button,
  );
  const hint = make(
    "p",
    { class: "hint quiet" },
    `At the corners four latents, between them their mixtures. This page holds the generator's ${weights} weights and ` +
      "computes each image itself. Drag the frame, or move it with the arrow keys.",
  );

  function show() {
    const z = latent(state.across, state.down),
      length = normOf(z);
    paint(canvas.getContext("2d"), z, 0, 0);
    handle.style.left = `${(100 * (state.across * (TILES - 1) * stepX)) / wide}%`;
    handle.style.top = `${(100 * (state.down * (TILES - 1) * stepY)) / high}%`;
    const where = [state.across, state.down].map((part) => Math.round(100 * part));
    handle.setAttribute("aria-valuenow", where[0]);
    handle.setAttribute("aria-valuetext", `${where[0]} % to the right, ${where[1]} % down`);
    norm.textContent = length.toFixed(1);
    times.textContent = `× ${state.factor.toFixed(2)}`;
    factor.setAttribute("aria-valuetext", times.textContent);
    mark.style.left = `${percent(length)}%`;
    const off = length - middle;
    verdict.textContent =
      Math.abs(off) <= SHELL
        ? "On the shell, where latents lie."
        : off < 0
          ? "Inside the shell: hardly a latent is so short."
          : "Outside the shell: hardly a latent is so long.";
    const from = `${where[0]} % to the right and ${where[1]} % down between four latents, norm ${norm.textContent}`;
    canvas.setAttribute("aria-label", `The image generated ${from}`);
    map.setAttribute("aria-label", `${TILES ** 2} images, generated between four latents at the corners`);
  }

  const moveTo = (across, down) => {
    [state.across, state.down] = [across, down].map((part) => Math.round(1e4 * Math.max(0, Math.min(1, part))) / 1e4);
    show();
  };
  dragOn(
    plane,
    handle,
    (x, y) => moveTo((x * wide - width / 2) / ((TILES - 1) * stepX), (y * high - height / 2) / ((TILES - 1) * stepY)),
    (x, y) => moveTo(state.across + x / (2 * (TILES - 1)), state.down + y / (2 * (TILES - 1))),
  );
  live.append(make("div", { class: "explorer" }, plane, make("div", { class: "image" }, canvas), said, knobs, hint));
  changed();
}
