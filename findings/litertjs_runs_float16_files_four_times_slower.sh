#!/usr/bin/env bash
# @litertjs/core 2.5.3 (accelerator "wasm", Chromium), files of TensorFlow 2.21.0's converter.
#
# Guess: a file with float16 weights is half as large and as quick as the float32 one: LiteRT's XNNPACK delegate turns such
#        weights to float32 once, when the file is loaded, and the same runtime is inside LiteRT.js.
# Seen: as quick in Python's LiteRT, but three to four times slower in the browser, for every picture: there the DEQUANTIZE
#       operations run each time, and convolutions whose weights come out of an operation are not XNNPACK's.
#
# Needs npm, and Chromium on the PATH or in the variable CHROMIUM.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q --disable-pip-version-check tensorflow==2.21.0 playwright==1.55.0
cd "$folder"
npm pack --silent @litertjs/core@2.5.3 >/dev/null && tar -xzf litertjs-core-2.5.3.tgz
export CHROMIUM=${CHROMIUM:-$(command -v chromium)}
TF_CPP_MIN_LOG_LEVEL=3 "$folder/venv/bin/python" - <<'PYTHON' 2>/tmp/finding.err
import functools, http.server, os, statistics, threading, time
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf
from playwright.sync_api import sync_playwright

keras.utils.set_random_seed(0)
network = keras.applications.MobileNetV2(input_tensor=keras.Input(batch_shape=(1, 224, 224, 3)), weights=None)
network.export("saved", verbose=False)
python = {}
for name in ("float32", "float16"):
    converter = tf.lite.TFLiteConverter.from_saved_model("saved")
    if name == "float16":
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
        converter.target_spec.supported_types = [tf.float16]
    Path(f"{name}.tflite").write_bytes(converter.convert())
    interpreter = tf.lite.Interpreter(f"{name}.tflite", num_threads=1)
    interpreter.allocate_tensors()
    times = []
    for _ in range(15):
        started = time.perf_counter()
        interpreter.invoke()
        times.append(time.perf_counter() - started)
    python[name] = statistics.median(times)

# The runtime's own companion package is only its loader of scripts.
index = Path("package/dist/index.js")
index.write_text(index.read_text().replace('"@litertjs/wasm-utils"', '"/loader.js"'))
Path("loader.js").write_text(
    """export async function createWasmLib(factory, url) {
  await new Promise((done, fail) => {
    const tag = Object.assign(document.createElement("script"), { src: url, onload: done, onerror: fail });
    document.head.append(tag);
  });
  const wasm = await globalThis.ModuleFactory({ locateFile: (name) => url.replace(/[^/]*$/, name) });
  return new factory(wasm);
}"""
)
Path("index.html").write_text("<!doctype html><title>time</title>")
handler = functools.partial(http.server.SimpleHTTPRequestHandler, directory=".")
server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
threading.Thread(target=server.serve_forever, daemon=True).start()
TIME = """async (file) => {
  const runtime = await import("/package/dist/index.js");
  globalThis.loaded ??= runtime.loadLiteRt("/package/wasm/litert_wasm_internal.js");
  await globalThis.loaded;
  const model = await runtime.loadAndCompile(file, { accelerator: "wasm" });
  const times = [];
  for (let i = 0; i < 15; i++) {
    const input = new runtime.Tensor(new Float32Array(224 * 224 * 3).fill(0.5), [1, 224, 224, 3]);
    const started = performance.now();
    const outputs = await model.run([input]);
    times.push(performance.now() - started);
    for (const each of [input, ...outputs]) each.delete();
  }
  return times;
}"""
with sync_playwright() as driver:
    page = driver.chromium.launch(executable_path=os.environ["CHROMIUM"], args=["--no-sandbox"]).new_page()
    page.goto(f"http://127.0.0.1:{server.server_address[1]}/")
    browser = {name: statistics.median(page.evaluate(TIME, f"/{name}.tflite")) for name in python}
print(f"LiteRT in Python, one thread: float16 takes {python['float16'] / python['float32']:.1f} times as long as float32")
print(f"LiteRT.js in Chromium:        float16 takes {browser['float16'] / browser['float32']:.1f} times as long as float32")
assert python["float16"] < 1.6 * python["float32"]
assert browser["float16"] > 2 * browser["float32"], "float16 files have become quick in the browser"
PYTHON
