/**
 * Runs the network, in a thread of its own so that the page stays quick.
 *
 * Not an ES module itself: the runtime's script wants importScripts, which workers that are modules do not have.
 *
 * Takes { kind: "load", model, settings } and answers { kind: "ready", runtime }; takes { kind: "run", id, input,
 * threshold } and answers { id, found | probabilities, milliseconds }; or { id, error }.
 */

const RUNTIME = new URL("../runtime/", self.location.href).href;
const RELAXED_SIMD = "litert_wasm_internal.js";
const PLAIN_SIMD = "litert_wasm_compat_internal.js"; // for browsers without relaxed SIMD: Safari, older ones

let library = null;
let network = null;
let settings = null;
let selectDetections = null;

self.onmessage = async ({ data }) => {
  try {
    self.postMessage(data.kind === "load" ? await load(data) : await run(data));
  } catch (error) {
    self.postMessage({ id: data.id, error: String(error?.message ?? error) });
  }
};

async function load(data) {
  settings = data.settings;
  const modules = [`${RUNTIME}index.js`, "./nms.js", "./weights.js"].map((name) => import(name));
  const [runtime, nms, { widened }] = await Promise.all(modules);
  [library, { selectDetections }] = [runtime, nms];
  const script = (await library.supportsFeature("relaxedSimd")) ? RELAXED_SIMD : PLAIN_SIMD;
  await quietly(() => library.loadLiteRt(`${RUNTIME}wasm/${script}`));
  network = await library.loadAndCompile(widened(data.model, settings.model), { accelerator: "wasm" });
  checkShapes();
  return { kind: "ready", runtime: [`runtime/wasm/${script}`, `runtime/wasm/${script.replace(/js$/, "wasm")}`] };
}

/** The runtime looks for a graphics card that it is not asked to use, and warns where there is none. */
async function quietly(start) {
  const warn = console.warn;
  console.warn = () => {};
  try {
    await start();
  } finally {
    console.warn = warn;
  }
}

function checkShapes() {
  const shape = [...network.getInputDetails()[0].shape];
  const expected = [1, ...settings.image_size, 3];
  if (String(shape) !== String(expected)) {
    throw new Error(`model.json says that the network takes ${expected}, but the model takes ${shape}`);
  }
}

async function run({ id, input, threshold }) {
  const start = performance.now();
  const tensor = new library.Tensor(input, [1, ...settings.image_size, 3]);
  let outputs = {};
  try {
    outputs = await network.run({ images: tensor });
    return { id, ...answer(outputs, threshold), milliseconds: performance.now() - start };
  } finally {
    for (const each of [tensor, ...Object.values(outputs)]) each.delete(); // its memory is not collected
  }
}

function answer(outputs, threshold) {
  if (settings.kind === "classifier") return { probabilities: outputs.probabilities.toTypedArray().slice() };
  const [boxes, scores] = [outputs.boxes.toTypedArray(), outputs.scores.toTypedArray()];
  return { found: selectDetections(boxes, scores, settings.nms, threshold) };
}
