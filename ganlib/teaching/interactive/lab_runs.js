// The laboratory's runs: one or two trainings in the engine's Worker, in lockstep, and all that the page knows of them.

const LATEST = 50; // steps over which the sentence averages the metrics
const WARP = { lines: 9, columns: 33, reach: 2 }; // the latents' grid: so many lines each way, from -reach to reach
const PORTION = 10; // steps of one player at a time
const FURTHER = 100_000; // steps that Play takes beyond the recipe's own

// Latents on the lines of a grid over the first two coordinates, the others 0; a single coordinate has one line.
function gridOfLatents(size) {
  const across = Array.from({ length: WARP.columns }, (_, i) => WARP.reach * ((2 * i) / (WARP.columns - 1) - 1)),
    lines =
      size === 1 ? [0] : Array.from({ length: WARP.lines }, (_, i) => WARP.reach * ((2 * i) / (WARP.lines - 1) - 1));
  const latents = [],
    add = (first, second) =>
      latents.push(first, ...(size > 1 ? [second] : []), ...new Array(Math.max(0, size - 2)).fill(0));
  for (const line of lines) for (const at of across) add(at, line);
  if (size > 1) for (const line of lines) for (const at of across) add(line, at);
  return { latents, size: { lines: latents.length / size / WARP.columns, columns: WARP.columns } };
}

// `draw(final)` is called after each look at all runs, `fail(sentence)` where the engine refuses a recipe.
function makeRuns(draw, fail) {
  const rows = 36; // of the field
  let engine = null,
    next = 1, // every start has a new id, so that what the last run still sends is not taken for this one's
    runs = [],
    journal = [],
    noted = 0, // steps of both players that the journal has
    queue = [], // what is left of a journal that is followed
    goal = null, // the step that is played to; null where nothing is to play
    waiting = null, // what a pause has left: { queue, goal }
    show = {},
    calm = false;
  // Starting takes the engine a moment. A reader who clicks on and on would have it start runs that nobody sees, so while
  // a start is unanswered what comes after it waits, and a new start takes its place.
  const started = new Set(),
    unanswered = new Set();
  let waits = null;
  const post = (message) => (waits ? waits.push(message) : send(message));
  function send(message) {
    engine ??= startTrainer(ENGINE_SOURCE, receive);
    if (message.do === "start") [started, unanswered].forEach((ids) => ids.add(message.id));
    if (message.do === "forget") started.delete(message.id);
    engine.post(message);
  }
  function answered(id) {
    unanswered.delete(id);
    if (unanswered.size || !waits) return;
    const messages = waits;
    waits = null;
    messages.forEach(send);
  }

  function start(recipes, seed, data, view) {
    if (unanswered.size) waits = [];
    for (const id of started) post({ do: "forget", id });
    const before = runs; // whose last pictures stay until there are new ones
    [journal, queue, noted, goal, waiting] = [[], [], 0, null, null];
    runs = recipes.map((recipe, i) => {
      const state = {
        step: 0,
        playing: false,
        failed: null,
        scale: null,
        begun: false,
        frame: before[i]?.frame ?? null,
      };
      return { id: next++, recipe, view, ...state, ...emptyHistory() };
    });
    for (const run of runs) {
      run.grid = gridOfLatents(run.recipe.latent);
      look(run);
      post({ do: "start", id: run.id, recipe: run.recipe, seed, data });
    }
  }
  const emptyHistory = () => ({
    losses: { d_loss: [], g_loss: [], d_real: [], d_fake: [] },
    looks: { steps: [], modes: [], reverseKl: [], distance: [], goodPercent: [] },
    scores: null,
  });

  function look(run) {
    const span = [-run.view, run.view],
      half = run.view / rows; // the field's places are the middles of its cells
    const field = show.field
      ? { x: [span[0] + half, span[1] - half], y: [span[0] + half, span[1] - half], columns: rows, rows }
      : null;
    post({
      ...{ do: "view", id: run.id, samples: 256, real: 400, score: true, every: calm ? 1000 : 45 },
      ...{ field, arrows: show.arrows ? 48 : 0, warp: show.grid ? { latents: run.grid.latents } : null },
    });
  }
  function showLayers(layers, still) {
    show = layers;
    calm = still;
    runs.forEach(look);
  }

  function receive(message) {
    answered(message.id);
    const run = runs.find(({ id }) => id === message.id);
    if (message.is === "error") return fail(message.sentence);
    if (!run || message.is !== "snapshot") return;
    const { history, scores } = message;
    if (run === lead()) {
      noteSteps(journal, "both", message.step - noted);
      noted = Math.max(noted, message.step);
    }
    const { step, failed } = message;
    // What was sent before it heard of the goal does not play yet.
    const playing = message.playing || (goal !== null && !failed && step < goal);
    Object.assign(run, { begun: true, step, playing, failed });
    for (const name of Object.keys(run.losses)) run.losses[name].push(...history[name]);
    if (scores) {
      run.scores = scores;
      const { looks } = run,
        at = looks.steps.at(-1) === step ? looks.steps.length - 1 : looks.steps.length; // one look a step, the latest
      looks.steps[at] = step;
      for (const name of ["modes", "reverseKl", "distance", "goodPercent"]) looks[name][at] = scores[name] ?? NaN;
    }
    const { samples, arrows, field, warp, real } = message;
    run.frame = {
      samples,
      arrows,
      field,
      warp,
      real: real ?? run.frame?.real,
      view: run.view,
      rows,
      warpSize: run.grid.size,
    };
    if (field) {
      const scale = fieldScale(field, ["wasserstein", "hinge", "relativistic"].includes(run.recipe.loss));
      run.scale ??= scale; // it follows slowly, so that the field does not flicker
      const follow = (name) => run.scale[name] + 0.15 * (scale[name] - run.scale[name]);
      run.frame.scale = run.scale = { middle: follow("middle"), reach: follow("reach") };
    }
    const rest = runs.every((one) => one.begun && !one.playing);
    if (rest) goal = null;
    if (rest && queue.length) advance();
    draw(rest && !queue.length);
  }
  const lead = () => runs.find(({ failed }) => !failed) ?? runs[0];

  // Follows a journal: its steps of both players by play, those of one player in small portions, so that they are seen.
  function follow(plan, speed = Infinity) {
    queue = plan.flatMap(([who, steps]) => {
      const portions = who === "both" ? [steps] : Array(Math.ceil(steps / PORTION)).fill(PORTION);
      if (who !== "both") portions[portions.length - 1] = steps - PORTION * (portions.length - 1);
      return portions.map((portion) => ({ who, steps: portion, speed }));
    });
    advance();
  }
  function advance() {
    const entry = queue.shift();
    if (!entry || runs.every(({ failed }) => failed)) return;
    if (entry.who === "both") play(entry.speed, lead().step + entry.steps);
    else alone(entry.who, entry.steps);
  }
  function play(speed, until) {
    const { step, recipe } = lead();
    goal = until ?? (step < recipe.steps ? recipe.steps : step + FURTHER);
    for (const run of runs) run.playing = !run.failed;
    post({ do: "play", speed, until: goal });
  }
  function alone(who, steps) {
    noteSteps(journal, who, steps);
    if (who === "both") noted += steps;
    for (const { id } of runs) post({ do: "step", id, who, steps });
  }
  // The runs play on until the engine says that they do not: by then it may have taken a few steps more.
  function pause() {
    if (goal !== null || queue.length) waiting = { queue, goal };
    [queue, goal] = [[], null];
    post({ do: "pause" });
  }
  // Goes on with what a pause has left, or simply on.
  function resume(speed) {
    const left = waiting;
    waiting = null;
    queue = left?.queue ?? [];
    for (const entry of queue) entry.speed = speed;
    if (left?.goal > lead().step) play(speed, left.goal);
    else if (queue.length) advance();
    else play(speed);
  }
  // Another speed for what goes on
  function hurry(speed) {
    for (const entry of queue) entry.speed = speed;
    if (goal !== null) play(speed, goal);
  }

  // What `judge` needs of a run, and its sentence.
  function verdict(run, centers, evens, limits) {
    const tail = (values) =>
      values.slice(-LATEST).reduce((sum, value) => sum + value, 0) / Math.max(1, Math.min(LATEST, values.length));
    const means = Object.fromEntries(Object.entries(run.losses).map(([name, values]) => [name, tail(values)]));
    const near = centers && run.frame?.samples ? sharesOf(run.frame.samples, centers) : null;
    const { step, recipe, failed } = run;
    if (!run.scores || !run.losses.d_loss.length)
      return judge({ step: 0, failed, moved: journal.length > 0 }, null, limits);
    return judge({ step, recipe, failed, means, near, scores: run.scores }, evens[recipe.loss], limits);
  }

  return {
    ...{ start, showLayers, play, pause, resume, hurry, follow, alone, verdict },
    all: () => runs,
    step: () => (runs.length ? lead().step : 0),
    playing: () => runs.some((run) => run.playing) || queue.length > 0,
    wanted: () => goal !== null || queue.length > 0, // it plays, and no pause has been asked for
    journal: () => journal,
  };
}
