/**
 * From a picture's pixels to the network's input: the numbers of tflhelpers/model/preprocess.py, bit for bit.
 *
 * Python computes in float32 and Pillow in whole numbers; so Math.fround stands after each operation here.
 */

const { floor, fround, max, min } = Math;

/**
 * By how much a picture is averaged down before it is resized; 1 for not at all.
 * @param {number} height of the picture
 * @param {number} width
 * @param {[number, number]} size height and width that the network takes
 * @param {number} huge pictures of at least so many times the network's sides are averaged
 * @returns {number} a whole number
 */
export function shrinkFactor(height, width, size, huge) {
  const factor = min(floor(height / (floor(huge / 2) * size[0])), floor(width / (floor(huge / 2) * size[1])));
  return max(1, factor);
}

/**
 * The average of each block of factor x factor pixels, rounded as Pillow's Image.reduce does it.
 * What is left over at the right and at the bottom makes smaller blocks.
 * @param {Uint8ClampedArray} rgba height x width pixels
 * @param {number} height
 * @param {number} width
 * @param {number} factor at least 1
 * @returns {Uint8Array} RGB, of ceil(height / factor) x ceil(width / factor) pixels
 */
export function averageBlocks(rgba, height, width, factor) {
  const [rows, columns] = [Math.ceil(height / factor), Math.ceil(width / factor)];
  const averages = new Uint8Array(rows * columns * 3);
  const sums = new Float64Array(columns * 3);
  for (let row = 0; row < rows; row++) {
    const [top, bottom] = [row * factor, min(height, (row + 1) * factor)];
    sums.fill(0);
    for (let y = top; y < bottom; y++) addRow(sums, rgba, y * width, width, factor);
    for (let column = 0; column < columns; column++) {
      const pixels = (bottom - top) * (min(width, (column + 1) * factor) - column * factor);
      const share = floor(2 ** 24 / pixels);
      for (let at = column * 3; at < column * 3 + 3; at++) {
        averages[row * columns * 3 + at] = floor(((sums[at] + floor(pixels / 2)) * share) / 2 ** 24);
      }
    }
  }
  return averages;
}

function addRow(sums, rgba, start, width, factor) {
  for (let left = 0, at = 0, from = start * 4; left < width; left += factor, at += 3) {
    const stop = from + 4 * min(factor, width - left);
    for (; from < stop; from += 4) {
      sums[at] += rgba[from];
      sums[at + 1] += rgba[from + 1];
      sums[at + 2] += rgba[from + 2];
    }
  }
}

/**
 * Resizes as TensorFlow 1 did: bilinear between 2 x 2 pixels, without half-pixel centres and without smoothing.
 * @param {Uint8Array | Uint8ClampedArray} pixels RGB or RGBA
 * @param {number} channels 3 or 4
 * @param {number} height of the picture
 * @param {number} width
 * @param {[number, number]} size height and width wanted
 * @returns {Float32Array} RGB, 0 to 255
 */
export function legacyResize(pixels, channels, height, width, size) {
  const result = new Float32Array(size[0] * size[1] * 3);
  const down = taps(height, size[0]);
  const across = taps(width, size[1]);
  let to = 0;
  for (let row = 0; row < size[0]; row++) {
    const top = down.lower[row] * width * channels;
    const bottom = down.upper[row] * width * channels;
    for (let column = 0; column < size[1]; column++) {
      const left = across.lower[column] * channels;
      const right = across.upper[column] * channels;
      for (let channel = 0; channel < 3; channel++) {
        const above = between(pixels[top + left + channel], pixels[top + right + channel], across.part[column]);
        const below = between(pixels[bottom + left + channel], pixels[bottom + right + channel], across.part[column]);
        result[to++] = between(above, below, down.part[row]);
      }
    }
  }
  return result;
}

/** For each place in the result: the source's pixels before and after it, and the share of the latter. */
function taps(lengthIn, lengthOut) {
  const [lower, upper] = [new Int32Array(lengthOut), new Int32Array(lengthOut)];
  const part = new Float32Array(lengthOut);
  const scale = fround(fround(lengthIn) / fround(lengthOut));
  for (let at = 0; at < lengthOut; at++) {
    const source = fround(at * scale);
    lower[at] = min(floor(source), lengthIn - 1);
    upper[at] = min(lower[at] + 1, lengthIn - 1);
    part[at] = source - lower[at];
  }
  return { lower, upper, part };
}

function between(low, high, part) {
  return fround(fround(fround(high - low) * part) + low);
}
