// A classifier of drawings: the probability of each class, and for chapter 9's network how real the drawing looks.
import { fitPicture, likeMnist, paintable, pictureButton, resized, show, valuesOf } from "./canvas.js";
import { latest } from "./network.js";
import { latentPoint } from "./sampling.js";

const INK = { colour: "#fff", width: 24 }; // of 280 pixels, as thick as a pen in MNIST

const byId = (id) => document.getElementById(id);

/** log(exp(l_1) + ... + exp(l_K)), with the largest taken out so that nothing overflows. */
function logSumExp(logits) {
  const most = Math.max(...logits);
  return most + Math.log(logits.reduce((sum, logit) => sum + Math.exp(logit - most), 0));
}

const signed = (x) => x.toFixed(1).replace("-", "−");

export async function startClassify(network, generator, samples) {
  const { class_names: classes, prepare, realness } = network.about;
  const { image } = network;
  const [height, width] = image;
  const [pad, bars] = [byId("pad"), []];

  /** What is on the pad as rows of grey values 0 to 255. */
  function drawn() {
    const values = valuesOf(pad, 1);
    return Array.from({ length: pad.height }, (_, y) =>
      Array.from(values.subarray(y * pad.width, (y + 1) * pad.width), (value) => Math.round((value + 1) * 127.5)),
    );
  }

  /** The picture for the network in [-1, 1]; null if the pad is empty. */
  function prepared() {
    const rows = drawn();
    if (!rows.some((row) => row.some((value) => value > 64))) return null;
    const small = prepare === "mnist" ? likeMnist(rows, height) : resized(rows, [width, height]);
    const grey = small.flat().map((value) => value / 127.5 - 1);
    return Float32Array.from(grey.flatMap((value) => new Array(image[2]).fill(value)));
  }

  /** Classifies a picture that is prepared already, or what is on the pad. */
  async function classify(picture) {
    show("seen", picture ?? new Float32Array(height * width * image[2]).fill(-1), image);
    if (!picture) return report(null);
    return report(Array.from(await network.run({ [network.about.inputs[0].name]: picture }, 1)));
  }

  function report(logits) {
    const total = logits ? logSumExp(logits) : 0;
    const probabilities = classes.map((_, k) => (logits ? Math.exp(logits[k] - total) : 0));
    const best = probabilities.indexOf(Math.max(...probabilities));
    bars.forEach(({ row, bar, value }, k) => {
      row.classList.toggle("best", Boolean(logits) && k === best);
      bar.style.width = `${100 * probabilities[k]}%`;
      value.textContent = logits ? `${(100 * probabilities[k]).toFixed(1)} %` : "–";
    });
    const real = 1 / (1 + Math.exp(-total)); // Z / (Z + 1)
    byId("realness").setAttribute("aria-valuenow", logits ? real.toFixed(2) : 0);
    byId("realness").firstChild.style.width = `${logits ? 100 * real : 0}%`;
    byId("real-value").textContent = logits ?
      `${real.toFixed(2)}: rather ${total > 0 ? "real" : "generated"} (log Z = ${signed(total)})` : "–";
    const certain = `${(100 * probabilities[best]).toFixed(1)} %`;
    byId("answer").textContent = logits ? `${classes[best]}, says the network (${certain}).` : "Nothing drawn yet.";
    window.ganBook.lastAnswer = logits && { label: classes[best], probabilities, logZ: total };
  }

  const look = latest(() => classify(prepared()));
  paintable(pad, () => INK, look);

  function clear() {
    const context = pad.getContext("2d", { willReadFrequently: true });
    context.fillStyle = "#000";
    context.fillRect(0, 0, pad.width, pad.height);
  }
  byId("clear").addEventListener("click", () => {
    clear();
    look();
  });

  /** Lays a small picture on the pad. It is as the training's were, so the network gets it as it is. */
  function take(small) {
    clear();
    const context = pad.getContext("2d");
    context.imageSmoothingEnabled = false;
    context.drawImage(small, 0, 0, pad.width, pad.height);
    return classify(valuesOf(small, image[2]));
  }

  for (const name of classes) {
    const row = byId("bars").tBodies[0].insertRow();
    row.innerHTML = '<th scope="row"></th><td class="bar"><div></div></td><td class="value">–</td>';
    row.cells[0].textContent = name;
    bars.push({ row, bar: row.querySelector("div"), value: row.cells[2] });
  }
  samples?.names.forEach((name, k) => {
    const draw = (canvas) => {
      Object.assign(canvas, { width, height });
      fitPicture(canvas, samples.picture, [k * width, 0, width, height]);
    };
    const button = pictureButton(`Example: ${name}`, draw, () => take(button.querySelector("canvas")));
    byId("digit-buttons").append(button);
  });
  byId("digits").hidden = !samples;

  let seed = 0;
  byId("invent").hidden = !generator;
  byId("invent").addEventListener("click", async () => {
    const [noise] = generator.about.inputs;
    seed += 1;
    const picture = await generator.run({ [noise.name]: latentPoint(noise, seed) }, 1);
    const small = document.createElement("canvas");
    show(small, picture, generator.image);
    take(small);
  });

  byId("real").hidden = !realness;
  clear();
  byId("classify").hidden = false;
  await look();
}
