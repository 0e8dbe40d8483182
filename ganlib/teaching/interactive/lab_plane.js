// The laboratory's plane: both kinds of points, D's field, G's pull and G's grid of latents. Each function draws what
// it is given; none of them keeps anything.

// As in ganlib/plots.py; on a dark page brighter, over a dark ground.
const THEMES = {
  light: {
    ...{ ground: [255, 255, 255], realField: [0, 114, 178], madeField: [213, 94, 0] },
    ...{ real: "#00507d", made: "#d55e00", rim: "#ffffff", ink: "#14202b", quiet: "#4b5563", line: "#c3ccd5" },
    ...{ d: "#007a59", g: "#b34700", grid: "#8a3f6d" },
  },
  dark: {
    ...{ ground: [20, 25, 31], realField: [40, 130, 190], madeField: [205, 100, 20] },
    ...{ real: "#8fd0f7", made: "#ff9d5c", rim: "#14191f", ink: "#f1f5f9", quiet: "#b3bdc8", line: "#46515c" },
    ...{ d: "#4fd1a8", g: "#ff9d5c", grid: "#e3a5c8" },
  },
};
const DEPTH = 0.6; // how far the field goes towards its colours, so that points stand out
const ARROW = 30, // pixels of the longest arrow
  STEEP = 3; // the pull, in losses from the middle of the view to its edge, that the longest arrow stands for
const chance = (logit) => 1 / (1 + Math.exp(-logit));

// The logits where the field's colours end and where it is neutral. Of losses that only compare logits, as those of a
// critic and the relativistic one, no logit means one half by itself: the middle of the field is taken.
function fieldScale(field, compares) {
  const sorted = Float32Array.from(field).filter(Number.isFinite).sort();
  if (!sorted.length) return { middle: 0, reach: 1 };
  const at = (share) => sorted[Math.round(share * (sorted.length - 1))];
  const middle = compares ? at(0.5) : 0;
  const reach = Math.max(at(0.98) - middle, middle - at(0.02));
  return { middle, reach: Math.min(8, Math.max(0.05, reach)) };
}

// Draws one frame of a run on a canvas of this side. `frame`: real, samples, arrows, field, warp as the engine gives
// them, `view` the half of the plane's side, `rows` the field's and the lines of the latents' grid.
function paintPlane(canvas, side, frame, show, dark) {
  const theme = THEMES[dark ? "dark" : "light"],
    sharp = Math.min(2, devicePixelRatio || 1),
    size = Math.round(side * sharp);
  if (canvas.width !== size) canvas.width = canvas.height = size;
  const pen = canvas.getContext("2d");
  pen.setTransform(1, 0, 0, 1, 0, 0);
  pen.fillStyle = `rgb(${theme.ground.join()})`;
  pen.fillRect(0, 0, size, size);
  if (show.field && frame.field) {
    pen.imageSmoothingQuality = "high";
    pen.drawImage(fieldPicture(frame, theme), 0, 0, size, size);
  }
  pen.setTransform(sharp, 0, 0, sharp, 0, 0);
  const px = (x) => (side * (1 + x / frame.view)) / 2,
    py = (y) => (side * (1 - y / frame.view)) / 2;
  const dots = (points, radius) => {
    pen.beginPath();
    for (let i = 0; i < points.length; i += 2) {
      pen.moveTo(px(points[i]) + radius, py(points[i + 1]));
      pen.arc(px(points[i]), py(points[i + 1]), radius, 0, 7);
    }
  };
  if (show.grid && frame.warp) {
    const { lines, columns } = frame.warpSize;
    pen.beginPath();
    for (let line = 0; line < lines; line++)
      for (let k = 0; k < columns; k++) {
        const at = 2 * (line * columns + k);
        pen[k ? "lineTo" : "moveTo"](px(frame.warp[at]), py(frame.warp[at + 1]));
      }
    pen.strokeStyle = theme.grid;
    pen.globalAlpha = 0.6;
    pen.lineWidth = 0.8;
    pen.stroke();
    pen.globalAlpha = 1;
  }
  if (show.real && frame.real) {
    dots(frame.real, 1.5);
    pen.fillStyle = theme.real;
    pen.fill();
  }
  if (show.arrows && frame.arrows) {
    pen.beginPath();
    for (let i = 0; i < frame.arrows.length; i += 2) {
      const [dx, dy] = [frame.arrows[i], -frame.arrows[i + 1]],
        pull = Math.hypot(dx, dy) * frame.view;
      const length = ARROW * Math.sqrt(Math.min(1, pull / STEEP)); // the root, so that weak pulls can be seen too
      if (length > 1.5)
        arrow(
          pen,
          px(frame.samples[i]),
          py(frame.samples[i + 1]),
          (dx * length * frame.view) / pull,
          (dy * length * frame.view) / pull,
        );
    }
    pen.strokeStyle = theme.ink;
    pen.lineWidth = 1.2;
    pen.stroke();
  }
  if (show.samples && frame.samples) {
    dots(frame.samples, 2.3);
    pen.fillStyle = theme.made;
    pen.strokeStyle = theme.rim;
    pen.lineWidth = 1;
    pen.stroke();
    pen.fill();
  }
}

let picture = null; // of the field, one canvas for all
function fieldPicture({ field, rows, scale }, theme) {
  picture ??= document.createElement("canvas");
  picture.width = picture.height = rows;
  const pen = picture.getContext("2d"),
    pixels = pen.createImageData(rows, rows),
    top = 2 * chance(scale.reach) - 1;
  for (let i = 0; i < rows * rows; i++) {
    const lean = Math.max(-1, Math.min(1, (2 * chance(field[i] - scale.middle) - 1) / top)) || 0; // 1: real
    const colour = lean > 0 ? theme.realField : theme.madeField;
    const at = 4 * ((rows - 1 - Math.floor(i / rows)) * rows + (i % rows)); // the first row is the lowest
    for (let c = 0; c < 3; c++)
      pixels.data[at + c] = theme.ground[c] + (colour[c] - theme.ground[c]) * DEPTH * Math.abs(lean);
    pixels.data[at + 3] = 255;
  }
  pen.putImageData(pixels, 0, 0);
  return picture;
}

function arrow(pen, x, y, dx, dy) {
  const length = Math.hypot(dx, dy),
    [tx, ty, head] = [x + dx, y + dy, Math.min(4, length / 2) / length];
  pen.moveTo(x, y);
  pen.lineTo(tx, ty);
  for (const turn of [2.6, -2.6]) {
    pen.moveTo(tx, ty);
    pen.lineTo(
      tx + head * (dx * Math.cos(turn) - dy * Math.sin(turn)),
      ty + head * (dx * Math.sin(turn) + dy * Math.cos(turn)),
    );
  }
}

// A drawing under way: its dabs, and the crosshair of the keyboard.
function paintDrawing(canvas, side, view, dabs, crosshair, dark) {
  paintPlane(canvas, side, { view, real: Float32Array.from(dabs.flat(), (at) => at / 100) }, { real: false }, dark);
  const pen = canvas.getContext("2d"),
    theme = THEMES[dark ? "dark" : "light"],
    at = (x, y) => [(side * (1 + x / 100 / view)) / 2, (side * (1 - y / 100 / view)) / 2];
  pen.fillStyle = theme.real;
  pen.globalAlpha = 0.55;
  for (const [x, y] of dabs) {
    pen.beginPath();
    pen.arc(...at(x, y), 7, 0, 7);
    pen.fill();
  }
  pen.globalAlpha = 1;
  if (!crosshair) return;
  const [x, y] = at(...crosshair);
  pen.beginPath();
  for (const [dx, dy] of [
    [12, 0],
    [0, 12],
  ]) {
    pen.moveTo(x - dx, y - dy);
    pen.lineTo(x + dx, y + dy);
  }
  pen.strokeStyle = theme.ink;
  pen.lineWidth = 1.5;
  pen.stroke();
}
