import { makeElement, setText } from "./dom.js";

const HINT_SECONDS = 12;

/** The line below: whether all is saved, which picture this is, and how many are done. */
export class StatusLine {
  constructor() {
    this.dot = makeElement("span", { class: "tfl-dot", "aria-hidden": "true" });
    this.text = makeElement("span", { class: "tfl-status-text", role: "status" });
    this.name = makeElement("span", { class: "tfl-picture-name", dir: "auto" });
    this.progress = makeElement("span", { class: "tfl-progress" });
    this.element = makeElement("div", { class: "tfl-status", "data-state": "saved" }, [
      makeElement("span", { class: "tfl-saving" }, [this.dot, this.text]),
      this.name,
      this.progress,
    ]);
  }

  /** @param {{ state: "saved" | "saving" | "busy" | "gone" | "error", text: string }} status */
  setStatus({ state, text }) {
    this.element.dataset.state = state;
    setText(this.text, text);
  }

  /** @param {string} name @param {string} progress */
  setPicture(name, progress) {
    setText(this.name, name);
    this.name.title = name;
    setText(this.progress, progress);
  }
}

/**
 * Sentences that must be read, above the tools, until they are put away; and hints, which go away by themselves
 * and lie over the picture, so that nothing moves under the pointer.
 */
export class Notices {
  constructor() {
    this.element = makeElement("div", { class: "tfl-notices" });
    this.hints = makeElement("div", { class: "tfl-hints" });
  }

  /** @param {string} text Stays until it is put away. */
  show(text) {
    const shown = [...this.element.children].some((child) => child.firstChild.textContent === text);
    if (text && !shown) this.element.append(this.makeNotice(text));
  }

  /** @param {string} text Goes away by itself. */
  hint(text) {
    this.clearHint();
    this.hinted = this.makeNotice(text);
    this.hints.append(this.hinted);
    this.timer = setTimeout(() => this.clearHint(), HINT_SECONDS * 1000);
  }

  clearHint() {
    clearTimeout(this.timer);
    this.hinted?.remove();
    this.hinted = null;
  }

  makeNotice(text) {
    const notice = makeElement("div", { class: "tfl-notice", role: "alert" }, [
      makeElement("span", { text, dir: "auto" }),
      makeElement("button", {
        type: "button",
        class: "tfl-small-tool",
        "aria-label": "Dismiss notice",
        title: "Dismiss notice",
        text: "×",
        onclick: () => notice.remove(),
      }),
    ]);
    return notice;
  }
}
