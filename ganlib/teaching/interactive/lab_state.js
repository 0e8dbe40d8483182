// What a laboratory is set to: from settings to recipes, to Python, to a link and back; and the sentence about a run.
// Nothing here touches the page. `controls` is the payload's list, in which each setting names its fields of a recipe.

const SPEEDS = [1, 10, 100, Infinity]; // steps a second
const KINDS = ["both", "discriminator", "generator"]; // who moves in an entry of the journal
const BOARD = 140, // hundredths from the middle of a drawing to its edge
  MOST_DABS = 400,
  MOST_STEPS = 20000; // a link that asks for more is damaged, or meant to keep the page busy

const getField = (recipe, path) => path.split(".").reduce((value, name) => value[name], recipe);
function setField(recipe, path, value) {
  const names = path.split("."),
    last = names.pop();
  names.reduce((part, name) => part[name], recipe)[last] = value;
}

// The value that a control takes for what was typed, chosen or found in a link; undefined where it cannot be one.
function accepted(control, given) {
  if (control.choices) return control.choices.map(([value]) => value).find((value) => String(value) === String(given));
  const value = String(given).trim() === "" ? NaN : Number(given);
  const fits = value >= control.min && value <= control.max && (!control.whole || Number.isInteger(value));
  return fits ? value : undefined;
}

const settingsOf = (recipe, controls) =>
  Object.fromEntries(controls.map(({ key, fields }) => [key, getField(recipe, fields[0])]));

// The base recipe with the settings in place, and with what they force: no penalty has no weight, and only in turns
// can D take several steps.
function recipeOf(base, controls, settings) {
  const recipe = structuredClone(base);
  for (const { key, fields } of controls) for (const path of fields) setField(recipe, path, settings[key]);
  if (recipe.penalty === "none") recipe.penalty_weight = 0;
  else if (!recipe.penalty_weight) recipe.penalty_weight = 1;
  if (recipe.update !== "alternating") recipe.discriminator_steps = 1;
  return recipe;
}

// The journal: who moved and how often, in order, as [["both", 300], ["generator", 50]].
function noteSteps(journal, who, steps) {
  if (steps <= 0) return;
  const last = journal[journal.length - 1];
  if (last && last[0] === who) last[1] += steps;
  else journal.push([who, steps]);
}

// The step, and how many steps a player has taken alone: "Step 200 and 300 of G alone".
function sayStep(step, journal) {
  const alone = ["discriminator", "generator"].map((player) =>
    journal.reduce((sum, [who, steps]) => sum + (who === player ? steps : 0), 0),
  );
  const parts = [`Step ${step.toLocaleString("en")}`];
  if (alone[0]) parts.push(`${alone[0].toLocaleString("en")} of D alone`);
  if (alone[1]) parts.push(`${alone[1].toLocaleString("en")} of G alone`);
  return parts.length > 1 ? `${parts.slice(0, -1).join(", ")} and ${parts.at(-1)}` : parts[0];
}

// Points of a drawing: its dabs, whole hundredths of the plane, each a small round cluster. `toPython` says the same.
const DRAWN = { points: 5000, spread: 0.03 };
function drawnPoints(dabs, random) {
  const chosen = Array.from({ length: DRAWN.points }, () => random.integer(dabs.length)),
    noise = random.normals(new Float64Array(2 * DRAWN.points));
  return Float32Array.from(noise, (z, i) => dabs[chosen[i >> 1]][i % 2] / 100 + DRAWN.spread * z);
}

// Python that gives the numbers of this run: what the recipe changes of the shipped one, the data, and the steps taken.
function toPython(shipped, recipe, seed, journal, dabs, losses) {
  const literal = (value) =>
    typeof value === "boolean"
      ? value
        ? "True"
        : "False"
      : typeof value === "string"
        ? JSON.stringify(value)
        : `${value}`;
  const changes = [];
  for (const [field, value] of Object.entries(recipe)) {
    if (["name", "about", "precision"].includes(field)) continue;
    const before = shipped[field];
    if (Array.isArray(value)) {
      if (String(value) !== String(before)) changes.push(`${field}=(${value.join(", ")},)`);
    } else if (value !== null && typeof value === "object") {
      const own = Object.entries(value).filter(([name, part]) => part !== before[name]);
      const parts = own.map(([name, part]) => `${JSON.stringify(name)}: ${literal(part)}`);
      if (parts.length) changes.push(`${field}={${parts.join(", ")}}`);
    } else if (value !== before) changes.push(`${field}=${literal(value)}`);
  }
  const lines = ["import ganlib"];
  if (recipe.data === "drawing") {
    const rows = [];
    for (let i = 0; i < dabs.length; i += 8)
      rows.push(
        `    ${dabs
          .slice(i, i + 8)
          .map(([x, y]) => `(${x}, ${y})`)
          .join(", ")},`,
      );
    lines.push("import numpy as np", "", "dabs = np.array([", ...rows, "]) / 100");
    lines.push("rng = np.random.default_rng(0)");
    lines.push(`chosen = rng.integers(len(dabs), size=${DRAWN.points})`);
    lines.push(`data = dabs[chosen] + ${DRAWN.spread} * rng.standard_normal((${DRAWN.points}, 2))`);
    lines.push("data = data.astype(np.float32)");
  } else lines.push("", `data = ganlib.data.load(${JSON.stringify(recipe.data)})`);
  const call = [JSON.stringify(shipped.name), ...changes, 'precision="float64"'];
  lines.push("recipe = ganlib.recipe(", ...call.map((part) => `    ${part},`), ")");
  lines.push(`trainer = ganlib.backend().Trainer(recipe, seed=${seed})`);
  for (const [who, steps] of journal) {
    const call = { both: "fit", discriminator: "fit_discriminator", generator: "fit_generator" }[who];
    lines.push(`trainer.${call}(data, steps=${steps})`);
  }
  if (!journal.length) lines.push("trainer.fit(data)");
  if (losses) {
    const [d, g] = losses.map((loss) => loss.toPrecision(6));
    lines.push(`# In the page the last step had D's loss ${d} and G's loss ${g}.`);
    lines.push('print(trainer.history["d_loss"][-1], trainer.history["g_loss"][-1])');
  }
  return `${lines.join("\n")}\n`;
}

// The state as the part of an address behind "#": what differs from the laboratory's own start, in words.
function toLink(state, start) {
  const parts = new URLSearchParams();
  parts.set("laboratory", "1");
  for (const [key, value] of Object.entries(state.settings)) if (value !== start.settings[key]) parts.set(key, value);
  if (state.seed !== start.seed) parts.set("seed", state.seed);
  if (state.speed !== start.speed) parts.set("speed", state.speed);
  if (state.other) parts.set("beside", `${state.other.key}:${state.other.value}`);
  if (state.scenario) parts.set("question", state.scenario);
  const shown = Object.keys(state.show).filter((name) => state.show[name]);
  if (String(shown) !== String(Object.keys(start.show).filter((name) => start.show[name])))
    parts.set("show", shown.join("."));
  if (state.dabs.length) parts.set("dabs", state.dabs.map(([x, y]) => `${x}.${y}`).join("_"));
  if (state.journal.length) parts.set("steps", state.journal.map(([who, steps]) => `${who[0]}${steps}`).join("."));
  return parts.toString();
}

// What a link holds, each part checked, and the names of the parts that were not understood.
function fromLink(text, start, controls, scenarios) {
  const state = structuredClone(start),
    wrong = [];
  const parts = new URLSearchParams(text);
  if (!parts.has("laboratory")) return null;
  const known = new Map(controls.map((control) => [control.key, control]));
  const number = (given, low, high) =>
    /^\d{1,9}$/.test(given) && given >= low && given <= high ? Number(given) : null;
  const readers = {
    laboratory: () => true,
    seed: (given) => number(given, 0, 999999999) !== null && ((state.seed = Number(given)), true),
    speed: (given) => number(given, 0, SPEEDS.length - 1) !== null && ((state.speed = Number(given)), true),
    question: (given) => scenarios.includes(given) && ((state.scenario = given), true),
    beside: (given) => {
      const [key, ...rest] = given.split(":"),
        value = known.has(key) ? accepted(known.get(key), rest.join(":")) : undefined;
      if (value === undefined || key === "data") return false;
      state.other = { key, value };
      return true;
    },
    show: (given) => {
      const names = given.split(".").filter((name) => name);
      if (!names.every((name) => name in state.show)) return false;
      for (const name of Object.keys(state.show)) state.show[name] = names.includes(name);
      return true;
    },
    dabs: (given) => {
      const dabs = given.split("_").map((dab) => dab.split(".").map(Number));
      const fine = ([x, y, ...more]) =>
        !more.length && [x, y].every((at) => Number.isInteger(at) && Math.abs(at) <= BOARD);
      if (dabs.length > MOST_DABS || !dabs.every(fine)) return false;
      state.dabs = dabs;
      return true;
    },
    steps: (given) => {
      const journal = given
        .split(".")
        .map((part) => [KINDS.find((who) => who[0] === part[0]), number(part.slice(1), 1, MOST_STEPS)]);
      const total = journal.reduce((sum, [, steps]) => sum + steps, 0);
      if (journal.length > 200 || total > MOST_STEPS || journal.some(([who, steps]) => !who || !steps)) return false;
      state.journal = journal;
      return true;
    },
  };
  for (const [name, given] of parts) {
    const control = known.get(name),
      value = control && accepted(control, given);
    if (control && value !== undefined) state.settings[name] = value;
    else if (control || !Object.hasOwn(readers, name) || !readers[name](given)) wrong.push(name);
  }
  if (state.settings.data === "drawing" && !state.dabs.length) {
    wrong.push("drawing");
    state.settings.data = start.settings.data;
  }
  return { state, wrong };
}

const WORDS = "none one two three four five six seven eight nine ten eleven twelve".split(" ");
const inWords = (n) => WORDS[n] ?? String(n);
const capital = (text) => text[0].toUpperCase() + text.slice(1);

// What a look at a run says, after ganlib/runtime/monitor.py and by its limits (`limits`): where the samples are, then
// what D thinks, then what is wrong. `means` are the metrics averaged over the last steps, `near` the shares of the
// samples whose nearest mode is each one, `even` both losses where D can only guess, or null.
function judge({ step, scores, means, near, recipe, failed, moved }, even, limits) {
  if (failed) return { said: failed, kinds: ["failed"] };
  if (step === 0) {
    const said = moved ? "The players have not taken a step together yet." : "The players have their first weights.";
    return { said, kinds: [] };
  }
  const kinds = [],
    parts = [];
  const { modes, of, goodPercent, distance } = scores;
  const entropy = near ? -near.reduce((sum, share) => sum + (share > 0 ? share * Math.log(share) : 0), 0) : 0;
  const covered = near ? Math.exp(entropy) / of : 1;
  if (of) {
    let where = `${inWords(modes)} of ${inWords(of)} modes`;
    if (modes === 0)
      where = distance > limits.far ? "no mode is reached yet" : "the samples are near the modes and on none";
    else where += `, ${Math.round(goodPercent)} % of the samples on one`;
    if (covered < limits.modes && step >= limits.lasting) {
      kinds.push("collapse");
      const spots = near.filter((share) => share >= 0.01).length;
      where += `, for all samples lie around ${spots === 1 ? "a single mode" : inWords(spots)}: collapse`;
    }
    parts.push(where);
  } else {
    const how =
      distance < 0.01
        ? "on the data"
        : distance < 0.05
          ? "close to the data"
          : distance < limits.far
            ? "near the data"
            : "far from the data";
    parts.push(`the samples are ${how}`);
  }
  const { d_loss, g_loss, d_real, d_fake } = means;
  if (even) {
    const fooled = d_real - d_fake < -limits.fooled;
    if (fooled) (kinds.push("fooled"), parts.push("D takes the samples for more real than the data"));
    else if (d_loss < limits.saturated * even[0]) (kinds.push("certain"), parts.push("D is certain"));
    else if (d_loss < 0.5 * even[0]) parts.push("D tells most samples from the data");
    else if (d_loss < 0.93 * even[0]) parts.push("D tells some samples from the data");
    else if (Math.abs(d_loss - even[0]) < limits.plateau * even[0] && distance > limits.far)
      (kinds.push("plateau"), parts.push("D only guesses, though the samples are far off"));
    else parts.push("D can hardly tell the samples from the data");
    const slope =
      { least_squares: 2 * Math.sqrt(Math.max(g_loss, 0)), hinge: 1, wasserstein: 1 }[recipe.loss] ?? Math.abs(g_loss);
    if (slope < limits.vanished && !fooled) (kinds.push("vanishing"), parts.push("G's gradient has all but vanished"));
  } else
    parts.push(
      d_loss < 0
        ? "the critic scores the data above the samples"
        : "the critic scores the samples no lower than the data",
    );
  if (Math.max(Math.abs(d_real), Math.abs(d_fake)) > limits.logit)
    (kinds.push("divergence"), parts.push("D's logits have run away"));
  return { said: `${capital(parts.join("; "))}.`, kinds, covered };
}

// The shares of the samples (x0 y0 x1 y1 …) by their nearest centre.
function sharesOf(samples, centers) {
  const shares = new Array(centers.length / 2).fill(0);
  for (let i = 0; i < samples.length; i += 2) {
    let best = 0,
      least = Infinity;
    for (let k = 0; k < shares.length; k++) {
      const d = (samples[i] - centers[2 * k]) ** 2 + (samples[i + 1] - centers[2 * k + 1]) ** 2;
      if (d < least) [best, least] = [k, d];
    }
    shares[best] += 2 / samples.length;
  }
  return shares;
}
