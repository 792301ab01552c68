/** Reads what the network takes out of a picture or a camera's frame, a strip at a time so that memory stays small. */

import { averageBlocks, legacyResize, shrinkFactor } from "./resize.js";

const STRIP_PIXELS = 2_000_000; // 8 MB

/** The canvas from which pixels are read, kept from frame to frame. */
let reading = null;

/**
 * The network's input.
 * @param {CanvasImageSource} source a bitmap, a canvas or a playing video
 * @param {number} width of the source in pixels
 * @param {number} height
 * @param {[number, number]} size height and width that the network takes
 * @param {number} huge see shrinkFactor
 * @returns {Float32Array} RGB, 0 to 255
 */
export function networkInput(source, width, height, size, huge) {
  const factor = shrinkFactor(height, width, size, huge);
  if (factor === 1 && width * height <= STRIP_PIXELS) {
    return legacyResize(strip(source, width, 0, height), 4, height, width, size);
  }
  const [rows, columns] = [Math.ceil(height / factor), Math.ceil(width / factor)];
  const pixels = averaged(source, width, height, factor, new Uint8Array(rows * columns * 3));
  forgetCanvas();
  return legacyResize(pixels, 3, rows, columns, size);
}

function averaged(source, width, height, factor, result) {
  const stripRows = Math.max(1, Math.floor(STRIP_PIXELS / (width * factor))) * factor;
  const rowBytes = Math.ceil(width / factor) * 3;
  for (let top = 0; top < height; top += stripRows) {
    const rows = Math.min(stripRows, height - top);
    const averages = averageBlocks(strip(source, width, top, rows), rows, width, factor);
    result.set(averages, (top / factor) * rowBytes);
  }
  return result;
}

/** RGBA pixels of some rows. Transparent parts are laid on white, as Python does it. */
function strip(source, width, top, rows) {
  const context = readingContext(width, rows);
  context.fillStyle = "white";
  context.fillRect(0, 0, width, rows);
  context.drawImage(source, 0, top, width, rows, 0, 0, width, rows);
  return context.getImageData(0, 0, width, rows).data;
}

function readingContext(width, height) {
  reading ??= document.createElement("canvas");
  if (reading.width !== width || reading.height !== height) Object.assign(reading, { width, height });
  return reading.getContext("2d", { willReadFrequently: true });
}

/** Gives the canvas's memory back at once: phones have little for canvases. */
function forgetCanvas() {
  if (reading) Object.assign(reading, { width: 0, height: 0 });
  reading = null;
}

/**
 * A copy for the eye, on white, no side longer than `longest`.
 * @param {ImageBitmap} bitmap
 * @param {HTMLCanvasElement} canvas gets the copy and its size
 * @param {number} longest pixels
 */
export function paintWithin(bitmap, canvas, longest) {
  const scale = Math.min(1, longest / Math.max(bitmap.width, bitmap.height));
  canvas.width = Math.max(1, Math.round(bitmap.width * scale));
  canvas.height = Math.max(1, Math.round(bitmap.height * scale));
  const context = canvas.getContext("2d");
  context.fillStyle = "white";
  context.fillRect(0, 0, canvas.width, canvas.height);
  context.imageSmoothingQuality = "high";
  context.drawImage(bitmap, 0, 0, canvas.width, canvas.height);
}
