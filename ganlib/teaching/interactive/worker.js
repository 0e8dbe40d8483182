// Trainers that are steered by messages, in a Worker or in the page. It needs the engine's other scripts before it.

const NAMES = ["d_loss", "g_loss", "d_real", "d_fake", "penalty"];
const SCORED = 512; // samples in which modes are counted
const COMPARED = 256; // of them, and real points, between which distances are taken

// Starts a Worker that runs `source`, the text of the engine. Where a page may have none, it runs in the page itself, in
// shorter slices. The result has post(message), stop(), and `worker`: which of the two it is.
function startTrainer(source, onMessage) {
  let worker = null,
    receive = null,
    unanswered = []; // what the Worker was sent before its first answer; null from then on
  const runHere = () => {
    worker = null;
    receive = serve(onMessage, 12);
    unanswered.forEach((message) => setTimeout(() => receive(message)));
  };
  try {
    const listen = "const receive = serve((...answer) => postMessage(...answer)); onmessage = ({ data }) => receive(data);";
    const text = new Blob([`"use strict";\n${source}\n${listen}`], { type: "text/javascript" });
    worker = new Worker(URL.createObjectURL(text));
    worker.onmessage = ({ data }) => {
      unanswered = null;
      onMessage(data);
    };
    worker.onerror = (event) => {
      if (!unanswered) return; // a fault of the engine's, which the console shows
      event.preventDefault();
      runHere();
    };
  } catch {
    runHere();
  }
  return {
    get worker() {
      return worker !== null;
    },
    post(message) {
      if (receive) return setTimeout(() => receive(message));
      unanswered?.push(message);
      worker.postMessage(message);
    },
    stop() {
      worker?.terminate();
      receive?.({ do: "forget" });
    },
  };
}

// Takes the messages and answers them by post(message, buffers that may be moved). It trains for so many milliseconds at a
// time, between which it hears messages. All trainers that play take their steps in turn, so that two of one seed go on
// side by side.
function serve(post, slice = 30) {
  const runs = new Map(); // id → a run
  const views = new Map(); // id → what its snapshots hold
  let speed = Infinity, // steps a second at most
    since = 0, // when it was set, and the steps since then
    rounds = 0,
    timer = null;

  const doing = {
    start({ id = 0, recipe, seed, data }) {
      const set = data.points ? drawing(data) : loadPoints(data.name, data.n, data.seed);
      const trainer = new Trainer(recipe, seed, set.points);
      runs.set(id, { id, trainer, set, playing: false, until: Infinity, shown: 0, history: emptyHistory(0), measured: null });
      show(runs.get(id));
    },
    view({ id = 0, ...view }) {
      views.set(id, { ...views.get(id), ...view });
      if (runs.has(id) && !runs.get(id).playing) show(runs.get(id));
    },
    play({ id, speed: most = Infinity, until }) {
      for (const run of chosen(id)) {
        Object.assign(run, { playing: true, until: until ?? run.trainer.recipe.steps, measured: null });
      }
      [speed, since, rounds] = [most, performance.now(), 0];
      timer ??= setTimeout(advance);
    },
    pause({ id }) {
      for (const run of chosen(id)) rest(run);
    },
    step({ id, who = "both", steps = 1 }) {
      for (const run of chosen(id)) {
        for (let i = 0; i < steps && !run.trainer.failed; i++) take(run, who);
        rest(run);
      }
    },
    change({ id = 0, recipe }) {
      chosen(id)[0].trainer.change(recipe);
      if (!runs.get(id).playing) show(runs.get(id));
    },
    forget({ id }) {
      for (const run of chosen(id)) runs.delete(run.id);
      if (id === undefined) views.clear();
      else views.delete(id);
    },
  };

  function chosen(id) {
    if (id === undefined) return [...runs.values()];
    if (!runs.has(id)) throw new Error(`There is no run ${id}. Start it first.`);
    return [runs.get(id)];
  }

  function take(run, who) {
    const { trainer, history } = run,
      before = trainer.stepsDone,
      metrics = trainer.step(who);
    if (trainer.stepsDone > before) for (const name of NAMES) history[name].push(metrics[name]);
  }

  function advance() {
    const start = performance.now();
    let playing, now;
    timer = null;
    do {
      playing = chosen().filter((run) => run.playing);
      for (const run of playing) {
        if (run.trainer.failed || run.trainer.stepsDone >= run.until) rest(run);
        else if (rounds < ((performance.now() - since) * speed) / 1000) take(run, "both");
      }
      now = performance.now();
      if (rounds < ((now - since) * speed) / 1000) rounds++;
      else break;
    } while (playing.length && now - start < slice);
    for (const run of playing) if (run.playing && now - run.shown >= (views.get(run.id)?.every ?? 33)) show(run);
    if (playing.length) timer = setTimeout(advance, Math.max(0, since + (1000 * rounds) / speed - performance.now()));
  }

  function rest(run) {
    run.playing = false;
    show(run);
  }

  function show(run) {
    const { id, trainer, set, playing, history } = run,
      { stepsDone: step, failed, recipe } = trainer,
      view = views.get(id) ?? {},
      now = performance.now();
    // Over the second that went by, or as long as it plays.
    if (!run.measured) run.measured = { step, now, rate: 0 };
    else if (now - run.measured.now > 1000 || !run.measured.rate)
      run.measured = { step, now, rate: (1000 * (step - run.measured.step)) / (now - run.measured.now) };
    const message = { is: "snapshot", id, step, playing, failed, stepsPerSecond: run.measured.rate };
    const floats = (values) => Float32Array.from(values);
    message.history = Object.fromEntries(NAMES.map((name) => [name, floats(history[name])]));
    message.history.from = history.from;
    run.history = emptyHistory(step);
    run.shown = now;
    const latents = (n) => new Generator(0).normals(new Float64Array(n * recipe.latent));
    const samples = view.samples || view.arrows ? trainer.generate(latents(Math.max(view.samples ?? 0, view.arrows ?? 0))) : null;
    const [dimension] = recipe.shape;
    if (view.samples) message.samples = floats(samples.subarray(0, view.samples * dimension));
    if (view.arrows) message.arrows = floats(trainer.pull(samples.subarray(0, view.arrows * dimension)));
    if (view.field) message.field = floats(trainer.logits(places(view.field)));
    if (view.warp) message.warp = floats(trainer.generate(Float64Array.from(view.warp.latents)));
    if (view.real) message.real = floats(set.points.subarray(0, view.real * dimension));
    if (view.score) message.scores = scores(trainer, set);
    post(message, [message.history, message].flatMap(Object.values).filter(ArrayBuffer.isView).map(({ buffer }) => buffer));
  }

  return (message) => {
    try {
      if (!Object.hasOwn(doing, message.do)) throw new Error(`The engine cannot ${JSON.stringify(message.do)}.`);
      doing[message.do](message);
    } catch (error) {
      post({ is: "error", id: message.id ?? 0, sentence: error.message });
    }
  };
}

function emptyHistory(from) {
  return { from, ...Object.fromEntries(NAMES.map((name) => [name, []])) };
}

function drawing({ points, centers = null, std = null }) {
  const set = { points: Float32Array.from(points), centers, std };
  if (set.points.length % 2 || !set.points.every(Number.isFinite))
    throw new Error("A drawing is a list of finite numbers, x and y of each point in turn.");
  return set;
}

// The places of a field, its lowest row first.
function places({ x, y, columns, rows }) {
  const at = ([low, high], i, n) => low + (n > 1 ? (i * (high - low)) / (n - 1) : 0);
  return pairs(columns * rows, (k) => [at(x, k % columns, columns), at(y, Math.floor(k / columns), rows)]);
}

// Of samples that no other step sees.
function scores(trainer, { points, centers, std }) {
  const samples = trainer.sample(SCORED, trainer.stepsDone);
  const distance = energyDistance(samples.subarray(0, 2 * COMPARED), points.subarray(0, 2 * COMPARED));
  if (!centers) return { modes: null, of: null, goodPercent: null, reverseKl: null, counts: null, distance };
  return { ...modeCoverage(samples, centers, std), of: centers.length / 2, distance };
}
