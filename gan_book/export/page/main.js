// Starts the page: reads model.json, loads the networks, and shows the part of the page that fits them.
import { startClassify } from "./classify.js";
import { startGenerate } from "./generate.js";
import { Network, PageError, fetchJson, loadRuntime } from "./network.js";
import { startTranslate } from "./translate.js";

const byId = (id) => document.getElementById(id);

/** A strip of example pictures, side by side. */
async function picture(file) {
  const image = new Image();
  image.src = file;
  try {
    await image.decode();
  } catch {
    throw new PageError(`${file} is missing or damaged: copy the whole folder to the host again.`);
  }
  return image;
}

/** The examples of a network: {names, count, picture, truth}, or null if the page has none. */
async function samplesOf({ samples }) {
  if (!samples) return null;
  const truth = samples.truth ? await picture(samples.truth) : null;
  return { ...samples, picture: await picture(samples.file), truth };
}

/** Loads the runtime and all networks at the same time, with one progress bar. */
async function loadNetworks({ runtime, networks }) {
  const total = networks.reduce((sum, each) => sum + each.bytes, runtime.bytes);
  let done = 0;
  const progress = (count) => {
    done += count;
    byId("progress").value = done / total;
    byId("loading-label").textContent = `Loading the network: ${(done / 1e6).toFixed(1)} of ${(total / 1e6).toFixed(1)} MB`;
  };
  const loaded = await Promise.all([
    loadRuntime(progress),
    ...networks.map((about) => Network.load(about, progress)),
  ]);
  const [, ...found] = loaded;
  byId("loading-label").textContent = "Starting the network";
  for (const network of found) await network.start();
  return found;
}

async function start() {
  const model = await fetchJson("model.json");
  document.title = `${model.title} · gan_book`;
  byId("title").textContent = model.title;
  byId("lead").textContent = model.lead;
  byId("credit").textContent = model.credit;
  const [networks, samples] = await Promise.all([
    loadNetworks(model),
    Promise.all(model.networks.map(samplesOf)),
  ]);
  if (model.view === "translate") {
    await startTranslate(networks, Object.fromEntries(networks.map((each, i) => [each.about.network, samples[i]])));
  } else if (model.view === "classify") {
    await startClassify(networks[0], networks[1], samples[0]);
  } else {
    await startGenerate(networks[0]);
  }
  byId("loading").hidden = true;
  window.ganBook.ready = true;
}

for (const button of document.querySelectorAll("button.save")) {
  button.addEventListener("click", () => {
    byId(button.dataset.canvas).toBlob((blob) => {
      const link = document.createElement("a");
      link.href = URL.createObjectURL(blob);
      link.download = "gan_book.png";
      link.click();
      setTimeout(() => URL.revokeObjectURL(link.href), 1000);
    });
  });
}

if (!window.ganBook.obstacle) {
  start().catch((error) => {
    if (!(error instanceof PageError)) console.error(error);
    const sentence = error instanceof PageError ? error.message :
      `The network cannot start in this browser (${error.message}): update the browser, or use another one.`;
    for (const panel of document.querySelectorAll(".panel")) panel.hidden = true;
    window.ganBook.showProblem(sentence);
  });
}
