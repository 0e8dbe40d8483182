// Trains a GAN on points, from a recipe's JSON and a seed: the third twin of ganlib/torch/step.py. A test compares its
// losses with those of both others. It needs random.js and networks.js before it, and nothing of a page.
//
// Arrays are flat, points as x y x y …. Everything that a step needs is allocated when a trainer is made.

// As ganlib/initialise.py numbers them. Dropout's is not drawn from, since points have none.
const STREAMS = ["generator_weights", "discriminator_weights", "batches", "latents", "mix", "instance_noise"];
// What stays as it is when a run goes on with another recipe.
const FIXED = ["shape", "latent", "width", "depth", "generator_octaves", "generator_slope", "generator_output"];
FIXED.push("discriminator_octaves", "discriminator_slope", "pack", "batch_size");

// Trains one recipe from one seed on points, at least a batch of them. Its steps are those of Python's
// Trainer(recipe, seed, "float64").
class Trainer {
  constructor(recipe, seed, points) {
    const { latent, width, depth, batch_size: batch, pack } = recipe,
      [dimension] = recipe.shape ?? [];
    const refused = refusal(recipe);
    if (refused) throw new Error(refused);
    if (!(points.length >= batch * dimension)) {
      const given = Math.floor(points.length / dimension);
      throw new Error(`${given} points do not fill a batch of ${batch}. Give more points, or lower batch_size.`);
    }
    this.recipe = recipe;
    this.seed = seed;
    this.points = Float64Array.from(points);
    this.stepsDone = 0;
    this.failed = null;
    this.metrics = { d_loss: 0, g_loss: 0, d_real: 0, d_fake: 0, penalty: 0 };
    this.random = Object.fromEntries(STREAMS.map((name, i) => [name, new Generator(seed, [i])]));
    const of = (player, inputs, outputs, rows, ending) => {
      const [octaves, slope] = [recipe[`${player}_octaves`], recipe[`${player}_slope`]];
      const network = new Network({ inputs, octaves, width, depth, outputs, slope, ending, rows });
      network.initialise(recipe.weight_init, recipe.weight_std, this.random[`${player}_weights`]);
      return network;
    };
    this.generator = of("generator", latent, dimension, batch, recipe.generator_output);
    this.discriminator = of("discriminator", pack * dimension, 1, (2 * batch) / pack, "linear");
    this.generatorOptimiser = new Optimiser(this.generator.weights.length);
    this.discriminatorOptimiser = new Optimiser(this.discriminator.weights.length);
    this.pairs = batch / pack; // of a real and a fake input of D; its rows are the real ones, then the fake ones
    this.shown = new Float64Array(2 * batch * dimension); // D's inputs
    this.inputSlopes = new Float64Array(2 * batch * dimension); // derivatives by them
    this.share = new Float64Array((2 * batch) / pack); // of D's loss by each logit
    this.real = new Float64Array(batch * dimension);
    this.real.set(this.points.subarray(0, this.real.length));
    this.generatorInputs = batch * latent; // of one of its batches
    this.order = new Int32Array(points.length / dimension);
    this.position = this.order.length;
    this.before = [this.generator.weights, this.discriminator.weights].map((weights) => weights.slice());
    this.change(recipe);
  }

  // Goes on with another recipe for the same networks and batches.
  change(recipe) {
    const refused = refusal(recipe);
    if (refused) throw new Error(refused);
    const differs = FIXED.find((field) => String(recipe[field]) !== String(this.recipe[field]));
    if (differs) throw new Error(`A run cannot go on with another ${differs}. Start anew with this recipe.`);
    this.recipe = recipe;
    this.failed = null;
    const { batch_size: batch, latent, discriminator_steps: turns, moving_average, instance_noise } = recipe;
    this.latents = new Float64Array((turns + (recipe.fresh_noise ? 1 : 0)) * batch * latent);
    this.noise = instance_noise ? new Float64Array((turns + 1) * this.shown.length) : null;
    if (!moving_average) this.average = null;
    else if (!this.average) (this.average = new Network(this.generator.shape)).weights.set(this.generator.weights);
    const { generator: g, discriminator: d, generatorOptimiser: a, discriminatorOptimiser: b, average } = this;
    this.state = [g.weights, d.weights, a.m, a.v, b.m, b.v, ...(average ? [average.weights] : [])];
    this.kept = this.state.map((array) => array.slice());
  }

  // One step of the game, or of one player alone, which does not count in stepsDone. Returns the metrics, always in the
  // same object: D's loss and mean logits and the penalty before its last step, G's loss before its own. If a number
  // goes bad the step is taken back, and `failed` says so.
  step(who = "both") {
    if (this.failed) return this.metrics;
    this.state.forEach((array, i) => this.kept[i].set(array));
    const counts = [this.generatorOptimiser.steps, this.discriminatorOptimiser.steps];
    this.draw(who === "both");
    if (who === "discriminator") {
      this.takeBatch();
      this.imitate(0);
      this.discriminatorMoves(0);
    } else if (who === "generator") {
      this.takeBatch();
      this.imitate(this.latents.length - this.generatorInputs);
      this.generatorMoves();
    } else this[this.recipe.update]();
    if (who !== "discriminator" && this.average) this.moveAverage();
    const bad = this.firstBad();
    if (bad) {
      this.failed = `Step ${this.stepsDone + 1}: ${bad} is no finite number any more. The step is taken back; lower rates usually help.`;
      this.state.forEach((array, i) => array.set(this.kept[i]));
      [this.generatorOptimiser.steps, this.discriminatorOptimiser.steps] = counts;
    } else if (who === "both") this.stepsDone++;
    return this.metrics;
  }

  // D takes its steps, then G takes one against the new D.
  alternating() {
    const { discriminator_steps: turns, fresh_noise } = this.recipe;
    for (let turn = 0; turn < turns; turn++) {
      this.takeBatch();
      this.imitate(turn * this.generatorInputs);
      this.discriminatorMoves(turn);
    }
    if (fresh_noise) this.imitate(turns * this.generatorInputs);
    this.generatorMoves();
  }

  // Both players move at once, each against the other as it was.
  simultaneous() {
    this.takeBatch();
    this.bothGradients();
    this.bothMove();
  }

  // Both move by the gradients of the point where a simultaneous step would lead (Gidel et al. 2019, algorithm 4).
  extragradient() {
    const networks = [this.generator, this.discriminator];
    networks.forEach(({ weights }, i) => this.before[i].set(weights));
    this.simultaneous();
    const { d_loss, g_loss, d_real, d_fake, penalty } = this.metrics;
    this.bothGradients();
    networks.forEach(({ weights }, i) => weights.set(this.before[i]));
    this.bothMove();
    Object.assign(this.metrics, { d_loss, g_loss, d_real, d_fake, penalty });
  }

  bothGradients() {
    this.imitate(0);
    this.discriminatorGradient(0);
    if (this.recipe.fresh_noise) this.imitate(this.generatorInputs);
    this.generatorGradient();
  }

  bothMove() {
    this.discriminatorOptimiser.apply(this.recipe.discriminator_optimiser, this.discriminator, this.progress);
    this.generatorOptimiser.apply(this.recipe.generator_optimiser, this.generator, this.progress);
  }

  discriminatorMoves(turn) {
    this.discriminatorGradient(turn);
    this.discriminatorOptimiser.apply(this.recipe.discriminator_optimiser, this.discriminator, this.progress);
  }

  generatorMoves() {
    this.generatorGradient();
    this.generatorOptimiser.apply(this.recipe.generator_optimiser, this.generator, this.progress);
  }

  // average ← decay · average + (1 - decay) · generator
  moveAverage() {
    const { moving_average: decay } = this.recipe,
      [average, { weights }] = [this.average.weights, this.generator];
    for (let i = 0; i < weights.length; i++) average[i] = decay * average[i] + (1 - decay) * weights[i];
  }

  // The gradient of D's loss and penalty in its weights, at its `turn`.
  //
  // With J(x) = ∂D/∂x, R1 at a sample is ‖J‖². A leaky ReLU bends but does not curve, so if its bends stay where they are
  // D is, behind its octaves, linear in each layer's weights: ∂‖J‖²/∂W = 2 ∂(J·v)/∂W with v = J held fixed, and J·v is what
  // moving the input along v adds to the logit. Along the way the hidden values grow by t, and a layer's part of it is
  // tᵀ·d with d the derivatives of the logit, just as its part of the logit's own derivative is hᵀ·d. So one product
  // (share·h + t)ᵀ·d gives the gradient of loss and penalties together.
  discriminatorGradient(turn) {
    const { discriminator: network, recipe, pairs, share, inputSlopes: slopes, metrics, weight } = this,
      { h, d, t, sizes, last, inputs } = network;
    this.show(turn, 0);
    this.show(turn, 1);
    network.forward(this.shown, 0, 0, 2 * pairs);
    metrics.d_loss = this.discriminatorLoss(h[last]);
    [metrics.d_real, metrics.d_fake] = [mean(h[last], 0, pairs), mean(h[last], pairs, 2 * pairs)];
    metrics.penalty = 0;
    d[last].fill(1);
    network.backward(0, 2 * pairs, weight ? 0 : 1);
    // The rows that are penalised: the real ones, the fake ones or all.
    const from = recipe.penalty === "r2" ? pairs : 0,
      to = !weight ? from : recipe.penalty === "r1" ? pairs : 2 * pairs;
    if (weight) {
      network.toInputs(from, to, slopes);
      let sum = 0;
      for (let i = 0; i < (to - from) * inputs; i++) {
        sum += slopes[i] ** 2;
        slopes[i] *= weight / pairs; // of γ/2 · ‖J‖², averaged
      }
      metrics.penalty = (weight / 2) * (sum / pairs);
      network.along(from, to, slopes);
    }
    for (let l = 0; l < last; l++)
      for (let i = 0, o = 0; i < 2 * pairs; i++) {
        const penalised = i >= from && i < to;
        for (let j = 0; j < sizes[l]; j++, o++) h[l][o] = share[i] * h[l][o] + (penalised ? t[l][o] : 0);
      }
    network.collect(2 * pairs, share);
  }

  // The gradient of G's loss in its weights, for the samples that it has just made: through D, then through G.
  generatorGradient() {
    const { discriminator, generator, pairs, recipe } = this,
      { pair } = LOSSES[recipe.loss];
    this.show(recipe.discriminator_steps, 1);
    if (pair) this.show(recipe.discriminator_steps, 0);
    discriminator.forward(this.shown, 0, pair ? 0 : pairs, 2 * pairs);
    this.metrics.g_loss = this.generatorLoss(discriminator.h[discriminator.last], discriminator.d[discriminator.last]);
    discriminator.backward(pairs, 2 * pairs, 0);
    discriminator.toInputs(pairs, 2 * pairs, generator.d[generator.last]);
    generator.backward(0, recipe.batch_size, 1);
    generator.collect(recipe.batch_size);
  }

  // D's loss of its logits; its derivatives by them into `share`.
  discriminatorLoss(logits) {
    const { pairs: n, share } = this,
      { real, fake, pair } = LOSSES[this.recipe.loss],
      t = this.recipe.real_label;
    let ofReal = 0,
      ofFake = 0;
    for (let i = 0; i < n; i++) {
      const r = logits[i],
        f = logits[n + i];
      ofReal += pair ? pair[0](f - r) : real[0](r, t);
      ofFake += pair ? 0 : fake[0](f);
      share[i] = (pair ? -pair[1](f - r) : real[1](r, t)) / n;
      share[n + i] = (pair ? pair[1](f - r) : fake[1](f)) / n;
    }
    return ofReal / n + ofFake / n;
  }

  // G's loss of D's logits; its derivatives by the fake ones into `slopes`, which has a place for the real ones too.
  generatorLoss(logits, slopes) {
    const n = this.pairs,
      { generator, pair } = LOSSES[this.recipe.loss];
    let sum = 0;
    for (let i = 0; i < n; i++) {
      const r = logits[i],
        f = logits[n + i];
      sum += pair ? pair[0](r - f) : generator[0](f);
      slopes[n + i] = (pair ? -pair[1](r - f) : generator[1](f)) / n;
    }
    return sum / n;
  }

  // Draws what ganlib.initialise.draw does for this step; `game` is false for a step of one player, always penalised.
  draw(game) {
    const { recipe, random, stepsDone: step } = this,
      { penalty, penalty_weight, penalty_end, penalty_every, instance_noise, instance_noise_steps } = recipe;
    this.progress = Math.min(1, step / recipe.steps);
    random.latents.normals(this.latents);
    if (this.noise) {
      const left = instance_noise_steps ? Math.max(0, 1 - step / instance_noise_steps) : 1,
        std = instance_noise * left;
      random.instance_noise.normals(this.noise);
      for (let i = 0; i < this.noise.length; i++) this.noise[i] *= std;
    }
    const penalised = penalty !== "none" && !(game && step % penalty_every);
    this.weight = penalised ? penalty_every * (penalty_weight * penalty_end ** this.progress) : 0;
  }

  // The next batch of real points; a fresh order each time they do not suffice for one.
  takeBatch() {
    const { points, order, real } = this,
      { batch_size: batch } = this.recipe,
      dimension = real.length / batch;
    if (this.position + batch > order.length) {
      this.random.batches.permute(order);
      this.position = 0;
    }
    for (let i = 0, o = 0; i < batch; i++) {
      const from = order[this.position + i] * dimension;
      for (let j = 0; j < dimension; j++) real[o++] = points[from + j];
    }
    this.position += batch;
  }

  // G's samples of the latents that begin at `at`.
  imitate(at) {
    this.generator.forward(this.latents, at, 0, this.recipe.batch_size);
  }

  // Puts the real (0) or G's samples (1) among D's inputs, with the noise of its turn.
  show(turn, which) {
    const { shown, real, noise, generator } = this,
      samples = which ? generator.h[generator.last] : real,
      at = which * real.length,
      from = turn * shown.length + at;
    for (let i = 0; i < real.length; i++) shown[at + i] = noise ? samples[i] + noise[from + i] : samples[i];
  }

  // What is no finite number any more, or null.
  firstBad() {
    const bad = Object.keys(this.metrics).find((name) => !Number.isFinite(this.metrics[name]));
    if (bad) return bad;
    return this.state.every((array) => Number.isFinite(mean(array, 0, array.length))) ? null : "a weight";
  }

  // What follows looks and changes nothing. Points and latents are flat arrays of any length.

  // As Trainer.sample and Trainer.generate in Python: from the moving average of G's weights where there is one.
  sample(n, seed = 0) {
    return this.generate(new Generator(seed).normals(new Float64Array(n * this.recipe.latent)));
  }

  generate(latents, averaged = true) {
    const network = (averaged && this.average) || this.generator,
      { latent } = this.recipe,
      [dimension] = this.recipe.shape,
      n = latents.length / latent,
      samples = new Float64Array(n * dimension);
    for (let start = 0; start < n; start += network.rows) {
      const rows = Math.min(network.rows, n - start);
      const made = network.forward(latents, start * latent, 0, rows);
      samples.set(made.subarray(0, rows * dimension), start * dimension);
    }
    return samples;
  }

  // D's logits. Where D judges packs, a point is judged with copies of itself.
  logits(points) {
    return this.lookAt(points, false).logits;
  }

  // D's gradient by each point.
  slopes(points) {
    return this.lookAt(points, true).slopes;
  }

  // Where G's loss would move a sample of G's that lies at each point: against the derivative of the sample's own part of
  // it. The relativistic loss takes the real samples of the last batch for the other one of each pair.
  pull(points) {
    const { logits, slopes } = this.lookAt(points, true),
      { pair, generator } = LOSSES[this.recipe.loss],
      real = pair && this.discriminator.forward(this.real, 0, 0, this.pairs).slice(0, this.pairs),
      dimension = slopes.length / logits.length;
    return slopes.map((slope, i) => {
      const k = Math.floor(i / dimension);
      return slope * (pair ? pair[1](real[k % this.pairs] - logits[k]) : -generator[1](logits[k]));
    });
  }

  lookAt(points, sloping) {
    const { discriminator: network, shown, inputSlopes } = this,
      { pack } = this.recipe,
      [dimension] = this.recipe.shape,
      n = points.length / dimension,
      logits = new Float64Array(n),
      slopes = new Float64Array(sloping ? points.length : 0);
    for (let start = 0; start < n; start += network.rows) {
      const rows = Math.min(network.rows, n - start);
      for (let i = 0; i < rows * network.inputs; i++)
        shown[i] = points[(start + Math.floor(i / network.inputs)) * dimension + (i % dimension)];
      logits.set(network.forward(shown, 0, 0, rows).subarray(0, rows), start);
      if (!sloping) continue;
      network.d[network.last].fill(1);
      network.backward(0, rows, 0);
      network.toInputs(0, rows, inputSlopes);
      for (let i = 0; i < rows * network.inputs; i++)
        slopes[(start + Math.floor(i / network.inputs)) * dimension + (i % dimension)] += inputSlopes[i];
    }
    return { logits, slopes };
  }

  // All weights by the names and in the layouts that ganlib.torch.get_weights gives; average is null where none is kept.
  weights() {
    const of = (network) =>
      network &&
      Object.fromEntries(
        network.layers.flatMap(({ name, kernel, bias }) => [
          [`${name}.kernel`, kernel.slice()],
          [`${name}.bias`, bias.slice()],
        ]),
      );
    return { generator: of(this.generator), discriminator: of(this.discriminator), average: of(this.average) };
  }

  setWeights(weights) {
    for (const player of ["generator", "discriminator", "average"])
      for (const { name, kernel, bias } of this[player]?.layers ?? []) {
        kernel.set(weights[player][`${name}.kernel`]);
        bias.set(weights[player][`${name}.bias`]);
      }
  }
}

function mean(values, from, to) {
  let sum = 0;
  for (let i = from; i < to; i++) sum += values[i];
  return sum / (to - from);
}
