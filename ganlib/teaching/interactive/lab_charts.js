// The laboratory's small charts over the steps: the losses, and the scores of samples.

const CHART = 64; // pixels of a chart's height

// Charts of the payload's list. `again` is called where the width of one changes.
function makeCharts(list, again) {
  const charts = list.map((chart) => {
    const value = make("span", { class: "number" }),
      canvas = make("canvas", { role: "img" }),
      title = make("b", {}, ...chart.title.map(([text, kind]) => make("span", { class: kind }, text)));
    const drawn = { ...chart, value, canvas, width: 0 };
    drawn.element = make("div", { class: "chart" }, make("p", {}, title, value), canvas);
    onWidth(canvas, (width) => {
      drawn.width = width;
      again();
    });
    return drawn;
  });
  // Of these runs, the second one dashed, on data with so many modes; `even` are the losses where D can only guess.
  function draw(runs, modes, even, dark) {
    const end = Math.max(50, ...runs.map((run) => run.step));
    for (const chart of charts) {
      chart.element.hidden = !modes && ["modes", "reverseKl"].includes(chart.of);
      if (!chart.width || chart.element.hidden) continue;
      const curves = runs.flatMap((run, i) => curvesOf(chart, run, i ? [4, 3] : []));
      paintChart(chart.canvas, chart.width, CHART, end, curves, chartScale(chart, curves, modes, even), dark);
      const latest = runs.map((run) => latestOf(chart, run));
      chart.value.textContent = latest.join(" | ");
      chart.canvas.setAttribute("aria-label", `${chart.name} over ${end} steps, now ${latest.join(" and ")}.`);
    }
  }
  return { draw, elements: charts.map(({ element }) => element) };
}

// A small chart over the steps: curves [{ steps, values, colour, dash, width }], from `low` to `high` upwards, `levels`
// dotted lines. Curves with more values than pixels are drawn as means, a column each.
function paintChart(canvas, width, height, end, curves, { low, high, levels = [] }, dark) {
  const theme = THEMES[dark ? "dark" : "light"],
    sharp = Math.min(2, devicePixelRatio || 1);
  canvas.width = Math.round(width * sharp);
  canvas.height = Math.round(height * sharp);
  const pen = canvas.getContext("2d");
  pen.setTransform(sharp, 0, 0, sharp, 0, 0);
  const y = (value) => 3 + (height - 6) * (1 - (Math.min(high, Math.max(low, value)) - low) / (high - low || 1)),
    x = (step) => 1 + ((width - 2) * step) / Math.max(1, end);
  pen.strokeStyle = theme.line;
  pen.lineWidth = 1;
  pen.strokeRect(0.5, 0.5, width - 1, height - 1);
  pen.setLineDash([2, 3]);
  pen.strokeStyle = theme.quiet;
  pen.beginPath();
  for (const level of levels) {
    if (level < low || level > high) continue;
    pen.moveTo(1, y(level));
    pen.lineTo(width - 1, y(level));
  }
  pen.stroke();
  for (const { steps, values, colour, dash = [], wide = 1.5 } of curves) {
    pen.setLineDash(dash);
    pen.strokeStyle = theme[colour];
    pen.lineWidth = wide;
    pen.lineJoin = "round";
    pen.beginPath();
    const stride = Math.max(1, Math.ceil(values.length / width));
    let down = false;
    for (let i = 0; i < values.length; i += stride) {
      let sum = 0,
        count = 0;
      for (let k = i; k < Math.min(values.length, i + stride); k++)
        if (Number.isFinite(values[k])) ((sum += values[k]), count++);
      if (!count) {
        down = false; // not a number: the line breaks off
        continue;
      }
      pen[down ? "lineTo" : "moveTo"](x(steps ? steps[i] : i + 1), y(sum / count));
      down = true;
    }
    pen.stroke();
  }
}

// The curves of a chart that a run has, its number now, and the chart's ends with the levels to compare with.
function curvesOf(chart, run, dash) {
  if (chart.of !== "losses") return [{ steps: run.looks.steps, values: run.looks[chart.of], colour: "ink", dash }];
  return [
    ["d_loss", "d"],
    ["g_loss", "g"],
  ].map(([name, colour]) => ({ values: run.losses[name], colour, dash }));
}

const lastLosses = (run) => (run?.losses.d_loss.length ? [run.losses.d_loss.at(-1), run.losses.g_loss.at(-1)] : null);
function latestOf(chart, run) {
  const say = (value, digits) => (Number.isFinite(value) ? value.toFixed(digits).replace("-", "−") : "–");
  if (chart.of === "losses") return (lastLosses(run) ?? [NaN, NaN]).map((loss) => say(loss, 2)).join(", ");
  return say(run.looks[chart.of].at(-1), chart.digits);
}

function chartScale(chart, curves, modes, even) {
  if (chart.of === "modes") return { low: 0, high: modes || 1 };
  const finite = curves.flatMap(({ values }) => Array.from(values).filter(Number.isFinite)).sort((a, b) => a - b);
  const at = (share) => finite[Math.floor(share * (finite.length - 1))] ?? 0;
  if (chart.of === "losses") {
    const levels = even ?? [];
    const low = Math.min(0, at(0.01), ...levels),
      high = Math.max(at(0.99), ...levels);
    return { low, high: high + 0.1 * (high - low || 1), levels };
  }
  if (chart.of === "goodPercent") return { low: 0, high: 100 };
  return { low: 0, high: Math.max(chart.least, at(0.99)) };
}
