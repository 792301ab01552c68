/** Starts the page: the model first, then pictures and camera. */

import { byId, makeElement, setText } from "./dom.js";
import { Engine, checkBrowser, loadSettings } from "./engine.js";
import { Live } from "./live.js";
import { sayError } from "./messages.js";
import { keepOffline, offerInstall } from "./offline.js";
import { Pictures } from "./pictures.js";
import { Threshold } from "./threshold.js";

const MOST_NAMES = 12;

async function start() {
  offerInstall();
  try {
    checkBrowser();
    const settings = await loadSettings();
    describe(settings);
    const engine = await Engine.start(settings, showProgress);
    const isIdle = showApp(engine);
    byId("loading").hidden = true;
    document.documentElement.dataset.ready = "yes";
    await keepOffline(engine.runtime, isIdle);
  } catch (error) {
    byId("loading").hidden = true;
    sayError(error, "The page could not be started.");
  }
}

function describe(settings) {
  const names = settings.class_names;
  byId("classes").replaceChildren(
    ...names.slice(0, MOST_NAMES).map((name, label) => {
      const colour = makeElement("span", { class: "colour", "aria-hidden": "true" });
      colour.style.background = settings.colours[label].fill;
      return makeElement("li", {}, [colour, makeElement("span", { text: name })]);
    }),
    ...(names.length > MOST_NAMES ? [makeElement("li", { text: `and ${names.length - MOST_NAMES} more` })] : []),
  );
  document.documentElement.dataset.kind = settings.kind;
}

function showProgress(share) {
  byId("progress").value = share;
  setText(byId("loading-text"), share < 1 ? "Loading the model…" : "Starting the model…");
}

/** @returns {() => boolean} whether nobody would lose anything if the page were loaded again */
function showApp(engine) {
  const threshold = new Threshold(engine.settings.threshold ?? 0, () => pictures.showAll());
  const pictures = new Pictures(engine, threshold, () => choose("pictures"));
  const live = new Live(engine, threshold);
  for (const tab of document.querySelectorAll("input[name=tab]")) {
    tab.addEventListener("change", () => tab.checked && choose(tab.value));
  }
  const choose = (name) => showTab(name, live);
  choose(matchMedia("(pointer: coarse)").matches ? "camera" : "pictures"); // a phone is to be pointed at things
  byId("app").hidden = false;
  return () => pictures.isEmpty && !live.isRunning;
}

function showTab(name, live) {
  document.querySelector(`input[name=tab][value=${name}]`).checked = true;
  byId("pictures").hidden = name !== "pictures";
  byId("camera").hidden = name !== "camera";
  if (name !== "camera") live.stop();
}

start();
