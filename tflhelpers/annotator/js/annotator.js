import { startApp } from "./app.js";
import { KernelHost } from "./kernel_host.js";

/**
 * What the notebook's front end calls for each place that shows the widget.
 * @param {{ model: object, el: HTMLElement }} context
 * @returns {() => void} Takes it away again.
 */
function render({ model, el }) {
  const app = startApp(el, new KernelHost(model));
  return () => app.destroy();
}

export default { render };
