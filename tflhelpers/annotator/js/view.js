import { clamp } from "./geometry.js";

const FIT_MARGIN = 14; // CSS pixels left free around a fitted picture, so that handles at its border can be held
const PAN_MARGIN = 60; // how far the picture's border may come into the surface
const LARGEST_PIXEL = 32; // CSS pixels that one pixel of the picture may grow to

/**
 * Where the picture lies on the surface: `scale` CSS pixels a picture pixel, its corner at (left, top).
 * Picture pixels are always those of the original, however small the shown copy is.
 */
export class View {
  pictureWidth = 1;
  pictureHeight = 1;
  width = 1;
  height = 1;
  scale = 1;
  left = 0;
  top = 0;
  #fitted = true;

  /** A new picture, fitted. */
  setPicture(width, height) {
    this.pictureWidth = width;
    this.pictureHeight = height;
    this.fit();
  }

  /** The surface has another size; a fitted picture is fitted again, else its middle stays in the middle. */
  setSize(width, height) {
    if (width === this.width && height === this.height) return;
    const [x, y] = this.toPicture(this.width / 2, this.height / 2);
    this.width = width;
    this.height = height;
    if (this.#fitted) {
      this.fit();
      return;
    }
    this.hold([x, y], [width / 2, height / 2], this.scale);
  }

  get fitScale() {
    const across = Math.max(this.width - 2 * FIT_MARGIN, 1) / this.pictureWidth;
    const down = Math.max(this.height - 2 * FIT_MARGIN, 1) / this.pictureHeight;
    return Math.min(across, down);
  }

  get largestScale() {
    return Math.max(LARGEST_PIXEL, this.fitScale);
  }

  /** @returns {boolean} whether the whole picture is shown, as large as it goes */
  get fitted() {
    return this.#fitted;
  }

  fit() {
    this.scale = this.fitScale;
    this.#fitted = true;
    this.#place(0, 0);
  }

  /** Zooms by a factor; the picture's point at (x, y) stays there, unless the border comes too far in. */
  zoomAt(factor, x, y) {
    this.hold(this.toPicture(x, y), [x, y], this.scale * factor);
  }

  /** Takes a scale and lays a point of the picture on a point of the surface, as far as both may be. */
  hold([px, py], [x, y], scale) {
    this.scale = clamp(scale, this.fitScale, this.largestScale);
    this.#fitted = this.scale <= this.fitScale * 1.0001;
    this.#place(x - px * this.scale, y - py * this.scale);
  }

  panBy(dx, dy) {
    this.#place(this.left + dx, this.top + dy);
  }

  /** @returns {number[]} picture pixels, fractions included */
  toPicture(x, y) {
    return [(x - this.left) / this.scale, (y - this.top) / this.scale];
  }

  /** @returns {number[]} CSS pixels from the surface's corner */
  toScreen(x, y) {
    return [x * this.scale + this.left, y * this.scale + this.top];
  }

  /** @param {number[]} xyxy picture pixels @returns {number[]} CSS pixels */
  boxToScreen([x1, y1, x2, y2]) {
    return [...this.toScreen(x1, y1), ...this.toScreen(x2, y2)];
  }

  /** @returns {number[]} what is to be seen of the picture, as [x1, y1, x2, y2] in its pixels */
  visible() {
    const [x1, y1] = this.toPicture(0, 0);
    const [x2, y2] = this.toPicture(this.width, this.height);
    const { pictureWidth, pictureHeight } = this;
    return [Math.max(x1, 0), Math.max(y1, 0), Math.min(x2, pictureWidth), Math.min(y2, pictureHeight)];
  }

  #place(left, top) {
    this.left = placeSpan(left, this.pictureWidth * this.scale, this.width);
    this.top = placeSpan(top, this.pictureHeight * this.scale, this.height);
  }
}

/** A picture that fits is centred; a larger one may be shifted until its border is PAN_MARGIN inside. */
function placeSpan(start, length, room) {
  if (length <= room - FIT_MARGIN) return (room - length) / 2;
  const margin = Math.min(PAN_MARGIN, room / 4);
  return clamp(start, room - margin - length, margin);
}
