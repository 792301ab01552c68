/** One picture on the page: shown with its boxes, its list, and buttons to keep or remove it. */

import { makeElement, offerFile, setText } from "./dom.js";
import { sayError } from "./messages.js";
import { atLeast } from "./nms.js";
import { Overlay, annotatedPicture } from "./overlay.js";
import { networkInput, paintWithin } from "./pixels.js";
import { fillResults, summary } from "./results.js";
import { decode } from "./sources.js";

const LONGEST_SHOWN = 1600; // pixels: sharp on any screen, and 8 MB instead of a photo's 48

export class PictureCard {
  #blob;
  #engine;
  #size = { width: 0, height: 0 };
  #result = null;
  #threshold = 0;

  /**
   * @param {Blob} blob kept, so that the saved picture has all its pixels
   * @param {string} name
   * @param {import("./engine.js").Engine} engine
   * @param {(card: PictureCard) => void} onRemove
   */
  constructor(blob, name, engine, onRemove) {
    this.#blob = blob;
    this.name = name;
    this.#engine = engine;
    this.photo = makeElement("canvas", { class: "photo", role: "img", "aria-label": name });
    const over = makeElement("canvas", { class: "over", "aria-hidden": "true" });
    this.overlay = new Overlay(over, engine.settings);
    this.list = makeElement("ol", { class: "results", "aria-label": `Found in ${name}` });
    this.summary = makeElement("p", { class: "summary", role: "status", text: "Looking…" });
    this.save = makeElement("button", { type: "button", text: "Save", "aria-label": `Save ${name} with its boxes`, disabled: true, onclick: () => this.#save() });
    const remove = makeElement("button", { type: "button", text: "Remove", "aria-label": `Remove ${name}`, onclick: () => onRemove(this) });
    this.element = makeElement("li", { class: "card" }, [
      makeElement("div", { class: "frame" }, [this.photo, over]),
      makeElement("div", { class: "about" }, [
        makeElement("p", { class: "file", text: name, title: name }),
        this.summary,
        this.list,
        makeElement("div", { class: "buttons" }, [this.save, remove]),
      ]),
    ]);
  }

  /**
   * Read the picture, show it, and run the network on it.
   * @param {number} floor lowest score that the threshold can be set to
   * @param {number} threshold
   * @throws {import("./messages.js").Sentence} where the file is no picture
   */
  async look(floor, threshold) {
    const bitmap = await decode(this.#blob, this.name);
    let input;
    try {
      this.#size = { width: bitmap.width, height: bitmap.height };
      paintWithin(bitmap, this.photo, LONGEST_SHOWN);
      const { image_size: size, resize } = this.#engine.settings;
      input = networkInput(bitmap, bitmap.width, bitmap.height, size, resize.huge);
    } finally {
      bitmap.close();
    }
    this.#result = await this.#engine.run(input, floor);
    this.save.disabled = false;
    this.show(threshold);
  }

  /** Show what is at least as sure as the threshold. */
  show(threshold) {
    this.#threshold = threshold;
    if (!this.#result) return;
    const result = this.#shown();
    this.overlay.show(result);
    fillResults(this.list, result, this.#engine.settings, { ...this.#size, threshold });
    setText(this.summary, summary(result));
  }

  #shown() {
    const { found, probabilities } = this.#result;
    return found ? { found: atLeast(found, this.#threshold) } : { probabilities };
  }

  async #save() {
    try {
      const bitmap = await decode(this.#blob, this.name);
      const { width, height } = bitmap;
      const picture = annotatedPicture(bitmap, width, height, this.#shown(), this.#engine.settings);
      offerFile(await picture.finally(() => bitmap.close()), `${this.name.replace(/\.\w{1,5}$/, "")}_found.jpg`);
    } catch (error) {
      sayError(error, `${this.name} could not be saved.`);
    }
  }

  /** Give its memory back. */
  close() {
    this.overlay.close();
    Object.assign(this.photo, { width: 0, height: 0 });
    this.element.remove();
  }
}
