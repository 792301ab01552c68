import { scrollInside } from "./box_list.js";
import { makeElement, setText } from "./dom.js";

const AT_ONCE = 2; // small pictures asked for at a time, so that the large one never waits for many

const STATES = {
  t: { word: "todo", mark: "" },
  b: { word: "boxes", mark: "✓" },
  n: { word: "nothing here", mark: "∅" },
  x: { word: "broken", mark: "!" },
};

/** The strip of small pictures, each with what is done on it; they are fetched when they come into view. */
export class Thumbnails {
  /** @param {{ go: (index: number) => void, fetch: (index: number) => Promise<string | null> }} actions */
  constructor(actions) {
    this.actions = actions;
    this.buttons = [];
    this.wanted = [];
    this.running = 0;
    this.element = makeElement("ol", { class: "tfl-strip", "aria-label": "Pictures", role: "list" });
    this.element.addEventListener("keydown", (event) => this.walk(event));
    this.watcher = new IntersectionObserver((entries) => this.seen(entries), {
      root: this.element,
      rootMargin: "0px 200px",
    });
  }

  /** @param {string[]} names Of all pictures, in order. */
  setNames(names) {
    this.watcher.disconnect();
    this.names = names;
    this.buttons = names.map((name, index) => this.makeButton(name, index));
    const items = this.buttons.map((button) => makeElement("li", {}, [button]));
    this.element.replaceChildren(...items);
    for (const button of this.buttons) this.watcher.observe(button);
  }

  /**
   * @param {string} states One letter a picture.
   * @param {number} position The picture that is shown.
   */
  update(states, position) {
    this.buttons.forEach((button, index) => {
      const state = states[index] ?? "t";
      if (button.dataset.state === state) return;
      button.dataset.state = state;
      button.setAttribute("aria-label", thumbnailName(index, this.names, state));
      setText(button.querySelector(".tfl-mark"), STATES[state].mark);
    });
    if (position !== this.position) this.moveTo(position);
  }

  moveTo(position) {
    const [before, now] = [this.buttons[this.position], this.buttons[position]];
    const hadFocus = before && before === document.activeElement;
    before?.removeAttribute("aria-current");
    if (before) before.tabIndex = -1;
    this.position = position;
    if (!now) return;
    now.setAttribute("aria-current", "true");
    now.tabIndex = 0;
    scrollInside(this.element, now);
    if (hadFocus) now.focus({ preventScroll: true });
  }

  makeButton(name, index) {
    const button = makeElement(
      "button",
      { type: "button", class: "tfl-thumbnail", title: name, tabindex: "-1", onclick: () => this.actions.go(index) },
      [
        makeElement("span", { class: "tfl-number", text: String(index + 1), "aria-hidden": "true" }),
        makeElement("span", { class: "tfl-mark", "aria-hidden": "true" }),
      ],
    );
    button.index = index;
    return button;
  }

  /** Left and right go through the strip, Home and End to its ends; only one button is in the tab order. */
  walk(event) {
    if (event.altKey || event.ctrlKey || event.metaKey) return;
    const at = this.buttons.indexOf(document.activeElement);
    const target = { ArrowLeft: at - 1, ArrowRight: at + 1, Home: 0, End: this.buttons.length - 1 }[event.key];
    if (target === undefined || at < 0) return;
    event.preventDefault();
    const button = this.buttons[target];
    if (!button) return;
    button.focus({ preventScroll: true });
    scrollInside(this.element, button);
  }

  seen(entries) {
    for (const entry of entries) {
      const { index } = entry.target;
      if (entry.isIntersecting) this.wanted.push(index);
      else this.wanted = this.wanted.filter((each) => each !== index);
    }
    this.fetchMore();
  }

  async fetchMore() {
    while (this.running < AT_ONCE && this.wanted.length) {
      const button = this.buttons[this.wanted.shift()];
      if (!button || button.dataset.asked) continue;
      button.dataset.asked = "yes";
      this.watcher.unobserve(button);
      this.running += 1;
      this.fetchOne(button).finally(() => {
        this.running -= 1;
        this.fetchMore();
      });
    }
  }

  async fetchOne(button) {
    const url = await this.actions.fetch(button.index);
    if (!url || !String(url).startsWith("data:image/")) return;
    button.prepend(makeElement("img", { src: url, alt: "", draggable: "false" }));
  }

  destroy() {
    this.watcher.disconnect();
  }
}

/**
 * @param {number} index
 * @param {string[]} names
 * @param {string} state
 * @returns {string} Such as "Picture 3 of 5, duck3.jpg: todo".
 */
export function thumbnailName(index, names, state) {
  return `Picture ${index + 1} of ${names.length}, ${names[index]}: ${(STATES[state] ?? STATES.t).word}`;
}

/**
 * @param {string} states
 * @returns {string} Such as "2 of 5 done"; broken pictures do not count.
 */
export function progressText(states) {
  const letters = [...states];
  const all = letters.filter((state) => state !== "x").length;
  const done = letters.filter((state) => state === "b" || state === "n").length;
  const broken = letters.length - all;
  return `${done} of ${all} done${broken ? `, ${broken} broken` : ""}`;
}

/**
 * @param {string} states
 * @param {number} position
 * @returns {number} The next picture to do after this one, from the beginning again at the end; -1 for none.
 */
export function nextTodo(states, position) {
  for (let step = 1; step <= states.length; step += 1) {
    const index = (position + step) % states.length;
    if (states[index] === "t" && index !== position) return index;
  }
  return -1;
}
