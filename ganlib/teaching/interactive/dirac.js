// The phase portrait of the Dirac-GAN. Fields and updates are those of ganlib/dynamics.py; a test compares the numbers.

const STEPS = 500,
  VIEW = 2; // the plane shows -VIEW to VIEW both ways
const sigma = (t) => 1 / (1 + Math.exp(-t));
const SLOPES = {
  minimax: (s) => [-s, s, -s * (1 - s), s * (1 - s)],
  nonsaturating: (s) => [s - 1, s, s * (1 - s), s * (1 - s)],
  wasserstein: () => [-1, 1, 0, 0],
};

// A game from the method's entry in the payload; `normal` are nodes and weights of the standard normal distribution.
function makeGame({ loss, field }, strength, normal) {
  const game = { loss, r1: 0, wgan_gp: 0, noise: 0, consensus: 0, clip: Infinity };
  if (field) game[field] = strength;
  game.nodes = game.noise ? normal.nodes.map((node) => game.noise * node) : [0];
  game.weights = game.noise ? normal.weights : [1];
  return game;
}

// The field without consensus, and its Jacobian row by row.
function linearise(game, theta, psi) {
  const steepness = (Math.abs(psi) - 1) * Math.sign(psi);
  const v = [0, -game.r1 * psi - 2 * game.wgan_gp * steepness],
    j = [0, 0, 0, -game.r1 - 2 * game.wgan_gp];
  game.nodes.forEach((node, i) => {
    const weight = game.weights[i],
      fake = theta + node;
    const [g, d, gSlope, dSlope] = SLOPES[game.loss](sigma(psi * fake));
    const [, r, , rSlope] = SLOPES[game.loss](sigma(-psi * node));
    v[0] -= weight * psi * g;
    v[1] -= weight * (fake * d - node * r);
    j[0] -= weight * psi * psi * gSlope;
    j[1] -= weight * (g + psi * fake * gSlope);
    j[2] -= weight * (d + psi * fake * dSlope);
    j[3] -= weight * (fake * fake * dSlope + node * node * rSlope);
  });
  return { v, j };
}

function velocity(game, [theta, psi]) {
  const { v, j } = linearise(game, theta, psi),
    c = game.consensus;
  return c ? [v[0] - c * (j[0] * v[0] + j[2] * v[1]), v[1] - c * (j[1] * v[0] + j[3] * v[1])] : v;
}

function jacobianAtZero(game) {
  if (game.wgan_gp) return null; // the field jumps there
  const { j } = linearise(game, 0, 0),
    c = game.consensus;
  const mixed = j[0] * j[1] + j[2] * j[3];
  return [j[0] - c * (j[0] ** 2 + j[2] ** 2), j[1] - c * mixed, j[2] - c * mixed, j[3] - c * (j[1] ** 2 + j[3] ** 2)];
}

// One update of a field, D first where they move in turns.
function stepOf(field, rate, update, clip) {
  const clipped = ([theta, psi]) => [theta, Math.max(-clip, Math.min(clip, psi))];
  const both = (x, v) => clipped([x[0] + rate * v[0], x[1] + rate * v[1]]);
  if (update === "simultaneous") return (x) => both(x, field(x));
  if (update === "extragradient") return (x) => both(x, field(both(x, field(x))));
  return (x) => {
    const [theta, psi] = clipped([x[0], x[1] + rate * field(x)[1]]);
    return [theta + rate * field([theta, psi])[0], psi];
  };
}

function simulate(game, start, rate, update) {
  const step = stepOf((x) => velocity(game, x), rate, update, game.clip),
    path = [start];
  for (let i = 0; i < STEPS; i++) path.push(step(path[i]));
  return path;
}

// Both eigenvalues of [[a, b], [c, d]], as pairs of a real and an imaginary part.
function eigenvalues([a, b, c, d]) {
  const middle = (a + d) / 2,
    square = ((a - d) / 2) ** 2 + b * c,
    root = Math.sqrt(Math.abs(square));
  const [re, im] = square < 0 ? [0, root] : [root, 0];
  return [
    [middle + re, im],
    [middle - re, -im],
  ];
}

function contraction(j, rate, update) {
  const step = stepOf((x) => [j[0] * x[0] + j[1] * x[1], j[2] * x[0] + j[3] * x[1]], rate, update, Infinity);
  const [[a, c], [b, d]] = [step([1, 0]), step([0, 1])];
  return Math.max(...eigenvalues([a, b, c, d]).map(([re, im]) => Math.hypot(re, im)));
}

// The same sentences as _judge in ganlib/interactive.py; a test compares the two.
function judge(j, rate, update) {
  if (!j) return ["The field jumps at ψ = 0: no eigenvalues.", "No factor: look at the curve below."];
  const number = (value) => (Math.abs(value) < 5e-4 ? "0" : String(Number(value.toFixed(3)))).replace("-", "−");
  const [[re, im], [other]] = eigenvalues(j);
  const imaginary = `${number(im)}i`;
  const pair = im
    ? number(re) === "0"
      ? `±${imaginary}`
      : `${number(re)} ± ${imaginary}`
    : `${number(re)} and ${number(other)}`;
  const factor = contraction(j, rate, update);
  const verdict =
    Math.abs(factor - 1) < 1e-9
      ? "exactly 1, they neither grow nor shrink."
      : factor < 1
        ? "below 1, they die out."
        : "above 1, they grow.";
  return [
    `Eigenvalues of the field: ${pair}.`,
    `An update multiplies small deviations by ${factor.toFixed(5)}: ${verdict}`,
  ];
}

const power = (exponent) => `10${String(exponent).replace(/./g, (c) => (c === "-" ? "⁻" : "⁰¹²³⁴⁵⁶⁷⁸⁹"[c]))}`;
const short = (value) => {
  if (!Number.isFinite(value)) return "diverged";
  const [digits, exponent] = value.toExponential(1).split("e");
  const size = Math.abs(value);
  return size && (size < 0.01 || size >= 1000) ? `${digits} · ${power(Number(exponent))}` : value.toFixed(2);
};

function drawDiracPortrait(live, { start, methods, updates, rates, strengths, normal }) {
  const state = { ...start, start: [...start.start] };
  let path = [],
    distances = [],
    shown = STEPS,
    timer = null,
    side = 0,
    width = 0;

  // Controls
  const choice = (label, options, name) => {
    const select = make("select", { "aria-label": label });
    for (const [value, text] of options) select.append(make("option", { value }, text));
    select.value = state[name];
    select.addEventListener("change", () => {
      state[name] = select.value;
      if (name === "method") state.strength = methods[state.method].start ?? state.strength;
      update();
    });
    return make("label", {}, make("span", {}, label), select);
  };
  const knob = (name, limits) => {
    const input = make("input", { type: "range", ...limits });
    const title = make("span"),
      value = make("b", { class: "number" });
    input.addEventListener("input", () => {
      state[name] = Number(input.value);
      update();
    });
    return { input, title, value, label: make("label", {}, make("span", {}, title, value), input) };
  };
  const rate = knob("rate", { ...rates, "aria-label": "Step size h" });
  rate.title.append("Step size\u00a0", make("i", {}, "h"));
  const strength = knob("strength", strengths);
  const knobs = make(
    "div",
    { class: "knobs" },
    choice(
      "Method",
      Object.entries(methods).map(([name, { label }]) => [name, label]),
      "method",
    ),
    choice("Update", Object.entries(updates), "update"),
    rate.label,
    strength.label,
  );

  // The plane: a drawing, and over it the start, which is dragged
  const svg = make("svg", { role: "img" });
  const handle = make("div", {
    class: "handle",
    role: "slider",
    tabindex: 0,
    "aria-label": "Start",
    "aria-valuemin": -VIEW,
    "aria-valuemax": VIEW,
  });
  const plane = make("div", { class: "plane" }, svg, handle);
  const px = (value) => ((value + VIEW) / (2 * VIEW)) * side;
  const py = (value) => side - px(value);
  const limit = (value) => Math.round(100 * Math.max(-VIEW, Math.min(VIEW, value))) / 100;
  const startAt = (theta, psi) => {
    state.start = [limit(theta), limit(psi)];
    update();
  };
  dragOn(
    plane,
    handle,
    (x, y) => startAt(x * 2 * VIEW - VIEW, VIEW - y * 2 * VIEW),
    (x, y) => startAt(state.start[0] + 0.1 * x, state.start[1] - 0.1 * y),
  );

  const near = (value) => value.toFixed(1);
  function arrows(game) {
    const count = 13,
      reach = side / count;
    let d = "";
    for (let row = 0; row < count; row++)
      for (let column = 0; column < count; column++) {
        const at = [column, row].map((i) => (((i + 0.5) / count) * 2 - 1) * VIEW);
        const [a, b] = velocity(game, at);
        const speed = Math.hypot(a, b);
        if (speed < 1e-6) continue;
        const length = reach * (0.25 + 0.6 * Math.tanh(speed));
        const [dx, dy] = [(length * a) / speed, (-length * b) / speed];
        const [x, y] = [px(at[0]) - dx / 2, py(at[1]) - dy / 2];
        const barb = (turn) => {
          const [c, s] = [0.3 * Math.cos(turn), 0.3 * Math.sin(turn)];
          return `M${near(x + dx)} ${near(y + dy)}l${near(c * dx - s * dy)} ${near(s * dx + c * dy)}`;
        };
        d += `M${near(x)} ${near(y)}l${near(dx)} ${near(dy)}${barb(2.6)}${barb(-2.6)}`;
      }
    return d;
  }

  function drawPlane(game) {
    if (!side) return;
    // Far outside the numbers would be too large to draw.
    const place = ([theta, psi]) =>
      [px(theta), py(psi)].map((at) => Math.max(-1e4, Math.min(1e4, at)).toFixed(1)).join(" ");
    const finite = path.filter(([theta, psi]) => Number.isFinite(theta + psi));
    const walked = finite.slice(0, shown + 1).map(place),
      [x, y] = walked[walked.length - 1].split(" ");
    svg.replaceChildren(
      make("path", { class: "axis", d: `M0 ${side / 2}H${side}M${side / 2} 0V${side}` }),
      make("path", { class: "field", d: arrows(game) }),
      make("path", { class: "path", d: `M${walked.join("L")}` }),
      make("path", { class: "places", d: walked.map((at) => `M${at}h0`).join("") }),
      make("circle", { class: "end", cx: x, cy: y, r: 4.5 }),
      make("path", { class: "rest", d: `M${side / 2 - 6} ${side / 2}h12m-6 -6v12` }),
      ...[
        ["θ →", side - 6, side / 2 - 6, "end"],
        ["ψ ↑", side / 2 + 6, 14, "start"],
      ].map(([text, x, y, anchor]) => make("text", { class: "quiet", x, y, "text-anchor": anchor }, text)),
    );
  }

  // Beside it: what the numbers say
  const sentences = [make("p"), make("p", { class: "verdict" })];
  const now = make("p", { class: "now number" });
  const said = make(
    "div",
    { class: "said" },
    make("div", { class: "said", "aria-live": "polite" }, ...sentences),
    now,
    make(
      "p",
      { class: "quiet" },
      "θ is the generator, ψ the discriminator, the cross their equilibrium. Drag the start, or move it with the arrow keys.",
    ),
  );

  // Below: the distance over the steps, on a logarithmic scale
  const chart = make("svg", { role: "img" });
  const slider = make("input", { type: "range", min: 0, max: STEPS, step: 1, "aria-label": "Step" });
  const button = make("button", { type: "button" }, "Play");
  const LEFT = 60, // the button's width and gap, so that the slider's thumb stays under its step
    HEIGHT = 116,
    MARGIN = 8;
  function drawChart(factor) {
    if (!width) return;
    const logs = distances.map((d) => (Number.isFinite(d) ? Math.log10(Math.max(d, 1e-18)) : NaN));
    const finite = logs.filter(Number.isFinite);
    const high = Math.min(6, Math.ceil(Math.max(...finite) + 1e-6)),
      low = Math.min(high - 2, Math.floor(Math.min(...finite)));
    const x = (step) => LEFT + MARGIN + ((width - LEFT - 2 * MARGIN) * step) / STEPS;
    const y = (log) => 8 + ((HEIGHT - 16) * (high - log)) / (high - low);
    const parts = [];
    const every = Math.ceil((high - low) / 4);
    for (let exponent = high; exponent >= low; exponent -= every)
      parts.push(
        make("path", { class: "axis", d: `M${LEFT + MARGIN} ${y(exponent)}H${width - MARGIN}` }),
        make("text", { class: "quiet number", x: LEFT, y: y(exponent) + 4, "text-anchor": "end" }, power(exponent)),
      );
    let d = "";
    logs.forEach((log, i) => {
      if (log <= 6) d += `${d ? "L" : "M"}${x(i).toFixed(1)} ${y(log).toFixed(1)}`;
    });
    if (factor) {
      // As far as the straight line of factorⁿ stays on the chart
      const slope = Math.log10(factor),
        room = slope > 0 ? (high - logs[0]) / slope : (low - logs[0]) / slope;
      const last = Math.abs(slope) < 1e-12 ? STEPS : Math.min(STEPS, room);
      parts.push(
        make("path", { class: "predicted", d: `M${x(0)} ${y(logs[0])}L${x(last)} ${y(logs[0] + last * slope)}` }),
      );
    }
    parts.push(make("path", { class: "distance", d }));
    if (Number.isFinite(logs[shown]) && logs[shown] <= 6)
      parts.push(make("circle", { class: "end", cx: x(shown), cy: y(logs[shown]), r: 4.5 }));
    chart.replaceChildren(...parts);
  }

  function draw() {
    const method = methods[state.method];
    const game = makeGame(method, state.strength, normal);
    const j = jacobianAtZero(game);
    drawPlane(game);
    drawChart(j && contraction(j, state.rate, state.update));
    const [theta, psi] = path[shown];
    now.textContent = `Step ${shown}: distance ${short(distances[shown])}`;
    slider.value = shown;
    slider.setAttribute("aria-valuetext", `Step ${shown}, distance ${short(distances[shown])}`);
    handle.style.left = `${(100 * (VIEW + state.start[0])) / (2 * VIEW)}%`;
    handle.style.top = `${(100 * (VIEW - state.start[1])) / (2 * VIEW)}%`;
    const where = state.start.map((value) => value.toFixed(2).replace("-", "−"));
    handle.setAttribute("aria-valuenow", state.start[0]);
    handle.setAttribute("aria-valuetext", `θ = ${where[0]}, ψ = ${where[1]}`);
    const from = `from θ = ${where[0]}, ψ = ${where[1]}`;
    const end = [theta, psi].map(short);
    svg.setAttribute(
      "aria-label",
      `${method.label}: the field, and the path ${from}. ${now.textContent}, at ${end.join(", ")}.`,
    );
    const some = [0, 100, 200, 300, 400, 500].map((i) => `${short(distances[i])} at step ${i}`);
    chart.setAttribute("aria-label", `Distance to the equilibrium: ${some.join(", ")}.`);
  }

  function update() {
    stop();
    shown = STEPS;
    const method = methods[state.method];
    const game = makeGame(method, state.strength, normal);
    path = simulate(game, state.start, state.rate, state.update);
    distances = path.map(([theta, psi]) => Math.hypot(theta, psi));
    judge(jacobianAtZero(game), state.rate, state.update).forEach((text, i) => (sentences[i].textContent = text));
    rate.input.value = state.rate;
    rate.value.textContent = state.rate.toFixed(2);
    const { input, title, value, label } = strength;
    input.disabled = !method.field;
    input.value = state.strength;
    label.style.visibility = method.field ? "visible" : "hidden";
    const { knob: name, symbol } = method.field ? method : methods.r1; // unseen, but of the usual width
    title.replaceChildren(`${name}\u00a0`, make("i", {}, symbol));
    input.setAttribute("aria-label", `${name} ${symbol}`);
    value.textContent = state.strength.toFixed(2);
    draw();
  }

  function stop() {
    clearInterval(timer);
    timer = null;
    button.textContent = "Play";
  }
  function play() {
    if (shown === STEPS) shown = 0;
    const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
    button.textContent = "Pause";
    timer = setInterval(
      () => {
        shown = Math.min(STEPS, shown + (calm ? 50 : 2));
        if (live.isConnected) draw();
        if (shown === STEPS || !live.isConnected) stop();
      },
      calm ? 1200 : 40,
    );
    draw();
  }
  button.addEventListener("click", () => (timer ? stop() : play()));
  slider.addEventListener("input", () => {
    stop();
    shown = Number(slider.value);
    draw();
  });

  live.append(
    make("div", { class: "portrait" }, plane, make("div", { class: "side" }, knobs, said)),
    make(
      "p",
      { class: "quiet over" },
      "Distance to the equilibrium over 500 steps; dashed: the factor to the power of the step",
    ),
    make("div", { class: "chart" }, chart),
    make("div", { class: "time" }, button, slider),
  );
  update();
  onWidth(plane, (now) => {
    side = now;
    draw();
  });
  onWidth(chart, (now) => {
    width = now;
    draw();
  });
}
