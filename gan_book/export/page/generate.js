// A generator: choose a class, another latent point, the codes; walk from one latent point to the next.
import { enlarge, pictureButton, show } from "./canvas.js";
import { latest } from "./network.js";
import { arc, latentPoint, line } from "./sampling.js";

const WALK = 2500; // milliseconds from one latent point to the next
const STEP = 0.125; // of the way, for readers who want no motion
const MOST = 250_000; // numbers that all the small pictures together may take to make: about a tenth of a second

const byId = (id) => document.getElementById(id);
const still = matchMedia("(prefers-reduced-motion: reduce)");

export async function startGenerate(network) {
  const { image, about: { inputs } } = network;
  const find = (...kinds) => inputs.find((input) => kinds.includes(input.kind));
  const [noise, label, code] = [find("noise"), find("label", "category"), find("code")];
  const classes = label?.names ?? Array.from({ length: label?.count ?? 0 }, (_, k) => `category ${k}`);
  const state = { seeds: [1, 2], next: 3, t: 0, label: 0, codes: new Array(code?.shape[1] ?? 0).fill(0), walking: false };

  /** The latent point between A and B. Of uniform noise the line is right, which stays within the bounds. */
  function point(t) {
    const [a, b] = state.seeds.map((seed) => latentPoint(noise, seed));
    return (noise.prior === "normal" ? arc : line)(a, b, t);
  }

  /** Pictures for rows of {z, label}, all with the codes of the sliders. */
  function generate(rows) {
    const values = { [noise.name]: rows.flatMap((row) => [...row.z]) };
    if (label) values[label.name] = rows.map((row) => row.label);
    if (code) values[code.name] = rows.flatMap(() => state.codes);
    return network.run(values, rows.length);
  }

  const drawMain = latest(async () => {
    show("generated", await generate([{ z: point(state.t), label: state.label }]), image);
  });

  const drawEnds = latest(async () => {
    const pictures = await generate([0, 1].map((t) => ({ z: point(t), label: state.label })));
    ["point-a", "point-b"].forEach((id, i) => show(id, pictures, image, i));
  });

  const drawClasses = latest(async () => {
    if (thumbnails.length < 2 || thumbnails.length * image.reduce((a, b) => a * b) > MOST) return;
    const z = point(state.t);
    const pictures = await generate(thumbnails.map((_, k) => ({ z, label: k })));
    thumbnails.forEach((canvas, k) => show(canvas, pictures, image, k));
  });

  const say = (text) => (byId("generate-status").textContent = text[0].toUpperCase() + text.slice(1));
  function describe() {
    const where = state.t === 0 ? `latent point ${state.seeds[0]}` :
      `${Math.round(100 * state.t)} % of the way between latent points ${state.seeds.join(" and ")}`;
    say(label ? `${classes[state.label]}, ${where}` : where);
  }

  /** Draws all that depends on the state; the main picture first, and last, so that it is what `lastInputs` holds. */
  async function update() {
    describe();
    await drawMain();
    if (state.walking) return;
    await Promise.all([drawClasses(), drawEnds()]);
    await drawMain();
  }
  window.ganBook.update = update;

  const thumbnails = (label ? classes : []).map((name, k) => {
    const button = pictureButton(name, () => {}, () => choose(k));
    const text = document.createElement("span");
    text.textContent = name;
    button.append(text);
    byId("class-buttons").append(button);
    return button.querySelector("canvas");
  });

  function choose(k) {
    state.label = k;
    thumbnails.forEach((canvas, i) => canvas.parentElement.setAttribute("aria-pressed", i === k));
    return update();
  }

  byId("another").addEventListener("click", () => {
    Object.assign(state, { seeds: [state.next, state.next + 1], next: state.next + 2, t: 0 });
    move(0);
  });

  function move(t) {
    state.t = t;
    byId("between").value = t;
    return update();
  }

  /** Point B becomes point A, and a new point B lies ahead. */
  function turn() {
    Object.assign(state, { seeds: [state.seeds[1], state.next], next: state.next + 1 });
    return drawEnds();
  }

  async function walk() {
    let before = performance.now();
    while (state.walking) {
      const now = await new Promise(requestAnimationFrame);
      state.t += (now - before) / WALK;
      before = now;
      if (state.t >= 1) {
        state.t %= 1;
        await turn();
      }
      byId("between").value = state.t;
      await drawMain();
    }
  }

  function setWalking(on) {
    state.walking = on;
    byId("walk").setAttribute("aria-pressed", on);
    byId("walk").textContent = on ? "Stop" : "Walk";
    if (on) {
      say(label ? `${classes[state.label]}: walking from latent point to latent point` : "walking from latent point to latent point");
      walk();
    } else {
      update();
    }
  }

  byId("walk").addEventListener("click", async () => {
    if (!still.matches || state.walking) return setWalking(!state.walking);
    if (state.t + STEP > 1) await turn(); // no motion is wanted: one step for each click
    return move(state.t + STEP > 1 ? 0 : state.t + STEP);
  });
  byId("between").addEventListener("input", (event) => {
    if (state.walking) setWalking(false);
    move(Number(event.target.value));
  });

  state.codes.forEach((_, i) => {
    // As in the InfoGAN paper the category is c1, so the first continuous code is c2.
    const row = document.createElement("div");
    row.className = "slider";
    row.innerHTML = `<label for="code-${i}">Code c${i + 2}: <output id="code-value-${i}">0.0</output></label>
      <input type="range" id="code-${i}" min="${2 * code.low}" max="${2 * code.high}" step="0.05" value="0">`;
    byId("code-sliders").append(row);
    byId(`code-${i}`).addEventListener("input", (event) => {
      state.codes[i] = Number(event.target.value);
      byId(`code-value-${i}`).textContent = state.codes[i].toFixed(1);
      update();
    });
  });

  byId("classes").hidden = !label;
  byId("codes").hidden = !code;
  byId("classes-legend").textContent = label?.kind === "category" ? "Category c1, found without labels" : "Class";
  byId("latent-hint").textContent =
    `A latent point is ${noise.shape[1]} random numbers. All that is not chosen above comes from them.`;
  if (code) {
    byId("codes-hint").textContent =
      `In training the codes were between ${code.low} and ${code.high}. Go further, and see what happens.`.replace("-", "−");
  }
  byId("walk").textContent = still.matches ? "One step" : "Walk";
  enlarge("generated", image);
  byId("generate").hidden = false;
  await (label ? choose(0) : update());
}
