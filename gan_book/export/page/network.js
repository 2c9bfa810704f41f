// Loading the network, with a progress bar, and running it with ONNX Runtime Web.
import * as ort from "./ort/ort.js";

const RUNTIME = "ort/ort-wasm-simd-threaded.wasm.gz";

/** A problem whose message is a sentence for the reader, as BookError is in Python. */
export class PageError extends Error {}

/** The bytes of a file, in full. `progress(count)` hears of every part that arrives. */
async function fetchBytes(file, progress) {
  let response;
  try {
    response = await fetch(file);
  } catch {
    throw new PageError(`${file} could not be loaded: check the connection, and reload the page.`);
  }
  if (!response.ok) {
    throw new PageError(`${file} is missing (status ${response.status}): copy the whole folder to the host again.`);
  }
  const parts = [];
  const reader = response.body.getReader();
  for (let part = await reader.read(); !part.done; part = await reader.read()) {
    parts.push(part.value);
    progress(part.value.length);
  }
  return new Blob(parts);
}

/** The bytes of a file packed with gzip. A damaged one does not pass gzip's checksum. */
export async function fetchPacked(file, progress = () => {}) {
  const packed = await fetchBytes(file, progress);
  const start = new Uint8Array(await packed.slice(0, 2).arrayBuffer());
  // Some hosts say "Content-Encoding: gzip" for names that end in .gz. Then the browser has unpacked the file already.
  if (start[0] !== 0x1f || start[1] !== 0x8b) return new Uint8Array(await packed.arrayBuffer());
  try {
    const stream = packed.stream().pipeThrough(new DecompressionStream("gzip"));
    return new Uint8Array(await new Response(stream).arrayBuffer());
  } catch {
    throw new PageError(`${file} is damaged: copy the folder to the host again, or export it again.`);
  }
}

/** The content of a JSON file. */
export async function fetchJson(file) {
  const text = await (await fetchBytes(file, () => {})).text();
  try {
    return JSON.parse(text);
  } catch {
    throw new PageError(`${file} is damaged: copy the folder to the host again, or export it again.`);
  }
}

/** Unpacks the program that runs networks; call it once, before the first `Network.start`. */
export async function loadRuntime(progress) {
  // More threads would need memory that threads share, and for that the host would have to send special headers.
  ort.env.wasm.numThreads = 1;
  ort.env.wasm.wasmBinary = await fetchPacked(RUNTIME, progress);
}

/** A network. `about` is its entry in model.json; `image` is [height, width, channels] of its pictures. */
export class Network {
  constructor(about, bytes) {
    const { height, width, channels } = about.image_size;
    Object.assign(this, { about, bytes, image: [height, width, channels], turn: Promise.resolve() });
  }

  static async load(about, progress) {
    return new Network(about, await fetchPacked(about.file, progress));
  }

  /** Prepares the network to run, once; call it after `loadRuntime`. */
  start() {
    this.started ??= this.open();
    return this.started;
  }

  async open() {
    try {
      this.session = await ort.InferenceSession.create(this.bytes, { executionProviders: ["wasm"] });
    } catch (error) {
      console.info(error);
      throw new PageError(`${this.about.file} cannot be read as a network: export it again.`);
    }
    this.bytes = null; // the session has its own copy
  }

  /**
   * The first output for n samples, a Float32Array.
   * @param {Object} values name of an input -> n rows of numbers, one after the other
   */
  run(values, n) {
    const feeds = {};
    for (const input of this.about.inputs) {
      const kind = input.dtype === "int32" ? Int32Array : Float32Array;
      feeds[input.name] = new ort.Tensor(input.dtype, kind.from(values[input.name]), [n, ...input.shape.slice(1)]);
    }
    window.ganBook.lastInputs = values; // so that a test, or you in the console, can give Keras the same
    // A session runs one thing at a time, so each call waits for the one before it.
    const result = this.turn.then(() => this.start()).then(() => this.session.run(feeds));
    this.turn = result.catch(() => {});
    return result.then((outputs) => outputs[this.session.outputNames[0]].data);
  }
}

/**
 * A function that runs `work`, and if it was called while `work` ran, once more: never two at a time, and never a queue
 * of pictures that are out of date.
 */
export function latest(work) {
  let running = null;
  let again = false;
  const loop = async () => {
    try {
      do {
        again = false;
        await work();
      } while (again);
    } finally {
      running = null;
    }
  };
  return () => {
    again = true;
    running ??= loop();
    return running;
  };
}
