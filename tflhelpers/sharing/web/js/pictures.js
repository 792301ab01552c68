/** The pictures' half of the page: up to eight, by choosing, dropping, pasting, or by address. */

import { byId, setText } from "./dom.js";
import { clearMessages, say, sayError } from "./messages.js";
import { PictureCard } from "./picture_card.js";
import { fetchPicture, transferred } from "./sources.js";

export const MOST_PICTURES = 8;

export class Pictures {
  #cards = [];
  #queue = Promise.resolve();

  /**
   * @param {import("./engine.js").Engine} engine
   * @param {{ floor: number, value: number }} threshold
   * @param {() => void} onArrival called when pictures come in, from wherever
   */
  constructor(engine, threshold, onArrival) {
    Object.assign(this, { engine, threshold, onArrival });
    const chooser = byId("chooser");
    chooser.addEventListener("change", () => {
      this.add([...chooser.files]);
      chooser.value = ""; // the same file may be chosen again
    });
    byId("address").addEventListener("submit", (event) => {
      event.preventDefault();
      this.addAddress(byId("url").value);
    });
    byId("remove-all").addEventListener("click", () => [...this.#cards].forEach((card) => this.#remove(card)));
    this.#listenToPage();
  }

  get isEmpty() {
    return this.#cards.length === 0;
  }

  /** Show what is at least as sure as the threshold, in all pictures. */
  showAll() {
    for (const card of this.#cards) card.show(this.threshold.value);
  }

  /**
   * Add files, as many as there is room for, and say which are left out.
   * @param {File[]} files
   */
  add(files) {
    if (!files.length) return;
    clearMessages();
    this.onArrival();
    const room = MOST_PICTURES - this.#cards.length;
    for (const file of files.slice(0, room)) this.#append(file, file.name || "pasted picture");
    if (files.length > room) say(tooMany(files.slice(room)));
  }

  /** Add the picture at an address. */
  async addAddress(text) {
    if (!text.trim()) return;
    clearMessages();
    this.onArrival();
    if (this.#cards.length >= MOST_PICTURES) return say(tooMany([{ name: "this picture" }]));
    const button = byId("add-address");
    button.disabled = true;
    try {
      const { blob, name } = await fetchPicture(text);
      if (this.#cards.length >= MOST_PICTURES) return say(tooMany([{ name }]));
      this.#append(blob, name);
      byId("url").value = "";
    } catch (error) {
      sayError(error, "The address could not be opened.");
    } finally {
      button.disabled = false;
    }
  }

  #append(blob, name) {
    const card = new PictureCard(blob, name, this.engine, (which) => this.#remove(which));
    this.#cards.push(card);
    byId("cards").append(card.element);
    this.#update();
    this.#queue = this.#queue.then(() => this.#look(card)); // one after another: memory for one photo
  }

  async #look(card) {
    if (!this.#cards.includes(card)) return;
    try {
      await card.look(this.threshold.floor, this.threshold.value);
    } catch (error) {
      this.#remove(card);
      sayError(error, `${card.name} could not be looked at.`);
    }
  }

  #remove(card) {
    this.#cards = this.#cards.filter((other) => other !== card);
    card.close();
    this.#update();
  }

  #update() {
    setText(byId("count"), this.isEmpty ? "" : `${this.#cards.length} of ${MOST_PICTURES} pictures`);
    byId("remove-all").hidden = this.isEmpty;
  }

  #listenToPage() {
    document.addEventListener("paste", (event) => {
      if (event.target.closest?.("input[type=url]")) return;
      this.#take(event, event.clipboardData);
    });
    document.addEventListener("dragover", (event) => {
      event.preventDefault();
      document.body.classList.add("dragging");
    });
    document.addEventListener("dragleave", (event) => {
      if (!event.relatedTarget) document.body.classList.remove("dragging");
    });
    document.addEventListener("drop", (event) => {
      document.body.classList.remove("dragging");
      this.#take(event, event.dataTransfer);
      event.preventDefault(); // the browser would leave the page and open the file
    });
  }

  #take(event, transfer) {
    const { files, address } = transferred(transfer);
    if (!files.length && !address) return;
    event.preventDefault();
    if (files.length) this.add(files);
    else this.addAddress(address);
  }
}

function tooMany(files) {
  const names = files.slice(0, 3).map((file) => file.name).join(", ");
  const more = files.length > 3 ? ` and ${files.length - 3} more` : "";
  const were = files.length > 1 ? "were" : "was";
  return `Eight pictures fit on this page, so ${names}${more} ${were} left out. Remove some to make room.`;
}
