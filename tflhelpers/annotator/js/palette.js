/**
 * The colours of the classes: told apart also by colour-blind people, and black or white text on them.
 * The numbers are those of tflhelpers/sharing/palette.py, so that a class looks the same in every picture.
 */

/** Okabe and Ito, "Color Universal Design" (2008), without its black: needed for outlines and text. */
export const OKABE_ITO = [
  [230, 159, 0],
  [86, 180, 233],
  [0, 158, 115],
  [240, 228, 66],
  [0, 114, 178],
  [213, 94, 0],
  [204, 121, 167],
];

const VARIANTS = 4; // as they are, lighter, darker, paler still; the fifth round begins again
const BLACK = [0, 0, 0];
const WHITE = [255, 255, 255];

/**
 * The RGB colour of a class.
 * @param {number} label 0-based
 * @returns {number[]} three whole numbers, 0 to 255
 */
export function classRgb(label) {
  const place = label % (VARIANTS * OKABE_ITO.length);
  const colour = OKABE_ITO[place % OKABE_ITO.length];
  const variant = Math.floor(place / OKABE_ITO.length);
  if (variant === 1) return mixColours(colour, WHITE, 0.5);
  if (variant === 2) return mixColours(colour, BLACK, 0.45);
  if (variant === 3) return mixColours(colour, WHITE, 0.75);
  return colour;
}

/**
 * The colour of a class as CSS writes it, such as "rgb(230, 159, 0)".
 * @param {number} label 0-based
 * @returns {string}
 */
export function classColour(label) {
  return cssColour(classRgb(label));
}

/**
 * Black or white, whichever is easier to read on a colour (contrast ratio of WCAG 2.1).
 * @param {number[]|string} colour three numbers, or "rgb(r, g, b)", or "#rrggbb"
 * @returns {string} a CSS colour
 */
export function contrastColour(colour) {
  const light = luminance(typeof colour === "string" ? rgbOf(colour) : colour);
  const onBlack = (light + 0.05) / 0.05;
  const onWhite = 1.05 / (light + 0.05);
  return cssColour(onBlack >= onWhite ? BLACK : WHITE);
}

function cssColour([red, green, blue]) {
  return `rgb(${red}, ${green}, ${blue})`;
}

function rgbOf(text) {
  if (text.startsWith("#")) return [1, 3, 5].map((at) => parseInt(text.slice(at, at + 2), 16));
  return text.match(/\d+/g).slice(0, 3).map(Number);
}

function luminance([red, green, blue]) {
  return 0.2126 * linearLight(red) + 0.7152 * linearLight(green) + 0.0722 * linearLight(blue);
}

function linearLight(channel) {
  const part = channel / 255;
  return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
}

function mixColours(colour, other, share) {
  return colour.map((value, i) => roundHalfEven(value + (other[i] - value) * share));
}

/** Python's round: 242.5 becomes 242. Math.round would make it 243, and the two palettes differ. */
function roundHalfEven(value) {
  const below = Math.floor(value);
  if (value - below !== 0.5) return Math.round(value);
  return below % 2 === 0 ? below : below + 1;
}
