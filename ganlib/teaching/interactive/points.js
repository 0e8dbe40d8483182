// Points in the plane and their scores, with the numbers of ganlib/data/points.py, ganlib/metrics/points.py and
// ganlib/runtime/monitor.py. It needs random.js before it.

const POINTS = {
  ring: { std: 0.01, centers: pairs(8, (k) => [Math.cos((2 * Math.PI * k) / 8), Math.sin((2 * Math.PI * k) / 8)]) },
  grid: { std: 0.05, centers: pairs(25, (k) => [2 * Math.floor(k / 5) - 4, 2 * (k % 5) - 4]) },
  line: { std: 0.05, centers: pairs(5, (k) => [(k - 2) / 2, 0]) },
  moons: { std: 0.05, centers: null }, // two half circles that reach into each other
};

function pairs(n, pair) {
  return Float64Array.from({ length: 2 * n }, (_, i) => pair(Math.floor(i / 2))[i % 2]);
}

// What ganlib.data.load(name, n=n, seed=seed) gives: points, labels, and of a mixture centers and std.
function loadPoints(name, n = 100_000, seed = 0) {
  if (!Object.hasOwn(POINTS, name)) {
    throw new Error(`There is no data set ${JSON.stringify(name)} in the page. It has ${Object.keys(POINTS).join(", ")}.`);
  }
  const { std, centers } = POINTS[name],
    random = new Generator([seed, 0]),
    draw = (Type, next) => Type.from({ length: n }, next);
  const labels = draw(Int32Array, () => random.integer(centers ? centers.length / 2 : 2));
  const angles = centers ? null : draw(Float64Array, () => Math.PI * random.uniform());
  const noise = random.normals(new Float64Array(2 * n));
  const points = Float32Array.from(noise, (value, i) => {
    const [k, axis] = [i >> 1, i % 2];
    if (centers) return centers[2 * labels[k] + axis] + std * value;
    const curve = axis ? Math.sin(angles[k]) - 0.25 : Math.cos(angles[k]) - 0.5;
    return (labels[k] ? -curve : curve) + std * value;
  });
  return { name, points, labels, centers, std: centers && std };
}

// metrics.mode_coverage: a sample is good within 3 std of its nearest centre, a mode is found with one good sample, and the
// reverse KL is that of the good samples' shares from equal ones, in nats, infinite without any.
function modeCoverage(samples, centers, std) {
  const modes = centers.length / 2,
    counts = Array(modes).fill(0);
  for (let i = 0; i < samples.length; i += 2) {
    let nearest = 0,
      least = Infinity;
    for (let k = 0; k < modes; k++) {
      const distance = Math.hypot(samples[i] - centers[2 * k], samples[i + 1] - centers[2 * k + 1]);
      if (distance < least) [nearest, least] = [k, distance];
    }
    if (least <= 3 * std) counts[nearest]++;
  }
  const good = counts.reduce((sum, count) => sum + count, 0);
  const terms = counts.map((count) => (count ? (count / good) * Math.log((count / good) * modes) : 0));
  return {
    modes: counts.filter(Boolean).length,
    goodPercent: (200 * good) / samples.length,
    reverseKl: good ? Math.max(0, terms.reduce((sum, term) => sum + term, 0)) : Infinity,
    counts,
  };
}

// The energy distance that the monitor shows: 1 - (spread of a + spread of b) / (2 · mean distance between the two), from 0
// for one distribution to 1 for two points. A spread is the mean distance of two different points.
function energyDistance(a, b) {
  return 1 - (meanDistance(a) + meanDistance(b)) / (2 * meanDistance(a, b));
}

function meanDistance(a, b = a) {
  let sum = 0;
  for (let i = 0; i < a.length; i += 2)
    for (let j = 0; j < b.length; j += 2) {
      const [x, y] = [a[i] - b[j], a[i + 1] - b[j + 1]];
      sum += Math.sqrt(x * x + y * y);
    }
  const [n, m] = [a.length / 2, b.length / 2];
  return sum / (n * (a === b ? m - 1 : m));
}
