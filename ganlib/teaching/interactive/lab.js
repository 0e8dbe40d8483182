// The laboratory: a GAN on points in the plane that trains in the page, with everything that a reader can turn.
// lab_state.js says what it is set to, lab_runs.js trains, lab_plane.js and lab_charts.js draw, lab_form.js has controls.

const SPEAK = 8000; // milliseconds between two sentences that a screen reader is told

function drawLaboratory(live, data) {
  const { recipe: base, shipped, controls, scenarios, limits, evens, layers, small } = data;
  const start = {
    ...{ settings: settingsOf(base, controls), seed: data.seed, speed: SPEEDS.length - 1, other: null, scenario: null },
    ...{ show: Object.fromEntries(layers.map(({ key, on }) => [key, on])), dabs: [], journal: [] },
  };
  const state = structuredClone(start);
  const motion = matchMedia("(prefers-reduced-motion: reduce)");
  let predicted = null, // the option that the reader chose for the scenario's question
    done = false, // whether the scenario has run to its end
    pen = null, // the crosshair, in hundredths, while the reader draws
    away = false, // whether a run waits until the laboratory is in view again
    inView = true,
    spoken = 0,
    charted = 0;
  const scenario = () => scenarios.find(({ name }) => name === state.scenario);
  const view = () => data.views[state.settings.data];
  const speedNow = () => SPEEDS[state.speed];
  const controlOf = (key) => controls.find((control) => control.key === key);
  const recipes = () => {
    const other = state.other && { ...state.settings, [state.other.key]: state.other.value };
    return [state.settings, ...(other ? [other] : [])].map((settings) => recipeOf(base, controls, settings));
  };
  const runs = makeRuns(show, (sentence) => note(sentence));

  // The planes, one or two, and what is said about them
  const planes = [0, 1].map((index) => {
    const canvas = make("canvas", { role: "img" }),
      title = make("figcaption");
    const figure = make("figure", { class: "plane" }, title, make("div", { class: "square" }, canvas));
    const plane = { index, canvas, title, figure, side: 0 };
    onWidth(canvas, (width) => {
      plane.side = width;
      paint();
    });
    return plane;
  });
  const board = planes[0].canvas; // where the reader draws
  const sentences = planes.map(() => make("p", { class: "sentence" }));
  const step = make("p", { class: "step number" });
  const aloud = make("p", { class: "unseen", role: "status" });
  const notes = make("p", { class: "note", role: "alert" });
  const note = (text) => (notes.textContent = text);
  const dark = () => live.classList.contains("dark");

  function paint() {
    for (const { canvas, side, index } of planes) {
      const frame = runs.all()[index]?.frame;
      if (!side) continue;
      if (pen && !index) paintDrawing(canvas, side, view().half, state.dabs, pen, dark());
      else if (frame && !pen) paintPlane(canvas, side, frame, state.show, dark());
    }
  }

  // After each look of the engine at the runs; `rest`: they have come to rest.
  function show(rest) {
    if (!live.isConnected) return runs.pause();
    if (pen) return;
    const all = runs.all(),
      named = all.length > 1;
    const said = all.map(
      (run, i) => (named ? `${"AB"[i]}: ` : "") + runs.verdict(run, view().centers, evens, limits).said,
    );
    paint();
    sentences.forEach((sentence, i) => (sentence.textContent = said[i] ?? ""));
    step.textContent = sayStep(runs.step(), runs.journal());
    all.forEach((_, i) => planes[i].canvas.setAttribute("aria-label", `The plane at step ${runs.step()}. ${said[i]}`));
    const now = performance.now();
    if (rest || now - charted > 120) drawCharts();
    if (rest || now - spoken > SPEAK) {
      spoken = now;
      aloud.textContent = `Step ${runs.step()}. ${said.join(" ")}`;
    }
    if (rest) settle();
    transport();
  }

  // Every change begins again: the same seed, the first weights
  function restart({ go = false, plan = null } = {}) {
    const going = go || runs.wanted();
    done = away = false;
    if (state.settings.data === "drawing" && !state.dabs.length) return draw();
    stopDrawing();
    const refused = recipes()
      .map(refusal)
      .find((sentence) => sentence);
    note(refused ?? "");
    if (!refused) {
      const drawn = state.settings.data === "drawing";
      const points = drawn ? { points: drawnPoints(state.dabs, new Generator(0)) } : { name: state.settings.data };
      runs.showLayers(state.show, motion.matches);
      runs.start(recipes(), state.seed, points, view().half);
      if (plan) runs.follow(plan, speedNow());
      else if (going) runs.play(speedNow());
    }
    arrange();
  }
  function change(key, value) {
    state.settings[key] = value;
    if (state.other?.key === key || key === "data") state.other = null;
    state.scenario = predicted = null;
    if (key === "data" && value === "drawing") draw();
    else restart();
  }

  // Play, steps, reset
  const asked = () => state.scenario && !done && !runs.journal().length; // a question is open
  const play = makeButton(
    "Play",
    () => {
      if (pen) {
        restart({ go: true });
        play.focus({ preventScroll: true });
      } else if (runs.playing()) runs.pause();
      else if (asked()) runs.follow(scenario().plan, speedNow());
      else runs.resume(speedNow());
      transport();
    },
    { class: "main" },
  );
  const steps = [
    ["One step", "both", "One step of both players, as in a training"],
    ["D alone", "discriminator", "One step of D, while G stands"],
    ["G alone", "generator", "One step of G, while D stands"],
  ].map(([text, who, title]) => makeButton(text, () => runs.alone(who, 1), { title }));
  const reset = makeButton("Reset", () => {
    runs.pause();
    restart();
  });
  function transport() {
    const playing = runs.playing(),
      waits = Boolean(pen) || Boolean(asked() && predicted === null) || !runs.all().length;
    play.textContent = pen ? "Train on it" : playing ? "Pause" : asked() ? "Run it" : runs.step() ? "Go on" : "Play";
    play.disabled = pen ? !state.dabs.length : waits;
    for (const element of steps) element.disabled = waits || playing;
    reset.disabled = Boolean(pen) || !runs.journal().length;
  }

  // Out of view it waits
  function attend() {
    const here = inView && !document.hidden;
    if (!here && runs.wanted()) {
      runs.pause();
      away = true;
    } else if (here && away) {
      away = false;
      runs.resume(speedNow());
    }
    transport();
  }
  new IntersectionObserver((entries) => {
    inView = entries[entries.length - 1].isIntersecting;
    attend();
  }).observe(live);
  document.addEventListener("visibilitychange", attend);
  motion.addEventListener("change", () => runs.showLayers(state.show, motion.matches));
  const repaint = () => (paint(), drawCharts());
  new MutationObserver(repaint).observe(live, { attributes: true, attributeFilter: ["class"] });

  const key = makeKey(layers, (name, on) => {
    state.show[name] = on;
    runs.showLayers(state.show, motion.matches);
    paint();
  });
  const charts = makeCharts(data.charts, drawCharts);
  function drawCharts() {
    const all = runs.all();
    charted = performance.now();
    if (all.length) charts.draw(all, (view().centers?.length ?? 0) / 2, evens[all[0].recipe.loss], dark());
  }

  // Questions
  const card = make("section", { class: "card", "aria-label": "A question" });
  const questions = make("div", { class: "questions", role: "group", "aria-label": "Start from a question" });
  for (const { name, title } of [{ name: null, title: "Free" }, ...scenarios])
    questions.append(makeButton(title, () => choose(name), { "data-name": name ?? "" }));
  function ask() {
    const content = scenario();
    card.hidden = !content;
    if (content)
      fillCard(card, content, {
        ...{ predicted, done, open: asked(), beside: state.other && state.other.key === content.remedy?.key },
        predict: (option) => {
          predicted = option;
          transport();
        },
        remedy: ({ key, value }) => {
          state.other = { key, value };
          restart({ plan: content.plan });
        },
      });
  }
  function settle() {
    if (state.scenario && predicted !== null && !done) {
      const taken = (journal) => journal.reduce((sum, [, steps]) => sum + steps, 0);
      done = taken(runs.journal()) >= taken(scenario().plan) || runs.all().some(({ failed }) => failed);
    }
    ask();
  }
  function choose(name) {
    runs.pause();
    Object.assign(state, { scenario: name, other: null, settings: { ...start.settings }, seed: start.seed });
    predicted = null;
    Object.assign(state.settings, scenario()?.settings);
    restart();
  }

  // Settings
  const first = make("div", { class: "settings" }),
    more = make("div", { class: "settings" }),
    beside = make("div", { class: "settings" });
  const speed = makeSpeed(SPEEDS, (index) => {
    state.speed = index;
    runs.hurry(speedNow());
  });
  const SEED = { label: "Seed", min: 0, max: 999_999_999, whole: true };
  function arrange() {
    const { settings, other } = state;
    const idle = { penalty_weight: settings.penalty === "none", d_steps: settings.update !== "alternating" };
    const fields = (list) =>
      list.map((control) => {
        const input = makeInput(control, settings[control.key], (value) => change(control.key, value), note);
        input.disabled = idle[control.key] ?? false;
        return makeField(control.label, input);
      });
    const setSeed = (value) => ((state.seed = value), restart());
    const setOther = (key, value) => ((state.other = key ? { key, value } : null), restart());
    const names = controls.filter(({ key }) => key !== "data").map(({ key, label }) => [key, label]);
    const which = makeSelect(
      [["", "nothing: there is none"], ...names],
      other?.key ?? "",
      (key) => setOther(key, key && anotherValue(controlOf(key), settings[key])),
      "Run B differs in",
    );
    const value =
      other &&
      makeInput(
        { ...controlOf(other.key), label: "There it is" },
        other.value,
        (given) => setOther(other.key, given),
        note,
      );
    keepFocus(live, () => {
      first.replaceChildren(...fields(controls.filter(({ first }) => first)));
      more.replaceChildren(
        ...fields(controls.filter(({ first }) => !first)),
        makeField("Seed", makeInput(SEED, state.seed, setSeed, note)),
      );
      beside.replaceChildren(makeField("Run B differs in", which), ...(other ? [makeField("There it is", value)] : []));
    });
    live.classList.toggle("pair", Boolean(other));
    planes[1].figure.hidden = sentences[1].hidden = !other;
    const named = (letter, value) =>
      other && `${letter}. ${controlOf(other.key).label}: ${labelOf(controlOf(other.key), value)}`;
    planes[0].title.textContent = named("A", settings[other?.key]) ?? "";
    planes[1].title.textContent = named("B", other?.value) ?? "";
    drawTools.hidden = settings.data !== "drawing";
    for (const element of questions.children)
      element.setAttribute("aria-pressed", element.dataset.name === (state.scenario ?? ""));
    key.set(state.show);
    speed.set(state.speed);
    ask();
    transport();
  }

  // Drawing one's own data
  function draw() {
    runs.pause();
    pen = [0, 0];
    note("");
    step.textContent = "Draw the data";
    sentences[0].textContent = data.howToDraw;
    board.tabIndex = 0;
    board.classList.add("drawn-on");
    arrange();
    drew();
  }
  function stopDrawing() {
    pen = null;
    board.removeAttribute("tabindex");
    board.classList.remove("drawn-on");
  }
  function drew() {
    const full = state.dabs.length >= MOST_DABS;
    note(full ? "The drawing is full. Train on it, or clear it." : "");
    board.setAttribute(
      "aria-label",
      `A plane to draw on, with ${state.dabs.length} dabs; the cross is at ${pen.join(", ")}.`,
    );
    paint();
    transport();
  }
  const inside = (at) => Math.max(-BOARD, Math.min(BOARD, Math.round(at)));
  watchPen(board, {
    active: () => pen !== null,
    place: (x, y) => (pen = [inside(100 * view().half * (2 * x - 1)), inside(100 * view().half * (1 - 2 * y))]),
    move: (dx, dy) => {
      pen = [inside(pen[0] + dx), inside(pen[1] + dy)];
      drew();
    },
    dab: () => {
      const apart = state.dabs.every(([x, y]) => Math.hypot(x - pen[0], y - pen[1]) >= 4);
      if (apart && state.dabs.length < MOST_DABS) state.dabs.push([...pen]);
      drew();
    },
    back: () => {
      state.dabs.pop();
      drew();
    },
  });
  const clear = () => ((state.dabs = []), draw());
  const drawTools = make(
    "div",
    { class: "tools" },
    makeButton("Draw more", draw),
    makeButton("Clear the drawing", clear),
  );

  // To take along
  const taker = makeTaker();
  const python = () => {
    const texts = recipes().map((recipe, i) =>
      toPython(shipped, recipe, state.seed, runs.journal(), state.dabs, lastLosses(runs.all()[i])),
    );
    return texts.length > 1 ? `# Run A\n${texts[0]}\n# Run B, which differs in one thing\n${texts[1]}` : texts[0];
  };
  const home = homeOf(small);
  const link = () => `${home}#${toLink({ ...state, journal: runs.journal() }, start)}`;
  const tools = make(
    "div",
    { class: "tools" },
    makeButton("Copy as ganlib recipe", () => taker.take(python(), "The recipe in Python")),
  );
  if (home)
    tools.append(
      makeButton("Copy a link to this state", () => {
        history.replaceState(history.state, "", link());
        taker.take(link(), "The link");
      }),
    );

  // A link that the page was opened with, or that the reader follows on it
  function open() {
    const names = scenarios.map(({ name }) => name);
    const found = fromLink(location.hash.slice(1), start, controls, names);
    if (!found) return false;
    runs.pause();
    Object.assign(state, found.state);
    predicted = null;
    restart({ plan: state.scenario ? null : state.journal });
    if (found.wrong.length)
      note(`Of this link the following was not understood and is left out: ${found.wrong.join(", ")}.`);
    return true;
  }
  if (!small) addEventListener("hashchange", open);

  const stage = make("div", { class: "stage" }, ...planes.map(({ figure }) => figure));
  const fold = (title, content) => make("details", {}, make("summary", {}, title), content);
  if (small) {
    const further = home ? make("a", { href: `${home}#laboratory=1` }, "To the laboratory") : "";
    if (home) further.addEventListener("click", () => (further.href = link())); // as the run stands then
    const legend = make("p", { class: "quiet" }, data.legend);
    const buttons = make("div", { class: "transport" }, play, reset);
    stage.append(make("div", { class: "side" }, buttons, step, ...sentences, legend, further));
    live.append(make("div", { class: "laboratory small" }, card, stage, notes, aloud));
  } else {
    const bar = make(
      "div",
      { class: "bar" },
      make("div", { class: "transport" }, play, ...steps, reset),
      speed.element,
    );
    stage.append(bar, make("div", { class: "side" }, step, ...sentences, key.element));
    const curves = make("div", { class: "charts" }, ...charts.elements);
    const folds = [fold("More settings", more), fold("A second run beside it", beside)];
    live.append(
      make(
        "div",
        { class: "laboratory" },
        questions,
        card,
        stage,
        notes,
        aloud,
        first,
        drawTools,
        curves,
        ...folds,
        tools,
        taker.element,
      ),
    );
  }
  if (small || !open()) choose(data.scenario);
}
