// Image to image: paint, choose an example or drop a picture, and see it translated.
import { enlarge, fitPicture, paintable, pictureButton, show, valuesOf } from "./canvas.js";
import { latest } from "./network.js";
import { latentPoint } from "./sampling.js";

const byId = (id) => document.getElementById(id);

export async function startTranslate(networks, samples) {
  const source = byId("source");
  let network, colour;

  const translate = latest(async () => {
    const { image, about: { inputs, translates: { from, to } } } = network;
    // pix2pix has random numbers within (chapter 10); here they are always the same, so that only the input matters.
    const noises = inputs.filter(({ kind }) => kind === "noise");
    const values = Object.fromEntries(noises.map((noise, i) => [noise.name, latentPoint(noise, i)]));
    const picture = inputs.find(({ kind }) => kind === "image");
    show("target", await network.run({ ...values, [picture.name]: valuesOf(source) }, 1), image);
    byId("translate-status").textContent = `Translated from ${from} to ${to}.`;
  });

  /** Shows the real picture of an example; null where the input is the reader's own. */
  function showTruth(draw) {
    byId("truth-figure").hidden = !draw;
    if (draw) draw(byId("truth"));
  }

  function changed() {
    showTruth(null);
    return translate();
  }

  /** A function that lays picture number k of a strip on a canvas. */
  function fromStrip(strip, k) {
    const [height, width] = network.image;
    return (canvas) => {
      Object.assign(canvas, { width, height });
      fitPicture(canvas, strip, [k * width, 0, width, height]);
    };
  }

  function choose(next) {
    network = next;
    const { palette, network: name, translates: { from, to } } = network.about;
    for (const id of ["source", "target", "truth"]) enlarge(id, network.image, 260);
    byId("source-name").textContent = `Input: ${from}`;
    byId("target-name").textContent = `Generated: ${to}`;
    byId("truth-name").textContent = `Real: ${to}`;
    for (const button of byId("direction-buttons").children) {
      button.setAttribute("aria-pressed", button.dataset.network === name);
    }
    showPalette(palette);
    return showSamples(samples[name]);
  }

  function showSamples(found) {
    byId("sample-buttons").replaceChildren();
    byId("samples").hidden = !found;
    if (!found) {
      [source.height, source.width] = network.image;
      fill();
      return changed();
    }
    const buttons = Array.from({ length: found.count }, (_, k) => {
      const take = () => {
        fromStrip(found.picture, k)(source);
        showTruth(found.truth ? fromStrip(found.truth, k) : null);
        return translate();
      };
      return { take, button: pictureButton(`Example ${k + 1}`, fromStrip(found.picture, k), take) };
    });
    byId("sample-buttons").append(...buttons.map(({ button }) => button));
    return buttons[0].take();
  }

  function showPalette(colours) {
    byId("palette").replaceChildren();
    colours.forEach((each, i) => {
      const button = document.createElement("button");
      button.type = "button";
      button.className = "colour";
      button.style.background = each;
      button.setAttribute("aria-label", `Colour ${i + 1}, ${each}`);
      button.addEventListener("click", () => pick(each));
      byId("palette").append(button);
    });
    pick(colours[0]);
  }

  function pick(next) {
    colour = next;
    for (const button of byId("palette").children) {
      button.setAttribute("aria-pressed", button.getAttribute("aria-label").endsWith(colour));
    }
  }

  function fill() {
    const context = source.getContext("2d", { willReadFrequently: true });
    context.fillStyle = colour;
    context.fillRect(0, 0, source.width, source.height);
  }

  /** Takes the middle of a picture file, as large as it can be. */
  async function open(file) {
    if (!file) return;
    try {
      fitPicture(source, await createImageBitmap(file));
      await changed();
    } catch {
      byId("translate-status").textContent = `${file.name} is no picture that this browser can read; choose another.`;
    }
  }

  paintable(source, () => ({ colour, width: Number(byId("brush").value) }), changed);
  byId("fill").addEventListener("click", () => {
    fill();
    changed();
  });
  byId("picture").addEventListener("change", (event) => {
    open(event.target.files[0]);
    event.target.value = ""; // else the same file chosen once more would be no change
  });
  // A picture that is dropped beside the canvas must not replace the page.
  for (const name of ["dragover", "drop"]) window.addEventListener(name, (event) => event.preventDefault());
  window.addEventListener("drop", (event) => open(event.dataTransfer.files[0]));

  for (const each of networks) {
    const button = document.createElement("button");
    button.type = "button";
    button.dataset.network = each.about.network;
    button.textContent = `${each.about.translates.from} → ${each.about.translates.to}`;
    button.addEventListener("click", () => choose(each));
    byId("direction-buttons").append(button);
  }
  byId("directions").hidden = networks.length < 2;
  byId("translate").hidden = false;
  await choose(networks[0]);
}
