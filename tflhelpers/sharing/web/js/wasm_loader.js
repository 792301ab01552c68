/** Starts the WebAssembly runtime inside a worker: what LiteRT.js asks of its companion package, and no more. */

/**
 * @param {new (module: object) => object} Library
 * @param {string} scriptUrl of the script beside the .wasm file
 * @returns {Promise<object>} the library on its module
 */
export async function createWasmLib(Library, scriptUrl) {
  importScripts(scriptUrl);
  const factory = self.ModuleFactory;
  self.ModuleFactory = undefined;
  const folder = new URL(".", scriptUrl).href;
  const quiet = () => {}; // it reports every step of its start
  const module = await factory({ locateFile: (name) => folder + name, print: quiet, printErr: quiet });
  return new Library(module);
}
