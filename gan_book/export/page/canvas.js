// Between arrays of a network, in [-1, 1], and canvases; a pad to paint on; digits prepared as MNIST's were.

/** The canvas with an id, or that canvas. */
const canvasOf = (canvas) => (typeof canvas === "string" ? document.getElementById(canvas) : canvas);

/** Shows image number `index` of an array [n, height, width, channels]. One pixel of it is one pixel of the canvas. */
export function show(canvas, values, [height, width, channels], index = 0) {
  canvas = canvasOf(canvas);
  if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height });
  const picture = new ImageData(width, height);
  const first = index * height * width * channels;
  for (let pixel = 0; pixel < height * width; pixel++) {
    for (let channel = 0; channel < 3; channel++) {
      const value = values[first + pixel * channels + (channels === 1 ? 0 : channel)];
      picture.data[4 * pixel + channel] = (value + 1) * 127.5; // a clamped array: it rounds, and cuts off at 0 and 255
    }
    picture.data[4 * pixel + 3] = 255;
  }
  canvas.getContext("2d").putImageData(picture, 0, 0);
}

/** How wide a picture is shown: a whole multiple of its pixels, up to `most` on the screen. */
export function enlarge(canvas, [height, width], most = 320) {
  const scale = Math.max(1, Math.floor(most / Math.max(height, width)));
  canvasOf(canvas).style.width = `${scale * width}px`;
}

/** The picture on a canvas as an array [height, width, channels] in [-1, 1]. */
export function valuesOf(canvas, channels = 3) {
  const { width, height } = canvas;
  const { data } = canvas.getContext("2d").getImageData(0, 0, width, height);
  const values = new Float32Array(width * height * channels);
  for (let i = 0; i < values.length; i++) {
    values[i] = data[4 * Math.floor(i / channels) + (i % channels)] / 127.5 - 1;
  }
  return values;
}

/** Fills a canvas with the middle square, or rectangle, of a picture (or of `part` of it: [x, y, width, height]). */
export function fitPicture(canvas, picture, part = null) {
  const [x, y, width, height] = part ?? [0, 0, picture.width, picture.height];
  const scale = Math.min(width / canvas.width, height / canvas.height);
  const [w, h] = [scale * canvas.width, scale * canvas.height];
  const context = canvas.getContext("2d", { willReadFrequently: true });
  context.imageSmoothingEnabled = scale !== 1;
  context.imageSmoothingQuality = "high";
  context.drawImage(picture, x + (width - w) / 2, y + (height - h) / 2, w, h, 0, 0, canvas.width, canvas.height);
}

/** A button with a picture of its own. */
export function pictureButton(label, draw, onClick) {
  const button = document.createElement("button");
  const canvas = document.createElement("canvas");
  button.type = "button";
  button.title = label;
  button.setAttribute("aria-label", label);
  canvas.className = "pixels thumb";
  button.append(canvas);
  draw(canvas);
  button.addEventListener("click", onClick);
  return button;
}

/**
 * Makes a canvas a pad to draw on with mouse, pen or finger.
 * @param {() => {colour: string, width: number}} brush what to draw with, in pixels of the canvas
 * @param {() => void} changed called after every part of a stroke
 */
export function paintable(canvas, brush, changed) {
  const context = canvas.getContext("2d", { willReadFrequently: true });
  let last = null;
  const place = (event) => {
    const box = canvas.getBoundingClientRect();
    const scale = canvas.width / box.width; // the canvas is shown larger, or on a phone smaller, than it is
    return [(event.clientX - box.left) * scale, (event.clientY - box.top) * scale];
  };
  const stroke = (event) => {
    if (!last) return;
    const { colour, width } = brush();
    const next = place(event);
    Object.assign(context, { strokeStyle: colour, lineWidth: width, lineCap: "round", lineJoin: "round" });
    context.beginPath();
    context.moveTo(...last);
    context.lineTo(...next);
    context.stroke();
    last = next;
    changed();
  };
  canvas.addEventListener("pointerdown", (event) => {
    if (event.button !== 0) return;
    canvas.setPointerCapture(event.pointerId); // the stroke goes on where the pointer leaves the canvas
    last = place(event);
    stroke(event);
  });
  canvas.addEventListener("pointermove", stroke);
  for (const end of ["pointerup", "pointercancel"]) canvas.addEventListener(end, () => (last = null));
}

/** Rounds as Python and NumPy do: halves to the even number. */
const round = (x) => (Math.abs(x % 1) === 0.5 ? 2 * Math.round(x / 2) : Math.round(x));

/** One row of numbers, 0 to 255, made `length` long, each the mean of what it covers; as Pillow's BOX filter does it. */
function resizedRow(row, length) {
  if (row.length === length) return row;
  const scale = row.length / length;
  const filter = Math.max(1, scale);
  const support = 0.5 * filter;
  return Array.from({ length }, (_, i) => {
    const centre = (i + 0.5) * scale;
    const first = Math.max(0, Math.floor(centre - support + 0.5));
    const end = Math.min(row.length, Math.floor(centre + support + 0.5));
    // Pillow works with whole numbers, 22 bits of them behind the point, so that each machine gives the same pixels.
    const weights = [];
    for (let j = first; j < end; j++) {
      const distance = (j - centre + 0.5) * (1 / filter); // as there: a division would round differently
      weights.push(distance > -0.5 && distance <= 0.5 ? 1 : 0);
    }
    const total = weights.reduce((a, b) => a + b, 0);
    const share = Math.floor(0.5 + 2 ** 22 / total);
    const sum = weights.reduce((sum, weight, k) => sum + weight * share * row[first + k], 2 ** 21);
    return Math.min(255, Math.floor(sum / 2 ** 22));
  });
}

const transposed = (rows) => rows[0].map((_, i) => rows.map((row) => row[i]));

/** Rows of grey values resized to [width, height], first along the rows, then along the columns. */
export function resized(rows, [width, height]) {
  const wide = rows.map((row) => resizedRow(row, width));
  return transposed(transposed(wide).map((column) => resizedRow(column, height)));
}

/**
 * A light digit on a dark ground as MNIST's were made: `like_mnist` in chapters/ch09_sgan/digits.py. The same to the
 * pixel where Pillow resizes along the rows first; newer versions take the faster order, which rounds differently.
 * @param {number[][]} grey rows of grey values 0 to 255
 * @returns {number[][] | null} size x size of them; null where nothing is drawn
 */
export function likeMnist(grey, size) {
  const faint = 64 + grey.reduce((least, row) => Math.min(least, ...row), 255);
  const rows = grey.map((row) => row.map((value) => (value < faint ? 0 : value)));
  const inked = (lines) => lines.flatMap((each, i) => (each.some((value) => value > 0) ? [i] : []));
  const [down, across] = [inked(rows), inked(transposed(rows))];
  if (!down.length) return null;
  const part = rows.slice(down[0], down.at(-1) + 1).map((row) => row.slice(across[0], across.at(-1) + 1));
  const [width, height] = [part[0].length, part.length];
  // The ink fills 20 of 28 pixels ...
  const scale = ((20 / 28) * size) / Math.max(width, height);
  const ink = resized(part, [width, height].map((side) => Math.max(1, round(side * scale))));
  const brightest = Math.max(...ink.flat());
  const light = ink.map((row) => row.map((value) => value * Math.fround(255 / brightest)));
  // ... and its centre of mass lies in the middle.
  const total = light.flat().reduce((sum, value) => sum + value, 0);
  const centre = (lines) => lines.reduce((sum, each, i) => sum + i * each.reduce((a, b) => a + b, 0), 0) / total;
  const [top, left] = [centre(light), centre(transposed(light))].map((middle) => round((size - 1) / 2 - middle));
  const at = (y, x) => round(light[y - top]?.[x - left] ?? 0);
  return Array.from({ length: size }, (_, y) => Array.from({ length: size }, (_, x) => at(y, x)));
}
