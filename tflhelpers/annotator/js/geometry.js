/**
 * Boxes as plain numbers: [x1, y1, x2, y2], edges in pixels of the original upright picture,
 * 0 <= x1 < x2 <= width. Pure functions; nothing here knows of screens or of editing.
 */

/** The eight handles, corners first: where two lie equally near, the corner is taken. */
export const HANDLES = ["nw", "ne", "se", "sw", "n", "e", "s", "w"];

const SMALLEST_SIDE = 1; // pixels of the original picture

/**
 * A box through two points in whatever order, rounded to whole pixels and cut to the picture.
 * @param {number[]} from [x, y]
 * @param {number[]} to [x, y]
 * @param {number} width
 * @param {number} height
 * @returns {number[]|null} null when less than one pixel of it lies in the picture
 */
export function boxThrough(from, to, width, height) {
  const x = [from[0], to[0]].map((value) => clamp(Math.round(value), 0, width)).sort(ascending);
  const y = [from[1], to[1]].map((value) => clamp(Math.round(value), 0, height)).sort(ascending);
  const xyxy = [x[0], y[0], x[1], y[1]];
  return isBox(xyxy) ? xyxy : null;
}

/**
 * A box cut to the picture; edges that lie inside keep their numbers, also fractions.
 * @param {number[]} xyxy
 * @param {number} width
 * @param {number} height
 * @returns {number[]|null} null when less than one pixel of it lies in the picture
 */
export function clipBox(xyxy, width, height) {
  const [x1, y1, x2, y2] = xyxy;
  const cut = [clamp(x1, 0, width), clamp(y1, 0, height), clamp(x2, 0, width), clamp(y2, 0, height)];
  return isBox(cut) ? cut : null;
}

/**
 * The box moved, kept whole inside the picture, its corner on whole pixels, its size rounded to whole pixels.
 * @param {number[]} xyxy
 * @param {number} dx
 * @param {number} dy
 * @param {number} width
 * @param {number} height
 * @returns {number[]}
 */
export function moveBox(xyxy, dx, dy, width, height) {
  const [x1, x2] = moveSpan(xyxy[0], xyxy[2], dx, width);
  const [y1, y2] = moveSpan(xyxy[1], xyxy[3], dy, height);
  return [x1, y1, x2, y2];
}

function moveSpan(low, high, by, limit) {
  if (by === 0) return [low, high];
  const length = clamp(Math.round(high - low), SMALLEST_SIDE, limit);
  const start = clamp(Math.round(low + by), 0, limit - length);
  return [start, start + length];
}

/**
 * The box with the edges of one handle moved by (dx, dy), rounded, cut to the picture. The other edges keep
 * their numbers. Pulled past the opposite edge, the box turns over.
 * @param {number[]} xyxy
 * @param {string} handle one of HANDLES
 * @param {number} dx
 * @param {number} dy
 * @param {number} width
 * @param {number} height
 * @returns {number[]}
 */
export function dragHandle(xyxy, handle, dx, dy, width, height) {
  let [x1, y1, x2, y2] = xyxy;
  if (handle.includes("w")) [x1, x2] = dragEdge(x1, dx, x2, width);
  if (handle.includes("e")) [x1, x2] = dragEdge(x2, dx, x1, width);
  if (handle.includes("n")) [y1, y2] = dragEdge(y1, dy, y2, height);
  if (handle.includes("s")) [y1, y2] = dragEdge(y2, dy, y1, height);
  return [x1, y1, x2, y2];
}

/** The span between a dragged edge and the opposite one, which stays; at least one pixel long. */
function dragEdge(edge, by, opposite, limit) {
  if (by === 0) return [edge, opposite].sort(ascending);
  let moved = clamp(Math.round(edge + by), 0, limit);
  if (Math.abs(moved - opposite) < SMALLEST_SIDE) {
    const side = edge < opposite ? -1 : 1;
    moved = opposite + side * SMALLEST_SIDE;
  }
  return [moved, opposite].sort(ascending);
}

/**
 * Where a handle lies.
 * @param {number[]} xyxy in any unit
 * @param {string} handle one of HANDLES
 * @returns {number[]} [x, y] in the same unit
 */
export function handlePoint([x1, y1, x2, y2], handle) {
  const x = handle.includes("w") ? x1 : handle.includes("e") ? x2 : (x1 + x2) / 2;
  const y = handle.includes("n") ? y1 : handle.includes("s") ? y2 : (y1 + y2) / 2;
  return [x, y];
}

/**
 * The handle under a point: the nearest one whose area holds it. The areas reach `reach` outwards, but inwards
 * no more than a quarter of the side, so that also a small box keeps a middle to move it by.
 * @param {number[]} xyxy on the screen
 * @param {number} x
 * @param {number} y
 * @param {number} reach CSS pixels
 * @returns {string|null}
 */
export function handleAt(xyxy, x, y, reach) {
  const [x1, y1, x2, y2] = xyxy;
  const inside = x > x1 + Math.min(reach, (x2 - x1) / 4) && x < x2 - Math.min(reach, (x2 - x1) / 4)
    && y > y1 + Math.min(reach, (y2 - y1) / 4) && y < y2 - Math.min(reach, (y2 - y1) / 4);
  if (inside) return null;
  let best = null;
  let nearest = Infinity;
  for (const handle of HANDLES) {
    const [hx, hy] = handlePoint(xyxy, handle);
    const far = Math.max(Math.abs(x - hx), Math.abs(y - hy));
    if (far <= reach && far < nearest) [best, nearest] = [handle, far];
  }
  return best;
}

/**
 * The boxes that hold a point, the smallest first: a small box inside a large one must stay reachable.
 * @param {{xyxy: number[]}[]} boxes
 * @param {number} x
 * @param {number} y
 * @param {number} tolerance how far outside still counts
 */
export function boxesAt(boxes, x, y, tolerance) {
  const holds = ({ xyxy: [x1, y1, x2, y2] }) =>
    x >= x1 - tolerance && x <= x2 + tolerance && y >= y1 - tolerance && y <= y2 + tolerance;
  return boxes.filter(holds).sort((a, b) => boxArea(a.xyxy) - boxArea(b.xyxy));
}

/** @param {number[]} xyxy @returns {number} */
export function boxArea([x1, y1, x2, y2]) {
  return (x2 - x1) * (y2 - y1);
}

/** @param {number[]} a @param {number[]} b @returns {boolean} */
export function sameBox(a, b) {
  return a.every((value, i) => value === b[i]);
}

/** @param {number} value @param {number} low @param {number} high @returns {number} */
export function clamp(value, low, high) {
  return Math.min(Math.max(value, low), high);
}

function isBox([x1, y1, x2, y2]) {
  return x2 - x1 >= SMALLEST_SIDE && y2 - y1 >= SMALLEST_SIDE;
}

function ascending(a, b) {
  return a - b;
}
