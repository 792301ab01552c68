/** The slider: how sure a box must be to be shown. */

import { byId, percent, setText } from "./dom.js";

const LOWEST = 0.05;

export class Threshold {
  #slider = byId("slider");

  /**
   * @param {number} initial the detector's own
   * @param {() => void} onChange
   */
  constructor(initial, onChange) {
    this.floor = Math.min(LOWEST, initial);
    this.value = initial;
    Object.assign(this.#slider, { min: Math.round(this.floor * 100), max: 99, step: 1, value: Math.round(initial * 100) });
    this.#show();
    this.#slider.addEventListener("input", () => {
      this.value = Number(this.#slider.value) / 100;
      this.#show();
      onChange();
    });
  }

  #show() {
    setText(byId("threshold"), percent(this.value));
    this.#slider.setAttribute("aria-valuetext", percent(this.value));
  }
}
