// What the players are made of: dense networks with their derivatives, losses, optimisers. In numbers of 64 bits, and
// nothing is allocated once a network is made. A batch is a flat array, row by row; a kernel is (inputs, outputs), row by
// row, like in Python.

// Each loss as a part for a real logit r with its label t, one for a fake logit f, and G's: [value, derivative] each. The
// relativistic one has a single part, of f - r for D and of r - f for G. ganlib/reference/losses.py has the sources.
const CRITIC = [(f) => -f, () => -1];
const LOSSES = {
  minimax: {
    real: [(r, t) => t * softplus(-r) + (1 - t) * softplus(r), (r, t) => (1 - t) * sigmoid(r) - t * sigmoid(-r)],
    fake: [softplus, sigmoid],
    generator: [(f) => -softplus(f), (f) => -sigmoid(f)],
  },
  least_squares: {
    real: [(r, t) => (r - t) ** 2, (r, t) => 2 * (r - t)],
    fake: [(f) => f * f, (f) => 2 * f],
    generator: [(f) => (f - 1) ** 2, (f) => 2 * (f - 1)],
  },
  wasserstein: { real: CRITIC, fake: [(f) => f, () => 1], generator: CRITIC },
  hinge: {
    real: [(r) => Math.max(0, 1 - r), (r) => (r < 1 ? -1 : 0)],
    fake: [(f) => Math.max(0, 1 + f), (f) => (f > -1 ? 1 : 0)],
    generator: CRITIC,
  },
  relativistic: { pair: [softplus, sigmoid] },
};
LOSSES.nonsaturating = { ...LOSSES.minimax, generator: [(f) => softplus(-f), (f) => -sigmoid(-f)] };

function softplus(x) {
  return Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)));
}

function sigmoid(x) {
  const small = Math.exp(-Math.abs(x));
  return (x < 0 ? small : 1) / (1 + small);
}

// c[i, j] = Σₖ a[i, k] b[k, j] for the rows i from `from` to below `to`. Strides say where a and b have their entries, so
// that one function serves X·W, Y·Wᵀ and Xᵀ·Y. Eight sums at a time stay in the processor's registers, which makes it
// four times as fast as one, and the two columns of b stay in its nearest memory while the rows of a pass.
function multiply(c, a, b, from, to, inner, columns, aRow, aInner, bInner, bColumn) {
  const whole = to - ((to - from) % 4),
    even = columns - (columns % 2);
  for (let j = 0; j < even; j += 2)
    for (let i = from; i < whole; i += 4) {
      let s0 = 0, s1 = 0, s2 = 0, s3 = 0, t0 = 0, t1 = 0, t2 = 0, t3 = 0; // prettier-ignore
      let p = i * aRow,
        q = j * bColumn;
      for (let k = 0; k < inner; k++) {
        const a0 = a[p],
          a1 = a[p + aRow],
          a2 = a[p + 2 * aRow],
          a3 = a[p + 3 * aRow],
          b0 = b[q],
          b1 = b[q + bColumn];
        s0 += a0 * b0;
        t0 += a0 * b1;
        s1 += a1 * b0;
        t1 += a1 * b1;
        s2 += a2 * b0;
        t2 += a2 * b1;
        s3 += a3 * b0;
        t3 += a3 * b1;
        p += aInner;
        q += bInner;
      }
      const o = i * columns + j;
      c[o] = s0;
      c[o + 1] = t0;
      c[o + columns] = s1;
      c[o + columns + 1] = t1;
      c[o + 2 * columns] = s2;
      c[o + 2 * columns + 1] = t2;
      c[o + 3 * columns] = s3;
      c[o + 3 * columns + 1] = t3;
    }
  // What is left over: the last rows, and of the others the last column.
  for (let i = from; i < to; i++)
    for (let j = i < whole ? even : 0; j < columns; j++) {
      let sum = 0;
      for (let k = 0; k < inner; k++) sum += a[i * aRow + k * aInner] * b[k * bInner + j * bColumn];
      c[i * columns + j] = sum;
    }
}

// A dense network with room for a batch of so many rows. Of each layer's values, h[0] are the inputs with their octaves,
// then the hidden layers' after their leaky ReLUs, then the outputs. d has the derivatives by the same values, the hidden
// layers' and the outputs' before their activations.
class Network {
  constructor(shape) {
    const { inputs, octaves, width, depth, outputs, slope, ending, rows } = shape,
      sizes = [inputs * (1 + 2 * octaves), ...Array(depth).fill(width), outputs];
    Object.assign(this, { shape, inputs, octaves, slope, ending, rows, sizes, last: depth + 1 });
    const total = sizes.slice(1).reduce((sum, size, i) => sum + (sizes[i] + 1) * size, 0);
    this.weights = new Float64Array(total);
    this.gradient = new Float64Array(total);
    this.layers = [];
    let at = 0;
    for (let l = 1; l < sizes.length; l++) {
      const [kernel, bias, end] = [at, at + sizes[l - 1] * sizes[l], at + (sizes[l - 1] + 1) * sizes[l]];
      const { weights, gradient } = this;
      this.layers.push({
        name: `dense${2 * l - 2 + (octaves ? 1 : 0)}`, // as in Python, where activations count as layers
        kernel: weights.subarray(kernel, bias),
        bias: weights.subarray(bias, end),
        kernelGradient: gradient.subarray(kernel, bias),
        biasGradient: gradient.subarray(bias, end),
      });
      at = end;
    }
    [this.h, this.d, this.t] = [0, 0, 0].map(() => sizes.map((size) => new Float64Array(rows * size)));
  }

  // ganlib/initialise.py.
  initialise(kind, std, random) {
    this.layers.forEach(({ kernel, bias }, l) => {
      const [inputs, outputs] = [this.sizes[l], this.sizes[l + 1]];
      const limit = kind === "glorot_uniform" ? Math.sqrt(6 / (inputs + outputs)) : 1 / Math.sqrt(inputs);
      const draw = () => (kind === "normal" ? std * random.normal() : -limit + 2 * limit * random.uniform());
      for (let i = 0; i < kernel.length; i++) kernel[i] = draw();
      if (kind === "kaiming_uniform") for (let i = 0; i < bias.length; i++) bias[i] = draw();
    });
  }

  // Rows from `from` to below `to` of h, of the inputs x, whose first one for row 0 stands at `at`.
  forward(x, at, from, to) {
    const { inputs, octaves, h, sizes, last, slope } = this,
      features = h[0];
    for (let i = from; i < to; i++)
      for (let j = 0; j < inputs; j++) {
        const value = x[at + i * inputs + j];
        let o = i * sizes[0] + j;
        features[o] = value;
        for (let k = 0; k < octaves; k++) {
          features[(o += inputs)] = Math.sin(2 ** k * value);
          features[(o += inputs)] = Math.cos(2 ** k * value);
        }
      }
    for (let l = 0; l < last; l++) {
      const { kernel, bias } = this.layers[l],
        [above, below] = [h[l + 1], sizes[l + 1]];
      multiply(above, h[l], kernel, from, to, sizes[l], below, sizes[l], 1, below, 1);
      const hidden = l + 1 < last;
      for (let i = from, o = from * below; i < to; i++)
        for (let j = 0; j < below; j++, o++) {
          const value = above[o] + bias[j];
          above[o] = !hidden || value > 0 ? value : slope * value;
        }
    }
    const outputs = h[last],
      [first, end] = [from * sizes[last], to * sizes[last]];
    if (this.ending === "tanh") for (let o = first; o < end; o++) outputs[o] = Math.tanh(outputs[o]);
    if (this.ending === "sigmoid") for (let o = first; o < end; o++) outputs[o] = 2 * sigmoid(outputs[o]) - 1;
    return outputs;
  }

  // From the derivatives by the outputs in d[last] to those by every layer down to `lowest`; 0 is the octaves.
  backward(from, to, lowest) {
    const { d, h, sizes, last } = this,
      [first, end] = [from * sizes[last], to * sizes[last]];
    if (this.ending === "tanh") for (let o = first; o < end; o++) d[last][o] *= 1 - h[last][o] ** 2;
    if (this.ending === "sigmoid") for (let o = first; o < end; o++) d[last][o] *= (1 - h[last][o] ** 2) / 2;
    for (let l = last - 1; l >= lowest; l--) {
      const outputs = sizes[l + 1];
      multiply(d[l], d[l + 1], this.layers[l].kernel, from, to, outputs, sizes[l], outputs, 1, 1, outputs);
      if (l) this.bend(d[l], h[l], from * sizes[l], to * sizes[l]);
    }
  }

  // Multiplies by the leaky ReLUs' derivatives.
  bend(values, after, first, end) {
    for (let o = first; o < end; o++) if (!(after[o] > 0)) values[o] *= this.slope;
  }

  // The derivatives by the inputs, of d[0]: through the octaves, whose own derivatives stand in h[0]. From row `from` on
  // into `result`, which begins with it.
  toInputs(from, to, result) {
    const { inputs, octaves, sizes } = this,
      [features, slopes] = [this.h[0], this.d[0]];
    for (let i = from, at = 0; i < to; i++)
      for (let j = 0; j < inputs; j++, at++) {
        let o = i * sizes[0] + j,
          sum = slopes[o];
        for (let k = 0; k < octaves; k++) {
          const sine = (o += inputs),
            cosine = (o += inputs);
          sum += 2 ** k * (slopes[sine] * features[cosine] - slopes[cosine] * features[sine]);
        }
        result[at] = sum;
      }
  }

  // The other way: what moving the inputs by `direction` adds to every hidden value, to first order, into t.
  along(from, to, direction) {
    const { inputs, octaves, sizes, h, t } = this;
    for (let i = from, at = 0; i < to; i++)
      for (let j = 0; j < inputs; j++, at++) {
        let o = i * sizes[0] + j;
        t[0][o] = direction[at];
        for (let k = 0; k < octaves; k++) {
          const sine = (o += inputs),
            cosine = (o += inputs);
          t[0][sine] = 2 ** k * h[0][cosine] * direction[at];
          t[0][cosine] = -(2 ** k) * h[0][sine] * direction[at];
        }
      }
    for (let l = 0; l + 1 < this.last; l++) {
      const { kernel } = this.layers[l],
        outputs = sizes[l + 1];
      multiply(t[l + 1], t[l], kernel, from, to, sizes[l], outputs, sizes[l], 1, outputs, 1);
      this.bend(t[l + 1], h[l + 1], from * outputs, to * outputs);
    }
  }

  // The gradient in the weights, summed over the rows from 0 to below `rows`: of a kernel hᵀ·d, of a bias the sum of d. With
  // `share` that is D's: each row of d counts so many times for a bias, for a kernel h has it already. What the loss makes
  // of a real logit and of its fake one may cancel, and does so exactly when the two are added first, as in Python. Adam
  // would blow up a difference in the last digit.
  collect(rows, share = null) {
    this.layers.forEach(({ kernelGradient, biasGradient }, l) => {
      const [inputs, outputs] = [this.sizes[l], this.sizes[l + 1]],
        slopes = this.d[l + 1],
        half = rows / 2;
      multiply(kernelGradient, this.h[l], slopes, 0, inputs, rows, outputs, 1, inputs, outputs, 1);
      biasGradient.fill(0);
      if (!share) for (let o = 0; o < rows * outputs; o++) biasGradient[o % outputs] += slopes[o];
      else
        for (let i = 0, o = 0; i < half; i++)
          for (let j = 0; j < outputs; j++, o++)
            biasGradient[j] += share[i] * slopes[o] + share[half + i] * slopes[half * outputs + o];
    });
  }
}

// Adam and SGD as ganlib.recipe.Optimiser writes them down, over all of a player's weights.
class Optimiser {
  constructor(size) {
    this.m = new Float64Array(size);
    this.v = new Float64Array(size);
    this.steps = 0;
  }

  apply({ rule, rate, rate_end, rate_power, beta1, beta2, epsilon, epsilon_placement, l1, l2 }, network, progress) {
    const { weights, gradient } = network,
      { m, v } = this;
    this.steps++;
    const now = (rate * (1 + (rate_end - 1) * progress)) / this.steps ** rate_power;
    if (l1 || l2) for (let i = 0; i < m.length; i++) gradient[i] += l1 * Math.sign(weights[i]) + l2 * weights[i];
    if (rule === "sgd") {
      for (let i = 0; i < m.length; i++) {
        m[i] = beta1 * m[i] + gradient[i];
        weights[i] -= now * m[i];
      }
      return;
    }
    const step = now / (1 - beta1 ** this.steps),
      root = Math.sqrt(1 - beta2 ** this.steps),
      least = epsilon_placement === "before" ? epsilon / root : epsilon;
    for (let i = 0; i < m.length; i++) {
      m[i] = beta1 * m[i] + (1 - beta1) * gradient[i];
      v[i] = beta2 * v[i] + (1 - beta2) * gradient[i] ** 2;
      weights[i] -= (step * m[i]) / (Math.sqrt(v[i]) / root + least);
    }
  }
}
