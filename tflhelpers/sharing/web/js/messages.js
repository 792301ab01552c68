/** What goes wrong, each time as a sentence at the top of the page that says what to do. */

import { byId, makeElement } from "./dom.js";

const MOST = 4; // older ones give way

/** An error whose message is a sentence for the person. */
export class Sentence extends Error {}

/**
 * Show a sentence until it is closed.
 * @param {string} text
 * @param {{ action?: string, onaction?: () => void }} [offer] a button beside it
 */
export function say(text, { action, onaction } = {}) {
  const list = byId("messages");
  for (const shown of [...list.children]) if (shown.firstChild.textContent === text) shown.remove();
  const message = makeElement("div", { class: "message" }, [
    makeElement("span", { text }),
    action ? makeElement("button", { type: "button", text: action, onclick: onaction }) : null,
    makeElement("button", { type: "button", class: "close", "aria-label": "Close this message", text: "✕", onclick: () => message.remove() }),
  ]);
  list.append(message);
  while (list.children.length > MOST) list.firstChild.remove();
}

/**
 * Show what an error means.
 * @param {unknown} error
 * @param {string} otherwise the sentence for errors that nobody foresaw; their own words follow it
 */
export function sayError(error, otherwise) {
  if (error instanceof Sentence) say(error.message);
  else say(`${otherwise} (${String(error?.message ?? error)})`);
}

/** Take all sentences away, before something is tried anew. */
export function clearMessages() {
  byId("messages").replaceChildren();
}
