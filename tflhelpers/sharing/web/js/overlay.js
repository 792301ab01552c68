/** A canvas that lies over a picture or a video, as sharp as the screen, and is drawn anew when its size changes. */

import { drawBoxes, drawCaption } from "./draw.js";

const LETTERS = 14; // CSS pixels

export class Overlay {
  #canvas;
  #settings;
  #result = null;
  #mirrored = false;

  /**
   * @param {HTMLCanvasElement} canvas
   * @param {object} settings of model.json
   */
  constructor(canvas, settings) {
    this.#canvas = canvas;
    this.#settings = settings;
    this.observer = new ResizeObserver(() => this.#draw());
    this.observer.observe(canvas);
  }

  /**
   * Show a result; null shows nothing.
   * @param {{ found?: object, probabilities?: Float32Array } | null} result
   * @param {boolean} [mirrored] whether the video below is shown as in a mirror
   */
  show(result, mirrored = false) {
    this.#result = result;
    this.#mirrored = mirrored;
    this.#draw();
  }

  #draw() {
    const sharp = window.devicePixelRatio || 1;
    const [width, height] = [this.#canvas.clientWidth, this.#canvas.clientHeight].map((side) => Math.round(side * sharp));
    if (this.#canvas.width !== width || this.#canvas.height !== height) Object.assign(this.#canvas, { width, height });
    const context = this.#canvas.getContext("2d");
    context.clearRect(0, 0, width, height);
    if (!this.#result || !width || !height) return;
    drawResult(context, this.#result, this.#settings, { width, height, text: LETTERS * sharp, mirrored: this.#mirrored });
  }

  /** Stop watching; the canvas's memory goes at once. */
  close() {
    this.observer.disconnect();
    Object.assign(this.#canvas, { width: 0, height: 0 });
  }
}

/** Draw boxes, or the best class, on a canvas that shows the picture. */
export function drawResult(context, result, settings, place) {
  if (result.found) drawBoxes(context, result.found, settings, place);
  else drawCaption(context, result.probabilities, settings, place);
}

/**
 * The picture with what was found in it, as a JPEG.
 * @param {CanvasImageSource} source
 * @param {number} width of the source
 * @param {number} height
 * @returns {Promise<Blob>}
 */
export async function annotatedPicture(source, width, height, result, settings) {
  const scale = Math.min(1, Math.sqrt(16_000_000 / (width * height))); // what canvases hold on every phone
  const canvas = document.createElement("canvas");
  canvas.width = Math.max(1, Math.floor(width * scale));
  canvas.height = Math.max(1, Math.floor(height * scale));
  const context = canvas.getContext("2d");
  context.fillStyle = "white";
  context.fillRect(0, 0, canvas.width, canvas.height);
  context.drawImage(source, 0, 0, canvas.width, canvas.height);
  const text = Math.max(9, Math.sqrt(canvas.width * canvas.height) / 36);
  drawResult(context, result, settings, { width: canvas.width, height: canvas.height, text });
  const blob = await new Promise((resolve) => canvas.toBlob(resolve, "image/jpeg", 0.92));
  Object.assign(canvas, { width: 0, height: 0 });
  if (!blob) throw new Error("the browser could not write the picture");
  return blob;
}
