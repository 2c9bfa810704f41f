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
  await found[0].start(); // the others start while the first is used
  return found;
}

/** What the page says of its networks: how large they are, and how near to those in Keras. */
function facts(networks) {
  return networks.map(({ network, parameters, check }) => {
    const levels = check.grey_levels === null ? "" :
      `; on ${check.samples} samples it differed from Keras by at most ${levelsOf(check)} of 255 grey levels`;
    return `The ${network} has ${parameters.toLocaleString("en")} weights${levels}.`;
  }).join(" ");
}

const levelsOf = ({ grey_levels: levels }) => Math.max(0.1, Math.ceil(10 * levels) / 10).toFixed(1);

async function start() {
  const model = await fetchJson("model.json");
  document.title = `${model.title} · gan_book`;
  byId("title").textContent = model.title;
  byId("lead").textContent = model.lead;
  if (model.chapter) byId("chapter").textContent = `gan_book, chapter ${model.chapter}`;
  byId("facts").textContent = facts(model.networks);
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
  for (const network of networks) await network.start();
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

/** Says in one sentence, in place of the network, what is wrong. */
function fail(error) {
  const known = error instanceof PageError;
  if (!known) console.error(error);
  for (const panel of document.querySelectorAll(".panel")) panel.hidden = true;
  window.ganBook.showProblem(known ? error.message :
    `The network does not run in this browser (${error?.message ?? error}): reload the page, or use another browser.`);
}

window.addEventListener("unhandledrejection", (event) => {
  event.preventDefault();
  fail(event.reason); // what goes wrong after the start, such as memory that runs out
});
if (!window.ganBook.obstacle) start().catch(fail);
