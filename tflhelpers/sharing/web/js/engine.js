/** Loads the model beside the page and asks the worker to run it. */

import { Sentence } from "./messages.js";

// A module with one SIMD instruction: (func (result v128) i32.const 0 i8x16.splat).
const SIMD = [0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 96, 0, 1, 123, 3, 2, 1, 0, 10, 8, 1, 6, 0, 65, 0, 253, 15, 11];

/** @throws {Sentence} where the browser is too old */
export function checkBrowser() {
  const able = typeof WebAssembly === "object" && WebAssembly.validate(new Uint8Array(SIMD));
  if (able && typeof Worker === "function" && typeof createImageBitmap === "function") return;
  throw new Sentence(
    "This browser cannot run the model: it lacks WebAssembly with SIMD. " +
      "Update it, or open this page in a newer Chrome, Edge, Firefox (from 114) or Safari (from 16.4).",
  );
}

/**
 * What stands in model.json.
 * @throws {Sentence} where it is missing or damaged
 */
export async function loadSettings() {
  const text = await (await fetchBeside("model.json")).text();
  try {
    const settings = JSON.parse(text);
    if (settings.format === 2) return settings;
  } catch {
    // said below
  }
  throw new Sentence("The file model.json is damaged or of another version. Export the page again.");
}

async function fetchBeside(name, whole = "Copy the whole folder that was exported, with all its files.") {
  let response;
  try {
    response = await fetch(name);
  } catch {
    throw new Sentence(`The file ${name} could not be loaded: the server does not answer. Load the page again later.`);
  }
  if (!response.ok) throw new Sentence(`The file ${name} is missing beside this page (${response.status}). ${whole}`);
  return response;
}

/** The network in its worker. Make one with `Engine.start`. */
export class Engine {
  #worker;
  #waiting = new Map();
  #count = 0;

  /**
   * @param {object} settings of model.json
   * @param {(share: number) => void} onProgress told how much of the model is loaded, 0 to 1
   * @returns {Promise<Engine>}
   * @throws {Sentence} where a file is missing
   */
  static async start(settings, onProgress) {
    const engine = new Engine();
    const model = await readAll(await fetchBeside(settings.model.file), settings.model, onProgress);
    engine.settings = settings;
    engine.#worker = new Worker("js/worker.js");
    try {
      engine.runtime = await engine.#ready(model, settings);
    } catch (error) {
      throw await runtimeSentence(error);
    }
    return engine;
  }

  #ready(model, settings) {
    return new Promise((resolve, reject) => {
      this.#worker.onerror = (event) => reject(new Error(event.message ?? "its thread did not start"));
      this.#worker.onmessage = ({ data }) => (data.error ? reject(new Error(data.error)) : resolve(data.runtime));
      this.#worker.postMessage({ kind: "load", model, settings }, [model]);
    }).finally(() => {
      this.#worker.onerror = (event) => this.#failAll(event.message);
      this.#worker.onmessage = ({ data }) => this.#settle(data);
    });
  }

  /**
   * Run the network once.
   * @param {Float32Array} input RGB 0 to 255 of the network's size; it is given away
   * @param {number} threshold boxes with lower scores are not looked at
   * @returns {Promise<{ found?: object, probabilities?: Float32Array, milliseconds: number }>}
   */
  run(input, threshold) {
    const id = ++this.#count;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      this.#worker.postMessage({ kind: "run", id, input, threshold }, [input.buffer]);
    });
  }

  #settle(data) {
    const waiting = this.#waiting.get(data.id);
    this.#waiting.delete(data.id);
    if (data.error) waiting?.reject(new Error(data.error));
    else waiting?.resolve(data);
  }

  #failAll(message) {
    for (const { reject } of this.#waiting.values()) reject(new Error(message ?? "its thread died"));
    this.#waiting.clear();
  }
}

async function readAll(response, { file, bytes }, onProgress) {
  const whole = new Uint8Array(bytes);
  let have = 0;
  const reader = response.body.getReader();
  for (let part = await reader.read(); !part.done; part = await reader.read()) {
    if (have + part.value.length > bytes) break;
    whole.set(part.value, have);
    have += part.value.length;
    onProgress(have / bytes);
  }
  if (have === bytes) return whole.buffer;
  throw new Sentence(`The file ${file} is not the one that belongs to this page. Copy the whole folder again.`);
}

/** Whether a missing file is why the worker did not start; its own words are for programmers. */
async function runtimeSentence(error) {
  for (const name of ["js/worker.js", "js/nms.js", "js/weights.js", "js/wasm_loader.js", "runtime/index.js"]) {
    const answer = await fetch(name, { method: "HEAD" }).catch(() => null);
    if (!answer?.ok) return new Sentence(`The file ${name} is missing beside this page. Copy the whole folder again.`);
  }
  return new Sentence(`The model could not be started: ${error.message}. Load the page again, or try another browser.`);
}
