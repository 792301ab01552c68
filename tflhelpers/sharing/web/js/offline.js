/** Makes the page an app: kept by the service worker for use without network, and put on the home screen. */

import { byId, setText } from "./dom.js";
import { say } from "./messages.js";

/**
 * Keep the page for use without network, in so far as the browser can.
 * @param {string[]} runtime the files of the runtime that this browser uses
 * @param {() => boolean} isIdle whether the page may be loaded again without anybody losing anything
 */
export async function keepOffline(runtime, isIdle) {
  if (!navigator.serviceWorker) return; // pages from plain http:// addresses have none
  const hadOne = Boolean(navigator.serviceWorker.controller);
  navigator.serviceWorker.addEventListener("controllerchange", () => hadOne && newVersion(isIdle));
  try {
    await navigator.serviceWorker.register("service_worker.js", { updateViaCache: "none" });
    const { active } = await navigator.serviceWorker.ready;
    await ask(active, { keep: runtime.map((name) => new URL(name, location.href).href) });
    setText(byId("offline"), "Kept on this device: works without network.");
  } catch {
    setText(byId("offline"), ""); // a private window, or no room: the page works all the same
  }
}

/** The page and its new files must not be mixed. */
function newVersion(isIdle) {
  const again = () => location.reload();
  if (isIdle()) again();
  else say("There is a newer version of this page.", { action: "Load it", onaction: again });
}

function ask(worker, message) {
  return new Promise((resolve, reject) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = ({ data }) => (data.error ? reject(new Error(data.error)) : resolve());
    worker.postMessage(message, [port2]);
  });
}

/** Offer to install the page where the browser lets pages ask. iPhones do it by Share, Add to Home Screen. */
export function offerInstall() {
  const button = byId("install");
  let offer = null;
  window.addEventListener("beforeinstallprompt", (event) => {
    event.preventDefault();
    offer = event;
    button.hidden = false;
  });
  button.addEventListener("click", async () => {
    button.hidden = true;
    await offer?.prompt();
  });
  window.addEventListener("appinstalled", () => (button.hidden = true));
}
